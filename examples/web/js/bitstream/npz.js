// NumPy's .npz as tfcomp writes it: a zip of uncompressed .npy vectors, int32 or float32.

import { BundleError } from "../errors.js";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_BYTES = 22; // tfcomp writes no comment after it
const ARRAYS = { "<i4": Int32Array, "<f4": Float32Array };

/** Uint8Array -> { name without .npy: Int32Array or Float32Array }. Throws BundleError. */
export function readNpz(bytes) {
  try {
    return readEntries(bytes);
  } catch (error) {
    throw new BundleError(`The model's tables.npz cannot be read (${error.message}).`);
  }
}

function readEntries(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - END_BYTES;
  if (view.getUint32(end, true) !== END_OF_DIRECTORY) throw new Error("not a plain zip");
  const arrays = {};
  let at = view.getUint32(end + 16, true);
  for (let count = view.getUint16(end + 10, true); count > 0; count--) {
    if (view.getUint32(at, true) !== DIRECTORY_ENTRY) throw new Error("damaged directory");
    if (view.getUint16(at + 10, true) !== 0) throw new Error("compressed entries");
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const name = text(bytes.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    arrays[name.replace(/\.npy$/, "")] = readNpy(bytes.slice(start, start + size));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return arrays;
}

function readNpy(bytes) {
  const headerEnd = 10 + new DataView(bytes.buffer).getUint16(8, true);
  const header = text(bytes.subarray(10, headerEnd));
  const [, type, length] =
    /'descr': '([^']+)', 'fortran_order': False, 'shape': \((\d+),\)/.exec(header) ?? [];
  const Kind = ARRAYS[type];
  if (!Kind || bytes.length - headerEnd !== 4 * Number(length)) throw new Error("unexpected array");
  return new Kind(bytes.slice(headerEnd).buffer);
}

function text(bytes) {
  return new TextDecoder("latin1").decode(bytes);
}
