// The container of format version 1; spec/format.md describes it, and the checks and their order
// are those of tfcomp/bitstream/container.py. What version 2 shares with it is exported.

import { BitstreamError, CodecError } from "../errors.js";
import { crc32 } from "./crc32.js";
import { decodeVarint, encodeVarint } from "./varint.js";

const MAGIC = [0x89, 0x54, 0x43];
export const FORMAT_VERSION = 1;
const HEADER_BYTES = 9; // magic, version, bundle, quality
const CRC_BYTES = 4;

/** The format's limit, as Pillow's against decompression bombs. */
export const MAX_PIXELS = 89_478_485;
// A byte for a square of 128x128. The flattest pictures take a byte for 740 (spec/format.md).
const PIXELS_PER_BYTE = 16384;

/** The largest picture that a file of so many bytes is taken to hold. */
export function pixelLimit(fileBytes) {
  return PIXELS_PER_BYTE * fileBytes;
}

/**
 * Takes a file apart after checking it.
 *
 * lookup: 8 hex digits of a fingerprint -> the bundle's { qualities, fixedSize, sectionCount }, or
 *   throws.
 * maxPixels: larger pictures are refused.
 * Gives { fingerprint, quality, width, height, sections }, the sections as Uint8Arrays.
 */
export function parse(bytes, lookup, maxPixels) {
  return parseBody(checkedBody(bytes), lookup, maxPixels, false);
}

/**
 * `parse` of a file that breaks off in its last section or after it. Nothing says whether its bytes
 * are what was written: the checksum stands at a file's end.
 */
export function parseCut(bytes, lookup, maxPixels) {
  checkStart(bytes);
  if (bytes.length < HEADER_BYTES || bytes[8] === 0) {
    throw new BitstreamError("The file is too short; get a complete copy of it.");
  }
  return parseBody(bytes, lookup, maxPixels, true);
}

function parseBody(body, lookup, maxPixels, cut) {
  const fingerprint = hex(body.subarray(4, 8));
  const quality = body[8];
  const bundle = lookup(fingerprint);
  if (quality > bundle.qualities) {
    throw new BitstreamError(
      `The file asks for quality ${quality}, but its model has 1 to ${bundle.qualities}; ` +
        "get an undamaged copy of the file.",
    );
  }
  let position = HEADER_BYTES;
  let [width, height] = bundle.fixedSize ?? [];
  if (!bundle.fixedSize) {
    [width, position] = decodeVarint(body, position);
    [height, position] = decodeVarint(body, position);
  }
  checkSize(width, height, maxPixels);
  const sections = readSections(body, position, bundle.sectionCount, cut);
  return { fingerprint, quality, width, height, sections };
}

/** The sections from `position` on, which must fill the body. cut: the last one may break off. */
export function readSections(body, position, count, cut = false) {
  const sections = [];
  for (let number = 0; number < count; number++) {
    let length;
    [length, position] = decodeVarint(body, position);
    if (length > body.length - position) {
      if (!cut) {
        throw new BitstreamError("A section runs past the end; get an undamaged copy of the file.");
      }
      if (number + 1 < count) {
        throw new BitstreamError("There is too little of the file for any picture; get all of it.");
      }
      length = body.length - position;
    }
    sections.push(body.subarray(position, position + length));
    position += length;
  }
  // Of the checksum after a section that was cut some bytes may be there.
  if (body.length - position >= (cut ? CRC_BYTES : 1)) {
    throw new BitstreamError("Bytes are left after the sections; get an undamaged copy of it.");
  }
  return sections;
}

/** What any file says, without its bundle: { version, fingerprint, quality }, after its checks. */
export function readHeader(bytes) {
  const body = checkedBody(bytes);
  return { version: FORMAT_VERSION, fingerprint: hex(body.subarray(4, 8)), quality: body[8] };
}

/** The inverse of `parse`. fixedSize: whether the bundle fixes the size, which the file omits. */
export function pack({ fingerprint, quality, width, height, sections }, fixedSize) {
  const parts = [Uint8Array.from([...MAGIC, FORMAT_VERSION, ...unhex(fingerprint), quality])];
  if (!fixedSize) parts.push(Uint8Array.from([...encodeVarint(width), ...encodeVarint(height)]));
  for (const section of sections) {
    parts.push(Uint8Array.from(encodeVarint(section.length)), section);
  }
  const content = concatenate([...parts, new Uint8Array(CRC_BYTES)]);
  const end = content.length - CRC_BYTES;
  new DataView(content.buffer).setUint32(end, crc32(content.subarray(0, end)), true);
  return content;
}

/** Uint8Arrays one after another. */
export function concatenate(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** Whether bytes begin as a .tfcomp file does. */
export function hasMagic(bytes) {
  return MAGIC.every((byte, k) => bytes[k] === byte);
}

function checkStart(bytes) {
  if (bytes.length === 0) throw new BitstreamError("The file is empty; get a complete copy of it.");
  if (!hasMagic(bytes)) throw new BitstreamError("This is not a .tfcomp file.");
  if (bytes.length > MAGIC.length && bytes[MAGIC.length] !== FORMAT_VERSION) {
    throw new BitstreamError(
      `The file has format version ${bytes[MAGIC.length]}, and this page reads versions 1 ` +
        "and 2; get an undamaged copy of it, or a newer page.",
    );
  }
}

function checkedBody(bytes) {
  checkStart(bytes);
  if (bytes.length < HEADER_BYTES + CRC_BYTES) {
    throw new BitstreamError("The file is too short; get a complete copy of it.");
  }
  const end = bytes.length - CRC_BYTES;
  const body = bytes.subarray(0, end);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, CRC_BYTES).getUint32(0, true);
  if (crc32(body) !== stored) {
    throw new BitstreamError("The file is damaged (CRC differs); get an undamaged copy of it.");
  }
  if (body[8] === 0) {
    throw new BitstreamError("The file asks for quality 0; get an undamaged copy of it.");
  }
  return body;
}

/** Throws for a picture without pixels, or with more than maxPixels. */
export function checkSize(width, height, maxPixels) {
  if (width < 1 || height < 1) {
    throw new BitstreamError(
      `The file says ${width}×${height} pixels; get an undamaged copy of it.`,
    );
  }
  if (width * height > maxPixels) {
    throw new CodecError(
      `A picture of ${width}×${height} pixels is too large for this page, which takes ` +
        `${maxPixels / 1e6} megapixels; use the tfcomp command.`,
    );
  }
}

/** 8 hex digits of 4 bytes, and so on. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The inverse of `hex`: an array. */
export function unhex(digits) {
  return digits.match(/../g).map((pair) => parseInt(pair, 16));
}
