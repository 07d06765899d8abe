// One block of LZ4: what large messages may be compressed by. Reading only; from anybody.
import {Malformed} from './bytes.js';

const wrong = () => {
  throw new Malformed('a compressed message is damaged');
};

/** @param {Uint8Array} data @param {number} size of what comes out */
export function unpack(data, size) {
  const out = new Uint8Array(size);
  let at = 0;
  let to = 0;
  const length = (low) => {
    if (low < 15) return low;
    for (let sum = low; ; ) {
      if (at >= data.length) wrong();
      const byte = data[at];
      at += 1;
      sum += byte;
      if (byte < 255) return sum;
    }
  };
  while (at < data.length) {
    const token = data[at];
    at += 1;
    const literals = length(token >> 4);
    if (at + literals > data.length || to + literals > size) wrong();
    out.set(data.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === data.length) break; // the last sequence has literals only
    if (at + 2 > data.length) wrong();
    const back = data[at] | (data[at + 1] << 8);
    at += 2;
    const copied = length(token & 15) + 4;
    if (back === 0 || back > to || to + copied > size) wrong();
    for (let i = 0; i < copied; i += 1) out[to + i] = out[to + i - back];
    to += copied;
  }
  if (to !== size) wrong();
  return out;
}
