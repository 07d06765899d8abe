#!/usr/bin/env python3
"""compare.py PROGRAM [ROUNDS]: the formats beside the libraries of others, as tables in Markdown.

PROGRAM is dts_formats_bench. What is compared is measured in turn, a few milliseconds each, round
after round, on the clock of the thread; a ratio is the median of the rounds' ratios. What else the
machine does then falls on both sides alike. Python's C libraries are measured here, in the same turn.
"""
import pickle
import statistics
import subprocess
import sys
import time
import timeit

import cbor2
import msgpack

RECORD = {  # that of record.hpp
    "id": 1152921504606846976, "temperature": 21.4375, "station": "KSEA-station",
    "readings": [1.125, 2.7182818284, 3.14159265, 4.5, 5.75, -6.0625, 7.1, 8.2],
    "inner": {"x": -42, "y": 0.3333333333}, "color": "green", "at": 1789000000123456789,
    "flag": True, "count": 77, "ratio": 0.25,
}
PYTHON = {}
for _format, _library, _dumps, _loads in (
        ("pickle", "CPython", lambda value: pickle.dumps(value, 4), pickle.loads),
        ("cbor", "cbor2", cbor2.dumps, cbor2.loads),
        ("messagepack", "msgpack", msgpack.packb, msgpack.unpackb)):
    PYTHON[f"encode/{_format}/{_library}"] = (lambda dumps=_dumps: dumps(RECORD))
    PYTHON[f"decode/{_format}/{_library}"] = (lambda loads=_loads, data=_dumps(RECORD): loads(data))

# (what DTS does, beside what, in words, at least so many times faster or, with a minus sign, at
# most so many times its time); None: there is no wish.
RECORDS = [
    ("encode/protobuf", "encode/protobuf/generated_serialize_only",
     "libprotobuf's generated code, its message filled before", -1.0),
    ("encode/protobuf", "encode/protobuf/generated", "the same, filling included", None),
    ("decode/protobuf", "decode/protobuf/generated_parse_only",
     "libprotobuf's generated code, left in its message", -1.0),
    ("decode/protobuf", "decode/protobuf/generated", "the same, and read out of it", None),
    ("encode/protobuf", "encode/protobuf/dynamic", "libprotobuf's DynamicMessage", 15),
    ("decode/protobuf", "decode/protobuf/dynamic", "libprotobuf's DynamicMessage", 15),
    ("encode/capnproto", "encode/capnproto/generated", "libcapnp's generated code", -1.0),
    ("decode/capnproto", "decode/capnproto/generated", "libcapnp's generated code", -1.0),
    ("encode/cbor", "encode/protobuf", "DTS, protobuf", -2.0),
    ("decode/cbor", "decode/protobuf", "DTS, protobuf", -2.0),
    ("encode/cbor", "encode/cbor/cbor2", "Python's cbor2, in C", 4),
    ("decode/cbor", "decode/cbor/cbor2", "Python's cbor2, in C", 4),
    ("encode/cbor", "encode/cbor/nlohmann", "nlohmann", 4),
    ("decode/cbor", "decode/cbor/nlohmann", "nlohmann", 4),
    ("encode/messagepack", "encode/protobuf", "DTS, protobuf", -2.0),
    ("decode/messagepack", "decode/protobuf", "DTS, protobuf", -2.0),
    ("encode/messagepack", "encode/messagepack/msgpack", "Python's msgpack, in C", 4),
    ("decode/messagepack", "decode/messagepack/msgpack", "Python's msgpack, in C", 4),
    ("encode/messagepack", "encode/messagepack/nlohmann", "nlohmann", 4),
    ("decode/messagepack", "decode/messagepack/nlohmann", "nlohmann", 4),
    ("encode/messagepack", "encode/messagepack/msgpack_cxx", "msgpack-cxx", None),
    ("decode/messagepack", "decode/messagepack/msgpack_cxx", "msgpack-cxx, to its tree", None),
    ("encode/json", "encode/json/libprotobuf", "libprotobuf's printer", 8),
    ("decode/json", "decode/json/simdjson", "simdjson on demand alone", -1.3),
    ("encode/json", "encode/json/nlohmann", "nlohmann", None),
    ("decode/json", "decode/json/nlohmann", "nlohmann", None),
    ("decode/json", "decode/json/libprotobuf", "libprotobuf's parser", None),
    ("encode/ion", "encode/messagepack", "DTS, messagepack", -2.0),
    ("decode/ion", "decode/messagepack", "DTS, messagepack", -2.0),
    ("encode/xml", "encode/xml/pugixml", "pugixml, building its tree", 2),
    ("decode/xml", "decode/xml/pugixml", "pugixml, walking its tree", 2),
    ("encode/pickle", "encode/pickle/CPython", "CPython's pickle, in C", 1),
    ("decode/pickle", "decode/pickle/CPython", "CPython's pickle, in C", 1),
]
FORMATS = ("capnproto", "cbor", "protobuf", "messagepack", "ion", "pickle", "json", "xml")
NUMBERS_MOST = {"capnproto": -1.3, "cbor": -1.3, "protobuf": -1.3}
PLAN_NS_MAX, PLAN_BYTES_MAX, UNIT_NS_MAX = 20_000, 8192, 5


