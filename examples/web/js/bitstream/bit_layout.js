// What a bundle fixes about a code made of bits: tfcomp/entropy_kinds/bits/layout.py.

import { BundleError } from "../errors.js";
import { codingPasses } from "./coding_passes.js";

const NOTHING = -1; // a context bit that is always 0

export class BitLayout {
  /** entropy: the manifest's object of that name. */
  constructor(entropy) {
    this.entropy = entropy;
    this.channels = entropy.groups.reduce((sum, group) => sum + group, 0);
    this.rowsPerStream = entropy.rows_per_stream;
    /** For each channel of each pass the places of its context. */
    this.contexts = entropy.contexts.map((line) => line.split(" ").map(Number));
    this.contextBits = this.contexts[0].length;
    const seen = codingPasses(entropy).flatMap((step) => Array(step.channels).fill(step.seen));
    const sound =
      seen.length === this.contexts.length &&
      this.contexts.every(
        (context, k) =>
          context.length === this.contextBits &&
          context.every((place) => NOTHING <= place && place < 9 * seen[k]),
      );
    if (!sound) throw new BundleError("The model's contexts do not fit its passes.");
  }

  /** How many tables the section needs. */
  get tableCount() {
    return this.contexts.length * 2 ** this.contextBits;
  }

  /**
   * What a quality, counted from 1, codes: passes cut to the channels that it sends, each with
   * `first`, the number of its first channel among all passes' channels.
   */
  passesOf(quality) {
    const found = [];
    let first = 0;
    for (const step of codingPasses(this.entropy)) {
      const channels = Math.min(step.channels, this.entropy.sent[quality - 1] - step.start);
      if (channels > 0) found.push({ ...step, channels, first });
      first += step.channels;
    }
    return found;
  }

  /**
   * The context of channel `number` of all passes, without the bits that are always 0:
   * [{ weight, channel, down, right }], the last two -1, 0 or 1.
   */
  context(number) {
    return this.contexts[number].flatMap((place, k) =>
      place === NOTHING
        ? []
        : {
            weight: 2 ** k,
            channel: Math.floor(place / 9),
            down: Math.floor((place % 9) / 3) - 1,
            right: (place % 3) - 1,
          },
    );
  }
}
