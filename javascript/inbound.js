// One stream as it is received, whichever ways it comes: put in order, joined from pieces, what is
// missing
// noticed, asked for, and named when it does not come. Knows no sockets: what is to be sent it says
// to `to`.
import {Malformed, Reader} from './bytes.js';
import {fromHex} from './hash.js';
import {unpack} from './lz4.js';
import * as p from './packets.js';

const STATE = 1;
const STREAM = 2;
const COMMAND = 3;
export const HISTORIC = 1;
export const REPORT = 2;
const LZ4 = 4;
const ZSTD = 8;

const MESSAGE_MAX = 64 << 20;
const HELD_MAX = 65536; // packets: a message of MESSAGE_MAX and some more
const HELD_BYTES_MAX = 80 << 20;
const HOLES_MAX = 1024;
const ONE_HOLE_MS = 1; // what is missed so soon after its neighbour is missed with it
const AHEAD_MAX = 2 ** 28;
const ROOM = 1 << 20; // bytes that may be on their way here
const GIVE_UP_MS = {0: 10000, 1: 100, 2: 3, 3: 10000};
const BEGIN_ASK_MS = [20, 60, 140, 300];
const BEGIN_MS = 500;
const FIRST_NACK_MS = 2;
const NACK_MS = [15, 1200];
const NACKS_EVEN = 16;

export class Inbound {
  /**
   * @param {object} record of STREAMS
   * @param {{value(bytes, meta): void, lost(from: number, to: number, why: string): void,
   *   ready(): boolean, refused(what: string): void}} handler ready: values can be taken now
   */
  constructor(record, handler) {
    this.record = record;
    this.handler = handler;
    this.ways = []; // [{peer, stream, stamp, stampAt, group}]; the last one is asked
    this.next = 0; // to hand out; 0: where it begins is not known
    this.last = 0; // the highest that has been heard of
    this.held = new Map(); // sequence: {bytes, published, flags} or {message}
    this.heldBytes = 0;
    this.holes = []; // [{from, to, since}] rising
    this.given = []; // [{from, to, why}] given up, not yet named
    this.nackDue = Infinity;
    this.nacks = 0;
    this.reported = -1;
    this.reportDue = -1;
    this.beginAsked = 0;
    this.beginSince = 0;
    this.idleSince = Infinity;
    this.counters = {values: 0, bytes: 0, lost: 0, duplicates: 0, refused: 0, nacks: 0};
  }

  get delivery() {
    return this.record.delivery;
  }

  // --- ways -------------------------------------------------------------------------------------

  addWay(now, peer, stream) {
    if (this.ways.some((way) => way.peer === peer && way.stream === stream)) return;
    this.ways.push({peer, stream, stamp: null, stampAt: 0, group: 0});
    this.idleSince = Infinity;
    this.beginSince = now;
    this.beginAsked = 0;
  }

  /** Without a way nothing more comes: 100 ms later what is missing is named. */
  removeWay(now, peer, stream) {
    this.ways = this.ways.filter((way) => way.peer !== peer || way.stream !== stream);
    if (this.ways.length === 0) this.idleSince = now;
  }

  get way() {
    return this.ways[this.ways.length - 1];
  }

  tell(way, ...frames) {
    if (way !== undefined) way.peer.send(frames);
  }

  // --- where it begins --------------------------------------------------------------------------

  history(now, way, {from, to, group}) {
    way.group = group;
    this.begun = true;
    if (from === 0 || to > this.ahead()) {
      this.counters.refused += 1;
      return;
    }
    if (this.next === 0) this.begin(now, from);
    if (to >= this.next) this.heardOf(now, to, 50);
    this.drain(now);
  }

  begin(now, from) {
    this.next = from;
    this.last = Math.max(this.last, from - 1);
    for (const sequence of [...this.held.keys()]) if (sequence < from) this.drop(sequence);
    const known = [...this.held.keys()].sort((a, b) => a - b);
    this.holes = [];
    this.last = from - 1;
    for (const sequence of known) {
      this.heardOf(now, sequence - 1);
      this.last = Math.max(this.last, sequence);
    }
    if (this.record.flow === 1)
      this.tell(this.way, p.progress(this.way?.stream ?? 0, from - 1, ROOM));
  }

  /** The publisher has announced itself: if it never said where its stream begins it is asked again. */
  announced(now) {
    if (this.begun || this.next !== 0 || this.beginAsked < BEGIN_ASK_MS.length) return;
    this.beginAsked = BEGIN_ASK_MS.length - 1;
    this.beginSince = now - BEGIN_ASK_MS.at(-1);
  }

