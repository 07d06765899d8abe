#!/usr/bin/env python3
"""relay.py DEV_A DEV_B [--duplicate P] [--reorder P] [--corrupt P] [--lose P] [--delay MS] [--seed S]

Carries Ethernet frames between two interfaces, badly. P is a share of 1; each kind of fault draws
for each UDP packet by itself, so that one packet may suffer several. A reordered packet waits until
one to eight others have passed it (at most 20 ms); in a corrupted one a bit of the UDP payload is
flipped. Everything else (ARP, IGMP) passes unharmed. Says "ready", and on SIGTERM what it did.

UDP checksums are cleared: behind veth they are not computed yet, and a flipped bit is to reach the
program. Packets must come one by one: `ip link set ... gso_max_segs 1` at the senders.
"""
import argparse
import heapq
import random
import select
import signal
import socket
import sys
import time

OUTGOING = 4  # sll_pkttype: our own, overheard


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("devices", nargs=2)
    for fault in ("duplicate", "reorder", "corrupt", "lose", "delay"):
        parser.add_argument("--" + fault, type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    counts = dict.fromkeys(("carried", "duplicated", "reordered", "corrupted", "lost", "refused"), 0)
    ports = []
    for device in args.devices:
        port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        port.bind((device, 0))
        port.setblocking(False)
        ports.append(port)
    waiting = []  # of the delayed: due, order, port, frame
    held = [[], []]  # of the reordered of each direction: [how many are to pass, due, frame]
    order = 0

    def put(port, frame):
        try:
            ports[port].send(frame)
            counts["carried"] += 1
        except OSError:
            counts["refused"] += 1

    def stop(*_):
        print(" ".join(f"{name} {count}" for name, count in counts.items()), flush=True)
        sys.exit(0)

    def weather(frame):
        """The copies of a UDP packet that go on: none, one or two."""
        frame = bytearray(frame)
        udp = 14 + 4 * (frame[14] & 15)
        frame[udp + 6 : udp + 8] = b"\0\0"
        if draw.random() < args.lose:
            counts["lost"] += 1
            return []
        copies = [frame]
        if draw.random() < args.duplicate:
            counts["duplicated"] += 1
            copies.append(bytearray(frame))
        if draw.random() < args.corrupt and len(frame) > udp + 8:
            counts["corrupted"] += 1
            copies[0][draw.randrange(udp + 8, len(frame))] ^= 1 << draw.randrange(8)
        return copies

    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        dues = [waiting[0][0]] if waiting else []
        dues += [entry[1] for lane in held for entry in lane]
        timeout = max(0.0, min(dues) - now) if dues else None
        for ready in select.select(ports, [], [], timeout)[0]:
            source = ports.index(ready)
            for _ in range(64):
                try:
                    frame, address = ready.recvfrom(65536)
                except BlockingIOError:
                    break
                if address[2] == OUTGOING:
                    continue
                other = 1 - source
                is_udp = len(frame) > 42 and frame[12:14] == b"\x08\0" and frame[23] == 17
                for copy in weather(frame) if is_udp else [frame]:
                    if is_udp and draw.random() < args.reorder:
                        counts["reordered"] += 1
                        held[other].append([draw.randint(1, 8), time.monotonic() + 0.02, copy])
                        continue
                    if is_udp and args.delay:
                        order += 1
                        due = time.monotonic() + args.delay / 1000
                        heapq.heappush(waiting, (due, order, other, copy))
                    else:
                        put(other, copy)
                    for entry in held[other]:
                        entry[0] -= 1
                    for entry in [e for e in held[other] if e[0] <= 0]:
                        held[other].remove(entry)
                        put(other, entry[2])
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, port, frame = heapq.heappop(waiting)
            put(port, frame)
        for port, lane in enumerate(held):
            for entry in [e for e in lane if e[1] <= now]:
                lane.remove(entry)
                put(port, entry[2])


main()
