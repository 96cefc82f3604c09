// Reads a .tfcomp file of either version after checking it; the checks and their order are those of
// tfcomp/bitstream/picture_reader.py.

import { BitstreamError } from "../errors.js";
import { CUT_BETWEEN_BOXES, hasBoxes, MAX_BOXES, readBoxes } from "./boxes.js";
import { fingerprintOf, parseImage, QUALITY_STEPS } from "./coded_image.js";
import * as container from "./container.js";
import { MAX_DURATION, METADATA, METADATA_BYTES, pictureOf, stillOf } from "./picture_file.js";
import { decodeVarint } from "./varint.js";

const PNG_START = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];
const PNG_HEADER_BYTES = 29;
const LEAST_TILE = 64; // pixels
const MESSAGES = { c: "icc_profile", e: "exif", x: "xmp" };

/**
 * Reads a whole file; picture_file.js says what is given.
 *
 * lookup: 8 hex digits of a fingerprint -> the bundle's { qualities, fixedSize, sectionCount,
 *   stride, qualitySteps (1 if absent), sequence (whether it has dependent frames) }, or throws.
 * maxPixels: the most that all frames together may have.
 * partial: whether a file that breaks off is read as far as it goes.
 */
export function readFile(bytes, lookup, { maxPixels = container.MAX_PIXELS, partial = false } = {}) {
  if (hasBoxes(bytes)) return new Reader(bytes, lookup, maxPixels, partial).read();
  const most = Math.min(maxPixels, container.MAX_PIXELS);
  try {
    return { ...stillOf(container.parse(bytes, lookup, most)), version: 1 };
  } catch (error) {
    if (!partial || !(error instanceof BitstreamError)) throw error;
    const image = { ...container.parseCut(bytes, lookup, most), cut: true };
    return { ...stillOf(image), version: 1, whole: false };
  }
}

/** What any file says, without its bundle: { version, fingerprint, quality } of its first picture. */
export function readHeader(bytes) {
  if (!hasBoxes(bytes)) return container.readHeader(bytes);
  const boxes = [...readBoxes(bytes)];
  const unknown = boxes.find(({ type }) => /[A-Z]/.test(type) && !"IGDTSA".includes(type));
  if (unknown) throw unknownBox(unknown.type);
  const first = boxes.find(({ type }) => type === "I" || type === "G");
  if (!first) throw new BitstreamError("The file has too few pictures; get a complete copy of it.");
  const fingerprint = fingerprintOf(first.payload);
  const [steps] = decodeVarint(first.payload, 4);
  return { version: 2, fingerprint, quality: 1 + Math.floor(steps / QUALITY_STEPS) };
}

/** Takes the boxes of one file, as the grammar of spec/version2.md says. */
class Reader {
  constructor(bytes, lookup, maxPixels, partial) {
    Object.assign(this, { bytes, lookup, partial, pixelsLeft: maxPixels });
    this.metadata = {};
    this.whole = true;
    this.pictures = this.knownBoxes();
    this.next();
  }

  read() {
    let loops = null;
    let runs = [{ count: 1, duration: 0 }];
    if (this.ahead?.type === "S") ({ loops, runs } = readSequence(this.take().payload));
    const frames = [];
    for (const { count, duration } of runs) {
      for (let number = 0; number < count; number++) {
        const frame = this.frame(frames.at(-1), duration);
        if (frame === null) break;
        frames.push(frame);
      }
    }
    if (this.ahead) throw damaged(`a box '${this.ahead.type}' where none may stand`);
    if (frames.length === 0) {
      throw new BitstreamError("The file has too few pictures; get a complete copy of it.");
    }
    return pictureOf(frames, { loops, ...this.metadata, whole: this.whole });
  }

  /** The boxes that pictures are made of; what goes with them is noted on the way. */
  *knownBoxes() {
    for (const box of readBoxes(this.bytes, this.partial)) {
      const { type, whole } = box;
      this.whole &&= whole;
      if (type === CUT_BETWEEN_BOXES) return;
      if (type in METADATA) {
        if (whole) this.note(box);
      } else if ("IGDTSA".includes(type)) {
        yield box;
      } else if (type < "a") {
        throw unknownBox(type);
      }
    }
  }

  note({ type, payload }) {
    if (METADATA[type] in this.metadata) throw damaged(`a second box '${type}'`);
    if (payload.length > METADATA_BYTES) {
      throw new BitstreamError(
        `The file's ${MESSAGES[type]} has ${payload.length} bytes, more than ${METADATA_BYTES}; ` +
          "get an undamaged copy of it.",
      );
    }
    this.metadata[METADATA[type]] = payload;
  }

  next() {
    this.ahead = this.pictures.next().value ?? null;
  }

  take() {
    const box = this.ahead;
    this.next();
    return box;
  }

  /** Whether a partial file has no further box for pictures; another file must have one. */
  endsHere(what) {
    if (this.ahead === null && !this.partial) {
      throw new BitstreamError(`The file has too few ${what}; get a complete copy of it.`);
    }
    this.whole &&= this.ahead !== null;
    return this.ahead === null;
  }

  /** The next frame; null where a partial file has no more of it to show. */
  frame(before, duration) {
    if (this.endsHere("pictures")) return null;
    const box = this.take();
    if (!"IGDT".includes(box.type)) {
      throw damaged(`a box '${box.type}' where a picture should stand`);
    }
    if (!box.whole && (before || box.type === "T")) return null;
    const frame = this.picture(box, before);
    if (frame === null) return null;
    if (before && (frame.width !== before.width || frame.height !== before.height)) {
      throw damaged("frames of different sizes");
    }
    return { ...frame, duration, alpha: this.alpha(frame) };
  }

