// A .tfcomp file to its latents: the calls of c/include/tfcomp/decoder.h, in the same words.
//
//     const decoder = createDecoder({ ...settingsOf(manifest), tables, networks });
//     const { rows, columns, channels, latents } = await decodeFile(decoder, file);
//
// or, of all that a file of format version 1 or 2 holds, openFile and decodeFrame, as
// c/include/tfcomp/picture_file.h.

import { BitLayout } from "../bitstream/bit_layout.js";
import * as bits from "../bitstream/bit_section.js";
import { MAX_PIXELS, pixelLimit } from "../bitstream/container.js";
import * as factorized from "../bitstream/factorized_section.js";
import * as hyperprior from "../bitstream/hyperprior_sections.js";
import { readFile } from "../bitstream/picture_reader.js";
import { loadTables } from "../bitstream/tables.js";
import { networkQuality, tableLevel } from "../bitstream/quality_levels.js";
import { BitstreamError, BundleError, CodecError } from "../errors.js";
import { Grid } from "../grid.js";

export { FORMAT_VERSION } from "../bitstream/container.js";
export { readHeader } from "../bitstream/picture_reader.js";

/** Sections of a file, by kind of entropy model. */
export const SECTION_COUNTS = { factorized: 1, hyperprior: 2, bits: 1 };
// In padded pixels, as tfcomp/networks/padding.py: small pictures may be mostly padding.
const PADDING_ALWAYS_FITS = 2 ** 20;

/** What a bundle's manifest says of `createDecoder`'s settings: all but tables and networks. */
export function settingsOf(manifest) {
  const { entropy, fingerprint, qualities, stride, channels } = manifest;
  const [fixedWidth, fixedHeight] = manifest.fixed_size ?? [0, 0];
  return {
    kind: entropy.kind,
    fingerprint: fingerprint.slice(0, 8),
    qualities,
    stride,
    channels,
    fixedWidth,
    fixedHeight,
    hyperprior: entropy.kind === "hyperprior" ? entropy : null,
    bits: entropy.kind === "bits" ? entropy : null,
  };
}

/**
 * What decodes the files of one bundle.
 *
 * settings: { kind, fingerprint (8 hex digits), qualities, stride, channels, fixedWidth, fixedHeight
 *   (0 for any size), tables (the bytes of tables.npz), hyperprior, bits (the manifest's `entropy`
 *   object of that kind), networks (of a hyperprior: see bitstream/hyperprior_sections.js; where
 *   they have `prepare(rows, columns, quality)` it is called before), maxPixels (0: what the bundle
 *   fixes, or what a file's length lets it claim) }
 *
 * Throws BundleError where they do not fit together.
 */
export function createDecoder(settings) {
  return new Decoder(settings);
}

/**
 * A whole file of one opaque picture, of either version of the format -> { fingerprint, quality,
 * width, height, grey, rows, columns, channels, latents }, the last a typed array [rows, columns,
 * channels], as decoder.tflite takes them.
 *
 * Throws BitstreamError for a file that is damaged, and CodecError for another bundle's, for a
 * sequence and for alpha: `openFile` reads these.
 */
export async function decodeFile(decoder, file) {
  const opened = openFile(decoder, file);
  const [{ alpha }] = opened.frames;
  if (opened.loops !== null || alpha) {
    const what = alpha ? "has alpha" : "is a sequence";
    throw new CodecError(`The file ${what}, which decodeFile does not give; use openFile.`);
  }
  return decodeFrame(decoder, opened, 0);
}

/**
 * Checks a file of either version; gives what bitstream/picture_file.js says.
 *
 * partial: whether a file that breaks off is read as far as it goes: what is missing counts as
 *   zeros.
 */
export function openFile(decoder, file, { partial = false } = {}) {
  const { frame, all } = decoder.maxPixels(file.length);
  const lookup = (digits) => decoder.bundleOf(digits);
  const opened = readFile(file, lookup, { maxPixels: all, partial });
  const [{ width, height }] = opened.frames;
  checkPadding({ width, height }, decoder.settings.stride, frame);
  return opened;
}

