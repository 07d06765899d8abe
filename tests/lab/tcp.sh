#!/usr/bin/env bash
# Three hosts on two cables and no multicast between them: the one in the middle listens, the others
# connect to it. Values pass from the one to the other; the middle is killed and started anew; a cable
# is pulled for longer than a connection lives. Nothing is missing that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a star of TCP connections"
host m
host a
host b
cable m near1 a eth0 1
cable m near2 b eth0 2
middle() {
  background m "$lab_dir/middle.out" env DTS_TRANSPORTS=tcp-listen://:4000 "$DTS" sub lab.Reading --json
  middle=$lab_last
}
middle
export DTS_TRANSPORTS=tcp://10.1.0.1:4000
number a "$lab_dir/pub.out" 100 --keep 4096
export DTS_TRANSPORTS=tcp://10.2.0.1:4000
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values pass from one end to the other" wait_for 30 has_values "$lab_dir/sub.out" 100
check "and arrive in the middle" wait_for 30 has_values "$lab_dir/middle.out" 100
DTS_TRANSPORTS=tcp://10.2.0.1:4000 on b "$DTS" nodes >"$lab_dir/nodes.out" 2>&1
check "all three know each other" [ "$(grep -c ' tcp:' "$lab_dir/nodes.out")" = 3 ]

kill -9 "$middle"
wait "$middle" 2>/dev/null || true
check "the loss of the middle is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
middle
check "with a new one values pass again" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))

on b ip link set eth0 down
check "a pulled cable is noticed" wait_for 40 has "$lab_dir/sub.out" 'has not answered for 10 s'
before=$(values "$lab_dir/sub.out")
on b ip link set eth0 up
check "and values pass when it is back" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --at-least 1000

# What is wrong is said.
DTS_TRANSPORTS=tcp://10.2.0.1:4001 on b "$DTS" sub lab.Reading -d 4s >"$lab_dir/wrong.out" 2>&1 || true
check "a wrong port is named" has "$lab_dir/wrong.out" 'nobody listens there, at 10.2.0.1:4001'
check "and why nothing comes" has "$lab_dir/wrong.out" 'no connection to tcp://10.2.0.1:4001'
lab_end
