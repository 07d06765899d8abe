// Types: what docs/reference/types.md says of them. A Type is made from notation or from a plain
// definition (Type.define), or read from its canonical document (Type.read), and knows its id.
import {Malformed, utf8Bytes} from './bytes.js';
import {CborReader, CborWriter} from './cbor.js';
import {defaultValue, readDefault} from './defaults.js';
import {familyId, hex, sha256} from './hash.js';
import {parseNotation, printType} from './notation.js';

/** @typedef {{kind: string, of?: Ref, key?: Ref, length?: number, node?: number}} Ref */
/** @typedef {{id: number|null, name: string, type: Ref, unit: string, quantity: string,
 *   default: Uint8Array|null, key: boolean, mustUnderstand: boolean}} Field */
/** @typedef {{name: string, kind: 'struct'|'enum'|'union', closed: boolean, fields: Field[],
 *   symbols: {name: string, value: number}[]}} Node */

const SCALARS = [
  'bool',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f32',
  'f64',
  'text',
  'bytes',
  'time',
  'duration',
  'decimal',
  'any',
];
const CODE = new Map(SCALARS.map((kind, i) => [kind, i + 1]));
const NODES = {48: 'struct', 49: 'enum', 50: 'union'};
const DOCUMENT_MAX = 65536;
const NODES_MAX = 256;
const MEMBERS_MAX = 4096;
const DEPTH_MAX = 32;
const SCALARS_MAX = 1048576;
const ARRAY_MAX = 1048576;
const ID_MAX = 536870911;
const KEYS = new Set(['bool', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'text']);
const RESERVED = new Set([
  'list',
  'array',
  'map',
  'optional',
  'struct',
  'enum',
  'union',
  'closed',
  'key',
  'must_understand',
  'narrow',
  'use_default',
  'trim',
  ...SCALARS,
]);

const wrong = (text) => {
  throw new Malformed(text);
};

export const isScalar = (kind) => CODE.has(kind);

/** What defines it, and what one wants to know of it. Made by define() and read(). */
export class Type {
  /** @param {Node[]} nodes in canonical order */
  constructor(nodes, document) {
    this.nodes = nodes;
    this.document = document;
    this.name = nodes[0].name;
    this.idBytes = sha256(document).slice(0, 16);
    this.id = hex(this.idBytes);
    this.familyBytes = familyId(this.name);
  }

  /** From notation ('a.B { x : f64 [Cel] }'), or from a name and a definition ({x: 'f64 [Cel]'}). */
  static define(name, definition) {
    if (name instanceof Type) return name;
    if (definition instanceof Type) return definition;
    const text = definition === undefined ? name : definition;
    const parsed = parseNotation(typeof text === 'string' ? text : spell(name, text));
    if (definition !== undefined && !parsed.nodes.has(name))
      throw new Error(`the definition is of "${parsed.root}", not of "${name}"`);
    return fromNamed(definition === undefined ? parsed : {...parsed, root: name});
  }

  /** From the canonical document, which may come from anybody: throws Malformed. */
  static read(document) {
    if (document.length > DOCUMENT_MAX) wrong('a type document is larger than 64 KiB');
    const nodes = readDocument(new CborReader(document));
    const again = writeDocument(nodes);
    if (hex(again) !== hex(document)) wrong('a type document is not canonical');
    const type = new Type(nodes, again);
    check(type.nodes);
    return type;
  }

  get root() {
    return this.nodes[0];
  }

  /** In notation. */
  toString() {
    return printType(this);
  }
}

// --- a plain definition becomes notation --------------------------------------------------------

