// The client's reading of docs/wire.md, held against packets of the engine (the capture program of
// tests/golden/wire); and packets of the client against the reading of decode.py.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {Malformed} from '../../javascript/bytes.js';
import {crc32c, domainId, familyId, fromHex, hex, sha256} from '../../javascript/hash.js';
import * as p from '../../javascript/packets.js';
import {ROOT} from './support.mjs';

const {T} = p;
const domain = domainId('default');
const captured = execFileSync(process.env.DTS_CAPTURE, {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
}).split('\n');
const lined = (word) =>
  captured.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
const utf8 = (text) => new TextEncoder().encode(text);

test('SHA-256 and CRC-32C are those of others', () => {
  for (let size = 0; size < 300; size += 1) {
    const data = Uint8Array.from({length: size}, (_, i) => i * 7 + size);
    assert.equal(hex(sha256(data)), createHash('sha256').update(data).digest('hex'));
  }
  assert.equal(crc32c(utf8('123456789')), 0xe3069283);
});

test("the engine's packets are read as docs/wire.md says", () => {
  const said = lined('message');
  const frames = lined('packet').flatMap((packet) =>
    p.readPacket(fromHex(packet), domain).frames.map((frame) => [frame.type, p.readFrame(frame)]),
  );
  const of = (type) => frames.filter(([each]) => each === type).map(([, fields]) => fields);
  const heard = new Map();
  for (const {stream, first, messages} of of(T.DATA))
    if (stream < 2 ** 31) messages.forEach(({bytes}, i) => heard.set(first + i, hex(bytes)));
  const large = new Map();
  for (const {first, count, index, bytes} of of(T.FRAGMENT)) {
    if (!large.has(first)) large.set(first, new Array(count));
    large.get(first)[index] = hex(bytes);
  }
  for (const [first, pieces] of large) heard.set(first, pieces.join(''));
  assert.deepEqual(
    [...heard].sort(([a], [b]) => a - b).map(([, bytes]) => bytes),
    said,
  );
  const record = of(T.STREAMS)
    .flatMap(({entries}) => entries)
    .find(({name}) => name === 'brewery.Temperature');
  assert.deepEqual([record.source, record.labels, record.history], ['w1', {tank: '3'}, 3]);
  assert.equal(record.family, hex(familyId('brewery.Temperature')));
  const passed = of(T.STREAMS)
    .flatMap(({entries}) => entries)
    .find((entry) => entry.via?.length > 0);
  assert.deepEqual(
    [passed.via, passed.originStream, passed.originHost],
    [[0x77n, 0x1234n], 5, 'cellar'],
  );
  const wants = of(T.WANTS).flatMap(({entries}) => entries);
  assert.ok(
    ['brewery.Temperature', 'brewery.Level', 'house.*'].every((name) =>
      wants.some((want) => want.name === name),
    ),
  );
  for (const type of [
    T.DIGEST,
    T.ANNOUNCE,
    T.HISTORY,
    T.TYPE_REQUEST,
    T.TYPE,
    T.PROGRESS,
    T.PROBE,
    T.CHALLENGE,
    T.BYE,
    T.NACK,
    T.NCF,
    T.GAP,
    T.QUERY,
  ])
    assert.ok(of(type).length > 0, `no frame of type ${type}`);
});

