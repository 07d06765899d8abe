#!/usr/bin/python3
"""Prints vectors.json: values encoded by python3-cbor2, and by hand what it does not write.

./make_vectors.py > vectors.json. What a row is says ../vectors.py.
"""
import pathlib
import struct
import sys
from decimal import Decimal

import cbor2
from cbor2 import CBORTag

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from vectors import Vectors, x

vectors = Vectors(cbor2.dumps)
case, refuse = vectors.case, vectors.refuse


def short(value):
    """As small as it gets: halves and singles."""
    return cbor2.dumps({"x": value}, canonical=True).hex()


def seconds(whole, nanoseconds, tag=1001):
    return x(CBORTag(tag, {1: whole, -9: nanoseconds}))


X = "a16178"  # {"x": ...

case("bool", True, x(True), X + "d81cf5")  # 28: marks what may be shared
case("bool", False, x(False))
for kind, values in {
    "i8": [0, 23, 24, 127, -1, -24, -25, -128],
    "i16": [255, 256, 32767, -256, -257, -32768],
    "i32": [65535, 65536, 2**31 - 1, -(2**31)],
    "i64": [2**32 - 1, 2**32, 2**53 - 1, -(2**53 - 1)],
    "u8": [255],
    "u32": [2**32 - 1],
}.items():
    for value in values:
        case(kind, value, x(value), x(float(value)), x(CBORTag(260, value)))
case("i64", str(2**63 - 1), x(2**63 - 1), X + "c2487fffffffffffffff",
     X + "c24a00007fffffffffffffff", X + "c25f427fff46ffffffffffffff")
case("i64", str(-(2**63)), x(-(2**63)), X + "c3487fffffffffffffff", X + "fbc3e0000000000000")
case("u64", str(2**64 - 1), x(2**64 - 1), X + "c248ffffffffffffffff")
case("i8", 7, X + "07", X + "1807", X + "190007", X + "1a00000007", X + "1b0000000000000007",
     X + "f94700", X + "fa40e00000", "bf617807ff", "bf7f6178ff07ff", "b801617807", "d9d9f7a1617807")
case("f32", 0.1, short(struct.unpack("f", struct.pack("f", 0.1))[0]),
     x(struct.unpack("f", struct.pack("f", 0.1))[0]))
case("f32", 1.5, X + "fa3fc00000", X + "f93e00", X + "fb3ff8000000000000")
case("f32", 16777216, X + "fa4b800000", x(2**24), x(2.0**24))
case("f64", 0.1, x(0.1), short(0.1))
case("f64", 1.5, x(1.5), short(1.5), X + "fa3fc00000")
case("f64", 65504, x(65504.0), short(65504.0), x(65504))
case("f64", 5.960464477539063e-8, x(5.960464477539063e-8), short(5.960464477539063e-8))
case("f64", 5e-324, x(5e-324))
case("f64", -2, x(-2.0), x(-2), short(-2.0))
case("f64", "NaN", X + "fb7ff8000000000000", X + "fa7fc00000", short(float("nan")))
case("f64", "Infinity", X + "fb7ff0000000000000", X + "fa7f800000", short(float("inf")))
case("f64", "-Infinity", X + "fbfff0000000000000", X + "faff800000", short(float("-inf")))
case("text", "", x(""), X + "7fff")
case("text", "water \u6c34 \U0001f376", x("water \u6c34 \U0001f376"),
     x(CBORTag(32, "water \u6c34 \U0001f376")))
case("text", "ab" * 200, x("ab" * 200), X + "7f" + "6461626162" * 100 + "ff")
case("bytes", "", x(b""), X + "5fff")
case("bytes", "AAEC/w==", x(b"\x00\x01\x02\xff"), x(CBORTag(64, b"\x00\x01\x02\xff")),
     X + "5f420001" + "4202ff" + "ff", x(CBORTag(24, b"\x00\x01\x02\xff")))
case("time", "2026-11-22T10:24:48.123456789Z", seconds(1795343088, 123456789))
case("time", "2026-11-22T10:24:48.000000000Z", seconds(1795343088, 0),
     x(CBORTag(1, 1795343088)), x(CBORTag(1, 1795343088.0)), x(CBORTag(0, "2026-11-22T10:24:48Z")),
     x(CBORTag(0, "2026-11-22T11:24:48.000+01:00")), x(CBORTag(1001, {1: 1795343088})),
     x(CBORTag(1001, {-9: 0, 1: 1795343088, -2: 5})))
