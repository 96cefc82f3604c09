// Boxes: how a file of format version 2 is cut; spec/version2.md and tfcomp/bitstream/boxes.py.

import { BitstreamError, CodecError } from "../errors.js";
import { concatenate } from "./container.js";
import { crc32 } from "./crc32.js";
import { decodeVarint, encodeVarint } from "./varint.js";

const START = Uint8Array.of(0x89, 0x54, 0x43, 2);
const END = 0x2e;
export const MAX_BOXES = 65_536;
const CRC_BYTES = 4;
const MAX_VARINT_BYTES = 5;
/** The type of what stands last where a file breaks off between two boxes. */
export const CUT_BETWEEN_BOXES = "";

/** Whether bytes begin as a file of version 2. */
export function hasBoxes(bytes) {
  return START.every((byte, k) => bytes[k] === byte);
}

/** [{ type: an ASCII letter, payload: a Uint8Array }] -> a file. */
export function packBoxes(boxes) {
  if (boxes.length > MAX_BOXES) {
    throw new CodecError(
      `${boxes.length} parts are more than a file may have (${MAX_BOXES}); write several files.`,
    );
  }
  const parts = [START];
  for (const { type, payload } of boxes) {
    const head = Uint8Array.from([type.charCodeAt(0), ...encodeVarint(payload.length)]);
    const content = concatenate([head, payload]);
    const crc = new Uint8Array(CRC_BYTES);
    new DataView(crc.buffer).setUint32(0, crc32(content), true);
    parts.push(content, crc);
  }
  return concatenate([...parts, Uint8Array.of(END)]);
}

/**
 * A file's boxes one after another, each once its checksum is right: { type, payload, whole }.
 *
 * partial: whether a file that breaks off is read as far as it goes: then the last is not whole, a
 *   box with the bytes that there are of it, or one of the type CUT_BETWEEN_BOXES.
 */
export function* readBoxes(bytes, partial = false) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const between = { type: CUT_BETWEEN_BOXES, payload: bytes.subarray(0, 0), whole: false };
  let position = START.length;
  for (let count = 0; ; count++) {
    if (position === bytes.length) {
      if (partial) return yield between;
      throw new BitstreamError("The file has no end; get a complete copy of it.");
    }
    if (bytes[position] === END) {
      if (position + 1 === bytes.length) return;
      throw new BitstreamError("Bytes are left after the file's end; get an undamaged copy of it.");
    }
    const type = String.fromCharCode(bytes[position]);
    if (!/[A-Za-z]/.test(type)) {
      throw new BitstreamError(
        "The file is damaged (no box begins where one should); get an undamaged copy of it.",
      );
    }
    if (count === MAX_BOXES) {
      throw new BitstreamError(
        `The file has more than ${MAX_BOXES} boxes; get an undamaged copy of it.`,
      );
    }
    const start = position;
    let length;
    try {
      [length, position] = decodeVarint(bytes, start + 1);
    } catch (error) {
      if (partial && bytes.length - start <= MAX_VARINT_BYTES) return yield between;
      throw error;
    }
    const end = position + length;
    const payload = bytes.subarray(position, end);
    if (end + CRC_BYTES > bytes.length) {
      if (partial) return yield { type, payload, whole: false };
      throw new BitstreamError("A box breaks off; get a complete copy of the file.");
    }
    if (crc32(bytes.subarray(start, end)) !== view.getUint32(end, true)) {
      throw new BitstreamError("The file is damaged (CRC differs); get an undamaged copy of it.");
    }
    yield { type, payload, whole: true };
    position = end + CRC_BYTES;
  }
}
