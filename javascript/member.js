// A node of the domain at the end of one WebSocket: announces itself, knows the others, and brings
// frames
// to the streams they are of. docs/wire.md says the rules, docs/reference/javascript.md which are
// kept.
import {Malformed} from './bytes.js';
import {Answers} from './answers.js';
import {domainId, familyId, groupOf, hex} from './hash.js';
import {Inbound} from './inbound.js';
import {Outbound} from './outbound.js';
import * as p from './packets.js';
import {Peer, glob} from './peers.js';
import {Stream} from './stream.js';
import {TypeExchange} from './type_exchange.js';

const {T} = p;
const PEERS_MAX = 4096;
const PERIOD_MS = 2000;
const GONE_PERIODS = 5;
const ROOM_TO_SEND = 1 << 20;
const CLOSED_MS = 100;
const STOOD_STILL_MS = 6000;
const REPAIRED_MS = 10000; // a stream that was closed is repaired for so long
const RESUMED_MAX = 1024;
const VERSION = 'javascript 1';

// Numbers nobody else draws; nothing depends on their being secret, and Node.js 18 has no `crypto`
// at hand.
const random = (size) =>
  globalThis.crypto?.getRandomValues(new Uint8Array(size)) ??
  Uint8Array.from({length: size}, () => Math.random() * 256);
const random64 = () => new DataView(random(8).buffer).getBigUint64(0) | 1n;
export const wallNow = () =>
  BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;

export class Member {
  /**
   * @param {{url: string, domain: string, name: string, host: string, WebSocket: Function}} options
   * @param {{value(inbound, bytes, meta): void, lost(inbound, from, to, why): void,
   *   changed(): void, connection(error: Error, was: boolean): void}} handler
   */
  constructor(options, handler) {
    this.options = options;
    this.handler = handler;
    this.domain = domainId(options.domain);
    this.nodeBytes = random(12);
    this.node = hex(this.nodeBytes);
    this.process = globalThis.process?.pid ?? new DataView(random(4).buffer).getUint32(0);
    this.started = performance.now();
    this.number = 0;
    this.peers = new Map(); // node: Peer
    this.wants = new Map(); // name, or '*' and a pattern: how many subscriptions
    this.wantsDigest = 0n;
    this.streamsDigest = 0n;
    this.outbound = new Map(); // stream: Outbound
    this.closing = new Map(); // stream: when it is forgotten
    this.answers = new Answers(this);
    this.inbound = new Map(); // origin and its stream: Inbound
    this.types = new TypeExchange(this);
    this.nextStream = 1;
    this.announceDue = Infinity;
    this.dirty = new Set();
    this.ticked = performance.now();
    this.counters = {packetsIn: 0, packetsOut: 0, malformed: 0, refused: 0, duplicates: 0};
    this.due = Infinity;
    this.stream = new Stream({
      url: options.url,
      domain: options.domain,
      WebSocket: options.WebSocket,
      opened: () => this.opened(),
      packet: (data, from, byGroup) => this.received(data, from, byGroup),
      closed: (error, was) => this.lostConnection(error, was),
    });
    this.stream.join(0);
  }

  get connected() {
    return this.stream.open;
  }
  get publishes() {
    return this.outbound.size > 0;
  }
  get wantsAny() {
    return this.wants.size > 0;
  }

  // --- time -------------------------------------------------------------------------------------

