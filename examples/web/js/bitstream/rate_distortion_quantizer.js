// Rounding that knows what a value costs; see tfcomp/bitstream/rate_distortion_quantizer.py, whose
// numbers these are. No decoder knows of it. Doubles throughout, but for the shifts, which are rounded
// to float32: encoders write the same bytes everywhere (spec/format.md).

// Of bundles that name no weights of their own.
const DISTORTION_WEIGHT = 30;
const LEVELS = 16;
const LARGEST_SHIFT = 0.6;
/** 8 times this and a mean is below 2^24, where float32 holds every integer. */
export const MAX_VALUE = 2 ** 20;

/**
 * How far beyond k - 1/2 the threshold to k lies, at [table * (1 + LEVELS) + k].
 *
 * weight: bits that a squared error of one step is worth.
 */
export function thresholdShifts(tables, weight = DISTORTION_WEIGHT) {
  const shifts = new Float32Array(tables.count * (1 + LEVELS));
  for (let table = 0; table < tables.count; table++) {
    const { cdf, offset, first, intervals, escapes } = tables;
    const start = first[table];
    // The escape symbol is never cheap, and never taken for a value.
    const known = intervals[table] - escapes[table];
    const mass = Array.from({ length: known }, (_, k) => cdf[start + k + 1] - cdf[start + k]);
    const rarest = Math.min(...mass);
    const bits = (level) => -Math.log2(mass[level - offset[table]] ?? rarest);
    for (let level = 1; level <= LEVELS; level++) {
      const more = Math.max(bits(level) - bits(level - 1), 0);
      const shift = Math.min(more / (2 * weight), LARGEST_SHIFT);
      shifts[table * (1 + LEVELS) + level] = shift;
    }
  }
  return shifts;
}

/** A residual in steps -> the integer to code with table `scale`. */
export function quantize(residual, scale, shifts) {
  const size = Math.min(Math.abs(residual), MAX_VALUE);
  let level = roundHalfToEven(size);
  const shift = shifts[scale * (1 + LEVELS) + Math.min(level, LEVELS)];
  if (size < level - 0.5 + shift) level--;
  level = Math.max(level, 0);
  return residual < 0 ? -level : level;
}

function roundHalfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
