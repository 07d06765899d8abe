// The notation of types (docs/reference/types.md): parsed into named nodes, and printed.
import {printDefault} from './defaults.js';

// --- tokens -------------------------------------------------------------------------------------

class Scanner {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  fail(what) {
    const before = this.text.slice(0, this.at).split('\n');
    throw new Error(
      `${what}, at line ${before.length}, column ${before.at(-1).length + 1} of the type ` +
        '(try: docs/reference/types.md, for example "a.B { x : f64 [Cel] = 20 }")',
    );
  }

  skip() {
    this.at += /^(?:[\s]|\/\/[^\n]*)*/.exec(this.text.slice(this.at))[0].length;
  }

  /** What parts members: a comma, a semicolon, a new line, a comment. Was there one? */
  separator() {
    const found = /^(?:[\s,]|\/\/[^\n]*(?:\n|$))*/.exec(this.text.slice(this.at))[0];
    this.at += found.length;
    return /[,\n]/.test(found);
  }

  /** The next token, if it is this; else nothing has happened: a new line before it may part members. */
  match(pattern) {
    const before = this.at;
    this.skip();
    const found = new RegExp(`^(?:${pattern})`).exec(this.text.slice(this.at));
    if (found === null) {
      this.at = before;
      return null;
    }
    this.at += found[0].length;
    return found[0];
  }

  expect(pattern, what) {
    const found = this.match(pattern);
    if (found !== null) return found;
    this.skip();
    return this.fail(`${what} is missing`);
  }

  get ended() {
    this.skip();
    return this.at >= this.text.length;
  }
}

const NAME = '[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*';
const WORD = '[A-Za-z_][A-Za-z0-9_]*';
const MODIFIERS = ['key', 'must_understand', 'narrow', 'use_default', 'trim'];
const SCALARS = new Set([
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
]);

// --- parsing ------------------------------------------------------------------------------------

function parseRef(s, depth = 0) {
  if (depth > 32) s.fail('the type is nested too deeply');
  const word = s.expect(NAME, 'a type');
  let ref;
  if (['list', 'optional'].includes(word) && s.match('<')) {
    ref = {kind: word, of: parseRef(s, depth + 1)};
    s.expect('>', '">"');
  } else if (word === 'array' && s.match('<')) {
    const of = parseRef(s, depth + 1);
    s.expect(',', '","');
    ref = {kind: 'array', of, length: Number(s.expect('[0-9]+', 'a length'))};
    s.expect('>', '">"');
  } else if (word === 'map' && s.match('<')) {
    const key = parseRef(s, depth + 1);
    s.expect(',', '","');
    ref = {kind: 'map', key, of: parseRef(s, depth + 1)};
    s.expect('>', '">"');
  } else {
    ref = SCALARS.has(word) ? {kind: word} : {kind: 'ref', name: word};
  }
  return s.match('\\?') ? {kind: 'optional', of: ref} : ref;
}

// "[Cel]", "[[degF]]", "[K; delta]": brackets of the unit are in pairs.
function parseUnit(s) {
  if (s.match('\\[') === null) return ['', ''];
  const begin = s.at;
  for (let open = 1; open > 0; s.at += 1) {
    const char = s.text[s.at];
    if (char === undefined || char === '\n') s.fail('the "]" of a unit is missing');
    open += Number(char === '[') - Number(char === ']');
  }
  const [unit, ...tag] = s.text.slice(begin, s.at - 1).split(';');
  return [unit.trim(), tag.join(';').trim()];
}

// A default goes to the end of its member: a comma, new line or "}" outside of quotes and brackets.
function defaultText(s) {
  s.skip();
  const begin = s.at;
  let open = 0;
  for (; s.at < s.text.length; s.at += 1) {
    const char = s.text[s.at];
    if (char === '"') {
      for (s.at += 1; s.at < s.text.length && s.text[s.at] !== '"'; s.at += 1)
        if (s.text[s.at] === '\\') s.at += 1;
    } else if ('([{'.includes(char)) {
      open += 1;
    } else if (open > 0 && ')]}'.includes(char)) {
      open -= 1;
    } else if (open === 0 && (',}\n'.includes(char) || s.text.startsWith('//', s.at))) {
      break;
    }
  }
  return s.text.slice(begin, s.at).trim();
}

