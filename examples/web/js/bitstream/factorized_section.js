// The section of a factorized prior: one stream per latent row; see tfcomp/runtime/entropy.py.

import { BitstreamError } from "../errors.js";
import { Grid } from "../grid.js";
import * as coder from "./range_coder.js";
import { packRows, streamEnds, streamReader } from "./rows.js";

// Beyond this float32 does not hold every integer. No picture leads there.
const MAX_LATENT = 2 ** 24;
const ROWS_A_PASS = 16;

/** The section -> latents, an Int32Array grid. cut: whether these are only its first bytes. */
export function decodeSection(section, quality, height, width, channels, tables, cut = false) {
  const latents = Grid.make(Int32Array, height, width, channels);
  const index = rowIndex(quality, width, channels);
  const read = streamReader(section, height, cut);
  const decode = (stream) => {
    const values = coder.decode(stream, index, tables);
    if (values.some((value) => Math.abs(value) > MAX_LATENT)) {
      throw new BitstreamError("The file holds impossible latents; get an undamaged copy.");
    }
    return values;
  };
  for (let row = 0; row < height; row++) {
    const values = read(decode);
    if (values === null) break; // zeros
    latents.data.set(values, row * index.length);
  }
  return latents;
}

/** See `passEnds` of decoder.js: some rows count as a pass. */
export function passEnds(section, height) {
  const isLast = (row) => row % ROWS_A_PASS === ROWS_A_PASS - 1 || row === height - 1;
  return streamEnds(section, height)?.filter((_, row) => isLast(row)) ?? null;
}

/** Latents, an Int32Array grid -> the section. */
export function encodeSection({ data, height, width, channels }, quality, tables) {
  const index = rowIndex(quality, width, channels);
  const streams = Array.from({ length: height }, (_, row) =>
    coder.encode(data.subarray(row * index.length, (row + 1) * index.length), index, tables),
  );
  return packRows(streams);
}

function rowIndex(quality, width, channels) {
  return new Int32Array(width * channels).map((_, k) => (quality - 1) * channels + (k % channels));
}
