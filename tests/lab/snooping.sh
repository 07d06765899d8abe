#!/usr/bin/env bash
# A switch that snoops and has no querier: it learns who wants which group when they join, forgets it
# some seconds later because nobody asks again, and from then on lets no multicast through. The
# publisher falls back to unicast, nothing is missing, and dts says what is going on. When multicast
# works again it is used again.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a switch forgets who wants multicast"
host a
host b
switch sw
plug a eth0 sw 10.1.0.1/24 pa
plug b eth0 sw 10.1.0.2/24 pb
bridge_set() { on sw sh -c "echo $2 >/sys/class/net/br0/bridge/$1"; }
# It asks once at the start, so it believes to know everybody; memberships last 4 s (in 1/100 s).
bridge_set multicast_query_response_interval 100
bridge_set multicast_query_interval 100000
bridge_set multicast_startup_query_interval 100000
bridge_set multicast_membership_interval 400
bridge_set multicast_querier 1
bridge_set multicast_snooping 1
for port in pa pb; do on sw bridge link set dev "$port" mcast_flood off; done

number a "$lab_dir/pub.out" 100
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 30 has_values "$lab_dir/sub.out" 100
knows() { on sw bridge mdb show dev br0 | grep -q "grp 239.255"; }
forgot() { ! knows; }
check "the switch forgets the groups" wait_for 40 forgot
before=$(values "$lab_dir/sub.out")
check "values go on arriving" wait_for 40 has_values "$lab_dir/sub.out" $((before + 500))
# Of the packets that arrive, hardly any is one to a group.
received() { on b cat /sys/class/net/eth0/statistics/"$1"; }
by_unicast() {
  local all groups values_before
  all=$(received rx_packets) groups=$(received multicast)
  values_before=$(values "$lab_dir/sub.out")
  wait_for 20 has_values "$lab_dir/sub.out" $((values_before + 50)) &&
    [ $(($(received rx_packets) - all)) -ge $((10 * ($(received multicast) - groups))) ]
}
check "by unicast" wait_for 40 by_unicast
told() { has "$lab_dir/sub.out" 'is it a switch with IGMP snooping'; }
check "the subscriber says so, and what it may be" wait_for 20 told
on b "$DTS" why lab.Reading -d 10s >"$lab_dir/why.out" 2>&1 || true
check "dts why finds that values arrive" has "$lab_dir/why.out" 'values of lab.Reading arrive'
interrupt "$subscriber"
check "each once, in order, none missing" oracle "$lab_dir/sub.out" --named-max 0
lab_end
