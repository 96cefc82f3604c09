// Writes the picture's size into a .tflite file.
//
// The bundle's networks take any height and width: their tensors say [1, -1, -1, C]. LiteRT.js
// 2.5 makes its buffers from what the file says and can't resize, so it is given a copy of the
// file that says the size. Only numbers change, in place; the networks stay the same.
//
// A .tflite file is a FlatBuffer: a table is found through a relative offset, and its fields
// through the table's own list of offsets. The field numbers are those of TensorFlow Lite's
// schema.fbs.

import { BundleError } from "../errors.js";

const MODEL = { subgraphs: 2, signatures: 7 };
const SUBGRAPH = { tensors: 0 };
const SIGNATURE = { inputs: 0, outputs: 1, key: 2, subgraph: 4 };
const TENSOR_MAP = { name: 0, tensor: 1 };
const TENSOR = { shape: 0, shapeSignature: 7 };

/**
 * A copy of a .tflite file (Uint8Array) for pictures of one size.
 *
 * sizes: { signature: { tensor: [height, width] } }, of inputs and outputs of shape
 *   [1, height, width, channels].
 */
export function withSizes(bytes, sizes) {
  const copy = bytes.slice();
  const buffer = new FlatBuffer(copy);
  const model = buffer.follow(0);
  const subgraphs = buffer.vector(model, MODEL.subgraphs);
  const signatures = buffer.vector(model, MODEL.signatures).map((at) => buffer.follow(at));
  for (const [key, tensorSizes] of Object.entries(sizes)) {
    const signature = signatures.find((table) => buffer.text(table, SIGNATURE.key) === key);
    if (!signature) throw new BundleError(`A network of the model has no signature ${key}.`);
    const subgraph = buffer.follow(subgraphs[buffer.number(signature, SIGNATURE.subgraph)]);
    const tensors = buffer.vector(subgraph, SUBGRAPH.tensors);
    const named = new Map();
    for (const field of [SIGNATURE.inputs, SIGNATURE.outputs]) {
      for (const at of buffer.vector(signature, field)) {
        const map = buffer.follow(at);
        const tensor = tensors[buffer.number(map, TENSOR_MAP.tensor)];
        named.set(buffer.text(map, TENSOR_MAP.name), buffer.follow(tensor));
      }
    }
    for (const [name, size] of Object.entries(tensorSizes)) {
      if (!named.has(name)) throw new BundleError(`Signature ${key} has no tensor ${name}.`);
      for (const field of [TENSOR.shape, TENSOR.shapeSignature]) {
        const places = buffer.vector(named.get(name), field);
        if (places.length) size.forEach((side, k) => buffer.write(places[1 + k], side));
      }
    }
  }
  return copy;
}

class FlatBuffer {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Where the offset stored at `at` leads. */
  follow(at) {
    return at + this.view.getUint32(at, true);
  }

  /** Where field `number` of a table is; null where it is left out. */
  field(table, number) {
    const offsets = table - this.view.getInt32(table, true);
    const at = 4 + 2 * number;
    if (at >= this.view.getUint16(offsets, true)) return null;
    const distance = this.view.getUint16(offsets + at, true);
    return distance ? table + distance : null;
  }

  /** Where the elements, of 4 bytes each, of a field that is a vector are. */
  vector(table, number) {
    const field = this.field(table, number);
    if (field === null) return [];
    const start = this.follow(field);
    const length = this.view.getUint32(start, true);
    return Array.from({ length }, (_, k) => start + 4 + 4 * k);
  }

  text(table, number) {
    const start = this.follow(this.field(table, number));
    const length = this.view.getUint32(start, true);
    return new TextDecoder().decode(this.bytes.subarray(start + 4, start + 4 + length));
  }

  number(table, number) {
    const field = this.field(table, number);
    return field === null ? 0 : this.view.getUint32(field, true);
  }

  write(at, value) {
    this.view.setInt32(at, value, true);
  }
}
