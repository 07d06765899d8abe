#!/usr/bin/env python3
"""A node as the Python package domaintypesystem (2019) was, as far as others can tell: the judge of
`dts bridge python-dts`. The messages around the values are made and read by hand here, the values
by the capnp tool, the compression by python3-blosc; nothing is DTS's own.

  python_node.py --schema FILE [--host-id TEXT] COMMAND...

  send STRUCT TEXT [every S]   registers STRUCT and sends it; {n} in TEXT counts from 0
  listen STRUCT [ask WORDS]    registers STRUCT and prints what comes of it; may ask for it as well
  attack STRUCT                sends what no node should, into the control group and STRUCT's

Each line it prints is a JSON object.
"""
import argparse
import hashlib
import json
import random
import select
import socket
import struct
import subprocess
import sys
import time
import uuid

import blosc

CONTROL, PORT = "239.255.0.1", 5555
MEMBERSHIP = "DomainTypeGroupMembership"
options = None
instance = uuid.uuid4().int >> 64


def say(**what):
    print(json.dumps(what), flush=True)


# --- Cap'n Proto by hand --------------------------------------------------------------------

def padded(data):
    return data + bytes(-len(data) % 8)


def message(numbers, texts):
    """One segment: a root with these words and pointers to these byte strings (None: null)."""
    words, pointers, tail = struct.pack(f"<{len(numbers)}Q", *numbers), b"", b""
    for index, data in enumerate(texts):
        if data is None:
            pointers += bytes(8)
            continue
        offset = len(texts) - index - 1 + len(tail) // 8
        pointers += struct.pack("<II", offset << 2 | 1, len(data) << 3 | 2)
        tail += padded(data)
    root = struct.pack("<IHH", 0, len(numbers), len(texts))
    segment = root + words + pointers + tail
    return struct.pack("<II", 0, len(segment) // 8) + segment


def root_of(data):
    """(numbers, byte strings) of a message in one segment."""
    segments, size = struct.unpack_from("<II", data)
    if segments != 0 or len(data) != 8 + 8 * size:
        raise ValueError("not one whole segment")
    low, words, pointers = struct.unpack_from("<iHH", data, 8)
    if low & 3 != 0:
        raise ValueError("no pointer to a struct")
    at = 16 + 8 * (low >> 2)
    numbers = list(struct.unpack_from(f"<{words}Q", data, at))
    texts = []
    for index in range(pointers):
        place = at + 8 * (words + index)
        low, high = struct.unpack_from("<iI", data, place)
        if low == 0 and high == 0:
            texts.append(None)
            continue
        if low & 3 != 1 or high & 7 != 2:
            raise ValueError("no pointer to bytes")
        start = place + 8 + 8 * (low >> 2)
        texts.append(data[start:start + (high >> 3)])
    return numbers, texts


def group_message(name, content=None, query=None):
    """DomainTypeGroupMessage: timestamp, which, instanceId; structName, hostId, struct or query."""
    is_query = content is None
    last = content if not is_query else query.encode() + b"\0" if query else None
    return message([time.time_ns(), int(is_query), instance],
                   [name.encode() + b"\0", host_id(), last])


def host_id():
    return hashlib.sha1(options.host_id.rstrip().encode()).digest()


def encoded(name, text):
    return subprocess.run(["capnp", "encode", options.schema, name], input=text.encode(),
                          check=True, capture_output=True).stdout


def decoded(name, content):
    text = subprocess.run(["capnp", "decode", "--short", options.schema, name], input=content,
                          check=True, capture_output=True).stdout
    return text.decode().strip()


# --- the network ----------------------------------------------------------------------------

def listener(group):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((group, PORT))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(group) + struct.pack("=I", socket.INADDR_ANY))
    return sock


