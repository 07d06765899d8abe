#!/usr/bin/env bash
# Loss in both directions: every value of a reliable stream arrives once and in order, or its absence
# is named. At 1 to 30 % nothing needs to be named; a cable pulled for longer than the publisher
# keeps is told exactly.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "values are lost on the way"
host a
host b
cable a va b vb 1

# delivered + named = published, in order, once: of b's output.
cat >"$lab_dir/oracle.py" <<'ORACLE'
import json, sys
seen, named, last = 0, 0, 0
for line in open(sys.argv[1]):
    if not line.startswith("{"):
        continue
    entry = json.loads(line)
    if "seq" not in entry and "gap" not in entry:  # a notice
        continue
    first, to = (entry["gap"]["from"], entry["gap"]["to"]) if "gap" in entry else (entry["seq"],) * 2
    assert last in (0, first - 1), f"{first} came after {last}"
    last = to
    if "gap" in entry:
        named += to - first + 1
    else:
        seen += 1
assert seen + named >= int(sys.argv[2]), "neither came nor named"
assert named <= int(sys.argv[3]), "more named than may be"
ORACLE
oracle() { python3 "$lab_dir/oracle.py" "$lab_dir/$1.out" "$2" "$3"; }
values() { grep -c '"seq"' "$lab_dir/$1.out" || true; }
ended() { [ "$(values "$1")" -ge "$2" ]; }

background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{n:i64}' 'n={{n}}' -r 1000
for permille in 0 10 50 200 300; do
  lose a va "$permille"
  lose b vb "$permille"
  background b "$lab_dir/sub$permille.out" "$DTS" sub lab.Reading --json
  subscriber=$lab_last
  check "2,000 values arrive at $((permille / 10)) % loss" wait_for 60 ended "sub$permille" 2000
  interrupt "$subscriber"
  check "each once, in order, none missing" oracle "sub$permille" 2000 0
done
lose a va 0
lose b vb 0

background b "$lab_dir/cut.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 20 ended cut 100
on b ip link set vb down
sleep 2
before=$(values cut)
on b ip link set vb up
check "after a cut of two seconds what was missed arrives" wait_for 20 ended cut $((before + 1500))
interrupt "$subscriber"
check "each once, in order, none missing" oracle cut 1500 0
lab_end
