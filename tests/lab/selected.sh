#!/usr/bin/env bash
# A publisher of 1,000 values/s, and one who takes few of them, by a filter, a rate or a dead band:
# the cable carries hardly more than those. When another who takes everything joins, everything
# comes; when he leaves, it is spared again. Neither misses what it takes, though 5 % are lost.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "what nobody takes stays off the cable"
host a
host b
cable a va b vb 1

# What one took, of the file of one who took everything for a part of the time.
cat >"$lab_dir/taken.py" <<'TAKEN'
import decimal, json, re, sys
def rows(file):
    entries = [json.loads(line) for line in open(file) if line.startswith("{")]
    assert not [e for e in entries if "gap" in e], "something is named as lost"
    return [e for e in entries if "seq" in e]
some, everything = rows(sys.argv[1]), rows(sys.argv[2])
seqs = [e["seq"] for e in everything]
assert len(seqs) > 400 and seqs == list(range(seqs[0], seqs[0] + len(seqs))), "values are missing"
if sys.argv[3] == "--where":  # the last are on their way to one and not yet to the other
    took = {e["seq"] for e in some}
    assert all(e["v"]["x"] == 7 for e in some)
    assert not [e for e in everything[:-100] if e["v"]["x"] == 7 and e["seq"] not in took]
elif sys.argv[3] == "--dead-band":  # of a counter, so each is exactly so much behind the last
    steps = [b["v"]["n"] - a["v"]["n"] for a, b in zip(some, some[1:])]
    assert set(steps) == {100}, steps
else:  # the k-th not before k intervals, of the source's clock
    words = [re.split("[:Z]", e["t"]) for e in some]
    times = [decimal.Decimal(w[1]) * 60 + decimal.Decimal(w[2]) for w in words]
    late = [(t - times[0]) % 3600 - k * decimal.Decimal("0.1") for k, t in enumerate(times)]
    assert min(late) >= 0, late
TAKEN

received() { on b cat /sys/class/net/vb/statistics/rx_packets; }
packets_in_a_second() {
  local before
  before=$(received)
  sleep 1
  echo $(($(received) - before))
}
is_spared() { [ "$(packets_in_a_second)" -lt 150 ]; }
is_whole() { [ "$(packets_in_a_second)" -gt 400 ]; }

lose b vb 50
background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{n:i64, x:i32}' \
  'n={{n}}' 'x={{rand 0 99}}' -r 1000 -q
for selection in "--where:x == 7" "--max-rate:10" "--dead-band:n=100"; do
  flag=${selection%%:*}
  some="$lab_dir/some$flag.out" all="$lab_dir/all$flag.out"
  background b "$some" "$DTS" sub lab.Reading --json "$flag" "${selection#*:}"
  one=$lab_last
  check "who takes by $flag has values" wait_for 20 has_values "$some" 5
  check "and the others stay off the cable" wait_for 20 is_spared
  background b "$all" "$DTS" sub lab.Reading --json
  check "for one who takes everything all of them come" wait_for 20 is_whole
  check "to it" wait_for 20 has_values "$all" 1000
  interrupt
  check "and stay off when it has left" wait_for 20 is_spared
  check "values go on" wait_for 20 has_values "$some" $(($(values "$some") + 5))
  interrupt "$one"
  check "neither has missed what it takes" python3 "$lab_dir/taken.py" "$some" "$all" "$flag"
done
lab_end
