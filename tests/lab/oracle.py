#!/usr/bin/env python3
"""oracle.py OUTPUT [flags]: was every number accounted for, exactly once and in order?

OUTPUT is what `dts sub --json` printed of publishers that number their values: value i of a source
is {"n": i}. Each value and each notice of a gap must begin exactly where the one before it ended.
Prints what it counted; exit code 1 with the first thing that is wrong.

  --at-least N     so many numbers of each run of a publisher have come or were named
  --to N           each run's numbers are accounted for up to N
  --from N         ... and from N on; without it a subscriber may begin anywhere
  --named-max N    no more were named than this (0: all came); without it any number may be
  --runs N         so many runs of publishers were heard (1), whether told apart by name or not:
                   the numbers of a new run begin anew
"""
import argparse
import json
import sys


class Run:
    def __init__(self, key, first):
        self.key, self.first, self.last = key, first, first - 1
        self.came = self.named = self.notices = 0


def entries(path):
    """(source, first, last, value or None) of each value and notice of a gap."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            # The last line may be half written; other texts are for people.
            if not line.startswith("{") or not line.endswith("\n"):
                continue
            entry = json.loads(line)
            key = (entry.get("type"), entry.get("src"))
            if "gap" in entry:
                yield key, entry["gap"]["from"], entry["gap"]["to"], None
            elif "seq" in entry:
                yield key, entry["seq"], entry["seq"], entry["v"]


def judge(args):
    runs, newest = [], {}
    for key, first, last, value in entries(args.output):
        assert first <= last, f"{key}: a gap from {first} to {last}"
        run = newest.get(key)
        if not run or (first <= run.last and len(runs) < args.runs):
            run = newest[key] = Run(key, first)
            runs.append(run)
        assert first == run.last + 1, f"{key}: {first} came after {run.last}"
        run.last = last
        if value is None:
            run.named += last - first + 1
            run.notices += 1
        else:
            run.came += 1
            assert value.get("n") in (first, str(first)), f"{key}: {first} has the value {value}"
    for run in runs:
        counted = run.came + run.named
        assert counted >= args.at_least, f"{run.key}: only {counted} came or were named"
        assert args.to in (None, run.last), f"{run.key}: ends with {run.last}, not {args.to}"
        assert args.begin in (None, run.first), f"{run.key}: begins with {run.first}"
        assert args.named_max is None or run.named <= args.named_max, (
            f"{run.key}: {run.named} were named")
    assert len(runs) == args.runs, f"{len(runs)} runs of publishers, not {args.runs}"
    return runs


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("output")
    parser.add_argument("--at-least", type=int, default=1)
    parser.add_argument("--to", type=int)
    parser.add_argument("--from", type=int, dest="begin")
    parser.add_argument("--named-max", type=int)
    parser.add_argument("--runs", type=int, default=1)
    args = parser.parse_args()
    try:
        runs = judge(args)
    except AssertionError as wrong:
        print(f"          oracle: {wrong}")
        sys.exit(1)
    came, named, notices = (sum(getattr(run, key) for run in runs)
                            for key in ("came", "named", "notices"))
    print(f"          {came} came, {named} named in {notices} notices")


main()
