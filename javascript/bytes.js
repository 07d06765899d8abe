// Reading and writing the little-endian fields of docs/wire.md.

const utf8 = new TextEncoder();
const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const lenient = new TextDecoder('utf-8', {ignoreBOM: true});

/** What was read is not as the format says. Never leaves a place that reads from the network. */
export class Malformed extends Error {}

export const utf8Bytes = (text) => utf8.encode(text);

/** Text of UTF-8 bytes; throws Malformed for anything else. */
export function utf8Text(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    throw new Malformed('a text is not UTF-8');
  }
}

export class Reader {
  /** @param {Uint8Array} data */
  constructor(data) {
    this.data = data;
    this.at = 0;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get left() {
    return this.data.length - this.at;
  }

  skip(size) {
    if (size > this.left) throw new Malformed('a field does not fit');
    this.at += size;
    return this.at - size;
  }

  take(size) {
    return this.data.subarray(this.skip(size), this.at);
  }
  rest() {
    return this.take(this.left);
  }
  u8() {
    return this.data[this.skip(1)];
  }
  u16() {
    return this.view.getUint16(this.skip(2), true);
  }
  u32() {
    return this.view.getUint32(this.skip(4), true);
  }
  u64() {
    return this.view.getBigUint64(this.skip(8), true);
  }
  i64() {
    return this.view.getBigInt64(this.skip(8), true);
  }

  /** A u64 that is a count or a sequence: as a number, so it has to be one that is exact. */
  count() {
    const at = this.skip(8);
    const high = this.view.getUint32(at + 4, true);
    if (high >= 1 << 21) throw new Malformed('a number is above 2^53');
    return high * 2 ** 32 + this.view.getUint32(at, true);
  }

  /** @returns {number} below 2^53 */
  varint() {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new Malformed('a number is above 2^53');
  }

  /** @returns {bigint} */
  zigzag() {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new Malformed('a number has more than ten bytes');
  }

  /** Of people's names and labels: what is no UTF-8 is shown, not refused. */
  text() {
    return lenient.decode(this.take(this.u8()));
  }
}

export class Writer {
  constructor(size = 64) {
    this.data = new Uint8Array(size);
    this.view = new DataView(this.data.buffer);
    this.size = 0;
  }

  room(size) {
    if (this.size + size > this.data.length) {
      const grown = new Uint8Array(Math.max(2 * this.data.length, this.size + size));
      grown.set(this.data.subarray(0, this.size));
      this.data = grown;
      this.view = new DataView(grown.buffer);
    }
    this.size += size;
    return this.size - size;
  }

  // (room() may replace data and view, so it is asked before they are looked at.)
  bytes(data) {
    const at = this.room(data.length);
    this.data.set(data, at);
    return this;
  }
  u8(n) {
    const at = this.room(1);
    this.data[at] = n;
    return this;
  }
  u16(n) {
    const at = this.room(2);
    this.view.setUint16(at, n, true);
    return this;
  }
  u32(n) {
    const at = this.room(4);
    this.view.setUint32(at, n, true);
    return this;
  }
  u64(n) {
    const at = this.room(8);
    this.view.setBigUint64(at, BigInt(n), true);
    return this;
  }
  i64(n) {
    const at = this.room(8);
    this.view.setBigInt64(at, BigInt(n), true);
    return this;
  }

  /** A u64 given as a number. */
  count(n) {
    const at = this.room(8);
    this.view.setUint32(at, n % 2 ** 32, true);
    this.view.setUint32(at + 4, Math.floor(n / 2 ** 32), true);
    return this;
  }

  /** @param {number|bigint} n */
  varint(n) {
    let rest = BigInt(n);
    for (; rest > 127n; rest >>= 7n) this.u8(Number(rest & 127n) | 128);
    return this.u8(Number(rest));
  }

  zigzag(n) {
    return this.varint(BigInt.asUintN(64, (n << 1n) ^ (n >> 63n)));
  }

  text(text) {
    const bytes = utf8.encode(text);
    let size = Math.min(bytes.length, 255);
    while (size < bytes.length && (bytes[size] & 0xc0) === 0x80) size -= 1; // no half character
    return this.u8(size).bytes(bytes.subarray(0, size));
  }

  done() {
    return this.data.subarray(0, this.size);
  }
}
