"""What the checks beside share: the program dts_messages (messages.cpp), and the comparison of a value
that a library read with the JSON that DTS shows of it.
"""
import base64
import calendar
import collections
import json
import math
import struct
import subprocess
from decimal import Decimal

Written = collections.namedtuple("Written", "seed notation shown message")


def run(program, arguments, given=b""):
    done = subprocess.run([program, *arguments], input=given, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def write(program, format, count):
    """Messages of `count` values, each of a random type of its own."""
    rows = run(program, [format, "write", str(count)])
    assert len(rows) == count
    return [Written(seed, notation, shown, bytes.fromhex(message))
            for seed, (notation, shown, message) in enumerate(rows, 1)]


def expect_read(program, format, asked):
    """Asked: what was written, and another message of the same value, which DTS must read as that."""
    given = "".join(json.dumps([written.notation, message.hex()]) + "\n" for written, message in asked)
    back = run(program, [format, "read"], given.encode())
    for (written, message), read in zip(asked, back, strict=True):
        assert read == [written.shown, written.message.hex()], f"{written}\n{message}\n{read}"


def time_ns(text):
    """2026-11-22T10:24:48.123456789Z"""
    date, clock = text[:-1].split("T")
    clock, fraction = clock.split(".")
    parts = [int(p) for p in date.split("-") + clock.split(":")]
    return calendar.timegm((*parts, 0, 0, 0)) * 10**9 + int(fraction)


def duration_ns(text):
    return int(Decimal(text[:-1]) * 10**9)


def single(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def same_number(there, shown):
    if isinstance(there, float) and isinstance(shown, str):
        return math.isnan(there) if shown == "NaN" else there == float(shown)
    if isinstance(there, float):
        return there == shown or (abs(shown) <= 3.4028235e38 and there == single(shown))
    if isinstance(shown, str) and shown[-1] in "Zs":
        return there == (time_ns if shown[-1] == "Z" else duration_ns)(shown)
    return there == int(shown)


def same_key(there, shown):
    return shown == (str(there).lower() if isinstance(there, bool) else str(there))


def same(there, shown, other=same_number):
    """Is what the library read what the JSON shows? `other` compares what JSON does not have."""
    if there is None or isinstance(there, bool):
        return there is shown
    if isinstance(there, dict):
        return (isinstance(shown, dict) and len(there) == len(shown)
                and all(same_key(a, b) and same(there[a], shown[b], other)
                        for a, b in zip(there, shown)))
    if isinstance(there, list):
        return (isinstance(shown, list) and len(there) == len(shown)
                and all(same(a, b, other) for a, b in zip(there, shown)))
    if isinstance(there, bytes):
        return there == base64.b64decode(shown)
    if isinstance(there, str):
        return there == shown
    return other(there, shown)