class Node:
    def __init__(self):
        self.control = listener(CONTROL)
        self.groups = {MEMBERSHIP: CONTROL}  # of every struct that was heard of
        self.own = {}                        # struct: its socket
        self.asked, self.ask_at = 0, time.monotonic()

    def send(self, group, data):
        self.control.sendto(blosc.compress(data), (group, PORT))

    def tell(self, name):
        self.send(CONTROL, group_message(MEMBERSHIP, message(
            [], [name.encode() + b"\0", socket.inet_aton(self.groups[name])])))

    def register(self, name):
        if name not in self.groups:
            self.groups[name] = f"239.255.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        self.own[name] = listener(self.groups[name])
        say(registered=name, group=self.groups[name])
        self.tell(name)

    def receive(self, sock):
        data, (address, _) = sock.recvfrom(65536)
        numbers, (name, host, last) = root_of(blosc.decompress(data))
        if host == host_id() and numbers[2] == instance:
            return None
        return name.rstrip(b"\0").decode(), numbers, host, last, address

    def control_received(self):
        got = self.receive(self.control)
        if not got:
            return
        name, numbers, _, last, address = got
        if name != MEMBERSHIP:
            say(wrong="not a membership in the control group", name=name)
        elif numbers[1] & 0xffff == 1:
            for each in self.groups:
                self.tell(each)
        else:
            _, (told, group) = root_of(last)
            told, group = told.rstrip(b"\0").decode(), socket.inet_ntoa(group)
            if self.groups.get(told) != group:
                self.groups[told] = group
                say(heard=told, group=group, source=address)

    def value_received(self, name):
        got = self.receive(self.own[name])
        if not got:
            return
        told, numbers, host, last, address = got
        if numbers[1] & 0xffff == 1:
            say(asked=told, source=address)
            return
        say(struct=told, value=decoded(name, last), source=address, host=host.hex(),
            age_s=round((time.time_ns() - numbers[0]) / 1e9, 3))

    def run(self, until):
        """Takes what comes until then."""
        while True:
            now = time.monotonic()
            if now >= self.ask_at:
                self.asked += 1
                self.ask_at = now + (0.5 if self.asked < 3 else 10)
                self.send(CONTROL, group_message(MEMBERSHIP))
            if until is not None and now >= until:
                return
            next_at = self.ask_at if until is None else min(until, self.ask_at)
            sockets = {self.control: None, **{sock: name for name, sock in self.own.items()}}
            for ready in select.select(list(sockets), [], [], max(0, next_at - now))[0]:
                try:
                    if sockets[ready] is None:
                        self.control_received()
                    else:
                        self.value_received(sockets[ready])
                except Exception as wrong:  # what others send must not end it
                    say(wrong=str(wrong))


def send(node, name, text, every=0.2):
    node.register(name)
    count, group = 0, node.groups[name]  # of a pathway, once it is there
    while True:
        node.send(group,
                  group_message(name, encoded(name, text.replace("{n}", str(count)))))
        count += 1
        node.run(time.monotonic() + every)


def listen(node, name, words=None):
    node.register(name)
    if words is not None:
        node.send(node.groups[name], group_message(name, query=words))
    node.run(None)


def attack(node, name):
    group = node.groups.get(name, CONTROL)
    good = blosc.compress(group_message(name, encoded(name, "()")))
    wrong = {
        "nothing": b"",
        "noise": random.Random(1).randbytes(300),
        "half a frame": good[:len(good) // 2],
        "a bomb": blosc.compress(bytes(4 << 20)),
        "a frame that says 2 GB": good[:4] + struct.pack("<I", 0x7fffffef) + good[8:],
        "no message": blosc.compress(b"hello, brewery! " * 8),
        "a pointer into nowhere": blosc.compress(message([1, 0, 2], [b"x\0", b"y", b"z"])[:24] +
                                                 b"\xff" * 48),
        "another struct": blosc.compress(group_message("Nobody_Knows\x1b[31m", b"")),
        "content that is none": blosc.compress(group_message(name, b"\xff" * 24)),
        "no content": blosc.compress(group_message(name, b"")),
        "a membership of nothing": blosc.compress(group_message(MEMBERSHIP, message([], [None, b"1"]))),
        "a membership in no group": blosc.compress(group_message(MEMBERSHIP, message(
            [], [name.encode() + b"\0", socket.inet_aton("10.0.0.1")]))),
    }
    for what, data in wrong.items():
        for _ in range(2):
            for to in {group, CONTROL}:
                node.control.sendto(data, (to, PORT))
        say(sent=what, bytes=len(data))
        node.run(time.monotonic() + 0.02)


def main():
    global options
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema", required=True)
    parser.add_argument("--host-id", default="0123456789abcdef0123456789abcdef\n")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    node = Node()
    node.run(time.monotonic() + 1.5)  # what is registered already
    verb, name, *rest = options.command
    if verb == "send":
        send(node, name, rest[0], float(rest[2]) if len(rest) > 2 else 0.2)
    elif verb == "listen":
        listen(node, name, rest[1] if len(rest) > 1 else None)
    else:
        attack(node, name)


if __name__ == "__main__":
    sys.exit(main())