case("time", "1969-12-31T23:59:59.500000000Z", seconds(-1, 500000000), x(CBORTag(1, -0.5)),
     x(CBORTag(1001, {1: -1, -3: 500})), x(CBORTag(1001, {1: -1, -6: 500000})))
case("time", "1677-09-21T00:12:43.145224192Z", seconds(-9223372037, 145224192))
case("duration", "1.5s", seconds(1, 500000000, 1002), x(CBORTag(1002, {1: 1.5})))
case("duration", "-0.000000001s", seconds(-1, 999999999, 1002))
case("decimal", "12.50", x(Decimal("12.50")), X + "c4822119" + "04e2", X + "c49f2119" + "04e2" + "ff",
     X + "c48221c2" + "4204e2")
case("decimal", "-0.003", x(Decimal("-0.003")))
case("decimal", "5e3", X + "c4820305")
case("decimal", "7", X + "c4820007", x(7))
case("list<f64>", [1.5, -2], x(CBORTag(86, struct.pack("<2d", 1.5, -2))),
     x(CBORTag(82, struct.pack(">2d", 1.5, -2))), x([1.5, -2.0]), short([1.5, -2.0]),
     x(CBORTag(85, struct.pack("<2f", 1.5, -2))), x(CBORTag(81, struct.pack(">2f", 1.5, -2))),
     x(CBORTag(84, struct.pack("<2e", 1.5, -2))), x(CBORTag(80, struct.pack(">2e", 1.5, -2))),
     X + "9ff93e0021ff", X + "d8565f48000000000000f83f48" + "00000000000000c0" + "ff")
case("list<f32>", [1.5, -2], x(CBORTag(85, struct.pack("<2f", 1.5, -2))),
     x(CBORTag(86, struct.pack("<2d", 1.5, -2))), x(CBORTag(84, struct.pack("<2e", 1.5, -2))),
     x([1.5, -2]))
case("list<f64>", [], x(CBORTag(86, b"")), x([]), X + "9fff", x(CBORTag(82, b"")))
for kind, code, little, big in [("i8", "b", 72, 72), ("i16", "h", 77, 73), ("i32", "i", 78, 74),
                                ("i64", "q", 79, 75), ("u8", "B", 64, 68), ("u16", "H", 69, 65),
                                ("u32", "I", 70, 66), ("u64", "Q", 71, 67)]:
    size = struct.calcsize("=" + code)
    limit = 2 ** (8 * size - (code.islower()))
    values = [0, 1, limit - 1] + ([-1, -limit] if code.islower() else [])
    shown = [v if abs(v) < 2**53 else str(v) for v in values]
    case(f"list<{kind}>", shown, x(CBORTag(little, struct.pack(f"<{len(values)}{code}", *values))),
         x(CBORTag(big, struct.pack(f">{len(values)}{code}", *values))), x(values))
    case(f"list<{kind}>", [1, 2], x(CBORTag(little, struct.pack(f"<2{code}", 1, 2))),
         x(CBORTag(86, struct.pack("<2d", 1, 2))), x(CBORTag(67, struct.pack(">2Q", 1, 2))),
         x(CBORTag(72, struct.pack("2b", 1, 2))), x([1.0, 2]))
case("array<i16, 2>", [1, 2], x(CBORTag(77, struct.pack("<2h", 1, 2))), x([1, 2]))
case("list<bool>", [True, False], x([True, False]), X + "9ff5f4ff")
case("list<text>", ["a", "b"], x(["a", "b"]))
case("list<list<i8>>", [[1], []], x([CBORTag(72, b"\x01"), CBORTag(72, b"")]), x([[1], []]))
case("map<text, i8>", {"a": 1, "b": 2}, x({"a": 1, "b": 2}), x({"b": 2, "a": 1}),
     X + "bf6162026161" + "01ff")
case("map<i64, text>", {"-5": "a", "7": "b"}, x({-5: "a", 7: "b"}), x({7: "b", -5: "a"}))
case("map<bool, i8>", {"false": 1, "true": 2}, x({False: 1, True: 2}))
case("list<optional<i8>>", [1, None], x([1, None]), X + "8201f7")
case("t.Case{x:optional<i8> = 3}", None, x(None), X + "f7")
case("t.Case{x:i8 = 3}", 3, x(3), "a0", "bfff")
case("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", "busy", x("busy"), x(1), x(1.0))
case("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", 9, x(9))
case("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", {"text": "a"}, x({"text": "a"}),
     X + "bf64746578746161ff")
