#!/usr/bin/env bash
# Three hosts on two cables: the one in the middle listens, the others connect, and so do programs of
# others: one that knows libnanomsg and no more than what the pages say hears the packets and is heard,
# and nngcat (libnng) hears them. Values both ways; the middle killed and started anew. Nothing is missing
# that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "nng and nanomsg between three hosts"
host m
host a
host b
cable m near1 a eth0 1
cable m near2 b eth0 2
middle() {
  background m "$lab_dir/middle.out" env 'DTS_TRANSPORTS=nng+tcp-listen://*:4000' "$DTS" sub lab.Reading --json
  middle=$lab_last
}
# decoded FILE: are all the packets in it as docs/wire.md says, with values among them?
decoded() {
  grep -E '^[0-9a-f]+$' "$1" | head -200 >"$lab_dir/capture"
  python3 "$lab_here/../golden/wire/decode.py" "$lab_dir/capture" >"$lab_dir/decoded" && has "$lab_dir/decoded" DATA
}
nodes() { on b "$DTS" nodes >"$lab_dir/nodes.out" 2>&1; }
five() { nodes && [ "$(grep -c ' nng+tcp:' "$lab_dir/nodes.out")" = 5 ]; }
heard() { nodes && has "$lab_dir/nodes.out" nano/peer; }
middle
export DTS_TRANSPORTS=nng+tcp://10.1.0.1:4000
number a "$lab_dir/pub.out" 100 --keep 4096
background a "$lab_dir/sub_a.out" "$DTS" sub lab.Other --json
export DTS_TRANSPORTS=nng+tcp://10.2.0.1:4000
background b "$lab_dir/pub_b.out" "$DTS" pub lab.Other --define 'lab.Other{n:i64}' 'n={{n}}' -r 50 --keep 4096
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
background b "$lab_dir/nanomsg.out" python3 "$lab_here/nng_peer.py" listen 10.2.0.1 4000
nanomsg=$lab_last
check "values pass from one end to the other" wait_for 30 has_values "$lab_dir/sub.out" 100
check "and back" wait_for 30 has_values "$lab_dir/sub_a.out" 50
check "and arrive in the middle" wait_for 30 has_values "$lab_dir/middle.out" 100
check "all five know each other" wait_for 20 five
check "a program with libnanomsg reads the packets" wait_for 20 decoded "$lab_dir/nanomsg.out"
check "and understands all it hears" lacks "$lab_dir/nanomsg.out" Error
kill "$nanomsg"
background b "$lab_dir/nngcat.raw" nngcat --sub --subscribe dts/default/ --dial tcp://10.2.0.1:4001 --raw
nngcat=$lab_last
check "one with libnng hears them too" wait_for 20 has "$lab_dir/nngcat.raw" DTS
kill "$nngcat"
background b "$lab_dir/say.out" python3 "$lab_here/nng_peer.py" say 10.2.0.1 4000
check "and what the first says is heard" wait_for 20 heard

kill -9 "$middle"
wait "$middle" 2>/dev/null || true
check "the loss of the middle is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
middle
check "with a new one values pass again" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --at-least 400
DTS_TRANSPORTS=nng+tcp://10.2.0.1:4002 background b "$lab_dir/nobody.out" "$DTS" sub lab.Reading
check "a wrong port is named" wait_for 10 has "$lab_dir/nobody.out" 'nobody listens there, at 10.2.0.1:4002'
lab_end
