#!/usr/bin/env bash
# Everything that programs send each other is as docs/wire.md says: a busy quarter of a minute on a
# lossy cable, of which every packet is decoded by a script written from that page alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "every packet on the cable is decoded"
export PYTHONDONTWRITEBYTECODE=1
host a
host b
relay a va w b vb 1
background w "$lab_dir/capture.out" python3 "$lab_here/capture.py" near
capture=$lab_last
check "the capture runs" wait_for 30 has "$lab_dir/capture.out" ready
weather w --lose 0.05

number a "$lab_dir/pub.out" 200 --keep 50
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive over a lossy cable" wait_for 60 has_values "$lab_dir/sub.out" 500
python3 -c 'print("{\"data\":\"" + "QUJD" * 100000 + "\"}")' >"$lab_dir/large.json"
background b "$lab_dir/large.out" "$DTS" sub 'lab.L*' --json
background a "$lab_dir/large_pub.out" bash -c "(cat '$lab_dir/large.json'; sleep 600) |
  '$DTS' pub lab.Large --define 'lab.Large{data:bytes}' -"
check "a large value too" wait_for 60 has "$lab_dir/large.out" QUJD
on b "$DTS" query lab.Reading -n 5 -t 20s --json >"$lab_dir/query.out" 2>&1 || true
check "and the answer to a query" [ "$(grep -c '"seq"' "$lab_dir/query.out")" = 5 ]
on b "$DTS" show lab.Reading >"$lab_dir/show.out" 2>&1 || true
on b "$DTS" doctor >"$lab_dir/doctor.out" 2>&1 || true
interrupt "$subscriber"
kill "$capture"
status=0
wait "$capture" || status=$?
check "no packet has an unknown byte" [ "$status" = 0 ]
for kind in ANNOUNCE STREAMS WANTS HISTORY DATA FRAGMENT DIGEST NACK TYPE_REQUEST TYPE PROGRESS \
  CHALLENGE RESPONSE QUERY ANSWER BYE PADDING; do
  has "$lab_dir/capture.out" "$kind " || check "$kind was among them" false
done
printf '          %s\n' "$(tail -1 "$lab_dir/capture.out")"
lab_end
