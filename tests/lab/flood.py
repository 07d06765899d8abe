#!/usr/bin/env python3
"""flood.py ADDRESS... PER_SECOND SECONDS: random datagrams to UDP ADDRESS:PORT, in turn.

Half are pure noise, half begin as a DTS packet does, so that they get past the first look.
"""
import random
import socket
import sys
import time

*targets, per_second, seconds = sys.argv[1:]
targets = [(host, int(port)) for host, port in (target.rsplit(":", 1) for target in targets)]
per_second, seconds = int(per_second), float(seconds)
generator = random.Random(1)
packets = []
for i in range(2000):
    body = generator.randbytes(generator.choice([0, 1, 7, 28, 64, 400, 1400]))
    packets.append(b"DT" + bytes([83, 1]) + body if i % 2 else body)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
began, sent, refused = time.monotonic(), 0, 0
while (elapsed := time.monotonic() - began) < seconds:
    for _ in range(max(0, min(1000, int(elapsed * per_second) - sent))):
        try:
            sender.sendto(packets[sent % len(packets)], targets[sent % len(targets)])
        except OSError:
            refused += 1
        sent += 1
print(f"{sent} datagrams in {elapsed:.1f} s, {sent / elapsed:.0f}/s, {refused} refused")
