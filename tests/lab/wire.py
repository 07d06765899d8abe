"""Writes packets as docs/wire.md says, for tests that send what no DTS program would: the opposite of
tests/golden/wire/decode.py, made from the same page alone."""
import hashlib
import pathlib
import random
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden" / "wire"))
import decode  # noqa: E402

(PADDING, DATA, FRAGMENT, DIGEST, ANNOUNCE, STREAMS, WANTS, LIST_REQUEST, HISTORY_REQUEST, HISTORY,
 TYPE_REQUEST, TYPE, PROGRESS, PROBE, PROBE_REPLY, CHALLENGE, RESPONSE, BYE, REFUSE) = range(19)
GAP, NACK, NCF, PARITY, QUERY, ANSWER = range(32, 38)
PORT = 25555


def _table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


_TABLE = tuple(_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def sha(*parts):
    return hashlib.sha256(b"\0".join(parts)).digest()


def control_group(domain="default"):
    number = struct.unpack(">I", sha(b"dts-domain", domain.encode())[:4])[0]
    return f"239.255.{128 + number % 64}.0"


def family_group(family, domain="default"):
    number = struct.unpack(">I", sha(b"dts-group", domain.encode(), family.encode())[:4])[0]
    return control_group(domain)[:-1] + str(1 + number % 255)


def domain_id(domain="default"):
    return sha(b"dts-domain", domain.encode())[:4]


def family_id(name):
    return sha(b"dts-family", name.encode())[:8]


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return bytes([len(s)]) + s


def frame(kind, body=b"", length=None):
    return struct.pack("<BH", kind, len(body) if length is None else length) + body


def seal(covered):
    return covered + struct.pack("<I", crc32c(covered))


def packet(node, number, *frames, domain=None, version=1, flags=0):
    head = b"DT" + bytes([version, flags]) + (domain or domain_id())
    return seal(head + node + struct.pack("<Q", number % 2**64) + b"".join(frames))


def announce(host="evil", name="node", flags=0, port=1, period=2000, streams=(0, 0), wants=(0, 0),
             up=1000):
    return frame(ANNOUNCE, struct.pack("<BHIqQIQIQI", flags, port, 1, 0, up, period, *streams, *wants)
                 + text(host) + text(name) + text("0") + text("default"))


def stream_entry(stream, name, kind=bytes(16), format=1, delivery=0, history=1, next=1):
    record = (struct.pack("<I", stream) + family_id(name) + text(name) + kind + bytes([format])
              + bytes(8) + bytes([delivery, 0]) + varint(history) + text("") + b"\0"
              + varint(0) + varint(0) + varint(next))
    return b"\0" + struct.pack("<H", len(record)) + record


def list_head(digest, kind=0, base=0, part=0, parts=1):
    return struct.pack("<BQQHH", kind, base, digest, part, parts)


def streams(digest, *entries, **head):
    return frame(STREAMS, list_head(digest, **head) + b"".join(entries))


def wants(digest, *names, **head):
    entries = b"".join(bytes([6]) + (bytes(8) if "*" in n else family_id(n)) + text(n) for n in names)
    return frame(WANTS, list_head(digest, **head) + entries)


def data(stream, first, *messages, flags=0):
    body = struct.pack("<BIQq", flags, stream, first % 2**64, 0)
    return frame(DATA, body + b"".join(varint(len(m)) + b"\0" + m for m in messages))


def fragment(stream, sequence, total, piece, index, body, flags=0):
    return frame(FRAGMENT, struct.pack("<BIQIHIq", flags, stream, sequence % 2**64, total, piece, index,
                                       0) + body)


def history(stream, first, to):
    return frame(HISTORY, struct.pack("<IQQBI", stream, first, to, 0, 0))


def nack(publisher, stream, first, *runs, flags=0):
    body = publisher + struct.pack("<IBBIQ", stream, flags, 0, 0, first % 2**64)
    return frame(NACK, body + b"".join(varint(skip) + varint(count) for skip, count in runs))


def query(token, name, filter=b"", limit=0):
    family = bytes(8) if "*" in name else family_id(name)
    return frame(QUERY, struct.pack("<QB", token, 0) + family + text(name) + struct.pack("<qq", 0, 0)
                 + varint(limit) + struct.pack("<H", len(filter)) + filter + struct.pack("<H", 0))


class Node:
    """Somebody who sends: an id and the number of the next packet."""

    def __init__(self, draw=random, id=None):
        self.id = id or draw.randbytes(12)
        self.number = 0

    def packet(self, *frames, **head):
        self.number += 1
        return packet(self.id, self.number, *frames, **head)
