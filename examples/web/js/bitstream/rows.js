// How a section holds one entropy-coded stream per stripe; see tfcomp/bitstream/rows.py.

import { BitstreamError } from "../errors.js";
import { concatenate } from "./container.js";
import { decodeVarint, encodeVarint } from "./varint.js";

const MAX_DELTA_BITS = 32;
const MAX_VARINT_BYTES = 5;

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
  const found = readLengths(section, rows, cut);
  if (found === null) return new Array(rows).fill(null);
  return found.lengths.map((length, row) => {
    const end = found.ends[row];
    return end > section.length ? null : section.subarray(end - length, end);
  });
}

/**
 * Where each of a section's streams ends, counted from the section's start, of a section or its
 * first bytes; null where these break off before the lengths end.
 */
export function streamEnds(section, rows) {
  return readLengths(section, rows, true)?.ends ?? null;
}

/** { lengths, ends } of the streams; null where what is cut has not all of the lengths. */
function readLengths(section, rows, cut) {
  if (cut && endsInVarint(section)) return null;
  let [shortest, position] = decodeVarint(section, 0);
  if (position >= section.length) {
    if (cut) return null;
    throw new BitstreamError(
      "A section ends in its row lengths; get an undamaged copy of the file.",
    );
  }
  const bits = section[position++];
  if (bits > MAX_DELTA_BITS) {
    throw new BitstreamError("Row lengths exceed 32 bits; get an undamaged copy of the file.");
  }
  const packedBytes = Math.ceil((rows * bits) / 8);
  if (cut && packedBytes > section.length - position) return null;
  if (!cut && packedBytes + rows * shortest > section.length - position) {
    throw new BitstreamError("Rows run past their section; get an undamaged copy of the file.");
  }
  const packed = section.subarray(position, position + packedBytes);
  for (let at = rows * bits; at < packedBytes * 8; at++) {
    if ((packed[at >> 3] >> (at & 7)) & 1)
      throw new BitstreamError("Row lengths are padded wrongly; get an undamaged copy.");
  }
  position += packedBytes;
  const lengths = lengthsOf(packed, rows, bits, shortest);
  const ends = lengths.map((length) => (position += length));
  if (position !== section.length && !(cut && position > section.length)) {
    throw new BitstreamError("Rows do not fill their section; get an undamaged copy of the file.");
  }
  return { lengths, ends };
}

/** Whether there are no bytes but the first of a varint. */
function endsInVarint(bytes) {
  return bytes.length < MAX_VARINT_BYTES && bytes.every((byte) => byte >= 0x80);
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
