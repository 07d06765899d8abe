// The client beside the real command: values both ways, of all kinds, in order and at speed,
// through a hub
// that is killed, and among packets of somebody who sends nonsense.
import assert from 'node:assert/strict';
import {after, test} from 'node:test';
import {Type, connect, toJson} from '../../javascript/dts.js';
import * as hashes from '../../javascript/hash.js';
import * as packets from '../../javascript/packets.js';
import {Stream} from '../../javascript/stream.js';
import {dts, freePort, hub, until, webSocket} from './support.mjs';

const WebSocket = webSocket();
const left = [];
after(async () => {
  for (const end of left.reverse()) await end();
});

const problems = [];
async function join(url, options = {}) {
  const domain = await connect(url, {
    WebSocket,
    name: 'js',
    patient: true,
    problem: (text) => problems.push(text),
    ...options,
  });
  left.push(() => domain.close());
  return domain;
}

function start(...args) {
  const program = dts(...args);
  left.push(() => program.end('SIGKILL'));
  return program;
}

/** A star of two: `dts sub '*'` listens, and tells what it gets. */
async function star(...args) {
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}/bus`;
  const sub = start(
    `ws-listen://127.0.0.1:${port}/bus`,
    'sub',
    ...(args.length ? args : ['*']),
    '--json',
  );
  return {url, sub, domain: await join(url)};
}

const rising = (numbers) => numbers.every((n, i) => i === 0 || n === numbers[i - 1] + 1);

const ALL = `t.All {
  yes : bool, a : i8, b : i16, c : i32, d : i64, e : u8, f : u16, g : u32, h : u64, x : f32, y : f64
  name : text, raw : bytes, at : time, lasted : duration, price : decimal
  mood : t.Mood, level : t.Level, point : t.Point, points : list<t.Point>, grid : array<array<u8, 2>, 2>
  names : list<text>, flags : list<bool>, moods : list<t.Mood>, maybe : list<i32?>, counts : map<text, u64>
  by_number : map<i16, t.Point>, by_mood : map<t.Mood, f64?>, note : text?, limit : i16?, none : u8?, where : t.Point?
  steps : list<t.Step>, deep : list<list<list<u16>>>, tree : t.Tree, thing : any, price_list : list<decimal>
  small : u8 = 7
}
enum t.Mood { calm = 0, busy = 1 }
enum t.Level { low = -5, high = 5 }
t.Point { x : f64 [m], y : f64 [m] }
union t.Step { wait : duration, heat_to : f32, call : text, go : t.Point, perhaps : u16? }
t.Tree { label : text, children : list<t.Tree> }`;

const MANY = {
  yes: true,
  a: -128,
  b: -32768,
  c: -5,
  d: '-9223372036854775808',
  e: 255,
  f: 65535,
  g: 4294967295,
  h: '18446744073709551615',
  x: 0.1,
  y: 1e300,
  name: 'à la 漢字 𝄞',
  raw: 'AAEC/w==',
  at: '2026-11-22T10:24:48.123456789Z',
  lasted: '-1.5s',
  price: '12.50',
  mood: 'busy',
  level: 'low',
  point: {x: 1.5, y: -2},
  points: [
    {x: 1, y: 2},
    {x: 3, y: 4},
  ],
  grid: [
    [1, 2],
    [3, 4],
  ],
  names: ['a', '', 'ccc'],
  flags: [true, false, true, true, false, false, true, false, true],
  moods: ['calm', 'busy'],
  maybe: [1, null, -3],
  counts: {a: 1, b: '18446744073709551615'},
  by_number: {'-3': {x: 0, y: 1}, 5: {x: 2, y: 3}},
  by_mood: {busy: 0.5, calm: null},
  note: 'hm',
  limit: 7,
  where: {x: 9, y: 8},
  steps: [
    {wait: '1.5s'},
    {heat_to: 65.5},
    {call: 'Anna'},
    {},
    {go: {x: 1, y: 2}},
    {perhaps: 3},
    {perhaps: null},
  ],
  deep: [[[1], []], [], [[2, 3]]],
  tree: {
    label: 'root',
    children: [
      {label: 'leaf', children: []},
      {label: 'b', children: [{label: 'c', children: []}]},
    ],
  },
  thing: {type: 't.Point { x : f64 [m], y : f64 [m] }', value: {x: 4, y: 5}},
  price_list: ['1', '-0.05', '5e3'],
  small: 8,
};

