"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);

// Curves -----------------------------------------------------------------------------------------
const hidden = new Set();
const MOST_BPP = 2.5; // beyond it nobody looks, and the rest would be squeezed
const WIDTH = 960, HEIGHT = 480, LEFT = 54, RIGHT = 16, TOP = 14, BOTTOM = 44;

function element(name, attributes, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9; i++) found.push(+(i * step).toFixed(6));
  return found;
}

// Keeps the points up to MOST_BPP, and one beyond where there are too few.
function within(points) {
  const few = points.filter((p) => p.bpp <= MOST_BPP).length < 2;
  return (p) => few || p.bpp <= MOST_BPP;
}

function drawChart() {
  const metric = document.querySelector("[name=metric]:checked").value;
  const logarithmic = find("logarithmic").checked;
  const visible = data.curves
    .filter((curve) => !hidden.has(curve.name))
    .map((curve) => ({ ...curve, points: curve.points.filter((p) => Number.isFinite(p[metric])) }))
    .map((curve) => ({ ...curve, points: curve.points.filter(within(curve.points)) }))
    .filter((curve) => curve.points.length);
  find("chart").replaceChildren();
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, find("chart"));
  const all = visible.flatMap((curve) => curve.points);
  if (!all.length) {
    element("text", { x: WIDTH / 2, y: HEIGHT / 2, "text-anchor": "middle" }, svg, "nothing to show");
    return;
  }
  const rate = (p) => (logarithmic ? Math.log10(p.bpp) : p.bpp);
  const values = all.map((p) => p[metric]);
  const x0 = logarithmic ? Math.min(...all.map(rate)) - 0.03 : 0;
  const x1 = Math.max(...all.map(rate)) * (logarithmic ? 1 : 1.02) + (logarithmic ? 0.03 : 0);
  const y0 = Math.floor(Math.min(...values)), y1 = Math.ceil(Math.max(...values));
  const x = (v) => LEFT + ((v - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (v) => HEIGHT - BOTTOM - ((v - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  for (const v of ticks(y0, y1, 8)) {
    element("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v) }, svg);
    element("text", { x: LEFT - 8, y: y(v) + 4, "text-anchor": "end" }, svg, v);
  }
  const rates = logarithmic
    ? [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10].filter((v) => Math.log10(v) >= x0 && Math.log10(v) <= x1)
    : ticks(x0, x1, 10);
  for (const v of rates) {
    const at = x(logarithmic ? Math.log10(v) : v);
    element("line", { class: "grid", x1: at, x2: at, y1: TOP, y2: HEIGHT - BOTTOM }, svg);
    element("text", { x: at, y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, svg, v);
  }
  element("text", { x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, svg, "bits/pixel, whole files");
  const title = metric === "psnr" ? "PSNR, dB" : "MS-SSIM, dB";
  element("text", { x: LEFT + 8, y: TOP + 12 }, svg, title);
  for (const curve of visible) {
    const path = curve.points.map((p) => `${x(rate(p)).toFixed(1)},${y(p[metric]).toFixed(1)}`).join(" ");
    element("polyline", {
      points: path, fill: "none", stroke: curve.colour, "stroke-width": curve.strong ? 3.5 : 2,
      ...(curve.dashed ? { "stroke-dasharray": "6 5", opacity: 0.55 } : {}),
    }, svg);
  }
  const tip = element("g", { class: "tip", visibility: "hidden" }, svg);
  for (const curve of visible) {
    for (const p of curve.points) {
      const dot = element("circle", {
        cx: x(rate(p)), cy: y(p[metric]), r: curve.strong ? 5.5 : 4, fill: curve.colour,
        ...(curve.dashed ? { opacity: 0.55 } : {}),
      }, svg);
      dot.addEventListener("pointerenter", () => showTip(tip, svg, curve, p, metric, x(rate(p)), y(p[metric])));
      dot.addEventListener("pointerleave", () => tip.setAttribute("visibility", "hidden"));
    }
  }
  svg.append(tip);
}

function showTip(tip, svg, curve, p, metric, cx, cy) {
  tip.replaceChildren();
  const lines = [
    curve.name + (p.quality === null ? "" : `, quality ${p.quality}`),
    `${p.bpp.toFixed(3)} bits/pixel, ${p[metric].toFixed(2)} dB`,
  ];
  const wide = Math.max(...lines.map((line) => line.length)) * 6.6 + 18;
  const left = Math.min(Math.max(cx - wide / 2, LEFT), WIDTH - RIGHT - wide);
  const top = cy > 70 ? cy - 56 : cy + 14;
  element("rect", { x: left, y: top, width: wide, height: 42, rx: 6 }, tip);
  lines.forEach((line, i) => element("text", { x: left + 9, y: top + 17 + 17 * i }, tip, line));
  tip.setAttribute("visibility", "visible");
}

for (const curve of data.curves) {
  const button = document.createElement("button");
  button.type = "button";
  const dot = document.createElement("i");
  dot.className = "dot";
  dot.style.background = curve.colour;
  button.append(dot, curve.name);
  button.addEventListener("click", () => {
    const off = !hidden.delete(curve.name);
    if (off) hidden.add(curve.name);
    button.classList.toggle("off", off);
    drawChart();
  });
  find("legend").append(button);
}
for (const input of [...document.querySelectorAll("[name=metric]"), find("logarithmic")]) {
  input.addEventListener("change", drawChart);
}
drawChart();

// Slider -----------------------------------------------------------------------------------------
if (data.gallery.length) {
  let shown = 0;
  const picture = (side) => data.gallery[shown].pictures.find((p) => p.name === find(side).value);

  const show = () => {
    const [width, height] = data.gallery[shown].size;
    const scale = find("zoom").checked ? 2 : 1;
    find("slider").style.width = `${width * scale}px`;
    find("slider").style.height = `${height * scale}px`;
    find("over").src = picture("left").uri;
    find("under").src = picture("right").uri;
    find("left-caption").textContent = `◂ ${picture("left").label}`;
    find("right-caption").textContent = `${picture("right").label} ▸`;
    document.querySelectorAll("#thumbnails button").forEach((button, i) => {
      button.classList.toggle("chosen", i === shown);
    });
    move();
  };
  const move = () => {
    const at = find("position").value;
    find("over").style.clipPath = `inset(0 ${100 - at}% 0 0)`;
    find("line").style.left = `${at}%`;
  };

  const names = data.gallery[0].pictures.map((p) => p.name);
  for (const [side, start] of [["left", names[0]], ["right", names[1]]]) {
    for (const name of names) find(side).append(new Option(name, name, false, name === start));
    find(side).addEventListener("change", show);
  }
  document.querySelectorAll("#thumbnails button").forEach((button) => {
    button.addEventListener("click", () => { shown = Number(button.dataset.index); show(); });
  });
  find("zoom").addEventListener("change", show);
  find("position").addEventListener("input", move);
  show();
}
