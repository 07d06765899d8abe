#!/usr/bin/env python3
"""zmq_peer.py HOST PORT [SERVER_KEY_FILE KEY_FILE]: takes part in a forwarder of ZeroMQ by python3-zmq
alone. Hears everything of every domain and prints each packet as hex; what is no envelope of DTS is
told on stderr. Written from docs/reference/transports/brokers.md and zmq.md."""
import struct
import sys

import zmq


def first_line(path):
    with open(path, encoding="ascii") as lines:
        return lines.readline().strip().encode()


def main():
    host, port, *keys = sys.argv[1:]
    socket = zmq.Context.instance().socket(zmq.SUB)
    if keys:
        socket.curve_serverkey = first_line(keys[0])
        secret = first_line(keys[1])
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_public(secret), secret
    socket.subscribe(b"dts/")
    socket.connect(f"tcp://{host}:{int(port) + 1}")
    print("listening", file=sys.stderr, flush=True)
    while True:
        topic, _, envelope = socket.recv().partition(b" ")
        root, domain, place = topic.split(b"/")
        magic, group, sender, member = struct.unpack_from("<4sB3xQQ", envelope)
        assert (root, magic) == (b"dts", b"DTS\x01"), topic
        assert sender != 0, "from nobody"
        assert place == (b"m%016x" % member if member else b"g%d" % group), place
        at = 24
        while at < len(envelope):
            (size,) = struct.unpack_from("<I", envelope, at)
            packet = envelope[at + 4 : at + 4 + size]
            assert len(packet) == size, "a packet is not whole"
            print(packet.hex(), flush=True)
            at += 4 + size


main()