// The order of a map's keys is nobody's concern, nor how a type is broken into lines.
const sorted = (json) =>
  JSON.stringify(json, (key, value) =>
    key === 'type'
      ? String(value).replace(/[\s,]+/g, '')
      : value && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort())
        : value,
  );

test('values of every kind arrive as they were published, both ways', async () => {
  const {url, sub, domain} = await star();
  const got = [];
  domain.subscribe('t.All', (value, info) => got.push({value, info}));
  for (const format of ['capnproto', 'json']) {
    const before = got.length;
    const pub = start(
      url,
      'pub',
      't.All',
      JSON.stringify(MANY),
      '--define',
      ALL,
      '--format',
      format,
      '-r',
      '1',
    );
    await until(`a value in ${format}`, () => got.length > before);
    await pub.end();
    assert.equal(sorted(toJson(got[before].value, got[before].info.type)), sorted(MANY));
  }
  const {value, info} = got[0];
  assert.equal(value.h, 18446744073709551615n);
  assert.equal(value.at, 1795343088123456789n);
  assert.equal(value.counts.get('a'), 1n);
  assert.deepEqual(
    [info.source.name, info.name, info.type.id],
    ['dts-pub', 't.All', Type.define(ALL).id],
  );
  const before = sub.values().length;
  const publisher = domain.publisher('t.All', ALL);
  publisher.publish(value);
  await until('the value of the client', () =>
    sub
      .values()
      .slice(before)
      .some((each) => each.src === 'node/js'),
  );
  assert.equal(
    sorted(
      sub
        .values()
        .slice(before)
        .find((each) => each.src === 'node/js').v,
    ),
    sorted(MANY),
  );
  assert.ok(!problems.some((text) => text.includes('cannot be read')), problems.join('\n'));
});

test('10,000 values a way arrive once and in order, as fast as they come', async () => {
  const {url, sub, domain} = await star('t.Count', 't.Back');
  const got = [];
  domain.subscribe('t.Count', ({n}) => got.push(Number(n)));
  const pub = start(
    url,
    'pub',
    't.Count',
    '--define',
    't.Count{n:i64}',
    '--wait',
    '60s',
    '--require',
    '2',
    '-',
  );
  for (let n = 0; n < 10000; n += 1) pub.child.stdin.write(`{"n":${n}}\n`);
  pub.child.stdin.end();
  await until('10,000 values here', () => got.length >= 10000);
  assert.deepEqual([got.length, got[0], rising(got)], [10000, 0, true]);
  const publisher = domain.publisher('t.Back', {n: 'i64', text: 'text'}, {waits: true});
  await until('the subscriber to be known', () => publisher.subscribers > 0);
  for (let n = 0; n < 10000; n += 1) publisher.publish({n, text: 'x'.repeat(n % 100)});
  await publisher.sent();
  await until(
    '10,000 values there',
    () => sub.lines.filter((line) => line.includes('"t.Back"')).length >= 10000,
  );
  const back = sub
    .values()
    .filter(({type}) => type === 't.Back')
    .map(({v}) => v.n);
  assert.deepEqual([back.length, back[0], rising(back)], [10000, 0, true]);
});

