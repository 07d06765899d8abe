// DTS in JavaScript: a page in a browser, or a program of Node.js, takes part in a domain by
// WebSocket.
// What it can do and how: docs/reference/javascript.md.
//
//   import {connect} from './dts.js';
//   const domain = await connect('ws://tank3.local:8080/bus');
//   domain.subscribe('Temperature', (value, info) => console.log(info.source.name, value.celsius));
//   const temperature = domain.publisher('Temperature', {celsius: 'f64 [Cel]'});
//   temperature.publish({celsius: 18.4});
import {Malformed} from './bytes.js';
import {fromJson, toJson} from './json.js';
import {Member, wallNow} from './member.js';
import {Type} from './types.js';
import {decode, encode, unreadable} from './values.js';

export {Type, fromJson, toJson};

const DELIVERIES = ['event', 'state', 'stream', 'command'];
const SETTLED_MS = 500;

/**
 * What is told of a value beside the value itself.
 * @typedef {{name: string, type: Type, source: {node: string, host: string, name: string, source: string,
 *   labels: Object<string, string>}, sequence: number, time: Date, published: bigint, historic:
 * boolean,
 *   via: number}} Info
 *     name: of the type; published: nanoseconds since 1970 by the publisher's clock; historic: from
 * before the
 *     subscription; via: how many hubs have passed it on
 * @typedef {{source: Info['source'], name: string, from: number, to: number, why: string}} Loss
 */

class Subscription {
  constructor(domain, name, handler, options) {
    Object.assign(this, {domain, name, handler, options});
    this.pattern = /[*?]/.test(name);
    this.counters = {values: 0, lost: 0, unreadable: 0};
  }

  /** The wanted name as member.js has it. */
  get want() {
    return this.pattern ? `*${this.name}` : this.name;
  }

  close() {
    this.domain.unsubscribe(this);
  }
}

class Publisher {
  constructor(domain, outbound) {
    this.domain = domain;
    this.outbound = outbound;
  }

  get type() {
    return this.outbound.type;
  }
  get subscribers() {
    return this.outbound.receivers.size;
  }

  /** Publishes a value; throws a TypeError that says where it does not fit the type. */
  publish(value) {
    if (this.closed)
      throw new Error(`the publisher of ${this.type.name} is closed (try: a new one)`);
    const bytes = encode(value, this.type);
    const published = wallNow();
    this.outbound.publish(bytes, published, performance.now());
    this.domain.own(this.outbound, bytes, published);
  }

  /** Until all that was published has been sent: with `waits` as fast as the slowest subscriber takes it. */
  sent() {
    return this.outbound.whenSent();
  }

  close() {
    this.closed = true;
    this.domain.member.close(this.outbound);
  }
}

export class Domain {
  /** Use connect(). */
  constructor(url, options) {
    const name =
      options.name ??
      globalThis.document?.title ??
      globalThis.process?.argv?.[1]?.split('/').at(-1);
    this.options = options;
    this.subscriptions = new Set();
    this.told = new Set();
    this.waiters = new Set();
    this.lastError = null;
    this.member = new Member(
      {
        url,
        domain: options.domain ?? 'default',
        WebSocket: options.WebSocket,
        name: name || 'javascript',
        host: options.host ?? (globalThis.document ? 'browser' : 'node'),
      },
      {
        value: (inbound, bytes, meta) => this.value(inbound, bytes, meta),
        lost: (inbound, from, to, why) => this.lost(inbound, from, to, why),
        changed: () => this.changed(),
        connection: (error, was) => this.disconnected(error, was),
      },
    );
    // A page that is left says goodbye; one that comes back from the browser's cache connects
    // again.
    globalThis.document && globalThis.addEventListener('pagehide', () => this.member.bye());
  }

  get connected() {
    return this.member.connected;
  }

  /** Bytes of values that the connection has not taken yet. */
  get waiting() {
    let bytes = this.member.stream.buffered;
    for (const outbound of this.member.outbound.values()) bytes += outbound.queueBytes;
    return bytes;
  }