  tickBegin(now) {
    const age = now - this.beginSince;
    if (this.beginAsked < BEGIN_ASK_MS.length && age >= BEGIN_ASK_MS[this.beginAsked]) {
      this.beginAsked += 1;
      this.tell(this.way, p.historyRequest(this.way?.stream ?? 0));
    }
    if (age < BEGIN_MS || this.held.size === 0) return;
    // Nobody says: with whatever is there. Of a live message whose beginning was missed, behind it.
    let first = Math.min(...this.held.keys());
    const {message, flags} = this.held.get(first);
    if (message !== undefined && first > message.first)
      first = flags & HISTORIC ? message.first : message.first + message.count;
    this.begin(now, first);
    this.drain(now);
  }

  // --- what arrives -----------------------------------------------------------------------------

  ahead() {
    return (this.next === 0 ? Math.max(this.last, this.record.next) : this.next) + AHEAD_MAX;
  }

  data(now, way, {flags, first, messages}) {
    messages.forEach(({bytes, published}, i) => {
      const sequence = first + i;
      if (this.fresh(sequence))
        this.keep(now, sequence, {bytes, published, flags}, bytes.length + 64);
    });
    if (flags & REPORT) this.reportDue = Math.max(this.reportDue, first + messages.length - 1);
    this.drain(now);
  }

  fresh(sequence) {
    if (this.next !== 0 && sequence < this.next) this.counters.duplicates += 1;
    else if (this.held.has(sequence)) this.counters.duplicates += 1;
    else if (sequence > this.ahead()) this.counters.refused += 1;
    else if (this.given.some((run) => run.from <= sequence && sequence <= run.to))
      this.counters.duplicates += 1;
    else return true;
    return false;
  }

  /** @returns {boolean} whether there was room for it */
  keep(now, sequence, item, cost) {
    const next = sequence === this.next;
    if (!next && (this.held.size >= HELD_MAX || this.heldBytes + cost > HELD_BYTES_MAX)) {
      this.counters.refused += 1; // it is missing and will be asked for
      this.heardOf(now, sequence, 100);
      return false;
    }
    this.held.set(sequence, {...item, cost});
    this.heldBytes += cost;
    if (this.next === 0) {
      this.last = Math.max(this.last, sequence);
      return true;
    }
    if (sequence > this.last) {
      this.heardOf(now, sequence - 1);
      this.last = sequence;
    } else if (this.fill(sequence)) {
      this.nacks = 0;
      this.nackDue = Math.min(this.nackDue, now + NACK_MS[0]);
    }
    return true;
  }

  drop(sequence) {
    this.heldBytes -= this.held.get(sequence)?.cost ?? 0;
    this.held.delete(sequence);
  }

  fragment(now, way, f) {
    if (f.flags & REPORT && this.record.flow === 1)
      this.reportDue = Math.max(this.reportDue, f.sequence);
    else if (f.flags & REPORT && this.delivery !== COMMAND) {
      this.reported = f.sequence;
      this.tell(way, p.progress(way.stream, f.sequence, ROOM));
    }
    if (f.total > MESSAGE_MAX) return this.tooLarge(now, way, f);
    for (let at = 0; at < Math.max(1, f.bytes.length); at += f.piece) {
      const bytes = f.bytes.subarray(at, at + f.piece);
      this.piece(now, {...f, sequence: f.sequence + at / f.piece, bytes});
    }
    this.drain(now);
    return undefined;
  }

  piece(now, f) {
    if (!this.fresh(f.sequence)) return;
    let message = this.messageAt(f.first, f.count);
    // Another way may cut the pieces otherwise: then it begins anew with this one.
    if (message !== null && (message.piece !== f.piece || message.total !== f.total)) {
      for (const [sequence, item] of [...this.held]) {
        if (item.message === message) {
          this.drop(sequence);
          this.addHole(sequence, sequence, now);
        }
      }
      message = null;
    }
    message ??= {
      first: f.first,
      count: f.count,
      total: f.total,
      piece: f.piece,
      published: f.published,
      flags: f.flags,
      pieces: 0,
    };
    if (this.keep(now, f.sequence, {message, flags: f.flags, bytes: f.bytes}, f.bytes.length + 64))
      message.pieces += 1;
  }

  // Of the pieces that are held, the message; looked up by the nearest ones.
  messageAt(first, count) {
    if (this.open?.first === first && this.open.count === count) return this.open;
    for (let s = first; s < first + count; s += 1) {
      const {message} = this.held.get(s) ?? {};
      if (message !== undefined) return (this.open = message);
      if (s - first > 4096) break;
    }
    return null;
  }

