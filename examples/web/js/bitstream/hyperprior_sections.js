// The two sections of a file whose entropy model is a hyperprior with context: spec/format.md, and
// tfcomp/entropy_kinds/hyperprior/sections.py, whose steps and names these are.

import { BitstreamError } from "../errors.js";
import { Grid } from "../grid.js";
import { codingPasses, isCoded, isKnown } from "./coding_passes.js";
import * as coder from "./range_coder.js";
import { MAX_VALUE, quantize, thresholdShifts } from "./rate_distortion_quantizer.js";
import { packRows, streamEnds, streamReader, unpackRows } from "./rows.js";

const MEAN_UNITS = 8; // units of a decoded value in one quantisation step
const HYPER_STRIDE = 2;
const HYPER_ROWS_PER_STREAM = 32;
const CONTEXT_LIMIT = 255; // the networks see decoded values clipped to this

/**
 * The two sections -> latents, an Int32Array grid in eighths of a step.
 *
 * networks: { hyperSynthesis(hyper), parameters(number, inputs) }, both asynchronous, at the
 *   file's quality. layout: the manifest's `entropy` object. cut: whether of the second section
 *   only the first bytes are there; where values are missing their means stand.
 */
export async function decodeSections(
  sections,
  quality,
  height,
  width,
  networks,
  tables,
  layout,
  cut = false,
) {
  const parts = [networks, tables, layout];
  return (await decodeFrameSections(sections, quality, height, width, ...parts, null, cut)).latents;
}

/**
 * As `decodeSections`, of a frame of a sequence -> { latents, hyper }, on which a further frame may
 * depend.
 *
 * before: that of the frame before, or null for a frame by itself. Then the networks have
 *   sequenceParameters(number, inputs), too.
 */
export async function decodeFrameSections(
  sections,
  quality,
  height,
  width,
  networks,
  tables,
  layout,
  before,
  cut = false,
) {
  const [hyperTables, latentTables] = tablesOf(tables, before);
  const hyper = decodeHyperLatents(sections[0], quality, height, width, hyperTables, layout);
  if (before) {
    before.hyper.data.forEach((value, k) => (hyper.data[k] += value)); // they are differences
    checkRange(hyper.data);
  }
  const features = cropped(await networks.hyperSynthesis(hyper), height, width);
  const channels = layout.groups.reduce((sum, group) => sum + group, 0);
  const decoded = Grid.make(Int32Array, height, width, channels);
  const passes = codingPasses(layout);
  const rows = layout.rows_per_stream[quality - 1];
  const read = streamReader(sections[1], Math.ceil(height / rows) * passes.length, cut);
  for (const [number, step] of passes.entries()) {
    let parameters = await networks.parameters(number, passInputs(features, decoded, step));
    if (before) {
      const inputs = sequenceInputs(parameters, decoded, hyper, before, step);
      parameters = await networks.sequenceParameters(number, inputs);
    }
    storeMeans(decoded, parameters, step);
    for (const { scales, at } of codedStripes(decoded, parameters, step, rows)) {
      const values = read((stream) => {
        const found = coder.decode(stream, scales, latentTables);
        checkRange(found);
        return found;
      });
      if (values === null) continue; // zeros
      at.forEach((place, k) => (decoded.data[place] += MEAN_UNITS * values[k]));
    }
  }
  return { latents: decoded, hyper };
}

function tablesOf(tables, before) {
  if (!before) return [tables.hyper_latents, tables.latents];
  return [tables.sequence_hyper_latents, tables.sequence_latents];
}

/** See `passEnds` of decoder.js; of the second section. */
export function passEnds(section, quality, height, layout) {
  const stripes = Math.ceil(height / layout.rows_per_stream[quality - 1]);
  const isLast = (stream) => stream % stripes === stripes - 1;
  const ends = streamEnds(section, stripes * codingPasses(layout).length);
  return ends?.filter((_, stream) => isLast(stream)) ?? null;
}

/**
 * Latents, a Float32Array grid in steps -> the two sections.
 *
 * networks: those of `decodeSections` and hyperAnalysis(latents of even size). layout: the
 *   manifest's `entropy` object and, where it has them, its `distortion_weights`.
 */
export async function encodeSections(latents, quality, networks, tables, layout) {
  const { height, width, channels } = latents;
  const even = latents.extended(height + (height % 2), width + (width % 2));
  const hyper = await networks.hyperAnalysis(even);
  const hyperStreams = [];
  for (let top = 0; top < hyper.height; top += HYPER_ROWS_PER_STREAM) {
    const part = hyper.cut(
      top,
      0,
      Math.min(HYPER_ROWS_PER_STREAM, hyper.height - top),
      hyper.width,
    );
    const index = hyperIndex(part.data.length, hyper.channels, quality);
    hyperStreams.push(coder.encode(part.data, index, tables.hyper_latents));
  }
  const features = cropped(await networks.hyperSynthesis(hyper), height, width);
  const decoded = Grid.make(Int32Array, height, width, channels);
  const shifts = thresholdShifts(tables.latents, layout.distortion_weights?.[quality - 1]);
  const rows = layout.rows_per_stream[quality - 1];
  const streams = [];
  for (const [number, step] of codingPasses(layout).entries()) {
    const parameters = await networks.parameters(number, passInputs(features, decoded, step));
    storeMeans(decoded, parameters, step);
    for (const { scales, at } of codedStripes(decoded, parameters, step, rows)) {
      const values = scales.map((scale, k) => {
        const residual = latents.data[at[k]] - decoded.data[at[k]] / MEAN_UNITS;
        return quantize(residual, scale, shifts);
      });
      streams.push(coder.encode(values, scales, tables.latents));
      at.forEach((place, k) => (decoded.data[place] += MEAN_UNITS * values[k]));
    }
  }
  return [packRows(hyperStreams), packRows(streams)];
}

