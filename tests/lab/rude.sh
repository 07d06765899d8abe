#!/usr/bin/env bash
# Rude publishers: one is killed in the middle of a large value, again and again; two carry the same
# labels. The subscriber lives, never sees half a value, forgets the dead, and tells the two apart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "rude publishers"
host a
host b
cable a va b vb 1

python3 -c 'import base64; print("{\"data\":\"" + base64.b64encode(b"x" * (48 << 20)).decode() + "\"}")' \
  >"$lab_dir/large.json"
background b "$lab_dir/sub.out" "$DTS" sub lab.Small --json
background b /dev/null "$DTS" sub lab.Large --json
subscriber=$(pgrep -n -P "$lab_last" || echo "$lab_last")
background a "$lab_dir/small.out" "$DTS" pub lab.Small --define 'lab.Small{n:i64}' 'n={{n}}' -r 20 -l tank=1
check "small values arrive" wait_for 30 has "$lab_dir/sub.out" lab.Small
for _ in 1 2 3 4 5; do
  on a "$DTS" pub lab.Large --define 'lab.Large{data:bytes}' - <"$lab_dir/large.json" >/dev/null 2>&1 &
  victim=$!
  # As soon as it has said hello its large value is on the way.
  wait_for 20 bash -c "ip netns exec '$lab_prefix-b' '$DTS' nodes --json 2>/dev/null | grep -q dts-pub" || true
  pkill -9 -P "$victim" 2>/dev/null || kill -9 "$victim" 2>/dev/null || true
  wait "$victim" 2>/dev/null || true
done
check "the subscriber lives" kill -0 "$subscriber"
before=$(grep -c lab.Small "$lab_dir/sub.out")
check "and small values go on" wait_for 20 bash -c "[ \$(grep -c lab.Small '$lab_dir/sub.out') -gt $((before + 5)) ]"
rss_kb=$(awk '/VmRSS/ {print $2}' "/proc/$subscriber/status")
check "half a value does not stay in memory for ever ($rss_kb kB)" \
  wait_for 30 bash -c "[ \$(awk '/VmRSS/ {print \$2}' /proc/$subscriber/status) -lt 450000 ]"

background a "$lab_dir/second.out" "$DTS" pub lab.Small --define 'lab.Small{n:i64}' 'n={{n}}' -r 20 -l tank=1
on b "$DTS" sub lab.Small -l tank=1 --json -n 60 --timeout 30s >"$lab_dir/both.out" 2>&1 || true
sources=$(grep -o '"src":"[^"]*"' "$lab_dir/both.out" | sort -u | wc -l)
check "two sources with the same labels are told apart ($sources)" [ "$sources" = 2 ]
lab_end
