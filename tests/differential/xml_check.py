#!/usr/bin/env python3
"""Our XML against Python's ElementTree: it reads what we write, we read what it writes.

usage: xml_check.py MESSAGES_PROGRAM [COUNT]
"""
import base64
import json
import math
import random
import sys
import xml.etree.ElementTree as ET

import messages

PROGRAM = sys.argv[1]
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def text_of(element):
    text = element.text or ""
    return base64.b64decode(text).decode() if element.get("enc") == "base64" else text


def same_text(text, value):
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, (int, float)):
        return math.isclose(float(text), value, rel_tol=0) if "." in text or "e" in text else int(
            text) == value
    return text == {"Infinity": "INF", "-Infinity": "-INF"}.get(value, value) or text == value


def same(element, value):
    """Does the element hold what the JSON value is?"""
    if value is None:
        return element.get(NIL) == "true" and len(element) == 0 and not element.text
    if isinstance(value, dict):
        if len(element) > 0 and element[0].tag == "entry":
            rows = [(text_of(entry.find("key")), entry.find("value")) for entry in element]
        else:
            rows = [(child.tag, child) for child in element]
        return [key for key, _ in rows] == list(value) and all(
            same(child, value[key]) for key, child in rows)
    if isinstance(value, list):
        return (len(element) == len(value) and all(child.tag == "item" for child in element)
                and all(map(same, element, value)))
    return len(element) == 0 and same_text(text_of(element), value)


def rewritten(document, dice):
    root = ET.fromstring(document)
    if dice.random() < 0.5:
        ET.indent(root, dice.choice(["", " ", "\t", "\n"]))
    encoding = dice.choice(["unicode", "us-ascii", "utf-8"])
    text = ET.tostring(root, encoding=encoding, xml_declaration=encoding != "unicode",
                       short_empty_elements=dice.random() < 0.5)
    text = text if isinstance(text, str) else text.decode()
    # It writes a carriage return as it is, which is a line feed to every reader.
    return text.replace("\r", "&#13;")


dice = random.Random(1)
asked = []
for written in messages.write(PROGRAM, "xml", COUNT):
    document = written.message.decode()
    root = ET.fromstring(document)
    assert root.tag == "gen.Root" and same(root, json.loads(written.shown)), f"{written}\n{document}"
    asked.append((written, rewritten(document, dice).encode()))
messages.expect_read(PROGRAM, "xml", asked)
print(f"{COUNT} documents agree with Python's ElementTree, both ways")
