// Qualities between two trained levels, as spec/version2.md has them: tables are the nearest
// level's, and networks are told how far between the two it is.

import { QUALITY_STEPS } from "./coded_image.js";

/** The level, from 1, whose tables serve for an image { quality, fraction (0 if absent) }. */
export function tableLevel({ quality, fraction = 0 }) {
  return fraction < QUALITY_STEPS / 2 ? quality : quality + 1;
}

/** What the networks of a bundle take for it; steps: its `quality_steps`, 1 for whole levels only. */
export function networkQuality({ quality, fraction = 0 }, steps = 1) {
  return steps === 1 ? quality : QUALITY_STEPS * (quality - 1) + fraction;
}
