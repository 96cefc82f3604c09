// The picture, with a divider against another one: left of it the original, right of it what
// tfcomp made. The divider is a range input over the picture, so the keyboard moves it too.

const element = (id) => document.getElementById(id);

/** Shows the canvas `decoded`, and `original` to the left of a divider unless it is null. */
export function showPicture(decoded, original) {
  decoded.setAttribute("role", "img");
  decoded.setAttribute("aria-label", "The decoded picture");
  element("decoded").replaceChildren(decoded);
  element("original").replaceChildren(...(original ? [original] : []));
  const stage = element("stage");
  stage.style.setProperty("--width", decoded.width);
  stage.style.setProperty("--height", decoded.height);
  stage.classList.toggle("comparing", original !== null);
  element("divider").disabled = original === null;
  element("result").hidden = false;
}

/** Takes the picture away. */
export function hidePicture() {
  element("result").hidden = true;
}

/** Fills the list of facts with [term, detail] pairs. */
export function showFacts(facts) {
  element("facts").replaceChildren(
    ...facts.map(([term, detail]) => {
      const pair = document.createElement("div");
      const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
      dt.textContent = term;
      dd.textContent = detail;
      pair.append(dt, dd);
      return pair;
    }),
  );
}

function moveDivider() {
  const percent = Number(element("divider").value);
  element("stage").style.setProperty("--divider", `${percent}%`);
  element("divider").setAttribute("aria-valuetext", `${percent} % original`);
}

element("divider").addEventListener("input", moveDivider);
element("actual-size").addEventListener("change", (event) => {
  const frame = element("frame");
  frame.classList.toggle("actual-size", event.target.checked);
  // So that the arrow keys can scroll it.
  frame.tabIndex = event.target.checked ? 0 : -1;
});
moveDivider();