function parseField(s, kind) {
  const words = [];
  let name = s.expect(WORD, 'the name of a field');
  while (MODIFIERS.includes(name) && /^\s+[A-Za-z_]/.test(s.text.slice(s.at))) {
    words.push(name);
    name = s.expect(WORD, 'the name of a field');
  }
  while (s.match('\\|')) s.expect(WORD, 'a former name');
  const id = s.match('@') ? Number(s.expect('[0-9]+', 'an id')) : null;
  s.expect(':', `":" and the type of "${name}"`);
  const type = parseRef(s);
  let [unit, quantity] = parseUnit(s);
  if (s.match('#')) quantity = s.expect('[A-Za-z_][A-Za-z0-9_.-]*', 'a quantity tag');
  const text = kind === 'struct' && s.match('=') ? defaultText(s) : null;
  return {
    id,
    name,
    type,
    unit,
    quantity,
    default: null,
    defaultText: text,
    key: words.includes('key'),
    mustUnderstand: words.includes('must_understand'),
  };
}

function parseNode(s) {
  const closed = s.match('closed\\b') !== null;
  const kind = s.match('(?:struct|enum|union)\\b(?!\\s*\\{)') ?? 'struct';
  const node = {name: s.expect(NAME, 'the name of a type'), kind, closed, fields: [], symbols: []};
  s.expect('\\{', '"{"');
  s.separator();
  for (let next = 0; s.match('\\}') === null; ) {
    if (kind === 'enum') {
      const name = s.expect(WORD, 'a symbol');
      const value = s.match('=') ? Number(s.expect('-?[0-9]+', 'the value of a symbol')) : next;
      if (value !== (value | 0)) s.fail(`the value of "${name}" does not fit i32`);
      node.symbols.push({name, value});
      next = value + 1;
    } else {
      node.fields.push(parseField(s, kind));
    }
    if (!s.separator() && s.text[s.at] !== '}') s.fail('a comma, a new line or "}" is missing');
  }
  return node;
}

/** @returns {{nodes: Map<string, object>, root: string}} references by name */
export function parseNotation(text) {
  const s = new Scanner(text);
  const nodes = new Map();
  let root = '';
  while (!s.ended) {
    const node = parseNode(s);
    if (nodes.has(node.name)) s.fail(`"${node.name}" is there twice`);
    nodes.set(node.name, node);
    root ||= node.name;
    while (s.match(';'));
  }
  if (root === '') s.fail('a type is missing');
  return {nodes, root};
}

// --- printing -----------------------------------------------------------------------------------

export function printRef(ref, nodes) {
  const inner = () => printRef(ref.of, nodes);
  if (ref.kind === 'ref') return nodes[ref.node].name;
  if (ref.kind === 'list') return `list<${inner()}>`;
  if (ref.kind === 'array') return `array<${inner()}, ${ref.length}>`;
  if (ref.kind === 'map') return `map<${printRef(ref.key, nodes)}, ${inner()}>`;
  return ref.kind === 'optional' ? `${inner()}?` : ref.kind;
}

function printField(field, nodes) {
  const words = (field.key ? 'key ' : '') + (field.mustUnderstand ? 'must_understand ' : '');
  const id = field.id === null ? '' : ` @${field.id}`;
  let unit =
    field.unit === ''
      ? ''
      : ` [${field.unit}${field.quantity === '' ? '' : `; ${field.quantity}`}]`;
  if (field.unit === '' && field.quantity !== '') unit = ` #${field.quantity}`;
  const value =
    field.default === null ? '' : ` = ${printDefault(field.default, field.type, nodes)}`;
  return `${words}${field.name}${id} : ${printRef(field.type, nodes)}${unit}${value}`;
}

/** @param {import('./types.js').Type} type */
export function printType(type) {
  return type.nodes
    .map((node) => {
      const kind = (node.closed ? 'closed ' : '') + (node.kind === 'struct' ? '' : `${node.kind} `);
      const members = [
        ...node.symbols.map((symbol) => `${symbol.name} = ${symbol.value}`),
        ...node.fields.map((field) => printField(field, type.nodes)),
      ];
      if (members.length === 0) return `${kind}${node.name} {}`;
      return `${kind}${node.name} {\n${members.map((member) => `  ${member}\n`).join('')}}`;
    })
    .join('\n\n');
}
