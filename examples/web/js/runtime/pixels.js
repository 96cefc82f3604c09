// What becomes of the pixels that decoder.tflite gives: spec/version2.md; c/src/pixels.c.

/** Grey, in place: each of red, green and blue of RGBA becomes their luma. */
export function makeGrey(rgba) {
  for (let k = 0; k < rgba.length; k += 4) {
    const weighted = 19595 * rgba[k] + 38470 * rgba[k + 1] + 7471 * rgba[k + 2];
    rgba.fill((weighted + 32768) >> 16, k, k + 3);
  }
}

/** Puts alpha, a Uint8Array of one value a pixel, into RGBA; straightens premultiplied colours. */
export function putAlpha(rgba, alpha, premultiplied) {
  for (let k = 0, at = 0; k < alpha.length; k++, at += 4) {
    const value = alpha[k];
    rgba[at + 3] = value;
    if (!premultiplied) continue;
    for (let c = at; c < at + 3; c++) {
      const colour = value && Math.floor((510 * rgba[c] + value) / (2 * value));
      rgba[c] = Math.min(255, colour);
    }
  }
}

/** The alpha of RGBA, one value a pixel; null where all of it is opaque. */
export function alphaOf(rgba) {
  const alpha = new Uint8Array(rgba.length / 4).map((_, k) => rgba[4 * k + 3]);
  return alpha.every((value) => value === 255) ? null : alpha;
}

/** Whether every pixel of RGBA is grey. */
export function isGrey(rgba) {
  for (let k = 0; k < rgba.length; k += 4) {
    if (rgba[k] !== rgba[k + 1] || rgba[k] !== rgba[k + 2]) return false;
  }
  return true;
}