  /** The nodes that are heard. */
  get nodes() {
    return [...this.member.peers.values()]
      .filter((peer) => peer.announced)
      .map((peer) => ({node: peer.node, host: peer.host, name: peer.name, version: peer.version}));
  }

  get counters() {
    return {...this.member.counters, ...this.member.stream.counters};
  }

  // --- subscribing ------------------------------------------------------------------------------

  /**
   * Values of a type, whatever its definition: those that late joiners are given first, then live
   * ones.
   * @param {string} name of a type, or a pattern: '*', 'brewery.*'
   * @param {(value: object, info: Info) => void} handler
   * @param {{lost?: (loss: Loss) => void}} options lost: values that were published and will not come
   */
  subscribe(name, handler, options = {}) {
    if (typeof name !== 'string' || name === '' || typeof handler !== 'function')
      throw new TypeError(
        "subscribe takes a name and a function (try: domain.subscribe('Temperature', console.log))",
      );
    const subscription = new Subscription(this, name, handler, options);
    // Of a stream that is received already, the last value.
    for (const inbound of this.member.inbound.values()) {
      if (inbound.latest !== undefined && this.takes(subscription, inbound.record.name))
        queueMicrotask(() =>
          this.hand(subscription, inbound.latest.value, {...inbound.latest.info, historic: true}),
        );
    }
    this.subscriptions.add(subscription);
    this.member.want(subscription.want, true);
    return subscription;
  }

  unsubscribe(subscription) {
    if (this.subscriptions.delete(subscription)) this.member.want(subscription.want, false);
  }

  takes(subscription, name) {
    return subscription.pattern
      ? this.member.matches(subscription.name, name)
      : subscription.name === name;
  }

  value(inbound, bytes, meta) {
    const {record, from} = inbound;
    const type = this.member.types.get(record.type);
    const source = {...from, source: record.source, labels: record.labels};
    let value;
    try {
      const why = unreadable(record.format, record.binding);
      if (why !== null) throw new Malformed(why);
      if (type.bad) throw new Malformed(type.bad);
      if (type.name !== record.name) throw new Malformed(`its type is ${type.name}`);
      value = decode(bytes, record.format, type);
    } catch (error) {
      if (!(error instanceof Malformed) && !(error instanceof TypeError)) throw error;
      this.each(record.name, (subscription) => {
        subscription.counters.unreadable += 1;
      });
      this.tell(
        `values of ${record.name} from ${from.name}@${from.host} cannot be read: ${error.message}`,
      );
      return;
    }
    const info = {
      name: record.name,
      type,
      source,
      sequence: meta.sequence,
      published: meta.published,
      time: new Date(Number(meta.published / 1000000n)),
      historic: meta.historic,
      via: record.via.length,
    };
    inbound.latest = {value, info};
    this.each(record.name, (subscription) => this.hand(subscription, value, info));
  }

  // Subscriptions of this domain get what it publishes, as those of others do.
  own(outbound, bytes, published) {
    const {record, type} = outbound;
    if (![...this.subscriptions].some((subscription) => this.takes(subscription, record.name)))
      return;
    const value = decode(bytes, record.format, type);
    const {node, options} = this.member;
    const info = {
      name: record.name,
      type,
      source: {
        node,
        host: options.host,
        name: options.name,
        source: record.source,
        labels: record.labels,
      },
      sequence: outbound.next - 1,
      published,
      time: new Date(Number(published / 1000000n)),
      historic: false,
      via: 0,
    };
    queueMicrotask(() =>
      this.each(record.name, (subscription) => this.hand(subscription, value, info)),
    );
  }

  each(name, run) {
    for (const subscription of [...this.subscriptions])
      if (this.takes(subscription, name)) run(subscription);
  }

