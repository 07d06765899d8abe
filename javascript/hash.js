// SHA-256 (names, types) and CRC-32C (packets). Their own, because crypto.subtle is not there in a
// page
// that came by http:// and answers too late for what is wanted at once.

const utf8 = new TextEncoder();

/** Bytes of texts and byte arrays, one behind the other. @param {...(string|Uint8Array)} parts */
export function concat(...parts) {
  const all = parts.map((part) => (typeof part === 'string' ? utf8.encode(part) : part));
  const out = new Uint8Array(all.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// --- SHA-256 (FIPS 180-4) ---------------------------------------------------------------------

// The constants are the fractions of the roots of the first primes, so they are computed.
const [FIRST, ROUND] = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
  const fraction = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32) >>> 0;
  return [
    Uint32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p))),
    Uint32Array.from(primes, (p) => fraction(Math.cbrt(p))),
  ];
})();

const turned = (x, by) => (x >>> by) | (x << (32 - by));

function block(state, words) {
  for (let i = 16; i < 64; i += 1) {
    const a = words[i - 15];
    const b = words[i - 2];
    words[i] =
      words[i - 16] +
      (turned(a, 7) ^ turned(a, 18) ^ (a >>> 3)) +
      words[i - 7] +
      (turned(b, 17) ^ turned(b, 19) ^ (b >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const one =
      h +
      (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
      ((e & f) ^ (~e & g)) +
      ROUND[i] +
      words[i];
    const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] += value;
  });
}

/** @param {Uint8Array} data @returns {Uint8Array} 32 bytes */
export function sha256(data) {
  const padded = new Uint8Array((data.length + 9 + 63) & ~63);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(padded.length - 4, (data.length << 3) >>> 0);
  const state = FIRST.slice();
  const words = new Uint32Array(64);
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(at + 4 * i);
    block(state, words);
  }
  const out = new Uint8Array(32);
  state.forEach((word, i) => new DataView(out.buffer).setUint32(4 * i, word));
  return out;
}

// --- CRC-32C (RFC 3720) -----------------------------------------------------------------------

const TABLE = Uint32Array.from({length: 256}, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

/** @param {Uint8Array} data */
export function crc32c(data) {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ data[i]) & 255];
  return ~crc >>> 0;
}

// --- what the wire takes from them --------------------------------------------------------------

const number = (hash) => new DataView(hash.buffer).getUint32(0);

export const domainId = (domain) => sha256(concat('dts-domain\0', domain)).slice(0, 4);
export const familyId = (name) => sha256(concat('dts-family\0', name)).slice(0, 8);
export const groupOf = (domain, family) =>
  1 + (number(sha256(concat('dts-group\0', domain, '\0', family))) % 255);

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
export const fromHex = (text) =>
  Uint8Array.from(text.match(/../g) ?? [], (two) => parseInt(two, 16));
