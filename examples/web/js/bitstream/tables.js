// The range coder's frozen tables, from tables.npz; see tfcomp/bitstream/tables.py.

import { BundleError } from "../errors.js";
import { readNpz } from "./npz.js";

const MAX_PRECISION = 16;

/**
 * N cumulative distributions. All arrays are Int32Arrays.
 *
 * cdf: the tables one after another, each [-precision, 0, c1, ..., 2^precision]; the last interval
 *   after a negative precision is the escape symbol.
 * offset [N]: the coder's symbol is value - offset[index].
 * first [N]: where in `cdf` the 0 of a table is. intervals [N]. precision [N].
 * escapes [N]: 1 where the last interval is the escape symbol.
 */
export class CdfTables {
  constructor(cdf, offset) {
    const starts = tableStarts(cdf);
    this.count = starts.length - 1;
    if (offset.length !== this.count) {
      throw new BundleError("The model's tables do not fit together; install it again.");
    }
    this.cdf = cdf;
    this.offset = offset;
    const each = (make) => Int32Array.from(starts.slice(0, -1), make);
    this.first = each((start) => start + 1);
    this.intervals = each((start, k) => starts[k + 1] - start - 2);
    this.precision = each((start) => Math.abs(cdf[start]));
    this.escapes = each((start) => (cdf[start] < 0 ? 1 : 0));
  }
}

/** The bytes of tables.npz -> { section name: CdfTables }. */
export function loadTables(bytes) {
  const arrays = readNpz(bytes);
  const sections = {};
  for (const key of Object.keys(arrays).filter((name) => name.endsWith("/cdf"))) {
    const prefix = key.slice(0, -"/cdf".length);
    const offset = arrays[`${prefix}/cdf_offset`];
    if (!offset) throw new BundleError(`The model's tables lack ${prefix}/cdf_offset.`);
    sections[prefix] = new CdfTables(arrays[key], offset);
  }
  return sections;
}

function tableStarts(cdf) {
  const starts = [0];
  while (starts.at(-1) < cdf.length) {
    const start = starts.at(-1);
    const precision = Math.abs(cdf[start]);
    const end = cdf.indexOf(2 ** precision, start + 2);
    if (precision < 1 || precision > MAX_PRECISION || cdf[start + 1] !== 0 || end < 0) {
      throw new BundleError(`Table ${starts.length - 1} of the model is no distribution.`);
    }
    for (let k = start + 2; k <= end; k++) {
      if (cdf[k] <= cdf[k - 1]) {
        throw new BundleError(`Table ${starts.length - 1} of the model does not rise.`);
      }
    }
    starts.push(end + 1);
  }
  return starts;
}
