#!/usr/bin/env python3
"""The hostile catalogue against living processes: who sends it all, and what must hold afterwards.

usage: attacks.py run --subscriber PID --publisher PID --output FILE
       attacks.py counters --subscriber FILE --publisher FILE
       attacks.py table | check DOCUMENT

`run` is started in a host beside the victims: a `dts sub lab.Reading` and a `dts pub lab.Served` on
one host, an honest publisher of lab.Reading on a third. After each case both victims must live,
answer a PROBE, not have grown beyond the case's bound, and honest values must still arrive. What a
case expects to be counted is added up; `counters` holds it against what the victims say at their
end. `table` is the table of docs/internals/hostile.md, `check` holds that page against it.
"""
import argparse
import itertools
import json
import pathlib
import random
import re
import select
import socket
import struct
import sys
import time

import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
HONEST = "dts-pub"
DEADLINE_S = 60  # of everything waited for: machines are busy and sanitizers slow
CASES = []


def case(row, attack, seen, grows_kb=4096):
    """`seen` is what must be seen besides the general rule; memory may grow by `grows_kb`."""

    def register(function):
        CASES.append((row, attack, seen, grows_kb, function))
        return function

    return register


def process_of(announcement):
    return announcement["process"]


class Victim:
    def __init__(self, pid):
        self.pid, self.id, self.address, self.last = pid, None, None, None
        self.expected = {}  # counter: at least

    def rss_kb(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        raise AssertionError(f"process {self.pid} is dead")


class World:
    """The network as the attacker sees it."""

    def __init__(self, interface, subscriber, publisher, output):
        self.draw = random.Random(4711)
        self.subscriber, self.publisher = Victim(subscriber), Victim(publisher)
        self.output = output
        self.own = interface_address(interface)
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.group.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.group.bind(("", wire.PORT))
        for address in (wire.control_group(), wire.family_group("lab.Reading")):
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                                  socket.inet_aton(address) + socket.inet_aton(self.own))
        self.socket = self.new_socket()
        self.captured = []  # (packet, decoded, source)
        self.honest = None  # its id
        self.record = None  # the honest stream of lab.Reading
        self.meet()

    def new_socket(self):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self.own))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        one.bind((self.own, 0))
        one.setblocking(False)
        return one

    def listen(self):
        ready, _, _ = select.select([self.group], [], [], 0.5)
        if not ready:
            return None
        packet, source = self.group.recvfrom(2048)
        decoded = wire.decode.decode(packet)  # fails on anything docs/wire.md does not say
        self.captured.append((packet, decoded, source))
        del self.captured[:-2000]
        return decoded, source

    def meet(self):
        """Hears who is there: both victims, and the honest publisher with its stream."""
        end = time.monotonic() + DEADLINE_S
        starter = wire.Node(self.draw)
        while not (self.subscriber.id and self.publisher.id and self.record):
            assert time.monotonic() < end, ("not everybody was heard", self.subscriber.id,
                                            self.publisher.id, self.record, len(self.captured))
            # "I have just started": they announce themselves, by unicast to us.
            self.to_group(starter.packet(wire.announce(flags=1, wants=(1, 1)), wire.wants(1, "lab.Reading"),
                                         wire.frame(wire.PADDING, bytes(900))), pace=False)
            until = time.monotonic() + 1
            while time.monotonic() < until:
                for one in select.select([self.group, self.socket], [], [], 0.2)[0]:
                    packet, source = one.recvfrom(2048)
                    self.learn(packet, wire.decode.decode(packet), source)
        self.to_group(starter.packet(wire.frame(wire.BYE)), pace=False)

    def learn(self, packet, decoded, source):
        self.captured.append((packet, decoded, source))
        for frame in decoded["frames"]:
            if frame["frame"] == "ANNOUNCE":
                for victim in (self.subscriber, self.publisher):
                    if process_of(frame) == victim.pid:
                        victim.id, victim.address = bytes.fromhex(decoded["node"]), source
            for entry in frame.get("entries", ()) if frame["frame"] == "STREAMS" else ():
                if entry.get("name") == "lab.Reading":
                    self.honest, self.record = bytes.fromhex(decoded["node"]), entry

    def to_group(self, packet, group=None, pace=True):
        self.put(self.socket, packet, (group or wire.control_group(), wire.PORT), pace)

    def send(self, victim, packet, pace=True, by=None):
        self.put(by or self.socket, packet, victim.address, pace)

    sent = 0

    def put(self, by, packet, to, pace):
        while True:
            try:
                by.sendto(packet, to)
                break
            except BlockingIOError:
                select.select([], [by], [])
        self.sent += 1
        if pace and self.sent % 200 == 0:  # no faster than they read: what is lost proves nothing
            self.probe(self.subscriber)
            self.probe(self.publisher)

    def probe(self, victim):
        """The victim has read all that was sent to its address before, and answers."""
        prober, by = wire.Node(self.draw), self.new_socket()
        end = time.monotonic() + DEADLINE_S
        try:
            for _ in itertools.count():
                assert time.monotonic() < end, f"process {victim.pid} does not answer a probe"
                by.sendto(prober.packet(wire.frame(wire.PROBE, struct.pack("<BQ", 0, 99))),
                          victim.address)
                until = time.monotonic() + 1
                while time.monotonic() < until and select.select([by], [], [], 0.2)[0]:
                    packet, _ = by.recvfrom(2048)
                    frames = wire.decode.decode(packet)["frames"]
                    if any(f["frame"] == "PROBE_REPLY" and f["token"] == 99 for f in frames):
                        return
        finally:
            by.close()

    def honest_values(self):
        with open(self.output, "rb") as lines:
            return sum(b'"seq"' in line and b"/" + HONEST.encode() in line for line in lines)

    def expect(self, victim, **counters):
        for name, count in counters.items():
            victim.expected[name] = victim.expected.get(name, 0) + count

    def publisher_node(self, stream=1, begin=True):
        """A node of ours that publishes lab.Reading, as far as the subscriber can tell."""
        node = wire.Node(self.draw)
        entry = wire.stream_entry(stream, "lab.Reading", bytes.fromhex(self.record["type"]),
                                  self.record["format"])
        frames = [wire.announce(streams=(5, 1)), wire.streams(5, entry)]
        if begin:
            frames.append(wire.history(stream, 1, 0))
        self.send(self.subscriber, node.packet(*frames))
        return node

    def samples(self, count):
        """Captured packets of different kinds, the shorter ones first."""
        kinds = {}
        for packet, decoded, _ in self.captured:
            key = tuple(sorted({f["frame"] for f in decoded["frames"]}))
            kinds.setdefault(key, packet)
        return sorted(kinds.values(), key=len)[:count]