// {celsius: 'f64 [Cel]', at: {x: 'f64'}, steps: [{name: 'text'}]}: an object is a struct of its
// own,
// called after the field; a list of one element is a list of it.
function spell(name, definition) {
  const structs = [];
  const behind = (of, value) => {
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.length === 1) return `list<${behind(of, value[0])}>`;
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      throw new Error(`${of}: a field is defined by a text, such as 'f64 [Cel]'`);
    structs.push([of, value]);
    return of;
  };
  structs.push([name, definition]);
  const parts = [];
  for (let i = 0; i < structs.length; i += 1) {
    const [of, fields] = structs[i];
    const lines = Object.entries(fields).map(
      ([field, value]) => `${field} : ${behind(`${of}.${field.split(/[ @|]+/).at(-1)}`, value)}`,
    );
    parts.push(`${of} {\n${lines.join('\n')}\n}`);
  }
  return parts.join('\n');
}

// --- canonical order ----------------------------------------------------------------------------

const bytesLess = (a, b) => {
  const [x, y] = [hex(utf8Bytes(a)), hex(utf8Bytes(b))];
  return x < y ? -1 : Number(x > y);
};

/** @param {{nodes: Map<string, Node>, root: string}} parsed refs are {kind: 'ref', name} */
function fromNamed({nodes, root}) {
  const reached = new Set();
  const visit = (ref) => {
    if (ref.kind === 'ref' && !reached.has(ref.name)) {
      const node = nodes.get(ref.name);
      if (node === undefined)
        throw new Error(
          `there is no type "${ref.name}" (try: define it too, as "a.B { ... }" behind the first)`,
        );
      reached.add(ref.name);
      for (const field of node.fields) visit(field.type);
    }
    if (ref.of) visit(ref.of);
    if (ref.key) visit(ref.key);
  };
  visit({kind: 'ref', name: root});
  reached.delete(root);
  const names = [root, ...[...reached].sort(bytesLess)];
  const index = new Map(names.map((name, i) => [name, i]));
  const resolve = (ref) => {
    const out = {...ref};
    if (ref.kind === 'ref') return {kind: 'ref', node: index.get(ref.name)};
    if (ref.of) out.of = resolve(ref.of);
    if (ref.key) out.key = resolve(ref.key);
    return out;
  };
  const ordered = names.map((name) => {
    const node = nodes.get(name);
    const fields = node.fields.map((field) => ({...field, type: resolve(field.type)}));
    if (fields.some((field) => field.id !== null)) fields.sort((a, b) => a.id - b.id);
    return {...node, fields, symbols: [...node.symbols].sort((a, b) => a.value - b.value)};
  });
  check(ordered);
  for (const node of ordered)
    for (const field of node.fields)
      if (field.defaultText !== undefined && field.defaultText !== null)
        field.default = readDefault(
          field.defaultText,
          field.type,
          ordered,
          `${node.name}.${field.name}`,
        );
  const document = writeDocument(ordered);
  if (document.length > DOCUMENT_MAX)
    wrong('the type is too large: its document has more than 64 KiB');
  return new Type(ordered, document);
}

// --- the document -------------------------------------------------------------------------------

function writeRef(out, ref) {
  if (CODE.has(ref.kind)) return out.integer(CODE.get(ref.kind));
  if (ref.kind === 'ref') return out.array(2).integer(40).integer(ref.node);
  if (ref.kind === 'list') return writeRef(out.array(2).integer(32), ref.of);
  if (ref.kind === 'optional') return writeRef(out.array(2).integer(35), ref.of);
  if (ref.kind === 'array') return writeRef(out.array(3).integer(33), ref.of).integer(ref.length);
  return writeRef(writeRef(out.array(3).integer(34), ref.key), ref.of);
}

function writeDocument(nodes) {
  const out = new CborWriter();
  const orNull = (value, write) => (value === null || value === '' ? out.null() : write());
  out.array(3).text('dts-type').integer(1).array(nodes.length);
  for (const node of nodes) {
    out.array(4).text(node.name).integer({struct: 48, enum: 49, union: 50}[node.kind]);
    out.integer(node.closed ? 1 : 0).array(node.fields.length + node.symbols.length);
    for (const symbol of node.symbols) out.array(2).integer(symbol.value).text(symbol.name);
    for (const field of node.fields) {
      out.array(7);
      orNull(field.id, () => out.integer(field.id));
      writeRef(out.text(field.name), field.type);
      orNull(field.unit, () => out.text(field.unit));
      orNull(field.quantity, () => out.text(field.quantity));
      orNull(field.default, () => out.bytes(field.default));
      out.integer((field.key ? 1 : 0) + (field.mustUnderstand ? 2 : 0));
    }
  }
  return out.done();
}

