// The integer networks of a hyperprior: entropy.tflite at one picture's size and one quality. They
// are exact, so windows and machines all give the same; see tfcomp/entropy_kinds/hyperprior/networks.py.

import { codingPasses } from "../bitstream/coding_passes.js";
import { Grid } from "../grid.js";
import { plan, runTiled, TILE_SIDES } from "./tiles.js";

const HYPER_STRIDE = 2;
// In hyper-latents, respectively latents, to each side; two 3x3 convolutions look 2 far, one 1.
const HYPER_REACH = 2;
const PASS_REACH = 1;

export class IntegerNetworks {
  /** model: a Model of entropy.tflite. layout: the manifest's `entropy` object. */
  constructor(model, layout) {
    this.model = model;
    this.layout = layout;
  }

  /** Makes ready for pictures of height x width latents, at a quality as networks take it. */
  async prepare(height, width, quality, tileSides = TILE_SIDES) {
    this.quality = quality;
    const [hyperHeight, hyperWidth] = [height, width].map((side) => Math.ceil(side / HYPER_STRIDE));
    this.hyperPlan = plan(hyperHeight, hyperWidth, tileSides.hyper, HYPER_REACH);
    this.passPlan = plan(height, width, tileSides.pass, PASS_REACH);
    const small = [this.hyperPlan.rows.size, this.hyperPlan.columns.size];
    const large = small.map((side) => side * HYPER_STRIDE);
    const pass = [this.passPlan.rows.size, this.passPlan.columns.size];
    const sizes = {
      hyper_analysis: { latents: large, hyper_latents: small },
      hyper_synthesis: { hyper_latents: small, features: large },
    };
    codingPasses(this.layout).forEach((_, number) => {
      sizes[`pass_${number}`] = { inputs: pass, parameters: pass };
      if (this.layout.sequence) {
        sizes[`sequence_pass_${number}`] = { inputs: pass, parameters: pass };
      }
    });
    await this.model.prepare(sizes);
  }

  /** Float32Array grid of even size -> Int32Array grid of half the size. */
  hyperAnalysis(latents) {
    const height = latents.height / HYPER_STRIDE;
    const hyper = Grid.make(
      Int32Array,
      height,
      latents.width / HYPER_STRIDE,
      this.layout.hyper_channels,
    );
    const names = ["hyper_analysis", "latents", "hyper_latents"];
    return this.fill(names, this.hyperPlan, latents, HYPER_STRIDE, hyper, 1);
  }

  /** Int32Array grid -> Float32Array grid of twice the size. */
  hyperSynthesis(hyper) {
    const [height, width] = [hyper.height, hyper.width].map((side) => side * HYPER_STRIDE);
    const channels = this.model.channels("hyper_synthesis", "features");
    const features = Grid.make(Float32Array, height, width, channels);
    const names = ["hyper_synthesis", "hyper_latents", "features"];
    return this.fill(names, this.hyperPlan, hyper, 1, features, HYPER_STRIDE);
  }

  /** Features and context, one Float32Array grid -> means, then scale indices: Int32Array grid. */
  parameters(number, inputs) {
    return this.pass(`pass_${number}`, number, inputs);
  }

  /** The same of a frame that depends on the one before. */
  sequenceParameters(number, inputs) {
    return this.pass(`sequence_pass_${number}`, number, inputs);
  }

  pass(signature, number, inputs) {
    const channels = 2 * codingPasses(this.layout)[number].channels;
    const parameters = Grid.make(Int32Array, inputs.height, inputs.width, channels);
    const names = [signature, "inputs", "parameters"];
    return this.fill(names, this.passPlan, inputs, 1, parameters, 1);
  }

  async fill([signature, inputName, outputName], tiles, input, inScale, output, outScale) {
    const run = (part) => this.model.run(signature, inputName, part, outputName, this.quality);
    await runTiled(run, tiles, input, inScale, output, outScale);
    return output;
  }
}
