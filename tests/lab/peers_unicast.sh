#!/usr/bin/env bash
# A network that eats multicast (client isolation, a strict switch, a container bridge): nothing is
# heard and dts says why; with DTS_PEERS on one side everything works by unicast.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "multicast blocked, a peer named"
host a
host b
cable a va b vb 1
silence_multicast a va
silence_multicast b vb

background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{celsius:f64[Cel]}' \
  celsius=18.5 -r 10
status=0
on b "$DTS" why lab.Reading >"$lab_dir/why.out" 2>&1 || status=$?
check "without a named peer dts why hears nobody" has "$lab_dir/why.out" no_peers_heard
check "and names the way out" has "$lab_dir/why.out" DTS_PEERS
check "and fails" [ "$status" = 1 ]
on b env DTS_PEERS=10.1.0.1 "$DTS" sub lab.Reading --json -n 5 --timeout 20s >"$lab_dir/sub.out" \
  2>"$lab_dir/sub_err.out" || true
check "with DTS_PEERS the values arrive" [ "$(grep -c 18.5 "$lab_dir/sub.out")" = 5 ]
on b "$DTS" --peer 10.1.0.1:25555 sub lab.Reading --json -n 1 --timeout 20s >"$lab_dir/flag.out" 2>&1 || true
check "with --peer HOST:PORT too" has "$lab_dir/flag.out" 18.5
lab_end