  tooLarge(now, way, f) {
    if (this.refusedAt !== f.first) {
      this.refusedAt = f.first;
      this.tell(way, p.refuse(way.stream, f.first, MESSAGE_MAX));
    }
    const from = Math.max(f.first, this.next);
    if (this.next !== 0) {
      this.heardOf(now, f.first + f.count - 1);
      this.giveUp(
        from,
        f.first + f.count - 1,
        `larger than the ${MESSAGE_MAX >> 20} MiB that are taken here`,
      );
    }
    this.drain(now);
    return undefined;
  }

  // --- holes ------------------------------------------------------------------------------------

  /** It has been published up to here. */
  heardOf(now, sequence, patience = FIRST_NACK_MS) {
    if (this.next === 0 || sequence <= this.last) return;
    if (sequence > this.ahead()) {
      this.counters.refused += 1;
      return;
    }
    this.addHole(Math.max(this.last + 1, this.next), sequence, now);
    this.last = sequence;
    const spread =
      (this.way?.group ?? 0) > 4 ? Math.random() * 5 * 2 ** (Math.min(this.way.group, 16) / 2) : 0;
    if (this.delivery !== STREAM) this.nackDue = Math.min(this.nackDue, now + patience + spread);
  }

  addHole(from, to, since) {
    const at = this.holes.findIndex((hole) => hole.from > from);
    const before = this.holes.at(at < 0 ? -1 : at - 1);
    if (at !== 0 && before?.to === from - 1 && since - before.since < ONE_HOLE_MS) {
      before.to = to;
      return;
    }
    this.holes.splice(at < 0 ? this.holes.length : at, 0, {from, to, since});
    if (this.holes.length <= HOLES_MAX) return;
    const why = 'more is missing than is kept account of';
    this.giveUp(this.holes[0].from, this.holes[0].to, why);
    // Nothing is handed out while the type is not known: then what is there goes as well.
    if (this.given.length > HOLES_MAX) this.lose(this.given.at(-1).to, why);
  }

  /** A sequence of a hole is there. */
  fill(sequence) {
    const i = this.holes.findIndex((hole) => hole.from <= sequence && sequence <= hole.to);
    if (i < 0) return false;
    const {from, to, since} = this.holes[i];
    const rest = [];
    if (from < sequence) rest.push({from, to: sequence - 1, since});
    if (sequence < to) rest.push({from: sequence + 1, to, since});
    this.holes.splice(i, 1, ...rest);
    return true;
  }

  /** What is missing of from..to will not come: named when it is its turn. */
  giveUp(from, to, why) {
    const rest = [];
    for (const hole of this.holes) {
      const [a, b] = [Math.max(hole.from, from), Math.min(hole.to, to)];
      if (a > b) {
        rest.push(hole);
        continue;
      }
      if (hole.from < a) rest.push({...hole, to: a - 1});
      if (b < hole.to) rest.push({...hole, from: b + 1});
      this.given.push({from: a, to: b, why});
    }
    this.holes = rest;
    this.given.sort((a, b) => a.from - b.from);
  }

  gap(now, {from, to, reason}) {
    if (reason !== 0 || this.next === 0) return; // withheld by selections: none are taken here
    this.giveUp(from, to, 'no longer kept by the publisher');
    this.drain(now);
  }

  digest(now, way, {last, group, stamp}) {
    Object.assign(way, {group, stamp, stampAt: now});
    this.heardOf(now, last);
  }

  ncf(now, {within}) {
    if (this.nackDue !== Infinity)
      this.nackDue = Math.max(this.nackDue, now + Math.min(within / 1000, 50));
  }

  report(now, way, sequence) {
    if (this.delivery === COMMAND) {
      if (this.next > sequence) this.tell(way, p.progress(way.stream, sequence, ROOM));
    } else {
      const said = this.record.flow === 1 ? this.next - 1 : this.reported;
      if (said >= 0) this.tell(way, p.progress(way.stream, said, ROOM));
    }
    this.heardOf(now, sequence, 20);
  }

  // --- handing out ------------------------------------------------------------------------------

  drain(now) {
    if (this.next === 0 || !this.handler.ready()) return;
    const before = this.next;
    while (this.step());
    if (this.next !== before) {
      this.holes = this.holes.filter((hole) => hole.to >= this.next);
      for (const hole of this.holes) hole.from = Math.max(hole.from, this.next);
    }
    if (this.holes.length === 0) {
      this.nackDue = Infinity;
      this.nacks = 0;
    }
    if (this.record.flow === 1 && this.reportDue >= 0 && this.next > this.reportDue) {
      this.reportDue = -1;
      this.tell(this.way, p.progress(this.way?.stream ?? 0, this.next - 1, ROOM));
    }
  }

