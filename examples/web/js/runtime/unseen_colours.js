// Colours where nothing is seen: pixels of no opacity get those of the pixels around them, so that
// they cost next to nothing.

/**
 * RGBA, changed in place where alpha is 0. Each half as large picture holds the means of what is
 * seen; from the smallest back, what is not seen takes the colour of the one below it.
 */
export function smoothUnseen(rgba, width, height) {
  smooth({ colours: Float32Array.from(rgba), width, height }, (level) => {
    for (let k = 0; k < rgba.length; k += 4) {
      if (rgba[k + 3] !== 0) continue;
      for (let c = 0; c < 3; c++) rgba[k + c] = Math.round(level.colours[k + c]);
    }
  });
}

/** Fills a level's colours where their weight, the fourth number, is 0; `done` then sees it. */
function smooth(level, done) {
  const { colours, width, height } = level;
  if (width > 1 || height > 1) {
    const half = halved(level);
    smooth(half, () => {
      for (let y = 0, to = 0; y < height; y++) {
        for (let x = 0; x < width; x++, to += 4) {
          if (colours[to + 3] !== 0) continue;
          const from = 4 * ((y >> 1) * half.width + (x >> 1));
          for (let c = 0; c < 3; c++) colours[to + c] = half.colours[from + c];
        }
      }
    });
  }
  done(level);
}

function halved({ colours, width, height }) {
  const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
  half.colours = new Float32Array(4 * half.width * half.height);
  for (let y = 0, from = 0; y < height; y++) {
    for (let x = 0; x < width; x++, from += 4) {
      const weight = colours[from + 3];
      const to = 4 * ((y >> 1) * half.width + (x >> 1));
      for (let c = 0; c < 3; c++) half.colours[to + c] += weight * colours[from + c];
      half.colours[to + 3] += weight;
    }
  }
  for (let k = 0; k < half.colours.length; k += 4) {
    const weight = half.colours[k + 3];
    for (let c = 0; c < 3 && weight > 0; c++) half.colours[k + c] /= weight;
  }
  return half;
}
