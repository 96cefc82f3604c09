// Running a network over a large picture window by window, so that memory doesn't grow with it.
//
// As tfcomp/networks/tiles.py, but all windows of a picture have the same size, because a network is
// compiled for one size: near the right and bottom edges they overlap by more.

/**
 * Sides of tiles: of the encoder and decoder and of a hyperprior's passes in latent elements, of
 * its other networks in hyper-latents. What the networks hold at once is a few 100 MB.
 */
export const TILE_SIDES = { image: 48, pass: 128, hyper: 64 };

/**
 * How a side of `length` latent elements is worked on: the size of the window, and for each tile
 * what is made, [start, stop), and where its window begins.
 */
export function windows(length, side, reach) {
  const size = Math.min(length, side + 2 * reach);
  const tiles = [];
  for (let start = 0; start < length; start += side) {
    const stop = Math.min(start + side, length);
    tiles.push({ start, stop, from: Math.max(0, Math.min(start - reach, length - size)) });
  }
  return { size, tiles };
}

/**
 * The plan for a picture of height x width latent elements.
 *
 * side: of a tile; a picture of no more area than a tile is one tile. reach: how far an output
 * looks to each side; null to run on the whole at once.
 */
export function plan(height, width, side, reach) {
  const whole = reach === null || height * width <= side * side;
  const [tile, far] = whole ? [Math.max(height, width), 0] : [side, reach];
  return { rows: windows(height, tile, far), columns: windows(width, tile, far) };
}

/**
 * Fills the grid `output` with what `run` (grid -> grid, asynchronous) makes of `input`.
 *
 * inScale, outScale: their elements per latent element of the plan, along one side.
 */
export async function runTiled(run, { rows, columns }, input, inScale, output, outScale) {
  for (const row of rows.tiles) {
    for (const column of columns.tiles) {
      const seen = input.cut(
        row.from * inScale,
        column.from * inScale,
        rows.size * inScale,
        columns.size * inScale,
      );
      const made = await run(seen);
      const top = (row.start - row.from) * outScale;
      const left = (column.start - column.from) * outScale;
      const height = (row.stop - row.start) * outScale;
      const width = (column.stop - column.start) * outScale;
      const inner = made.cut(top, left, height, width);
      for (let y = 0; y < height; y++) {
        const to = (row.start * outScale + y) * output.width + column.start * outScale;
        const line = inner.data.subarray(
          y * width * inner.channels,
          (y + 1) * width * inner.channels,
        );
        output.data.set(line, to * output.channels);
      }
    }
  }
}
