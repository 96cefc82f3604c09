// The range coder, byte for byte the one of tfcomp/bitstream/_range_coder_core.h.
//
// Its 64-bit integers are doubles here. The largest, 2^32 * 2^16, is far below 2^53, so all of the
// arithmetic is exact.

import { BitstreamError } from "../errors.js";

const WHOLE = 2 ** 32;
const RENORMALISE = 2 ** 16;
const MAX_GAMMA_BITS = 31; // so a gamma code starts with 30 zeros at most
const MAX_INT32 = 2 ** 31 - 1;
const DAMAGED = "The coded values are damaged; get an undamaged copy of the file.";

/**
 * Reads one value per entry of `index` (Int32Array of table numbers) from a stream (Uint8Array).
 *
 * Gives an Int32Array. Takes at most 63 steps a value whatever the bytes are, and throws
 * BitstreamError for bytes that no encoder writes.
 */
export function decode(stream, index, tables) {
  const { cdf, offset, first, intervals, precision, escapes } = tables;
  const values = new Int32Array(index.length);
  const decoder = new Decoder(stream);
  for (let k = 0; k < index.length; k++) {
    const table = index[k];
    const start = first[table];
    const scale = 2 ** precision[table];
    const { size, ahead } = decoder;
    const sought = (ahead + 1) * scale;
    let symbol = 0;
    for (let left = intervals[table]; left > 1;) {
      const half = left >> 1;
      if (size * cdf[start + symbol + half] < sought) symbol += half;
      left -= half;
    }
    const low = Math.floor((size * cdf[start + symbol]) / scale);
    const high = Math.floor((size * cdf[start + symbol + 1]) / scale);
    decoder.take(low, high - low);
    if (escapes[table] && symbol === intervals[table] - 1) symbol = decoder.escaped(symbol);
    const value = symbol + offset[table];
    if (value !== (value | 0)) throw new BitstreamError(DAMAGED);
    values[k] = value;
  }
  if (!decoder.endsWell()) throw new BitstreamError(DAMAGED);
  return values;
}

/** Writes values[k] with table index[k] (Int32Arrays of one length); gives a Uint8Array. */
export function encode(values, index, tables) {
  const encoder = new Encoder();
  for (let k = 0; k < index.length; k++)
    encoder.put(values[k] - tables.offset[index[k]], index[k], tables);
  return encoder.finish();
}

class Decoder {
  /** ahead: how far the stream's value lies above the interval's base. value: last 32 bits read. */
  constructor(stream) {
    this.stream = stream;
    this.next = 0;
    this.value = 0;
    this.size = WHOLE;
    this.readWord();
    this.readWord();
    this.ahead = this.value;
  }

  readWord() {
    const { stream } = this;
    const high = this.next < stream.length ? stream[this.next++] : 0;
    const low = this.next < stream.length ? stream[this.next++] : 0;
    const word = high * 256 + low;
    this.value = (this.value % RENORMALISE) * RENORMALISE + word;
    return word;
  }

  take(low, size) {
    this.ahead -= low;
    this.size = size;
    if (size <= RENORMALISE) {
      this.size = size * RENORMALISE;
      this.ahead = this.ahead * RENORMALISE + this.readWord();
    }
  }

  bit() {
    const half = Math.floor(this.size / 2);
    if (this.ahead >= half) {
      this.take(half, this.size - half);
      return 1;
    }
    this.take(0, half);
    return 0;
  }

  /** The Elias gamma code and the sign that follow the escape symbol `last`. */
  escaped(last) {
    let digits = 1;
    while (!this.bit()) {
      if (++digits > MAX_GAMMA_BITS) throw new BitstreamError(DAMAGED);
    }
    let magnitude = 1;
    for (; digits > 1; digits--) magnitude = 2 * magnitude + this.bit();
    const symbol = this.bit() ? -magnitude : magnitude + last - 1;
    if (symbol > MAX_INT32) throw new BitstreamError(DAMAGED);
    return symbol;
  }

  /** Whether an encoder that ended in this interval would have written these last bytes. */
  endsWell() {
    const base = (this.value - this.ahead + WHOLE) % WHOLE;
    const end = base + this.size;
    if (this.next !== this.stream.length) return false;
    if (base === 0 || end > WHOLE) return this.value === 0;
    const oneByte = Math.floor((base - 1) / 2 ** 24) < Math.floor((end - 1) / 2 ** 24);
    const unit = oneByte ? 2 ** 24 : 2 ** 16;
    return Math.ceil(base / unit) * unit === this.value;
  }
}

class Encoder {
  /** base: below 2^33; bit 32 is a carry into the bytes already written. */
  constructor() {
    this.base = 0;
    this.size = WHOLE;
    this.bytes = new Uint8Array(1024);
    this.length = 0;
  }

  put(symbol, table, { cdf, first, intervals, precision, escapes }) {
    const last = intervals[table] - 1;
    const outside = symbol < 0 || symbol > last || (symbol === last && escapes[table]);
    const magnitude = symbol < 0 ? -symbol : symbol - last + 1;
    if (outside && (!escapes[table] || magnitude > MAX_INT32)) {
      throw new RangeError(`symbol ${symbol} cannot be coded with table ${table}`);
    }
    const at = first[table] + (outside ? last : symbol);
    this.narrow(cdf[at], cdf[at + 1], 2 ** precision[table]);
    if (!outside) return;
    const digits = magnitude.toString(2);
    for (const digit of "0".repeat(digits.length - 1) + digits) this.bit(Number(digit));
    this.bit(symbol < 0 ? 1 : 0);
  }

  bit(bit) {
    this.narrow(bit, bit + 1, 2);
  }

  narrow(lower, upper, scale) {
    const low = Math.floor((this.size * lower) / scale);
    this.base += low;
    this.size = Math.floor((this.size * upper) / scale) - low;
    if (this.size <= RENORMALISE) {
      this.carryOut();
      this.push(Math.floor(this.base / 2 ** 24));
      this.push(Math.floor(this.base / 2 ** 16) % 256);
      this.base = (this.base % RENORMALISE) * RENORMALISE;
      this.size *= RENORMALISE;
    }
  }

  /** Adds the fewest bytes that name a value in the interval; decoders read zeros after them. */
  finish() {
    this.carryOut();
    const end = this.base + this.size;
    if (end > WHOLE) {
      // 2^32 lies inside: one more carry, and zeros to the end.
      this.carry();
      while (this.length > 0 && this.bytes[this.length - 1] === 0) this.length--;
    } else if (this.base > 0) {
      const byte = Math.ceil(this.base / 2 ** 24);
      const word = Math.ceil(this.base / 2 ** 16);
      if (byte * 2 ** 24 < end) {
        this.push(byte);
      } else {
        this.push(Math.floor(word / 256));
        if (word % 256) this.push(word % 256);
      }
    }
    return this.bytes.slice(0, this.length);
  }

  carryOut() {
    if (this.base < WHOLE) return;
    this.carry();
    this.base -= WHOLE;
  }

  carry() {
    // A Uint8Array wraps: 255 becomes 0, and the carry goes on.
    for (let at = this.length - 1; at >= 0 && ++this.bytes[at] === 256; at--);
  }

  push(byte) {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = byte;
  }
}
