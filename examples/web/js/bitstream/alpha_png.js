// Transparency as a file of format version 2 holds it: a PNG file of one channel of 8 bits, not
// interlaced. Written and read here, so that no browser's colour management touches it.

import { BitstreamError } from "../errors.js";
import { concatenate } from "./container.js";
import { crc32 } from "./crc32.js";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10);
const HEADER_END = 33; // signature, and the chunk IHDR with its length, type and CRC

/** alpha: Uint8Array [height * width] -> a PNG file. */
export async function encodeAlpha(alpha, width, height) {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits; grey, deflate, the usual filters, not interlaced are zeros
  const compressed = await through(new CompressionStream("deflate"), filtered(alpha, width, height));
  const chunks = [chunk("IHDR", header), chunk("IDAT", compressed), chunk("IEND", new Uint8Array())];
  return concatenate([SIGNATURE, ...chunks]);
}

/** The inverse; the size is the one that the file's header was seen to say. */
export async function decodeAlpha(png, width, height) {
  const rows = new Uint8Array(height * (width + 1));
  try {
    await inflateInto(rows, dataOf(png));
  } catch {
    throw damaged();
  }
  return unfiltered(rows, width, height);
}

/** What all chunks IDAT hold. */
function dataOf(png) {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const parts = [];
  for (let at = HEADER_END; at + 12 <= png.length; ) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > png.length) throw damaged();
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    if (view.getUint32(end - 4) !== crc32(png.subarray(at + 4, end - 4))) throw damaged();
    if (type === "IDAT") parts.push(png.subarray(at + 8, end - 4));
    if (type === "IEND") break;
    at = end;
  }
  return concatenate(parts);
}

function chunk(type, content) {
  const whole = new Uint8Array(12 + content.length);
  const view = new DataView(whole.buffer);
  view.setUint32(0, content.length);
  whole.set(new TextEncoder().encode(type), 4);
  whole.set(content, 8);
  view.setUint32(8 + content.length, crc32(whole.subarray(4, 8 + content.length)));
  return whole;
}

/** Rows with their filters before them, each the one whose differences are smallest in sum. */
function filtered(alpha, width, height) {
  const rows = new Uint8Array(height * (width + 1));
  let above = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const row = alpha.subarray(y * width, (y + 1) * width);
    let least = Infinity;
    for (const filter of [0, 1, 2, 4]) {
      const coded = row.map((value, x) => value - predicted(filter, row, above, x));
      const sum = coded.reduce((total, value) => total + Math.min(value, 256 - value), 0);
      if (sum >= least) continue;
      least = sum;
      rows[y * (width + 1)] = filter;
      rows.set(coded, y * (width + 1) + 1);
    }
    above = row;
  }
  return rows;
}

function unfiltered(rows, width, height) {
  const alpha = new Uint8Array(width * height);
  let above = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)];
    const row = alpha.subarray(y * width, (y + 1) * width);
    if (filter > 4) throw damaged();
    row.set(rows.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)));
    if (filter) for (let x = 0; x < width; x++) row[x] += predicted(filter, row, above, x);
    above = row;
  }
  return alpha;
}

/** What a filter of PNG takes a value for, from those on its left, above it and between these. */
function predicted(filter, row, above, x) {
  const left = x > 0 ? row[x - 1] : 0;
  const up = above[x];
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default:
      return paeth(left, up, x > 0 ? above[x - 1] : 0);
  }
}

function paeth(left, up, corner) {
  const sum = left + up - corner;
  const [fromLeft, fromUp, fromCorner] = [left, up, corner].map((value) => Math.abs(sum - value));
  if (fromLeft <= fromUp && fromLeft <= fromCorner) return left;
  return fromUp <= fromCorner ? up : corner;
}

async function through(transform, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(transform);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Inflates exactly as many bytes as there is room for; no more are made, whatever the data hold. */
async function inflateInto(room, bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const reader = stream.getReader();
  let filled = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (filled + value.length > room.length) {
      await reader.cancel();
      throw damaged();
    }
    room.set(value, filled);
    filled += value.length;
  }
  if (filled !== room.length) throw damaged();
}

function damaged() {
  return new BitstreamError("The file's alpha is damaged; get an undamaged copy of it.");
}
