#!/usr/bin/env python3
"""Writes vectors.json: types with their canonical document, type id, family id and group.

Independent of the C++: written from docs/reference/types.md alone, with its own CBOR and hashlib.
Run it only to add vectors (python3 make_vectors.py > vectors.json); the committed file is what the
tests read, and an existing line must never change.
"""

import hashlib
import json
import struct
import sys

BOOL, I8, I16, I32, I64, U8, U16, U32, U64 = range(1, 10)
F32, F64, TEXT, BYTES, TIME, DURATION, DECIMAL, ANY = range(10, 18)
LIST, ARRAY, MAP, OPTIONAL, REF = 32, 33, 34, 35, 40
STRUCT, ENUM, UNION = 48, 49, 50


class F32Value(float):
    """A float to be written as four bytes."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for low, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << (8 * size):
            return bytes([major << 5 | low]) + n.to_bytes(size, "big")
    raise ValueError(n)


def cbor(x):
    if x is None:
        return b"\xf6"
    if x is True:
        return b"\xf5"
    if x is False:
        return b"\xf4"
    if isinstance(x, int):
        return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, F32Value):
        return b"\xfa\x7f\xc0\x00\x00" if x != x else b"\xfa" + struct.pack(">f", x)
    if isinstance(x, float):
        return b"\xfb\x7f\xf8" + bytes(6) if x != x else b"\xfb" + struct.pack(">d", x)
    if isinstance(x, str):
        return head(3, len(x.encode())) + x.encode()
    if isinstance(x, bytes):
        return head(2, len(x)) + x
    return head(4, len(x)) + b"".join(map(cbor, x))


def entries(mapping):
    """A map's default: [key, value] pairs sorted by the encoded key."""
    return sorted(([k, v] for k, v in mapping.items()), key=lambda e: cbor(e[0]))


MISSING = object()


def field(name, type, id=None, unit=None, quantity=None, default=MISSING, key=False, must=False):
    return dict(id=id, name=name, type=type, unit=unit, quantity=quantity, default=default,
                flags=(1 if key else 0) | (2 if must else 0))


def referred(type, out):
    """The names a type refers to: ("ref", name) anywhere in it."""
    if isinstance(type, tuple):
        if type[0] == REF:
            out.add(type[1])
        else:
            for part in type[1:]:
                referred(part, out)


def document(root, types):
    """types: name -> (kind, closed, members)."""
    seen, todo = set(), [root]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        names = set()
        if types[name][0] != ENUM:
            for member in types[name][2]:
                referred(member["type"], names)
        todo += names
    order = [root] + sorted(seen - {root}, key=lambda n: n.encode())
    index = {name: i for i, name in enumerate(order)}

    def shape(type):
        if isinstance(type, int):
            return type
        if type[0] == REF:
            return [REF, index[type[1]]]
        if type[0] == ARRAY:
            return [ARRAY, shape(type[1]), type[2]]
        return [type[0]] + [shape(part) for part in type[1:]]

    nodes = []
    for name in order:
        kind, closed, members = types[name]
        if kind == ENUM:
            rows = sorted([value, symbol] for symbol, value in members)
        else:
            if members and members[0]["id"] is not None:
                members = sorted(members, key=lambda m: m["id"])
            rows = [[m["id"], m["name"], shape(m["type"]), m["unit"], m["quantity"],
                     None if m["default"] is MISSING else cbor(m["default"]), m["flags"]]
                    for m in members]
        nodes.append([name, kind, 1 if closed else 0, rows])
    return cbor(["dts-type", 1, nodes])


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def group(domain, family):
    """The last octet of the multicast address; 0 is the control group."""
    n = int.from_bytes(sha(b"dts-group\0", domain.encode(), b"\0", family.encode())[:4], "big")
    return 1 + n % 255


def third_octet(domain):
    return 128 + int.from_bytes(sha(b"dts-domain\0", domain.encode())[:4], "big") % 64


# Every vector: (what it shows, root, types, the same in notation).
VECTORS = []


def vector(title, root, types, notation):
    VECTORS.append((title, root, types, notation))


