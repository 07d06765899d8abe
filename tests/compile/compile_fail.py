#!/usr/bin/env python3
"""Declarations that must not compile, and the text that must tell what to do.

Each case of unsupported.txt is compiled by g++ and by clang++-16:

    == name | text the compiler must print
    declarations; `Subject` is the type whose layout is asked for

A case whose text is "compiles" must compile without a warning, which proves that the frame itself
is sound. Where the compilers print different texts they are given as "g++ text || clang++ text".
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FRAME = """\
#include <dts/declare.hpp>
{body}
const dts::Layout& layout() {{ return dts::layout_of<Subject>(); }}
"""


def cases():
    text = (HERE / "unsupported.txt").read_text()
    for block in re.split(r"^== ", text, flags=re.M)[1:]:
        head, body = block.split("\n", 1)
        name, expected = (part.strip() for part in head.split("|", 1))
        yield name, [part.strip() for part in expected.split("||")], body


def run(task):
    compiler, name, expected, body = task
    process = subprocess.run(
        [compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", "-x", "c++",
         f"-I{ROOT}/include", "-"],
        input=FRAME.format(body=body), capture_output=True, text=True)
    output = " ".join(process.stderr.split())
    wanted = expected[-1] if compiler.startswith("clang") else expected[0]
    if wanted == "compiles":
        if process.returncode == 0 and not output:
            return None
        return f"{name} ({compiler}) must compile, and does not:\n{process.stderr[:2000]}"
    if process.returncode == 0:
        return f"{name} ({compiler}) compiles, and must not"
    if wanted not in output:
        return f"{name} ({compiler}) does not say \"{wanted}\":\n{process.stderr[:2000]}"
    return None


def main():
    compilers = [name for name in ("g++", "clang++-16") if shutil.which(name)]
    if len(compilers) < 2:
        sys.exit("both g++ and clang++-16 are needed: ./dev setup")
    tasks = [(compiler, *case) for case in cases() for compiler in compilers]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = [problem for problem in pool.map(run, tasks) if problem]
    print("\n".join(problems) or f"{len(tasks)} compilations, all as they must be")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
