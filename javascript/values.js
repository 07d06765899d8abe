// Values led by their type: the shapes that composites have in JavaScript, and which format reads
// what.
//
//   struct        {celsius: 18.4}; a field that is left out takes its default, an optional one none
//   list, array   [1, 2]           map       Map (a plain object is taken too)
//   optional      value or null    enum      'heating'; a value without a symbol: its number
//   union         {heat_to: 65.5}; {} when none of its cases is held
//   any           null, or {type: Type, value}
import * as capnproto from './capnproto.js';
import * as json from './json.js';

const FORMATS = [
  'capnproto',
  'json',
  'raw',
  'protobuf',
  'cbor',
  'messagepack',
  'ion',
  'xml',
  'pickle',
];
const READERS = {1: capnproto.decode, 2: json.decode};

/** The code of the format in which values are published here. */
export const FORMAT = 1;

/** @returns {string|null} why streams of this format (and binding) are not read here */
export function unreadable(format, binding) {
  if (READERS[format] === undefined) {
    return (
      `it is published as ${FORMATS[format - 1] ?? `format ${format}`}, which is not read here ` +
      '(try: publish it as capnproto, the default, or json)'
    );
  }
  if (format === 1 && !/^0+$/.test(binding))
    return 'it is laid out by a .capnp file, which is not read here (try: publish it as json)';
  return null;
}

/** @param {Uint8Array} bytes @param {number} format its code @param {import('./types.js').Type} type */
export const decode = (bytes, format, type) => READERS[format](bytes, type);

/** @returns {Uint8Array} in the format FORMAT; throws a TypeError that says where and why. */
export const encode = (value, type) => capnproto.encode(value, type);
