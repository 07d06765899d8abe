#!/usr/bin/env python3
"""Writes vectors.json (to standard output): values pickled by CPython, protocols 0 to 5, beside what
DTS reads. CPython 3.11 wrote the file that is committed. A row is
  [what it shows, type in notation, hex of the pickle, the value as DTS writes JSON]
and, where DTS refuses it, "refused: <start of the error>" for the value.
"""
import collections
import dataclasses
import datetime
import decimal
import enum
import json
import pickle
import sys
import types
import uuid

# Classes lie in a module of their own, as a user's do.
app = types.ModuleType("app")
sys.modules["app"] = app


def of_app(cls):
    cls.__module__ = "app"
    setattr(app, cls.__name__, cls)
    return cls


@of_app
class State(enum.Enum):
    idle = 0
    busy = 1


@of_app
class Mode(enum.IntEnum):
    idle = 0
    busy = 1


@of_app
class Word(enum.StrEnum):
    idle = "idle"
    busy = "busy"


@of_app
class Colour(enum.Enum):
    busy = 1


@of_app
@dataclasses.dataclass
class Point:
    x: int
    y: float


@of_app
@dataclasses.dataclass(slots=True)
class Slotted:
    x: int
    y: float


@of_app
@dataclasses.dataclass(frozen=True)
class Frozen:
    x: int
    y: float


@of_app
@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlotted:
    x: int
    y: float


@of_app
@dataclasses.dataclass
class Line:
    points: list
    state: State


Pair = of_app(collections.namedtuple("Pair", "x y"))
Pair.__module__ = "app"

POINT = "t.P{x:i32, y:f64}"
utc = datetime.timezone.utc
east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
moment = datetime.datetime(2026, 11, 22, 10, 24, 48, 123456)
shared = {"x": 1, "y": 2.5}

