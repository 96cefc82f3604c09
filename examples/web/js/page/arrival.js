// A .tfcomp file that is downloaded: as its bytes arrive, better and better pictures.

import { concatenate, hasMagic } from "../bitstream/container.js";
import { CodecError } from "../errors.js";
import { ask } from "./client.js";

const MAX_FILE_BYTES = 2 ** 28;
const MAGIC_BYTES = 3;

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");

/**
 * Downloads a file of the page's own address -> { bytes, name, brokeOff }.
 *
 * link: absolute, or from the page on. onPreview: called with { rgba, width, height } whenever there
 *   is another pass to show. brokeOff: whether the connection did, or the visitor stopped it; then
 *   the bytes are those that came.
 */
export async function download(link, onPreview) {
  const url = ownUrl(link);
  const name = decodeURIComponent(url.pathname.split("/").at(-1)) || "file.tfcomp";
  const abort = new AbortController();
  const stop = () => abort.abort();
  element("stop").addEventListener("click", stop);
  const arrival = new Arrival();
  show(arrival, null);
  element("arrival").hidden = false;
  try {
    await arrival.open(url, name, abort.signal);
    await preview(arrival, onPreview);
    return { bytes: arrival.bytes(), name, brokeOff: arrival.brokeOff };
  } finally {
    abort.abort(); // of what an error left running
    element("stop").removeEventListener("click", stop);
    element("arrival").hidden = true;
  }
}

/** Asks the worker for pictures as long as bytes come, for one at a time. */
async function preview(arrival, onPreview) {
  let steps = null; // { done, of } of the last picture
  let lookAt = MAGIC_BYTES;
  for (;;) {
    await arrival.reaches(lookAt);
    if (arrival.length > MAX_FILE_BYTES) {
      throw new CodecError(`The file has more than ${number.format(MAX_FILE_BYTES)} bytes.`);
    }
    if (arrival.ended) return;
    const bytes = arrival.bytes();
    if (!hasMagic(bytes)) throw new CodecError("The link leads to something that is not a .tfcomp file.");
    const answer = await ask("preview", { bytes, done: steps?.done ?? 0 });
    ({ lookAt } = answer);
    if (!answer.picture) continue;
    ({ steps } = answer);
    onPreview(answer.picture);
    show(arrival, steps);
    arrival.onGrowth = () => show(arrival, steps);
  }
}

/** A response's bytes as they come. */
class Arrival {
  length = 0;
  ended = false;
  brokeOff = false;
  total = null; // bytes, where the server says it
  onGrowth = () => show(this, null);

  async open(url, name, signal) {
    let response;
    try {
      response = await fetch(url, { signal });
    } catch {
      throw new CodecError(`${name} could not be fetched; try again when its server answers.`);
    }
    if (!response.ok) {
      throw new CodecError(`${name} could not be fetched: the server says ${response.status}.`);
    }
    const { headers } = response;
    // Of bytes that are compressed on their way it is another length.
    if (!headers.has("Content-Encoding")) this.total = Number(headers.get("Content-Length")) || null;
    this.parts = [];
    this.waiting = null;
    this.read(response.body.getReader());
  }

  async read(reader) {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.parts.push(value);
        this.length += value.length;
        this.onGrowth();
        this.wake();
        if (this.length > MAX_FILE_BYTES) throw new RangeError("no picture is as large");
      }
    } catch {
      this.brokeOff = true;
      reader.cancel().catch(() => {});
    }
    this.ended = true;
    this.wake();
  }

  /** Returns when there are so many bytes, or no more come. */
  async reaches(length) {
    while (this.length < length && !this.ended) {
      await new Promise((resolve) => (this.waiting = resolve));
    }
  }

  wake() {
    this.waiting?.();
    this.waiting = null;
  }

  bytes() {
    this.parts = [concatenate(this.parts)];
    return this.parts[0];
  }
}

/** Only the page's own address: its Content-Security-Policy allows no other. */
function ownUrl(link) {
  const url = URL.canParse(link, document.baseURI) ? new URL(link, document.baseURI) : null;
  if (url?.origin !== location.origin) {
    throw new CodecError(
      `The page fetches files from its own address only, not ${link}; save the file and drop it.`,
    );
  }
  return url;
}

function show({ length, total }, steps) {
  const bar = element("arrived");
  if (total) Object.assign(bar, { value: length, max: total });
  else bar.removeAttribute("value");
  const all = total ? ` of ${number.format(total)}` : "";
  const shown = steps ? `, ${steps.done} of ${steps.of} passes shown` : "";
  element("arrived-words").textContent = `${number.format(length)}${all} bytes${shown}`;
}
