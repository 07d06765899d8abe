#!/usr/bin/env python3
"""Decodes captured packets, written from docs/wire.md alone: an independent reading of the format.

usage: decode.py CAPTURE

CAPTURE has one line per packet: its bytes in hex. Prints one line of JSON per packet; fails on
anything that is not as docs/wire.md says.
"""
import hashlib
import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), "a field does not fit its frame"
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, code):
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    u8 = lambda self: self.number("B")
    u16 = lambda self: self.number("H")
    u32 = lambda self: self.number("I")
    u64 = lambda self: self.number("Q")
    i64 = lambda self: self.number("q")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            assert shift <= 70, "a varint is too long"
            if byte < 0x80:
                return value

    def zigzag(self):
        n = self.varint()
        return n >> 1 ^ -(n & 1)

    def text(self):
        return self.take(self.u8()).decode("utf-8")

    def rest(self):
        return self.take(len(self.data) - self.at)

    def done(self):
        return self.at == len(self.data)


def data(r):
    flags, stream, first, published = r.u8(), r.u32(), r.u64(), r.i64()
    messages = []
    while not r.done():
        size = r.varint()
        published += r.zigzag()
        messages.append(
            {"sequence": first + len(messages), "published": published, "bytes": r.take(size).hex()}
        )
    return {"historic": bool(flags & 1), "stream": stream, "messages": messages}


