// Defaults of fields: from notation and back, and as the canonical bytes that stand in a type
// document.
import {Malformed} from './bytes.js';
import {CborReader, CborWriter} from './cbor.js';
import {fromHex, hex} from './hash.js';
import {
  decimalOf,
  decimalText,
  durationFromText,
  durationText,
  scalar,
  timeFromText,
  timeText,
  unfit,
} from './scalars.js';

const DEPTH_MAX = 32;
const WIDE = new Set(['i64', 'u64', 'time', 'duration']);

// --- canonical bytes ----------------------------------------------------------------------------

function write(out, value, ref, nodes) {
  const {kind} = ref;
  if (kind === 'ref') return writeNode(out, value, nodes[ref.node], nodes);
  if (kind === 'optional')
    return value === null ? out.null() : write(out.array(1), value, ref.of, nodes);
  if (kind === 'list' || kind === 'array') {
    if (kind === 'array' && value.length !== ref.length)
      throw unfit(`array of ${ref.length}`, value);
    out.array(value.length);
    for (const element of value) write(out, element, ref.of, nodes);
    return out;
  }
  if (kind === 'map') return writeMap(out, value, ref, nodes);
  if (kind === 'bool') return out.boolean(value);
  if (kind === 'f32') return out.float(value, 4);
  if (kind === 'f64') return out.float(value, 8);
  if (kind === 'text') return out.text(value);
  if (kind === 'bytes') return out.bytes(value);
  if (kind !== 'decimal') return out.integer(value);
  const {coefficient, exponent} = decimalOf(value);
  return out.array(2).integer(coefficient).integer(exponent);
}

function writeMap(out, map, ref, nodes) {
  const entries = [...map].map(([key, value]) => [
    write(new CborWriter(), key, ref.key, nodes).done(),
    value,
  ]);
  entries.sort(([a], [b]) => (hex(a) < hex(b) ? -1 : 1));
  out.array(entries.length);
  for (const [key, value] of entries) write(out.array(2).raw(key), value, ref.of, nodes);
  return out;
}

function writeNode(out, value, node, nodes) {
  if (node.kind === 'enum')
    return out.integer(node.symbols.find((symbol) => symbol.name === value).value);
  if (node.kind === 'union') {
    const [name] = Object.keys(value);
    const which = node.fields.findIndex((field) => field.name === name);
    return write(out.array(2).integer(which), value[name], node.fields[which].type, nodes);
  }
  out.array(node.fields.length);
  for (const field of node.fields) write(out, value[field.name], field.type, nodes);
  return out;
}

// --- read from them -----------------------------------------------------------------------------

function read(cbor, ref, nodes, depth = 0) {
  if (depth > DEPTH_MAX) throw new Malformed('a default is nested too deeply');
  const {kind} = ref;
  const inner = (of) => read(cbor, of, nodes, depth + 1);
  if (kind === 'ref') return readNode(cbor, nodes[ref.node], inner);
  if (kind === 'optional') {
    if (cbor.isNull()) return null;
    cbor.fixed(1, 'an optional');
    return inner(ref.of);
  }
  if (kind === 'list' || kind === 'array') {
    const size = cbor.array();
    if (kind === 'array' && size !== ref.length)
      throw new Malformed('a default has another length');
    return Array.from({length: size}, () => inner(ref.of));
  }
  if (kind === 'map') {
    return new Map(
      Array.from({length: cbor.array('a map')}, () => {
        cbor.fixed(2, 'an entry');
        return [inner(ref.key), inner(ref.of)];
      }),
    );
  }
  if (kind === 'bool') return cbor.boolean();
  if (kind === 'f32') return cbor.float(4);
  if (kind === 'f64') return cbor.float(8);
  if (kind === 'text') return cbor.text();
  if (kind === 'bytes') return cbor.bytes().slice();
  if (kind === 'any') throw new Malformed('any has no default');
  if (kind === 'decimal') {
    cbor.fixed(2, 'a decimal');
    return decimalText({coefficient: cbor.integer(), exponent: Number(cbor.integer())});
  }
  const value = cbor.integer();
  return scalar(kind, WIDE.has(kind) ? value : Number(value));
}

