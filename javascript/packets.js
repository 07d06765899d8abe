// The packets of docs/wire.md: taken apart and put together. No state, no time, no network.
import {Malformed, Reader, Writer, utf8Bytes} from './bytes.js';
import {crc32c, hex} from './hash.js';

export const PACKET_MAX = 1400;
const HEAD = 28;
const FRAMES_MAX = 64;

/** Frame types. */
export const T = Object.freeze({
  PADDING: 0,
  DATA: 1,
  FRAGMENT: 2,
  DIGEST: 3,
  ANNOUNCE: 4,
  STREAMS: 5,
  WANTS: 6,
  LIST_REQUEST: 7,
  HISTORY_REQUEST: 8,
  HISTORY: 9,
  TYPE_REQUEST: 10,
  TYPE: 11,
  PROGRESS: 12,
  PROBE: 13,
  PROBE_REPLY: 14,
  CHALLENGE: 15,
  RESPONSE: 16,
  BYE: 17,
  REFUSE: 18,
  REPORT: 20,
  HEALTH: 22,
  GAP: 32,
  NACK: 33,
  NCF: 34,
  QUERY: 36,
  ANSWER: 37,
  HUB: 40,
});

// --- packets ------------------------------------------------------------------------------------

/**
 * Frames put into packets of one node. What does not fit begins a new packet.
 * A frame is {type, body}; a packet has at most 64 that are neither data nor padding.
 */
export function pack(frames, room = PACKET_MAX - HEAD - 4) {
  const packets = [];
  let now = [];
  let used = 0;
  for (const frame of frames) {
    const size = frame.body.length + 3;
    if (now.length > 0 && (used + size > room || now.length === FRAMES_MAX)) {
      packets.push(now);
      now = [];
      used = 0;
    }
    now.push(frame);
    used += size;
  }
  if (now.length > 0) packets.push(now);
  return packets;
}

