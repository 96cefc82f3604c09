// Pictures and latents: a typed array of [height, width, channels], channels innermost.

export class Grid {
  constructor(data, height, width, channels) {
    if (data.length !== height * width * channels)
      throw new RangeError("data do not fill the grid");
    Object.assign(this, { data, height, width, channels });
  }

  /** A grid of zeros. Kind: Int32Array, Float32Array, Uint8Array. */
  static make(Kind, height, width, channels) {
    return new Grid(new Kind(height * width * channels), height, width, channels);
  }

  /** A copy of the rectangle whose top left is (top, left). */
  cut(top, left, height, width) {
    const { data, channels } = this;
    if (width === this.width) {
      const row = width * channels;
      return new Grid(data.slice(top * row, (top + height) * row), height, width, channels);
    }
    const part = Grid.make(data.constructor, height, width, channels);
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * this.width + left) * channels;
      part.data.set(data.subarray(from, from + width * channels), y * width * channels);
    }
    return part;
  }

  /** Puts another grid of as many channels in, its top left at (top, left). */
  put(part, top, left) {
    const row = part.width * part.channels;
    for (let y = 0; y < part.height; y++) {
      const to = ((top + y) * this.width + left) * this.channels;
      this.data.set(part.data.subarray(y * row, (y + 1) * row), to);
    }
  }

  /** The same numbers in an Int32Array. */
  int32() {
    const { data, height, width, channels } = this;
    if (data instanceof Int32Array) return this;
    return new Grid(Int32Array.from(data), height, width, channels);
  }

  /** A copy of at least this size, with its last row and column repeated. */
  extended(height, width) {
    if (height === this.height && width === this.width) return this;
    const { data, channels } = this;
    const whole = Grid.make(data.constructor, height, width, channels);
    for (let y = 0; y < height; y++) {
      const row = Math.min(y, this.height - 1) * this.width;
      for (let x = 0; x < width; x++) {
        const from = (row + Math.min(x, this.width - 1)) * channels;
        const to = (y * width + x) * channels;
        for (let c = 0; c < channels; c++) whole.data[to + c] = data[from + c];
      }
    }
    return whole;
  }
}
