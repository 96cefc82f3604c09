// Latents to the sections of a file and back, one class for each kind of entropy model; as
// tfcomp/runtime/entropy.py.
//
// Each has `Latents`, the array that its encoder fills, and, asynchronous, prepare (for pictures of
// height x width latents at a quality as networks take it), decode (a frame -> grid) and encode (grid ->
// sections).

import * as bits from "../bitstream/bit_section.js";
import * as factorized from "../bitstream/factorized_section.js";
import * as hyperprior from "../bitstream/hyperprior_sections.js";
import { BundleError } from "../errors.js";
import { createDecoder, decodeLatents, settingsOf } from "./decoder.js";
import { IntegerNetworks } from "./integer_networks.js";
import { Model } from "./litert.js";

/** manifest: of the bundle. files: what `readBundle` gives of it. */
export function entropyCoder(manifest, files) {
  const Coder = { factorized: FactorizedCoder, hyperprior: HyperpriorCoder, bits: BitCoder };
  return new Coder[manifest.entropy.kind](manifest, files);
}

class EntropyCoder {
  constructor(manifest, { tables }, networks = null) {
    this.networks = networks;
    this.decoder = createDecoder({ ...settingsOf(manifest), tables, networks });
  }

  async prepare(height, width, quality, tileSides) {
    await this.networks?.prepare(height, width, quality, tileSides);
  }

  decode(frame, tileSides) {
    return decodeLatents(this.decoder, frame, tileSides);
  }
}

/** Every channel has one table per quality; a stream per latent row. */
class FactorizedCoder extends EntropyCoder {
  Latents = Int32Array;

  async encode(latents, quality) {
    return [factorized.encodeSection(latents, quality, this.decoder.tables.latents)];
  }
}

/** Tables chosen value by value, by networks that see side information and what is decoded. */
class HyperpriorCoder extends EntropyCoder {
  Latents = Float32Array;

  constructor(manifest, files) {
    const { entropy, distortion_weights } = manifest;
    const model = new Model(files.entropy, "entropy.tflite");
    super(manifest, files, new IntegerNetworks(model, entropy));
    this.layout = { ...entropy, distortion_weights };
  }

  async encode(latents, quality) {
    const { networks, layout } = this;
    return hyperprior.encodeSections(latents, quality, networks, this.decoder.tables, layout);
  }
}

/** Latents that are bits, with tables chosen by the bits around them that are known before. */
class BitCoder extends EntropyCoder {
  Latents = Uint8Array;

  async encode(latents, quality) {
    if (latents.data.some((bit) => bit > 1)) {
      throw new BundleError("The model's encoder gives other latents than bits.");
    }
    const { tables, layout } = this.decoder;
    return [bits.encodeSection(latents, quality, tables.latents, layout)];
  }
}