/** @param {Uint8Array} domain 4 bytes @param {Uint8Array} node 12 bytes @param {number} number */
export function writePacket(domain, node, number, frames) {
  const out = new Writer(PACKET_MAX);
  out.bytes([0x44, 0x54, 1, 0]).bytes(domain).bytes(node).count(number);
  for (const {type, body} of frames) out.u8(type).u16(body.length).bytes(body);
  return out.u32(crc32c(out.done())).done();
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/**
 * @param {Uint8Array} data @param {Uint8Array} domain
 * @returns {{node: string, number: number, frames: {type: number, body: Uint8Array}[]}}
 */
export function readPacket(data, domain) {
  if (data.length < HEAD + 4 || data.length > 65507) throw new Malformed('no packet of DTS');
  const reader = new Reader(data);
  if (reader.u16() !== 0x5444) throw new Malformed('no packet of DTS');
  if (reader.u8() !== 1) throw new Malformed('another version of the wire');
  reader.u8();
  if (reader.view.getUint32(data.length - 4, true) !== crc32c(data.subarray(0, data.length - 4)))
    throw new Malformed('the checksum is wrong');
  if (!same(reader.take(4), domain)) throw new Malformed('of another domain');
  const node = hex(reader.take(12));
  const number = reader.count();
  const frames = [];
  let counted = 0;
  const end = data.length - 4;
  while (reader.at + 3 <= end) {
    const type = reader.u8();
    const size = reader.u16();
    if (reader.at + size > end) break; // one that does not fit ends the reading
    if (type > T.DATA) counted += 1;
    if (counted > FRAMES_MAX) break;
    frames.push({type, body: reader.take(size)});
  }
  return {node, number, frames};
}

// --- frames: written ----------------------------------------------------------------------------

const frame = (type, writer) => ({type, body: writer.done()});

export const plain = (type) => ({type, body: new Uint8Array(0)});
export const tokenFrame = (type, token) => frame(type, new Writer(8).u64(token));
export const flagsToken = (type, flags, token) => frame(type, new Writer(9).u8(flags).u64(token));
export const padding = (size) => ({type: T.PADDING, body: new Uint8Array(size)});
export const listRequest = (flags) => frame(T.LIST_REQUEST, new Writer(1).u8(flags));
export const historyRequest = (stream) => frame(T.HISTORY_REQUEST, new Writer(4).u32(stream));

export function announce(a) {
  return frame(
    T.ANNOUNCE,
    new Writer(128)
      .u8(a.flags)
      .u16(0)
      .u32(a.process)
      .i64(a.wall)
      .u64(a.up)
      .u32(a.period)
      .u64(a.streamsDigest)
      .u32(a.streams)
      .u64(a.wantsDigest)
      .u32(a.wants)
      .text(a.host)
      .text(a.name)
      .text(a.version)
      .text(a.domain),
  );
}

/** A list, or a change of one: the parts that it takes. @param {Uint8Array[]} entries */
export function list(type, {change = false, base = 0n, digest}, entries) {
  const room = PACKET_MAX - HEAD - 4 - 3 - 21;
  const parts = [new Writer(room)];
  for (const entry of entries) {
    if (parts.at(-1).size > 0 && parts.at(-1).size + entry.length > room)
      parts.push(new Writer(room));
    parts.at(-1).bytes(entry);
  }
  return parts.map((part, i) =>
    frame(
      type,
      new Writer(part.size + 21)
        .u8(change ? 1 : 0)
        .u64(base)
        .u64(digest)
        .u16(i)
        .u16(parts.length)
        .bytes(part.done()),
    ),
  );
}

export function streamEntry(r, closed = false) {
  const record = new Writer(128).u32(r.stream);
  if (!closed) {
    record
      .bytes(r.family)
      .text(r.name)
      .bytes(r.type)
      .u8(r.format)
      .bytes(new Uint8Array(8))
      .u8(r.delivery)
      .u8(r.flow)
      .varint(r.history)
      .text(r.source)
      .u8(Object.keys(r.labels).length);
    for (const [key, value] of Object.entries(r.labels)) record.text(key).text(value);
    record.varint(r.messages).varint(r.bytes).varint(r.next);
  }
  return new Writer(record.size + 3)
    .u8(closed ? 1 : 0)
    .u16(record.size)
    .bytes(record.done())
    .done();
}

/** flags: 1 removed, 2 live data, 4 history; a family of zeros: the name is a pattern. */
export const wantEntry = (flags, family, name) =>
  new Writer(64).u8(flags).bytes(family).text(name).done();

export const history = (stream, from, to, group, roundTrip) =>
  frame(T.HISTORY, new Writer(25).u32(stream).count(from).count(to).u8(group).u32(roundTrip));

export const digest = (stream, last, first, group, roundTrip, stamp) =>
  frame(
    T.DIGEST,
    new Writer(29).u32(stream).count(last).count(first).u8(group).u32(roundTrip).u32(stamp),
  );

export const progress = (stream, sequence, room) =>
  frame(T.PROGRESS, new Writer(16).u32(stream).count(sequence).u32(room));

export const report = (stream, sequence) =>
  frame(T.REPORT, new Writer(12).u32(stream).count(sequence));

export const refuse = (stream, first, bytesMax) =>
  frame(T.REFUSE, new Writer(20).u32(stream).count(first).count(bytesMax));

export const gap = (stream, from, to) =>
  frame(T.GAP, new Writer(21).u32(stream).count(from).count(to).u8(0));

export const typeRequest = (type, offset) =>
  frame(T.TYPE_REQUEST, new Writer(20).bytes(type).u32(offset));

export const typeFrame = (type, total, offset, bytes) =>
  frame(T.TYPE, new Writer(24 + bytes.length).bytes(type).u32(total).u32(offset).bytes(bytes));

/** @param {[number, number][]} runs from and to of each, rising @param {number|null} echo */
export function nack(publisher, stream, echo, runs) {
  const out = new Writer(64)
    .bytes(publisher)
    .u32(stream)
    .u8(echo === null ? 0 : 1)
    .u8(0)
    .u32(echo ?? 0)
    .count(runs[0][0]);
  let next = runs[0][0];
  for (const [from, to] of runs) {
    out.varint(from - next).varint(to - from + 1);
    next = to + 1;
  }
  return frame(T.NACK, out);
}

/** Messages that follow each other, of one stream: [{bytes, published}], as many as fit. */
export function dataFrames(stream, first, messages, flags = 0) {
  const room = PACKET_MAX - HEAD - 4 - 3;
  const frames = [];
  let out = null;
  let before = 0n;
  messages.forEach(({bytes, published}, i) => {
    if (out !== null && out.size + bytes.length + 14 > room) {
      frames.push(frame(T.DATA, out));
      out = null;
    }
    if (out === null) {
      out = new Writer(Math.min(room, 128 + bytes.length))
        .u8(flags)
        .u32(stream)
        .count(first + i)
        .i64(published);
      before = published;
    }
    out
      .varint(bytes.length)
      .zigzag(published - before)
      .bytes(bytes);
    before = published;
  });
  if (out !== null) frames.push(frame(T.DATA, out));
  return frames;
}

/** The largest message that travels whole, and the size of a piece of one that does not. */
export const WHOLE_MAX = PACKET_MAX - HEAD - 4 - 3 - 21 - 14;
export const PIECE = PACKET_MAX - HEAD - 4 - 3 - 31;

export const fragment = (stream, first, bytes, index, published, flags) =>
  frame(
    T.FRAGMENT,
    new Writer(PACKET_MAX)
      .u8(flags)
      .u32(stream)
      .count(first + index)
      .u32(bytes.length)
      .u16(PIECE)
      .u32(index)
      .i64(published)
      .bytes(bytes.subarray(index * PIECE, (index + 1) * PIECE)),
  );

/** What one source says to a question: an entry of STREAMS, why it cannot, or nothing. */
export function answer({token, part, parts, of, entry, why}) {
  const out = new Writer(128)
    .u64(token)
    .u8(entry ? 1 : why ? 2 : 0)
    .u16(part)
    .u16(parts)
    .u32(of)
    .varint(0);
  if (entry) out.bytes(entry);
  else if (why) out.u16(utf8Bytes(why).length).bytes(utf8Bytes(why));
  return frame(T.ANSWER, out);
}

// --- frames: read -------------------------------------------------------------------------------

const numbered = (r) => ({stream: r.u32(), sequence: r.count()});

function data(r) {
  const out = {flags: r.u8(), stream: r.u32(), first: r.count(), messages: []};
  let published = r.i64();
  while (r.left > 0) {
    const size = r.varint();
    published = BigInt.asIntN(64, published + r.zigzag());
    out.messages.push({published, bytes: r.take(size)});
  }
  if (out.first === 0) throw new Malformed('a sequence is 0');
  return out;
}

function fragmentOf(r) {
  const out = {
    flags: r.u8(),
    ...numbered(r),
    total: r.u32(),
    piece: r.u16(),
    index: r.u32(),
    published: r.i64(),
    bytes: r.rest(),
  };
  out.count = Math.max(1, Math.ceil(out.total / out.piece));
  const rest = out.total - out.index * out.piece;
  const size = out.bytes.length;
  if (
    out.piece === 0 ||
    out.index >= out.count ||
    out.index >= out.sequence ||
    out.total >= 2 ** 31 ||
    (size !== rest && (size > rest || size === 0 || size % out.piece !== 0)) ||
    (out.flags & 12) === 12
  )
    throw new Malformed('a piece does not fit its message');
  out.first = out.sequence - out.index;
  return out;
}

function announced(r) {
  return {
    flags: r.u8(),
    port: r.u16(),
    process: r.u32(),
    wall: r.i64(),
    up: r.u64(),
    period: r.u32(),
    streamsDigest: r.u64(),
    streams: r.u32(),
    wantsDigest: r.u64(),
    wants: r.u32(),
    host: r.text(),
    name: r.text(),
    version: r.text(),
    domain: r.text(),
  };
}

function listHead(r) {
  const out = {
    kind: r.u8(),
    base: r.u64(),
    digest: r.u64(),
    part: r.u16(),
    parts: r.u16(),
    entries: [],
  };
  if (out.kind > 1 || out.part >= out.parts) throw new Malformed('no list');
  return out;
}

function streamRecord(entry) {
  const closed = (entry.u8() & 1) === 1;
  const r = new Reader(entry.take(entry.u16()));
  const out = {closed, stream: r.u32()};
  if (closed) return out;
  Object.assign(out, {
    family: hex(r.take(8)),
    name: r.text(),
    type: hex(r.take(16)),
    format: r.u8(),
    binding: hex(r.take(8)),
    delivery: r.u8(),
    flow: r.u8(),
    history: r.varint(),
    source: r.text(),
    labels: {},
  });
  for (let left = r.u8(); left > 0; left -= 1) {
    const key = r.text();
    Object.defineProperty(out.labels, key, {value: r.text(), enumerable: true, configurable: true});
  }
  Object.assign(out, {
    messages: r.varint(),
    bytes: r.varint(),
    next: r.varint(),
    via: [],
    origin: null,
    originStream: 0,
    originHost: '',
    originName: '',
  });
  const hubs = r.left > 0 ? r.u8() : 0;
  if (hubs > 8) throw new Malformed('more hubs than there may be');
  if (hubs > 0) {
    Object.assign(out, {
      origin: hex(r.take(12)),
      originStream: r.u32(),
      originHost: r.text(),
      originName: r.text(),
    });
    for (let i = 0; i < hubs; i += 1) out.via.push(r.u64());
  }
  return out;
}

function streams(r) {
  const out = listHead(r);
  while (r.left > 0) out.entries.push(streamRecord(r));
  return out;
}

function wants(r) {
  const out = listHead(r);
  while (r.left > 0) {
    const flags = r.u8();
    const entry = {flags, family: hex(r.take(8)), name: r.text()};
    if (flags & 8) r.take(r.u16()); // selections: everything is sent, and chosen there
    if (flags & 16) r.take(8 * r.u8());
    out.entries.push(entry);
  }
  return out;
}

function runs(r) {
  const out = [];
  for (let next = r.count(); r.left > 0; ) {
    const skip = r.varint();
    const count = r.varint();
    next += skip;
    if (
      count === 0 ||
      (skip === 0) !== (out.length === 0) ||
      next + count > 2 ** 53 ||
      next === 0 ||
      out.length === 512
    )
      throw new Malformed('no runs');
    out.push([next, next + count - 1]);
    next += count;
  }
  return out;
}

const audience = (r) => ({group: r.u8(), roundTrip: r.u32()});

const READ = {
  [T.DATA]: data,
  [T.FRAGMENT]: fragmentOf,
  [T.DIGEST]: (r) => ({
    stream: r.u32(),
    last: r.count(),
    first: r.count(),
    ...audience(r),
    stamp: r.u32(),
  }),
  [T.ANNOUNCE]: announced,
  [T.STREAMS]: streams,
  [T.WANTS]: wants,
  [T.LIST_REQUEST]: (r) => ({flags: r.u8()}),
  [T.HISTORY_REQUEST]: (r) => ({stream: r.u32()}),
  [T.HISTORY]: (r) => ({stream: r.u32(), from: r.count(), to: r.count(), ...audience(r)}),
  [T.TYPE_REQUEST]: (r) => ({type: hex(r.take(16)), offset: r.u32()}),
  [T.TYPE]: (r) => ({type: hex(r.take(16)), total: r.u32(), offset: r.u32(), bytes: r.rest()}),
  [T.PROGRESS]: (r) => ({...numbered(r), room: r.u32()}),
  [T.PROBE]: (r) => ({flags: r.u8(), token: r.u64()}),
  [T.CHALLENGE]: (r) => ({token: r.u64()}),
  [T.BYE]: () => ({}),
  [T.REFUSE]: (r) => ({stream: r.u32(), first: r.count(), bytesMax: r.u64()}),
  [T.REPORT]: numbered,
  [T.GAP]: (r) => ({stream: r.u32(), from: r.count(), to: r.count(), reason: r.u8()}),
  [T.NACK]: (r) => ({
    publisher: hex(r.take(12)),
    stream: r.u32(),
    flags: r.u8(),
    loss: r.u8(),
    echo: r.u32(),
    runs: runs(r),
  }),
  [T.NCF]: (r) => ({stream: r.u32(), within: r.u32(), runs: runs(r)}),
  [T.QUERY]: (r) => ({
    token: r.u64(),
    flags: r.u8(),
    family: hex(r.take(8)),
    name: r.text(),
    from: r.i64(),
    to: r.i64(),
    limit: r.varint(),
    filtered: r.u16() > 0,
  }),
};

/** The fields of a frame, or null when nothing is to be done about its type. */
export function readFrame({type, body}) {
  const read = READ[type];
  return read === undefined ? null : read(new Reader(body));
}
