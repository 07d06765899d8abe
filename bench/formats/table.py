#!/usr/bin/env python3
"""table.py FILE: the figures of dts_formats_bench (its JSON output) and of python_peers.py (JSON
lines on standard input) as tables of ratios in Markdown. A ratio above 1 says that DTS is faster;
for lists it is the time against memcpy."""
import json
import sys

figures, counters = {}, {}
for row in json.load(open(sys.argv[1], encoding="utf-8"))["benchmarks"]:
    name = row["run_name"] if row.get("run_type") == "aggregate" else row["name"]
    if row.get("aggregate_name", "median") != "median":
        continue
    scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[row["time_unit"]]
    figures[name] = row["cpu_time"] * scale
    counters[name] = row
for line in sys.stdin:
    row = json.loads(line)
    figures[row["name"]] = row["ns"]


def nanoseconds(value):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if value >= 10 * size:
            return f"{value / size:.1f} {unit}"
    return f"{value:.0f} ns"


print("#### One record of ten fields\n")
print("| what | DTS | message | peer | its time | peer / DTS |")
print("|---|---|---|---|---|---|")
for name in sorted(figures):
    parts = name.split("/")
    if parts[0] not in ("encode", "decode") or len(parts) != 2:
        continue
    size = counters[f"encode/{parts[1]}"].get("bytes", 0)
    peers = [peer for peer in sorted(figures) if peer.startswith(name + "/")]
    for peer in peers or [""]:
        theirs = f"{nanoseconds(figures[peer])} | {figures[peer] / figures[name]:.2f}" if peer else "| "
        print(f"| {parts[1]}, {parts[0]} | {nanoseconds(figures[name])} | {size:.0f} B | "
              f"{peer.split('/')[-1]} | {theirs} |")

for what, text in (("million_f64", "A list of a million f64"), ("100MiB", "100 MiB of bytes")):
    base = figures[f"{what}/memcpy"]
    print(f"\n#### {text}, memcpy {nanoseconds(base)}\n\n| format | encode / memcpy | decode / memcpy |")
    print("|---|---|---|")
    for name in sorted(figures):
        parts = name.split("/")
        if parts[0] == what and len(parts) == 3 and parts[1] == "encode":
            other = figures[f"{what}/decode/{parts[2]}"]
            print(f"| {parts[2]} | {figures[name] / base:.2f} | {other / base:.2f} |")

print("\n#### Plans of a pair of types of 20 fields\n\n| format | plan | with the assignment | memory | "
      "a unit adds, per field |\n|---|---|---|---|---|")
for name in sorted(figures):
    if not name.startswith("plan/decoder_20_fields/"):
        continue
    fmt = name.split("/")[-1]
    unit = (figures[f"units/20_f64_converted/{fmt}"] - figures[f"units/20_f64_same/{fmt}"]) / 20
    print(f"| {fmt} | {nanoseconds(figures[name])} | {nanoseconds(figures[f'plan/both_20_fields/{fmt}'])} | "
          f"{counters[name]['plan_bytes'] / 1024:.1f} KiB | {unit:.1f} ns |")