test('large values are cut and joined, both ways', async () => {
  const {url, sub, domain} = await star('t.Large', 't.Huge');
  const got = [];
  domain.subscribe('t.Large', ({text}) => got.push(text));
  const text = 'brewing '.repeat(50000);
  for (const compress of ['none', 'lz4']) {
    const pub = start(
      url,
      'pub',
      't.Large',
      '--define',
      't.Large{text:text}',
      '--wait',
      '60s',
      '--require',
      '2',
      ...(compress === 'none' ? [] : ['--compress', compress]),
      '-',
    );
    pub.child.stdin.end(`${JSON.stringify({text})}\n`);
    await until(`a large value, compressed by ${compress}`, () => got.length > 0);
    assert.ok(got.shift() === text);
  }
  const publisher = domain.publisher('t.Huge', {text: 'text'});
  await until('the subscriber to be known', () => publisher.subscribers > 0);
  for (const times of [1, 10]) publisher.publish({text: text.repeat(times)});
  const huge = () =>
    sub
      .values()
      .filter(({type}) => type === 't.Huge')
      .map(({v}) => v.text);
  await until('the large values there', () => huge().length === 2);
  assert.ok(huge()[0] === text && huge()[1] === text.repeat(10));
});

test('who joins late is given the history, marked', async () => {
  const {url, sub, domain} = await star('t.Late');
  const publisher = domain.publisher('t.Late', {n: 'i64'}, {history: 3, labels: {tank: '3'}});
  for (let n = 0; n < 10; n += 1) publisher.publish({n});
  const late = start(url, 'sub', 't.Late', '--json');
  await until('three values', () => late.values().length >= 3);
  publisher.publish({n: 10});
  await until('a live one', () => late.values().length >= 4);
  assert.deepEqual(
    late.values().map(({v}) => v.n),
    [7, 8, 9, 10],
  );
  assert.deepEqual(late.values()[0].labels, {tank: '3'});
  const other = await join(url, {name: 'late'});
  const got = [];
  other.subscribe('t.*', ({n}, info) => got.push([Number(n), info.historic]));
  await until('three values here', () => got.length >= 3);
  publisher.publish({n: 11});
  await until('a live one here', () => got.length >= 4);
  assert.deepEqual(got, [
    [8, true],
    [9, true],
    [10, true],
    [11, false],
  ]);
  const asked = start(url, 'query', 't.Late', '--json');
  await asked.ended;
  assert.deepEqual(
    asked.values().map(({v}) => v.n),
    [9, 10, 11],
  );
  await until('all at the first', () => sub.values().length === 12);
});

test('a domain gets its own values too, and what the slowest cannot take waits', async () => {
  const {url, domain} = await star('t.Nothing');
  const slow = await join(url, {name: 'slow'});
  const own = [];
  const theirs = [];
  domain.subscribe('t.Own', ({n}, info) => own.push([n, info.source.name, info.sequence]));
  slow.subscribe('t.Own', ({n}) => theirs.push(n));
  const publisher = domain.publisher('t.Own', {n: 'i32', bulk: 'text'}, {waits: true});
  await until('the subscriber to be known', () => publisher.subscribers > 0);
  const bulk = 'x'.repeat(1000);
  for (let n = 1; n <= 3000; n += 1) publisher.publish({n, bulk});
  assert.ok(domain.waiting > 1 << 20, 'nothing waits');
  await publisher.sent();
  await until('all values', () => theirs.length === 3000);
  assert.ok(rising(theirs));
  assert.deepEqual([own.length, own[0], own[2999]], [3000, [1, 'js', 1], [3000, 'js', 3000]]);
});

test('what a publisher waits for and what it asks to be done is confirmed', async () => {
  const {url, domain} = await star('t.Nothing');
  const got = [];
  domain.subscribe('t.Valve', ({open}) => got.push(open));
  const pub = start(
    url,
    'pub',
    't.Valve',
    '--define',
    't.Valve{open:bool}',
    'open=true',
    '--profile',
    'command',
    '--wait',
    '30s',
  );
  assert.equal(await pub.ended, 0, pub.errors.join('\n'));
  assert.deepEqual(got, [true]);
});