  step() {
    const item = this.held.get(this.next);
    if (item === undefined) return this.skip(this.next, this.next);
    if (item.message === undefined) {
      this.drop(this.next);
      this.next += 1;
      this.hand(item.bytes, item, this.next - 1);
      return true;
    }
    const {first, count} = item.message;
    if (first < this.next) return this.lose(first + count - 1, 'a piece of it is missing');
    if (item.message.pieces < count) return this.skip(first, first + count - 1);
    this.join(item.message);
    return true;
  }

  /** Names what is given up of from..to, where `next` waits; with it the whole message there. */
  skip(from, to) {
    const run = this.given.find((each) => each.from <= to && each.to >= from);
    if (run === undefined) return false;
    if (from === to) {
      this.given.splice(this.given.indexOf(run), 1);
      return this.lose(run.to, run.why);
    }
    return this.lose(to, run.why);
  }

  lose(to, why) {
    const from = this.next;
    for (const sequence of to - from > this.held.size ? [...this.held.keys()] : range(from, to))
      if (sequence <= to) this.drop(sequence);
    this.next = to + 1;
    this.open = undefined;
    this.last = Math.max(this.last, to);
    this.given = this.given.filter((run) => run.to > to);
    this.holes = this.holes.filter((hole) => hole.to > to);
    this.counters.lost += to - from + 1;
    this.handler.lost(from, to, why);
    return true;
  }

  join(message) {
    const bytes = new Uint8Array(message.total);
    for (let i = 0; i < message.count; i += 1) {
      bytes.set(this.held.get(message.first + i).bytes, i * message.piece);
      this.drop(message.first + i);
    }
    this.next = message.first + message.count;
    this.open = undefined;
    let plain;
    try {
      plain = message.flags & (LZ4 | ZSTD) ? this.unpacked(bytes, message) : bytes;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.counters.lost += message.count;
      this.handler.lost(message.first, this.next - 1, error.message);
      return;
    }
    this.hand(plain, message, this.next - 1);
  }

  unpacked(bytes, {flags, total}) {
    const r = new Reader(bytes);
    const size = r.u32();
    const packed = r.u32();
    if (flags & ZSTD) throw new Malformed('it is compressed by zstd, which is not read here');
    if (size > 20 * total || size > MESSAGE_MAX)
      throw new Malformed('it is too large when unpacked');
    return unpack(r.take(packed), size);
  }

  hand(bytes, {published, flags}, sequence) {
    this.counters.values += 1;
    this.counters.bytes += bytes.length;
    this.handler.value(bytes, {published, historic: (flags & HISTORIC) !== 0, sequence});
    if (this.delivery === COMMAND && this.way !== undefined)
      this.tell(this.way, p.progress(this.way.stream, sequence, ROOM));
  }

  // --- time -------------------------------------------------------------------------------------

  /** Does what is due. @returns {number} when to look again */
  tick(now) {
    if (this.next === 0) {
      this.tickBegin(now);
      if (this.next === 0)
        return (
          this.beginSince +
          (BEGIN_ASK_MS[this.beginAsked] ?? Math.max(BEGIN_MS, now - this.beginSince + 100))
        );
    }
    this.drain(now); // a type may have come
    const orphaned = now - this.idleSince >= 100;
    const patience = GIVE_UP_MS[this.delivery] ?? GIVE_UP_MS[0];
    for (const hole of [...this.holes]) {
      const behind = this.delivery !== STATE || this.held.size > 0; // state: a newer one waits
      const limit = behind ? patience : GIVE_UP_MS[0];
      if (orphaned || now - hole.since >= limit) {
        this.giveUp(
          hole.from,
          hole.to,
          orphaned ? 'whoever sent it is gone' : `it has not come within ${limit / 1000} s`,
        );
      }
    }
    this.drain(now);
    if (this.holes.length === 0) return Infinity;
    if (this.nackDue <= now) this.ask(now);
    const oldest = this.holes[0]?.since ?? Infinity;
    return Math.min(this.nackDue, oldest + patience, this.idleSince + 100);
  }

  ask(now) {
    const {way} = this;
    this.nacks += 1;
    const [least, most] = NACK_MS;
    const wait = least * 1.5 ** Math.max(0, this.nacks - NACKS_EVEN);
    this.nackDue = now + Math.min(wait, most);
    if (way === undefined || this.delivery === STREAM) return;
    this.counters.nacks += 1;
    const echo =
      way.stamp === null ? null : (way.stamp + Math.round((now - way.stampAt) * 1000)) >>> 0;
    const runs = this.holes.slice(0, 300).map(({from, to}) => [from, to]);
    this.tell(way, p.nack(fromHex(way.peer.node), way.stream, echo, runs));
  }
}

function* range(from, to) {
  for (let i = from; i <= to; i += 1) yield i;
}
