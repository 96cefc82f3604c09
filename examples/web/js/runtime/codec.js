// The codec, to be read from top to bottom; as tfcomp/runtime/codec.py.
//
// encode: RGBA -> padding -> encoder network -> latents -> sections -> file
// decode: file -> sections -> latents -> decoder network -> crop -> RGBA, or samples of other pictures

import { decodeAlpha, encodeAlpha } from "../bitstream/alpha_png.js";
import { stillOf } from "../bitstream/picture_file.js";
import { readFile } from "../bitstream/picture_reader.js";
import { writeFile } from "../bitstream/picture_writer.js";
import { networkQuality } from "../bitstream/quality_levels.js";
import { BitstreamError, CodecError } from "../errors.js";
import { Grid } from "../grid.js";
import { findByFingerprint, readBundle, readEncoder } from "./bundle.js";
import { checkClaim, checkPadding, shownQuality } from "./decoder.js";
import { entropyCoder } from "./entropy.js";
import { shown as shownSamples, specOf } from "./image_spec.js";
import { Model } from "./litert.js";
import { alphaOf, isGrey, makeGrey, putAlpha } from "./pixels.js";
import { plan, runTiled, TILE_SIDES } from "./tiles.js";
import { smoothUnseen } from "./unseen_colours.js";

/** What a browser's memory takes, of all frames together; the format itself allows more. */
export const MAX_PIXELS = 40_000_000;

const codecs = new Map();

/** The codec of an installed bundle, opened once. */
export async function openCodec(installed) {
  const { fingerprint } = installed.manifest;
  if (!codecs.has(fingerprint)) {
    codecs.set(fingerprint, new Codec(installed, await readBundle(installed)));
  }
  return codecs.get(fingerprint);
}

/** Whether `openCodec` need fetch nothing any more. */
export function isOpen({ manifest }) {
  return codecs.has(manifest.fingerprint);
}

/**
 * Checks a file and takes it apart; gives { picture, bundle }, the first as picture_file.js says.
 *
 * partial: whether a file that breaks off is read as far as it goes.
 */
export function parseFile(bytes, bundles, { partial = false } = {}) {
  const found = new Map();
  const lookup = (digits) => {
    if (!found.has(digits)) found.set(digits, findByFingerprint(bundles, digits));
    return found.get(digits);
  };
  const picture = readFile(bytes, lookup, { maxPixels: MAX_PIXELS, partial });
  const [bundle, ...others] = found.values();
  if (others.length) {
    throw new BitstreamError("The file has frames of several models; get an undamaged copy of it.");
  }
  const [frame] = picture.frames;
  if (!bundle.fixedSize) checkClaim(frame, bytes.length, picture.frames.length);
  checkPadding(frame, bundle.manifest.stride, MAX_PIXELS);
  return { picture, bundle };
}

export class Codec {
  /** installed: one of `installedBundles`. files: what `readBundle` gives of it. */
  constructor(installed, files) {
    const { manifest } = installed;
    this.installed = installed;
    this.manifest = manifest;
    this.spec = specOf(manifest);
    this.encoder = null; // downloaded when first needed
    this.decoder = new Model(files.decoder, "decoder.tflite");
    this.entropy = entropyCoder(manifest, files);
  }

  /**
   * A frame of a picture -> { rgba, width, height, times, samples, channels }.
   *
   * samples: null of 8-bit RGB and grey; else a Uint8Array, Uint16Array or Float32Array [height,
   *   width, channels] of the model's own samples, of which RGBA only shows something.
   * tileSides: as TILE_SIDES. times: milliseconds of { prepare, entropy, network }: fitting the
   *   networks to the size, the range decoder with its integer networks, the decoder network.
   */
  async decode(frame, tileSides = TILE_SIDES) {
    const { stride, reach, decoder_reach: decoderReach } = this.manifest;
    const { width, height, grey, alpha } = frame;
    const quality = networkQuality(frame.images[0], this.manifest.entropy.quality_steps);
    const [rows, columns] = [Math.ceil(height / stride), Math.ceil(width / stride)];
    const watch = new Stopwatch();
    const tiles = plan(rows, columns, tileSides.image, decoderReach ?? reach ?? null);
    const size = [tiles.rows.size, tiles.columns.size];
    const pixelSize = size.map((side) => side * stride);
    await this.decoder.prepare({ decode: { latents: size, image: pixelSize } });
    // Tiles are prepared for one by one.
    if (!frame.tileSide) await this.entropy.prepare(rows, columns, quality, tileSides);
    watch.lap("prepare");
    const latents = await this.entropy.decode(frame, tileSides);
    watch.lap("entropy");
    const { spec } = this;
    const { channels, NetworkSamples } = spec;
    const pixels = Grid.make(NetworkSamples, rows * stride, columns * stride, channels);
    const shown = shownQuality(this.entropy.decoder, frame);
    const run = (part) => this.decoder.run("decode", "latents", part.int32(), "image", shown);
    await runTiled(run, tiles, latents, 1, pixels, stride);
    const whole = spec.isRgb8 ? pixels : pixels.cut(0, 0, height, width);
    const samples = spec.isScreen ? null : spec.Samples.from(whole.data);
    const rgb = spec.isRgb8 ? pixels : new Grid(shownSamples(whole, spec), height, width, 3);
    const rgba = croppedRgba(rgb, height, width);
    if (grey && spec.isRgb8) makeGrey(rgba);
    if (alpha) putAlpha(rgba, await decodeAlpha(alpha.png, width, height), alpha.premultiplied);
    watch.lap("network");
    return { rgba, width, height, times: watch.times, samples, channels };
  }