function readNode(cbor, node, inner) {
  if (node.kind === 'enum') {
    const value = cbor.integer();
    const symbol = node.symbols.find((each) => BigInt(each.value) === value);
    if (symbol === undefined) throw new Malformed(`${node.name} has no value ${value}`);
    return symbol.name;
  }
  if (node.kind === 'union') {
    cbor.fixed(2, 'a union');
    const field = node.fields[cbor.small(node.fields.length - 1, 'a case')];
    return {[field.name]: inner(field.type)};
  }
  cbor.fixed(node.fields.length, 'a struct');
  return Object.fromEntries(node.fields.map((field) => [field.name, inner(field.type)]));
}

/** The value of a default; throws Malformed when it is not the canonical one of its type. */
export function defaultValue(bytes, ref, nodes) {
  let value;
  const cbor = new CborReader(bytes);
  let again;
  try {
    value = read(cbor, ref, nodes);
    again = write(new CborWriter(), value, ref, nodes).done();
  } catch (error) {
    throw error instanceof Malformed ? error : new Malformed(error.message);
  }
  if (cbor.left > 0 || hex(again) !== hex(bytes)) throw new Malformed('a default is not canonical');
  return value;
}

// --- notation -----------------------------------------------------------------------------------

class Text {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  match(pattern) {
    const found = new RegExp(`^\\s*(${pattern})`).exec(this.text.slice(this.at));
    if (found === null) return null;
    this.at += found[0].length;
    return found[1];
  }

  expect(pattern, what) {
    const found = this.match(pattern);
    if (found === null) throw new Error(`${what} is missing`);
    return found;
  }

  /** Elements parted by commas up to `end`. */
  *elements(end) {
    while (this.match(end) === null) {
      yield null;
      if (this.match(',') === null) {
        this.expect(end, 'a comma');
        return;
      }
    }
  }
}

const ESCAPES = {'"': '"', '\\': '\\', n: '\n', t: '\t', r: '\r'};
const quoted = (text) =>
  text.slice(1, -1).replace(/\\(u\{([0-9a-fA-F]{1,6})\}|.)/g, (_, char, code) => {
    if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
    if (!(char in ESCAPES)) throw new Error(`there is no escape \\${char}`);
    return ESCAPES[char];
  });

function parse(text, ref, nodes, depth = 0) {
  if (depth > DEPTH_MAX) throw new Error('it is nested too deeply');
  const {kind} = ref;
  const inner = (of) => parse(text, of, nodes, depth + 1);
  if (kind === 'ref') return parseNode(text, nodes[ref.node], inner);
  if (kind === 'optional') return text.match('none\\b') ? null : inner(ref.of);
  if (kind === 'list' || kind === 'array') {
    text.expect('\\[', '"["');
    return Array.from(text.elements('\\]'), () => inner(ref.of));
  }
  if (kind === 'map') {
    const map = new Map();
    text.expect('\\{', '"{"');
    for (const _ of text.elements('\\}')) {
      const key = inner(ref.key);
      text.expect(':', '":"');
      if (map.has(key)) throw new Error(`the key ${key} is there twice`);
      map.set(key, inner(ref.of));
    }
    return map;
  }
  if (kind === 'bool') return text.expect('(?:true|false)\\b', 'true or false') === 'true';
  if (kind === 'text') return quoted(text.expect('"(?:[^"\\\\]|\\\\.)*"', 'a text in quotes'));
  if (kind === 'bytes') return fromHex(text.expect('0x(?:[0-9a-fA-F]{2})*', '0x...').slice(2));
  if (kind === 'any') throw new Error('any has no default');
  const word = text.expect(kind === 'time' ? '[A-Za-z0-9+:.-]+' : '[A-Za-z0-9+.-]+', `a ${kind}`);
  if (kind === 'time') return timeFromText(word);
  if (kind === 'duration') return durationFromText(word);
  if (kind === 'decimal') return decimalText(decimalOf(word));
  if (kind === 'f32' || kind === 'f64') {
    const named = {nan: NaN, inf: Infinity, '-inf': -Infinity}[word];
    const number = named ?? (/^-?[0-9]/.test(word) ? Number(word) : NaN);
    if (named === undefined && Number.isNaN(number)) throw unfit(kind, word);
    return scalar(kind, number);
  }
  if (!/^-?[0-9]+$/.test(word)) throw unfit(kind, word);
  return scalar(kind, WIDE.has(kind) ? BigInt(word) : Number(word));
}

