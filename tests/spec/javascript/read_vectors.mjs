// Holds the page's JavaScript against a file of test vectors.
//
//     node read_vectors.mjs spec/vectors/bits.txt
//
// Prints JSON: how many checks were made of each sort; what failed; and, of each refusal, the kind
// that must be meant and the message.

import { basename } from "node:path";
import { CodecError } from "../../../examples/web/js/errors.js";
import { READS, WRITES } from "./answers.mjs";
import { checksOf } from "./vector_file.mjs";

const IN_HEXADECIMAL = new Set([
  ...["bytes", "hyper_bytes", "streams", "contents", "metadata", "alphas"],
]);
const path = process.argv[2];
const name = basename(path, ".txt");
const report = {
  does: [...(READS[name] ? ["read"] : []), ...(WRITES[name] ? ["write"] : [])],
  made: { read: 0, write: 0, refuse: 0 },
  failures: [],
  refusals: [],
};

for (const check of checksOf(path, name)) {
  if (check.reads && READS[name]) await hold(check, "read", READS[name]);
  if (check.writes && WRITES[name]) await hold(check, "write", WRITES[name]);
  if (check.what === "refuse" && READS[name]) await mustRefuse(check);
}
console.log(JSON.stringify(report));

async function hold(check, what, answer) {
  try {
    for (const [word, found] of Object.entries(await answer(check))) {
      const isBytes = IN_HEXADECIMAL.has(word);
      const expected = isBytes ? check.digits(word) : check.numbers(word).join();
      const said = isBytes ? Buffer.from(found).toString("hex") : found.join();
      if (said !== expected) report.failures.push(`${check.where}: to ${what} gives another ${word}`);
    }
  } catch (error) {
    report.failures.push(`${check.where}: to ${what}: ${error.message}`);
  }
  report.made[what]++;
}

async function mustRefuse(check) {
  report.made.refuse++;
  try {
    await READS[name](check);
    report.failures.push(`${check.where}: read, but must be refused`);
  } catch (error) {
    if (!(error instanceof CodecError)) report.failures.push(`${check.where}: ${error.message}`);
    else report.refusals.push([check.where, check.kind, error.message]);
  }
}