case("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", {}, x({}), X + "bfff")
case("any", {}, x({}))
case("any", {"type": "a.B{y:i32}", "value": {"y": 5}},
     x({"type": "a.B{y:i32}", "value": {"y": 5}}), x({"value": {"y": 5}, "type": "a.B{y:i32}"}))

# What is no CBOR.
refuse("i8", "not valid CBOR", "", "a1", "a16178", "a1617818", "a161781c07", "a16178" + "1f",
       "a1617807ff", "a161780707", "bf617807", X + "1b00")
refuse("i8", "an end mark where an integer", X + "ff")
refuse("i8", "an end mark where a map", "ff")
refuse("i8", "a simple value where an integer", X + "f801", X + "e0")
refuse("text", "not valid CBOR", X + "62c328", X + "61", X + "7bffffffffffffffff",
       X + "7f4161ff", X + "7f7f6161ffff", X + "7f61c361a9ff")
refuse("list<f64>", "not valid CBOR", X + "d85647" + "00" * 7, X + "9bffffffffffffffff",
       X + "9f", X + "d8565bffffffffffffffff", X + "9a00010000" + "00" * 100)
refuse("map<i8, i8>", "not valid CBOR", X + "bbffffffffffffffff", X + "a2010203")
refuse("map<i8, i8>", "an end mark where an integer", X + "bf01ff")
# What is something else.
refuse("i8", "something with tag 25 where an integer", X + "d81907")
refuse("i8", "something with tag 1 where an integer", X + "c107")
refuse("i8", "text where an integer", x("7"))
refuse("i8", "null where an integer", x(None))
refuse("i8", "a float where an integer", x(7.5), x(float("nan")), x(1e300))
refuse("i8", "128 is not a value of i8", x(128))
refuse("i8", "-129 is not a value of i8", x(-129))
refuse("u8", "-1 is not a value of u8", x(-1), x(-1.0))
refuse("i64", "-18446744073709551616 is not a value of i64", x(-(2**64)))
refuse("i64", "an integer of more than 64 bits", x(2**64), x(-(2**64) - 1))
refuse("f32", "a number that no f32", x(0.1), x(2**24 + 1))
refuse("f64", "a number that no f64", x(2**53 + 1))
refuse("text", "bytes where text", x(b"a"))
refuse("bytes", "text where bytes", x("a"))
refuse("bool", "an integer where true or false", x(1))
refuse("time", "an integer where a time", x(5))
refuse("time", "text where a time", x("2026-11-22T10:24:48Z"))
refuse("time", "something with tag 1002 where a time", x(CBORTag(1002, {1: 5})))
refuse("time", "a part of the time is there twice", X + "d903e9a20105" + "0105")
refuse("time", "the part 13 of a time", x(CBORTag(1001, {1: 5, 13: 1})))
refuse("time", "a part of a second out of range", x(CBORTag(1001, {1: 5, -9: 10**9})))
refuse("time", "a time out of range", x(CBORTag(1, 2**62)), x(CBORTag(1, 1e300)))
refuse("decimal", "a float where a decimal", x(0.5))
refuse("decimal", "the exponent 200 is out of range", X + "c48218c801")
refuse("list<i8>", "a number that is not a value of i8", x(CBORTag(86, struct.pack("<d", 1.5))),
       x(CBORTag(78, struct.pack("<i", 200))))
refuse("list<bool>", "a typed array where a list", x(CBORTag(72, b"\x01")))
refuse("array<i8, 2>", "3 elements, not 2", x([1, 2, 3]), x(CBORTag(72, b"\x01\x02\x03")))
refuse("t.Case{x:i8}", "t.Case has no field \"y\"", "a2617807617908")
refuse("t.Case{x:i8}", "the key \"x\" is there twice", "a2617807617808")
refuse("t.Case{x:i8}", "field \"x\" is missing", "a0")
refuse("t.Case{x:i8}", "an integer where a name", "a10107")
refuse("map<i8, i8>", "the key \"1\" is there twice", X + "a201020103")
refuse("t.Case{x:t.U}\nunion t.U{whole:i8, text:text}", "a union holds one case",
       x({"whole": 1, "text": "a"}), X + "bf6577686f6c65016474657874" + "6161ff")
refuse("t.Case{x:t.S}\nenum t.S{idle = 0, busy = 1}", "\"bus\" is not a symbol", x("bus"))

vectors.print()
