// What one box of a picture holds: spec/version2.md and tfcomp/bitstream/coded_image.py.

import { BitstreamError } from "../errors.js";
import { checkSize, concatenate, hex, readSections, unhex } from "./container.js";
import { decodeVarint, encodeVarint } from "./varint.js";

/** Between two levels of quality. */
export const QUALITY_STEPS = 32;
const FINGERPRINT_BYTES = 4;

/**
 * The payload of a box, of { fingerprint, quality, fraction (0 if absent), width, height, sections }.
 *
 * fixedSize: whether the bundle fixes the size. dependent: whether bundle and size are those of the
 *   frame before.
 */
export function packImage(image, fixedSize, dependent = false) {
  const { fingerprint, quality, fraction = 0, width, height, sections } = image;
  const head = dependent ? [] : unhex(fingerprint);
  head.push(...encodeVarint(QUALITY_STEPS * (quality - 1) + fraction));
  if (!dependent && !fixedSize) head.push(...encodeVarint(width), ...encodeVarint(height));
  const parts = sections.flatMap((section) => [
    Uint8Array.from(encodeVarint(section.length)),
    section,
  ]);
  return concatenate([Uint8Array.from(head), ...parts]);
}

/**
 * The inverse of `packImage`: the same, and `cut`, whether the last section breaks off.
 *
 * bundle: { qualities, qualitySteps, fixedSize, sectionCount }. start: { fingerprint, width, height }
 *   of the frame before, where this one depends on it. cut: whether the payload may break off.
 */
export function parseImage(payload, bundle, maxPixels, { start = null, cut = false } = {}) {
  const fingerprint = start ? start.fingerprint : fingerprintOf(payload);
  let [steps, position] = decodeVarint(payload, start ? 0 : FINGERPRINT_BYTES);
  checkQuality(steps, bundle);
  let [width, height] = start ? [start.width, start.height] : (bundle.fixedSize ?? []);
  if (!start && !bundle.fixedSize) {
    [width, position] = decodeVarint(payload, position);
    [height, position] = decodeVarint(payload, position);
  }
  checkSize(width, height, maxPixels);
  const sections = readSections(payload, position, bundle.sectionCount, cut);
  const quality = 1 + Math.floor(steps / QUALITY_STEPS);
  const fraction = steps % QUALITY_STEPS;
  return { fingerprint, quality, fraction, width, height, sections, cut };
}

/** 8 hex digits of the bundle that wrote a picture. */
export function fingerprintOf(payload) {
  if (payload.length < FINGERPRINT_BYTES) {
    throw new BitstreamError("A picture's box is too short; get an undamaged copy of the file.");
  }
  return hex(payload.subarray(0, FINGERPRINT_BYTES));
}

function checkQuality(steps, { qualities, qualitySteps = 1 }) {
  const level = 1 + steps / QUALITY_STEPS;
  if (level > qualities) {
    throw new BitstreamError(
      `The file asks for quality ${level}, but its model has 1 to ${qualities}; ` +
        "get an undamaged copy of the file.",
    );
  }
  if ((steps * qualitySteps) % QUALITY_STEPS) {
    throw new BitstreamError(
      `The file asks for quality ${level}, but its model has whole levels only; ` +
        "get an undamaged copy of the file.",
    );
  }
}
