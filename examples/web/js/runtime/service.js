// What the page may ask of the worker.

import { installedBundles } from "./bundle.js";
import { openCodec, parseFile } from "./codec.js";

let installed = null;

function bundles() {
  installed ??= installedBundles();
  return installed;
}

export const handlers = {
  /** -> { models: [{ name, qualities, defaultQuality, fixedSize }] }, the last null or two sides */
  async models() {
    const models = (await bundles()).map(({ manifest }) => ({
      name: manifest.name,
      qualities: manifest.qualities,
      defaultQuality: manifest.default_quality,
      fixedSize: manifest.fixed_size,
    }));
    return { models };
  },

  /** A .tfcomp file -> { rgba, width, height, model, quality, times }, times in milliseconds. */
  async decode({ bytes, tileSides }) {
    const { container, bundle } = parseFile(bytes, await bundles());
    const start = performance.now();
    const codec = await openCodec(bundle);
    const load = performance.now() - start;
    const { times, ...picture } = await codec.decode(container, tileSides);
    const { name: model } = bundle.manifest;
    return { ...picture, model, quality: container.quality, times: { load, ...times } };
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
