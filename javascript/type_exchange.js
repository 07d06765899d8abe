// The types that others use: asked for when they are met, checked, kept; and told to whoever asks.
import {Malformed} from './bytes.js';
import {fromHex, hex, sha256} from './hash.js';
import * as p from './packets.js';
import {Type} from './types.js';

const TYPES_MAX = 1024;
const TYPE_ASK_MS = [20, 2000];
const PART = 1300;

export class TypeExchange {
  /** @param {import('./member.js').Member} member */
  constructor(member) {
    this.member = member;
    this.known = new Map(); // id: Type, or {due, wait, ask, bytes, got} while it is asked for, or {bad}
  }

  get(id) {
    return this.known.get(id);
  }

  add(type) {
    this.known.set(type.id, type);
  }

  /** @returns {number} when to look again */
  tick(now) {
    let next = Infinity;
    for (const [id, asked] of this.known) next = Math.min(next, this.ask(id, asked, now));
    return next;
  }

  /** The type, when it is known; else it is asked for. */
  of(id, inbound) {
    const known = this.known.get(id);
    if (known instanceof Type || known?.bad) return known;
    if (known === undefined && this.known.size < TYPES_MAX) {
      this.known.set(id, {due: 0, wait: TYPE_ASK_MS[0], ask: inbound, bytes: null});
      this.member.wake(performance.now());
    } else if (known !== undefined) {
      known.ask = inbound;
    }
    return null;
  }

  ask(id, asked, now) {
    if (asked instanceof Type || asked.bad || !this.member.connected) return Infinity;
    if (asked.due <= now) {
      asked.due = now + asked.wait;
      asked.wait = Math.min(2 * asked.wait, TYPE_ASK_MS[1]);
      const {way} = asked.ask;
      const have = asked.bytes === null ? 0 : asked.got;
      if (way === undefined) this.known.delete(id);
      else way.peer.send([p.typeRequest(fromHex(id), have)]);
    }
    return asked.due;
  }

  /** A part of a document. Throws Malformed when it is not the one that was asked for. */
  came({type: id, total, offset, bytes}) {
    const asked = this.known.get(id);
    if (asked === undefined || asked instanceof Type || asked.bad || total > 65536) return;
    if (asked.bytes === null || asked.bytes.length !== total)
      Object.assign(asked, {bytes: new Uint8Array(total), got: 0});
    if (offset > asked.got || offset + bytes.length > total) return;
    asked.bytes.set(bytes, offset);
    asked.got = Math.max(asked.got, offset + bytes.length);
    if (asked.got < total) {
      asked.due = performance.now() + TYPE_ASK_MS[0];
      this.member.wake(asked.due);
      return;
    }
    if (hex(sha256(asked.bytes)).slice(0, 32) !== id) {
      asked.bytes = null;
      throw new Malformed('a type is another');
    }
    try {
      this.known.set(id, Type.read(asked.bytes));
    } catch (error) {
      this.known.set(id, {bad: error.message}); // it is the right document: asking again helps nobody
    }
    this.member.tick();
  }

  /** Somebody asks for one. */
  answer(peer, id, offset) {
    const type = this.known.get(id);
    if (!(type instanceof Type) || offset > type.document.length) return;
    const frames = [];
    for (let at = offset; at < type.document.length; at += PART)
      frames.push(
        p.typeFrame(type.idBytes, type.document.length, at, type.document.subarray(at, at + PART)),
      );
    peer.send(frames);
  }
}
