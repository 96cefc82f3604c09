// How a section holds one entropy-coded stream per stripe; see tfcomp/bitstream/rows.py.

import { BitstreamError } from "../errors.js";
import { concatenate } from "./container.js";
import { decodeVarint, encodeVarint } from "./varint.js";

const MAX_DELTA_BITS = 32;

/** Joins streams (Uint8Arrays, at least one) into a section. */
export function packRows(streams) {
  const lengths = streams.map((stream) => stream.length);
  const shortest = lengths.reduce((least, length) => Math.min(least, length));
  const longest = lengths.reduce((most, length) => Math.max(most, length));
  const bits = longest === shortest ? 0 : Math.floor(Math.log2(longest - shortest)) + 1;
  const packed = new Uint8Array(Math.ceil((streams.length * bits) / 8));
  lengths.forEach((length, row) => {
    for (let bit = 0; bit < bits; bit++) {
      const at = row * bits + bit;
      packed[at >> 3] |= (((length - shortest) >>> bit) & 1) << (at & 7);
    }
  });
  const head = Uint8Array.from([...encodeVarint(shortest), bits]);
  return concatenate([head, packed, ...streams]);
}

/**
 * Splits a section into its `rows` streams, the inverse of `packRows`.
 *
 * cut: whether these are only its first bytes. Then a stream that is not whole, and every one after
 *   it, is null; all are where the lengths themselves are not. `streamReader` decodes either.
 */
export function unpackRows(section, rows, cut = false) {
  return cut ? unpackWhatIsThere(section, rows) : unpackAll(section, rows);
}

function unpackAll(section, rows) {
  let [shortest, position] = decodeVarint(section, 0);
  if (position >= section.length) {
    throw new BitstreamError(
      "A section ends in its row lengths; get an undamaged copy of the file.",
    );
  }
  const bits = section[position++];
  if (bits > MAX_DELTA_BITS) {
    throw new BitstreamError("Row lengths exceed 32 bits; get an undamaged copy of the file.");
  }
  const packedBytes = Math.ceil((rows * bits) / 8);
  if (packedBytes + rows * shortest > section.length - position) {
    throw new BitstreamError("Rows run past their section; get an undamaged copy of the file.");
  }
  const packed = section.subarray(position, position + packedBytes);
  position += packedBytes;
  const bitAt = (at) => (packed[at >> 3] >> (at & 7)) & 1;
  for (let at = rows * bits; at < packedBytes * 8; at++) {
    if (bitAt(at))
      throw new BitstreamError("Row lengths are padded wrongly; get an undamaged copy.");
  }
  const lengths = lengthsOf(packed, rows, bits, shortest);
  if (lengths.reduce((sum, length) => sum + length, 0) !== section.length - position) {
    throw new BitstreamError("Rows do not fill their section; get an undamaged copy of the file.");
  }
  return lengths.map((length) => {
    position += length;
    return section.subarray(position - length, position);
  });
}

function unpackWhatIsThere(section, rows) {
  const streams = new Array(rows).fill(null);
  let shortest, position;
  try {
    [shortest, position] = decodeVarint(section, 0);
  } catch {
    return streams;
  }
  if (position >= section.length) return streams;
  const bits = section[position++];
  if (bits > MAX_DELTA_BITS) {
    throw new BitstreamError("Row lengths exceed 32 bits; get an undamaged copy of the file.");
  }
  const packedBytes = Math.ceil((rows * bits) / 8);
  if (packedBytes > section.length - position) return streams;
  const packed = section.subarray(position, position + packedBytes);
  position += packedBytes;
  for (const [row, length] of lengthsOf(packed, rows, bits, shortest).entries()) {
    if (length > section.length - position) break;
    streams[row] = section.subarray(position, (position += length));
  }
  return streams;
}

/** Of each stream its length: `bits` bits of `packed` beyond the shortest. */
function lengthsOf(packed, rows, bits, shortest) {
  return Array.from({ length: rows }, (_, row) => {
    let length = shortest;
    for (let bit = 0; bit < bits; bit++) {
      const at = row * bits + bit;
      length += ((packed[at >> 3] >> (at & 7)) & 1) * 2 ** bit;
    }
    return length;
  });
}

/**
 * A function that gives the next stream's values, as `decode` makes them of its bytes; null where
 * it is missing: in a section that is `cut` it and all after one that is, or that no encoder writes.
 */
export function streamReader(section, rows, cut) {
  const streams = unpackRows(section, rows, cut);
  let next = 0;
  return (decode) => {
    const stream = streams[next++];
    if (stream === null) return null;
    try {
      return decode(stream);
    } catch (error) {
      if (!cut || !(error instanceof BitstreamError)) throw error;
      streams.fill(null, next);
      return null;
    }
  };
}
