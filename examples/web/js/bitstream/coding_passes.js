// The order in which groups of channels are coded; see tfcomp/bitstream/passes.py.

/**
 * The passes of a manifest's `entropy` object: [{ start, channels, parity, rowParity, seen }].
 *
 * parity: 0 for the even squares of a checkerboard, 1 for the odd ones, null for all. rowParity: of
 * them 0 for those of even rows, 1 for those of odd rows, null for all. seen: of how many channels,
 * from the first one on, earlier passes have told something.
 */
export function codingPasses({ groups, checkerboard, quincunx = 0 }) {
  const passes = [];
  let start = 0;
  groups.forEach((channels, number) => {
    let squares = number < checkerboard ? CHECKERBOARD : ONE_PASS;
    if (number < Math.min(checkerboard, quincunx)) squares = QUINCUNX;
    for (const [parity, rowParity] of squares) {
      const goesOn = parity === 1 || rowParity === 1;
      passes.push({ start, channels, parity, rowParity, seen: start + (goesOn ? channels : 0) });
    }
    start += channels;
  });
  return passes;
}

// [parity, rowParity] of the passes of a group.
const ONE_PASS = [[null, null]];
const CHECKERBOARD = [
  [0, null],
  [1, null],
];
const QUINCUNX = [
  [0, 0],
  [0, 1],
  [1, null],
];

/** Whether a pass codes a square, counted row by row; the top left one is even. */
export function isCoded(place, width, { parity, rowParity }) {
  const row = Math.floor(place / width);
  return (
    (parity === null || (row + (place % width)) % 2 === parity) &&
    (rowParity === null || row % 2 === rowParity)
  );
}

/** Whether an earlier pass has decoded a pass's own channels on a square; see isCoded. */
export function isKnown(place, width, { start, seen, rowParity }) {
  const row = Math.floor(place / width);
  const even = (row + (place % width)) % 2 === 0;
  return seen > start && even && (rowParity !== 1 || row % 2 === 0);
}