def fragment(r):
    flags, stream, sequence = r.u8(), r.u32(), r.u64()
    total, piece, index, published = r.u32(), r.u16(), r.u32(), r.i64()
    body = r.rest()
    count = max(1, -(-total // piece))
    assert index < count and index < sequence
    rest = total - index * piece
    assert len(body) == rest or (0 < len(body) < rest and len(body) % piece == 0)
    return {
        "historic": bool(flags & 1), "report": bool(flags & 2),
        "compression": ("none", "lz4", "zstd")[flags >> 2 & 3], "stream": stream,
        "sequence": sequence, "first": sequence - index, "last": sequence - index + count - 1,
        "offset": index * piece, "total": total, "published": published, "bytes": body.hex(),
    }


def announce(r):
    keys = ("flags", "port", "process", "wall", "up", "period", "streams_digest", "streams",
            "wants_digest", "wants")
    out = dict(zip(keys, (r.u8(), r.u16(), r.u32(), r.i64(), r.u64(), r.u32(), r.u64(), r.u32(),
                          r.u64(), r.u32())))
    for key in ("host", "name", "version", "domain"):
        out[key] = r.text()
    return out


def list_head(r):
    kind, base, digest, part, parts = r.u8(), r.u64(), r.u64(), r.u16(), r.u16()
    assert kind in (0, 1) and part < parts
    return {"change": kind == 1, "base": base, "digest": digest, "part": part, "parts": parts}


def stream_entry(r):
    closed = r.u8()
    e = Reader(r.take(r.u16()))
    entry = {"closed": bool(closed & 1), "stream": e.u32()}
    if not closed & 1:
        family = e.take(8)
        entry["name"] = e.text()
        expected = hashlib.sha256(b"dts-family\0" + entry["name"].encode()).digest()[:8]
        assert family == expected, "the family is not the hash of its name"
        entry |= {"type": e.take(16).hex(), "format": e.u8(), "binding": e.take(8).hex(),
                  "delivery": e.u8(), "flow": e.u8(), "history": e.varint(), "source": e.text()}
        entry["labels"] = {e.text(): e.text() for _ in range(e.u8())}
        entry |= {"messages": e.varint(), "bytes": e.varint(), "next": e.varint()}
        hubs = 0 if e.done() else e.u8()
        assert hubs <= 8
        if hubs:
            entry |= {"origin": e.take(12).hex(), "origin_stream": e.u32(),
                      "origin_host": e.text(), "origin_name": e.text(),
                      "via": [e.u64() for _ in range(hubs)]}
    return entry


def streams(r):
    out = list_head(r) | {"entries": []}
    while not r.done():
        out["entries"].append(stream_entry(r))
    return out


def selections(data):
    r, out = Reader(data), []
    while not r.done():
        begin = r.at
        type_id, where, interval = r.take(16), r.take(r.u16()).decode("utf-8"), r.varint()
        bands = {}
        for _ in range(r.u8()):
            field = r.text()
            bands[field] = r.text()
        out.append({"type": type_id.hex(), "where": where, "interval": interval,
                    "dead_bands": bands, "bytes": data[begin : r.at].hex()})
    return out


def wants(r):
    out = list_head(r) | {"entries": []}
    while not r.done():
        flags, family, name = r.u8(), r.take(8), r.text()
        if family != bytes(8):
            assert family == hashlib.sha256(b"dts-family\0" + name.encode()).digest()[:8]
        out["entries"].append({"removed": bool(flags & 1), "live": bool(flags & 2),
                               "history": bool(flags & 4), "pattern": family == bytes(8),
                               "name": name})
        if flags & 8:
            out["entries"][-1]["selections"] = selections(r.take(r.u16()))
        out["entries"][-1]["via"] = [r.u64() for _ in range(r.u8())] if flags & 16 else []
    return out


def gap(r):
    out = {"stream": r.u32(), "from": r.u64(), "to": r.u64(), "reason": r.u8()}
    if out["reason"] == 1:
        out["selections"] = [r.u64() for _ in range(r.u8())]
    return out


def runs(r):
    next, out = r.u64(), []
    assert next > 0
    while not r.done():
        skip, count = r.varint(), r.varint()
        assert count > 0 and (skip == 0) == (not out)
        next += skip
        out.append([next, next + count - 1])
        next += count
        assert next < 1 << 62
    assert 0 < len(out) <= 512
    return out


def nack(r):
    publisher, stream, flags = r.take(12).hex(), r.u32(), r.u8()
    loss, echo = r.u8(), r.u32()
    return {"publisher": publisher, "stream": stream, "loss": loss, "overflow": bool(flags & 2),
            "echo": echo if flags & 1 else None, "runs": runs(r)}


def audience(r):
    return {"receivers": 1 << r.u8(), "round_trip_us": r.u32()}


def query(r):
    out = {"token": r.u64(), "flags": r.u8()}
    family, out["name"] = r.take(8), r.text()
    out["pattern"] = family == bytes(8)
    if not out["pattern"]:
        assert family == hashlib.sha256(b"dts-family\0" + out["name"].encode()).digest()[:8]
    out |= {"from": r.i64(), "to": r.i64(), "limit": r.varint()}
    for key in ("filter", "text"):
        out[key] = r.take(r.u16()).decode("utf-8")
    assert out["token"] != 0
    return out


def answer(r):
    out = {"token": r.u64(), "status": r.u8(), "part": r.u16(), "parts": r.u16(), "of": r.u32(),
           "left_out": r.varint()}
    assert out["status"] <= 2 and out["part"] < out["parts"] <= 4096
    if out["status"] == 1:
        out["entry"] = stream_entry(r)
        assert out["entry"]["stream"] >= 1 << 31
    if out["status"] == 2:
        out["why"] = r.take(r.u16()).decode("utf-8")
    return out


FRAMES = {
    0: ("PADDING", lambda r: {"length": len(r.rest())}),
    1: ("DATA", data),
    2: ("FRAGMENT", fragment),
    3: ("DIGEST", lambda r: {"stream": r.u32(), "last": r.u64(), "first": r.u64()} | audience(r)
        | {"stamp": r.u32()}),
    4: ("ANNOUNCE", announce),
    5: ("STREAMS", streams),
    6: ("WANTS", wants),
    7: ("LIST_REQUEST", lambda r: {"flags": r.u8()}),
    8: ("HISTORY_REQUEST", lambda r: {"stream": r.u32()}),
    9: ("HISTORY", lambda r: {"stream": r.u32(), "from": r.u64(), "to": r.u64()} | audience(r)),
    10: ("TYPE_REQUEST", lambda r: {"type": r.take(16).hex(), "offset": r.u32()}),
    11: ("TYPE", lambda r: {"type": r.take(16).hex(), "total": r.u32(), "offset": r.u32(),
                            "bytes": r.rest().hex()}),
    12: ("PROGRESS", lambda r: {"stream": r.u32(), "sequence": r.u64(), "room": r.u32()}),
    13: ("PROBE", lambda r: {"flags": r.u8(), "token": r.u64()}),
    14: ("PROBE_REPLY", lambda r: {"flags": r.u8(), "token": r.u64()}),
    15: ("CHALLENGE", lambda r: {"token": r.u64()}),
    16: ("RESPONSE", lambda r: {"token": r.u64()}),
    17: ("BYE", lambda r: {}),
    18: ("REFUSE", lambda r: {"stream": r.u32(), "first": r.u64(), "bytes_max": r.u64()}),
    20: ("REPORT", lambda r: {"stream": r.u32(), "sequence": r.u64()}),
    22: ("HEALTH", lambda r: {"loss": r.u8(), "flags": r.u8(), "buffer": r.u32()}),
    32: ("GAP", gap),
    33: ("NACK", nack),
    34: ("NCF", lambda r: {"stream": r.u32(), "within": r.u32(), "runs": runs(r)}),
    36: ("QUERY", query),
    37: ("ANSWER", answer),
    40: ("HUB", lambda r: {"hub": r.u64()}),
}


def decode(packet, domain="default"):
    assert 32 <= len(packet) <= 1400
    assert packet[:2] == b"DT" and packet[2] == 1 and packet[3] == 0
    assert struct.unpack("<I", packet[-4:])[0] == crc32c(packet[:-4]), "checksum"
    assert packet[4:8] == hashlib.sha256(b"dts-domain\0" + domain.encode()).digest()[:4]
    out = {"node": packet[8:20].hex(), "number": struct.unpack("<Q", packet[20:28])[0],
           "frames": []}
    at, counted = 28, 0
    while at < len(packet) - 4:
        kind, length = struct.unpack("<BH", packet[at : at + 3])
        at += 3
        assert at + length <= len(packet) - 4, "a frame does not fit its packet"
        name, read = FRAMES[kind]
        counted += kind > 1
        reader = Reader(packet[at : at + length])
        out["frames"].append({"frame": name} | read(reader))
        assert reader.done(), name + " has bytes behind its fields"
        at += length
    assert counted <= 64
    return out


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as capture:
        for line in capture:
            print(json.dumps(decode(bytes.fromhex(line.strip()))))
