// Scalars as JavaScript has them, checked, and as text: times, durations and decimals have no type
// of
// their own in JavaScript.
//
//   i8..u32, f32, f64  number      i64 u64 time duration  bigint (time: nanoseconds since 1970)
//   text               string      bytes                  Uint8Array
//   decimal            string, all digits: '12.50' is 1250 x 10^-2
const SECOND = 1000000000n;
const BITS = {i8: 8, i16: 16, i32: 32, u8: 8, u16: 16, u32: 32};

const shown = (value) => {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

/** An Error that says what does not fit; the caller knows where. */
export const unfit = (kind, value, hint = '') =>
  new TypeError(`${shown(value)} is no ${kind}${hint && ` (try: ${hint})`}`);

/** @returns the value as its kind has it; throws when it is none. */
export function scalar(kind, value) {
  if (kind === 'bool' && typeof value === 'boolean') return value;
  if (kind === 'text' && typeof value === 'string') return value;
  if (kind === 'f64' || kind === 'f32') return real(kind, value);
  if (kind in BITS) return small(kind, value);
  if (kind === 'i64' || kind === 'u64') return wide(kind, value);
  if (kind === 'time')
    return value instanceof Date ? wide('i64', dateNs(value)) : asText(kind, value, timeFromText);
  if (kind === 'duration') return asText(kind, value, durationFromText);
  if (kind === 'decimal') return decimalText(decimalOf(value));
  if (kind === 'bytes') {
    if (value instanceof Uint8Array) return value;
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value))
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    throw unfit(kind, value, 'a Uint8Array');
  }
  throw unfit(kind, value);
}

function dateNs(date) {
  if (Number.isNaN(date.getTime())) throw unfit('time', date);
  return BigInt(date.getTime()) * 1000000n;
}

const asText = (kind, value, read) => (typeof value === 'string' ? read(value) : wide(kind, value));

function real(kind, value) {
  if (typeof value !== 'number') throw unfit(kind, value);
  return kind === 'f32' ? Math.fround(value) : value;
}

function small(kind, value) {
  const number = typeof value === 'bigint' ? Number(value) : value;
  const bits = BITS[kind];
  const [least, most] =
    kind[0] === 'u' ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  if (!Number.isInteger(number) || number < least || number > most)
    throw unfit(kind, value, `${least} to ${most}`);
  return number;
}

function wide(kind, value) {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw unfit(kind, value, 'a bigint, such as 12n: above 2^53 a number is not exact');
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw unfit(kind, value, 'a bigint, such as 12n');
  const big = BigInt(value);
  if (big !== (kind === 'u64' ? BigInt.asUintN(64, big) : BigInt.asIntN(64, big)))
    throw unfit(kind, value, '64 bits');
  return big;
}

// --- times and durations ------------------------------------------------------------------------

const floorDiv = (a, b) => (a - (((a % b) + b) % b)) / b;

/** '2026-11-22T10:24:48.123456789Z' of nanoseconds. digits: 'all' nine, else those that are needed. */
export function timeText(ns, digits = 'all') {
  const seconds = floorDiv(ns, SECOND);
  const fraction = String(ns - seconds * SECOND).padStart(9, '0');
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const needed = digits === 'all' ? fraction : fraction.replace(/0+$/, '');
  return `${whole}${needed && `.${needed}`}Z`;
}

export function timeFromText(text) {
  const found = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(
    text,
  );
  const ms = found === null ? NaN : Date.parse(`${found[1]}T${found[2]}${found[4].toUpperCase()}`);
  if (Number.isNaN(ms)) throw unfit('time', text, '2026-11-22T10:24:48Z');
  return wide('i64', BigInt(ms) * 1000000n + BigInt((found[3] ?? '').padEnd(9, '0')));
}

const UNITS = [
  ['d', 86400n * SECOND],
  ['h', 3600n * SECOND],
  ['m', 60n * SECOND],
  ['s', SECOND],
  ['ms', 1000000n],
  ['us', 1000n],
  ['ns', 1n],
];

/** '1h30m' of nanoseconds. */
export function durationText(ns) {
  let left = ns < 0n ? -ns : ns;
  let text = ns < 0n ? '-' : '';
  for (const [name, unit] of UNITS) {
    if (left >= unit) text += `${left / unit}${name}`;
    left %= unit;
  }
  return ns === 0n ? '0s' : text;
}

/** '1.5s' of nanoseconds: as JSON has it. */
export function secondsText(ns) {
  const all = ns < 0n ? -ns : ns;
  const fraction = String(all % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${all / SECOND}${fraction && `.${fraction}`}s`;
}

export function durationFromText(text) {
  const bad = () => unfit('duration', text, '500ms, 2s, 1h30m');
  if (!/^-?(\d+(\.\d+)?(d|h|ms|m|s|us|ns))+$/.test(text)) throw bad();
  let total = 0n;
  for (const [, whole, fraction = '', name] of text.matchAll(
    /(\d+)(?:\.(\d+))?(d|h|ms|m|s|us|ns)/g,
  )) {
    const unit = UNITS.find(([of]) => of === name)[1];
    const scaled = BigInt(fraction || 0) * unit;
    const scale = 10n ** BigInt(Math.min(fraction.length, 30));
    if (fraction.length > 30 || scaled % scale !== 0n) throw bad();
    total += BigInt(whole) * unit + scaled / scale;
  }
  return wide('duration', text[0] === '-' ? -total : total);
}

// --- decimals -----------------------------------------------------------------------------------

/** @returns {{coefficient: bigint, exponent: number}} */
export function decimalOf(value) {
  const found = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/.exec(String(value));
  if (found === null) throw unfit('decimal', value, "'12.50'");
  const [, sign, whole, fraction = '', power = '0'] = found;
  const exponent = Number(power) - fraction.length;
  const coefficient = BigInt(whole + fraction) * (sign ? -1n : 1n);
  if (exponent < -128 || exponent > 127 || coefficient !== BigInt.asIntN(64, coefficient))
    throw unfit('decimal', value, 'a coefficient of 64 bits, an exponent of 8');
  return {coefficient, exponent};
}

export function decimalText({coefficient, exponent}) {
  const sign = coefficient < 0n ? '-' : '';
  const digits = String(coefficient < 0n ? -coefficient : coefficient);
  if (exponent === 0) return sign + digits;
  if (exponent > 0 || exponent < -digits.length - 4) return `${sign}${digits}e${exponent}`;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

// --- bytes in JSON ------------------------------------------------------------------------------

export function base64(bytes) {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text) {
  try {
    const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, ''));
    return Uint8Array.from(plain, (char) => char.charCodeAt(0));
  } catch {
    throw unfit('base64', text);
  }
}
