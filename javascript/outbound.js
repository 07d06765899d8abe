// One stream as it is published: numbered, sent to whoever wants it, kept for late joiners and for
// those
// that missed something. Knows no sockets: what is to be sent it hands to the member.
import * as p from './packets.js';

const KEPT_MS = 10000;
const KEPT_BYTES = 4 << 20;
const QUEUE_BYTES = 64 << 20;
const MESSAGE_MAX = 64 << 20;
const TAIL_MS = [20, 100, 500]; // after the last data it is said how far it goes
const FLOWING_MS = 250;
const TAIL_ANNOUNCED = 3;
const REPORT_EACH = Math.floor((128 << 10) / p.PIECE);
const AHEAD = Math.floor((3 << 20) / p.PIECE); // pieces that may be on their way unconfirmed
const SILENT_MS = 20;
const REPAIR_MS = 5; // to one receiver the same is not sent again sooner
const REPAIR_BYTES = 256 << 10; // in so many milliseconds
// A receiver that does not know the type asks for it with the first data, and holds little until it
// has it.
const INTRODUCED_MS = 100;
const FIRST_MESSAGES = 64;
const FIRST_BYTES = 256 << 10;
const TURN_PACKETS = 200; // in a row: then what has arrived has its turn
// Of a stream that waits for its receivers (flow 1): docs/wire.md, PROGRESS.
const ROOM_FIRST = 128 << 10;
const ROOM_OF = {message: 64, packet: 704};
const ASK_MAX = 512 << 10;
const OVERDUE_MS = [20, 200];
const PASSED_MS = 5000;
const WAITED_FOR = 32;
const HISTORIC = 1;
const REPORT = 2;

export class Outbound {
  /** @param {object} record of STREAMS @param {import('./types.js').Type} type */
  constructor(member, record, type) {
    this.member = member;
    this.record = record;
    this.type = type;
    this.next = 1; // sequence
    this.sent = 0; // up to here everything was handed to the network
    this.kept = []; // [{first, count, bytes, published, at}] rising
    this.keptBytes = 0;
    this.queue = []; // of kept: to be sent, the first of them from piece `index` on
    this.index = 0;
    this.queueBytes = 0;
    this.receivers = new Map(); // peer: {pattern, refused: Set, progress, repaired: Map}
    this.tails = [];
    this.announced = TAIL_ANNOUNCED;
    this.flowAt = Infinity;
    this.introduced = 0; // until then only the first data is sent
    this.held = 0; // since when it waits for reports
    this.extra = 0;
    this.cost = 0; // of a stream that waits: of all that was sent
    this.asks = []; // [{sequence, cost}]: where reports were asked for
    this.overdue = 0;
    this.waiters = [];
    this.counters = {repairs: 0, gaps: 0, refused: 0};
  }

  get stream() {
    return this.record.stream;
  }

  // --- publishing -------------------------------------------------------------------------------

  publish(bytes, published, now) {
    if (bytes.length > MESSAGE_MAX)
      throw new RangeError(
        `a message of ${bytes.length} bytes is not sent: at most ${MESSAGE_MAX >> 20} MiB (try: several of them)`,
      );
    if (this.queueBytes + bytes.length > QUEUE_BYTES)
      throw new RangeError(
        `${this.record.name} is published faster than the connection takes it: ${this.queueBytes >> 20} MiB wait ` +
          '(try: fewer values, or wait until domain.waiting is 0)',
      );
    const count = bytes.length <= p.WHOLE_MAX ? 1 : Math.ceil(bytes.length / p.PIECE);
    const message = {first: this.next, count, bytes, published, at: now};
    this.next += count;
    this.kept.push(message);
    this.keptBytes += bytes.length;
    this.record.messages += 1;
    this.record.bytes += bytes.length;
    this.record.next = this.next;
    this.trim(now);
    this.queue.push(message);
    this.queueBytes += bytes.length;
    this.member.flushSoon(this);
  }

