// Writes a .tfcomp file: version 1 where it can say everything, else version 2; as
// tfcomp/bitstream/picture_writer.py.

import { CodecError } from "../errors.js";
import { packBoxes } from "./boxes.js";
import { packImage } from "./coded_image.js";
import { concatenate, pack } from "./container.js";
import { fitsVersion1, MAX_DURATION, METADATA, METADATA_BYTES } from "./picture_file.js";
import { encodeVarint } from "./varint.js";

/** The bytes of a file, of a picture as picture_file.js says; fixedSize as in `pack`. */
export function writeFile(picture, fixedSize) {
  if (fitsVersion1(picture)) return pack(picture.frames[0].images[0], fixedSize);
  const boxes = metadata(picture, "c");
  if (picture.loops !== null) boxes.push({ type: "S", payload: sequence(picture) });
  for (const frame of picture.frames) boxes.push(...frameBoxes(frame, fixedSize));
  return packBoxes([...boxes, ...metadata(picture, "ex")]);
}

function metadata(picture, types) {
  return [...types].flatMap((type) => {
    const payload = picture[METADATA[type]];
    if (!payload?.length) return [];
    if (payload.length > METADATA_BYTES) {
      throw new CodecError(`${METADATA[type]} is larger than a file may have; leave it out.`);
    }
    return [{ type, payload }];
  });
}

function sequence({ loops, frames }) {
  const runs = [];
  for (const { duration } of frames) {
    if (!(duration >= 1 && duration <= MAX_DURATION)) {
      throw new CodecError(`A frame is shown for 1 to ${MAX_DURATION} ms, not ${duration}.`);
    }
    if (runs.at(-1)?.duration === duration) runs.at(-1).count++;
    else runs.push({ count: 1, duration });
  }
  const numbers = runs.flatMap(({ count, duration }) => [count, duration]);
  return Uint8Array.from([loops, ...numbers].flatMap(encodeVarint));
}

function frameBoxes(frame, fixedSize) {
  const { images, width, height, tileSide, grey, dependent, alpha } = frame;
  const boxes = [];
  if (tileSide) {
    const payload = Uint8Array.from([width, height, tileSide].flatMap(encodeVarint));
    boxes.push({ type: "T", payload });
  }
  const type = dependent ? "D" : grey ? "G" : "I";
  for (const image of images) boxes.push({ type, payload: packImage(image, fixedSize, dependent) });
  if (alpha) {
    const kind = Uint8Array.of(alpha.premultiplied ? 1 : 0);
    boxes.push({ type: "A", payload: concatenate([kind, alpha.png]) });
  }
  return boxes;
}
