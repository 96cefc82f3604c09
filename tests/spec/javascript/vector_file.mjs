// Reads test vectors; spec/vectors/README.md describes them.

import { readFileSync } from "node:fs";
import { CdfTables } from "../../../examples/web/js/bitstream/tables.js";

/** What must hold for the lines in force; as tests/spec/vector_file.py. */
export class Check {
  constructor(what, kind, lines, where) {
    Object.assign(this, { what, kind, lines, where });
  }

  get reads() {
    return this.what === "both" || this.what === "read";
  }

  get writes() {
    return this.what === "both" || this.what === "write";
  }

  numbers(word) {
    const found = this.lines.get(word);
    if (found === undefined) throw new Error(`${this.where}: no line ${word}`);
    return found === "" ? [] : found.split(" ").map(Number);
  }

  number(word) {
    return this.numbers(word)[0];
  }

  int32(word) {
    return Int32Array.from(this.numbers(word));
  }

  digits(word) {
    return this.lines.get(word);
  }

  bytes(word = "bytes") {
    return Uint8Array.from(Buffer.from(this.digits(word), "hex"));
  }

  floats(word) {
    return new Float32Array(this.bytes(word).buffer);
  }

  tables(prefix = "") {
    return new CdfTables(this.int32(`${prefix}cdf`), this.int32(`${prefix}offsets`));
  }
}

/** Every check of a file, in order. */
export function checksOf(path, name) {
  const checks = [];
  let held = new Map();
  readFileSync(path, "ascii").split("\n").forEach((line, k) => {
    if (line === "" || line.startsWith("#")) return;
    const word = line.split(" ", 1)[0];
    const rest = line.slice(word.length + 1);
    if (word === "case") held = new Map([[word, rest]]);
    else if (word !== "check") held.set(word, rest);
    else {
      const [what, kind] = rest.split(" ");
      const where = `spec/vectors/${name}.txt:${k + 1} (${held.get("case")})`;
      checks.push(new Check(what, kind, new Map(held), where));
    }
  });
  return checks;
}
