// Reads objects of manifests as the page does: [{ image }] on standard input -> what it makes of them.

import { readFileSync } from "node:fs";
import { Grid } from "../../examples/web/js/grid.js";
import { fingerprinted, shown, specOf } from "../../examples/web/js/runtime/image_spec.js";

const answers = JSON.parse(readFileSync(0, "utf8")).map((image) => {
  try {
    const spec = specOf({ name: "given", ...(image && { image }) });
    const { channels, low, high, Samples } = spec;
    const middle = Math.floor((low + high) / 2);
    const data = Samples.from([...Array(channels).fill(low), ...Array(channels).fill(middle)]);
    const rgb = Array.from(shown(new Grid(data, 1, 2, channels), spec));
    return { hashed: fingerprinted(spec), samples: Samples.name, rgb };
  } catch (error) {
    return { refusal: error.message };
  }
});
console.log(JSON.stringify(answers));
