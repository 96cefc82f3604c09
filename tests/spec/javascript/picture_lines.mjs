// What a file of format version 2 holds, as lines of test vectors and back; as
// tests/spec/picture_lines.py.

import { concatenate } from "../../../examples/web/js/bitstream/container.js";
import { pictureOf } from "../../../examples/web/js/bitstream/picture_file.js";

const nothing = new Uint8Array();
const lengthsOf = (parts) => parts.map((part) => part.length);

/** What a case says about the bundle. */
export function bundleOf(check) {
  const [qualities, sectionCount, width, height, stride, qualitySteps, sequence] =
    check.numbers("bundle");
  const fixedSize = width ? [width, height] : null;
  return { qualities, sectionCount, fixedSize, stride, qualitySteps, sequence: Boolean(sequence) };
}

/** The words of a picture's lines, with what stands behind them. */
export function answer({ frames, loops, iccProfile, exif, xmp }) {
  const metadata = [iccProfile ?? nothing, exif ?? nothing, xmp ?? nothing];
  const images = frames.flatMap((frame) => frame.images);
  const sections = images.flatMap((image) => image.sections);
  const [{ width, height, tileSide, grey }] = frames;
  return {
    holds: [width, height, loops ?? -1, tileSide, Number(grey), ...lengthsOf(metadata)],
    metadata: concatenate(metadata),
    durations: frames.map(({ duration }) => duration),
    images: frames.flatMap((frame) => [
      frame.images.length,
      Number(frame.dependent),
      frame.alpha ? 1 + Number(frame.alpha.premultiplied) : 0,
    ]),
    qualities: images.map(({ quality, fraction = 0 }) => 32 * (quality - 1) + fraction),
    lengths: lengthsOf(sections),
    contents: concatenate(sections),
    alphas: concatenate(frames.flatMap(({ alpha }) => (alpha ? [alpha.png] : []))),
  };
}

/** The file that the lines of a case describe. */
export function pictureFrom(check) {
  const [width, height, loops, side, grey, ...lengths] = check.numbers("holds");
  const metadata = pieces(check.bytes("metadata"), lengths);
  const [iccProfile, exif, xmp] = metadata.map((part) => (part.length ? part : null));
  const { sectionCount } = bundleOf(check);
  const sections = pieces(check.bytes("contents"), check.numbers("lengths"));
  const qualities = check.numbers("qualities");
  const alphas = check.digits("alphas").split("89504e47").slice(1);
  const numbers = check.numbers("images");
  const fingerprint = check.digits("fingerprint");
  const frames = check.numbers("durations").map((duration, k) => {
    const [count, dependent, alpha] = numbers.slice(3 * k, 3 * k + 3);
    const tileSide = count > 1 ? side : 0;
    const images = tileSizes(width, height, tileSide).map((size) => {
      const steps = qualities.shift();
      const quality = 1 + Math.floor(steps / 32);
      const held = sections.splice(0, sectionCount);
      const [wide, high] = size;
      return { fingerprint, quality, fraction: steps % 32, width: wide, height: high, sections: held };
    });
    const png = () => Uint8Array.from(Buffer.from(`89504e47${alphas.shift()}`, "hex"));
    return {
      ...{ images, width, height, tileSide, duration },
      ...{ grey: Boolean(grey), dependent: Boolean(dependent) },
      alpha: alpha ? { png: png(), premultiplied: alpha === 2 } : null,
    };
  });
  return pictureOf(frames, { loops: loops < 0 ? null : loops, iccProfile, exif, xmp });
}

function tileSizes(width, height, side) {
  const [down, across] = [side || height, side || width];
  const sizes = [];
  for (let top = 0; top < height; top += down) {
    for (let left = 0; left < width; left += across) {
      sizes.push([Math.min(across, width - left), Math.min(down, height - top)]);
    }
  }
  return sizes;
}

function pieces(data, lengths) {
  let position = 0;
  return lengths.map((length) => data.subarray(position, (position += length)));
}