function readRef(cbor, count, depth) {
  if (depth > DEPTH_MAX) wrong('a type is nested too deeply');
  if (cbor.peek() >> 5 === 0) {
    const kind = SCALARS[cbor.small(17, 'a kind') - 1];
    return kind === undefined ? wrong('a kind is unknown') : {kind};
  }
  const size = cbor.array('a type');
  const code = cbor.small(64, 'a kind');
  const inner = () => readRef(cbor, count, depth + 1);
  if (code === 40 && size === 2)
    return {kind: 'ref', node: cbor.small(count - 1, 'a type of this document')};
  if (code === 32 && size === 2) return {kind: 'list', of: inner()};
  if (code === 35 && size === 2) return {kind: 'optional', of: inner()};
  if (code === 33 && size === 3)
    return {kind: 'array', of: inner(), length: cbor.small(ARRAY_MAX, 'a length')};
  if (code === 34 && size === 3) return {kind: 'map', key: inner(), of: inner()};
  return wrong('a kind is unknown');
}

function readDocument(cbor) {
  cbor.fixed(3, 'a type document');
  if (cbor.text() !== 'dts-type' || cbor.small(1, 'version 1') !== 1) wrong('no type document');
  const count = cbor.array('the types');
  if (count === 0 || count > NODES_MAX) wrong('a document has 1 to 256 types');
  const nodes = [];
  let members = 0;
  for (let i = 0; i < count; i += 1) {
    cbor.fixed(4, 'a named type');
    const node = {
      name: cbor.text(),
      kind: NODES[cbor.small(50, 'a kind')],
      closed: false,
      fields: [],
      symbols: [],
    };
    if (node.kind === undefined) wrong('a kind is unknown');
    node.closed = cbor.small(1, 'flags') === 1;
    const size = cbor.array('the members');
    members += size;
    if (members > MEMBERS_MAX) wrong('a document has at most 4096 members');
    for (let j = 0; j < size; j += 1)
      if (node.kind === 'enum') node.symbols.push(readSymbol(cbor));
      else node.fields.push(readField(cbor, count));
    nodes.push(node);
  }
  if (cbor.left > 0) wrong('bytes follow a type document');
  return nodes;
}

function readSymbol(cbor) {
  cbor.fixed(2, 'a symbol');
  const value = cbor.integer();
  if (value !== BigInt.asIntN(32, value)) wrong('the value of a symbol does not fit i32');
  return {value: Number(value), name: cbor.text()};
}

function readField(cbor, count) {
  cbor.fixed(7, 'a member');
  const orNull = (read, otherwise) => (cbor.isNull() ? otherwise : read());
  const field = {
    id: orNull(() => cbor.small(ID_MAX, 'an id'), null),
    name: cbor.text(),
    type: readRef(cbor, count, 1),
    unit: orNull(() => cbor.text(), ''),
    quantity: orNull(() => cbor.text(), ''),
    default: orNull(() => cbor.bytes().slice(), null),
  };
  const flags = cbor.small(3, 'flags');
  return {...field, key: (flags & 1) === 1, mustUnderstand: (flags & 2) === 2};
}

// --- the rules that keep whoever reads a value safe ---------------------------------------------

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

