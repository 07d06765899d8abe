#!/usr/bin/env bash
# Two networks and a router, which carries no multicast: with DTS_PEERS on one side all works, in
# both directions.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "two networks and a router"
host a
host b
host r
cable r ra a va 1
cable r rb b vb 2
on a ip route add default via 10.1.0.1
on b ip route add default via 10.2.0.1
on r sysctl -qw net.ipv4.ip_forward=1

number a "$lab_dir/pub.out" 200
status=0
on b "$DTS" why lab.Reading >"$lab_dir/why.out" 2>&1 || status=$?
check "without a named peer dts why hears nobody" has "$lab_dir/why.out" no_peers_heard
background b "$lab_dir/sub.out" env DTS_PEERS=10.1.0.2 "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "with DTS_PEERS values arrive over the router" wait_for 30 has_values "$lab_dir/sub.out" 500
interrupt "$subscriber"
check "each once, in order, none missing" oracle "$lab_dir/sub.out" --named-max 0
background b "$lab_dir/back_pub.out" env DTS_PEERS=10.1.0.2 "$DTS" pub lab.Back \
  --define 'lab.Back{n:i64}' 'n={{n}}' -r 200
background a "$lab_dir/back.out" "$DTS" sub lab.Back --json
subscriber=$lab_last
check "and the other way round" wait_for 30 has_values "$lab_dir/back.out" 500
interrupt "$subscriber"
check "each once, in order, none missing" oracle "$lab_dir/back.out" --named-max 0
lab_end