test("the client's packets are read by decode.py", () => {
  const node = fromHex('0102030405060708090a0b0c');
  const messages = Array.from({length: 100}, (_, i) => ({
    bytes: utf8(`message ${i}`),
    published: 10n ** 18n + BigInt((i % 7) * 5 - 9),
  }));
  const large = Uint8Array.from({length: 5000}, (_, i) => i);
  const record = {
    stream: 3,
    family: familyId('a.B'),
    name: 'a.B',
    type: new Uint8Array(16).fill(7),
    format: 1,
    delivery: 0,
    flow: 0,
    history: 300,
    source: 'w1',
    labels: {tank: '3'},
    messages: 5,
    bytes: 2 ** 40,
    next: 6,
  };
  const frames = [
    p.announce({
      flags: 1,
      process: 9,
      wall: 5n,
      up: 6n,
      period: 2000,
      streamsDigest: 7n,
      streams: 1,
      wantsDigest: 8n,
      wants: 2,
      host: 'browser',
      name: 'page',
      version: 'x',
      domain: 'default',
    }),
    ...p.list(T.STREAMS, {digest: 7n}, [p.streamEntry(record), p.streamEntry({stream: 2}, true)]),
    ...p.list(T.WANTS, {change: true, base: 1n, digest: 8n}, [
      p.wantEntry(6, familyId('a.B'), 'a.B'),
      p.wantEntry(7, new Uint8Array(8), 'a.*'),
    ]),
    ...p.dataFrames(3, 1, messages),
    ...[0, 1, 2, 3].map((index) => p.fragment(3, 101, large, index, 5n, index === 3 ? 2 : 0)),
    p.digest(3, 104, 1, 2, 2000, 77),
    p.history(3, 1, 104, 0, 200),
    p.historyRequest(3),
    p.listRequest(5),
    p.typeRequest(new Uint8Array(16).fill(7), 5),
    p.typeFrame(new Uint8Array(16).fill(7), 9, 4, utf8('abcde')),
    p.progress(3, 50, 1 << 20),
    p.refuse(3, 101, 64),
    p.report(3, 104),
    p.gap(3, 4, 9),
    p.nack(node, 3, 17, [
      [4, 9],
      [11, 11],
      [300, 4000],
    ]),
    p.tokenFrame(T.RESPONSE, 5n),
    p.flagsToken(T.PROBE_REPLY, 1, 6n),
    p.plain(T.BYE),
    p.answer({
      token: 5n,
      part: 0,
      parts: 1,
      of: 3,
      entry: p.streamEntry({...record, stream: 2 ** 31}),
    }),
    p.answer({token: 5n, part: 0, parts: 1, of: 3, why: 'no'}),
    p.answer({token: 5n, part: 0, parts: 1, of: 3}),
  ];
  const packets = p.pack(frames).map((some, i) => p.writePacket(domain, node, i + 1, some));
  const folder = mkdtempSync(join(tmpdir(), 'dts-'));
  let decoded;
  try {
    writeFileSync(join(folder, 'packets'), packets.map((packet) => `${hex(packet)}\n`).join(''));
    decoded = execFileSync(
      '/usr/bin/python3',
      ['-B', join(ROOT, 'tests/golden/wire/decode.py'), join(folder, 'packets')],
      {encoding: 'utf8'},
    )
      .trim()
      .split('\n')
      .flatMap((line) => JSON.parse(line).frames);
  } finally {
    rmSync(folder, {recursive: true});
  }
  const data = decoded.filter(({frame}) => frame === 'DATA').flatMap((frame) => frame.messages);
  assert.deepEqual(
    data.map(({sequence, bytes}) => [sequence, bytes]),
    messages.map(({bytes}, i) => [i + 1, hex(bytes)]),
  );
  assert.equal(
    decoded
      .filter(({frame}) => frame === 'FRAGMENT')
      .map(({bytes}) => bytes)
      .join(''),
    hex(large),
  );
  assert.deepEqual(decoded.find(({frame}) => frame === 'NACK').runs, [
    [4, 9],
    [11, 11],
    [300, 4000],
  ]);
  const [entry] = decoded.find(({frame}) => frame === 'STREAMS').entries;
  assert.deepEqual(
    [entry.name, entry.labels, entry.history, entry.bytes],
    ['a.B', {tank: '3'}, 300, 2 ** 40],
  );
});

test('a FRAGMENT holds one piece or several, each whole', () => {
  const head = p.fragment(3, 101, new Uint8Array(5 * p.PIECE), 1, 5n, 0).body.subarray(0, 31);
  const read = (size) =>
    p.readFrame({type: T.FRAGMENT, body: new Uint8Array([...head, ...new Uint8Array(size)])});
  assert.equal(read(p.PIECE).bytes.length, p.PIECE);
  assert.equal(read(3 * p.PIECE).bytes.length, 3 * p.PIECE);
  assert.equal(read(4 * p.PIECE).first, 101);
  for (const size of [0, p.PIECE - 1, p.PIECE + 1, 5 * p.PIECE])
    assert.throws(() => read(size), Malformed);
});

test('whatever bytes arrive, they are read or Malformed', () => {
  const packets = lined('packet').map(fromHex);
  let seed = 1;
  const below = (n) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  for (let round = 0; round < 20000; round += 1) {
    const damaged = packets[below(packets.length)].slice(0, 32 + below(1400));
    for (let i = below(4); i >= 0; i -= 1)
      damaged[28 + below(Math.max(1, damaged.length - 28))] = below(256);
    if (damaged.length > 32)
      new DataView(damaged.buffer).setUint32(
        damaged.length - 4,
        crc32c(damaged.subarray(0, -4)),
        true,
      );
    try {
      for (const frame of p.readPacket(damaged, domain).frames) p.readFrame(frame);
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error.stack));
    }
  }
});
