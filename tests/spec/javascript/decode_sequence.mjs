// Decodes the frames of a file of tests/spec/toy_bundle.py, whose networks are formulas.
//
//     node decode_sequence.mjs BUNDLE_FOLDER FILE FEATURES SCALES FRAME...
//     node decode_sequence.mjs BUNDLE_FOLDER FILE FEATURES SCALES damaged
//
// Prints JSON: the CRC-32 of the latents of the FRAMEs, decoded in that order; or the error. Of
// `damaged`: how many files that break off, or have another bit, are { tried, refused }.

import { readFileSync } from "node:fs";
import { crc32 } from "../../../examples/web/js/bitstream/crc32.js";
import {
  createDecoder,
  decodeFrame,
  openFile,
  settingsOf,
} from "../../../examples/web/js/runtime/decoder.js";
import { CodecError } from "../../../examples/web/js/errors.js";
import { ToyNetworks } from "./toy_networks.mjs";

const [folder, path, features, scales, ...frames] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const choices = { features: Number(features), scales: Number(scales), skipped: 0 };
const networks = new ToyNetworks(manifest.entropy, 1, choices);
networks.prepare = async (rows, columns, quality) => {
  networks.quality = quality;
};

function damaged(decoder, file) {
  const found = { tried: 0, refused: 0 };
  const attempt = (changed) => {
    found.tried++;
    try {
      openFile(decoder, changed);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      found.refused++;
    }
  };
  for (let length = 0; length < file.length; length++) attempt(file.subarray(0, length));
  for (let bit = 0; bit < 8 * file.length; bit++) {
    const changed = file.slice();
    changed[bit >> 3] ^= 1 << (bit & 7);
    attempt(changed);
  }
  return found;
}

try {
  const bytes = (name) => new Uint8Array(readFileSync(name));
  const tables = bytes(`${folder}/tables.npz`);
  const decoder = createDecoder({ ...settingsOf(manifest), tables, networks, maxPixels: 0 });
  const file = bytes(path);
  const opened = openFile(decoder, file);
  const crcs = [];
  if (frames[0] === "damaged") {
    console.log(JSON.stringify(damaged(decoder, file)));
    process.exit();
  }
  for (const number of frames) {
    const { latents } = await decodeFrame(decoder, opened, Number(number));
    crcs.push(crc32(new Uint8Array(Int32Array.from(latents).buffer)));
  }
  console.log(JSON.stringify(crcs));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
