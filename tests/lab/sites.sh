#!/usr/bin/env bash
# Two sites, each a switch with several nodes on udp multicast, and between them a router that carries no
# multicast. A hub of one site listens, a hub of the other connects to it: values cross in both directions.
# The hub is killed and comes back, the router is unplugged for longer than a connection lives, and a
# second pair of hubs stands beside the first. Nothing comes twice or out of order, and nothing is missing
# that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "two sites joined by hubs over tcp"
switch north
switch south
for n in 1 2 3; do
  host "a$n"; plug "a$n" eth0 north "10.1.0.1$n/24"
  host "b$n"; plug "b$n" eth0 south "10.2.0.1$n/24"
done
for n in 4 5; do
  host "a$n"; plug "a$n" eth0 north "10.1.0.1$n/24"; on "a$n" ip route add default via 10.1.0.1
  host "b$n"; plug "b$n" eth0 south "10.2.0.1$n/24"; on "b$n" ip route add default via 10.2.0.1
done
host r; plug r n0 north 10.1.0.1/24; plug r s0 south 10.2.0.1/24
on r sysctl -qw net.ipv4.ip_forward=1

background b1 "$lab_dir/pub_b.out" "$DTS" pub lab.South --define 'lab.South{n:i64}' 'n={{n}}' -r 50
number a1 "$lab_dir/pub_a.out" 100
status=0
on b2 "$DTS" why lab.Reading >"$lab_dir/apart.out" 2>&1 || status=$?
check "without hubs dts why says that no peer has this type" has "$lab_dir/apart.out" peers_but_not_this_type

# What is wrong is said.
status=0
on b4 "$DTS" hub 10.1.0.14 >"$lab_dir/no_url.out" 2>&1 || status=$?
check "a place without its scheme is none, and how to write it is said" has "$lab_dir/no_url.out" tcp://10.1.0.14
status=0
on b4 "$DTS" hub tcp://10.1.0.14 tcp://10.1.0.14 >"$lab_dir/twice.out" 2>&1 || status=$?
check "the same place twice is refused" has "$lab_dir/twice.out" 'one network'

lost() { [ "$(grep -cE 'closed the connection|the connection is lost' "$lab_dir/hub_b.out")" -ge "$1" ]; }
hub_a() { background a4 "$lab_dir/hub_a.out" "$DTS" hub --listen :25555; hub_a=$lab_last; }
background b4 "$lab_dir/hub_b.out" "$DTS" hub tcp://10.1.0.14
check "a hub that has nobody to connect to says so" wait_for 20 has "$lab_dir/hub_b.out" 'nobody listens there'
hub_a
background b2 "$lab_dir/north.out" "$DTS" sub lab.Reading --json
north=$lab_last
background b3 "$lab_dir/late.out" "$DTS" sub lab.Reading --json
background a2 "$lab_dir/south.out" "$DTS" sub lab.South --json
check "values cross from site to site" wait_for 30 has_values "$lab_dir/north.out" 200
check "to every node there" wait_for 30 has_values "$lab_dir/late.out" 200
check "and back" wait_for 30 has_values "$lab_dir/south.out" 100
check "each once, in order, none missing" oracle "$lab_dir/north.out" --named-max 0
check "the other way too" oracle "$lab_dir/south.out" --named-max 0
on b3 "$DTS" nodes >"$lab_dir/nodes.out" 2>&1
check "dts nodes says by which hub the publisher is reached" grep -q '/dts-pub.* by [^ ]*/dts-hub' "$lab_dir/nodes.out"
on b3 "$DTS" why lab.Reading >"$lab_dir/why.out" 2>&1 || true
check "dts why sees them arrive" has "$lab_dir/why.out" 'values of lab.Reading arrive'
on b3 "$DTS" get lab.Reading --timeout 5s >"$lab_dir/get.out" 2>&1 || true
check "dts get has the last value" has "$lab_dir/get.out" dts-pub
crossed() { on r cat /sys/class/net/n0/statistics/rx_bytes; }
background a3 "$lab_dir/unwanted.out" "$DTS" pub lab.Unwanted --define 'lab.Unwanted{t:text}' \
  "t=$(printf 'x%.0s' {1..1000})" -r 200
before=$(crossed) mark=$(values "$lab_dir/north.out")
wait_for 30 has_values "$lab_dir/north.out" $((mark + 300))
used=$(($(crossed) - before))
check "what nobody wants stays at its site: $used bytes crossed meanwhile" [ "$used" -lt 300000 ]

kill -9 "$hub_a"
wait "$hub_a" 2>/dev/null || true
check "the hub is killed: the other one says so" wait_for 30 lost 1
hub_a
before=$(values "$lab_dir/north.out")
check "with a new one values cross again" wait_for 60 has_values "$lab_dir/north.out" $((before + 300))

on r ip link set s0 down
check "an unplugged router is noticed" wait_for 40 has "$lab_dir/hub_b.out" 'has not answered for 10 s'
before=$(values "$lab_dir/north.out")
on r ip link set s0 up
check "and values cross when it is back" wait_for 60 has_values "$lab_dir/north.out" $((before + 300))

# A second pair beside the first.
background a5 "$lab_dir/hub_a2.out" "$DTS" hub --listen :25555
second_a=$lab_last
background b5 "$lab_dir/hub_b2.out" "$DTS" hub tcp://10.1.0.15
second_b=$lab_last
check "a second pair of hubs joins them too" wait_for 30 bash -c \
  "ip netns exec '$lab_prefix-b3' '$DTS' nodes | grep -c '^[^ ]*/dts-hub' | grep -qx 2"
background b1 "$lab_dir/pair.out" "$DTS" sub lab.Reading --json
pair=$lab_last
before=$(values "$lab_dir/north.out")
check "values go on" wait_for 60 has_values "$lab_dir/north.out" $((before + 500))
kill -9 "$hub_a"
wait "$hub_a" 2>/dev/null || true
before=$(values "$lab_dir/north.out")
check "one pair is killed: the other goes on" wait_for 60 has_values "$lab_dir/north.out" $((before + 500))
interrupt "$pair"
check "and nothing is missing: it had kept what the first did not bring" oracle "$lab_dir/pair.out" --named-max 0
interrupt "$north"
check "through all of that each came once, in order, what is missing is named" \
  oracle "$lab_dir/north.out" --at-least 2000

# Any transport will do between them.
interrupt "$second_a"
interrupt "$second_b"
background a5 "$lab_dir/hub_a3.out" "$DTS" hub ws-listen://:8080/bus
background b5 "$lab_dir/hub_b3.out" "$DTS" hub ws://10.1.0.15:8080/bus
background b2 "$lab_dir/web.out" "$DTS" sub lab.Reading --json
check "by WebSocket values cross as well" wait_for 30 has_values "$lab_dir/web.out" 200
check "each once" oracle "$lab_dir/web.out" --named-max 0
lab_end
