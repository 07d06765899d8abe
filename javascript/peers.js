// The other nodes: who they are, what they publish and want, and whether that is known in full.
import {listRequest} from './packets.js';

const ASKED_MAX = 10;
const LISTED_MAX = 4096;
const NUMBERS = 4096;

/** Takes each packet number of a node once. */
class Numbers {
  constructor() {
    this.seen = new Float64Array(NUMBERS);
    this.highest = 0;
  }

  take(number) {
    if (
      number === 0 ||
      (this.highest !== 0 && (number <= this.highest - NUMBERS || number > this.highest + 2 ** 32))
    )
      return false;
    if (this.seen[number % NUMBERS] === number) return false;
    this.seen[number % NUMBERS] = number;
    this.highest = Math.max(this.highest, number);
    return true;
  }
}

/** A list that comes complete or as changes, in parts. */
class Listing {
  constructor() {
    this.digest = null; // of what is held; null: nothing is known
    this.announced = 0n;
    this.count = 0;
    this.base = 0n; // of a list of streams: the wants by which it was filtered
    this.coming = null;
  }

  get complete() {
    return this.digest !== null && this.digest === this.announced;
  }

  /** @returns {boolean|null} null: not to be applied; true: with this part it is whole */
  part({kind, base, digest, part, parts}) {
    if (kind === 1 && base !== this.digest && this.coming?.digest !== digest) return null;
    if (this.coming === null || this.coming.digest !== digest || this.coming.kind !== kind)
      this.coming = {kind, digest, parts, got: new Set(), listed: new Set()};
    this.coming.got.add(part);
    if (this.coming.got.size < parts) return false;
    this.digest = digest;
    return true;
  }
}

export class Peer {
  /** @param {import('./member.js').Member} member @param {string} node in hex */
  constructor(member, node, now) {
    this.member = member;
    this.node = node;
    this.address = 0n;
    this.heard = now;
    this.period = 2000;
    this.host = '';
    this.name = '';
    this.version = '';
    this.announced = false;
    this.numbers = new Numbers();
    this.streams = new Map(); // stream: record
    this.wants = new Map(); // family in hex, or '*' and a pattern: {flags, pattern}
    this.streamList = new Listing();
    this.wantList = new Listing();
    this.inbound = new Map(); // stream: Inbound
    this.asked = 0;
    this.askDue = Infinity;
    this.leavesAt = Infinity; // it has said goodbye
  }

  /** To this node alone. */
  send(frames) {
    this.member.unicast(this, frames);
  }

  announcement(a, now) {
    Object.assign(this, {host: a.host, name: a.name, version: a.version, announced: true});
    this.period = Math.min(Math.max(a.period, 10), 600000);
    if (a.streamsDigest !== this.streamList.announced || a.wantsDigest !== this.wantList.announced)
      this.asked = 0;
    else if (this.asked === ASKED_MAX) this.asked -= 1;
    this.streamList.announced = a.streamsDigest;
    this.streamList.count = a.streams;
    this.wantList.announced = a.wantsDigest;
    this.wantList.count = a.wants;
    if (a.wants === 0 && !this.wantList.complete) {
      this.wantList.digest = a.wantsDigest;
      this.wants.clear();
      this.member.wantsChanged(this, now);
    }
    if (a.streams === 0 && !this.streamsKnown) {
      this.streamList.digest = a.streamsDigest;
      this.streamList.base = 0n;
      for (const stream of [...this.streams.keys()]) this.close(stream, now);
    }
  }

  close(stream, now) {
    if (this.streams.delete(stream)) this.member.streamClosed(this, stream, now);
  }

  get streamsKnown() {
    return (
      this.streamList.complete &&
      (this.streamList.base === 0n || this.streamList.base === this.member.wantsDigest)
    );
  }

  streamsListed(list, now) {
    const whole = this.streamList.part(list);
    if (whole === null) return;
    const {listed} = this.streamList.coming;
    for (const entry of list.entries) {
      if (entry.closed) {
        this.close(entry.stream, now);
        continue;
      }
      if (!this.streams.has(entry.stream) && this.streams.size >= LISTED_MAX) {
        this.member.counters.refused += 1;
        continue;
      }
      listed.add(entry.stream);
      this.streams.set(entry.stream, entry);
      this.member.streamOpened(this, entry, now);
    }
    if (!whole) return;
    this.streamList.coming = null;
    if (list.kind === 1) return;
    this.streamList.base = list.base;
    for (const [stream, record] of this.streams) {
      if (!listed.has(stream) && (list.base === 0n || this.member.wantsRecord(record)))
        this.close(stream, now);
    }
  }

  wantsListed(list, now) {
    const fresh = this.wantList.coming === null;
    const whole = this.wantList.part(list);
    if (whole === null) return;
    if (list.kind === 0 && (fresh || this.wantList.coming.got.size === 1)) this.wants.clear();
    for (const {flags, family, name} of list.entries) {
      const pattern = /^0+$/.test(family);
      const key = pattern ? `*${name}` : family;
      if (flags & 1) this.wants.delete(key);
      else if (this.wants.size < LISTED_MAX)
        this.wants.set(key, {flags, pattern: pattern ? name : null});
      else this.member.counters.refused += 1;
    }
    if (!whole) return;
    this.wantList.coming = null;
    this.member.wantsChanged(this, now);
  }

  /** Does it want this family? null: no; else whether by a pattern only. */
  wantsFamily(family, name) {
    if (this.wants.get(family)?.flags & 2) return {pattern: false};
    for (const {flags, pattern} of this.wants.values())
      if (pattern !== null && flags & 2 && glob(pattern, name)) return {pattern: true};
    return null;
  }

  /** Are its lists what it announced? If not it is asked. @returns {number} when to look again */
  tick(now) {
    const askWants = !this.wantList.complete && this.member.publishes;
    const askStreams = !this.streamsKnown && this.member.wantsAny;
    if (!this.announced || (!askWants && !askStreams)) {
      this.askDue = Infinity;
      this.asked = 0;
      return Infinity;
    }
    if (this.askDue <= now) {
      this.askDue = Infinity;
      this.asked += 1;
      this.send([listRequest((askWants ? 4 : 0) | (askStreams ? 1 : 0))]);
    }
    if (this.askDue === Infinity && this.asked < ASKED_MAX)
      this.askDue =
        now + (this.asked === 0 ? 20 : 30 * 2 ** Math.min(this.asked, 6)) * (1 + Math.random() / 4);
    return this.askDue;
  }
}

// In a pattern `*` is any run of characters and `?` one. A `*` that led nowhere is tried one
// further on.
export function glob(pattern, name) {
  let [i, j, star, mark] = [0, 0, -1, 0];
  while (j < name.length) {
    if (
      i < pattern.length &&
      (pattern[i] === '?' || pattern[i] === name[j]) &&
      pattern[i] !== '*'
    ) {
      i += 1;
      j += 1;
    } else if (pattern[i] === '*') {
      star = i;
      mark = j;
      i += 1;
    } else if (star >= 0) {
      i = star + 1;
      mark += 1;
      j = mark;
    } else {
      return false;
    }
  }
  while (pattern[i] === '*') i += 1;
  return i === pattern.length;
}