vector("the first example", "brewery.Temperature", {
    "brewery.Temperature": (STRUCT, False, [
        field("celsius", F64, unit="Cel"),
        field("tank", I32, default=0),
        field("at", TIME),
        field("state", (REF, "brewery.State"))]),
    "brewery.State": (ENUM, False, [("idle", 0), ("heating", 1), ("cooling", 2)]),
}, """brewery.Temperature {
  celsius : f64 [Cel]   // docs are not part of the identity
  tank    : i32 = 0
  at      : time
  state   : brewery.State
}
enum brewery.State { idle = 0, heating = 1, cooling = 2 }""")

vector("every scalar kind, ids out of order", "t.Scalars", {
    "t.Scalars": (STRUCT, False, [
        field("any_", ANY, id=17), field("bool_", BOOL, id=1), field("i8_", I8, id=2),
        field("i16_", I16, id=3), field("i32_", I32, id=4), field("i64_", I64, id=5),
        field("u8_", U8, id=6), field("u16_", U16, id=7), field("u32_", U32, id=8),
        field("u64_", U64, id=9), field("f32_", F32, id=10), field("f64_", F64, id=11),
        field("text_", TEXT, id=12), field("bytes_", BYTES, id=13), field("time_", TIME, id=300),
        field("duration_", DURATION, id=70000), field("decimal_", DECIMAL, id=536870911)]),
}, """t.Scalars {
  any_ @17 : any, bool_ @1 : bool, i8_ @2 : i8, i16_ @3 : i16, i32_ @4 : i32, i64_ @5 : i64
  u8_ @6 : u8, u16_ @7 : u16, u32_ @8 : u32, u64_ @9 : u64, f32_ @10 : f32, f64_ @11 : f64
  text_ @12 : text, bytes_ @13 : bytes, time_ @300 : time, duration_ @70000 : duration
  decimal_ @536870911 : decimal
}""")

vector("a default of every scalar kind", "t.Defaults", {
    "t.Defaults": (STRUCT, False, [
        field("a", BOOL, default=True), field("b", I8, default=-128),
        field("c", I64, default=-(2 ** 63)), field("d", U64, default=2 ** 64 - 1),
        field("e", F32, default=F32Value(0.1)), field("f", F64, default=20.0),
        field("g", F64, default=float("nan")), field("h", F32, default=F32Value(float("inf"))),
        field("i", F64, default=-0.0), field("j", TEXT, default="\u00e9 \"x\"\n"),
        field("k", BYTES, default=b"\x00\xff"),
        field("l", TIME, default=1795343088000000001),
        field("m", DURATION, default=-5400000000000),
        field("n", DECIMAL, default=[-1250, -2]), field("o", DECIMAL, default=[5, 100]),
        field("p", TIME, default=-(2 ** 63)), field("q", DURATION, default=-(2 ** 63))]),
}, r"""t.Defaults {
  a : bool = true, b : i8 = -128, c : i64 = -9223372036854775808, d : u64 = 18446744073709551615
  e : f32 = 0.1, f : f64 = 20.0, g : f64 = nan, h : f32 = inf, i : f64 = -0
  j : text = "é \"x\"\n", k : bytes = 0x00ff
  l : time = 2026-11-22T10:24:48.000000001Z, m : duration = -1h30m
  n : decimal = -12.50, o : decimal = 5e100
  p : time = 1677-09-21T00:12:43.145224192Z, q : duration = -106751d23h47m16s854ms775us808ns
}""")

vector("composites, and a default of each", "t.Composites", {
    "t.Composites": (STRUCT, False, [
        field("a", (LIST, I32), default=[1, -2, 300]),
        field("b", (ARRAY, (LIST, TEXT), 2), default=[["x"], []]),
        field("c", (MAP, TEXT, U8), default=entries({"b": 1, "a": 2, "": 3, "aa": 4})),
        field("d", (MAP, I16, (OPTIONAL, F64)), default=entries({-1: None, 5: [1.5]})),
        field("e", (OPTIONAL, I32), default=None),
        field("f", (OPTIONAL, (LIST, BOOL)), default=[[False, True]]),
        field("g", (REF, "t.Point"), default=[1, 2]),
        field("h", (REF, "t.Shape"), default=[1, [3, 4]]),
        field("i", (MAP, (REF, "t.Color"), (REF, "t.Point")), default=entries({2: [5, 6]})),
        field("j", (LIST, (REF, "t.Empty")), default=[[], []])]),
    "t.Point": (STRUCT, False, [field("y", I32, id=2), field("x", I32, id=1)]),
    "t.Shape": (UNION, False, [field("radius", F64, unit="m"), field("corner", (REF, "t.Point"))]),
    "t.Color": (ENUM, True, [("red", 1), ("green", 2), ("blue", -3)]),
    "t.Empty": (STRUCT, False, []),
}, """t.Composites {
  a : list<i32> = [1, -2, 300]
  b : array<list<text>, 2> = [["x"], []]
  c : map<text, u8> = {"b": 1, "a": 2, "": 3, "aa": 4}
  d : map<i16, f64?> = {5: 1.5, -1: none}
  e : i32? = none
  f : optional<list<bool>> = [false, true]
  g : t.Point = {y: 2, x: 1}
  h : t.Shape = corner({x: 3, y: 4})
  i : map<t.Color, t.Point> = {green: {x: 5, y: 6}}
  j : list<t.Empty> = [{}, {}]
}
t.Point { y @2 : i32, x @1 : i32 }
union t.Shape { radius : f64 [m], corner : t.Point }
closed enum t.Color { red = 1, green, blue = -3 }
t.Empty {}""")