function parseNode(text, node, inner) {
  if (node.kind === 'enum') {
    const word = text.expect('[A-Za-z0-9_-]+', 'a symbol');
    const symbol = node.symbols.find(({name, value}) => name === word || String(value) === word);
    if (symbol === undefined) throw new Error(`${node.name} has no symbol "${word}"`);
    return symbol.name;
  }
  if (node.kind === 'union') {
    const name = text.expect('\\w+', 'a case');
    const field = node.fields.find((each) => each.name === name);
    if (field === undefined) throw new Error(`${node.name} has no case "${name}"`);
    text.expect('\\(', '"("');
    const value = inner(field.type);
    text.expect('\\)', '")"');
    return {[name]: value};
  }
  const out = {};
  text.expect('\\{', '"{"');
  for (const _ of text.elements('\\}')) {
    const name = text.expect('\\w+', 'a field');
    const field = node.fields.find((each) => each.name === name);
    if (field === undefined || name in out)
      throw new Error(`${node.name} has no field "${name}", or it is there twice`);
    text.expect(':', '":"');
    out[name] = inner(field.type);
  }
  for (const field of node.fields) {
    if (!(field.name in out) && field.type.kind !== 'optional')
      throw new Error(`"${field.name}" is missing`);
    out[field.name] ??= null;
  }
  return out;
}

/** A default in notation, as canonical bytes. */
export function readDefault(notation, ref, nodes, where) {
  const text = new Text(notation);
  try {
    const value = parse(text, ref, nodes);
    if (text.match('\\S')) throw new Error('more follows');
    return write(new CborWriter(), value, ref, nodes).done();
  } catch (error) {
    throw new Error(`${where} = ${notation}: ${error.message}`);
  }
}

/** And back. */
export function printDefault(bytes, ref, nodes) {
  return print(defaultValue(bytes, ref, nodes), ref, nodes);
}

const realText = (value) =>
  Number.isFinite(value)
    ? Object.is(value, -0)
      ? '-0'
      : String(value)
    : Number.isNaN(value)
      ? 'nan'
      : value > 0
        ? 'inf'
        : '-inf';

function print(value, ref, nodes) {
  const {kind} = ref;
  const inner = (of) => (each) => print(each, of, nodes);
  if (kind === 'ref') {
    const node = nodes[ref.node];
    if (node.kind === 'enum') return value;
    const held = node.fields.filter((field) => field.name in value);
    if (node.kind === 'union')
      return `${held[0].name}(${inner(held[0].type)(value[held[0].name])})`;
    return `{${held.map((field) => `${field.name}: ${inner(field.type)(value[field.name])}`).join(', ')}}`;
  }
  if (kind === 'optional') return value === null ? 'none' : printHeld(value, ref, nodes);
  if (kind === 'list' || kind === 'array') return `[${value.map(inner(ref.of)).join(', ')}]`;
  if (kind === 'map')
    return `{${[...value].map(([key, each]) => `${inner(ref.key)(key)}: ${inner(ref.of)(each)}`).join(', ')}}`;
  if (kind === 'f32' || kind === 'f64') return realText(value);
  if (kind === 'text')
    return `"${value.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t').replace(/\r/g, '\\r')}"`;
  if (kind === 'bytes') return `0x${hex(value)}`;
  if (kind === 'time') return timeText(value, 'needed');
  return kind === 'duration' ? durationText(value) : String(value);
}

// In an optional `none` is always the empty one: a symbol of that name is written as its number.
function printHeld(value, ref, nodes) {
  const symbols = ref.of.kind === 'ref' ? nodes[ref.of.node].symbols : [];
  const none = symbols.find((symbol) => symbol.name === 'none' && value === 'none');
  return none === undefined ? print(value, ref.of, nodes) : String(none.value);
}
