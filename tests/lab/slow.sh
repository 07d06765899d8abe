#!/usr/bin/env bash
# A publisher that waits (--wait), at full speed, to a subscriber whose handler is slow and one that
# is stopped for two seconds: nothing is lost, nothing named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a publisher waits for who is slow"
host a
host b
cable a va b vb 1

# 1..N, each once and in order, and no gap: of b's output.
cat >"$lab_dir/oracle.py" <<'ORACLE'
import json, sys
last = 0
for line in open(sys.argv[1]):
    if not line.startswith("{"):
        continue
    entry = json.loads(line)
    assert "gap" not in entry, f"named: {entry}"
    if "seq" not in entry:
        continue
    assert entry["v"]["n"] == last + 1, f"{entry['v']['n']} came after {last}"
    last += 1
assert last == int(sys.argv[2]), f"{last} came"
ORACLE
oracle() { python3 "$lab_dir/oracle.py" "$lab_dir/$1.out" "$2"; }
values() { grep -c '"seq"' "$lab_dir/$1.out" || true; }
ended() { [ "$(values "$1")" -ge "$2" ]; }
publish() {
  "$DTS" pub lab.Reading --define 'lab.Reading{n:i64}' 'n={{n}}' --require 1 --wait 20s "$@"
}
export -f publish

# What it prints is read only after two seconds: until then its handler stands in a full pipe.
background b "$lab_dir/piped.out" bash -c '"$DTS" sub lab.Reading --json -n 30000 | { sleep 2; exec cat; }'
piped=$lab_last
check "30,000 values are published as fast as a slow handler takes them" \
  on a bash -c 'publish -n 30000'
check "all of them arrive" wait_for 30 ended piped 30000
check "each once, in order, none named" oracle piped 30000
wait "$piped"

background b "$lab_dir/stopped.out" "$DTS" sub lab.Reading --json -n 30000
stopped=$lab_last
background a "$lab_dir/pub.out" bash -c 'publish -n 30000'
check "values arrive" wait_for 20 ended stopped 1000
kill -STOP "$stopped"
sleep 2
kill -CONT "$stopped"
check "after a stop of two seconds the rest arrives" wait_for 30 ended stopped 30000
check "each once, in order, none named" oracle stopped 30000
lab_end