  picture(box, before) {
    if (box.type === "T") return this.tiled(box);
    const dependent = box.type === "D";
    const image = dependent ? this.dependentImage(box, before) : this.image(box);
    const { width, height } = image;
    const grey = dependent ? before.grey : box.type === "G";
    const own = { images: [image], width, height, tileSide: 0, grey, dependent };
    return dependent ? { ...own, before } : own;
  }

  image({ payload, whole }) {
    const bundle = this.lookup(fingerprintOf(payload));
    return this.counted(parseImage(payload, bundle, this.most, { cut: !whole }));
  }

  dependentImage({ payload }, before) {
    if (!before) throw damaged("a dependent frame that is the first");
    const { fingerprint } = before.images[0];
    const bundle = this.lookup(fingerprint);
    if (before.tileSide || !bundle.sequence) {
      throw damaged("a dependent frame where its model has none");
    }
    const start = { fingerprint, width: before.width, height: before.height };
    return this.counted(parseImage(payload, bundle, this.most, { start }));
  }

  counted(image) {
    this.pixelsLeft -= image.width * image.height;
    return image;
  }

  tiled({ payload }) {
    const [width, height, side] = readNumbers(payload, 3);
    container.checkSize(width, height, this.most);
    if (side < LEAST_TILE || side % LEAST_TILE) throw damaged(`tiles of ${side} pixels`);
    const grey = this.ahead?.type === "G";
    const images = [];
    for (let top = 0; top < height; top += side) {
      for (let left = 0; left < width; left += side) {
        const size = [Math.min(side, width - left), Math.min(side, height - top)];
        if (this.endsHere("tiles")) break;
        const breaksOff = !this.ahead.whole;
        try {
          images.push(this.tile(grey ? "G" : "I", size, side, images[0]));
        } catch (error) {
          if (!(images.length && breaksOff && error instanceof BitstreamError)) throw error;
        }
      }
    }
    if (images.length === 0) return null;
    return { images, width, height, tileSide: side, grey, dependent: false };
  }

  tile(type, [width, height], side, first) {
    const box = this.take();
    if (box.type !== type) throw damaged(`a box '${box.type}' where a tile should stand`);
    const image = this.image(box);
    if (image.width !== width || image.height !== height) {
      throw damaged(`a tile of ${image.width}×${image.height} pixels`);
    }
    const { fixedSize, stride } = this.lookup(image.fingerprint);
    if (fixedSize || side % (2 * stride)) {
      throw damaged(`tiles of ${side} pixels, which its model does not have`);
    }
    for (const name of ["fingerprint", "quality", "fraction"]) {
      if (first && first[name] !== image[name]) {
        throw damaged("a tile of other models or qualities than the first");
      }
    }
    return image;
  }

  alpha(frame) {
    if (this.ahead?.type !== "A") return null;
    const { payload, whole } = this.take();
    if (!whole) return null;
    const [kind] = payload;
    if (kind !== 0 && kind !== 1) throw damaged("alpha of an unknown kind");
    const png = payload.subarray(1);
    checkAlphaPng(png, frame);
    return { png, premultiplied: kind === 1 };
  }

  /** The most pixels that the next picture may have. */
  get most() {
    return Math.min(container.MAX_PIXELS, this.pixelsLeft);
  }
}

/** How often a sequence is played, and runs of frames and their milliseconds. */
function readSequence(payload) {
  let [loops, position] = decodeVarint(payload, 0);
  const runs = [];
  let all = 0;
  while (position < payload.length) {
    let count, duration;
    [count, position] = decodeVarint(payload, position);
    [duration, position] = decodeVarint(payload, position);
    if (count < 1 || duration < 1 || duration > MAX_DURATION) {
      throw damaged(`a sequence with ${count} frames of ${duration} ms`);
    }
    runs.push({ count, duration });
    all += count;
  }
  if (all < 1 || all > MAX_BOXES) throw damaged("a sequence of no frames or of too many");
  return { loops, runs };
}

/** The varints that a payload consists of. */
function readNumbers(payload, count) {
  const numbers = [];
  let position = 0;
  for (let k = 0; k < count; k++) {
    let number;
    [number, position] = decodeVarint(payload, position);
    numbers.push(number);
  }
  if (position !== payload.length) {
    throw new BitstreamError("Bytes are left in a box; get an undamaged copy of the file.");
  }
  return numbers;
}

/** Of 8 bits, grey, deflate, the usual filters, not interlaced. */
function checkAlphaPng(png, frame) {
  const known = [8, 0, 0, 0, 0];
  const header = png.subarray(PNG_START.length, PNG_HEADER_BYTES);
  const isPng = PNG_START.every((byte, k) => png[k] === byte);
  if (!isPng || !known.every((byte, k) => header[8 + k] === byte)) {
    throw damaged("alpha that is no PNG of one channel");
  }
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (width !== frame.width || height !== frame.height) {
    throw damaged(`alpha of ${width}×${height} pixels`);
  }
}

function unknownBox(type) {
  return new BitstreamError(
    `The file has a part '${type}' that this page doesn't know; use a newer page.`,
  );
}

function damaged(what) {
  return new BitstreamError(`The file has ${what}; get an undamaged copy of it.`);
}
