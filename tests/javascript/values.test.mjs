// Types and values against what independent implementations made of them: tests/golden.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {Malformed} from '../../javascript/bytes.js';
import * as capnproto from '../../javascript/capnproto.js';
import {Type, fromJson, toJson} from '../../javascript/dts.js';
import {fromHex, groupOf, hex} from '../../javascript/hash.js';
import * as json from '../../javascript/json.js';
import {ROOT} from './support.mjs';

const golden = (name) => readFileSync(join(ROOT, 'tests/golden', name));
const {vectors} = JSON.parse(golden('types/vectors.json'));

for (const vector of vectors) {
  test(`the ids of a type are those of others: ${vector.title}`, () => {
    const type = Type.define(vector.name, vector.notation);
    assert.equal(hex(type.document), vector.document);
    assert.equal(type.id, vector.type_id);
    assert.equal(hex(type.familyBytes), vector.family_id);
    for (const [domain, group] of Object.entries(vector.group))
      assert.equal(groupOf(domain, vector.name), group);
    assert.equal(Type.read(type.document).id, type.id);
    assert.equal(Type.define(type.toString()).id, type.id, type.toString());
  });
}

test('a damaged type document is refused, whatever is wrong with it', () => {
  let seed = 7;
  const below = (n) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  let refused = 0;
  for (let round = 0; round < 20000; round += 1) {
    const damaged = fromHex(vectors[below(vectors.length)].document);
    for (let i = below(3); i >= 0; i -= 1) damaged[below(damaged.length)] = below(256);
    try {
      Type.read(damaged);
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error.stack));
      refused += 1;
    }
  }
  assert.ok(refused > 10000, `only ${refused} were refused`);
});

test('a plain definition is a type', () => {
  const type = Type.define('brewery.Tank', {
    'key number': 'i32',
    celsius: 'f64 [Cel] = 20',
    at: {x: 'f64', y: 'f64'},
    steps: [{name: 'text?'}],
  });
  assert.equal(
    type.id,
    Type.define(`brewery.Tank { key number : i32, celsius : f64 [Cel] = 20, at : brewery.Tank.at,
    steps : list<brewery.Tank.steps> } brewery.Tank.at { x : f64, y : f64 } brewery.Tank.steps { name : text? }`)
      .id,
  );
});

test('what is wrong with a definition is said', () => {
  assert.throws(() => Type.define('a.B', {x: 'f65'}), /there is no type "f65"/);
  assert.throws(() => Type.define('a.B { x f64 }'), /line 1, column 9/);
  assert.throws(() => Type.define('a.B', {x: 'u8 = 300'}), /a\.B\.x = 300.*0 to 255/);
  assert.throws(() => Type.define('a.B { b : a.B }'), /contains itself/);
});

const batch = Type.define(golden('capnproto/batch.type').toString());
const bytes = new Uint8Array(golden('capnproto/batch.bin'));
const text = golden('capnproto/batch.json').toString().trim();

test("a message is written as Cap'n Proto's own tool writes it", () => {
  const value = capnproto.decode(bytes, batch);
  assert.equal(hex(capnproto.encode(value, batch)), hex(bytes));
  assert.equal(value.at, 1795343088123456789n);
  assert.deepEqual(value.steps, [{heat_to: 65.5}, {wait: 1500000000n}, {call: 'Anna'}, {}]);
  assert.equal(JSON.stringify(toJson(value, batch)), text);
  assert.equal(hex(capnproto.encode(fromJson(JSON.parse(text), batch), batch)), hex(bytes));
  assert.deepEqual(json.decode(new TextEncoder().encode(text), batch), value);
});

test('a damaged message is read or Malformed, and costs no more than it earns', () => {
  let seed = 3;
  const below = (n) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  let refused = 0;
  for (let round = 0; round < 30000; round += 1) {
    const damaged = bytes.slice();
    for (let i = below(3); i >= 0; i -= 1) damaged[8 + below(damaged.length - 8)] = below(256);
    try {
      capnproto.decode(damaged, batch);
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error.stack));
      refused += 1;
    }
  }
  assert.ok(refused > 5000, `only ${refused} were refused`);
});

test('what does not fit its type is said with the place', () => {
  const type = Type.define(
    'a.B { xs : list<a.C>, n : i64 = 3, s : a.S } a.C { y : u8 } closed enum a.S { off, on }',
  );
  const good = {xs: [{y: 1}], s: 'on'};
  assert.deepEqual(capnproto.decode(capnproto.encode(good, type), type), {...good, n: 3n});
  const fails = (value, message) =>
    assert.throws(() => capnproto.encode(value, type), {name: 'TypeError', message});
  fails({...good, xs: [{y: 1}, {y: 256}]}, /a\.B\.xs\[1\]\.y: 256 is no u8/);
  fails({...good, n: 2 ** 60}, /a\.B\.n: .*bigint/);
  fails({...good, z: 1}, /no field "z".*xs, n, s/);
  fails({xs: []}, /the field "s" is missing/);
  fails({...good, s: 'maybe'}, /a\.B\.s: "maybe" is no symbol of a\.S.*off, on/);
});
