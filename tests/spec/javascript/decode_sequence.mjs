// Decodes the frames of a file of tests/spec/toy_bundle.py, whose networks are formulas.
//
//     node decode_sequence.mjs BUNDLE_FOLDER FILE FEATURES SCALES FRAME...
//
// Prints JSON: the CRC-32 of the latents of the FRAMEs, decoded in that order; or the error.

import { readFileSync } from "node:fs";
import { crc32 } from "../../../examples/web/js/bitstream/crc32.js";
import {
  createDecoder,
  decodeFrame,
  openFile,
  settingsOf,
} from "../../../examples/web/js/runtime/decoder.js";
import { ToyNetworks } from "./toy_networks.mjs";

const [folder, path, features, scales, ...frames] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const choices = { features: Number(features), scales: Number(scales), skipped: 0 };
const networks = new ToyNetworks(manifest.entropy, 1, choices);
networks.prepare = async (rows, columns, quality) => {
  networks.quality = quality;
};

try {
  const bytes = (name) => new Uint8Array(readFileSync(name));
  const tables = bytes(`${folder}/tables.npz`);
  const decoder = createDecoder({ ...settingsOf(manifest), tables, networks, maxPixels: 0 });
  const opened = openFile(decoder, bytes(path));
  const crcs = [];
  for (const number of frames) {
    const { latents } = await decodeFrame(decoder, opened, Number(number));
    crcs.push(crc32(new Uint8Array(Int32Array.from(latents).buffer)));
  }
  console.log(JSON.stringify(crcs));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
