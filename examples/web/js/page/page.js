// What happens on the page: files come in by drop or choice, the worker codes, the viewer shows.

import { hasMagic } from "../bitstream/container.js";
import { CodecError } from "../errors.js";
import { download } from "./arrival.js";
import { ask } from "./client.js";
import { canvasOf, psnr, readPicture } from "./picture.js";
import { play, stopPlaying } from "./player.js";
import { hidePicture, showFacts, showPicture } from "./viewer.js";

const element = (id) => document.getElementById(id);
const FIRST_CHOICE = "cycle"; // of the models, as in tfcomp/runtime/registry.py
const number = new Intl.NumberFormat("en");

/** original: a picture to compare with and to compress. decoded: the file on view. */
const state = { original: null, decoded: null, models: [], downloadUrl: null };

async function open(files) {
  const compressed = [];
  const pictures = [];
  for (const file of files) {
    const start = new Uint8Array(await file.slice(0, 3).arrayBuffer());
    const isCompressed = hasMagic(start) || file.name.toLowerCase().endsWith(".tfcomp");
    (isCompressed ? compressed : pictures).push(file);
  }
  if (pictures.length) {
    state.original = await readPicture(pictures.at(-1));
    showCompressor();
  }
  if (compressed.length) {
    const file = compressed.at(-1);
    clear();
    await decode(new Uint8Array(await file.arrayBuffer()), file.name);
  } else if (pictures.length && !fits(state.original, state.decoded)) {
    await compress();
  } else if (pictures.length) {
    show();
  }
}

/** Downloads a .tfcomp file of the page's own address, and shows it as it arrives. */
async function openLink(link) {
  clear();
  say(`Downloading ${link} …`);
  const { bytes, name, brokeOff } = await download(link, (preview) => {
    showPicture(canvasOf(preview.rgba, preview.width, preview.height), null);
    showFacts([]);
  });
  await decode(bytes, name);
  if (brokeOff) say(`The download of ${name} broke off after ${number.format(bytes.length)} bytes.`);
}

/** Takes away what the last file showed. */
function clear() {
  state.decoded = null;
  element("note").hidden = true;
  hidePicture();
  stopPlaying();
}

/** encodeTime: milliseconds, where the page made the file itself. */
async function decode(bytes, name, encodeTime = null) {
  say(`Decoding ${name} …`);
  const result = await ask("decode", { bytes, partial: true });
  const canvas = canvasOf(result.rgba, result.width, result.height);
  state.decoded = { ...result, canvas, name, bytes: bytes.length, encodeTime };
  element("download").hidden = encodeTime === null;
  show();
  if (result.holds.durations.length > 1) await playAll(state.decoded);
}

/** Decodes the further frames of a sequence, and plays what is there. */
async function playAll({ canvas, rgba, width, height, holds, name }) {
  const { durations, loops } = holds;
  const sequence = play(canvas, durations, loops);
  sequence.add(new ImageData(rgba, width, height));
  for (let number = 1; number < durations.length; number++) {
    say(`Decoding ${name}: frame ${number + 1} of ${durations.length} …`);
    const frame = await ask("frame", { number });
    sequence.add(new ImageData(frame.rgba, width, height));
  }
  say(`Decoded ${name}.`);
}

async function compress() {
  const { rgba, width, height, name } = state.original;
  const model = element("model").value;
  const quality = Number(element("quality").value);
  say(`Compressing ${name} …`);
  const { bytes, time } = await ask("encode", { rgba, width, height, model, quality });
  const fileName = `${name.replace(/\.[^.]*$/, "")}.tfcomp`;
  clear();
  await decode(bytes, fileName, time);
  offerDownload(bytes, fileName);
}

function show() {
  const { original, decoded } = state;
  const comparing = fits(original, decoded);
  showPicture(decoded.canvas, comparing ? original.canvas : null);
  const { holds } = decoded;
  const frames = holds.durations.length;
  const pixels = decoded.width * decoded.height * frames;
  element("note").hidden = holds.whole;
  const { prepare, entropy, network, load } = decoded.times;
  const facts = [
    ["Size", `${number.format(decoded.bytes)} bytes`],
    ["Bits per pixel", ((8 * decoded.bytes) / pixels).toFixed(3)],
    ["Picture", `${decoded.width} × ${decoded.height}`],
    ["Model", `${decoded.model}, quality ${decoded.quality}`],
    ["Decoded in", seconds(prepare + entropy + network)],
    ["Entropy decoding, network", `${seconds(entropy)}, ${seconds(network)}`],
  ];
  const further = wordsFor(holds);
  if (further.length) facts.push(["Holds", further.join(", ")]);
  if (holds.loops !== null) facts.push(["Frames", timesOf(holds)]);
  if (load > 1) facts.push(["Model loaded in", seconds(load)]);
  if (decoded.encodeTime !== null) facts.push(["Compressed in", seconds(decoded.encodeTime)]);
  if (comparing) {
    const ratio = original.bytes / decoded.bytes;
    const size = `${number.format(original.bytes)} bytes, ${ratio.toFixed(1)} times as many`;
    const decibels = psnr(original.rgba, decoded.rgba);
    facts.push(["PSNR", decibels === Infinity ? "no difference" : `${decibels.toFixed(2)} dB`]);
    facts.push(["Original", size]);
  }
  showFacts(facts);
  const other = original && !comparing;
  say(
    other
      ? `Decoded ${decoded.name}. ${original.name} has another size, ${original.width} × ` +
          `${original.height}, so it is not shown beside it.`
      : `${decoded.encodeTime === null ? "Decoded" : "Compressed to"} ${decoded.name}, ` +
          `${number.format(decoded.bytes)} bytes.`,
  );
}