  wake(at) {
    if (at >= this.due) return;
    this.due = at;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), Math.max(0, at - performance.now()));
  }

  tick() {
    if (this.left) return;
    const now = performance.now();
    clearTimeout(this.timer);
    this.due = Infinity;
    // A machine that slept, a page that was frozen.
    if (now - this.ticked > STOOD_STILL_MS && this.connected) {
      for (const peer of this.peers.values()) peer.heard = now;
      this.announce(now, 1);
    }
    this.ticked = now;
    let next = now + 1000;
    if (this.connected && this.announceDue <= now) this.announce(now, 0);
    for (const peer of this.peers.values()) {
      if (now - peer.heard > GONE_PERIODS * peer.period || peer.leavesAt <= now)
        this.gone(peer, now);
      else next = Math.min(next, peer.tick(now));
    }
    for (const [key, inbound] of this.inbound) {
      next = Math.min(next, inbound.tick(now));
      if (
        now - inbound.idleSince > 60000 ||
        (inbound.idleSince !== Infinity && this.inbound.size > RESUMED_MAX)
      )
        this.inbound.delete(key);
    }
    for (const outbound of this.outbound.values()) next = Math.min(next, outbound.tick(now));
    for (const [stream, until] of this.closing)
      if (until <= now) {
        this.closing.delete(stream);
        this.outbound.delete(stream);
      }
    next = Math.min(next, this.types.tick(now), this.answers.tick(now));
    this.stream.check(now);
    this.wake(Math.min(next, this.connected ? this.announceDue : Infinity));
  }

  *allOutbound() {
    yield* this.outbound.values();
    yield* this.answers.streams.values();
  }

  // --- the connection ---------------------------------------------------------------------------

  opened() {
    const now = performance.now();
    this.announce(now, 1);
    for (const peer of this.peers.values()) {
      peer.heard = now; // it may be there still, and its streams go on
      peer.asked = 0;
    }
    for (const outbound of this.outbound.values()) outbound.announced = 0;
    this.handler.changed();
    this.tick();
  }

  lostConnection(error, was) {
    this.handler.connection(error, was);
  }

  roomToSend() {
    return this.stream.buffered < ROOM_TO_SEND;
  }

  packets(frames) {
    return p.pack(frames).map((some) => {
      this.number += 1;
      this.counters.packetsOut += 1;
      return p.writePacket(this.domain, this.nodeBytes, this.number, some);
    });
  }

  toGroup(group, frames) {
    for (const packet of this.packets(frames)) this.stream.toGroup(group, packet);
  }
  toFamily(name, frames) {
    this.toGroup(groupOf(this.options.domain, name), frames);
  }
  unicast(peer, frames) {
    for (const packet of this.packets(frames)) this.stream.toMember(peer.address, packet);
  }

  flushSoon(outbound) {
    if (this.dirty.size === 0) queueMicrotask(() => this.flush());
    this.dirty.add(outbound);
  }

  flush() {
    const now = performance.now();
    for (const outbound of this.dirty) outbound.flush(now);
    this.dirty.clear();
  }

  // --- who I am ---------------------------------------------------------------------------------

  announceFrame(flags) {
    const {options} = this;
    const open = [...this.outbound.values()].filter((each) => !this.closing.has(each.stream));
    return p.announce({
      flags,
      process: this.process,
      wall: wallNow(),
      up: BigInt(Math.round(performance.now() - this.started)),
      period: this.period,
      streamsDigest: this.streamsDigest,
      streams: open.length,
      wantsDigest: this.wantsDigest,
      wants: this.wants.size,
      host: options.host,
      name: options.name,
      version: VERSION,
      domain: options.domain,
    });
  }

  get period() {
    const nodes = this.peers.size + 1;
    return Math.round(
      Math.max(Math.min(Math.max(PERIOD_MS, nodes * 40), 2 * PERIOD_MS), nodes * 5),
    );
  }

  announce(now, flags) {
    const frames = [this.announceFrame(flags)];
    if (flags & 1) {
      frames.push(...this.wantsList(), ...this.streamsList());
      const used = frames.reduce((size, {body}) => size + body.length + 3, 32);
      if (used + 3 < p.PACKET_MAX) frames.push(p.padding(p.PACKET_MAX - used - 3)); // it earns an answer
    }
    for (const outbound of this.outbound.values()) frames.push(...outbound.announcement(now));
    this.toGroup(0, frames);
    this.announceDue = now + this.period * (1 + Math.random() / 4);
    this.wake(this.announceDue);
  }

  wantEntries(names, removed = 0) {
    return names.map((name) =>
      name[0] === '*'
        ? p.wantEntry(6 | removed, new Uint8Array(8), name.slice(1))
        : p.wantEntry(6 | removed, familyId(name), name),
    );
  }

  wantsList() {
    return p.list(T.WANTS, {digest: this.wantsDigest}, this.wantEntries([...this.wants.keys()]));
  }

  streamsList() {
    const open = [...this.outbound.values()].filter((each) => !this.closing.has(each.stream));
    return p.list(
      T.STREAMS,
      {digest: this.streamsDigest},
      open.map((each) => p.streamEntry(each.record)),
    );
  }

  // --- what is wanted ---------------------------------------------------------------------------

  /** @param {string} name a family, or '*' and a pattern */
  want(name, on) {
    const count = (this.wants.get(name) ?? 0) + (on ? 1 : -1);
    if (count > 0) this.wants.set(name, count);
    else this.wants.delete(name);
    if (on ? count > 1 : count > 0) return;
    const base = this.wantsDigest;
    this.wantsDigest = random64();
    if (name[0] !== '*') {
      const group = groupOf(this.options.domain, name);
      if (on) this.stream.join(group);
      else if (
        ![...this.wants.keys()].some(
          (each) => each[0] !== '*' && groupOf(this.options.domain, each) === group,
        )
      )
        this.stream.leave(group);
    }
    if (this.connected) {
      this.toGroup(0, [
        this.announceFrame(0),
        ...p.list(
          T.WANTS,
          {change: true, base, digest: this.wantsDigest},
          this.wantEntries([name], on ? 0 : 1),
        ),
      ]);
    }
    const now = performance.now();
    for (const peer of this.peers.values()) {
      peer.asked = 0;
      for (const record of peer.streams.values()) {
        if (on) this.streamOpened(peer, record, now);
        else if (!this.wantsRecord(record)) this.streamClosed(peer, record.stream, now);
      }
    }
    this.wake(now + 1);
  }

  matches(pattern, name) {
    return glob(pattern, name);
  }

  /** Is it known what the others want? */
  get settled() {
    const known = [...this.peers.values()].filter((peer) => peer.announced);
    return known.length > 0 && known.every((peer) => peer.wantList.complete);
  }

  wantsRecord({name}) {
    if (this.wants.has(name)) return true;
    for (const want of this.wants.keys())
      if (want[0] === '*' && glob(want.slice(1), name)) return true;
    return false;
  }

  // --- what is published ------------------------------------------------------------------------

  publish(type, options) {
    const record = {
      stream: this.nextStream,
      family: type.familyBytes,
      name: type.name,
      type: type.idBytes,
      format: 1,
      delivery: options.delivery,
      flow: options.waits ? 1 : 0,
      history: options.history,
      source: options.source,
      labels: options.labels,
      messages: 0,
      bytes: 0,
      next: 1,
    };
    this.nextStream += 1;
    this.types.add(type);
    const outbound = new Outbound(this, record, type);
    this.outbound.set(record.stream, outbound);
    this.changeStreams([p.streamEntry(record)], [p.history(record.stream, 1, 0, 0, 2000)]);
    const now = performance.now();
    for (const peer of this.peers.values()) this.wantsChanged(peer, now);
    return outbound;
  }

  changeStreams(entries, behind) {
    const base = this.streamsDigest;
    this.streamsDigest = random64();
    if (!this.connected) return;
    this.toGroup(0, [
      this.announceFrame(0),
      ...p.list(T.STREAMS, {change: true, base, digest: this.streamsDigest}, entries),
      ...behind,
    ]);
  }

  close(outbound) {
    const now = performance.now();
    if (this.closing.has(outbound.stream)) return;
    outbound.flush(now);
    this.closing.set(outbound.stream, now + REPAIRED_MS);
    if (this.connected && outbound.receivers.size > 0) this.toGroup(0, [outbound.digest(now)]);
    this.changeStreams([p.streamEntry(outbound.record, true)], []);
  }

  /** A peer's wants are known: who wants what is published here gets it, from its beginning. */
  wantsChanged(peer, now) {
    const hex64 = (outbound) => hex(outbound.type.familyBytes);
    const fresh = [];
    for (const outbound of this.outbound.values()) {
      if (this.closing.has(outbound.stream)) continue;
      const want = peer.wantsFamily(hex64(outbound), outbound.record.name);
      if (want === null) outbound.forget(peer);
      else fresh.push([outbound, want.pattern]);
    }
    if (fresh.some(([outbound]) => !outbound.receivers.has(peer)))
      peer.send([this.announceFrame(0), ...this.streamsList()]);
    for (const [outbound, pattern] of fresh) outbound.welcome(peer, pattern, now);
    this.handler.changed();
  }

  // --- streams of others ------------------------------------------------------------------------

  streamOpened(peer, record, now) {
    const origin = record.origin ?? peer.node;
    if (origin === this.node || !this.wantsRecord(record)) return;
    const key = `${origin} ${record.origin === null ? record.stream : record.originStream}`;
    let inbound = this.inbound.get(key);
    if (inbound === undefined) {
      inbound = new Inbound(record, {
        value: (bytes, meta) => this.handler.value(inbound, bytes, meta),
        lost: (from, to, why) => this.handler.lost(inbound, from, to, why),
        ready: () => this.types.of(record.type, inbound) !== null,
      });
      inbound.from = {
        node: origin,
        host: record.origin === null ? peer.host : record.originHost,
        name: record.origin === null ? peer.name : record.originName,
      };
      this.inbound.set(key, inbound);
    }
    peer.inbound.set(record.stream, inbound);
    inbound.addWay(now, peer, record.stream);
    this.types.of(record.type, inbound);
    this.wake(now + 20);
  }

  streamClosed(peer, stream, now) {
    const inbound = peer.inbound.get(stream);
    if (inbound === undefined) return;
    // What is missing may still come for a while.
    if (inbound.holes.length > 0 && inbound.ways.length === 1 && this.peers.has(peer.node)) {
      setTimeout(() => this.closeWay(peer, stream, inbound), CLOSED_MS);
    } else {
      this.closeWay(peer, stream, inbound, now);
    }
  }

  closeWay(peer, stream, inbound) {
    if (peer.streams.has(stream) && this.wantsRecord(peer.streams.get(stream))) return; // it is back
    peer.inbound.delete(stream);
    inbound.removeWay(performance.now(), peer, stream);
    this.wake(performance.now() + CLOSED_MS);
  }

  // --- packets ----------------------------------------------------------------------------------

  received(data, from, byGroup) {
    let packet;
    try {
      packet = p.readPacket(data, this.domain);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.counters.malformed += 1;
      return;
    }
    if (packet.node === this.node) return;
    this.counters.packetsIn += 1;
    const now = performance.now();
    const peer = this.peerOf(packet, now);
    if (peer === null || !peer.numbers.take(packet.number)) {
      this.counters.duplicates += 1;
      return;
    }
    peer.heard = now;
    peer.address = from;
    for (const frame of packet.frames) {
      try {
        const fields = p.readFrame(frame);
        if (fields !== null) this.frame(peer, frame.type, fields, now, byGroup);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        this.counters.malformed += 1;
      }
    }
    if (this.due <= now || this.announceDue <= now)
      this.tick(); // timers of hidden pages are slow
    else this.wake(Math.min(now + 25, peer.tick(now)));
  }

  peerOf({node}, now) {
    const known = this.peers.get(node);
    if (known !== undefined) return known;
    if (this.peers.size >= PEERS_MAX) return null;
    const peer = new Peer(this, node, now);
    this.peers.set(node, peer);
    return peer;
  }

  frame(peer, type, f, now) {
    const inbound = peer.inbound.get(f.stream);
    const way = inbound?.ways.find((each) => each.peer === peer && each.stream === f.stream);
    const outbound = this.outbound.get(f.stream) ?? this.answers.streams.get(f.stream);
    switch (type) {
      case T.ANNOUNCE:
        return this.announcedBy(peer, f, now);
      case T.STREAMS:
        return peer.streamsListed(f, now);
      case T.WANTS:
        return peer.wantsListed(f, now);
      case T.LIST_REQUEST:
        return this.lists(peer, f.flags);
      case T.DATA:
        return way && inbound.data(now, way, f);
      case T.FRAGMENT:
        return way && inbound.fragment(now, way, f);
      case T.HISTORY:
        return way && inbound.history(now, way, f);
      case T.DIGEST:
        return way && inbound.digest(now, way, f);
      case T.GAP:
        return way && inbound.gap(now, f);
      case T.NCF:
        return way && inbound.ncf(now, f);
      case T.REPORT:
        return way && inbound.report(now, way, f.sequence);
      case T.TYPE:
        return this.types.came(f);
      case T.TYPE_REQUEST:
        return this.types.answer(peer, f.type, f.offset);
      case T.HISTORY_REQUEST:
        return outbound?.historyAsked(peer);
      case T.NACK:
        return f.publisher === this.node ? this.nacked(peer, f, now) : undefined;
      case T.PROGRESS:
        return outbound?.progress(peer, f.sequence, f.room, now);
      case T.REFUSE:
        return outbound?.refuse(peer, f.first);
      case T.PROBE:
        return peer.send([p.flagsToken(T.PROBE_REPLY, 0, f.token)]);
      case T.CHALLENGE:
        return peer.send([p.tokenFrame(T.RESPONSE, f.token)]);
      case T.BYE:
        return this.leaves(peer, now);
      case T.QUERY:
        return this.answers.answer(peer, f, now);
      default:
        return undefined;
    }
  }

  announcedBy(peer, a, now) {
    const fresh = !peer.announced;
    if (a.domain !== this.options.domain) throw new Malformed('of another domain');
    peer.leavesAt = Infinity; // one that said goodbye takes it back
    peer.announcement(a, now);
    for (const inbound of peer.inbound.values()) inbound.announced(now);
    if (fresh || a.flags & 3) peer.send([this.announceFrame(0), ...this.wantsList()]);
    if (a.flags & 2) this.announceDue = now;
    this.handler.changed();
  }

  lists(peer, flags) {
    const frames = [this.announceFrame(0)];
    if (flags & 4) frames.push(...this.wantsList());
    if (flags & 3) frames.push(...this.streamsList());
    peer.send(frames);
  }

  nacked(peer, f, now) {
    const outbound = this.outbound.get(f.stream) ?? this.answers.streams.get(f.stream);
    if (outbound !== undefined) outbound.nack(peer, f.runs, now);
    else peer.send([p.gap(f.stream, f.runs[0][0], f.runs.at(-1)[1])]);
  }

  /** What it has sent last, and what was missed of it, may still come for a while. */
  leaves(peer, now) {
    if (!peer.announced) {
      this.peers.delete(peer.node);
      return;
    }
    peer.leavesAt = Math.min(peer.leavesAt, now + CLOSED_MS);
    this.wake(peer.leavesAt);
  }

  gone(peer, now) {
    this.peers.delete(peer.node);
    for (const outbound of this.allOutbound()) outbound.forget(peer);
    for (const [stream, inbound] of peer.inbound) inbound.removeWay(now, peer, stream);
    this.wake(now + CLOSED_MS);
    this.handler.changed();
  }

  // --- the end ----------------------------------------------------------------------------------

  /** Says goodbye, with how far the streams go; what was missed may still be asked for. */
  bye() {
    if (!this.connected) return;
    const now = performance.now();
    this.flush();
    const tails = [...this.outbound.values()]
      .filter((each) => each.receivers.size > 0)
      .map((each) => each.digest(now));
    for (let i = 0; i < 2; i += 1) this.toGroup(0, [...tails, p.plain(T.BYE)]);
  }

  async leave() {
    this.flush();
    this.bye();
    for (let end = performance.now() + 5000; this.connected && performance.now() < end; ) {
      for (const outbound of this.outbound.values()) outbound.tick(performance.now());
      const waits =
        [...this.outbound.values()].some((each) => each.queue.length > 0) ||
        this.stream.buffered > 0;
      if (!waits) break;
      await new Promise((done) => {
        setTimeout(done, 2);
      });
    }
    await new Promise((done) => {
      setTimeout(done, this.outbound.size > 0 && this.connected ? 100 : 0);
    });
    this.bye();
    this.left = true;
    clearTimeout(this.timer);
    this.stream.end();
  }
}