  /**
   * RGBA pixels -> the bytes of a .tfcomp file, of format version 1 where they are opaque and not
   * grey.
   */
  async encode(rgba, width, height, quality, tileSides = TILE_SIDES) {
    const { stride, fingerprint, fixed_size: fixedSize } = this.manifest;
    checkPicture(width, height, this.manifest);
    if (!this.spec.isRgb8) {
      throw new CodecError(
        `Model ${this.manifest.name} takes no pictures of a screen; use tfcomp in Python.`,
      );
    }
    const alpha = alphaOf(rgba);
    const seen = alpha ? rgba.slice() : rgba;
    if (alpha) smoothUnseen(seen, width, height);
    const pixels = paddedRgb(seen, height, width, stride);
    const [rows, columns] = [pixels.height / stride, pixels.width / stride];
    const tiles = plan(rows, columns, tileSides.image, this.manifest.reach ?? null);
    const size = [tiles.rows.size, tiles.columns.size];
    const pixelSize = size.map((side) => side * stride);
    this.encoder ??= new Model(await readEncoder(this.installed), "encoder.tflite");
    await this.encoder.prepare({ encode: { image: pixelSize, latents: size } });
    const own = networkQuality({ quality }, this.manifest.entropy.quality_steps);
    await this.entropy.prepare(rows, columns, own, tileSides);
    const latents = Grid.make(this.entropy.Latents, rows, columns, this.manifest.channels);
    const run = (part) => this.encoder.run("encode", "image", part, "latents", own);
    await runTiled(run, tiles, pixels, stride, latents, 1);
    const sections = await this.entropy.encode(latents, quality);
    const image = { fingerprint: fingerprint.slice(0, 8), quality, width, height, sections };
    const png = alpha && (await encodeAlpha(alpha, width, height));
    const still = stillOf(image, png && { png, premultiplied: false });
    still.frames[0].grey = isGrey(seen);
    return writeFile(still, Boolean(fixedSize));
  }
}

class Stopwatch {
  constructor() {
    this.times = {};
    this.since = performance.now();
  }

  lap(name) {
    const now = performance.now();
    this.times[name] = now - this.since;
    this.since = now;
  }
}

function checkPicture(width, height, manifest) {
  const fixed = manifest.fixed_size;
  if (fixed && (fixed[0] !== width || fixed[1] !== height)) {
    throw new CodecError(
      `Model ${manifest.name} takes pictures of ${fixed.join("×")} pixels only, not ` +
        `${width}×${height}; crop or resize the picture, or choose another model.`,
    );
  }
  if (width * height > MAX_PIXELS) {
    throw new CodecError(
      `A picture of ${width}×${height} pixels is too large for this page, which takes ` +
        `${MAX_PIXELS / 1e6} megapixels; use the tfcomp command.`,
    );
  }
  checkPadding({ width, height }, manifest.stride, MAX_PIXELS);
}

/** RGBA -> a Uint8Array grid of RGB, its last row and column repeated up to whole strides. */
function paddedRgb(rgba, height, width, stride) {
  const rgb = Grid.make(Uint8Array, height, width, 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb.data[to] = rgba[from];
    rgb.data[to + 1] = rgba[from + 1];
    rgb.data[to + 2] = rgba[from + 2];
  }
  return rgb.extended(Math.ceil(height / stride) * stride, Math.ceil(width / stride) * stride);
}

function croppedRgba({ data, width: stored }, height, width) {
  const rgba = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let y = 0, to = 0; y < height; y++) {
    for (let from = y * stored * 3, end = from + width * 3; from < end; from += 3, to += 4) {
      rgba[to] = data[from];
      rgba[to + 1] = data[from + 1];
      rgba[to + 2] = data[from + 2];
    }
  }
  return rgba;
}
