// Networks of a hyperprior that are formulas, the same as in tests/spec/toy_networks.py.

import { codingPasses } from "../../../examples/web/js/bitstream/coding_passes.js";
import { Grid } from "../../../examples/web/js/grid.js";

const mod = (value, divisor) => ((value % divisor) + divisor) % divisor;

/**
 * What `decodeSections` and `encodeSections` ask of networks.
 *
 * layout: the manifest's `entropy` object. features, skipped, scales: numbers. hyperLatents: what
 * hyperAnalysis gives whatever it sees, a grid.
 */
export class ToyNetworks {
  constructor(layout, quality, { features, skipped, scales, hyperLatents }) {
    this.passes = codingPasses(layout);
    Object.assign(this, { quality, features, skipped, scales, hyperLatents });
  }

  async hyperAnalysis() {
    return this.hyperLatents;
  }

  async hyperSynthesis({ data, height, width, channels }) {
    const made = Grid.make(Float32Array, 2 * height, 2 * width, this.features);
    for (let row = 0, to = 0; row < 2 * height; row++) {
      for (let column = 0; column < 2 * width; column++) {
        const from = ((row >> 1) * width + (column >> 1)) * channels;
        let sum = 5 * (row % 2) + 7 * (column % 2) + this.quality;
        for (let k = 0; k < channels; k++) sum += data[from + k] * (k + 1);
        for (let k = 0; k < this.features; k++) made.data[to++] = mod(sum + 3 * k, 17) - 8;
      }
    }
    return made;
  }

  /** Looks at a place and at those on its left and above it; see toy_networks.py. */
  async sequenceParameters(number, { data, height, width, channels: depth }) {
    const { channels } = this.passes[number];
    const near = depth - 3 * channels;
    const made = Grid.make(Int32Array, height, width, 2 * channels);
    const weighted = (row, column) => {
      const from = (Math.max(row, 0) * width + Math.max(column, 0)) * depth;
      let sum = 0;
      for (let k = 0; k < near; k++) sum += data[from + k] * (((7 * k + 3 * number + 1) % 5) - 2);
      return sum;
    };
    for (let row = 0, to = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const sum = weighted(row, column) + weighted(row, column - 1) + weighted(row - 1, column);
        const own = (row * width + column) * depth + near;
        for (let k = 0; k < channels; k++) {
          made.data[to++] =
            data[own + 2 * channels + k] + mod(data[own + k] + sum + this.quality, 7) - 3;
        }
        for (let k = 0; k < channels; k++) {
          const scale = mod(data[own + channels + k] + sum, this.scales + this.skipped);
          made.data[to++] = Math.max(scale - this.skipped, 0);
        }
      }
    }
    return made;
  }

  /** Looks at a place and at those on its left, above it and at the corner between. */
  async parameters(number, { data, height, width, channels: depth }) {
    const { channels } = this.passes[number];
    const made = Grid.make(Int32Array, height, width, 2 * channels);
    const weighted = (row, column) => {
      const from = (Math.max(row, 0) * width + Math.max(column, 0)) * depth;
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += data[from + k] * (((7 * k + 3 * number + 1) % 5) - 2);
      return sum;
    };
    for (let row = 0, to = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const above = weighted(row - 1, column) + weighted(row - 1, column - 1);
        const sum = weighted(row, column) + weighted(row, column - 1) + above;
        for (let k = 0; k < channels; k++) {
          made.data[to++] = mod(sum + 11 * k + this.quality, 41) - 20;
        }
        for (let k = 0; k < channels; k++) {
          const scale = mod(3 * sum + 5 * k + number, this.scales + this.skipped);
          made.data[to++] = Math.max(scale - this.skipped, 0);
        }
      }
    }
    return made;
  }
}
