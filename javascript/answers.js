// Answers to questions (QUERY): what is kept as history, as a stream for the asker alone.
import {hex} from './hash.js';
import {Outbound} from './outbound.js';
import * as p from './packets.js';
import {glob} from './peers.js';

const FIRST = 2 ** 31; // the streams of answers have numbers of their own
const ANSWERS_MAX = 256;
const QUESTIONS_MAX = 32; // of one asker
const AGAIN_MS = 50;
const HELD_MS = 10000;

export class Answers {
  /** @param {import('./member.js').Member} member */
  constructor(member) {
    this.member = member;
    this.streams = new Map(); // stream: Outbound
    this.next = FIRST;
  }

  /** @returns {number} when to look again */
  tick(now) {
    let next = Infinity;
    for (const [stream, answer] of this.streams) {
      next = Math.min(next, answer.tick(now));
      if (answer.until <= now) this.streams.delete(stream);
    }
    return next;
  }

  /** A question that may be about what is published here; the same one again gets the same answers. */
  answer(peer, q, now) {
    const about = [...this.member.outbound.values()].filter(
      (each) =>
        !this.member.closing.has(each.stream) &&
        (/^0+$/.test(q.family)
          ? glob(q.name, each.record.name)
          : hex(each.type.familyBytes) === q.family),
    );
    const known = peer.answered?.get(q.token);
    if (known !== undefined) {
      if (now - known.at < AGAIN_MS) return;
      known.at = now;
      peer.send(known.frames);
      for (const answer of known.streams) answer.historyAsked(peer);
      return;
    }
    peer.answered ??= new Map();
    if (peer.answered.size >= QUESTIONS_MAX)
      peer.answered.delete(peer.answered.keys().next().value);
    const streams = [];
    const frames = about.map((outbound, part) => {
      const head = {token: q.token, part, parts: about.length, of: outbound.stream};
      if (q.filtered)
        return p.answer({...head, why: 'a JavaScript node evaluates no filters; ask without one'});
      const values = outbound.valuesFor(q);
      if (values.length === 0 || this.streams.size >= ANSWERS_MAX) return p.answer(head);
      const record = {
        ...outbound.record,
        stream: this.next,
        history: values.length,
        flow: 0,
        messages: 0,
        bytes: 0,
        next: 1,
      };
      this.next = this.next === 2 ** 32 - 1 ? FIRST : this.next + 1;
      const answer = new Outbound(this.member, record, outbound.type);
      for (const {bytes, published} of values) answer.publish(bytes, published, now);
      answer.flush(now);
      this.streams.set(record.stream, answer);
      answer.until = now + HELD_MS;
      streams.push(answer);
      return p.answer({...head, entry: p.streamEntry(record)});
    });
    peer.answered.set(q.token, {at: now, frames, streams});
    peer.send(frames);
    for (const answer of streams) answer.welcome(peer, true, now);
  }
}
