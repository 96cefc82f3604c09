// How far a file has come whose bytes arrive little by little; as tfcomp/runtime/progressive.py.

import { passEnds } from "./decoder.js";

const GROWTH = 16;
const TILES_A_STEP = 8; // of a file with tiles, a picture for each eighth of them

/**
 * What there is of a frame -> { done, of, missing }: passes, or steps of tiles, that are there, all
 * of them, and the bytes up to the next one, 0 where unknown.
 *
 * decoder: of createDecoder. frame: of openFile with `partial`.
 */
export function progressOf(decoder, { images, width, height, tileSide }) {
  if (tileSide) {
    const tiles = Math.ceil(width / tileSide) * Math.ceil(height / tileSide);
    const done = Math.floor((images.length * TILES_A_STEP) / tiles);
    return { done, of: TILES_A_STEP, missing: 0 };
  }
  const [image] = images;
  const ends = passEnds(decoder, image);
  if (ends === null) return { done: 0, of: 1, missing: 0 };
  const { length } = image.sections.at(-1);
  const done = ends.filter((end) => end <= length).length;
  return { done, of: ends.length, missing: done < ends.length ? ends[done] - length : 0 };
}

/**
 * How many bytes there must be before looking at a file again is worth while: those of the next
 * pass, or a sixteenth more, so that reading grows with the file's length, however small its parts.
 */
export function nextLook(length, missing = 0) {
  return length + (missing || Math.floor(length / GROWTH) + 1);
}
