#!/usr/bin/python3
"""Prints vectors.json: values encoded by python3-msgpack, and by hand what it does not write.

./make_vectors.py > vectors.json. What a row is says ../vectors.py.
"""
import pathlib
import struct
import sys

import msgpack
from msgpack import ExtType, Timestamp

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from vectors import Vectors, x

vectors = Vectors(msgpack.packb)
case, refuse = vectors.case, vectors.refuse


def single(value):
    return msgpack.packb({"x": value}, use_single_float=True).hex()


X = "81a178"  # {"x": ...

case("bool", True, x(True))
case("bool", False, x(False))
for kind, values in {
    "i8": [0, 127, -1, -32, -33, -128],
    "i16": [128, 255, 256, 32767, -129, -32768],
    "i32": [65535, 65536, 2**31 - 1, -32769, -(2**31)],
    "i64": [2**32 - 1, 2**32, 2**53 - 1, -(2**31) - 1, -(2**53 - 1)],
    "u8": [255],
    "u32": [2**32 - 1],
}.items():
    for value in values:
        case(kind, value, x(value), x(float(value)))
case("i64", str(2**63 - 1), x(2**63 - 1), X + "d37fffffffffffffff")
case("i64", str(-(2**63)), x(-(2**63)), X + "cbc3e0000000000000")
case("u64", str(2**64 - 1), x(2**64 - 1))
case("i8", 7, X + "07", X + "cc07", X + "cd0007", X + "ce00000007", X + "cf0000000000000007",
     X + "d007", X + "d10007", X + "d200000007", X + "d30000000000000007", X + "ca40e00000",
     "de0001a17807", "df00000001a17807", "81d9017807", "81da00017807", "81db000000017807")
case("i8", -7, X + "f9", X + "d0f9", X + "d1fff9", X + "d2fffffff9", X + "d3fffffffffffffff9")
case("f32", 0.1, single(0.1), x(struct.unpack("f", struct.pack("f", 0.1))[0]))
case("f32", 16777216, single(2.0**24), x(2.0**24), x(2**24))
case("f64", 0.1, x(0.1))
case("f64", -1.5, x(-1.5), single(-1.5))
case("f64", 65504, x(65504.0), x(65504))
case("f64", 5e-324, x(5e-324))
case("f64", "NaN", x(float("nan")), single(float("nan")))
case("f64", "Infinity", x(float("inf")), single(float("inf")))
case("f64", "-Infinity", x(float("-inf")), single(float("-inf")))
case("text", "", x(""), X + "d900", X + "da0000", X + "db00000000")
case("text", "water \u6c34 \U0001f376", x("water \u6c34 \U0001f376"))
for size in (31, 32, 255, 256, 300):
    case("text", "a" * size, x("a" * size))
case("bytes", "", x(b""), X + "c50000", X + "c600000000")
case("bytes", "AAEC/w==", x(b"\x00\x01\x02\xff"))
case("bytes", "AA" + "A" * 398, x(b"\x00" * 300))
case("time", "1970-01-01T00:00:00.000000000Z", x(Timestamp(0, 0)), X + "c70cff" + "00" * 12,
     X + "d7ff" + "00" * 8, X + "c704ff00000000", X + "c80004ff00000000")
case("time", "2026-11-22T10:24:48.000000000Z", x(Timestamp(1795343088, 0)))
case("time", "2026-11-22T10:24:48.123456789Z", x(Timestamp(1795343088, 123456789)))
case("time", "2106-02-07T06:28:16.000000000Z", x(Timestamp(2**32, 0)))
case("time", "1969-12-31T23:59:59.500000000Z", x(Timestamp(-1, 500000000)))
case("time", "1677-09-21T00:12:43.145224192Z", x(Timestamp(-9223372037, 145224192)))
case("time", "2262-04-11T23:47:16.854775807Z", x(Timestamp(9223372036, 854775807)))
case("duration", "1.5s", x(1_500_000_000), x("1.5s"), x("1500ms"), x(1.5e9))
case("duration", "-0.000000001s", x(-1))
case("decimal", "12.50", x("12.50"))
case("decimal", "-0.003", x("-0.003"))
case("decimal", "5e3", x("5e3"))
case("decimal", "7", x("7"), x(7))
case("list<f64>", [1.5, -2], x([1.5, -2.0]), single([1.5, -2.0]), x([1.5, -2]),
     "81a178dc0002cb3ff8000000000000fe", "81a178dd00000002ca3fc00000fe")
case("list<f64>", [], x([]))
case("list<f32>", [1.5, -2], single([1.5, -2.0]), x([1.5, -2.0]), x([1.5, -2]))
for size in (15, 16, 600):
    case("list<f64>", [i + 0.5 for i in range(size)], x([i + 0.5 for i in range(size)]))
