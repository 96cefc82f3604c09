// Decodes whole files with decodeFile, as a program without a page would.
//
//     node decode_files.mjs BUNDLE_FOLDER FILE [MAX_PIXELS]
//
// Prints JSON: the header, and the image with the CRC-32 of its latents; or the error.

import { readFileSync } from "node:fs";
import { crc32 } from "../../../examples/web/js/bitstream/crc32.js";
import {
  createDecoder,
  decodeFile,
  FORMAT_VERSION,
  readHeader,
  settingsOf,
} from "../../../examples/web/js/runtime/decoder.js";

const [folder, path, maxPixels] = process.argv.slice(2);
const bytes = (name) => new Uint8Array(readFileSync(name));
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const tables = bytes(`${folder}/tables.npz`);

try {
  const file = bytes(path);
  const settings = { ...settingsOf(manifest), tables, maxPixels: Number(maxPixels ?? 0) };
  const decoder = createDecoder(settings);
  const { latents, ...image } = await decodeFile(decoder, file);
  const crc = crc32(new Uint8Array(Int32Array.from(latents).buffer)); // little-endian, as all are
  console.log(JSON.stringify({ header: readHeader(file), image, crc, FORMAT_VERSION }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
