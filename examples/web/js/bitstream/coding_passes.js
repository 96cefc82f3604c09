// The order in which groups of channels are coded; see tfcomp/bitstream/hyperprior_sections.py.

/**
 * The passes of a manifest's `entropy` object: [{ start, channels, parity, seen }].
 *
 * parity: 0 for the even squares of a checkerboard, 1 for the odd ones, null for all. seen: of how
 * many channels, from the first one on, earlier passes have told something.
 */
export function codingPasses({ groups, checkerboard }) {
  const passes = [];
  let start = 0;
  groups.forEach((channels, number) => {
    for (const parity of number < checkerboard ? [0, 1] : [null]) {
      passes.push({ start, channels, parity, seen: start + (parity === 1 ? channels : 0) });
    }
    start += channels;
  });
  return passes;
}

/** Whether a pass codes a square, counted row by row; the top left one is even. */
export function isCoded(place, width, parity) {
  return parity === null || (Math.floor(place / width) + (place % width)) % 2 === parity;
}