for kind, bits, signed in [("i8", 8, 1), ("i16", 16, 1), ("i32", 32, 1), ("i64", 64, 1),
                           ("u8", 8, 0), ("u16", 16, 0), ("u32", 32, 0), ("u64", 64, 0)]:
    limit = 2 ** (bits - signed)
    values = [0, 1, 127, limit - 1] + ([-1, -33, -limit] if signed else [])
    shown = [v if abs(v) < 2**53 else str(v) for v in values]
    case(f"list<{kind}>", shown, x(values))
    case(f"list<{kind}>", [1, 2], x([1, 2]), x([1, 2.0]), X + "92d00102")
case("array<i16, 2>", [1, 2], x([1, 2]))
case("list<bool>", [True, False], x([True, False]))
case("list<text>", ["a", "b"], x(["a", "b"]))
case("list<list<i8>>", [[1], []], x([[1], []]))
case("map<text, i8>", {"a": 1, "b": 2}, x({"a": 1, "b": 2}), x({"b": 2, "a": 1}))
case("map<i64, text>", {"-5": "a", "7": "b"}, x({-5: "a", 7: "b"}), x({7: "b", -5: "a"}))
case("map<u8, u8>", {str(i): i for i in range(20)}, x({i: i for i in range(20)}))
case("map<bool, i8>", {"false": 1, "true": 2}, x({False: 1, True: 2}))
case("list<optional<i8>>", [1, None], x([1, None]))
case("t.Case{x:optional<i8> = 3}", None, x(None))
case("t.Case{x:i8 = 3}", 3, x(3), "80")
case("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", "busy", x("busy"), x(1))
case("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", 9, x(9))
case("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", {"text": "a"}, x({"text": "a"}))
case("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", {}, x({}))
case("any", {}, x({}))
case("any", {"type": "a.B{y:i32}", "value": {"y": 5}},
     x({"type": "a.B{y:i32}", "value": {"y": 5}}), x({"value": {"y": 5}, "type": "a.B{y:i32}"}))

# What is no MessagePack.
refuse("i8", "not valid MessagePack", "", "81", "81a178", "81a178cc", "81a178d2000000", "82a17807",
       "81a1780707", "8fa17807", "df", "dfffffffff")
refuse("text", "not valid MessagePack", X + "a2c328", X + "a1", X + "dbffffffff61")
refuse("bytes", "not valid MessagePack", X + "c4", X + "c6ffffffff00")
refuse("list<f64>", "not valid MessagePack", X + "ddffffffff" + "cb" + "00" * 8, X + "91",
       X + "92cb" + "00" * 8, X + "91cb" + "00" * 7)
refuse("map<i8, i8>", "not valid MessagePack", X + "dfffffffff0102", X + "82010203")
refuse("time", "not valid MessagePack", X + "d5ff0000", X + "d7ffffffffffffffffff", X + "d6ff0000")
# What is something else.
refuse("i8", "a byte that begins nothing where an integer", X + "c1")
refuse("i8", "text where an integer", x("7"))
refuse("i8", "nil where an integer", x(None))
refuse("i8", "a float where an integer", x(7.5), x(float("nan")), x(1e300))
refuse("i8", "128 is not a value of i8", x(128))
refuse("i8", "-129 is not a value of i8", x(-129))
refuse("u8", "-1 is not a value of u8", x(-1), x(-1.0))
refuse("i64", "18446744073709551615 is not a value of i64", x(2**64 - 1))
refuse("f32", "a number that no f32", x(0.1), x(2**24 + 1))
refuse("f64", "a number that no f64", x(2**53 + 1))
refuse("text", "bytes where text", x(b"a"))
refuse("bytes", "text where bytes", x("a"))
refuse("bool", "an integer where true or false", x(1))
refuse("time", "an integer where a time", x(5))
refuse("time", "an extension where a time", x(ExtType(5, b"1234")))
refuse("time", "a time out of range", x(Timestamp(2**62, 0)))
refuse("duration", "\"soon\" is not a duration", x("soon"))
refuse("decimal", "\"1.2.3\" is not a decimal", x("1.2.3"))
refuse("decimal", "a float where a decimal", x(0.5))
refuse("list<i8>", "128 is not a value of i8", x([1, 128]))
refuse("list<u8>", "-1 is not a value of u8", x([1, -1]))
refuse("list<f64>", "text where a number", x([1.5, "a"]))
refuse("list<u8>", "bytes where a list", x(b"\x01"))
refuse("array<i8, 2>", "3 elements, not 2", x([1, 2, 3]))
refuse("t.Case{x:i8}", "t.Case has no field \"y\"", "82a17807a17908")
refuse("t.Case{x:i8}", "the key \"x\" is there twice", "82a17807a17808")
refuse("t.Case{x:i8}", "field \"x\" is missing", "80")
refuse("t.Case{x:i8}", "an integer where a name", "810107")
refuse("map<i8, i8>", "the key \"1\" is there twice", X + "8201020103")
refuse("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", "a union holds one case",
       x({"whole": 1, "text": "a"}))
refuse("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", "\"bus\" is not a symbol", x("bus"))

vectors.print()