test('a hub is killed and comes back: each value once, in order, the missing ones named', async () => {
  const between = await hub();
  left.push(() => between.node.end('SIGKILL'));
  await until('the hub', () => between.node.lines.length + between.node.errors.length > 0);
  const [near, far] = between.urls;
  const domain = await join(near);
  const got = [];
  domain.subscribe('t.Tick', ({n}) => got.push(Number(n)), {
    lost: ({from, to}) => {
      for (let n = from; n <= to; n += 1) got.push(n);
    },
  });
  start(far, 'pub', 't.Tick', '--define', 't.Tick{n:i64}', 'n={{n}}', '-r', '100', '--keep', '1');
  const sub = start(far, 'sub', 't.Tock', '--json');
  const publisher = domain.publisher('t.Tock', {n: 'i64'}, {history: 1000});
  let n = 0;
  const timer = setInterval(() => publisher.publish({n: (n += 1)}), 10);
  try {
    await until('values through the hub', () => got.length > 50 && sub.values().length > 50);
    await between.node.end('SIGKILL');
    await until('that it is gone is told', () =>
      problems.some((text) => text.includes('connecting again')),
    );
    between.start();
    const [here, there] = [got.length, sub.values().length];
    await until(
      'values when it is back',
      () => got.length > here + 200 && sub.values().length > there + 100,
    );
  } finally {
    clearInterval(timer);
  }
  assert.ok(
    rising(got.map(Number)),
    'values here are out of order, missing without a name, or there twice',
  );
  const seen = sub.values().map(({v}) => v.n);
  assert.equal(new Set(seen).size, seen.length, 'a value arrived twice');
  assert.ok(
    rising(seen) || sub.lines.some((line) => line.includes('gap')),
    'a value is missing without a name',
  );
});

test('somebody who sends nonsense is counted, and ends nothing', async () => {
  const {url, sub, domain} = await star('t.Calm');
  let seed = 11;
  const below = (limit) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % limit;
  };
  const publisher = domain.publisher('t.Calm', {n: 'i64'});
  publisher.publish({n: 0});
  await new Promise((done) => {
    const stream = new Stream({
      url,
      domain: 'default',
      WebSocket,
      packet() {},
      closed() {},
      opened() {
        const {crc32c, domainId, fromHex} = hashes;
        const valid = [
          ...domain.member.packets([
            domain.member.announceFrame(1),
            ...domain.member.streamsList(),
            packets.nack(fromHex(domain.member.node), 1, 5, [[1, 9]]),
            packets.gap(1, 1, 2 ** 52),
            packets.digest(1, 2 ** 52, 1, 60, 0, 0),
            {type: 6, body: new Uint8Array(40).fill(255)},
          ]),
        ];
        for (let round = 0; round < 3000; round += 1) {
          const packet = valid[below(valid.length)].slice();
          packet.set(domainId('default'), 4);
          packet[8] ^= 1 + below(3); // not as one of those whose values are to pass
          for (let i = below(6); i >= 0; i -= 1)
            packet[20 + below(packet.length - 24)] = below(256);
          new DataView(packet.buffer).setUint32(
            packet.length - 4,
            crc32c(packet.subarray(0, -4)) + (round % 10 === 0 ? 1 : 0),
            true,
          );
          stream.toGroup(0, packet);
        }
        setTimeout(() => {
          stream.end();
          done();
        }, 200);
      },
    });
  });
  await until('it is counted', () => domain.counters.malformed > 0);
  publisher.publish({n: 1});
  await until('values pass still', () => sub.values().some(({v}) => v.n === 1));
});

test('what is wrong with a place is said', async () => {
  const port = await freePort();
  await assert.rejects(
    connect(`ws://127.0.0.1:${port}/bus`, {WebSocket, problem() {}}),
    /ws:\/\/127\.0\.0\.1:\d+\/bus: .*ECONNREFUSED.*try: a node that listens/,
  );
  await assert.rejects(
    connect('http://tank3.local', {WebSocket}),
    /no place to connect to.*ws:\/\//,
  );
});