  /** Keeps what may still be asked for: 10 s and 4 MiB of it, and always the history. */
  trim(now) {
    const least = Math.max(this.record.history, 1);
    let cut = 0;
    while (this.kept.length - cut > least) {
      const oldest = this.kept[cut];
      const unsent =
        (this.queue.length > 0 && oldest.first >= this.queue[0].first) ||
        (this.record.flow === 1 &&
          this.awaited().some(
            ([, receiver]) => receiver.progress < oldest.first + oldest.count - 1,
          ));
      if (unsent || (now - oldest.at < KEPT_MS && this.keptBytes <= KEPT_BYTES)) break;
      this.keptBytes -= oldest.bytes.length;
      cut += 1;
    }
    if (cut > 0) this.kept.splice(0, cut);
  }

  get group() {
    return Math.ceil(Math.log2(Math.max(1, this.receivers.size)));
  }

  /** Sends what waits, as far as the network and the receivers take it. */
  flush(now) {
    if (!this.member.connected || this.receivers.size === 0) {
      this.sent = this.next - 1; // whoever comes back asks for it, who comes anew gets the history
      this.queue = [];
      this.queueBytes = this.index = 0;
      this.emptied();
      return;
    }
    this.introduced ||= now + INTRODUCED_MS;
    let left = TURN_PACKETS;
    while (this.queue.length > 0 && left > 0 && this.member.roomToSend()) {
      const {messages, bytes} = this.record;
      const first =
        messages - this.queue.length < FIRST_MESSAGES && bytes - this.queueBytes < FIRST_BYTES;
      if (now < this.introduced && !first) {
        this.member.wake(this.introduced);
        break;
      }
      if (this.record.flow === 1 && !this.hasRoom(now)) break;
      if (this.queue[0].count === 1) left -= this.sendWhole(FIRST_MESSAGES);
      else if (this.sendPiece(now)) left -= 1;
      else break;
    }
    if (this.queue.length > 0) this.member.wake(now + 1);
    else this.emptied();
    this.tails = TAIL_MS.map((after) => now + after);
    if (this.flowAt === Infinity) this.flowAt = now + FLOWING_MS;
    this.announced = 0;
    this.member.wake(now + TAIL_MS[0]);
  }

  whenSent() {
    return this.queue.length === 0
      ? Promise.resolve()
      : new Promise((done) => {
          this.waiters.push(done);
        });
  }

  emptied() {
    for (const done of this.waiters.splice(0)) done();
  }

  // --- waiting for the slowest (flow 1) ---------------------------------------------------------

  /** Who is waited for: the first by node id. */
  awaited() {
    const all = [...this.receivers].filter(([, receiver]) => !receiver.passed);
    return all.length <= WAITED_FOR
      ? all
      : all.sort(([a], [b]) => (a.node < b.node ? -1 : 1)).slice(0, WAITED_FOR);
  }

  hasRoom(now) {
    let room = true;
    for (const [peer, receiver] of this.awaited()) {
      if (this.cost - receiver.cost < receiver.room) {
        receiver.since = 0;
        continue;
      }
      receiver.since ||= now;
      if (now - receiver.since > PASSED_MS) {
        receiver.passed = true;
        continue;
      }
      room = false;
      if (now < (receiver.askAt ??= now + OVERDUE_MS[0])) continue;
      receiver.askAgain = Math.min((receiver.askAgain ?? OVERDUE_MS[0]) * 2, OVERDUE_MS[1]);
      receiver.askAt = now + receiver.askAgain;
      peer.send([p.report(this.stream, this.sent)]);
    }
    return room;
  }

  /** Counts what is about to be sent. @returns {number} the flag, when a report is asked for */
  charge(bytes, messages, packets, last) {
    if (this.record.flow !== 1) return 0;
    this.cost += bytes + messages * ROOM_OF.message + packets * ROOM_OF.packet;
    const room = Math.min(...this.awaited().map(([, receiver]) => receiver.room), 4 * ASK_MAX);
    if (this.cost - (this.asks.at(-1)?.cost ?? 0) < room / 4) return 0;
    this.asks.push({sequence: last, cost: this.cost});
    if (this.asks.length > 1024) this.asks.shift();
    return REPORT;
  }

