#!/usr/bin/env python3
"""Python's C libraries over the record of record.hpp: pickle, cbor2, msgpack. One JSON line each:
{"name": "encode/pickle/cpython", "ns": 1234.5}, the best of five runs, like the rows of
dts_formats_bench."""
import json
import pickle
import timeit

import cbor2
import msgpack

RECORD = {
    "id": 1152921504606846976, "temperature": 21.4375, "station": "KSEA-station",
    "readings": [1.125, 2.7182818284, 3.14159265, 4.5, 5.75, -6.0625, 7.1, 8.2],
    "inner": {"x": -42, "y": 0.3333333333}, "color": "green", "at": 1789000000123456789,
    "flag": True, "count": 77, "ratio": 0.25,
}


def measure(name, call, count=100_000):
    seconds = min(timeit.repeat(call, number=count, repeat=5))
    print(json.dumps({"name": name, "ns": round(seconds / count * 1e9, 1)}))


for format_name, library, dumps, loads in (
        ("pickle", "cpython", lambda v: pickle.dumps(v, 4), pickle.loads),
        ("cbor", "cbor2", cbor2.dumps, cbor2.loads),
        ("messagepack", "msgpack", msgpack.packb, msgpack.unpackb)):
    data = dumps(RECORD)
    measure(f"encode/{format_name}/{library}", lambda: dumps(RECORD))
    measure(f"decode/{format_name}/{library}", lambda: loads(data))