/** One frame of an opened file, from 0: as `decodeFile`; `quality` is what decoder.tflite takes. */
export async function decodeFrame(decoder, opened, number) {
  const frame = opened.frames[number];
  const { width, height, grey, images } = frame;
  const { fingerprint } = images[0];
  const quality = shownQuality(decoder, frame);
  const grid = await decodeLatents(decoder, frame);
  const { height: rows, width: columns, channels, data: latents } = grid;
  return { fingerprint, quality, width, height, grey, rows, columns, channels, latents };
}

/**
 * The latents of a frame, a grid; of tiles those of all of them, zeros where one is missing.
 * choices: what `networks.prepare` takes beyond size and quality.
 */
export async function decodeLatents(decoder, frame, ...choices) {
  const { images, width, height, tileSide } = frame;
  const { stride } = decoder.settings;
  if (!tileSide && decoder.hasSequence) {
    return (await decodeChained(decoder, frame, choices)).latents;
  }
  if (!tileSide) return decodeImage(decoder, images[0], choices);
  let whole = null;
  const [rows, columns] = [height, width].map((pixels) => Math.ceil(pixels / stride));
  for (const { image, top, left } of bySize(images, Math.ceil(width / tileSide))) {
    const tile = await decodeTile(decoder, image, choices);
    if (tile === null) continue;
    whole ??= Grid.make(tile.data.constructor, rows, columns, tile.channels);
    whole.put(tile, (top * tileSide) / stride, (left * tileSide) / stride);
  }
  if (whole === null) {
    throw new BitstreamError("There is too little of the file for any picture; get all of it.");
  }
  return whole;
}

/**
 * The latents and hyper-latents of a frame that may depend on the one before, and that the next one
 * may depend on. The frame that was decoded last is kept, so that playing decodes each once.
 */
async function decodeChained(decoder, frame, choices) {
  const chain = [];
  let { last } = decoder;
  for (let each = frame; last?.frame !== each; each = each.before) {
    chain.unshift(each);
    if (!each.dependent) {
      last = null;
      break;
    }
  }
  let state = last?.state;
  for (const each of chain) {
    const [{ sections, cut = false }] = each.images;
    const { rows, columns } = await prepared(decoder, each.images[0], choices);
    const { settings, tables, layout } = decoder;
    state = await hyperprior.decodeFrameSections(
      sections,
      tableLevel(each.images[0]),
      rows,
      columns,
      settings.networks,
      tables,
      layout,
      each.dependent ? state : null,
      cut,
    );
  }
  decoder.last = { frame, state };
  return state;
}

/** Makes networks ready for a picture; gives its latents' sides. */
async function prepared({ settings }, image, choices) {
  const { stride, networks, hyperprior: layout } = settings;
  const [rows, columns] = [image.height, image.width].map((side) => Math.ceil(side / stride));
  const quality = networkQuality(image, layout?.quality_steps);
  await networks?.prepare?.(rows, columns, quality, ...choices);
  return { rows, columns };
}

/** What the decoder network takes for a frame: of bits that break off maybe a lower quality. */
export function shownQuality({ settings, layout }, { images, tileSide }) {
  const [{ sections, quality, height, cut }] = images;
  if (!cut || tileSide || settings.kind !== "bits") {
    return networkQuality(images[0], settings.hyperprior?.quality_steps);
  }
  return bits.shownQuality(sections[0], quality, Math.ceil(height / settings.stride), layout);
}

/** Tiles with where they are, those of one size together: networks are prepared for a size. */
function bySize(images, across) {
  const placed = images.map((image, number) => ({
    image,
    top: Math.floor(number / across),
    left: number % across,
  }));
  const size = ({ image }) => image.height * 2 ** 32 + image.width;
  return placed.sort((one, other) => size(one) - size(other));
}

/** Null where a tile breaks off too early. */
async function decodeTile(decoder, image, choices) {
  try {
    return await decodeImage(decoder, image, choices);
  } catch (error) {
    if (!image.cut || !(error instanceof BitstreamError)) throw error;
    return null;
  }
}

async function decodeImage(decoder, image, choices) {
  const { sections, cut = false } = image;
  const { rows, columns } = await prepared(decoder, image, choices);
  return decodeSections(decoder, sections, tableLevel(image), rows, columns, cut);
}

