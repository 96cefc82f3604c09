// Latents to the sections of a file and back, one class for each kind of entropy model; as
// tfcomp/runtime/entropy.py.
//
// Each has `Latents`, the array that its encoder fills, and, for pictures of height x width latents
// at a quality from 1, the asynchronous prepare, decode (sections -> grid) and encode (grid ->
// sections).

import { BitLayout } from "../bitstream/bit_layout.js";
import * as bits from "../bitstream/bit_section.js";
import * as factorized from "../bitstream/factorized_section.js";
import * as hyperprior from "../bitstream/hyperprior_sections.js";
import { BundleError } from "../errors.js";
import { IntegerNetworks } from "./integer_networks.js";
import { Model } from "./litert.js";

/** Sections of a file, by kind of entropy model. */
export const SECTION_COUNTS = { factorized: 1, hyperprior: 2, bits: 1 };

/** manifest: of the bundle. files: what `readBundle` gives of it. */
export function entropyCoder(manifest, files) {
  const Coder = { factorized: FactorizedCoder, hyperprior: HyperpriorCoder, bits: BitCoder };
  return new Coder[manifest.entropy.kind](manifest, files);
}

/** Every channel has one table per quality; a stream per latent row. */
class FactorizedCoder {
  Latents = Int32Array;

  constructor({ channels, qualities }, { tables }) {
    this.channels = channels;
    this.tables = tables.latents;
    checkCount(this.tables, qualities * channels);
  }

  async prepare() {}

  async decode([section], quality, height, width) {
    return factorized.decodeSection(section, quality, height, width, this.channels, this.tables);
  }

  async encode(latents, quality) {
    return [factorized.encodeSection(latents, quality, this.tables)];
  }
}

/** Tables chosen value by value, by networks that see side information and what is decoded. */
class HyperpriorCoder {
  Latents = Float32Array;

  constructor({ entropy, distortion_weights }, files) {
    this.layout = { ...entropy, distortion_weights };
    this.tables = files.tables;
    this.networks = new IntegerNetworks(new Model(files.entropy, "entropy.tflite"), entropy);
  }

  async prepare(height, width, quality, tileSides) {
    await this.networks.prepare(height, width, quality, tileSides);
  }

  async decode(sections, quality, height, width) {
    const { networks, tables, layout } = this;
    return hyperprior.decodeSections(sections, quality, height, width, networks, tables, layout);
  }

  async encode(latents, quality) {
    return hyperprior.encodeSections(latents, quality, this.networks, this.tables, this.layout);
  }
}

/** Latents that are bits, with tables chosen by the bits around them that are known before. */
class BitCoder {
  Latents = Uint8Array;

  constructor({ entropy }, { tables }) {
    this.layout = new BitLayout(entropy);
    this.tables = tables.latents;
    checkCount(this.tables, this.layout.tableCount);
  }

  async prepare() {}

  async decode([section], quality, height, width) {
    return bits.decodeSection(section, quality, height, width, this.tables, this.layout);
  }

  async encode(latents, quality) {
    if (latents.data.some((bit) => bit > 1)) {
      throw new BundleError("The model's encoder gives other latents than bits.");
    }
    return [bits.encodeSection(latents, quality, this.tables, this.layout)];
  }
}

function checkCount({ count }, wanted) {
  if (count !== wanted) {
    throw new BundleError("The model's tables do not fit its channels; install it again.");
  }
}