vector("units and quantity tags, key and must_understand", "t.Flags", {
    "t.Flags": (STRUCT, False, [
        field("serial", TEXT, key=True),
        field("difference", F64, unit="K", quantity="delta"),
        field("outside", F32, unit="[degF]"),
        field("mode", I32, must=True),
        field("line", U8, key=True, must=True),
        field("position", (ARRAY, F64, 3), unit="m", quantity="wgs84"),
        field("plain", F64, quantity="torque")]),
}, """t.Flags {
  key serial : text
  difference : f64 [K; delta]
  outside : f32 [[degF]]
  must_understand mode : i32
  key must_understand line : u8
  position : array<f64, 3> [m] #wgs84
  plain : f64 #torque
}""")

vector("recursion", "t.Tree", {
    "t.Tree": (STRUCT, False, [
        field("label", TEXT, id=1),
        field("children", (LIST, (REF, "t.Tree")), id=2),
        field("other", (OPTIONAL, (REF, "t.Odd")), id=3)]),
    "t.Odd": (STRUCT, False, [field("tree", (MAP, TEXT, (REF, "t.Tree")), id=1)]),
}, """t.Odd { tree @1 : map<text, t.Tree> }
t.Tree { label @1 : text, children @2 : list<t.Tree>, other @3 : t.Odd? }""")

vector("an enum as the root", "t.Level", {
    "t.Level": (ENUM, True, [("low", -2147483648), ("high", 2147483647), ("middle", 0)]),
}, "closed enum t.Level { low = -2147483648, high = 2147483647, middle = 0 }")

vector("a closed union as the root, with ids", "t.Event", {
    "t.Event": (UNION, True, [
        field("stopped", (REF, "t.Stop"), id=7), field("speed", F64, id=3, unit="m/s"),
        field("again", (REF, "t.Event"), id=9)]),
    "t.Stop": (STRUCT, False, []),
}, """closed union t.Event { stopped @7 : t.Stop, speed @3 : f64 [m/s], again @9 : t.Event }
t.Stop {}""")

vector("names without a dot, and sorted by bytes", "Root", {
    "Root": (STRUCT, False, [field("a", (REF, "b.X")), field("b", (REF, "B.X")),
                             field("c", (REF, "b._")), field("d", (REF, "b.x.Y"))]),
    "b.X": (STRUCT, False, []), "B.X": (STRUCT, False, []),
    "b._": (STRUCT, False, []), "b.x.Y": (STRUCT, False, []),
}, "Root{a:b.X, b:B.X, c:b._, d:b.x.Y}; b.X{}; B.X{}; b._{}; b.x.Y{}")


def main():
    domains = ["default", "brewery", ""]
    rows = []
    for title, root, types, notation in VECTORS:
        doc = document(root, types)
        rows.append({
            "title": title,
            "name": root,
            "notation": notation,
            "document": doc.hex(),
            "type_id": sha(doc)[:16].hex(),
            "family_id": sha(b"dts-family\0", root.encode())[:8].hex(),
            "group": {domain: group(domain, root) for domain in domains},
        })
    json.dump({"third_octet": {domain: third_octet(domain) for domain in domains},
               "vectors": rows}, sys.stdout, indent=1, ensure_ascii=False)
    print()


main()
