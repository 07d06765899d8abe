#!/usr/bin/python3
"""Our CBOR and MessagePack against python3-cbor2 and python3-msgpack: they read what we write, and
we read what they make of it, in every form they and the standards have.

usage: binary_check.py MESSAGES_PROGRAM cbor|messagepack [COUNT]
"""
import json
import random
import struct
import sys
from decimal import Decimal

import cbor2
import msgpack
from cbor2 import CBORTag

import messages

PROGRAM, FORMAT = sys.argv[1], sys.argv[2]
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 3000

TYPED = {64: "B", 72: "b"}  # tag: struct's code, of RFC 8746
for base, codes in ((65, "HIQ"), (73, "hiq")):
    for i, code in enumerate(codes):
        TYPED[base + i], TYPED[base + i + 4] = ">" + code, "<" + code
for i, code in enumerate("efd"):
    TYPED[80 + i], TYPED[84 + i] = ">" + code, "<" + code


def typed(tag):
    code = TYPED[tag.tag]
    return [number for number, in struct.iter_unpack(code, tag.value)]


def same_other(there, shown):
    """What JSON does not have, or the library reads as something of its own."""
    if isinstance(there, CBORTag) and there.tag in TYPED:
        return messages.same(typed(there), shown)
    if isinstance(there, CBORTag):
        nanoseconds = there.value[1] * 10**9 + there.value[-9]
        return nanoseconds == (messages.time_ns if there.tag == 1001 else messages.duration_ns)(shown)
    if isinstance(there, msgpack.Timestamp):
        return there.to_unix_nano() == messages.time_ns(shown)
    if isinstance(there, Decimal):
        return there == Decimal(shown)
    return messages.same_number(there, shown)


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


dice = random.Random(1)
asked = []
for written in messages.write(PROGRAM, FORMAT, COUNT):
    there, shown = load(written.message), json.loads(written.shown)
    assert messages.same(there, shown, same_other), f"{written}\n{there}"
    asked += [(written, dump(respelt(shown, there, dice), dice)) for _ in range(2)]
messages.expect_read(PROGRAM, FORMAT, asked)
print(f"{COUNT} values agree with Python's {FORMAT}, both ways")
