// What a model's pictures are; as tfcomp/image_spec.py.

import { BundleError } from "../errors.js";

const RGB8 = { channels: 3, colour: "rgb", bits: 8 };

/**
 * A manifest's spec, RGB of 8 bits where it has none: { channels, colour ("rgb", "grey" or "none"),
 * bits (null of float32 samples), low, high, Samples (the typed array of samples), NetworkSamples
 * (of what networks take and give), isRgb8, isScreen (whether it is 8-bit RGB or grey) }.
 */
export function specOf({ image = RGB8, name }) {
  const { channels, colour, bits = null, range = null } = image;
  const whole = Number.isInteger(bits) && bits >= 8 && bits <= 16;
  const float = bits === null && range?.length === 2 && range[0] < range[1];
  if (!Number.isInteger(channels) || channels < 1 || channels > 64 || !(whole || float)) {
    throw new BundleError(`The model ${name} has pictures that are not known here; update the page.`);
  }
  const deep = whole ? Uint16Array : Float32Array;
  return {
    ...{ channels, colour, bits },
    low: whole ? 0 : range[0],
    high: whole ? 2 ** bits - 1 : range[1],
    Samples: bits === 8 ? Uint8Array : deep,
    NetworkSamples: bits === 8 ? Uint8Array : Float32Array,
    isRgb8: bits === 8 && colour === "rgb",
    isScreen: bits === 8 && colour !== "none",
  };
}

/** What the bundle's fingerprint covers of a spec, a string. */
export function fingerprinted({ isRgb8, channels, colour, bits, low, high }) {
  if (isRgb8) return "";
  const { buffer } = new Float32Array(2);
  const view = new DataView(buffer);
  [low, high].forEach((value, number) => view.setFloat32(4 * number, value));
  const digits = Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0"));
  // The keys of both in the order of the alphabet.
  const plain =
    bits === null ? { channels, colour, range: digits.join("") } : { bits, channels, colour };
  return JSON.stringify(plain);
}

/**
 * What to show of samples: a grid of 8-bit RGB. Of three channels or more the first three, else the
 * first as grey; their range from black to white.
 */
export function shown({ data, height, width, channels }, { low, high, Samples }) {
  const rgb = new Uint8ClampedArray(height * width * 3);
  const scale = Samples === Uint8Array ? 1 : 255 / (high - low);
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    for (let c = 0; c < 3; c++) {
      const value = data[from + (channels < 3 ? 0 : c)];
      rgb[to + c] = scale === 1 ? value : (value - low) * scale;
    }
  }
  return rgb;
}
