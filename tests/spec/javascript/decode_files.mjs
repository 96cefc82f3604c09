// Decodes whole files with decodeFile, as a program without a page would.
//
//     node decode_files.mjs BUNDLE_FOLDER FILE [MAX_PIXELS [FRAME [partial]]]
//
// Prints JSON: the header, and the image with the CRC-32 of its latents; or the error. With a FRAME,
// from 0, it is decoded with openFile and decodeFrame, of what there is of the file if `partial`.

import { readFileSync } from "node:fs";
import { crc32 } from "../../../examples/web/js/bitstream/crc32.js";
import {
  createDecoder,
  decodeFile,
  decodeFrame,
  FORMAT_VERSION,
  openFile,
  readHeader,
  settingsOf,
} from "../../../examples/web/js/runtime/decoder.js";

const [folder, path, maxPixels, number, partial] = process.argv.slice(2);
const bytes = (name) => new Uint8Array(readFileSync(name));
const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
const tables = bytes(`${folder}/tables.npz`);

try {
  const file = bytes(path);
  const settings = { ...settingsOf(manifest), tables, maxPixels: Number(maxPixels ?? 0) };
  const decoder = createDecoder(settings);
  const opened = number && openFile(decoder, file, { partial: partial === "partial" });
  const decoded = await (opened
    ? decodeFrame(decoder, opened, Number(number))
    : decodeFile(decoder, file));
  const { latents, ...image } = decoded;
  const crc = crc32(new Uint8Array(Int32Array.from(latents).buffer)); // little-endian, as all are
  const header = opened?.whole === false ? null : readHeader(file);
  console.log(JSON.stringify({ header, image, crc, FORMAT_VERSION }));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
