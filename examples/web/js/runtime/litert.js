// LiteRT.js: the networks of a .tflite file, called with grids.
//
// They run on the processor (XNNPACK in WebAssembly), not on WebGPU: what chooses the next table of
// the range coder must be exact, and the pixels the same as everywhere else.

import { BundleError } from "../errors.js";
import { Grid } from "../grid.js";
import { withSizes } from "./tflite_sizes.js";

const FOLDER = new URL("../../vendor/litert/", import.meta.url);

let loading = null;

/** The LiteRT.js module, its WebAssembly started; threaded where the page is isolated. */
function litert() {
  loading ??= (async () => {
    const module = await import(new URL("index.js", FOLDER));
    // The threaded build is made for browsers with relaxed SIMD.
    const needed = await Promise.all(["threads", "relaxedSimd"].map(module.supportsFeature));
    const threads = self.crossOriginIsolated === true && needed.every(Boolean);
    // Emscripten looks beside the worker's own script unless it is told.
    self.Module = {
      locateFile: (name) => new URL(name, FOLDER).href,
      mainScriptUrlOrBlob: new URL("litert_wasm_threaded_internal.js", FOLDER).href,
    };
    await module.loadLiteRt(FOLDER.href, { threads });
    return module;
  })();
  return loading;
}

/** One .tflite file. Its networks are compiled for one size, and again when that changes. */
export class Model {
  constructor(bytes, name) {
    this.bytes = bytes;
    this.name = name;
    this.compiled = null;
    this.compiledFor = "";
  }

  /** Makes ready for pictures of a size; `sizes` as `withSizes` takes them. */
  async prepare(sizes) {
    const wanted = JSON.stringify(sizes);
    if (wanted === this.compiledFor) return;
    const { loadAndCompile } = await litert();
    this.compiled?.delete();
    this.compiledFor = "";
    this.compiled = await loadAndCompile(withSizes(this.bytes, sizes), { accelerator: "wasm" });
    this.compiledFor = wanted;
  }

  /** Channels of an output. */
  channels(signature, output) {
    const all = this.compiled.signatures[signature].getOutputDetails();
    return all.find(({ name }) => name === output).shape.at(-1);
  }

  /** Runs a signature on the grid `input` at a quality from 1; gives its output as a grid. */
  async run(signature, inputName, input, outputName, quality) {
    const { Tensor } = await litert();
    const { data, height, width, channels } = input;
    const inputs = {
      [inputName]: new Tensor(data, [1, height, width, channels]),
      quality: new Tensor(Int32Array.of(quality), [1]),
    };
    let outputs = {};
    try {
      outputs = await this.compiled.run(signature, inputs);
      const output = outputs[outputName];
      if (!output) throw new BundleError(`${this.name} has no output ${outputName}.`);
      return new Grid(output.toTypedArray(), ...output.type.layout.dimensions.slice(1));
    } finally {
      for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.delete();
    }
  }
}