/** tables: of the hyper-latents. */
function decodeHyperLatents(section, quality, height, width, tables, layout) {
  const hyperHeight = Math.ceil(height / HYPER_STRIDE);
  const hyperWidth = Math.ceil(width / HYPER_STRIDE);
  const hyper = Grid.make(Int32Array, hyperHeight, hyperWidth, layout.hyper_channels);
  const streams = unpackRows(section, Math.ceil(hyperHeight / HYPER_ROWS_PER_STREAM));
  const row = hyperWidth * layout.hyper_channels;
  streams.forEach((stream, number) => {
    const top = number * HYPER_ROWS_PER_STREAM;
    const rows = Math.min(HYPER_ROWS_PER_STREAM, hyperHeight - top);
    const index = hyperIndex(rows * row, layout.hyper_channels, quality);
    hyper.data.set(coder.decode(stream, index, tables), top * row);
  });
  checkRange(hyper.data);
  return hyper;
}

function hyperIndex(length, channels, quality) {
  return new Int32Array(length).map((_, k) => (quality - 1) * channels + (k % channels));
}

/** What a pass's network sees: the features, then the decoded values, clipped. */
function passInputs(features, decoded, { seen }) {
  const { height, width } = features;
  const channels = features.channels + seen;
  const inputs = Grid.make(Float32Array, height, width, channels);
  for (let place = 0; place < height * width; place++) {
    const to = place * channels;
    const from = place * features.channels;
    inputs.data.set(features.data.subarray(from, from + features.channels), to);
    for (let c = 0; c < seen; c++) {
      const value = decoded.data[place * decoded.channels + c];
      inputs.data[to + features.channels + c] = clipped(value);
    }
  }
  return inputs;
}

/** What a dependent frame's second network sees, the first one having made `parameters`. */
function sequenceInputs(parameters, decoded, hyper, before, step) {
  const { height, width, channels: depth } = decoded;
  const { start, channels, seen } = step;
  const inputs = Grid.make(Float32Array, height, width, seen + hyper.channels + 3 * channels);
  const was = before.latents.data;
  let to = 0;
  for (let place = 0; place < height * width; place++) {
    const known = isKnown(place, width, step) ? seen : start;
    for (let c = 0, from = place * depth; c < seen; c++, from++) {
      inputs.data[to++] = c < known ? clipped(decoded.data[from] - was[from]) : 0;
    }
    const [row, column] = [Math.floor(place / width), place % width];
    let from = (row >> 1) * hyper.width + (column >> 1);
    from *= hyper.channels;
    for (let c = 0; c < hyper.channels; c++, from++) {
      inputs.data[to++] = clipped(hyper.data[from] - before.hyper.data[from]);
    }
    for (let c = 0; c < 2 * channels; c++) {
      inputs.data[to++] = parameters.data[2 * channels * place + c];
    }
    for (let c = 0; c < channels; c++) inputs.data[to++] = was[place * depth + start + c];
  }
  return inputs;
}

function clipped(value) {
  return Math.max(-CONTEXT_LIMIT, Math.min(CONTEXT_LIMIT, value));
}

/** Writes a pass's means into `decoded`: what a value decodes to where nothing is coded. */
function storeMeans(decoded, parameters, step) {
  const { start, channels } = step;
  for (let place = 0; place < decoded.height * decoded.width; place++) {
    if (!isCoded(place, decoded.width, step)) continue;
    const from = 2 * channels * place;
    const means = parameters.data.subarray(from, from + channels);
    decoded.data.set(means, decoded.channels * place + start);
  }
}

/**
 * For each stream of a pass the values that are coded, in coding order: { scales, at }, their scale
 * indices and where in the latents they are (Int32Arrays).
 */
function* codedStripes(decoded, parameters, step, rows) {
  const { start, channels } = step;
  for (let top = 0; top < decoded.height; top += rows) {
    const end = Math.min(top + rows, decoded.height) * decoded.width;
    const most = (end - top * decoded.width) * channels;
    const scales = new Int32Array(most);
    const at = new Int32Array(most);
    let count = 0;
    for (let place = top * decoded.width; place < end; place++) {
      if (!isCoded(place, decoded.width, step)) continue;
      for (let c = 0; c < channels; c++) {
        const scale = parameters.data[2 * channels * place + channels + c];
        if (scale === 0) continue;
        scales[count] = scale;
        at[count++] = decoded.channels * place + start + c;
      }
    }
    yield { scales: scales.subarray(0, count), at: at.subarray(0, count) };
  }
}

function cropped(grid, height, width) {
  return grid.height === height && grid.width === width ? grid : grid.cut(0, 0, height, width);
}

function checkRange(values) {
  if (values.some((value) => Math.abs(value) > MAX_VALUE)) {
    throw new BitstreamError("The file holds impossible latents; get an undamaged copy.");
  }
}
