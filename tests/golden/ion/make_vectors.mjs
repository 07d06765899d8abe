// Ion as npm's ion-js 5.2.1 reads and writes it. Copy this folder somewhere, npm install there, and
//   node make_vectors.mjs theirs > theirs.json
//   node make_vectors.mjs ours < ours.json
//
// theirs.json: each line is a case: a type in notation, a value of it as DTS writes JSON, the value
// as ion-js wrote it in binary (hex) and in text, and the text it was made from.
// ours.json: a type in notation, a value in JSON, the bytes DTS wrote (hex), and what ion-js made of
// these bytes; the last is written anew.
import * as ion from "ion-js";
import {readFileSync} from "fs";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

// type, value in JSON, value in Ion
const CASES = [
  ["t.T{x:bool}", '{"x":true}', "{x: true}"],
  ["t.T{x:bool}", '{"x":false}', "{x: false}"],
  ["t.T{x:i8}", '{"x":-128}', "{x: -128}"],
  ["t.T{x:u8}", '{"x":0}', "{x: 0}"],
  ["t.T{x:i32}", '{"x":-2147483648}', "{x: -2147483648}"],
  ["t.T{x:i64}", '{"x":"-9223372036854775808"}', "{x: -9223372036854775808}"],
  ["t.T{x:u64}", '{"x":"18446744073709551615"}', "{x: 18446744073709551615}"],
  ["t.T{x:u16}", '{"x":5}', "{x: 0x5}"],
  ["t.T{x:f64}", '{"x":0.1}', "{x: 0.1e0}"],
  ["t.T{x:f64}", '{"x":18.4}', "{x: 18.4}"],
  ["t.T{x:f64}", '{"x":0}', "{x: 0e0}"],
  ["t.T{x:f64}", '{"x":-0}', "{x: -0e0}"],
  ["t.T{x:f64}", '{"x":"NaN"}', "{x: nan}"],
  ["t.T{x:f64}", '{"x":"Infinity"}', "{x: +inf}"],
  ["t.T{x:f64}", '{"x":"-Infinity"}', "{x: -inf}"],
  ["t.T{x:f64}", '{"x":3}', "{x: 3}"],
  ["t.T{x:f32}", '{"x":0.5}', "{x: 0.5e0}"],
  ["t.T{x:f32}", '{"x":0.1}', "{x: 0.1}"],
  ["t.T{x:text}", '{"x":""}', '{x: ""}'],
  ["t.T{x:text}", '{"x":"quote \\" \\\\ tab \\t é 🍶"}', '{x: "quote \\" \\\\ tab \\t \\xe9 \\U0001f376"}'],
  ["t.T{x:text}", '{"x":"as a symbol"}', "{x: 'as a symbol'}"],
  ["t.T{x:text}", '{"x":"one\\ntwo"}', "{x: '''one\n''' '''two'''}"],
  ["t.T{x:bytes}", '{"x":""}', "{x: {{}}}"],
  ["t.T{x:bytes}", '{"x":"AP8BAg=="}', "{x: {{ AP8B Ag== }}}"],
  ["t.T{x:bytes}", '{"x":"Y2xvYv8="}', '{x: {{"clob\\xff"}}}'],
  ["t.T{x:time}", '{"x":"2026-11-22T10:24:48.123456789Z"}', "{x: 2026-11-22T10:24:48.123456789Z}"],
  ["t.T{x:time}", '{"x":"2026-11-22T10:24:48.000000000Z"}', "{x: 2026-11-22T10:24:48Z}"],
  ["t.T{x:time}", '{"x":"2026-11-22T10:24:48.500000000Z"}', "{x: 2026-11-22T11:54:48.5+01:30}"],
  ["t.T{x:time}", '{"x":"2026-11-22T10:24:00.000000000Z"}', "{x: 2026-11-22T10:24-00:00}"],
  ["t.T{x:time}", '{"x":"1969-12-31T23:59:59.999000000Z"}', "{x: 1969-12-31T23:59:59.999Z}"],
  ["t.T{x:time}", '{"x":"2026-11-22T00:00:00.000000000Z"}', "{x: 2026-11-22}"],
  ["t.T{x:duration}", '{"x":"1.5s"}', "{x: 1.5}"],
  ["t.T{x:duration}", '{"x":"-0.000000001s"}', "{x: -1d-9}"],
  ["t.T{x:duration}", '{"x":"90s"}', "{x: 90}"],
  ["t.T{x:decimal}", '{"x":"12.50"}', "{x: 12.50}"],
  ["t.T{x:decimal}", '{"x":"5e3"}', "{x: 5d3}"],
  ["t.T{x:decimal}", '{"x":"-0.003"}', "{x: -0.003}"],
  ["t.T{x:decimal}", '{"x":"0"}', "{x: 0.}"],
  ["t.T{x:decimal}", '{"x":"9223372036854775807"}', "{x: 9223372036854775807.}"],
  ["t.T{x:optional<i32>}", "{}", "{}"],
  ["t.T{x:optional<i32>}", "{}", "{x: null}"],
  ["t.T{x:optional<i32>}", "{}", "{x: null.int}"],
  ["t.T{x:optional<i32>}", '{"x":1}', "{x: 1}"],
  ["t.T{x:list<i32>}", '{"x":[1,-2,300]}', "{x: [1, -2, 300]}"],
  ["t.T{x:list<f64>}", '{"x":[0.5,1,2.5]}', "{x: [0.5e0, 1, 2.5]}"],
  ["t.T{x:list<optional<text>>}", '{"x":["a",null]}', '{x: ["a", null.string,]}'],
  ["t.T{x:array<u8,3>}", '{"x":[1,2,3]}', "{x: [1, 2, 3]}"],
  ["t.T{x:map<text,i32>}", '{"x":{"a":1,"b c":2}}', '{x: [["a", 1], ["b c", 2]]}'],
  ["t.T{x:map<text,i32>}", '{"x":{"a":1,"b c":2}}', "{x: {a: 1, 'b c': 2}}"],
  ["t.T{x:map<i16,bool>}", '{"x":{"-5":true}}', "{x: [[-5, true]]}"],
  ["t.T{x:map<i16,bool>}", '{"x":{"-5":true}}', "{x: {'-5': true}}"],
  ["t.T{x:t.S}; enum t.S{idle=0, heating=1}", '{"x":"heating"}', "{x: heating}"],
  ["t.T{x:t.S}; enum t.S{idle=0, heating=1}", '{"x":"heating"}', '{x: "heating"}'],
  ["t.T{x:t.S}; enum t.S{idle=0, heating=1}", '{"x":7}', "{x: 7}"],
  ["t.T{x:t.U}; union t.U{circle:f64, name:text}", '{"x":{"circle":2.5}}', "{x: circle::2.5}"],
  ["t.T{x:t.U}; union t.U{circle:f64, name:text}", '{"x":{"name":"n"}}', '{x: {name: "n"}}'],
  ["t.T{x:t.U}; union t.U{circle:f64, name:text}", '{"x":{}}', "{x: {}}"],
  ["t.T{x:t.U}; union t.U{inner:t.V}; union t.V{a:i32, b:optional<i32>}",
    '{"x":{"inner":{"a":5}}}', "{x: inner::a::5}"],
  ["t.T{x:t.U}; union t.U{inner:t.V}; union t.V{a:i32, b:optional<i32>}",
    '{"x":{"inner":{"b":null}}}', "{x: inner::b::null}"],
  ["t.T{x:any}", '{"x":{}}', "{x: {}}"],
  ["t.T{x:any}", '{"x":{"type":"t.A{y:i32}","value":{"y":5}}}',
    '{x: {type: "t.A{y:i32}", value: {y: 5}}}'],
  ["t.T{x:any}", '{"x":{"type":"t.A{y:i32}","value":{"y":5}}}',
    '{x: {value: {y: 5}, type: "t.A{y:i32}"}}'],
  ["t.T{name:text, version:i32}", '{"name":"n","version":2}', '{version: 2, name: "n"}'],
  ["t.T{x:i32}", '{"x":5}', "note::{x: unit::5}"],
  ["b.Temperature{celsius:f64[Cel], tank:i32=0, at:time, note:text?}",
    '{"celsius":18.4,"tank":3,"at":"2026-11-22T10:24:48.000000000Z","note":"a note that is longer than fourteen bytes"}',
    '{celsius: 18.4e0, tank: 3, at: 2026-11-22T10:24:48Z, note: "a note that is longer than fourteen bytes"}'],
];

function theirs() {
  for (const [type, json, text] of CASES) {
    const value = ion.load(text);
    console.log(JSON.stringify([type, json, hex(ion.dumpBinary(value)), ion.dumpText(value), text]));
  }
}

function ours() {
  for (const line of readFileSync(0, "utf8").split("\n")) {
    if (line === "") continue;
    const [type, json, bytes] = JSON.parse(line);
    const values = ion.loadAll(Buffer.from(bytes, "hex"));
    if (values.length !== 1) throw new Error(`${values.length} values in ${line}`);
    console.log(JSON.stringify([type, json, bytes, ion.dumpText(values[0])]));
  }
}

({theirs, ours})[process.argv[2]]();