  reported(receiver, sequence, room) {
    Object.assign(receiver, {
      room: Math.min(Math.max(room, 32 << 10), 4 << 20),
      since: 0,
      passed: false,
      askAt: undefined,
      askAgain: undefined,
    });
    if (sequence === this.sent) receiver.cost = this.cost;
    for (const ask of this.asks)
      if (ask.sequence <= sequence) receiver.cost = Math.max(receiver.cost, ask.cost);
  }

  // --- sending ----------------------------------------------------------------------------------

  sendWhole(most) {
    let count = 1;
    while (count < this.queue.length && count < most && this.queue[count].count === 1) count += 1;
    const run = this.queue.splice(0, count);
    for (const {bytes} of run) this.queueBytes -= bytes.length;
    this.sent = run.at(-1).first;
    const bytes = run.reduce((sum, message) => sum + message.bytes.length, 0);
    const flags = this.charge(bytes, count, Math.ceil(bytes / p.PIECE), this.sent);
    const frames = p.dataFrames(this.stream, run[0].first, run, flags);
    this.live(frames);
    return frames.length;
  }

  sendPiece(now) {
    const [message] = this.queue;
    const sequence = message.first + this.index;
    if (!this.mayGoOn(sequence, now)) return false;
    const isLast = this.index === message.count - 1;
    let flags = this.charge(p.PIECE, 0, 1, sequence);
    if (
      this.record.flow === 0 &&
      (isLast ? this.record.delivery !== 3 : sequence % REPORT_EACH === 0)
    )
      flags = REPORT;
    this.live(
      [p.fragment(this.stream, message.first, message.bytes, this.index, message.published, flags)],
      message.first,
    );
    this.sent = sequence;
    this.index += 1;
    if (isLast) {
      this.queue.shift();
      this.queueBytes -= message.bytes.length;
      this.index = 0;
    }
    return true;
  }

  // Not too far ahead of the slowest of those that say how far they are; who says nothing holds it
  // up shortly.
  mayGoOn(sequence, now) {
    if (this.record.flow === 1) return true;
    let slowest = Infinity;
    for (const {progress} of this.receivers.values()) slowest = Math.min(slowest, progress);
    if (sequence <= slowest + AHEAD + this.extra) {
      this.held = 0;
      return true;
    }
    this.held ||= now;
    if (now - this.held >= SILENT_MS) {
      this.extra += AHEAD / 4;
      this.held = 0;
      return true;
    }
    this.member.wake(this.held + SILENT_MS);
    return false;
  }

  live(frames, first = 0) {
    const group = [...this.receivers.values()].some((receiver) => !receiver.pattern);
    if (group) this.member.toFamily(this.record.name, frames);
    for (const [peer, receiver] of this.receivers)
      if (receiver.pattern && !receiver.refused.has(first)) peer.send(frames);
  }

  /** What is kept of it and was asked for: the newest. */
  valuesFor({from, to, limit}) {
    const values = this.kept
      .slice(-Math.max(this.record.history, 1))
      .filter(
        ({published}) => (from === 0n || published >= from) && (to === 0n || published <= to),
      );
    return limit > 0 ? values.slice(-limit) : values;
  }

  // --- receivers --------------------------------------------------------------------------------

  /** Somebody wants it: where it begins, and what is kept as history. */
  welcome(peer, pattern, now) {
    const known = this.receivers.get(peer);
    if (known !== undefined) {
      known.pattern = pattern;
      return;
    }
    this.flush(now);
    this.receivers.set(peer, {
      pattern,
      refused: new Set(),
      progress: this.next - 1,
      repaired: new Map(),
      from: 0,
      cost: this.cost,
      room: ROOM_FIRST,
      since: 0,
      passed: false,
    });
    this.sayBeginning(peer);
  }

  sayBeginning(peer) {
    const receiver = this.receivers.get(peer);
    const old =
      this.record.history === 0
        ? []
        : this.kept.filter((m) => m.first <= this.sent).slice(-this.record.history);
    receiver.from ||= old[0]?.first ?? this.sent + 1;
    peer.send([p.history(this.stream, receiver.from, this.sent, this.group, 2000)]);
    for (const message of old)
      this.send(peer, message, message.first, message.first + message.count - 1, HISTORIC);
    this.tails = TAIL_MS.map((after) => performance.now() + after);
    this.member.wake(this.tails[0]);
  }

