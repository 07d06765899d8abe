#!/usr/bin/env python3
"""Makes scalars.json with Python's json, base64 and decimal: ./make_vectors.py > scalars.json

Every line is a case: the notation of a type, and a value as DTS writes it. Types have one field x.
"""
import base64
import json

CASES = [
    ("bool", True),
    ("i8", -128),
    ("i32", 2**31 - 1),
    ("i64", 2**53 - 1),
    ("i64", -(2**53 - 1)),
    ("i64", str(2**53)),
    ("i64", str(-(2**63))),
    ("u64", str(2**64 - 1)),
    ("u64", 7),
    ("f64", 0.1),
    ("f64", 5e-324),
    ("f64", "NaN"),
    ("f64", "Infinity"),
    ("f64", "-Infinity"),
    ("text", "plain"),
    ("text", "quote \" backslash \\ tab \t new line \n bell \u0007 \u00e9 \U0001f376"),
    ("bytes", base64.b64encode(b"").decode()),
    ("bytes", base64.b64encode(b"\x00").decode()),
    ("bytes", base64.b64encode(b"\x00\xff").decode()),
    ("bytes", base64.b64encode(bytes(range(256))).decode()),
    ("time", "1970-01-01T00:00:00.000000000Z"),
    ("time", "2026-11-22T10:24:48.123456789Z"),
    ("duration", "1.5s"),
    ("duration", "0s"),
    ("duration", "-0.000000001s"),
    ("duration", "9223372036.854775807s"),
    ("duration", "-9223372036.854775808s"),
    ("decimal", "12.50"),
    ("decimal", "-0.003"),
    ("decimal", "5e3"),
    ("decimal", "0"),
    ("decimal", "9223372036854775807"),
    ("list<i8>", []),
    ("list<list<i8>>", [[1], [], [2, 3]]),
    ("array<bool, 2>", [True, False]),
    ("map<text, i8>", {"": 1, "a b": 2}),
    ("map<i64, bool>", {"-9007199254740993": True, "12": False}),
    ("map<bool, i8>", {"false": 1, "true": 2}),
    ("list<optional<i8>>", [1, None]),
    ("any", {}),
    ("any", {"type": "a.B{y:i32}", "value": {"y": 5}}),
]

for notation, value in CASES:
    # The types' text and the value's text, as an exact string to compare with.
    text = json.dumps({"x": value}, ensure_ascii=False, separators=(",", ":"))
    print(json.dumps([f"t.Case{{x:{notation}}}", text], ensure_ascii=False))
