// The stream of docs/reference/transports/tcp.md in a WebSocket: the greeting, frames, and
// connecting
// anew when it ends. What the packets in the frames say is others' concern.
import {Reader, Writer, utf8Bytes, utf8Text} from './bytes.js';

const GREETING = utf8Bytes('DTS/1 \r\n');
const HEAD = 14;
const SIZE_MAX = 65517;
const K = {
  HELLO: 1,
  WELCOME: 2,
  REFUSED: 3,
  JOIN: 4,
  LEAVE: 5,
  DONE: 6,
  GROUP: 7,
  UNICAST: 8,
  DROPPED: 9,
};
const BUFFERED_MAX = 8 << 20;
const SILENCE_MS = 20000; // nodes announce themselves every few seconds
const AGAIN_MS = [200, 15000];
const HELLO_MS = 10000;

const problem = (url, why, hint) => new Error(`cannot take part by ${url}: ${why} (try: ${hint})`);

export class Stream {
  /**
   * @param {{url: string, domain: string, WebSocket: Function, opened(): void, packet(packet: Uint8Array,
   *   from: bigint, byGroup: boolean): void, closed(error: Error): void}} options
   */
  constructor(options) {
    this.options = options;
    this.counters = {
      bytesIn: 0,
      bytesOut: 0,
      sendBlocked: 0,
      receiveOverflow: 0,
      receiveIgnored: 0,
      connections: 0,
    };
    this.socket = null;
    this.member = 0n;
    this.open = false;
    this.ended = false;
    this.wait = AGAIN_MS[0];
    this.groups = new Set();
    this.connect();
  }

  connect() {
    const {url, WebSocket} = this.options;
    this.timer = undefined;
    this.rest = new Uint8Array(0);
    this.greeted = false;
    this.why = null;
    this.heard = performance.now();
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.greet();
    socket.onmessage = (event) => {
      if (socket === this.socket) this.received(event.data);
    };
    socket.onerror = (event) => {
      if (socket === this.socket) this.why ??= event.message || null;
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.reason);
    };
    this.hello = setTimeout(
      () => this.fail('what is there says nothing', 'a node with ws-listen at this place'),
      HELLO_MS,
    );
  }

  greet() {
    const name = utf8Bytes(this.options.domain);
    this.socket.send(GREETING.slice());
    this.frame(K.HELLO, 0, 0n, name);
  }

  // --- receiving --------------------------------------------------------------------------------

  received(data) {
    this.heard = performance.now();
    if (!(data instanceof ArrayBuffer))
      return this.fail('it sent text', 'a node with ws-listen at this place');
    this.counters.bytesIn += data.byteLength;
    let bytes = new Uint8Array(data);
    if (this.rest.length > 0) {
      const joined = new Uint8Array(this.rest.length + bytes.length);
      joined.set(this.rest);
      joined.set(bytes, this.rest.length);
      bytes = joined;
    }
    let at = 0;
    if (!this.greeted) {
      if (GREETING.some((byte, i) => i < bytes.length && bytes[i] !== byte))
        return this.fail('what is there is no node of DTS', 'a node with ws-listen at this place');
      if (bytes.length < GREETING.length) {
        this.rest = bytes;
        return undefined;
      }
      this.greeted = true;
      at = GREETING.length;
    }
    const socket = this.socket;
    while (bytes.length - at >= HEAD) {
      const head = new Reader(bytes.subarray(at, at + HEAD));
      const size = head.u32();
      if (size < 10 || size > SIZE_MAX)
        return this.fail('it sent a frame of no size', 'the same version of DTS');
      if (bytes.length - at < size + 4) break;
      const kind = head.u8();
      const group = head.u8();
      this.take(kind, group, head.u64(), bytes.subarray(at + HEAD, at + size + 4));
      if (this.socket !== socket) return undefined;
      at += size + 4;
    }
    this.rest = bytes.slice(at);
    return undefined;
  }

  take(kind, group, member, body) {
    if (kind === K.WELCOME) {
      clearTimeout(this.hello);
      this.member = member;
      this.open = true;
      this.wait = AGAIN_MS[0];
      this.counters.connections += 1;
      for (const each of this.groups) this.frame(K.JOIN, each, 0n);
      this.options.opened();
    } else if (kind === K.REFUSED) {
      let why = 'it does not say why';
      try {
        why = utf8Text(body);
      } catch {
        /* not even that */
      }
      this.wait = AGAIN_MS[1];
      this.fail(why.slice(0, 300), 'what it says');
    } else if (kind === K.GROUP || kind === K.UNICAST) {
      this.options.packet(body, member, kind === K.GROUP);
    } else if (kind === K.DROPPED) {
      this.counters.receiveOverflow += Number(member);
    } else if (kind !== K.DONE) {
      this.counters.receiveIgnored += 1;
    }
  }

  // --- sending ----------------------------------------------------------------------------------

  get buffered() {
    return this.socket?.bufferedAmount ?? 0;
  }

  frame(kind, group, member, body = new Uint8Array(0)) {
    if (this.buffered > BUFFERED_MAX) {
      this.counters.sendBlocked += 1;
      return false;
    }
    const out = new Writer(HEAD + body.length)
      .u32(body.length + 10)
      .u8(kind)
      .u8(group)
      .u64(member)
      .bytes(body);
    this.counters.bytesOut += out.size;
    this.socket.send(out.done());
    return true;
  }

  toGroup(group, packet) {
    return this.open && this.frame(K.GROUP, group, 0n, packet);
  }
  toMember(member, packet) {
    return this.open && this.frame(K.UNICAST, 0, member, packet);
  }

  join(group) {
    if (this.groups.has(group)) return;
    this.groups.add(group);
    if (this.open) this.frame(K.JOIN, group, 0n);
  }

  leave(group) {
    if (this.groups.delete(group) && this.open) this.frame(K.LEAVE, group, 0n);
  }

  // --- its end, and the next one ----------------------------------------------------------------

  /** To be called now and then: has the other side vanished without a word? */
  check(now) {
    if (this.open && now - this.heard > SILENCE_MS)
      this.fail('the connection is lost: nothing was heard for 20 s', 'the network');
  }

  fail(why, hint) {
    this.why = why;
    this.hint = hint;
    const {socket} = this;
    this.lost('');
    try {
      socket.close();
    } catch {
      /* it is gone */
    }
  }

  lost(reason) {
    const was = this.open;
    this.socket.onopen = null; // what the old one still says concerns nobody
    clearTimeout(this.hello);
    this.socket = null;
    this.open = false;
    if (this.ended) return;
    const why =
      this.why ??
      (reason ||
        (was
          ? 'the connection ended'
          : 'the connection was not made, and a browser does not say why'));
    const hint =
      this.hint ??
      (was
        ? 'nothing: it is made anew as soon as somebody listens there'
        : 'a node that listens there (ws-listen://:8080/bus); for a page of another origin, ?origin= in its URL');
    this.hint = undefined;
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, AGAIN_MS[1]);
    this.timer = setTimeout(() => this.connect(), wait);
    this.options.closed(problem(this.options.url, why, hint), was);
  }

  end() {
    this.ended = true;
    clearTimeout(this.timer);
    clearTimeout(this.hello);
    this.open = false;
    this.socket?.close();
  }
}
