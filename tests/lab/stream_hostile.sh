#!/usr/bin/env bash
# A node that listens for TCP connections is attacked by stream_attacks.py, while honest values pass
# it from one host to another: it lives, does not grow, and nothing honest is lost.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "hostile connections"
host m
host a
host b
host c
cable m near1 a eth0 1
cable m near2 b eth0 2
cable m near3 c eth0 3
# A sanitizer that keeps what was freed would look like growth.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"

DTS_TRANSPORTS=tcp-listen://:4000 background m "$lab_dir/middle.out" "$DTS" sub lab.Reading --json
middle=$lab_last
DTS_TRANSPORTS=tcp://10.1.0.1:4000 number a "$lab_dir/pub.out" 100
DTS_TRANSPORTS=tcp://10.2.0.1:4000 background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "honest values pass" wait_for 30 has_values "$lab_dir/sub.out" 10
on c python3 "$lab_here/stream_attacks.py" "$middle" "$lab_dir/sub.out" 10.3.0.1 4000 ||
  lab_failures=$((lab_failures + 1))
check "the node that listens lives" kill -0 "$middle"
interrupt "$subscriber"
check "no honest value was lost" oracle "$lab_dir/sub.out" --at-least 100 --named-max 0
lab_end
