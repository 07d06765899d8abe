#!/usr/bin/env python3
"""Makes vectors.json with Python's xml.etree and xml.dom.minidom: ./make_vectors.py > vectors.json

Every line is a case: the notation of a type, a value as JSON text, the XML that DTS writes for it,
and other XML of the same value, which DTS reads.
"""
import base64
import json
import xml.dom.minidom
import xml.etree.ElementTree as ET

XSI = "http://www.w3.org/2001/XMLSchema-instance"
NIL = object()


class Base64:
    """A text that XML cannot hold."""

    def __init__(self, text):
        self.text = text


def child(parent, name, content):
    build(ET.SubElement(parent, name), content)


def build(element, content):
    """A scalar's text, a dict for members, a list for items, pairs in a tuple for a map."""
    if content is NIL:
        element.set("{%s}nil" % XSI, "true")
    elif isinstance(content, Base64):
        element.set("enc", "base64")
        element.text = base64.b64encode(content.text.encode()).decode()
    elif isinstance(content, dict):
        for name, member in content.items():
            child(element, name, member)
    elif isinstance(content, list):
        for item in content:
            child(element, "item", item)
    elif isinstance(content, tuple):
        for key, value in content:
            child(element, "entry", {"key": key, "value": value})
    else:
        element.text = content


def spelt(root):
    # ElementTree writes a carriage return as it is, which every parser reads as a line feed.
    return ET.tostring(root, encoding="unicode").replace("\r", "&#13;").replace(" />", "/>")


def others(root):
    """The same document by other hands."""
    yield ET.tostring(root, encoding="us-ascii", xml_declaration=True).decode().replace("\r", "&#13;")
    text = spelt(root)
    yield xml.dom.minidom.parseString(text).toxml().replace("\r", "&#13;")
    ET.indent(root, "\t")
    yield "\ufeff" + ET.tostring(root, encoding="unicode", short_empty_elements=False).replace(
        "\r", "&#13;")
    yield text.replace("<t.Case", '<!-- a comment --><?a thing?>\n<q:t.Case xmlns:q="urn:q"').replace(
        "</t.Case>", "</q:t.Case>\n").replace("&amp;", "&#38;").replace("&gt;", "&#x3E;")


# notation of field x, JSON of its value, content
CASES = [
    ("bool", True, "true"),
    ("i8", -128, "-128"),
    ("i64", str(-(2**63)), str(-(2**63))),
    ("u64", str(2**64 - 1), str(2**64 - 1)),
    ("f64", 0.1, "0.1"),
    ("f64", 5e-324, "5e-324"),
    ("f32", 1e10, "1e+10"),
    ("f64", "NaN", "NaN"),
    ("f64", "Infinity", "INF"),
    ("f64", "-Infinity", "-INF"),
    ("text", "plain", "plain"),
    ("text", "", ""),
    ("text", " a\tb\n ", " a\tb\n "),
    ("text", "<a href=\"x\">&amp;</a> ]]>", "<a href=\"x\">&amp;</a> ]]>"),
    ("text", "line\r\nends\r", "line\r\nends\r"),
    ("text", "\u00e9 \u2028 \ufffd \U0001f376 \x7f\x85", "\u00e9 \u2028 \ufffd \U0001f376 \x7f\x85"),
    ("text", "nul \0", Base64("nul \0")),
    ("text", "\x1b[1m", Base64("\x1b[1m")),
    ("text", "\ufffe", Base64("\ufffe")),
    ("bytes", "", ""),
    ("bytes", base64.b64encode(bytes(range(256))).decode(), base64.b64encode(bytes(range(256))).decode()),
    ("time", "2026-11-22T10:24:48.123456789Z", "2026-11-22T10:24:48.123456789Z"),
    ("duration", "-0.000000001s", "-0.000000001s"),
    ("decimal", "12.50", "12.50"),
    ("list<i8>", [], []),
    ("list<i8>", [1, -2], ["1", "-2"]),
    ("list<list<text>>", [["a"], [], ["", "b"]], [["a"], [], ["", "b"]]),
    ("array<bool, 2>", [True, False], ["true", "false"]),
    ("map<text, i8>", {"": 1, "a < b": 2}, (("", "1"), ("a < b", "2"))),
    ("map<text, i8>", {"\u0001": 1}, ((Base64("\u0001"), "1"),)),
    ("map<i64, bool>", {"-3": True, "12": False}, (("-3", "true"), ("12", "false"))),
    ("list<optional<i8>>", [1, None], ["1", NIL]),
    ("map<i8, optional<text>>", {"1": None, "2": ""}, (("1", NIL), ("2", ""))),
    ("any", {}, {}),
    ("any", {"type": "a.B{y:i32}", "value": {"y": 5}}, {"type": "a.B{y:i32}", "value": {"y": "5"}}),
    ("any", {"type": "a.C{m:map<i8, text>}", "value": {"m": {"1": "&"}}},
     {"type": "a.C{m:map<i8, text>}", "value": {"m": (("1", "&"),)}}),
]

for notation, value, content in CASES:
    root = ET.Element("t.Case")
    child(root, "x", content)
    line = [f"t.Case{{x:{notation}}}", json.dumps({"x": value}, ensure_ascii=False), spelt(root)]
    print(json.dumps(line + list(others(root))))
