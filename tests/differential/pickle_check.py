#!/usr/bin/env python3
"""Our pickles against CPython's pickle: it loads what we write, without being asked to import
anything; we read what it writes of the same values, at every protocol and in several spellings.

usage: pickle_check.py MESSAGES_PROGRAM [COUNT]
"""
import collections
import io
import json
import pickle
import pickletools
import random
import sys

import messages

PROGRAM = sys.argv[1]
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
CODE = {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4",
        "PERSID", "BINPERSID", "NEXT_BUFFER", "READONLY_BUFFER"}


class DataOnly(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"asked for {module}.{name}")


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


dice = random.Random(1)
asked = []
for written in messages.write(PROGRAM, "pickle", COUNT):
    opcodes = {opcode.name for opcode, _, _ in pickletools.genops(written.message)}
    assert not opcodes & CODE, f"{written}\n{opcodes & CODE}"
    value = DataOnly(io.BytesIO(written.message)).load()
    assert messages.same(value, json.loads(written.shown)), f"{written}\n{value}"
    for protocol in range(6):
        dumped = pickle.dumps(respelt(value, dice), protocol)
        if dice.random() < 0.2:
            dumped = pickletools.optimize(dumped)
        if dice.random() < 0.1:
            dumped = pickle._dumps(value, protocol)
        asked.append((written, dumped))
messages.expect_read(PROGRAM, "pickle", asked)
print(f"{COUNT} values agree with Python's pickle, and {len(asked)} pickles of it with us")
