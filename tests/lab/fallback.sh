#!/usr/bin/env bash
# Multicast stops in the middle (a firewall, a switch, client isolation) while unicast goes on: the
# publisher falls back to unicast and nothing is missing; when multicast is back it is used again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "multicast stops, and comes back"
host a
host b
cable a va b vb 1

number a "$lab_dir/pub.out" 100
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 30 has_values "$lab_dir/sub.out" 100
silence_multicast a va
silence_multicast b vb
before=$(values "$lab_dir/sub.out")
check "without multicast values go on arriving" \
  wait_for 60 has_values "$lab_dir/sub.out" $((before + 1000))
# Counts what is dropped: while the publisher still sends by multicast that rises by 100 a second.
dropped() { on b nft list table netdev quiet_vb | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
by_unicast() {
  local values_before dropped_before
  values_before=$(values "$lab_dir/sub.out")
  dropped_before=$(dropped)
  wait_for 20 has_values "$lab_dir/sub.out" $((values_before + 100)) &&
    [ $(($(dropped) - dropped_before)) -lt 20 ]
}
check "they come by unicast" wait_for 60 by_unicast
check "the subscriber says so" has "$lab_dir/sub.out" 'does not get through: values go by unicast'
check "and so does the publisher" has "$lab_dir/pub.out" 'does not get through: values go by unicast'
silence_multicast a va 0
silence_multicast b vb 0
watch_multicast() {
  on b nft "table netdev watch_vb { chain i { type filter hook ingress device \"vb\" priority 0;
    ip daddr 239.255.0.0/16 counter; }; }"
}
watch_multicast
heard() { on b nft list table netdev watch_vb | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }
more_multicast() {
  local before
  before=$(heard)
  wait_for 20 has_values "$lab_dir/sub.out" $(($(values "$lab_dir/sub.out") + 100)) &&
    [ $(($(heard) - before)) -gt 50 ]
}
check "multicast is back, and used again" wait_for 60 more_multicast
interrupt "$subscriber"
check "each once, in order, none missing" oracle "$lab_dir/sub.out" --named-max 0
lab_end