/** What a file holds beyond a picture. */
function wordsFor({ alpha, grey, tiles, iccProfile, exif, xmp }) {
  return [
    ...(alpha ? ["transparent places"] : []),
    ...(grey ? ["grey only"] : []),
    ...(tiles ? [`${tiles} tiles`] : []),
    ...(iccProfile ? [`a colour profile (${number.format(iccProfile)} bytes, not applied)`] : []),
    ...(exif ? [`Exif (${number.format(exif)} bytes)`] : []),
    ...(xmp ? [`XMP (${number.format(xmp)} bytes)`] : []),
  ];
}

function timesOf({ durations, loops }) {
  const all = durations.reduce((sum, duration) => sum + duration, 0);
  const played = loops === 0 ? "for ever" : loops === 1 ? "once" : `${loops} times`;
  return `${durations.length}, ${seconds(all)}, played ${played}`;
}

function showCompressor() {
  element("compressor").hidden = false;
  element("source").textContent = state.original.name;
}

function offerDownload(bytes, name) {
  if (state.downloadUrl) URL.revokeObjectURL(state.downloadUrl);
  state.downloadUrl = URL.createObjectURL(new Blob([bytes]));
  const link = element("download");
  Object.assign(link, { href: state.downloadUrl, download: name });
  link.textContent = `Download ${name} (${number.format(bytes.length)} bytes)`;
}

function fits(original, decoded) {
  return Boolean(
    original && decoded && original.width === decoded.width && original.height === decoded.height,
  );
}

function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function say(text) {
  element("status").textContent = text;
}

/** Runs one task at a time, with the controls locked, and shows its error if it fails. */
async function busy(task) {
  if (document.body.classList.contains("busy")) return;
  document.body.classList.add("busy");
  element("controls").disabled = true;
  element("error").hidden = true;
  try {
    await task();
  } catch (error) {
    say("");
    if (!state.decoded) hidePicture(); // of a file that was refused later
    element("error").textContent =
      error instanceof CodecError ? error.message : `Something went wrong: ${error.message}`;
    element("error").hidden = false;
    if (!(error instanceof CodecError)) console.error(error);
  } finally {
    element("controls").disabled = false;
    document.body.classList.remove("busy");
  }
}

function showModel() {
  const model = state.models.find(({ name }) => name === element("model").value);
  const quality = element("quality");
  if (Number(quality.max) !== model.qualities) {
    quality.max = model.qualities;
    quality.value = model.defaultQuality;
  }
  showQuality();
}

function showQuality() {
  element("quality-value").textContent = `${element("quality").value} of ${element("quality").max}`;
}

/** The first link of a list as browsers give it, where lines that begin with # are remarks. */
function linkIn(list) {
  return list.split(/\r?\n/).find((line) => line && !line.startsWith("#"));
}

function listen() {
  const chooser = element("files");
  chooser.addEventListener("change", () => {
    const files = [...chooser.files];
    chooser.value = ""; // so that the same file can be chosen again
    if (files.length) busy(() => open(files));
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.toggle("dragging", kind === "dragover");
    });
  }
  document.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer.files];
    const link = linkIn(event.dataTransfer.getData("text/uri-list"));
    if (files.length) busy(() => open(files));
    else if (link) busy(() => openLink(link));
  });
  element("model").addEventListener("change", showModel);
  element("quality").addEventListener("input", showQuality);
  element("compress").addEventListener("click", () => busy(compress));
}

await busy(async () => {
  element("not-started").remove();
  state.models = (await ask("models")).models;
  for (const { name, fixedSize } of state.models) {
    const label = fixedSize ? `${name} (${fixedSize.join("×")} only)` : name;
    element("model").append(new Option(label, name));
  }
  const first = state.models.find(({ name }) => name === FIRST_CHOICE) ?? state.models[0];
  element("model").value = first.name;
  element("quality").value = first.defaultQuality;
  showModel();
  listen();
});
const asked = new URLSearchParams(location.search).get("file");
if (asked) await busy(() => openLink(asked));
