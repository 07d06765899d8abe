#!/usr/bin/env python3
"""capture.py DEVICE: reads every DTS packet that passes DEVICE with the script that was written from
docs/wire.md alone. Says "ready"; on SIGTERM how many packets and frames of each kind there were.
Exit code 1 when one was not as the page says: an unknown frame, a byte too many, a wrong checksum.
"""
import collections
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden" / "wire"))
import decode  # noqa: E402


def udp_payload(frame):
    if len(frame) < 42 or frame[12:14] != b"\x08\0" or frame[23] != 17:
        return None
    udp = 14 + 4 * (frame[14] & 15)
    length = int.from_bytes(frame[udp + 4 : udp + 6], "big")
    return frame[udp + 8 : udp + length]


def main():
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
    port.bind((sys.argv[1], 0))
    kinds, captured, wrong = collections.Counter(), [], 0

    def stop(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    try:
        while True:
            payload = udp_payload(port.recv(65536))
            if payload is not None and payload[:2] == b"DT":
                captured.append(payload)
    except KeyboardInterrupt:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for payload in captured:
        try:
            kinds.update(frame["frame"] for frame in decode.decode(payload)["frames"])
        except (AssertionError, KeyError, ValueError) as reason:
            wrong += 1
            print(f"not as docs/wire.md says: {reason!r} {payload.hex()}")
    print(f"{len(captured)} packets, {wrong} wrong:",
          ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())), flush=True)
    sys.exit(wrong > 0 or not captured)


main()
