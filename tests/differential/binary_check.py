#!/usr/bin/python3
"""Our CBOR and MessagePack against python3-cbor2 and python3-msgpack: they read what we write, and
we read what they make of it, in every form they and the standards have.

usage: binary_check.py MESSAGES_PROGRAM cbor|messagepack [COUNT]
"""
import base64
import calendar
import json
import random
import struct
import subprocess
import sys
from decimal import Decimal

import cbor2
import msgpack
from cbor2 import CBORTag

PROGRAM, FORMAT = sys.argv[1], sys.argv[2]
COUNT = sys.argv[3] if len(sys.argv) > 3 else "3000"

TYPED = {64: "B", 72: "b"}  # tag: struct's code, of RFC 8746
for base, codes in ((65, "HIQ"), (73, "hiq")):
    for i, code in enumerate(codes):
        TYPED[base + i], TYPED[base + i + 4] = ">" + code, "<" + code
for i, code in enumerate("efd"):
    TYPED[80 + i], TYPED[84 + i] = ">" + code, "<" + code


def typed(tag):
    code = TYPED[tag.tag]
    return [number for number, in struct.iter_unpack(code, tag.value)]


def time_ns(text):
    """2026-11-22T10:24:48.123456789Z"""
    date, clock = text[:-1].split("T")
    clock, fraction = clock.split(".")
    parts = [int(p) for p in date.split("-") + clock.split(":")]
    return calendar.timegm((*parts, 0, 0, 0)) * 10**9 + int(fraction)


def duration_ns(text):
    return int(Decimal(text[:-1]) * 10**9)


def same_number(value, there):
    if isinstance(value, str):
        if isinstance(there, float):
            return value == {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(there, "NaN")
        return str(there) == value or (value[-1] == "s" and duration_ns(value) == there)
    single = struct.unpack("f", struct.pack("f", value))[0] if abs(value) <= 3.4028235e38 else value
    return there == value or (isinstance(there, float) and there == single)


def same_key(text, key):
    return text == (str(key).lower() if isinstance(key, bool) else str(key))


def same(value, there):
    """Is what the library read what the JSON value is?"""
    if isinstance(there, CBORTag):
        if there.tag in TYPED:
            return same(value, typed(there))
        nanoseconds = there.value[1] * 10**9 + there.value[-9]
        return nanoseconds == (time_ns if there.tag == 1001 else duration_ns)(value)
    if isinstance(there, msgpack.Timestamp):
        return there.to_unix_nano() == time_ns(value)
    if there is None or isinstance(there, bool):
        return value is there
    if isinstance(there, Decimal):
        return Decimal(value) == there
    if isinstance(there, bytes):
        return base64.b64decode(value) == there
    if isinstance(there, dict):
        return (isinstance(value, dict) and len(value) == len(there)
                and all(same_key(text, key) and same(value[text], there[key])
                        for text, key in zip(value, there)))
    if isinstance(there, list):
        return len(value) == len(there) and all(map(same, value, there))
    if isinstance(there, str):
        return value == there
    return same_number(value, there)


def respelt(value, there, dice):
    """The same value, in another form the standard has."""
    if isinstance(there, dict):
        pairs = [(k, respelt(value[t], there[k], dice)) for t, k in zip(value, there)]
        dice.shuffle(pairs)
        return dict(pairs)
    if isinstance(there, list):
        return [respelt(v, t, dice) for v, t in zip(value, there)]
    if FORMAT == "cbor":
        return respelt_cbor(value, there, dice)
    return there


def respelt_cbor(value, there, dice):
    choice = dice.randrange(4)
    if isinstance(there, CBORTag) and there.tag in TYPED:
        if choice == 0:
            return typed(there)
        if choice == 1 and TYPED[there.tag][0] == "<":
            big = ">" + TYPED[there.tag][1]
            tag = next(tag for tag, code in TYPED.items() if code == big)
            return CBORTag(tag, struct.pack(f">{len(typed(there))}{big[1]}", *typed(there)))
    elif isinstance(there, CBORTag) and there.tag == 1001 and choice == 0:
        return CBORTag(0, value)
    elif isinstance(there, Decimal):
        sign, digits, exponent = Decimal(value).as_tuple()
        coefficient = int("".join(map(str, digits))) * (-1 if sign else 1)
        return CBORTag(4, [exponent, coefficient])
    elif isinstance(there, int) and not isinstance(there, bool):
        if choice == 0 and abs(there) < 2**53:
            return float(there)
        if choice == 1:
            magnitude = there if there >= 0 else -1 - there
            return CBORTag(2 if there >= 0 else 3, magnitude.to_bytes(9, "big"))
    elif isinstance(there, float) and choice == 0 and there and abs(there) < 2**53:
        return int(there) if there == int(there) else there
    return CBORTag(55799, there) if choice == 2 and there is not None else there


def endless(value):
    """CBOR with every length left open."""
    def chunks(start, parts):
        return start + b"".join(cbor2.dumps(part) for part in parts) + b"\xff"
    if isinstance(value, dict):
        return b"\xbf" + b"".join(endless(k) + endless(v) for k, v in value.items()) + b"\xff"
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(endless, value)) + b"\xff"
    if isinstance(value, (str, bytes)):
        return chunks(b"\x7f" if isinstance(value, str) else b"\x5f", [value[:3], value[3:]])
    if isinstance(value, CBORTag):
        return cbor2.dumps(CBORTag(value.tag, 0))[:-1] + endless(value.value)
    return cbor2.dumps(value)


def load(message):
    if FORMAT == "cbor":
        return cbor2.loads(message)
    return msgpack.unpackb(message, timestamp=0, strict_map_key=False)


def dump(value, dice):
    if FORMAT == "messagepack":
        return msgpack.packb(value)
    way = dice.randrange(3)
    return endless(value) if way == 0 else cbor2.dumps(value, canonical=way == 1)


def lines(arguments, given=None):
    done = subprocess.run([PROGRAM, FORMAT, *arguments], input=given, stdout=subprocess.PIPE,
                          check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


written = lines(["write", COUNT])
assert len(written) == int(COUNT)
dice = random.Random(1)
given = []
for number, (notation, value, message) in enumerate(written, 1):
    there, expected = load(bytes.fromhex(message)), json.loads(value)
    assert same(expected, there), f"seed {number}: {notation}\n{value}\n{there}\n{message}"
    for _ in range(2):
        given.append([notation, dump(respelt(expected, there, dice), dice).hex()])

back = lines(["read"], "".join(json.dumps(row) + "\n" for row in given).encode())
for i, (row, read) in enumerate(zip(given, back, strict=True)):
    assert read[0] == written[i // 2][1], (
        f"seed {i // 2 + 1}: {row[0]}\n{written[i // 2][1]}\n{row[1]}\n{read}")
print(f"{COUNT} values agree with Python's {FORMAT}, both ways")
