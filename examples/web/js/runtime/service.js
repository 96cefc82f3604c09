// What the page may ask of the worker.

import { BitstreamError } from "../errors.js";
import { installedBundles } from "./bundle.js";
import { isOpen, openCodec, parseFile } from "./codec.js";
import { specOf } from "./image_spec.js";
import { nextLook, progressOf } from "./progressive.js";

let installed = null;
let opened = null; // the file that `decode` was asked of last: { picture, codec, tileSides }

function bundles() {
  installed ??= installedBundles();
  return installed;
}

/** A file as far as it goes, where it breaks off; else why it is refused. */
function parseWhatIsThere(bytes, held, partial) {
  try {
    return parseFile(bytes, held);
  } catch (error) {
    if (!partial || !(error instanceof BitstreamError)) throw error;
    try {
      return parseFile(bytes, held, { partial: true });
    } catch {
      throw error; // says more of what is wrong
    }
  }
}

export const handlers = {
  /**
   * -> { models: [{ name, qualities, defaultQuality, fixedSize }] }, the last null or two sides:
   * those that take pictures of a screen.
   */
  async models() {
    const fitting = (await bundles()).filter(({ manifest }) => specOf(manifest).isRgb8);
    const models = fitting.map(({ manifest }) => ({
      name: manifest.name,
      qualities: manifest.qualities,
      defaultQuality: manifest.default_quality,
      fixedSize: manifest.fixed_size,
    }));
    return { models };
  },

  /**
   * A .tfcomp file -> { rgba, width, height, samples, channels, model, quality, times, holds }: its
   * first frame (samples: see codec.js), times in milliseconds.
   *
   * partial: whether a file that breaks off is decoded as far as it goes. holds: { version, whole,
   *   grey, alpha (whether it has one), tiles, loops (null of a still), durations (milliseconds of
   *   each frame), iccProfile, exif, xmp (their lengths in bytes) }.
   */
  async decode({ bytes, tileSides, partial = false }) {
    const { picture, bundle } = parseWhatIsThere(bytes, await bundles(), partial);
    const start = performance.now();
    const codec = await openCodec(bundle);
    const load = performance.now() - start;
    const [first] = picture.frames;
    const { times, ...pixels } = await codec.decode(first, tileSides);
    opened = { picture, codec, tileSides };
    const { quality, fraction = 0 } = first.images[0];
    const { name: model } = bundle.manifest;
    const more = { model, quality: quality + fraction / 32, holds: holdsOf(picture) };
    return { ...pixels, ...more, times: { load, ...times } };
  },

  /**
   * The first bytes of a file -> { lookAt, picture, steps }: how many bytes there should be before
   * this is asked again; { rgba, width, height }; and how many { done, of } steps it is made of. No
   * picture where there are not more steps than `done`, or where the model had to be fetched first
   * and more of the file may have come since.
   */
  async preview({ bytes, done, tileSides }) {
    try {
      const { picture, bundle } = parseFile(bytes, await bundles(), { partial: true });
      if (!isOpen(bundle)) {
        await openCodec(bundle);
        return { lookAt: 0 };
      }
      const codec = await openCodec(bundle);
      const [frame] = picture.frames;
      const { missing, ...steps } = progressOf(codec.entropy.decoder, frame);
      const lookAt = nextLook(bytes.length, missing);
      if (steps.done <= done) return { lookAt };
      const { rgba, width, height } = await codec.decode(frame, tileSides);
      return { lookAt, steps, picture: { rgba, width, height } };
    } catch (error) {
      if (!(error instanceof BitstreamError)) throw error;
      return { lookAt: nextLook(bytes.length) }; // too little, as yet
    }
  },

  /** A further frame of the file that `decode` was given last, from 0 -> { rgba, width, height }. */
  async frame({ number }) {
    const { picture, codec, tileSides } = opened;
    const { rgba, width, height } = await codec.decode(picture.frames[number], tileSides);
    return { rgba, width, height };
  },

  /** RGBA pixels -> { bytes, time }: the .tfcomp file, and the milliseconds it took. */
  async encode({ rgba, width, height, model, quality, tileSides }) {
    const bundle = (await bundles()).find(({ manifest }) => manifest.name === model);
    const codec = await openCodec(bundle);
    const start = performance.now();
    const bytes = await codec.encode(rgba, width, height, quality, tileSides);
    return { bytes, time: performance.now() - start };
  },
};

function holdsOf({ frames, loops, version, whole, iccProfile, exif, xmp }) {
  const [{ grey, images, tileSide }] = frames;
  return {
    version,
    whole,
    grey,
    alpha: frames.some(({ alpha }) => alpha),
    tiles: tileSide ? images.length : 0,
    loops,
    durations: frames.map(({ duration }) => duration),
    iccProfile: iccProfile?.length ?? 0,
    exif: exif?.length ?? 0,
    xmp: xmp?.length ?? 0,
  };
}
