#!/usr/bin/env bash
# Two hosts, one cable, nothing configured: real readings cross; who comes late has the last value at
# once; a type the receiver has never seen is shown; a mismatch is explained field by field.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "two hosts, nothing configured"
host a
host b
cable a va b vb 1

background a "$lab_dir/source.out" "$DTS" source host
wait_for 20 on b "$DTS" get host.Memory --timeout 2s || true
on b "$DTS" sub host.Memory --json -n 3 --timeout 15s >"$lab_dir/sub.out" 2>"$lab_dir/sub_err.out" || true
check "three readings of host a arrive on host b" [ "$(grep -c '"type":"host.Memory"' "$lab_dir/sub.out")" = 3 ]
on b "$DTS" ls >"$lab_dir/ls.out" 2>&1 || true
check "dts ls on b lists the types of a" has "$lab_dir/ls.out" host.Memory

# The publisher says one value and then nothing more.
background a "$lab_dir/pub.out" bash -c \
  "(echo '{\"celsius\": 18.5, \"tank\": 3}'; sleep 600) | '$DTS' pub lab.Reading --define 'lab.Reading{celsius:f64[Cel], tank:i32}' -"
wait_for 15 on b "$DTS" get lab.Reading --timeout 2s || true
began=$(date +%s%N)
on b "$DTS" sub lab.Reading --json -n 1 --timeout 10s >"$lab_dir/late.out" 2>"$lab_dir/late_err.out" || true
took_ms=$((($(date +%s%N) - began) / 1000000))
check "a late joiner has the last value" has "$lab_dir/late.out" 18.5
check "though the publisher said it once, before (it took ${took_ms} ms)" \
  [ "$(grep -c celsius "$lab_dir/late.out")" = 1 ]
on b "$DTS" show lab.Reading >"$lab_dir/show.out" 2>&1 || true
check "b knows the type it has never seen, units included" has "$lab_dir/show.out" Cel
check "and its fields" has "$lab_dir/show.out" tank

# delivered + named = published, from the first value to the last, for one who waits and for a pattern.
for wish in lab.Count 'lab.C*'; do
  background b "$lab_dir/count.out" "$DTS" sub "$wish" --json
  waiting=$lab_last
  wait_for 20 bash -c "ip netns exec '$lab_prefix-b' '$DTS' nodes 2>/dev/null | grep -q dts-sub" || true
  on a "$DTS" pub lab.Count --define 'lab.Count{n:i64}' 'n={{n}}' -r 20 -n 12 >"$lab_dir/count_pub.out" 2>&1
  wait_for 20 has "$lab_dir/count.out" '"n":12' || true
  interrupt "$waiting"
  check "of 12 values to '$wish' each has arrived or is named" python3 -c '
import json, sys
seen = set()
for line in open(sys.argv[1]):
    if line.startswith("{\"type\""):
        row = json.loads(line)
        gap = row.get("gap")
        seen.update(range(gap["from"], gap["to"] + 1) if gap else [row["seq"]])
sys.exit(seen != set(range(1, 13)))' "$lab_dir/count.out"
done

background a "$lab_dir/kept.out" "$DTS" pub lab.Kept --define 'lab.Kept{n:i32}' 'n={{n}}' --keep 20 -r 50
wait_for 20 on b "$DTS" get lab.Kept --timeout 2s || true
on b "$DTS" query lab.Kept -w 'n > 0' -n 5 -t 10s --json >"$lab_dir/query.out" 2>"$lab_dir/query_err.out" || true
check "a query is answered by the other host with the newest five" \
  [ "$(grep -c '"type":"lab.Kept"' "$lab_dir/query.out")" = 5 ]
status=0
on b "$DTS" query lab.Kept -w 'm > 0' -t 10s >"$lab_dir/refused.out" 2>&1 || status=$?
check "and a filter that it cannot answer is named" has "$lab_dir/refused.out" 'has no field "m"'
check "with exit code 1" [ "$status" = 1 ]

status=0
on b "$DTS" why lab.Reading --as 'lab.Reading{celsius:text}' >"$lab_dir/why.out" 2>&1 || status=$?
check "dts why names the mismatch" has "$lab_dir/why.out" incompatible_type
check "and the field" has "$lab_dir/why.out" celsius
check "and says so by its exit code" [ "$status" = 1 ]
lab_end
