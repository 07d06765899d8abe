"""Rows of vectors.json as the scripts of the binary formats make them (and binary_golden_test.cpp
reads them):
  [type in notation, the value as DTS writes JSON, hex as DTS writes it, other hex it reads ...]
or, for what is refused,
  [type in notation, "", the start of the error, hex ...]
An encoding is given as hex, or as x(Python object) for the format's library.
"""
import json


def x(value):
    return {"x": value}


class Vectors:
    def __init__(self, dumps):
        self.dumps = dumps
        self.rows = []

    def case(self, notation, value, *encodings):
        """The first encoding is what DTS writes."""
        text = json.dumps(x(value), ensure_ascii=False, separators=(",", ":"))
        self.add(notation, text, map(self.encoded, encodings))

    def refuse(self, notation, error, *encodings):
        self.add(notation, "", [error, *map(self.encoded, encodings)])

    def add(self, notation, text, cells):
        self.rows.append([notation if "{" in notation else f"t.Case{{x:{notation}}}", text, *cells])

    def encoded(self, encoding):
        return encoding if isinstance(encoding, str) else self.dumps(encoding).hex()

    def print(self):
        for row in self.rows:
            print(json.dumps(row, ensure_ascii=False))