function checkMembers(node) {
  const members = node.kind === 'enum' ? node.symbols : node.fields;
  const names = new Set(members.map((member) => member.name));
  if (names.size !== members.length) wrong(`${node.name}: a name is there twice`);
  for (const name of names)
    if (!WORD.test(name) || name.length > 255)
      wrong(`${node.name}: "${name}" is no name of a member`);
  if (node.kind !== 'struct' && members.length === 0) wrong(`${node.name} has no member`);
  if (node.kind === 'enum') {
    if (new Set(members.map((symbol) => symbol.value)).size !== members.length)
      wrong(`${node.name}: a value is there twice`);
    return;
  }
  const ids = members.filter((field) => field.id !== null).map((field) => field.id);
  if (ids.length !== 0 && ids.length !== members.length)
    wrong(`${node.name}: all members have ids, or none has`);
  if (
    new Set(ids).size !== ids.length ||
    ids.some((id, i) => id < 1 || id > ID_MAX || id <= (ids[i - 1] ?? 0))
  )
    wrong(`${node.name}: the ids are not unique, or not between 1 and ${ID_MAX}`);
}

function checkRef(ref, nodes, where, depth = 1) {
  if (depth > DEPTH_MAX) wrong(`${where}: nested too deeply`);
  if (
    ref.kind === 'map' &&
    !KEYS.has(ref.key.kind) &&
    !(ref.key.kind === 'ref' && nodes[ref.key.node].kind === 'enum')
  )
    wrong(`${where}: a map has keys of bool, an integer, text or an enum`);
  if (ref.kind === 'array' && !(ref.length >= 1 && ref.length <= ARRAY_MAX))
    wrong(`${where}: an array has 1 to ${ARRAY_MAX} elements`);
  if (ref.kind === 'optional' && ref.of.kind === 'optional')
    wrong(`${where}: an optional of an optional`);
  if (ref.key) checkRef(ref.key, nodes, where, depth + 1);
  if (ref.of) checkRef(ref.of, nodes, where, depth + 1);
}

// How many scalars lie directly in one value. A struct that contains itself has no end.
function weigh(nodes) {
  const known = new Map();
  const open = [];
  const of = (ref) => {
    if (ref.kind === 'array') return ref.length * of(ref.of);
    if (ref.kind === 'optional') return 1 + ofNode(ref.of, true);
    return ref.kind === 'ref' ? ofNode(ref, false) : 1;
  };
  const ofNode = (ref, mayCircle) => {
    if (ref.kind !== 'ref') return of(ref);
    const node = nodes[ref.node];
    if (node.kind === 'enum') return 1;
    const circle = open.findIndex((entry) => entry.node === ref.node);
    if (circle >= 0) {
      if (
        !mayCircle &&
        !open.slice(circle).some((entry) => entry.mayCircle && entry.node !== ref.node) &&
        !open.slice(circle).some((entry) => nodes[entry.node].kind === 'union')
      )
        wrong(`${node.name} contains itself`);
      return 1;
    }
    if (known.has(ref.node)) return known.get(ref.node);
    open.push({node: ref.node, mayCircle});
    let sum = 1;
    for (const field of node.fields) sum += of(field.type);
    open.pop();
    if (sum > SCALARS_MAX) wrong(`${node.name} is too large: more than ${SCALARS_MAX} scalars`);
    known.set(ref.node, sum);
    return sum;
  };
  nodes.forEach((_, i) => ofNode({kind: 'ref', node: i}, false));
}

function check(nodes) {
  const names = new Set(nodes.map((node) => node.name));
  if (names.size !== nodes.length) wrong('a type is there twice');
  for (const node of nodes) {
    if (
      node.name.length > 255 ||
      !node.name.split('.').every((word) => WORD.test(word)) ||
      RESERVED.has(node.name)
    )
      wrong(`"${node.name}" is no name of a type`);
    checkMembers(node);
    for (const field of node.fields) checkRef(field.type, nodes, `${node.name}.${field.name}`);
  }
  weigh(nodes);
  for (const {fields} of nodes)
    for (const field of fields)
      if (field.default !== null) defaultValue(field.default, field.type, nodes);
}
