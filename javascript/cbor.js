// The little of CBOR (RFC 8949, 4.2.1) that type documents are made of: integers, byte and text
// strings,
// arrays, null; in defaults also booleans and floats. Only the canonical form is read.
import {Malformed, Reader, Writer, utf8Bytes, utf8Text} from './bytes.js';

export class CborWriter {
  constructor() {
    this.out = new Writer(256);
  }

  head(major, n) {
    const value = BigInt(n);
    const view = (size) => {
      for (let i = size - 1; i >= 0; i -= 1) this.out.u8(Number((value >> BigInt(8 * i)) & 255n));
    };
    if (value < 24n) this.out.u8(major * 32 + Number(value));
    else if (value < 1n << 8n) {
      this.out.u8(major * 32 + 24);
      view(1);
    } else if (value < 1n << 16n) {
      this.out.u8(major * 32 + 25);
      view(2);
    } else if (value < 1n << 32n) {
      this.out.u8(major * 32 + 26);
      view(4);
    } else {
      this.out.u8(major * 32 + 27);
      view(8);
    }
    return this;
  }

  integer(n) {
    const value = BigInt(n);
    return value < 0n ? this.head(1, -1n - value) : this.head(0, value);
  }

  array(size) {
    return this.head(4, size);
  }
  raw(bytes) {
    this.out.bytes(bytes);
    return this;
  }
  bytes(bytes) {
    return this.head(2, bytes.length).raw(bytes);
  }
  null() {
    this.out.u8(0xf6);
    return this;
  }
  boolean(value) {
    this.out.u8(value ? 0xf5 : 0xf4);
    return this;
  }
  text(text) {
    const bytes = utf8Bytes(text);
    return this.head(3, bytes.length).raw(bytes);
  }

  float(value, size) {
    const view = new DataView(new ArrayBuffer(size));
    if (size === 4) view.setFloat32(0, value);
    else view.setFloat64(0, value);
    if (Number.isNaN(value)) view.setUint16(0, size === 4 ? 0x7fc0 : 0x7ff8);
    this.out.u8(size === 4 ? 0xfa : 0xfb);
    return this.raw(new Uint8Array(view.buffer));
  }

  done() {
    return this.out.done().slice();
  }
}

export class CborReader {
  constructor(data) {
    this.in = new Reader(data);
  }

  get at() {
    return this.in.at;
  }
  get left() {
    return this.in.left;
  }
  peek() {
    return this.in.left > 0 ? this.in.data[this.in.at] : -1;
  }
  expect(what) {
    throw new Malformed(`a type document is wrong: ${what} was expected`);
  }

  /** @returns {bigint} what stands behind a head of this kind */
  head(major, what) {
    const first = this.in.u8();
    if (first >> 5 !== major) this.expect(what);
    const low = first & 31;
    if (low < 24) return BigInt(low);
    if (low > 27) this.expect(what);
    let value = 0n;
    const size = 1 << (low - 24);
    for (const byte of this.in.take(size)) value = value * 256n + BigInt(byte);
    if (value < (size === 1 ? 24n : 1n << BigInt(4 * size))) this.expect('the shortest form');
    return value;
  }

  integer() {
    return this.peek() >> 5 === 1 ? -1n - this.head(1, 'an integer') : this.head(0, 'an integer');
  }

  /** An integer that counts something. */
  small(most, what) {
    const value = this.head(0, what);
    if (value > BigInt(most)) this.expect(what);
    return Number(value);
  }

  array(what = 'a list') {
    const size = this.head(4, what);
    if (size > BigInt(this.left)) this.expect('room for its elements');
    return Number(size);
  }

  fixed(size, what) {
    if (this.array(what) !== size) this.expect(what);
  }
  bytes() {
    return this.in.take(Number(this.head(2, 'bytes')));
  }
  text() {
    return utf8Text(this.in.take(Number(this.head(3, 'a text'))));
  }
  isNull() {
    if (this.peek() !== 0xf6) return false;
    this.in.u8();
    return true;
  }

  boolean() {
    const byte = this.in.u8();
    if (byte !== 0xf4 && byte !== 0xf5) this.expect('true or false');
    return byte === 0xf5;
  }

  float(size) {
    if (this.in.u8() !== (size === 4 ? 0xfa : 0xfb)) this.expect('a float');
    const at = this.in.skip(size);
    return size === 4 ? this.in.view.getFloat32(at) : this.in.view.getFloat64(at);
  }
}
