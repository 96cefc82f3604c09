// NumPy's .npz as tfcomp writes it: a zip of uncompressed .npy vectors, int32 or float32.
//
// The headers before the entries and the directory at the end must say the same, and nothing may
// lie between, so that readers of the one and of the other see the same tables.

import { BundleError } from "../errors.js";
import { crc32 } from "./crc32.js";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const HEADER_BYTES = 30;
const NPY_START = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // "NUMPY", version 1.0
const NPY_PROLOGUE = 10;
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
  const u16 = (at) => view.getUint16(at, true);
  const u32 = (at) => view.getUint32(at, true);
  const end = bytes.length - END_BYTES;
  const count = u16(end + 10);
  const directory = u32(end + 16);
  const plain = u32(end) === END_OF_DIRECTORY && u32(end + 4) === 0 && u16(end + 8) === count;
  if (!plain || u16(end + 20) !== 0 || directory + u32(end + 12) !== end) {
    throw new Error("not a plain zip");
  }
  const arrays = {};
  let at = 0;
  let listed = directory;
  for (let number = 0; number < count; number++) {
    if (u32(at) !== LOCAL_HEADER || u32(listed) !== DIRECTORY_ENTRY || u32(listed + 42) !== at) {
      throw new Error("damaged directory");
    }
    const nameLength = u16(at + 26);
    const size = u32(at + 18);
    // No flags, not compressed, and nothing but a name.
    const simple = [at + 6, listed + 8, listed + 30].every((field) => u32(field) === 0);
    if (!simple || u16(at + 28) !== 0 || u16(listed + 34) !== 0) throw new Error("unusual entries");
    const sizes = [at + 22, listed + 20, listed + 24].every((field) => u32(field) === size);
    const name = text(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + nameLength));
    const same = text(bytes.subarray(listed + ENTRY_BYTES, listed + ENTRY_BYTES + nameLength));
    const checksum = u32(at + 14);
    if (!sizes || u16(listed + 28) !== nameLength || name !== same || name in arrays) {
      throw new Error("an entry that is described twice");
    }
    const start = at + HEADER_BYTES + nameLength;
    at = start + size;
    listed += ENTRY_BYTES + nameLength;
    if (at > directory || listed > end) throw new Error("an entry outside the file");
    const content = bytes.slice(start, at);
    if (u32(listed - ENTRY_BYTES - nameLength + 16) !== checksum || crc32(content) !== checksum) {
      throw new Error("a damaged entry");
    }
    arrays[name] = readNpy(content);
  }
  if (at !== directory || listed !== end) throw new Error("bytes that belong to no entry");
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name.replace(/\.npy$/, ""), array]),
  );
}

/** A vector, of a file exactly as NumPy writes it: other headers could be read in another way. */
function readNpy(bytes) {
  const view = new DataView(bytes.buffer);
  if (!NPY_START.every((byte, k) => bytes[k] === byte)) throw new Error("unexpected array");
  const headerEnd = NPY_PROLOGUE + view.getUint16(NPY_START.length, true);
  const header = text(bytes.subarray(NPY_PROLOGUE, headerEnd));
  const [, type, length] =
    /^\{'descr': '(<i4|<f4)', 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,8}),\), \} *\n$/.exec(
      header,
    ) ?? [];
  const Kind = ARRAYS[type];
  if (!Kind || bytes.length - headerEnd !== 4 * Number(length)) throw new Error("unexpected array");
  return new Kind(bytes.slice(headerEnd).buffer);
}

function text(bytes) {
  return new TextDecoder("latin1").decode(bytes);
}
