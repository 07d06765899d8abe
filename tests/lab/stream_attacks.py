#!/usr/bin/env python3
"""stream_attacks.py PID OUTPUT HOST PORT: what a TCP port of a node has to bear (A3, B8 and B9 of
docs/internals/hostile.md). PID is the `dts sub` that listens there, OUTPUT what an honest
subscriber beyond it prints. After each case the node lives, has not grown by more than the case
allows, and honest values still pass it.
"""
import pathlib
import random
import resource
import socket
import struct
import sys
import time

PID, OUTPUT, PLACE = int(sys.argv[1]), pathlib.Path(sys.argv[2]), (sys.argv[3], int(sys.argv[4]))
GREETING, DEADLINE_S = b"DTS/1 \r\n", 60
DRAW = random.Random(4711)
CASES = []


def case(attack, grows_kb=4096):
    def register(function):
        CASES.append((attack, grows_kb, function))
        return function
    return register


def frame(kind, body=b"", group=0, member=0):
    return struct.pack("<IBBQ", 10 + len(body), kind, group, member) + body


HELLO = GREETING + frame(1, b"default")


def connected(*say):
    one = socket.create_connection(PLACE, timeout=DEADLINE_S)
    for words in say:
        one.sendall(words)
    return one


def ended(one):
    """What the node still had to say before it closed it."""
    said = b""
    try:
        while words := one.recv(65536):
            said += words
    except ConnectionError:
        pass
    return said or b"nothing"


@case("3,000 connections that say nothing, all kept open")
def idle():
    kept = [connected() for _ in range(3000)]
    ended(kept[0])  # who is silent longest goes
    return kept


@case("50 connections of which a byte comes each second: they are given 10 s")
def slow():
    kept = [connected() for _ in range(50)]
    for byte in HELLO[:9]:
        for one in kept:
            one.sendall(bytes([byte]))
        time.sleep(1)
    for one in kept:
        ended(one)


@case("other protocols, frames without an end or of 4 GiB, hellos without a name: each is told why")
def nonsense():
    sizes = (0, 9, 65518, 2**31, 2**32 - 1)
    texts = [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", GREETING + frame(1)]
    texts += [GREETING + struct.pack("<I", size) + bytes(64) for size in sizes]
    texts += [HELLO + struct.pack("<I", size) + bytes(64) for size in sizes]
    texts += [DRAW.randbytes(400) for _ in range(100)]
    for text in texts:
        said = ended(connected(text))
        assert said.startswith(GREETING), (text, said)
        assert b"E1" in said or text.startswith(b"GET") or len(text) < 8, (text, said)


@case("members that send noise, frames of all kinds and packets for nobody", grows_kb=16384)
def noise():
    kept = [connected(HELLO) for _ in range(20)]
    for one in kept:
        for _ in range(100):
            one.sendall(frame(DRAW.randrange(2, 256), DRAW.randbytes(DRAW.randrange(1400)),
                              DRAW.randrange(256), DRAW.getrandbits(64)))
    return kept


@case("half a frame, and then nothing, by 200 members", grows_kb=32768)
def halves():
    return [connected(HELLO, frame(7, bytes(65507))[:60000]) for _ in range(200)]


@case("three members that want everything and read nothing", grows_kb=3 * 8192 + 4096)
def deaf():
    joins = b"".join(frame(4, group=group, member=group + 1) for group in range(256))
    return [connected(HELLO, joins) for _ in range(3)]


def rss_kb():
    for line in pathlib.Path(f"/proc/{PID}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("the node is dead")


def cpu_s():
    return sum(int(n) for n in pathlib.Path(f"/proc/{PID}/stat").read_text().split()[13:15]) / 100


def honest_pass():
    count = lambda: OUTPUT.read_bytes().count(b'"seq"')
    before, end = count(), time.monotonic() + DEADLINE_S
    while count() < before + 20:
        assert time.monotonic() < end, "honest values no longer pass"
        time.sleep(0.02)


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    failed = False
    for attack, grows_kb, function in CASES:
        try:
            before = rss_kb()
            kept = function()
            honest_pass()
            grown = rss_kb() - before
            assert grown <= grows_kb, f"it has grown by {grown} kB"
            for one in kept or ():
                one.close()
            print(f"  ok      {attack} ({grown} kB)", flush=True)
        except (AssertionError, OSError) as wrong:
            failed = True
            print(f"  FAILED  {attack}: {wrong!r}", flush=True)
    sys.exit(failed)


main()