  historyAsked(peer) {
    const receiver = this.receivers.get(peer);
    if (receiver !== undefined)
      peer.send([p.history(this.stream, receiver.from, this.sent, this.group, 2000)]);
  }

  forget(peer) {
    this.receivers.delete(peer);
  }

  send(peer, message, from, to, flags) {
    if (message.count === 1) {
      peer.send(p.dataFrames(this.stream, message.first, [message], flags));
      return message.bytes.length;
    }
    for (let s = from; s <= to; s += 1)
      peer.send([
        p.fragment(
          this.stream,
          message.first,
          message.bytes,
          s - message.first,
          message.published,
          flags,
        ),
      ]);
    return (to - from + 1) * p.PIECE;
  }

  // --- repair -----------------------------------------------------------------------------------

  nack(peer, runs, now) {
    const receiver = this.receivers.get(peer);
    const repaired = receiver?.repaired ?? new Map();
    this.trim(now);
    let budget = REPAIR_BYTES;
    for (const [from, to] of runs) {
      const end = Math.min(to, this.sent);
      const oldest = this.kept[0]?.first ?? this.next;
      if (from < oldest && from <= end) {
        peer.send([p.gap(this.stream, from, Math.min(end, oldest - 1))]);
        this.counters.gaps += 1;
      }
      for (let i = this.indexOf(Math.max(from, oldest)); i < this.kept.length; i += 1) {
        const message = this.kept[i];
        const [a, b] = [
          Math.max(from, message.first),
          Math.min(end, message.first + message.count - 1),
        ];
        if (a > b || budget <= 0 || !this.member.roomToSend()) break;
        if (now - (repaired.get(message.first + message.count * a) ?? -1e9) < REPAIR_MS) continue;
        repaired.set(message.first + message.count * a, now);
        budget -= this.send(peer, message, a, b, 0);
        this.counters.repairs += 1;
      }
    }
    if (repaired.size > 4096) repaired.clear();
  }

  // The kept message that holds this sequence, or the first behind it.
  indexOf(sequence) {
    let [low, high] = [0, this.kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.kept[middle].first + this.kept[middle].count <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  progress(peer, sequence, room, now) {
    const receiver = this.receivers.get(peer);
    if (receiver === undefined || sequence > this.sent) return;
    if (this.record.flow === 1) this.reported(receiver, sequence, room);
    receiver.progress = Math.max(receiver.progress, sequence);
    this.held = 0;
    this.extra = 0;
    if (this.queue.length > 0) this.flush(now);
  }

  refuse(peer, first) {
    this.counters.refused += 1;
    const refused = this.receivers.get(peer)?.refused;
    if (refused !== undefined && refused.size < 1024) refused.add(first);
  }

  // --- time -------------------------------------------------------------------------------------

  digest(now) {
    const first = this.kept[0]?.first ?? this.sent + 1;
    return p.digest(
      this.stream,
      this.sent,
      Math.min(first, this.sent + 1),
      this.group,
      2000,
      Math.round(now * 1000) >>> 0,
    );
  }

  /** With an announcement: the last data may have been lost with everything behind it. */
  announcement(now) {
    if (this.announced >= TAIL_ANNOUNCED || this.receivers.size === 0) return [];
    this.announced += 1;
    return [this.digest(now)];
  }

  /** @returns {number} when to look again */
  tick(now) {
    if (this.queue.length > 0) this.flush(now);
    let due = false;
    while (this.tails.length > 0 && this.tails[0] <= now) {
      this.tails.shift();
      due = true;
    }
    if (this.flowAt <= now) {
      due = true;
      this.flowAt = this.tails.length === 0 ? Infinity : now + FLOWING_MS;
    }
    if (due && this.receivers.size > 0 && this.record.delivery !== 2 && this.sent > 0)
      this.live([this.digest(now)]);
    const waiting = this.queue.length > 0 ? now + 4 : Infinity;
    return Math.min(this.tails[0] ?? Infinity, this.flowAt, waiting);
  }
}