/** The sections of a picture -> latents, a grid; the networks are ready. cut: as readFile gives. */
export async function decodeSections(decoder, sections, quality, rows, columns, cut = false) {
  const { settings, tables, layout } = decoder;
  const [first] = sections;
  switch (settings.kind) {
    case "factorized": {
      const size = [rows, columns, settings.channels];
      return factorized.decodeSection(first, quality, ...size, tables.latents, cut);
    }
    case "bits":
      return bits.decodeSection(first, quality, rows, columns, tables.latents, layout, cut);
    default: {
      const parts = [settings.networks, tables, layout];
      return hyperprior.decodeSections(sections, quality, rows, columns, ...parts, cut);
    }
  }
}

/**
 * Up to where a picture's last section must be there for each of its passes, in bytes, rising; null
 * where so little of it is there that nobody knows.
 */
export function passEnds({ settings, layout }, image) {
  const section = image.sections.at(-1);
  const rows = Math.ceil(image.height / settings.stride);
  switch (settings.kind) {
    case "factorized":
      return factorized.passEnds(section, rows);
    case "bits":
      return bits.passEnds(section, image.quality, rows, layout);
    default:
      return hyperprior.passEnds(section, tableLevel(image), rows, layout);
  }
}

/** Throws for a picture that is many times as large with its padding: one pixel wide, say. */
export function checkPadding({ width, height }, stride, maxPixels) {
  const padded = Math.ceil(width / stride) * Math.ceil(height / stride) * stride ** 2;
  if (padded > Math.max(2 * maxPixels, 2 * stride ** 2, PADDING_ALWAYS_FITS)) {
    throw new CodecError(`A picture of ${width}×${height} pixels is too long and narrow.`);
  }
}

class Decoder {
  constructor(settings) {
    const { kind, channels, qualities } = settings;
    this.settings = settings;
    this.tables = loadTables(settings.tables);
    if (kind === "factorized") {
      this.checkTables("latents", qualities * channels);
    } else if (kind === "bits") {
      this.layout = new BitLayout(settings.bits);
      this.checkTables("latents", this.layout.tableCount);
    } else if (kind === "hyperprior") {
      this.layout = settings.hyperprior;
      this.checkTables("hyper_latents", qualities * this.layout.hyper_channels);
      if (this.hasSequence) {
        this.checkTables("sequence_hyper_latents", this.tables.hyper_latents.count);
        this.checkTables("sequence_latents", this.tables.latents.count);
      }
    } else {
      throw new BundleError(`The model's entropy model, ${kind}, is not known here.`);
    }
  }

  /** Whether frames may depend on the one before. */
  get hasSequence() {
    return Boolean(this.settings.hyperprior?.sequence);
  }

  checkTables(section, wanted) {
    if (this.tables[section]?.count !== wanted) {
      throw new BundleError("The model's tables do not fit its channels; install it again.");
    }
  }

  /** What `parse` asks of a bundle; throws where the file names another. */
  bundleOf(digits) {
    const { fingerprint, qualities, fixedWidth, fixedHeight, kind, stride } = this.settings;
    const qualitySteps = this.settings.hyperprior?.quality_steps ?? 1;
    if (digits !== fingerprint) {
      throw new CodecError(`Another bundle, ${digits}, wrote the file; decode it with that one.`);
    }
    const fixedSize = fixedWidth ? [fixedWidth, fixedHeight] : null;
    const sectionCount = SECTION_COUNTS[kind];
    const sequence = this.hasSequence;
    return { qualities, qualitySteps, fixedSize, sectionCount, stride, sequence };
  }

  /** The most that one frame may have, and all of them. */
  maxPixels(fileBytes) {
    const { maxPixels, fixedWidth } = this.settings;
    const all = maxPixels || (fixedWidth ? Infinity : pixelLimit(fileBytes));
    return { frame: Math.min(all, MAX_PIXELS), all };
  }
}

/** Throws where all frames together are larger than a file of so many bytes may claim. */
export function checkClaim({ width, height }, fileBytes, frames = 1) {
  if (width * height * frames > pixelLimit(fileBytes)) {
    const count = frames > 1 ? ` in ${frames} frames` : "";
    throw new BitstreamError(
      `The file says ${width}×${height} pixels${count}, more than its ${fileBytes} bytes may ` +
        "claim; if you trust it, use the tfcomp command.",
    );
  }
}
