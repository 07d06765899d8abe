#!/usr/bin/env python3
"""Runs the capture program and holds decode.py's reading of its packets against what was said.

usage: check.py CAPTURE_PROGRAM
"""
import hashlib
import subprocess
import sys

import decode

NEEDED = {"DATA", "FRAGMENT", "DIGEST", "ANNOUNCE", "STREAMS", "WANTS", "LIST_REQUEST", "HISTORY",
          "TYPE_REQUEST", "TYPE", "PROGRESS", "PROBE", "PROBE_REPLY", "CHALLENGE", "RESPONSE",
          "BYE", "PADDING", "NACK", "NCF", "QUERY", "ANSWER", "GAP", "HUB"}

lines = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.split("\n")
said = [bytes.fromhex(line[8:]) for line in lines if line.startswith("message ")]
packets = [decode.decode(bytes.fromhex(line[7:])) for line in lines if line.startswith("packet ")]
frames = [frame for packet in packets for frame in packet["frames"]]

seen = {frame["frame"] for frame in frames}
assert NEEDED <= seen, f"never seen: {sorted(NEEDED - seen)}"

heard = {}  # sequence -> bytes
large = {}
answered = []
for frame in frames:
    if frame["frame"] == "DATA":
        for message in frame["messages"]:
            if frame["stream"] >= 1 << 31:
                answered.append(bytes.fromhex(message["bytes"]))
                continue
            heard[message["sequence"]] = bytes.fromhex(message["bytes"])
    if frame["frame"] == "FRAGMENT":
        memory = large.setdefault(frame["first"], bytearray(frame["total"]))
        piece = bytes.fromhex(frame["bytes"])
        memory[frame["offset"] : frame["offset"] + len(piece)] = piece
heard |= {first: bytes(memory) for first, memory in large.items()}
assert [heard[s] for s in sorted(heard)] == said, "the messages are not those published"

(query,) = {(f["name"], f["filter"], f["limit"], f["text"]) for f in frames if f["frame"] == "QUERY"}
assert query == ("brewery.Temperature", "celsius > 3", 2, "how warm?")
(answer,) = [f for f in frames if f["frame"] == "ANSWER"]
assert answer["entry"]["messages"] == 2 and answer["entry"]["labels"] == {"tank": "3"}
assert answered == [b"answer one", b"answer two"]

record = next(f for f in frames if f["frame"] == "STREAMS" and f["entries"])["entries"][0]
assert record["name"] == "brewery.Temperature" and record["labels"] == {"tank": "3"}
assert record["source"] == "w1" and record["history"] == 3 and record["delivery"] == 0
names = {e["name"]: e["pattern"] for f in frames if f["frame"] == "WANTS" for e in f["entries"]}
assert names == {"brewery.Temperature": False, "brewery.Level": False, "house.*": True}
(first, second) = next(e["selections"] for f in frames if f["frame"] == "WANTS"
                       for e in f["entries"] if "selections" in e)
assert (first["where"], first["interval"], first["dead_bands"]) == ("litres > 3", 250_000_000,
                                                                    {"litres": "0.5"})
assert (second["where"], second["interval"], second["dead_bands"]) == ("litres < 1", 0, {})
asker = next(p["node"] for p in packets if any(f["frame"] == "NACK" for f in p["frames"]))


def fingerprint(selection, node=""):
    digest = hashlib.sha256(bytes.fromhex(selection["bytes"] + node)).digest()
    return int.from_bytes(digest[:8], "little")


withheld = [f for f in frames if f["frame"] == "GAP" and f["reason"] == 1]
assert {s for f in withheld for s in range(f["from"], f["to"] + 1)} == {1, 2, 3}
assert all(f["selections"] == [fingerprint(first, asker), fingerprint(second)] for f in withheld)
vias = {e["name"]: e["via"] for f in frames if f["frame"] == "WANTS" for e in f["entries"]}
assert vias == {"brewery.Temperature": [], "house.*": [], "brewery.Level": [0x99, 0x1234]}
passed_on = next(e for f in frames if f["frame"] == "STREAMS" for e in f["entries"] if "via" in e)
assert passed_on["via"] == [0x77, 0x1234] and passed_on["origin_stream"] == 5
assert passed_on["origin_host"] == "cellar" and passed_on["origin_name"] == "gauge"
assert passed_on["origin"] == "2a" + 22 * "0"
assert {f["hub"] for f in frames if f["frame"] == "HUB"} == {0x1234}
numbers = {}
for packet in packets:
    assert packet["number"] > numbers.get(packet["node"], 0), "a packet number was used again"
    numbers[packet["node"]] = packet["number"]
print(f"{len(packets)} packets and {len(frames)} frames are as docs/wire.md says")
