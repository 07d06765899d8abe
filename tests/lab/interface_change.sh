#!/usr/bin/env bash
# Interfaces come and go under running programs: started with no cable at all, they meet when one is
# plugged in, go on when it is unplugged, and meet again by another.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "interfaces come and go"
host a
host b

background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{celsius:f64[Cel]}' \
  celsius=18.5 -r 10
publisher=$lab_last
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
lines() { grep -c 18.5 "$lab_dir/sub.out" || true; }
more_than() { [ "$(lines)" -gt "$1" ]; }

check "with lo alone the publisher is heard on its own host" \
  on a timeout 20 "$DTS" sub lab.Reading -n 1
check "and the subscriber is up on the other" \
  wait_for 20 bash -c "ip netns exec '$lab_prefix-b' '$DTS' nodes 2>/dev/null | grep -q dts-sub"
check "which has heard nothing" lacks "$lab_dir/sub.out" 18.5
cable a va b vb 1
check "a cable is plugged in: values arrive" wait_for 20 more_than 0
on a ip link del va
before=$(lines)
cable a wa b wb 2
check "another cable, other names and addresses: they arrive again" wait_for 30 more_than $((before + 5))
on a ip link set wa down
check "the other end sees its carrier go" \
  wait_for 5 bash -c "! ip -n $lab_prefix-b -br link show wb | grep -q LOWER_UP"
on a ip link set wa up
before=$(lines)
check "down and up: they arrive again" wait_for 30 more_than $((before + 5))
check "the publisher lives" kill -0 "$publisher"
check "the subscriber lives" kill -0 "$subscriber"
interrupt "$subscriber"
lab_end
