// A .tfcomp file to its latents: the calls of c/include/tfcomp/decoder.h, in the same words.
//
//     const decoder = createDecoder({ ...settingsOf(manifest), tables, networks });
//     const { rows, columns, channels, latents } = await decodeFile(decoder, file);

import { BitLayout } from "../bitstream/bit_layout.js";
import * as bits from "../bitstream/bit_section.js";
import { MAX_PIXELS, parse, pixelLimit } from "../bitstream/container.js";
import * as factorized from "../bitstream/factorized_section.js";
import * as hyperprior from "../bitstream/hyperprior_sections.js";
import { loadTables } from "../bitstream/tables.js";
import { BitstreamError, BundleError, CodecError } from "../errors.js";

export { FORMAT_VERSION, readHeader } from "../bitstream/container.js";

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
 * A whole file -> { fingerprint, quality, width, height, rows, columns, channels, latents }, the
 * last a typed array [rows, columns, channels], as decoder.tflite takes them.
 *
 * Throws BitstreamError for a file that is damaged, and CodecError for another bundle's.
 */
export async function decodeFile(decoder, file) {
  const { settings } = decoder;
  const maxPixels = decoder.maxPixels(file.length);
  const container = parse(file, (digits) => decoder.bundleOf(digits), maxPixels);
  checkPadding(container, settings.stride, maxPixels);
  const { fingerprint, quality, width, height } = container;
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / settings.stride));
  await settings.networks?.prepare?.(rows, columns, quality);
  const grid = await decodeSections(decoder, container.sections, quality, rows, columns);
  const { channels, data: latents } = grid;
  return { fingerprint, quality, width, height, rows, columns, channels, latents };
}

/** The sections of a file -> latents, a grid; the networks are ready. */
export async function decodeSections(decoder, sections, quality, rows, columns) {
  const { settings, tables, layout } = decoder;
  const [first] = sections;
  switch (settings.kind) {
    case "factorized": {
      const size = [rows, columns, settings.channels];
      return factorized.decodeSection(first, quality, ...size, tables.latents);
    }
    case "bits":
      return bits.decodeSection(first, quality, rows, columns, tables.latents, layout);
    default: {
      const parts = [settings.networks, tables, layout];
      return hyperprior.decodeSections(sections, quality, rows, columns, ...parts);
    }
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
    } else {
      throw new BundleError(`The model's entropy model, ${kind}, is not known here.`);
    }
  }

  checkTables(section, wanted) {
    if (this.tables[section]?.count !== wanted) {
      throw new BundleError("The model's tables do not fit its channels; install it again.");
    }
  }

  /** What `parse` asks of a bundle; throws where the file names another. */
  bundleOf(digits) {
    const { fingerprint, qualities, fixedWidth, fixedHeight, kind } = this.settings;
    if (digits !== fingerprint) {
      throw new CodecError(`Another bundle, ${digits}, wrote the file; decode it with that one.`);
    }
    const fixedSize = fixedWidth ? [fixedWidth, fixedHeight] : null;
    return { qualities, fixedSize, sectionCount: SECTION_COUNTS[kind] };
  }

  maxPixels(fileBytes) {
    const { maxPixels, fixedWidth } = this.settings;
    if (maxPixels) return Math.min(maxPixels, MAX_PIXELS);
    return fixedWidth ? MAX_PIXELS : Math.min(pixelLimit(fileBytes), MAX_PIXELS);
  }
}

/** Throws where a picture is larger than a file of so many bytes may claim. */
export function checkClaim({ width, height }, fileBytes) {
  if (width * height > pixelLimit(fileBytes)) {
    throw new BitstreamError(
      `The file says ${width}×${height} pixels, more than its ${fileBytes} bytes may claim; ` +
        "if you trust it, use the tfcomp command.",
    );
  }
}
