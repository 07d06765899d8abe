#!/usr/bin/env python3
"""nng_peer.py listen HOST PORT | say HOST PORT: takes part in a forwarder by libnanomsg alone (ctypes),
another library than DTS uses, in another process. `listen` hears everything of every domain and prints
each packet as hex; `say` publishes one node's announcement (wire.py) until it is killed. Written from
docs/reference/transports/brokers.md and nng.md."""
import ctypes
import struct
import sys
import time

import wire

AF_SP, NN_PUSH, NN_SUB, NN_SUB_SUBSCRIBE = 1, 80, 33, 1
library = ctypes.CDLL("libnanomsg.so.5", use_errno=True)


def check(result):
    if result < 0:
        sys.exit(f"libnanomsg: {ctypes.get_errno()}")
    return result


def listen(host, port):
    socket = check(library.nn_socket(AF_SP, NN_SUB))
    check(library.nn_setsockopt(socket, NN_SUB, NN_SUB_SUBSCRIBE, b"dts/", 4))
    check(library.nn_connect(socket, f"tcp://{host}:{port + 1}".encode()))
    buffer = ctypes.create_string_buffer(128 << 10)
    print("listening", file=sys.stderr, flush=True)
    while True:
        size = check(library.nn_recv(socket, buffer, len(buffer), 0))
        topic, _, envelope = buffer.raw[:size].partition(b" ")
        root, _, place = topic.split(b"/")
        if place.startswith(b"mark-"):
            assert not envelope, topic
            continue
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


def say(host, port):
    socket = check(library.nn_socket(AF_SP, NN_PUSH))
    check(library.nn_connect(socket, f"tcp://{host}:{port}".encode()))
    group, me = 0, 0x6E616E6F
    packet = wire.packet(b"nano" * 3, 1, wire.announce(host="nano", name="peer"))
    message = b"dts/default/g%d " % group + struct.pack("<4sB3xQQI", b"DTS\x01", group, me, 0, len(packet))
    message += packet
    while True:  # nodes forget one that is silent
        check(library.nn_send(socket, message, len(message), 0))
        time.sleep(0.1)


{"listen": listen, "say": say}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
