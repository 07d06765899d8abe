// Values as Cap'n Proto messages of one segment (docs/reference/formats/capnproto.md), laid out by
// the
// type as the reference compiler lays out its schema. The decoder takes messages from anybody.
import {Malformed, utf8Bytes, utf8Text} from './bytes.js';
import {POINTER, isDense, isObject, shapeOf, sizeOf} from './capnproto_shape.js';
import {decimalOf, decimalText, scalar} from './scalars.js';
import {ValueError, fieldsOf, holdsOne, path} from './structure.js';
import {Type} from './types.js';

const DEPTH_MAX = 64;
// --- writing ------------------------------------------------------------------------------------

class Encoder {
  constructor(nodes) {
    this.nodes = nodes;
    this.data = new Uint8Array(256);
    this.view = new DataView(this.data.buffer);
    this.used = 0; // bytes
    this.depth = 0;
  }

  allocate(words) {
    const at = this.used;
    this.used += words * 8;
    if (this.used > this.data.length) {
      const grown = new Uint8Array(Math.max(2 * this.data.length, this.used));
      grown.set(this.data.subarray(0, at));
      this.data = grown;
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  pointer(at, target, tag, high) {
    const offset = (target - at) / 8 - 1;
    this.view.setInt32(at, (offset << 2) | tag, true);
    this.view.setUint32(at + 4, high, true);
  }

  /** Room for an object, pointed at from `at`. */
  object(shape, at) {
    const size = shape.words + shape.pointers;
    const target = size === 0 ? at : this.allocate(size); // offset -1: an object of no size
    this.pointer(at, target, 0, shape.words | (shape.pointers << 16));
    return target;
  }

  blob(at, bytes, extra) {
    const target = this.allocate(Math.ceil((bytes.length + extra) / 8));
    this.data.set(bytes, target);
    this.pointer(at, target, 1, ((bytes.length + extra) << 3) | 2);
  }

  scalar(ref, value, data, offset) {
    if (ref.kind === 'ref') return this.symbol(this.nodes[ref.node], value, data, offset);
    const v = scalar(ref.kind, value);
    switch (ref.kind) {
      case 'bool':
        if (v) this.data[data + (offset >> 3)] |= 1 << (offset & 7);
        break;
      case 'i8':
      case 'u8':
        this.data[data + offset] = v;
        break;
      case 'i16':
      case 'u16':
        this.view.setUint16(data + offset * 2, v, true);
        break;
      case 'i32':
      case 'u32':
        this.view.setUint32(data + offset * 4, v, true);
        break;
      case 'f32':
        this.view.setFloat32(data + offset * 4, v, true);
        break;
      case 'f64':
        this.view.setFloat64(data + offset * 8, v, true);
        break;
      default:
        this.view.setBigUint64(data + offset * 8, BigInt.asUintN(64, v), true);
    }
    return undefined;
  }

  symbol(node, value, data, offset) {
    const symbol = node.symbols.find((each) => each.name === value || each.value === value);
    const number = symbol?.value ?? value;
    const dense = isDense(node);
    if (
      typeof number !== 'number' ||
      (symbol === undefined && node.closed) ||
      number !== (dense ? number & 0xffff : number | 0)
    )
      throw new ValueError(
        `${JSON.stringify(value)} is no symbol of ${node.name}`,
        node.symbols
          .slice(0, 8)
          .map((each) => each.name)
          .join(', '),
      );
    if (dense) this.view.setUint16(data + offset * 2, number, true);
    else this.view.setInt32(data + offset * 4, number, true);
  }

  /** A member of an object at `data`, whose pointers are at `pointers`. */
  slot(slot, value, data, pointers) {
    let {ref} = slot;
    if (ref.kind === 'optional') {
      if (value === null || value === undefined) return;
      if (slot.discriminant >= 0) this.view.setUint16(data + slot.discriminant * 2, 1, true);
      ref = ref.of;
    }
    if (slot.size === POINTER) this.byPointer(ref, value, pointers + slot.offset * 8);
    else this.scalar(ref, value, data, slot.offset);
  }

  byPointer(ref, value, at) {
    if (ref.kind === 'text') return this.blob(at, utf8Bytes(scalar('text', value)), 1);
    if (ref.kind === 'bytes') return this.blob(at, scalar('bytes', value), 0);
    if ((this.depth += 1) > DEPTH_MAX)
      throw new ValueError('the value is nested too deeply', '64 levels are allowed');
    if (ref.kind === 'list' || ref.kind === 'array') {
      this.list(ref, value, at);
    } else if (ref.kind === 'map') {
      this.map(ref, value, at);
    } else {
      const shape = shapeOf(ref, this.nodes);
      const target = this.object(shape, at);
      this.inside(ref, shape, value, target);
    }
    this.depth -= 1;
    return undefined;
  }

  inside(ref, shape, value, target) {
    const pointers = target + shape.words * 8;
    if (ref.kind === 'decimal') {
      const {coefficient, exponent} = decimalOf(value);
      this.view.setBigInt64(target, coefficient, true);
      this.view.setInt8(target + 8, exponent);
    } else if (ref.kind === 'any') {
      if (value === null || value === undefined) return;
      this.blob(pointers, value.type.document, 0);
      this.blob(pointers + 8, encode(value.value, value.type), 0);
    } else if (ref.kind === 'optional') {
      // In a list, or the case of a union: a struct of its own.
      this.slot(shape.slots[0], value, target, pointers);
    } else {
      this.named(this.nodes[ref.node], shape, value, target, pointers);
    }
  }

  named(node, shape, value, target, pointers) {
    if (node.kind === 'union') {
      const which = holdsOne(node, value);
      if (which < 0) return;
      this.view.setUint16(target + shape.discriminant * 2, which + 1, true);
      const {name} = node.fields[which];
      const slot = shape.slots[which];
      path.within(name, () => {
        if (slot.size !== POINTER) this.scalar(slot.ref, value[name], target, slot.offset);
        else this.byPointer(slot.ref, value[name], pointers + slot.offset * 8);
      });
      return;
    }
    const values = fieldsOf(node, this.nodes, value);
    node.fields.forEach((field, i) =>
      path.within(field.name, () => this.slot(shape.slots[i], values[i], target, pointers)),
    );
  }

  list(ref, value, at) {
    if (!Array.isArray(value) && !ArrayBuffer.isView(value))
      throw new ValueError('a list is an Array');
    if (ref.kind === 'array' && value.length !== ref.length)
      throw new ValueError(`it has ${value.length} elements, the array has ${ref.length}`);
    const {length} = value;
    if (isObject(ref.of, this.nodes)) {
      const shape = shapeOf(ref.of, this.nodes);
      const first = this.objects(shape, length, at);
      const step = 8 * (shape.words + shape.pointers);
      for (let i = 0; i < length; i += 1)
        path.within(i, () => this.inside(ref.of, shape, value[i], first + i * step));
      return;
    }
    const size = sizeOf(ref.of, this.nodes);
    const bits = size === POINTER ? 64 : 1 << size;
    const code = size === POINTER ? 6 : size === 0 ? 1 : size - 1;
    const target = this.allocate(Math.ceil((length * bits) / 64));
    this.pointer(at, target, 1, (length << 3) | code);
    for (let i = 0; i < length; i += 1) {
      path.within(i, () =>
        size === POINTER
          ? this.byPointer(ref.of, value[i], target + i * 8)
          : this.scalar(ref.of, value[i], target, i),
      );
    }
  }

  objects(shape, count, at) {
    const words = count * (shape.words + shape.pointers);
    const target = this.allocate(words + 1);
    this.pointer(at, target, 1, (words << 3) | 7);
    this.view.setUint32(target, count << 2, true);
    this.view.setUint32(target + 4, shape.words | (shape.pointers << 16), true);
    return target + 8;
  }

  map(ref, value, at) {
    if (value === null || typeof value !== 'object')
      throw new ValueError('a map is a Map or an object');
    const entries =
      value instanceof Map
        ? [...value]
        : Object.entries(value).map(([key, each]) => [keyOf(ref.key, key), each]);
    const shape = shapeOf(ref, this.nodes);
    const first = this.objects(shape, entries.length, at);
    const step = 8 * (shape.words + shape.pointers);
    entries.forEach(([key, each], i) => {
      const target = first + i * step;
      const pointers = target + shape.words * 8;
      path.within(String(key), () => {
        this.slot(shape.slots[0], key, target, pointers);
        this.slot(shape.slots[1], each, target, pointers);
      });
    });
  }
}

// A key of a plain object is a text.
function keyOf(ref, text) {
  if (ref.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : text;
  if (ref.kind === 'i64' || ref.kind === 'u64') return /^-?\d+$/.test(text) ? BigInt(text) : text;
  return ref.kind === 'text' || ref.kind === 'ref' || text.trim() === '' ? text : Number(text);
}

/** @returns {Uint8Array} throws a TypeError that says where and why. */
export function encode(value, type) {
  const encoder = new Encoder(type.nodes);
  const root = {kind: 'ref', node: 0};
  encoder.allocate(2);
  if (type.root.kind === 'enum')
    throw new ValueError(`${type.name} is an enum and cannot be sent alone`);
  encoder.depth = 1;
  const shape = shapeOf(root, type.nodes);
  path.from(type.name, () => encoder.inside(root, shape, value, encoder.object(shape, 8)));
  encoder.view.setUint32(4, encoder.used / 8 - 1, true);
  return encoder.data.slice(0, encoder.used);
}

// --- reading ------------------------------------------------------------------------------------

class Decoder {
  constructor(data, nodes) {
    this.nodes = nodes;
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.left = data.length / 8; // words of objects that may still be pointed at
    this.made = 64 * data.length + 65536; // bytes of memory that may still be taken
    this.depth = 0;
  }

  take(bytes) {
    if ((this.made -= bytes) < 0)
      throw new Malformed('a value takes more memory than its message earns');
  }

  enter() {
    if ((this.depth += 1) > DEPTH_MAX) throw new Malformed('a value is nested too deeply');
  }

  /** What a pointer leads to: null, or where that begins and what its upper half says. */
  follow(at, wanted) {
    if (at < 0) return null; // the message has no such pointer: as if it were null
    const low = this.view.getInt32(at, true);
    const high = this.view.getUint32(at + 4, true);
    if (low === 0 && high === 0) return null;
    if ((low & 3) !== wanted)
      throw new Malformed('a pointer is of another kind, or leads to another segment');
    return {at: at + 8 + 8 * (low >> 2), high};
  }

  within(at, words) {
    if (at < 8 || at + words * 8 > this.data.length)
      throw new Malformed('a pointer leaves the message');
    if ((this.left -= words) < 0) throw new Malformed('an object is pointed at twice');
  }

  /** An object: where its data and pointers lie, and how much of them there is. */
  object(at) {
    const found = this.follow(at, 0);
    if (found === null) return {data: 0, words: 0, at: 0, pointers: 0};
    const words = found.high & 0xffff;
    const pointers = found.high >>> 16;
    this.within(words + pointers === 0 ? 8 : found.at, words + pointers);
    return {data: found.at, words, at: found.at + words * 8, pointers};
  }

  /** A list of this element code: {at, count}, or with objects {at, count, words, pointers}. */
  list(at, code) {
    const found = this.follow(at, 1);
    if (found === null) return {at: 0, count: 0, words: 0, pointers: 0};
    if ((found.high & 7) !== code) throw new Malformed("a list's elements have another size");
    const size = found.high >>> 3;
    if (code !== 7) {
      this.within(found.at, Math.ceil((size * [0, 1, 8, 16, 32, 64, 64][code]) / 64));
      return {at: found.at, count: size};
    }
    this.within(found.at, size + 1);
    const tag = this.view.getUint32(found.at, true);
    const shape = this.view.getUint32(found.at + 4, true);
    const out = {at: found.at + 8, count: tag >>> 2, words: shape & 0xffff, pointers: shape >>> 16};
    if ((tag & 3) !== 0 || out.count * (out.words + out.pointers) > size)
      throw new Malformed('a list of structs does not fit its size');
    return out;
  }

  blob(at, isText) {
    const {at: start, count} = this.list(at, 2);
    if (count === 0) return isText && start !== 0 ? this.unended() : this.data.subarray(0, 0);
    if (isText && this.data[start + count - 1] !== 0) this.unended();
    this.take(count);
    return this.data.subarray(start, start + count - (isText ? 1 : 0));
  }

  unended() {
    throw new Malformed('a text has no zero byte at its end');
  }

  scalar(ref, data, words, offset) {
    const kind = ref.kind;
    const size = sizeOf(ref, this.nodes);
    const there = (offset + 1) * 2 ** size <= words * 64; // a shorter section reads as zeros
    if (kind === 'ref') {
      const node = this.nodes[ref.node];
      const value = !there
        ? 0
        : size === 4
          ? this.view.getUint16(data + offset * 2, true)
          : this.view.getInt32(data + offset * 4, true);
      const symbol = node.symbols.find((each) => each.value === value);
      if (symbol === undefined && node.closed)
        throw new Malformed(`${value} is no symbol of ${node.name}`);
      return symbol?.name ?? value;
    }
    if (!there) return kind === 'bool' ? false : size === 6 && kind !== 'f64' ? 0n : 0;
    switch (kind) {
      case 'bool':
        return ((this.data[data + (offset >> 3)] >> (offset & 7)) & 1) === 1;
      case 'i8':
        return this.view.getInt8(data + offset);
      case 'u8':
        return this.data[data + offset];
      case 'i16':
        return this.view.getInt16(data + offset * 2, true);
      case 'u16':
        return this.view.getUint16(data + offset * 2, true);
      case 'i32':
        return this.view.getInt32(data + offset * 4, true);
      case 'u32':
        return this.view.getUint32(data + offset * 4, true);
      case 'f32':
        return this.view.getFloat32(data + offset * 4, true);
      case 'f64':
        return this.view.getFloat64(data + offset * 8, true);
      case 'u64':
        return this.view.getBigUint64(data + offset * 8, true);
      default:
        return this.view.getBigInt64(data + offset * 8, true);
    }
  }

  /** A member of the object `o`. */
  slot(slot, o) {
    let {ref} = slot;
    const optional = ref.kind === 'optional';
    if (optional) ref = ref.of;
    if (slot.size === POINTER) {
      const at = slot.offset < o.pointers ? o.at + slot.offset * 8 : -1;
      if (optional && (at < 0 || this.view.getBigUint64(at, true) === 0n)) return null;
      return this.byPointer(ref, at);
    }
    if (
      slot.discriminant >= 0 &&
      this.scalar({kind: 'u16'}, o.data, o.words, slot.discriminant) === 0
    )
      return null;
    return this.scalar(ref, o.data, o.words, slot.offset);
  }

  byPointer(ref, at) {
    if (ref.kind === 'text') return utf8Text(this.blob(at, true));
    if (ref.kind === 'bytes') return this.blob(at, false).slice();
    this.enter();
    let out;
    if (ref.kind === 'list' || ref.kind === 'array') out = this.elements(ref, at);
    else if (ref.kind === 'map') out = this.map(ref, at);
    else out = this.inside(ref, this.object(at));
    this.depth -= 1;
    return out;
  }

  inside(ref, o) {
    this.take(64);
    if (ref.kind === 'decimal') {
      const coefficient = this.scalar({kind: 'i64'}, o.data, o.words, 0);
      return decimalText({coefficient, exponent: this.scalar({kind: 'i8'}, o.data, o.words, 8)});
    }
    if (ref.kind === 'any') return this.any(o);
    const shape = shapeOf(ref, this.nodes);
    if (ref.kind === 'optional') return this.slot(shape.slots[0], o);
    const node = this.nodes[ref.node];
    if (node.kind === 'union') return this.held(node, shape, o);
    const out = {};
    for (let i = 0; i < node.fields.length; i += 1)
      out[node.fields[i].name] = this.slot(shape.slots[i], o);
    return out;
  }

  held(node, shape, o) {
    const which = this.scalar({kind: 'u16'}, o.data, o.words, shape.discriminant) - 1;
    const slot = shape.slots[which];
    if (slot === undefined) {
      if (node.closed) throw new Malformed(`no case of ${node.name} is held, which is closed`);
      return {};
    }
    const {name} = node.fields[which];
    if (slot.size !== POINTER) return {[name]: this.scalar(slot.ref, o.data, o.words, slot.offset)};
    return {
      [name]: this.byPointer(slot.ref, slot.offset < o.pointers ? o.at + slot.offset * 8 : -1),
    };
  }

  any(o) {
    const document = o.pointers > 0 ? this.blob(o.at, false) : new Uint8Array(0);
    const message = o.pointers > 1 ? this.blob(o.at + 8, false) : new Uint8Array(0);
    if (document.length === 0) return null;
    const type = Type.read(document);
    return {type, value: decode(message.slice(), type)};
  }

  elements(ref, at) {
    const out = [];
    if (isObject(ref.of, this.nodes)) {
      const found = this.list(at, 7);
      for (let i = 0; i < found.count; i += 1) {
        const data = found.at + i * 8 * (found.words + found.pointers);
        out.push(
          this.inside(ref.of, {
            data,
            words: found.words,
            at: data + found.words * 8,
            pointers: found.pointers,
          }),
        );
      }
    } else {
      const size = sizeOf(ref.of, this.nodes);
      const found = this.list(at, size === POINTER ? 6 : size === 0 ? 1 : size - 1);
      this.take(8 * found.count);
      for (let i = 0; i < found.count; i += 1)
        out.push(
          size === POINTER
            ? this.byPointer(ref.of, found.at + i * 8)
            : this.scalar(ref.of, found.at, Infinity, i),
        );
    }
    if (ref.kind === 'array' && out.length !== ref.length)
      throw new Malformed(`an array of ${ref.length} has ${out.length} elements`);
    return out;
  }

  map(ref, at) {
    const shape = shapeOf(ref, this.nodes);
    const found = this.list(at, 7);
    const out = new Map();
    for (let i = 0; i < found.count; i += 1) {
      const data = found.at + i * 8 * (found.words + found.pointers);
      const o = {data, words: found.words, at: data + found.words * 8, pointers: found.pointers};
      this.take(64);
      const key = this.slot(shape.slots[0], o);
      if (out.has(key)) throw new Malformed('a key of a map is there twice');
      out.set(key, this.slot(shape.slots[1], o));
    }
    return out;
  }
}

/** @param {Uint8Array} bytes @param {Type} type throws Malformed for what is no value of it. */
export function decode(bytes, type) {
  if (bytes.length < 16 || bytes.length % 8 !== 0) throw new Malformed('the message is cut off');
  const decoder = new Decoder(bytes, type.nodes);
  if (decoder.view.getUint32(0, true) !== 0)
    throw new Malformed('the message has several segments');
  if (decoder.view.getUint32(4, true) * 8 !== bytes.length - 8)
    throw new Malformed('the message has another length than it says');
  if (decoder.view.getBigUint64(8, true) === 0n) throw new Malformed('the message has no root');
  decoder.enter();
  return decoder.inside({kind: 'ref', node: 0}, decoder.object(8));
}
