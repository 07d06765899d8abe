#!/usr/bin/env python3
"""Our pickles against CPython's pickle: it loads what we write, without being asked to import
anything; we read what it writes of the same values, at every protocol and in several spellings.

usage: pickle_check.py MESSAGES_PROGRAM [COUNT]
"""
import base64
import collections
import datetime
import decimal
import io
import json
import math
import pickle
import pickletools
import random
import struct
import subprocess
import sys

PROGRAM = sys.argv[1]
COUNT = sys.argv[2] if len(sys.argv) > 2 else "1500"
CODE = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4",
        "PERSID", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"}


class DataOnly(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"asked for {module}.{name}")


def same_number(value, shown):
    if isinstance(shown, (int, float)):
        return value == shown or struct.pack("f", value) == struct.pack("f", shown)
    if isinstance(value, float):
        return math.isnan(value) if shown == "NaN" else value == float(shown)
    if shown.endswith("Z"):
        whole, fraction = shown[:-1].split(".")
        seconds = datetime.datetime.fromisoformat(whole + "+00:00") - datetime.datetime(
            1970, 1, 1, tzinfo=datetime.timezone.utc)
        return value == (seconds.days * 86400 + seconds.seconds) * 10**9 + int(fraction)
    if shown.endswith("s"):
        return value == int(decimal.Decimal(shown[:-1]).scaleb(9))
    return value == int(shown)


def same_key(key, shown):
    return shown == {True: "true", False: "false"}[key] if isinstance(key, bool) else shown == str(key)


def same(value, shown):
    """Is the value that Python loaded what the JSON shows?"""
    if value is None or isinstance(value, bool):
        return value is shown
    if isinstance(value, dict):
        return isinstance(shown, dict) and len(value) == len(shown) and all(
            same_key(a, b) and same(value[a], shown[b]) for a, b in zip(value, shown))
    if isinstance(value, list):
        return isinstance(shown, list) and len(value) == len(shown) and all(map(same, value, shown))
    if isinstance(value, bytes):
        return base64.b64decode(shown) == value
    if isinstance(value, str):
        return value == shown
    return same_number(value, shown)


def respelt(value, dice):
    """The same value, of other classes that are read as the same."""
    if isinstance(value, dict):
        pairs = [(key, respelt(item, dice)) for key, item in value.items()]
        return collections.OrderedDict(pairs) if dice.random() < 0.2 else dict(pairs)
    if isinstance(value, list):
        items = [respelt(item, dice) for item in value]
        return tuple(items) if dice.random() < 0.3 else items
    if isinstance(value, bytes) and dice.random() < 0.3:
        return bytearray(value)
    return value


def lines(arguments, given=None):
    done = subprocess.run([PROGRAM, *arguments], input=given, capture_output=True, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


written = lines(["write", COUNT])
assert len(written) == int(COUNT)
values = []
for number, (notation, shown, message) in enumerate(written, 1):
    message = bytes.fromhex(message)
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(message)}
    assert not opcodes & CODE, f"seed {number}: {opcodes & CODE}"
    value = DataOnly(io.BytesIO(message)).load()
    assert same(value, json.loads(shown)), f"seed {number}: {notation}\n{shown}\n{value}"
    values.append(value)

dice = random.Random(1)
asked = []
for (notation, _, message), value in zip(written, values):
    for protocol in range(6):
        dumped = pickle.dumps(respelt(value, dice), protocol)
        if dice.random() < 0.2:
            dumped = pickletools.optimize(dumped)
        if dice.random() < 0.1:
            dumped = pickle._dumps(value, protocol)
        asked.append((notation, message, protocol, dumped))
given = "".join(json.dumps([notation, dumped.hex()]) + "\n" for notation, _, _, dumped in asked)
for row, back in zip(asked, lines(["read"], given.encode()), strict=True):
    assert back[0] == row[1], f"protocol {row[2]}: {row[0]}\n{row[1]}\n{row[3]}\n{back}"
print(f"{COUNT} values agree with Python's pickle, and {len(asked)} pickles of it with us")