EVERY = range(6)
ROWS = [
    # what, type, value, protocols, as DTS writes it
    ("bools", "t.T{x:list<bool>}", {"x": [True, False]}, EVERY, {"x": [True, False]}),
    ("integers", "t.T{x:list<i64>}",
     {"x": [0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**53 - 1]}, EVERY,
     {"x": [0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**53 - 1]}),
    ("large integers", "t.T{x:list<i64>}", {"x": [2**63 - 1, -2**63, -128, 128, -32769]}, EVERY,
     {"x": [str(2**63 - 1), str(-2**63), -128, 128, -32769]}),
    ("large unsigned integers", "t.T{x:list<u64>}", {"x": [2**64 - 1, 2**63]}, EVERY,
     {"x": [str(2**64 - 1), str(2**63)]}),
    ("floats", "t.T{x:list<f64>}",
     {"x": [0.5, -1e300, 5e-324, 0.1, float("inf"), float("-inf"), float("nan"), 3]}, EVERY,
     {"x": [0.5, -1e300, 5e-324, 0.1, "Infinity", "-Infinity", "NaN", 3]}),
    ("floats of 32 bits", "t.T{x:list<f32>}", {"x": [0.5, 0.1]}, EVERY, {"x": [0.5, 0.1]}),
    ("text", "t.T{x:list<text>}",
     {"x": ["", "a", "it's \\ a \n line\r\x00\x1a", "Grüße", "日本語", "\U0001f37a"]}, EVERY,
     {"x": ["", "a", "it's \\ a \n line\r\x00\x1a", "Grüße", "日本語", "\U0001f37a"]}),
    ("text of 300 bytes", "t.T{x:text}", {"x": "ab" * 150}, EVERY, {"x": "ab" * 150}),
    ("bytes", "t.T{x:list<bytes>}", {"x": [b"", b"abc", bytes(range(256))]}, EVERY,
     {"x": ["", "YWJj", __import__("base64").b64encode(bytes(range(256))).decode()]}),
    ("bytearrays", "t.T{x:list<bytes>}", {"x": [bytearray(), bytearray(b"\xff\x00")]}, EVERY,
     {"x": ["", "/wA="]}),
    ("tuples", "t.T{x:list<list<i8>>}", {"x": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]}, EVERY,
     {"x": [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]}),
    ("arrays", "t.T{x:array<i8,3>}", {"x": (1, 2, 3)}, EVERY, {"x": [1, 2, 3]}),
    ("sets", "t.T{x:list<i8>, y:list<i8>, z:list<i8>}", {"x": {7}, "y": frozenset([8]), "z": set()}, EVERY,
     {"x": [7], "y": [8], "z": []}),
    ("1100 items", "t.T{x:list<i32>}", {"x": list(range(1100))}, (0, 2, 4), {"x": list(range(1100))}),
    ("1100 entries", "t.T{x:map<i32,i32>}", {"x": {i: i + 1 for i in range(1100)}}, (0, 2, 4),
     {"x": {str(i): i + 1 for i in range(1100)}}),
    ("maps", "t.T{a:map<text,i8>, b:map<i64,text>, c:map<bool,f64>}",
     {"a": {"k": 1}, "b": {-5: "x"}, "c": {True: 0.5}}, EVERY,
     {"a": {"k": 1}, "b": {"-5": "x"}, "c": {"true": 0.5}}),
    ("an ordered dict", "t.T{a:map<text,i8>}", {"a": collections.OrderedDict(k=1)}, EVERY, {"a": {"k": 1}}),
    ("optionals", "t.T{x:list<optional<i8>>, y:optional<text>, z:optional<text>}",
     {"x": [1, None], "y": None, "z": "z"}, EVERY, {"x": [1, None], "z": "z"}),
    ("unions", "t.T{x:list<t.U>}\nunion t.U{a:i32, b:text}", {"x": [{"a": 1}, {"b": "x"}]}, EVERY,
     {"x": [{"a": 1}, {"b": "x"}]}),
    ("symbols and numbers of enums", "t.T{x:list<t.State>}\nenum t.State{idle = 0, busy = 1}",
     {"x": ["idle", "busy", 1]}, EVERY, {"x": ["idle", "busy", "busy"]}),
    ("members of an Enum", "t.T{x:list<t.State>}\nenum t.State{idle = 0, busy = 1}",
     {"x": [State.idle, State.busy, State.busy]}, EVERY, {"x": ["idle", "busy", "busy"]}),
    ("members of an IntEnum", "t.T{x:t.Mode}\nenum t.Mode{idle = 0, busy = 1}", {"x": Mode.busy}, EVERY,
     {"x": "busy"}),
    ("members of a StrEnum", "t.T{x:t.Word}\nenum t.Word{idle = 0, busy = 1}", {"x": Word.busy}, EVERY,
     {"x": "busy"}),
    ("a member of another enum", "t.T{x:t.State}\nenum t.State{idle = 0, busy = 1}", {"x": Colour.busy}, EVERY,
     "refused: E1202 REDUCE of app.Colour at byte "),
    ("datetimes without a time zone", "t.T{x:time}", {"x": moment}, EVERY,
     {"x": "2026-11-22T10:24:48.123456000Z"}),
    ("datetimes in UTC", "t.T{x:time}", {"x": moment.replace(tzinfo=utc)}, EVERY,
     {"x": "2026-11-22T10:24:48.123456000Z"}),
    ("datetimes with an offset", "t.T{x:time}", {"x": moment.replace(tzinfo=east)}, EVERY,
     {"x": "2026-11-22T04:54:48.123456000Z"}),
    ("datetimes that came twice", "t.T{x:time}", {"x": moment.replace(fold=1)}, EVERY,
     {"x": "2026-11-22T10:24:48.123456000Z"}),
    ("datetimes of other centuries", "t.T{x:list<time>}",
     {"x": [datetime.datetime(1700, 2, 28), datetime.datetime(2000, 2, 29), datetime.datetime(2262, 1, 1)]}, EVERY,
     {"x": ["1700-02-28T00:00:00.000000000Z", "2000-02-29T00:00:00.000000000Z",
            "2262-01-01T00:00:00.000000000Z"]}),
    ("dates", "t.T{x:time}", {"x": datetime.date(2026, 11, 22)}, EVERY,
     {"x": "2026-11-22T00:00:00.000000000Z"}),
    ("dates that do not fit", "t.T{x:time}", {"x": datetime.date(1500, 1, 1)}, EVERY,
     "refused: E1202 REDUCE of datetime.date at byte "),
    ("times as nanoseconds", "t.T{x:time, y:duration}", {"x": 1_000_000_001, "y": -1_500_000_000}, EVERY,
     {"x": "1970-01-01T00:00:01.000000001Z", "y": "-1.5s"}),
    ("timedeltas", "t.T{x:list<duration>}",
     {"x": [datetime.timedelta(seconds=1.5), datetime.timedelta(days=-1, microseconds=1)]}, EVERY,
     {"x": ["1.5s", "-86399.999999s"]}),
    ("decimals", "t.T{x:list<decimal>}",
     {"x": [decimal.Decimal("12.50"), decimal.Decimal("-0.003"), decimal.Decimal("5E+3"), "1.20", 7]}, EVERY,
     {"x": ["12.50", "-0.003", "5e3", "1.20", "7"]}),
    ("decimals without a value", "t.T{x:decimal}", {"x": decimal.Decimal("NaN")}, EVERY,
     "refused: E1205 the Decimal NaN at byte "),
    ("a UUID", "t.T{x:text, y:bytes}", {"x": uuid.UUID(int=2**127 + 5), "y": uuid.UUID(int=258)}, range(2, 6),
     {"x": "80000000-0000-0000-0000-000000000005", "y": "AAAAAAAAAAAAAAAAAAABAg=="}),
    ("a dataclass", POINT, Point(1, 2.5), range(2, 6), {"x": 1, "y": 2.5}),
    ("a dataclass with slots", POINT, Slotted(1, 2.5), range(2, 6), {"x": 1, "y": 2.5}),
    ("a frozen dataclass", POINT, Frozen(1, 2.5), range(2, 6), {"x": 1, "y": 2.5}),
    ("a frozen dataclass with slots", POINT, FrozenSlotted(1, 2.5), range(2, 6),
     "refused: E1202 BUILD at byte "),
    ("a dataclass before protocol 2", POINT, Point(1, 2.5), range(0, 2),
     "refused: E1202 REDUCE of copy_reg._reconstructor at byte "),
    ("dataclasses within one", "t.L{points:list<t.P>, state:t.State}\n" + POINT + "\nenum t.State{idle = 0, busy = 1}",
     Line([Point(1, 2.5), Slotted(3, 4.5)], State.busy), range(2, 6),
     {"points": [{"x": 1, "y": 2.5}, {"x": 3, "y": 4.5}], "state": "busy"}),
    ("a named tuple", "t.T{x:list<i8>}", {"x": Pair(1, 2)}, range(2, 6),
     "refused: E1202 NEWOBJ of app.Pair at byte "),
    ("one value in many places", "t.T{x:list<t.P>}\n" + POINT, {"x": [shared] * 5}, EVERY,
     {"x": [shared] * 5}),
    ("an any", "t.T{x:any}", {"x": {"type": "t.P{x:i32, y:f64}", "value": {"x": 1, "y": 2.5}}}, EVERY,
     {"x": {"type": "t.P{x:i32, y:f64}", "value": {"x": 1, "y": 2.5}}}),
    ("an integer that is too large", "t.T{x:i8}", {"x": 300}, EVERY, "refused: E1205 300 is not a value of"),
    ("an integer of 100 bits", "t.T{x:u64}", {"x": 2**99}, range(2, 6), "refused: E1205 a number of 104 bits at byte "),
    ("a bool for an integer", "t.T{x:i8}", {"x": True}, range(2, 6), "refused: E1205 True at byte "),
    ("a float for an integer", "t.T{x:i8}", {"x": 1.0}, EVERY, "refused: E1205 the float 1.0 at byte "),
    ("half a surrogate pair", "t.T{x:text}", {"x": "\ud800"}, EVERY, "refused: E1202 "),
    ("a complex number", "t.T{x:f64}", {"x": 1j}, EVERY, "refused: E1202 REDUCE of "),
]


def main():
    for what, notation, value, protocols, expected in ROWS:
        for protocol in protocols:
            message = pickle.dumps(value, protocol)
            shown = expected if isinstance(expected, str) else json.dumps(
                expected, ensure_ascii=False, separators=(",", ":"))
            row = ["%s, protocol %d" % (what, protocol), notation, message.hex(), shown]
            print(json.dumps(row))


main()