def interface_address(name):
    import fcntl
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    request = struct.pack("256s", name.encode())
    return socket.inet_ntoa(fcntl.ioctl(probe.fileno(), 0x8915, request)[20:24])


# ---- A: packets ----

@case("A1", "every truncation of captured packets, down to nothing", "`packet_short`, `packet_bad_checksum`")
def truncations(w):
    short = bad = 0
    for packet in w.samples(6):
        packet = packet[:300]
        for length in range(1, len(packet)):
            w.send(w.subscriber, packet[:length])
            if length < 32:
                short += 1
            else:
                bad += 1
    w.expect(w.subscriber, packet_short=short, packet_bad_checksum=bad)


@case("A2", "every bit of captured packets flipped", "`packet_bad_checksum`, `packet_bad_magic`; no value of it")
def flips(w):
    magic = bad = 0
    for packet in w.samples(4):
        packet = packet[-4:] if len(packet) < 36 else packet[:160]
        for bit in range(8 * len(packet)):
            flipped = bytearray(packet)
            flipped[bit // 8] ^= 1 << bit % 8
            if len(packet) >= 32:
                w.send(w.subscriber, bytes(flipped))
                magic += bit < 16
                bad += bit >= 16
    w.expect(w.subscriber, packet_bad_checksum=bad, packet_bad_magic=magic)


@case("A2", "random bits flipped and the checksum made good, under an id of its own", "lives; counted or a valid meaning",
      grows_kb=16384)
def sealed_flips(w):
    id = w.draw.randbytes(12)
    samples = w.samples(12)
    for i in range(1500):
        packet = bytearray(w.draw.choice(samples)[:-4])
        packet[8:20], packet[20:28] = id, struct.pack("<Q", i + 1)
        for _ in range(w.draw.randint(1, 4)):
            bit = w.draw.randrange(8 * 28, 8 * len(packet))
            packet[bit // 8] ^= 1 << bit % 8
        w.send(w.draw.choice((w.subscriber, w.publisher)), wire.seal(bytes(packet)))


EXTREMES = (0, 1, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)


@case("A3", "lengths, counts and numbers of 0, 1, 2^31, 2^32, 2^63 and their neighbours", "`frame_malformed`, `frame_unexpected`",
      grows_kb=16384)
def extremes(w):
    node = w.publisher_node()
    malformed = 0
    for n in EXTREMES:
        u32, u64 = n & 0xFFFFFFFF, n
        body = struct.pack("<BIQq", 0, 1, 1, 0)
        w.send(w.subscriber, node.packet(wire.frame(wire.DATA, body + wire.varint(n) + b"\0xx")))
        w.send(w.subscriber, node.packet(wire.frame(wire.DATA, struct.pack("<BIQq", 0, u32, u64, -1)
                                                    + b"\1\0x")))
        for piece in (0, 1, 65535):
            w.send(w.subscriber, node.packet(wire.fragment(1, u64, u32, piece, u32, b"x" * 9)))
        w.send(w.subscriber, node.packet(wire.frame(wire.DIGEST, struct.pack(
            "<IQQBII", 1, u64, u64, 255, u32, u32))))
        w.send(w.subscriber, node.packet(wire.frame(wire.TYPE, struct.pack(
            "<16sII", bytes(16), u32, u32) + b"x")))
        w.send(w.subscriber, node.packet(wire.history(1, u64, u64)))
        w.send(w.publisher, node.packet(wire.frame(wire.HISTORY_REQUEST, struct.pack("<I", u32))))
        w.send(w.publisher, node.packet(wire.frame(wire.TYPE_REQUEST, bytes(16) + struct.pack("<I", u32))))
        w.send(w.publisher, node.packet(wire.frame(wire.PROGRESS, struct.pack("<IQ", u32, u64))))
        w.send(w.subscriber, node.packet(wire.frame(wire.STREAMS, wire.list_head(7) + b"\0"
                                                    + struct.pack("<H", n & 0xFFFF))))
    for length in (1, 100, 1372, 65535):  # frames that are longer than their packet
        w.send(w.subscriber, node.packet(wire.frame(wire.DATA, b"", length)))
        malformed += 1
    w.expect(w.subscriber, frame_malformed=malformed)


@case("A4", "NACKs without runs, with 513, with empty ones, beyond 2^62 and around 2^64", "`frame_malformed`")
def nacks(w):
    node = wire.Node(w.draw)
    w.send(w.publisher, node.packet(wire.announce()))
    bad = [(1,), (1, (0, 0)), (2**62, (0, 5)), (2**64 - 2, (0, 100)), (1, (0, 1), (0, 1)),
           (1, (0, 2**63)), (1, (0, 1), (2**64 - 1, 1)), (0, (0, 1)),
           (1, (0, 1), *[(1, 1)] * 512)]
    for runs in bad:
        w.send(w.publisher, node.packet(wire.nack(w.publisher.id, 1, *runs)))
    w.expect(w.publisher, frame_malformed=len(bad))


@case("A5", "fragments that contradict one another; the last first; a million claimed, one sent",
      "`join_inconsistent`; memory as of what came", grows_kb=16384)
def fragments(w):
    node = w.publisher_node()
    w.send(w.subscriber, node.packet(wire.fragment(1, 1, 3000, 1000, 0, b"a" * 1000)))
    for total in (2999, 3001, 2**31 - 1):  # says it is of another size
        w.send(w.subscriber, node.packet(wire.fragment(1, 2, total, 1000, 1, b"b" * 1000)))
    w.send(w.subscriber, node.packet(wire.fragment(1, 1, 3000, 1000, 0, b"z" * 1000)))
    w.expect(w.subscriber, join_inconsistent=1)
    last = w.publisher_node(2)
    w.send(w.subscriber, last.packet(wire.fragment(2, 2**20, 2**20 * 1000, 1000, 2**20 - 1, b"l" * 1000)))


@case("A6", "another version; unknown frames; flags that mean nothing yet", "`packet_other_version`, `frame_unknown`")
def versions(w):
    node = wire.Node(w.draw)
    for version in (0, 2, 255):
        w.send(w.subscriber, node.packet(wire.announce(), version=version))
    w.send(w.subscriber, node.packet(wire.announce(), flags=255))
    for kind in (19, 31, 35, 99, 200, 255):
        w.send(w.subscriber, node.packet(wire.frame(kind, b"from the future")))
    w.expect(w.subscriber, packet_other_version=3, frame_unknown=6)


@case("A7", "hundreds of empty frames in a packet", "`packet_too_many_frames`")
def many_frames(w):
    node = wire.Node(w.draw)
    w.send(w.subscriber, node.packet(wire.announce()))
    for kind in (wire.BYE + 100, wire.DIGEST, wire.NACK):
        w.send(w.subscriber, node.packet(*[wire.frame(kind)] * 400))
    w.expect(w.subscriber, packet_too_many_frames=3)


@case("A8", "datagrams of up to 64 KB, in IP fragments", "read to their bound and dropped")
def jumbo(w):
    for length in (1401, 9000, 65507):
        for _ in range(5):
            w.send(w.subscriber, w.draw.randbytes(length))
    node = wire.Node(w.draw)
    w.send(w.subscriber, node.packet(wire.frame(wire.PADDING, bytes(9000))))


@case("A10", "what only a publisher says, by one who publishes nothing", "nothing is delivered; `data_unknown_stream`, `data_unwanted` or `frame_unexpected`")
def impostor(w):
    node = wire.Node(w.draw)
    w.send(w.subscriber, node.packet(wire.announce()))
    for i in range(50):
        w.send(w.subscriber, node.packet(
            wire.data(3, i + 1, b"lie"), wire.frame(wire.DIGEST, struct.pack("<IQQBII", 3, 9, 1, 0, 0, 0)),
            wire.history(3, 1, 5), wire.frame(wire.GAP, struct.pack("<IQQ", 3, 1, 9)),
            wire.frame(wire.NCF, struct.pack("<IQ", 3, 1) + b"\0\1"),
            wire.frame(wire.PROGRESS, struct.pack("<IQ", 3, 1)),
            wire.frame(wire.REFUSE, struct.pack("<IQQ", 3, 1, 1)),
            wire.frame(wire.ANSWER, struct.pack("<QBHHI", 5, 0, 0, 1, 1) + b"\0")))
    w.expect(w.subscriber, answers_unasked=50)


# ---- B: too much ----

@case("B1", "30,000 new nodes, of which nothing but data is heard", "1,024 are half known", grows_kb=16384)
def new_nodes(w):
    body = wire.data(1, 1, b"x" * 16)
    for _ in range(30000):
        w.send(w.subscriber, wire.packet(w.draw.randbytes(12), 1, body))


# 4,096 of each are remembered; a sanitizer's allocator makes 30 MB of that, with others more.
@case("B2", "one node that announces 6,000 streams and 6,000 wants", "`streams_refused`, `wants_refused`", grows_kb=65536)
def many_streams(w):
    node = wire.Node(w.draw)
    each, parts = 10, 600
    kind, format = bytes.fromhex(w.record["type"]), w.record["format"]
    for victim in (w.subscriber, w.publisher):
        w.send(victim, node.packet(wire.announce(streams=(9, each * parts), wants=(8, each * parts))))
        for part in range(parts):
            entries = [wire.stream_entry(part * each + i + 1, "lab.Reading", kind, format)
                       for i in range(each)]
            names = [f"lab.N{part * each + i}" for i in range(each)]
            w.send(victim, node.packet(wire.streams(9, *entries, part=part, parts=parts)))
            w.send(victim, node.packet(wire.wants(8, *names, part=part, parts=parts)))
    w.expect(w.subscriber, streams_refused=1, wants_refused=1)
    w.expect(w.publisher, wants_refused=1)
    for victim in (w.subscriber, w.publisher):
        w.send(victim, node.packet(wire.frame(wire.BYE)))


@case("B3", "the first fragments of 5,000 messages, never the rest", "`join_no_room`; 64 at a time", grows_kb=65536)
def half_messages(w):
    node = w.publisher_node()
    for i in range(5000):
        w.send(w.subscriber, node.packet(wire.fragment(1, 1 + 1000 * i, 1_000_000, 1000, 0, b"h" * 1000)))


@case("B4", "the same NACK for everything, 10,000 times, by one and by a hundred", "`repairs_refused` or a quarter of the rate; new data goes on", grows_kb=16384)
def nack_storm(w):
    nodes = [wire.Node(w.draw) for _ in range(100)]
    for i, node in enumerate(nodes):  # of names of their own: one name at one address is one program
        w.send(w.publisher, node.packet(wire.announce(name=f"n{i}", wants=(4, 1)),
                                        wire.wants(4, "lab.Served")))
    for i in range(10000):
        node = nodes[0] if i % 2 else nodes[i // 2 % 100]
        w.send(w.publisher, node.packet(wire.nack(w.publisher.id, 1, 1, (0, 500))))
    w.expect(w.publisher, nacks_in=9000)


@case("B5", "10,000 questions for history, lists, types and answers from addresses that never prove themselves",
      "`answers_withheld`", grows_kb=16384)
def question_storm(w):
    node = wire.Node(w.draw)
    w.send(w.publisher, node.packet(wire.announce(wants=(4, 1)), wire.wants(4, "lab.Served")))
    for i in range(2500):
        w.send(w.publisher, node.packet(wire.frame(wire.HISTORY_REQUEST, struct.pack("<I", 1))))
        w.send(w.publisher, node.packet(wire.frame(wire.LIST_REQUEST, b"\7")))
        w.send(w.publisher, node.packet(wire.frame(wire.TYPE_REQUEST, w.draw.randbytes(20))))
        w.send(w.publisher, node.packet(wire.query(i + 1, "lab.Served")))
    w.expect(w.publisher, answers_withheld=1, queries_in=1)


@case("B6", "DATA with the sequences 2^31, 2^61, 2^63 and 2^64 - 1", "`frame_unexpected`, `frame_malformed`; no loop over the gap")
def far_ahead(w):
    node = w.publisher_node()
    for sequence in (2**31, 2**61, 2**63, 2**64 - 1):
        w.send(w.subscriber, node.packet(wire.data(1, sequence, b"far")))
    w.expect(w.subscriber, frame_unexpected=2)


@case("B11", "names of 255 bytes, of no bytes, of stars, of terminal escapes, that are not UTF-8", "inert; patterns end", grows_kb=8192)
def names(w):
    for name in (b"x" * 255, b"", b"*" * 255, b"*a" * 127, b"\x1b[2J\x07", b"\xff\xfe\x80", b"${jndi:x}",
                 b"../../x", "\u202egnp".encode()):
        node = wire.Node(w.draw)
        want = bytes([6]) + bytes(8) + wire.text(name)
        entry = struct.pack("<I", 1) + wire.sha(b"dts-family", name)[:8] + wire.text(name) + bytes(64)
        for victim in (w.subscriber, w.publisher):
            w.send(victim, node.packet(
                wire.announce(host=name, name=name, streams=(1, 1), wants=(1, 1)),
                wire.frame(wire.WANTS, wire.list_head(1) + want),
                wire.frame(wire.STREAMS, wire.list_head(1) + b"\0" + struct.pack("<H", len(entry)) + entry)))
        w.send(w.subscriber, node.packet(wire.frame(wire.BYE)))
        w.send(w.publisher, node.packet(wire.frame(wire.BYE)))


# ---- C: lies ----

@case("C1", "an announcement that names another's port", "nothing is ever sent there")
def other_port(w):
    bystander = w.new_socket()
    node = wire.Node(w.draw)
    port = bystander.getsockname()[1]
    for victim in (w.subscriber, w.publisher):
        for _ in range(20):
            w.send(victim, node.packet(wire.announce(flags=1, port=port, wants=(3, 1)), wire.wants(3, "lab.Served"),
                                       wire.frame(wire.LIST_REQUEST, b"\7")))
    w.probe(w.subscriber)
    w.probe(w.publisher)
    assert not select.select([bystander], [], [], 1)[0], "a port named in a packet was sent to"


@case("C2", "each kind of frame from an address that never proves itself, 20 times", "at most 3 bytes for each one that came")
def amplification(w):
    worst = 0.0
    frames = {
        "ANNOUNCE": lambda: (wire.announce(flags=1),),
        "WANTS": lambda: (wire.announce(wants=(3, 1)), wire.wants(3, "lab.Served")),
        "a pattern": lambda: (wire.announce(wants=(3, 1)), wire.wants(3, "*")),
        "LIST_REQUEST": lambda: (wire.announce(), wire.frame(wire.LIST_REQUEST, b"\7")),
        "LIST_REQUEST alone": lambda: (wire.frame(wire.LIST_REQUEST, b"\7"),),
        "HISTORY_REQUEST": lambda: (wire.announce(), wire.frame(wire.HISTORY_REQUEST, struct.pack("<I", 1))),
        "TYPE_REQUEST": lambda: (wire.announce(), wire.frame(
            wire.TYPE_REQUEST, bytes.fromhex(w.record["type"]) + bytes(4))),
        "PROBE": lambda: (wire.frame(wire.PROBE, struct.pack("<BQ", 0, 1)),),
        "PROBE for all": lambda: (wire.frame(wire.PROBE, struct.pack("<BQ", 1, 1)),),
        "NACK": lambda: (wire.announce(), wire.nack(w.publisher.id, 1, 1, (0, 500))),
        "CHALLENGE": lambda: (wire.frame(wire.CHALLENGE, bytes(8)),),
        "QUERY": lambda: (wire.announce(), wire.query(w.draw.randrange(1, 2**64), "lab.Served")),
        "DATA": lambda: (wire.data(1, 1, b"x"),),
        "BYE": lambda: (wire.frame(wire.BYE),),
    }
    for name, make in frames.items():
        by, node, sent, came = w.new_socket(), wire.Node(w.draw), 0, 0
        for _ in range(20):
            packet = node.packet(*make())
            sent += len(packet)
            w.send(w.publisher, packet, by=by)
        w.probe(w.publisher)
        until = time.monotonic() + 0.6
        while (left := until - time.monotonic()) > 0 and select.select([by], [], [], left)[0]:
            came += len(by.recvfrom(65536)[0])
        by.close()
        assert came <= 3 * sent, f"{name}: {came} bytes for {sent}"
        worst = max(worst, came / sent)
    print(f"          worst: {worst:.2f} bytes for each that came")


@case("C3", "captured packets of everybody again, from another address", "`packet_duplicate`, `packet_own`; no value twice")
def replay(w):
    packets = [p for p, decoded, _ in w.captured[-300:] if bytes.fromhex(decoded["node"]) == w.honest]
    assert len(packets) > 20
    for packet in packets:
        w.send(w.subscriber, packet)
    w.expect(w.subscriber, packet_duplicate=len(packets))


@case("C4", "packet number 2^63 under the honest publisher's id", "the window of its numbers is not moved: its next packet counts")
def number_jump(w):
    w.send(w.subscriber, wire.packet(w.honest, 2**63, wire.frame(wire.PADDING, b"x")))
    w.expect(w.subscriber, packet_duplicate=1)


def forged(w, *frames):
    """Under the honest publisher's id, with a number that it has used no longer ago than its window."""
    newest = max(decoded["number"] for _, decoded, _ in w.captured
                 if bytes.fromhex(decoded["node"]) == w.honest)
    return wire.packet(w.honest, newest + 1000, *frames)


@case("C5", "announcements and challenges under the honest publisher's id", "nothing crashes; nothing goes to the forger but what a stranger gets")
def forged_source(w):
    by = w.new_socket()
    w.send(w.subscriber, forged(w, wire.announce("vm", HONEST), wire.frame(wire.CHALLENGE, bytes(8))), by=by)


@case("C6", "BYE under the honest publisher's id", "what it sends afterwards takes it back; what came in between is named")
def forged_bye(w):
    w.send(w.subscriber, forged(w, wire.frame(wire.BYE)))


@case("C7", "GAP of everything under the honest publisher's id", "named is only what is missing: nothing")
def forged_gap(w):
    stream = w.record["stream"]
    w.send(w.subscriber, forged(w, wire.frame(wire.GAP, struct.pack("<IQQ", stream, 1, 2**63))))
    w.send(w.subscriber, forged(w, wire.frame(wire.GAP, struct.pack("<IQQ", stream, 0, 2**64 - 1))))


@case("C10", "the victim's own packets, and new ones under its id", "`packet_own`; told once that somebody uses its id")
def reflected(w):
    for number in (1, 2, 2**40):
        w.send(w.subscriber, wire.packet(w.subscriber.id, number, wire.announce()))
    w.expect(w.subscriber, packet_own=3)


# What other tests hold: row, attack, what must be seen, file, and a text in it.
ELSEWHERE = [
    ("A3", "on a TCP connection: frames of 0 bytes and of 4 GiB, other protocols, noise", "told why, and closed", "tests/lab/stream_attacks.py", "def nonsense"),
    ("A3", "HTTP: heads without an end, bodies without or with two lengths, other protocols, wrong sessions", "refused before a body is read, counted", "tests/conformance/transport/http_test.cpp", "requests_that_are_wrong_are_refused_before_their_body"),
    ("A3", "HTTP: requests cut anywhere", "read the same however they are cut", "tests/fuzz/http_fuzz.cpp", "LLVMFuzzerTestOneInput"),
    ("A9", "noise at 50,000 packets/s", "values go on, memory does not grow", "tests/lab/hostile.sh", "flood.py"),
    ("B1", "16,384 announced nodes", "`nodes_refused`", "src/proto/hostile_test.cpp", "announced_nodes_are_bounded_and_refusals_counted"),
    ("B7", "a subscriber that never reads", "it alone is told what it missed; others are not slowed", "tests/lab/catalogue.sh", "never reads"),
    ("B8", "on a TCP connection: a byte each second, half a frame, nothing", "given 10 s; values of others pass", "tests/lab/stream_attacks.py", "def slow"),
    ("B8", "TCP members that want everything and read nothing", "values of others pass", "tests/lab/stream_attacks.py", "def deaf"),
    ("B8", "the same, at full speed", "its queue is bounded, it is told what it missed", "tests/conformance/transport/tcp_test.cpp", "a_member_that_does_not_read_costs_the_others_nothing"),
    ("B9", "3,000 silent TCP connections", "64 are waited for; values of others pass", "tests/lab/stream_attacks.py", "def idle"),
    ("B9", "HTTP: silent connections, heads and bodies byte by byte, sessions of nobody", "128 strangers are waited for, 10 s; values of others pass", "tests/lab/stream_attacks.py", "def http_slow"),
    ("B9", "TCP connections that there is no file descriptor for", "closed at once, `receive_failed`", "tests/conformance/transport/tcp_test.cpp", "turns_away_whom_it_has_no_file_descriptor_for"),
    ("B10", "no file descriptors left", "an error that says so, exit code 1; or goes on with less", "tests/lab/catalogue.sh", "ulimit -n"),
    ("F1", "kill -9 of writers into shared memory, at random moments", "every packet read is whole, nobody blocks", "tests/conformance/transport/shm_test.cpp", "writers_killed_at_any_moment"),
    ("F2", "kill -9 of its readers", "writers go on; the next one removes what is left", "tests/conformance/transport/shm_test.cpp", "what_a_killed_process_leaves"),
    ("F3", "a process of the same user scribbles over it", "not read any more, counted, told", "tests/conformance/transport/shm_test.cpp", "what_makes_no_sense"),
    ("F3", "whatever may lie in a ring", "read inside it only", "tests/fuzz/shm_ring_fuzz.cpp", "LLVMFuzzerTestOneInput"),
    ("F4", "files of another user, files that are none", "not opened, told", "tests/conformance/transport/shm_test.cpp", "files_of_another_user"),
    ("F7", "another monotonic clock, a machine that slept", "nobody is given up", "tests/lab/pause.sh", "unshare --time"),
    ("F7", "jumps of the wall clock, sleep of the machine", "the oracle of the simulator", "sim/faults.hpp", "wall_jump"),
    ("F7", "sleep is noticed", "announced at once, nobody is given up", "src/domain/sleep_watch_test.cpp", "of_the_machine_is_seen_by_the_clock_that_counts_it"),
    ("F8", "SIGSTOP and SIGCONT of either side", "caught up, or named", "tests/lab/pause.sh", "kill -STOP"),
    ("F9", "kill -9 and restart of either side", "each run complete", "tests/lab/kill.sh", "kill -9"),
    ("F9", "four generations of ten nodes, each killed", "all of them are heard, memory does not grow", "tests/lab/kill.sh", "generation"),
    ("F10", "both ways cut once a second", "caught up, or named", "tests/lab/one_way.sh", "flaps"),
    ("F10", "one-way cuts", "caught up, or named", "tests/lab/one_way.sh", "deaf"),
    ("F10", "partitions, flapping, clogs", "the oracle of the simulator", "sim/scenario.cpp", "partition_heal"),
    ("F12", "an interface down and up", "caught up within 3 s, or named", "tests/lab/link.sh", "caught up"),
    ("F12", "the address of an interface changes", "it is followed", "tests/conformance/transport/udp_test.cpp", "a_changed_address_is_followed"),
    ("F12", "cables and addresses change", "they meet again", "tests/lab/interface_change.sh", "another cable"),
    ("F12", "a switch with snooping and no querier", "values go on by unicast; told", "tests/lab/snooping.sh", "mcast_flood off"),
    ("F12", "multicast stops and comes back", "by unicast, by multicast again", "tests/lab/fallback.sh", "silence_multicast"),
    ("F13", "two domains on one network", "nothing crosses", "tests/conformance/transport/transport_test.cpp", "domains_do_not_hear_each_other"),
]
# Rows about parts that DTS does not have yet, or that cannot hold without them.
NOT_YET = [
    ("C3", "a replay to a process that has forgotten the node", "without a key it is believed: docs/wire.md, last paragraph"),
    ("C8", "open packets into a secured domain, unknown keys", "there are no key domains yet"),
    ("C9", "packets from other subnets", "taken, as DTS_PEERS needs them; the rule of three bytes holds"),
    ("F5, F6", "disks and recordings", "there is no recorder yet"),
    ("F11", "fork without exec", "a forked child must open a Domain of its own"),
    ("F13, F14", "two key files, mixed versions", "there are no keys and one version yet (A6)"),
]


def table():
    lines = ["| row | what is done | what must be seen | test |", "|---|---|---|---|"]
    rows = [(row, attack, seen, "`tests/lab/attacks.py` " + function.__name__)
            for row, attack, seen, _, function in CASES]
    rows += [(row, attack, seen, f"`{path}` {text}") for row, attack, seen, path, text in ELSEWHERE]
    rows += [(row, attack, "-", why) for row, attack, why in NOT_YET]
    rows.sort(key=lambda r: (r[0][0], int(re.search(r"\d+", r[0]).group())))
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def check(page):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    missing = [line for line in table() if line not in text]
    surplus = [line for line in text.splitlines() if re.match(r"\| [A-F]\d", line) and line not in table()]
    for line in missing + surplus:
        print(f"          {page} is not as attacks.py has it: {line}")
    for _, _, _, path, text in ELSEWHERE:
        if text not in (ROOT / path).read_text(encoding="utf-8"):
            print(f"          {path} has no {text}")
            missing.append(path)
    sys.exit(bool(missing or surplus))


def run(args):
    world = World(args.interface, args.subscriber, args.publisher, args.output)
    failed = False
    for row, attack, _, grows_kb, function in CASES:
        if args.only and function.__name__ not in args.only:
            continue
        victims = (world.subscriber, world.publisher)
        began = time.monotonic()
        try:
            before, values = [v.rss_kb() for v in victims], world.honest_values()
            function(world)
            for victim, rss_before in zip(victims, before):
                world.probe(victim)
                grown = victim.rss_kb() - rss_before
                assert grown <= grows_kb, f"process {victim.pid} has grown by {grown} kB"
            end = time.monotonic() + DEADLINE_S
            while world.honest_values() < values + 5:
                assert time.monotonic() < end, "honest values no longer arrive"
                world.listen()
            grown = max(v.rss_kb() - b for v, b in zip(victims, before))
            print(f"  ok      {row} {attack} ({time.monotonic() - began:.1f} s, {grown} kB)", flush=True)
        except (AssertionError, OSError) as wrong:
            failed = True
            print(f"  FAILED  {row} {attack}: {wrong}", flush=True)
            if not all(pathlib.Path(f"/proc/{v.pid}").exists() for v in victims):
                break
    expected = {"subscriber": world.subscriber.expected, "publisher": world.publisher.expected}
    pathlib.Path(args.expected).write_text(json.dumps(expected))
    sys.exit(failed)


def counters(args):
    expected, failed = json.loads(pathlib.Path(args.expected).read_text()), False
    for who in ("subscriber", "publisher"):
        text = pathlib.Path(getattr(args, who)).read_text(errors="replace")
        said = dict(re.findall(r"(\w+) ([\d,]+)(?:, |\n|\")", text[text.rindex("counters: "):] + "\n"))
        for name, least in expected[who].items():
            got = int(said.get(name, "0").replace(",", ""))
            ok = got >= least
            failed |= not ok
            print(f"  {'ok    ' if ok else 'FAILED'}  {who}: {name} {got}, at least {least}")
    sys.exit(failed)


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run")
    verb.add_argument("--interface", default="eth0")
    verb.add_argument("--subscriber", type=int, required=True)
    verb.add_argument("--publisher", type=int, required=True)
    verb.add_argument("--output", required=True)
    verb.add_argument("--expected", required=True)
    verb.add_argument("--only", nargs="*", help="the names of functions")
    verb = verbs.add_parser("counters")
    verb.add_argument("--subscriber", required=True)
    verb.add_argument("--publisher", required=True)
    verb.add_argument("--expected", required=True)
    verbs.add_parser("table")
    verbs.add_parser("check").add_argument("page")
    args = parser.parse_args()
    if args.verb == "table":
        print("\n".join(table()))
    elif args.verb == "check":
        check(args.page)
    else:
        {"run": run, "counters": counters}[args.verb](args)


main()
