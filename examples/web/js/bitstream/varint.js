// Unsigned LEB128 in its shortest form, at most 5 bytes; see tfcomp/bitstream/varint.py.

import { BitstreamError } from "../errors.js";

const MAX_VALUE = 2 ** 32 - 1;
const MAX_BYTES = 5;

/** 0 to 2^32 - 1 -> an array of 1 to 5 bytes. */
export function encodeVarint(value) {
  const bytes = [];
  while (value >= 0x80) {
    bytes.push((value % 0x80) + 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return bytes;
}

/** Reads a varint at `position`; gives [value, position after it]. */
export function decodeVarint(bytes, position) {
  let value = 0;
  for (let count = 0; count < MAX_BYTES; count++) {
    if (position + count >= bytes.length) {
      throw new BitstreamError("The file ends inside a length field; get a complete copy of it.");
    }
    const byte = bytes[position + count];
    value += (byte & 0x7f) * 2 ** (7 * count);
    if (byte < 0x80) {
      if (byte === 0 && count > 0) {
        throw new BitstreamError("A length field is over-long; get an undamaged copy of the file.");
      }
      if (value > MAX_VALUE) break;
      return [value, position + count + 1];
    }
  }
  throw new BitstreamError("A length field exceeds 32 bits; get an undamaged copy of the file.");
}
