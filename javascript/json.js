// Values as JSON (docs/reference/formats/json.md): what streams in that format hold, what any value
// looks
// like to people, and values from what people write.
import {Malformed, utf8Text} from './bytes.js';
import {defaultValue} from './defaults.js';
import {
  base64,
  decimalOf,
  decimalText,
  fromBase64,
  scalar,
  secondsText,
  timeText,
} from './scalars.js';
import {Type} from './types.js';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const DEPTH_MAX = 64;

// --- to JSON ------------------------------------------------------------------------------------

const real = (value) =>
  Number.isFinite(value)
    ? value
    : Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? 'Infinity'
        : '-Infinity';

// The shortest number that is the same f32.
function shortest(value) {
  for (let digits = 1; digits < 9; digits += 1)
    if (Math.fround(Number(value.toPrecision(digits))) === value)
      return Number(value.toPrecision(digits));
  return Number(value.toPrecision(9));
}

function outOf(value, ref, nodes) {
  const inner = (of) => (each) => outOf(each, of, nodes);
  switch (ref.kind) {
    case 'ref':
      return outOfNode(value, nodes[ref.node], nodes);
    case 'optional':
      return value === null || value === undefined ? null : inner(ref.of)(value);
    case 'list':
    case 'array':
      return Array.from(value, inner(ref.of));
    case 'map':
      return Object.fromEntries(
        [...value].map(([key, each]) => [String(key), inner(ref.of)(each)]),
      );
    case 'any':
      return value === null
        ? {}
        : {type: String(value.type), value: toJson(value.value, value.type)};
    case 'f64':
      return real(value);
    case 'f32':
      return real(shortest(value));
    case 'i64':
    case 'u64':
      return value > SAFE || value < -SAFE ? String(value) : Number(value);
    case 'time':
      return timeText(value);
    case 'duration':
      return secondsText(value);
    case 'bytes':
      return base64(value);
    default:
      return value;
  }
}

function outOfNode(value, node, nodes) {
  if (node.kind === 'enum') return value;
  const out = {};
  for (const field of node.fields) {
    const held = value[field.name];
    if (
      held === undefined ||
      (held === null &&
        field.type.kind === 'optional' &&
        field.default === null &&
        node.kind === 'struct')
    )
      continue;
    out[field.name] = outOf(held, field.type, nodes);
  }
  return out;
}

/** A value as JSON.stringify() takes it. */
export const toJson = (value, type) => outOf(value, {kind: 'ref', node: 0}, type.nodes);

// --- from JSON ----------------------------------------------------------------------------------

const NAMED = {NaN, Infinity, '-Infinity': -Infinity};
const isObject = (json) => json !== null && typeof json === 'object' && !Array.isArray(json);
const wrong = (what) => {
  throw new Malformed(what);
};

function keyFrom(text, ref, nodes) {
  if (ref.kind === 'bool')
    return text === 'true' || (text === 'false' ? false : wrong(`"${text}" is no bool`));
  if (ref.kind === 'text') return text;
  if (ref.kind === 'ref' && !/^-?\d+$/.test(text)) return into(text, ref, nodes, 0);
  if (!/^-?\d+$/.test(text)) wrong(`"${text}" is no ${ref.kind}`);
  return into(ref.kind === 'ref' ? Number(text) : text, ref, nodes, 0, true);
}

function into(json, ref, nodes, depth, isKey = false) {
  if (depth > DEPTH_MAX) wrong('a value is nested too deeply');
  const inner = (of) => (each) => into(each, of, nodes, depth + 1);
  switch (ref.kind) {
    case 'ref':
      return intoNode(json, nodes[ref.node], nodes, depth);
    case 'optional':
      return json === null ? null : inner(ref.of)(json);
    case 'list':
    case 'array':
      if (!Array.isArray(json)) wrong('a list is missing');
      if (ref.kind === 'array' && json.length !== ref.length) wrong('an array has another length');
      return json.map(inner(ref.of));
    case 'map':
      if (!isObject(json)) wrong('a map is missing');
      return new Map(
        Object.entries(json).map(([key, each]) => [
          keyFrom(key, ref.key, nodes),
          inner(ref.of)(each),
        ]),
      );
    case 'any': {
      if (!isObject(json)) wrong('no any');
      if (json.type === undefined) return null;
      const type = Type.define(json.type);
      return {type, value: fromJson(json.value, type)};
    }
    case 'bytes':
      return typeof json === 'string' ? fromBase64(json) : wrong('no base64');
    case 'decimal':
      return decimalText(decimalOf(json));
    case 'f32':
    case 'f64':
      return scalar(ref.kind, NAMED[json] ?? json);
    case 'time':
    case 'duration':
      return typeof json === 'string' ? scalar(ref.kind, json) : wrong(`no ${ref.kind}`);
    case 'i64':
    case 'u64':
      return scalar(
        ref.kind,
        typeof json === 'string' && /^-?\d+$/.test(json) ? BigInt(json) : json,
      );
    default:
      return scalar(ref.kind, isKey ? Number(json) : json);
  }
}

function intoNode(json, node, nodes, depth) {
  if (node.kind === 'enum') {
    const symbol = node.symbols.find((each) => each.name === json || each.value === json);
    if (symbol !== undefined) return symbol.name;
    return node.closed || json !== (json | 0)
      ? wrong(`${String(json)} is no symbol of ${node.name}`)
      : json;
  }
  if (!isObject(json)) wrong(`no ${node.name}`);
  for (const name of Object.keys(json))
    if (!node.fields.some((field) => field.name === name))
      wrong(`${node.name} has no field "${name}"`);
  const out = {};
  if (node.kind === 'union') {
    const [name, ...more] = Object.keys(json);
    if (more.length > 0 || (name === undefined && node.closed))
      wrong(`${node.name} holds one case`);
    if (name !== undefined)
      out[name] = into(
        json[name],
        node.fields.find((field) => field.name === name).type,
        nodes,
        depth + 1,
      );
    return out;
  }
  for (const field of node.fields) {
    const held = json[field.name];
    if (held !== undefined) out[field.name] = into(held, field.type, nodes, depth + 1);
    else if (field.default !== null)
      out[field.name] = defaultValue(field.default, field.type, nodes);
    else if (field.type.kind === 'optional') out[field.name] = null;
    else wrong(`the field "${field.name}" is missing`);
  }
  return out;
}

/** A value from parsed JSON; throws when it is none of the type. */
export const fromJson = (json, type) => into(json, {kind: 'ref', node: 0}, type.nodes, 0);

/** @param {Uint8Array} bytes @param {Type} type */
export function decode(bytes, type) {
  try {
    return fromJson(JSON.parse(utf8Text(bytes)), type);
  } catch (error) {
    throw new Malformed(error.message);
  }
}
