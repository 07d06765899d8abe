#!/usr/bin/env bash
# tests/lab/large.sh [MIB [PERMILLE...]]: a large value from host to host, without loss and with (64
# MiB at 0, 1 and 20 % of single packets unless told): it arrives as it was, the subscriber's memory
# never runs ahead of what has come, and small values of another type do not wait for it. "large
# 1023 0 10" sends the largest there is.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
mib=${1:-64}
shift || true
[ $# -gt 0 ] || set -- 0 10 200
lab_start "a value of $mib MiB"
host a
host b
cable a va b vb 1
# Losses are those of single packets, not of the bursts in which they travel.
on a ip link set dev va gso_max_segs 1
on b ip link set dev vb gso_max_segs 1
# A sanitizer that keeps what was freed would look like growth.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
truncate -s $((mib * 1048576 - 7)) "$lab_dir/scan"
printf 'the end' >>"$lab_dir/scan"

send() {
  on a "$DTS" pub lab.Scan --define 'lab.Scan{data:bytes}' --file "$lab_dir/scan" --format raw \
    --require 1 >"$lab_dir/pub.out" 2>&1
}
came_bytes() { on b awk '/vb:/ { print $2 }' /proc/net/dev; }
rss_bytes() { awk '/VmRSS/ { print $2 * 1024 }' "/proc/$1/status" 2>/dev/null || echo 0; }

# While the value is on its way: more memory than before it began and what came, and 64 MiB beside it?
watch_memory() {
  local pid=$1 before=$2 base=0 resident came
  while [ -e "/proc/$pid" ]; do
    resident=$(rss_bytes "$pid")
    came=$(($(came_bytes) - before))
    [ "$came" -lt $((mib * 1048576)) ] || break # it is whole, and being decoded
    [ "$came" -gt $((1 << 20)) ] || base=$resident
    [ "$resident" -le $((came + (64 << 20) + base)) ] || echo "$resident bytes, $came came"
    sleep 0.02
  done
}

for permille in "$@"; do
  lose a va "$permille"
  lose b vb "$permille"
  : >"$lab_dir/end"
  background b "$lab_dir/small.out" "$DTS" sub lab.Reading --json
  small=$lab_last
  number a "$lab_dir/small_pub.out" 100
  small_pub=$lab_last
  check "small values arrive" wait_for 30 has_values "$lab_dir/small.out" 1
  background b "$lab_dir/sub.out" bash -c \
    "exec '$DTS' sub lab.Scan -n 1 --hex --timeout 150s > >(tail -c 15 >'$lab_dir/end')"
  subscriber=$lab_last
  comm() { [ "$(cat "/proc/$subscriber/comm" 2>/dev/null)" = dts ]; }
  check "somebody subscribes" wait_for 30 comm
  watch_memory "$subscriber" "$(came_bytes)" >"$lab_dir/memory.out" &
  watch=$!
  began=$(date +%s%N)
  check "$mib MiB are sent at $permille permille of loss" send
  took=$((($(date +%s%N) - began) / 1000000))
  check "they arrive to the last byte" wait_for 120 has "$lab_dir/end" "$(printf 'the end' | od -An -tx1 | tr -d ' ')"
  wait "$subscriber" 2>/dev/null || true
  wait "$watch" || true
  check "in memory that grew as they came" [ ! -s "$lab_dir/memory.out" ]
  interrupt "$small_pub"
  interrupt "$small"
  check "no small value was lost" oracle "$lab_dir/small.out" --named-max 0
  printf '          (%s ms with reading the file)\n' "$took"
done
lab_end
