// The section of a file whose latents are bits, each coded in the light of bits known before it:
// tfcomp/entropy_kinds/bits/sections.py.

import { Grid } from "../grid.js";
import { isCoded } from "./coding_passes.js";
import * as coder from "./range_coder.js";
import { packRows, streamEnds, streamReader } from "./rows.js";

/**
 * The section -> latents, a Uint8Array grid of 0 and 1; 0 where nothing is sent. cut: whether these
 * are only its first bytes; missing bits are those that their tables hold for likelier.
 */
export function decodeSection(section, quality, height, width, tables, layout, cut = false) {
  const read = streamReader(section, streamCount(quality, height, layout), cut);
  const known = new KnownBits(height, width, layout.channels);
  for (const { index, store } of walk(known, quality, layout)) {
    const bits = read((stream) => coder.decode(stream, index, tables));
    store(bits ?? index.map((table) => likelierBit(tables, table)));
  }
  return known.grid();
}

/** See `passEnds` of decoder.js. */
export function passEnds(section, quality, height, layout) {
  const stripes = stripesOf(height, layout);
  const isLast = (stream) => stream % stripes === stripes - 1;
  const ends = streamEnds(section, streamCount(quality, height, layout));
  return ends?.filter((_, stream) => isLast(stream)) ?? null;
}

/** Of a section that is cut, the highest quality all of whose bits are there; 1 if none's are. */
export function shownQuality(section, quality, height, layout) {
  const ends = passEnds(section, quality, height, layout) ?? [];
  const whole = ends.filter((end) => end <= section.length).length;
  let shown = quality;
  while (shown > 1 && layout.passesOf(shown).length > whole) shown--;
  return shown;
}

function streamCount(quality, height, layout) {
  return layout.passesOf(quality).length * stripesOf(height, layout);
}

function stripesOf(height, layout) {
  return Math.ceil(height / layout.rowsPerStream);
}

/** 0 of two alike. */
function likelierBit({ cdf, first, precision }, table) {
  return Number(2 * cdf[first[table] + 1] < 2 ** precision[table]);
}

/** Latents, a Uint8Array grid of 0 and 1 -> the section. */
export function encodeSection(latents, quality, tables, layout) {
  const known = new KnownBits(latents.height, latents.width, layout.channels);
  const streams = [];
  for (const { index, at, store } of walk(known, quality, layout)) {
    const values = at.map((place) => latents.data[place]);
    streams.push(coder.encode(values, index, tables));
    store(values);
  }
  return packRows(streams);
}

/**
 * Every stream in turn: { index, at, store }, in coding order the tables of its bits, where in the
 * latents they are, and what takes their values.
 */
function* walk(known, quality, layout) {
  const { height, width, channels } = known;
  const rows = layout.rowsPerStream;
  for (const step of layout.passesOf(quality)) {
    const contexts = Array.from({ length: step.channels }, (_, c) =>
      layout.context(step.first + c).map(({ weight, channel, down, right }) => ({
        weight,
        offset: known.offset(down, right, channel),
      })),
    );
    // A pass sees nothing of its own: its bits are put in place when it ends.
    const waiting = [];
    for (let top = 0; top < height; top += rows) {
      const end = Math.min(top + rows, height) * width;
      const most = (end - top * width) * step.channels;
      const index = new Int32Array(most);
      const at = new Int32Array(most);
      let count = 0;
      for (let place = top * width; place < end; place++) {
        if (!isCoded(place, width, step)) continue;
        const home = known.home(place);
        for (let c = 0; c < step.channels; c++) {
          let table = (step.first + c) * 2 ** layout.contextBits;
          for (const { weight, offset } of contexts[c]) table += weight * known.bits[home + offset];
          index[count] = table;
          at[count++] = place * channels + step.start + c;
        }
      }
      const coded = at.subarray(0, count);
      const store = (values) => waiting.push({ coded, bits: Uint8Array.from(values) });
      yield { index: index.subarray(0, count), at: coded, store };
    }
    for (const { coded, bits } of waiting) {
      coded.forEach((place, k) => (known.bits[known.inside(place)] = bits[k]));
    }
  }
}

/** Bits with a border of zeros, so that every square has eight neighbours. */
class KnownBits {
  constructor(height, width, channels) {
    Object.assign(this, { height, width, channels });
    this.bits = new Uint8Array((height + 2) * (width + 2) * channels);
  }

  /** Where in `bits` a square, counted row by row, begins. */
  home(place) {
    const row = Math.floor(place / this.width);
    return ((row + 1) * (this.width + 2) + (place % this.width) + 1) * this.channels;
  }

  /** Where in `bits` an element of the latents is. */
  inside(at) {
    return this.home(Math.floor(at / this.channels)) + (at % this.channels);
  }

  /** How far from a square's beginning a channel of a square beside it is. */
  offset(down, right, channel) {
    return (down * (this.width + 2) + right) * this.channels + channel;
  }

  grid() {
    const { height, width, channels } = this;
    return new Grid(this.bits, height + 2, width + 2, channels).cut(1, 1, height, width);
  }
}
