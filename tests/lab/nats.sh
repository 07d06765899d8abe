#!/usr/bin/env bash
# A cluster of three real nats-servers, each on a host of its own, and a node at each of them that
# hears the others by nothing else. One server is killed and comes back, then another: their nodes go
# to one that is left. Nothing is missing that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a cluster of three NATS servers"
PATH=$PATH:/usr/sbin
switch sw
for i in 1 2 3; do
  host "s$i"
  plug "s$i" eth0 sw "10.9.0.$i/24"
  host "n$i"
  plug "n$i" eth0 sw "10.9.0.1$i/24"
done
host x
cable n3 site x eth0 5
server() {
  background "s$1" "$lab_dir/server$1.out" nats-server -a "10.9.0.$1" --cluster_name lab \
    --cluster "nats://10.9.0.$1:6222" --routes nats://10.9.0.1:6222,nats://10.9.0.2:6222,nats://10.9.0.3:6222
  servers[$1]=$lab_last
}
servers=(0 0 0 0)
for i in 1 2 3; do server "$i"; done
joined() { [ "$(grep -c 'Route connection created' "$lab_dir/server$1.out")" -ge 2 ]; }
for i in 1 2 3; do wait_for 20 joined "$i"; done

export DTS_TRANSPORTS=nats://10.9.0.1
number n1 "$lab_dir/pub.out" 100 --keep 4096
publisher=$lab_last
for i in 2 3; do
  export DTS_TRANSPORTS=nats://10.9.0.$i
  background "n$i" "$lab_dir/sub$i.out" "$DTS" sub lab.Reading --json
  subscribers[i]=$lab_last
done
check "values pass from one server's node to another's" wait_for 30 has_values "$lab_dir/sub2.out" 100
check "and to the third's" wait_for 30 has_values "$lab_dir/sub3.out" 100
DTS_TRANSPORTS=nats://10.9.0.3 on n3 "$DTS" nodes >"$lab_dir/nodes.out" 2>&1
check "all three know each other" [ "$(grep -c ' nats:' "$lab_dir/nodes.out")" = 3 ]

# A site of its own behind n3, by a hub.
background n3 "$lab_dir/hub.out" "$DTS" hub --side udp://site --side nats://10.9.0.3
DTS_TRANSPORTS=udp:// background x "$lab_dir/subx.out" "$DTS" sub lab.Reading --json
check "a hub brings them to its site" wait_for 30 has_values "$lab_dir/subx.out" 100

kill -9 "${servers[2]}"
wait "${servers[2]}" 2>/dev/null || true
check "the loss of a server is told" wait_for 30 has "$lab_dir/sub2.out" 'trying again'
before=$(values "$lab_dir/sub2.out")
check "its node goes to one that is left" wait_for 30 has_values "$lab_dir/sub2.out" $((before + 200))
check "and the others never stopped" lacks "$lab_dir/sub3.out" 'trying again'
server 2
wait_for 20 joined 2
kill -9 "${servers[1]}"
wait "${servers[1]}" 2>/dev/null || true
check "the publisher's server is killed" wait_for 30 has "$lab_dir/pub.out" 'trying again'
before=$(values "$lab_dir/sub3.out")
check "and values pass again" wait_for 30 has_values "$lab_dir/sub3.out" $((before + 200))
before=$(values "$lab_dir/sub2.out")
check "to both" wait_for 30 has_values "$lab_dir/sub2.out" $((before + 100))
for i in 2 3; do interrupt "${subscribers[i]}"; done
check "each once, in order, what is missing named" oracle "$lab_dir/sub2.out" --at-least 500
check "at the other too" oracle "$lab_dir/sub3.out" --at-least 500
interrupt "$publisher"

DTS_TRANSPORTS=nats://10.9.0.1 on n1 "$DTS" sub lab.Reading -d 4s >"$lab_dir/wrong.out" 2>&1 || true
check "a server that is down is named" has "$lab_dir/wrong.out" 'nobody listens there, at 10.9.0.1:4222'
check "and why nothing comes" has "$lab_dir/wrong.out" 'no connection to nats://10.9.0.1'
lab_end
