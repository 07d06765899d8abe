#!/usr/bin/env bash
# Random datagrams at 50,000/s for ten seconds, at the control group, a data group and a program's own
# port: nothing crashes, memory does not grow, and what is published still arrives.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "noise at 50,000 packets a second"
host a
host b
cable a va b vb 1
on a ip route add 224.0.0.0/4 dev va

background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$(pgrep -n -P "$lab_last" || echo "$lab_last")
background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{n:i64}' 'n={{n}}' -r 10
check "values arrive before the noise" wait_for 20 has "$lab_dir/sub.out" '"n":'

rss() { awk '/VmRSS/ {print $2}' "/proc/$subscriber/status"; }
port=$(on b "$DTS" nodes --json 2>/dev/null | grep -o '10\.1\.0\.2:[0-9]*' | head -1 || true)
before=$(rss)
seen=$(grep -c '"n":' "$lab_dir/sub.out")
# 239.255.166.0 is the control group of the domain "default" (docs/wire.md).
on a python3 "$(dirname "${BASH_SOURCE[0]}")/flood.py" 239.255.166.0:25555 239.255.166.70:25555 \
  "${port:-10.1.0.2:25555}" 50000 10 >"$lab_dir/flood.out"
cat "$lab_dir/flood.out"
after=$(rss || echo 0)
check "the subscriber lives" kill -0 "$subscriber"
check "its memory has not grown by 4 MiB ($before to $after kB)" [ $((after - before)) -lt 4096 ]
arrived=$(($(grep -c '"n":' "$lab_dir/sub.out") - seen))
check "values arrived during the noise ($arrived of about 100)" [ "$arrived" -gt 20 ]
lab_end
