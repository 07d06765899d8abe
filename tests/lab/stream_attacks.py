#!/usr/bin/env python3
"""stream_attacks.py PID OUTPUT HOST PORT [http]: what a TCP port of a node has to bear, or one where
it listens by HTTP (A3, B8 and B9 of docs/internals/hostile.md). PID is the `dts sub` that listens
there, OUTPUT what an honest subscriber beyond it prints. After each case the node lives, has not
grown by more than the case allows, and honest values still pass it.
"""
import pathlib
import random
import resource
import socket
import struct
import sys
import time

PID, OUTPUT, PLACE = int(sys.argv[1]), pathlib.Path(sys.argv[2]), (sys.argv[3], int(sys.argv[4]))
OVER = sys.argv[5] if len(sys.argv) > 5 else "tcp"
GREETING, DEADLINE_S = b"DTS/1 \r\n", 60
DRAW = random.Random(4711)
CASES = []


def case(attack, grows_kb=4096, over=("tcp",)):
    def register(function):
        if OVER in over:
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


@case("3,000 connections that say nothing, all kept open", over=("tcp", "http"))
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


def request(line, body=b"", headers=""):
    return f"{line} HTTP/1.1\r\nHost: here\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def asked(text):
    one = connected(text)
    one.shutdown(socket.SHUT_WR)
    return ended(one)


def session():
    said = asked(request("POST /dts/open"))
    assert said.startswith(b"HTTP/1.1 200 "), said
    return b"/dts/" + said[-33:-1]


@case("50 heads and 50 bodies of which a byte comes each second: they are given 10 and 30 s",
      grows_kb=16384, over=("http",))
def http_slow():
    name = session().decode()
    heads, bodies = [connected() for _ in range(50)], []
    for _ in range(50):
        bodies.append(connected(request(f"POST {name}/up?from=0", bytes(1 << 20))[:200]))
    for second in range(33):
        for one in (heads if second < 9 else []) + (bodies if second < 29 else []):
            one.sendall(b"GET /dts/0"[second:second + 1] if one in heads else b"x")
        time.sleep(1)
    for one in heads + bodies:
        ended(one)


@case("other protocols, heads without an end, noise: each is told why, or closed", over=("http",))
def http_nonsense():
    texts = [HELLO, b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 9000, b"\0" * 20000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             request("POST /dts/open")[:-2] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
    texts += [b"X" + DRAW.randbytes(400) for _ in range(100)]
    for text in texts:
        said = ended(connected(text))
        assert said.startswith(b"HTTP/1.1 4"), (text[:40], said)


@case("2,000 sessions that say nothing", grows_kb=8192, over=("http",))
def http_sessions():
    for _ in range(2000):
        session()


@case("20 sessions that send noise in bodies of 1 MiB, from everywhere and twice", grows_kb=49152, over=("http",))
def http_noise():
    for _ in range(20):
        name = session().decode()
        hello = request(f"POST {name}/up?from=0", HELLO)
        assert asked(hello).startswith(b"HTTP/1.1 204")
        assert asked(hello).startswith(b"HTTP/1.1 204")
        noise = frame(DRAW.randrange(10, 256), DRAW.randbytes(60000)) * 17
        for start in (len(HELLO), len(HELLO) + 1, 0, 2**63, 2**64 - 1):
            asked(request(f"POST {name}/up?from={start}", noise))
        for start in (0, 8, 2**63):
            asked(request(f"GET {name}/down?from={start}"))


@case("three sessions that want everything and fetch nothing", grows_kb=3 * 10240 + 4096, over=("http",))
def http_deaf():
    joins = b"".join(frame(4, group=group, member=group + 1) for group in range(256))
    for _ in range(3):
        asked(request(f"POST {session().decode()}/up?from=0", HELLO + joins))


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