class Program:
    """dts_formats_bench, asked line by line."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.notes = {}

    def measure(self, name, milliseconds):
        if name in PYTHON:
            return python_ns(PYTHON[name], milliseconds)
        print(name, milliseconds, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        try:
            nanoseconds, self.notes[name] = map(float, answer.split())
        except ValueError:
            sys.exit(f"compare.py: {answer.strip() or 'dts_formats_bench ended'}, asked for {name}")
        return nanoseconds

    def rounds(self, names, count, milliseconds):
        """{name: [nanoseconds, one per round]}"""
        figures = {name: [] for name in names}
        for _ in range(count):
            for name in names:
                figures[name].append(self.measure(name, milliseconds))
        return figures


def python_ns(call, milliseconds):
    """The median of some batches, as dts_formats_bench has it."""
    timer = timeit.Timer(call, timer=time.thread_time)
    timer.timeit(100)
    count = max(1, int(0.2 * milliseconds / 1000 / (timer.timeit(100) / 100)))
    return statistics.median(timer.repeat(5, count)) / count * 1e9


def text(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= 10 * size:
            return f"{nanoseconds / size:.1f} {unit}"
    return f"{nanoseconds:.0f} ns" if nanoseconds >= 10 else f"{nanoseconds:.1f} ns"


missed = []


def met(fine, what):
    if fine:
        return "yes"
    missed.append(what)
    return "**no**"


def compared(figures, ours, theirs, wish):
    """Cells: ours, theirs, ratio, wish, met."""
    pairs = list(zip(figures[ours], figures[theirs]))
    cells = [text(statistics.median(figures[ours])), text(statistics.median(figures[theirs]))]
    times = statistics.median(a / b for a, b in pairs)
    faster = statistics.median(b / a for a, b in pairs)
    if wish is None or wish > 0:
        wanted = "" if wish is None else f"at least {wish}"
        fine = wish is None or faster >= wish
        cells += [f"{faster:.2f} times faster", wanted]
    else:
        fine = times <= -wish
        cells += [f"{times:.2f} of its time", f"at most {-wish}"]
    verdict = met(fine, f"{ours} beside {theirs}: {cells[2]}, wanted {cells[3]}")
    return cells + ["" if wish is None else verdict]


def row(*cells):
    print("| " + " | ".join(cells) + " |")


def records(program, rounds):
    names = list(dict.fromkeys(name for pair in RECORDS for name in pair[:2]))
    groups = {}  # what is compared with each other is measured next to each other
    for name in names:
        verb, form = name.split("/")[:2]
        groups.setdefault("json" if form == "json" else verb, []).append(name)
    figures = {}
    for _ in range(rounds):
        for group in groups.values():
            for name, values in program.rounds(group, 1, 3).items():
                figures.setdefault(name, []).extend(values)
    print("#### One record of ten fields, every check on\n")
    row("what", "bytes", "DTS", "beside", "its time", "DTS is", "wanted", "met")
    row(*["---"] * 8)
    for ours, theirs, words, wish in RECORDS:
        verb, form = ours.split("/")
        mine, other, ratio, wanted, fine = compared(figures, ours, theirs, wish)
        row(f"{form}, {verb}", f"{program.notes[f'encode/{form}']:.0f}", mine, words, other, ratio,
            wanted, fine)


def lists(program, what, title, formats, wishes, rounds):
    base = f"{what}/memcpy"
    print(f"\n#### {title}, beside memcpy of as many bytes\n")
    row("what", "DTS", "memcpy", "DTS takes", "wanted", "met")
    row(*["---"] * 6)
    for form in formats:
        for verb in ("encode", "decode"):
            name = f"{what}/{verb}/{form}"
            figures = program.rounds([base, name], rounds, 3)
            mine, other, ratio, wanted, fine = compared(figures, name, base, wishes.get(form, -1e9))
            row(f"{form}, {verb}", mine, other, ratio, *((wanted, fine) if form in wishes else ("", "")))


def plans(program, rounds):
    print("\n#### The plan of a pair of types of 20 fields; what a change of unit adds to a field\n")
    row("format", "plan", "with the assignment", "wanted", "memory", "wanted", "unit", "wanted", "met")
    row(*["---"] * 9)
    for form in sorted(FORMATS):
        plan, both = f"plan/decoder/{form}", f"plan/both/{form}"
        same, converted = f"units/same/{form}", f"units/converted/{form}"
        figures = program.rounds([plan, both, same, converted], rounds, 3)
        middle = {name: statistics.median(values) for name, values in figures.items()}
        unit = statistics.median((b - a) / 20 for a, b in zip(figures[same], figures[converted]))
        memory = program.notes[plan]
        fine = middle[plan] < PLAN_NS_MAX and memory < PLAN_BYTES_MAX and unit < UNIT_NS_MAX
        row(form, text(middle[plan]), text(middle[both]), "< 20 us", f"{memory / 1024:.1f} KiB", "< 8 KiB",
            text(max(unit, 0)), "< 5 ns",
            met(fine, f"plan of {form}: {text(middle[plan])}, {memory / 1024:.1f} KiB, {unit:.1f} ns a unit"))


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    program = Program(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) == 3 else 25
    records(program, rounds)
    lists(program, "million_f64", "A list of a million f64", FORMATS, NUMBERS_MOST, max(3, rounds // 3))
    binary = FORMATS[:6]
    lists(program, "100MiB", "100 MiB of bytes", binary, {form: -1.3 for form in binary},
          max(3, rounds // 5))
    plans(program, max(3, rounds // 3))
    print("\n" + ("All that is wanted is met." if not missed else "Missed:\n"))
    for each in missed:
        print(f"- {each}")


main()