  // An error of somebody's handler is theirs, and ends nothing here.
  hand(subscription, value, info) {
    if (!this.subscriptions.has(subscription)) return;
    subscription.counters.values += 1;
    try {
      subscription.handler(value, info);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  lost(inbound, from, to, why) {
    const {record} = inbound;
    const loss = {
      source: {...inbound.from, source: record.source, labels: record.labels},
      name: record.name,
      from,
      to,
      why,
    };
    this.each(record.name, (subscription) => {
      subscription.counters.lost += to - from + 1;
      if (subscription.options.lost) subscription.options.lost(loss);
      else
        this.tell(
          `of ${record.name} from ${loss.source.name}@${loss.source.host} ${from} to ${to} are lost: ${why}`,
        );
    });
  }

  // --- publishing -------------------------------------------------------------------------------

  /**
   * @param {string|Type} name of the type; or its notation, when nothing else is given
   * @param {object|string|Type} definition {celsius: 'f64 [Cel]'}, or notation
   * @param {{history?: number, delivery?: 'event'|'state'|'stream'|'command', waits?: boolean, source?: string,
   *   labels?: Object<string, string>}} options history: values that late joiners are given (1);
   * waits: no faster
   *   than the slowest subscriber takes them
   */
  publisher(name, definition = undefined, options = {}) {
    const delivery = DELIVERIES.indexOf(options.delivery ?? 'event');
    if (delivery < 0)
      throw new TypeError(
        `there is no delivery "${options.delivery}" (try: ${DELIVERIES.join(', ')})`,
      );
    const type = Type.define(name, definition);
    if (type.root.kind === 'enum')
      throw new TypeError(`${type.name} is an enum: what is published is a struct or a union`);
    return new Publisher(
      this,
      this.member.publish(type, {
        delivery,
        waits: options.waits === true,
        history: options.history ?? (delivery === 2 ? 0 : 1),
        source: options.source ?? '',
        labels: options.labels ?? {},
      }),
    );
  }

  // --- the connection ---------------------------------------------------------------------------

  changed() {
    for (const waiter of [...this.waiters]) waiter();
  }

  disconnected(error, was) {
    this.lastError = error;
    this.tell(was ? `${error.message}; connecting again` : error.message);
    this.changed();
  }

  tell(text) {
    if (this.told.has(text)) return;
    if (this.told.size > 1000) this.told.clear();
    this.told.add(text);
    (this.options.problem ?? ((problem) => console.warn(`dts: ${problem}`)))(text);
  }

  /** Until it is connected and knows what the others want; throws why not, unless it is to be patient. */
  ready() {
    return new Promise((resolve, reject) => {
      let timer;
      const done = (finish, what) => {
        this.waiters.delete(look);
        clearTimeout(timer);
        finish(what);
      };
      const look = () => {
        if (!this.connected) {
          if (this.lastError !== null && !this.options.patient) done(reject, this.lastError);
          return;
        }
        timer ??= setTimeout(() => done(resolve, this), SETTLED_MS);
        if (this.member.settled) done(resolve, this);
      };
      this.waiters.add(look);
      look();
    });
  }

  /** Leaves the domain: what was published is sent before. */
  close() {
    return this.member.leave();
  }
}

/**
 * Joins a domain. It stays joined: a connection that ends is made anew.
 * @param {string} url of a node that listens: ws://tank3.local:8080/bus
 * @param {{domain?: string, name?: string, host?: string, WebSocket?: Function, patient?: boolean,
 *   problem?: (text: string) => void}} options patient: do not throw when nobody listens, keep
 * trying
 * @returns {Promise<Domain>}
 */
export async function connect(url, options = {}) {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (WebSocket === undefined)
    throw new Error(
      'there is no WebSocket in this runtime ' +
        '(try: Node.js 22, or connect(url, {WebSocket}) with that of the package ws)',
    );
  if (!/^wss?:\/\/[^/]/.test(url))
    throw new Error(`"${url}" is no place to connect to (try: ws://tank3.local:8080/bus)`);
  const domain = new Domain(url, {...options, WebSocket});
  try {
    return await domain.ready();
  } catch (error) {
    await domain.close();
    throw error;
  }
}
