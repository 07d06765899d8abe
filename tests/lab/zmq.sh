#!/usr/bin/env bash
# Three hosts on two cables: the one in the middle listens with ZeroMQ, the others connect, and so does
# a program in Python that knows no more than what the pages say. Values both ways; the middle killed
# and started anew; then all that with CURVE, and what is wrong with keys is said. Nothing is missing
# that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "ZeroMQ between three hosts"
host m
host a
host b
cable m near1 a eth0 1
cable m near2 b eth0 2
middle() {
  background m "$lab_dir/middle.out" env "DTS_TRANSPORTS=zmq+tcp-listen://*:4000$1" "$DTS" sub lab.Reading --json
  middle=$lab_last
}
# decoded FILE: are all the packets in it as docs/wire.md says, with values among them?
decoded() {
  grep -E '^[0-9a-f]+$' "$1" | head -200 >"$lab_dir/capture"
  python3 "$lab_here/../golden/wire/decode.py" "$lab_dir/capture" >"$lab_dir/decoded" && has "$lab_dir/decoded" DATA
}
middle ''
export DTS_TRANSPORTS=zmq+tcp://10.1.0.1:4000
number a "$lab_dir/pub.out" 100 --keep 4096
publisher=$lab_last
background a "$lab_dir/sub_a.out" "$DTS" sub lab.Other --json
other=$lab_last
export DTS_TRANSPORTS=zmq+tcp://10.2.0.1:4000
background b "$lab_dir/pub_b.out" "$DTS" pub lab.Other --define 'lab.Other{n:i64}' 'n={{n}}' -r 50 --keep 4096
publisher_b=$lab_last
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
background b "$lab_dir/python.out" /usr/bin/python3 "$lab_here/zmq_peer.py" 10.2.0.1 4000
python=$lab_last
check "values pass from one end to the other" wait_for 30 has_values "$lab_dir/sub.out" 100
check "and back" wait_for 30 has_values "$lab_dir/sub_a.out" 50
check "and arrive in the middle" wait_for 30 has_values "$lab_dir/middle.out" 100
on b "$DTS" nodes >"$lab_dir/nodes.out" 2>&1
check "all five know each other" [ "$(grep -c ' zmq+tcp:' "$lab_dir/nodes.out")" = 5 ]
check "a program in Python reads the packets" wait_for 20 decoded "$lab_dir/python.out"
check "and understands all it hears" lacks "$lab_dir/python.out" Error
kill "$python"

kill -9 "$middle"
wait "$middle" 2>/dev/null || true
check "the loss of the middle is told" wait_for 30 has "$lab_dir/sub.out" 'trying again'
before=$(values "$lab_dir/sub.out")
middle ''
check "with a new one values pass again" wait_for 60 has_values "$lab_dir/sub.out" $((before + 300))
interrupt "$subscriber"
check "each once, in order, what is missing named" oracle "$lab_dir/sub.out" --at-least 400
for pid in "$middle" "$publisher" "$publisher_b" "$other"; do interrupt "$pid"; done

# The same with keys; "known" are those who may connect.
keys() { /usr/bin/python3 -c 'import zmq
for key, kind in zip(zmq.curve_keypair(), ("public", "secret")):
    open(f"'"$lab_dir/$1"'.{kind}", "wb").write(key + b"\n")'; }
for name in server tank stranger; do keys "$name"; done
cp "$lab_dir/tank.public" "$lab_dir/known"
middle "?key=$lab_dir/server.secret&clients=$lab_dir/known"
ours="?server-key=$lab_dir/server.public&key=$lab_dir/tank.secret"
export DTS_TRANSPORTS="zmq+tcp://10.1.0.1:4000$ours"
number a "$lab_dir/pub.out" 100 --keep 4096
export DTS_TRANSPORTS="zmq+tcp://10.2.0.1:4000$ours"
background b "$lab_dir/curve.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
background b "$lab_dir/python.out" /usr/bin/python3 "$lab_here/zmq_peer.py" 10.2.0.1 4000 \
  "$lab_dir/server.public" "$lab_dir/tank.secret"
check "encrypted values pass" wait_for 30 has_values "$lab_dir/curve.out" 100
check "also to Python" wait_for 20 decoded "$lab_dir/python.out"
interrupt "$subscriber"
check "each once, in order" oracle "$lab_dir/curve.out" --at-least 100

# What is wrong is said.
wrong() { # FILE URL
  DTS_TRANSPORTS=$2 background b "$lab_dir/$1.out" "$DTS" sub lab.Reading
}
here=zmq+tcp://10.2.0.1:4000
wrong stranger "$here?server-key=$lab_dir/server.public&key=$lab_dir/stranger.secret"
wrong mistaken "$here?server-key=$lab_dir/stranger.public"
wrong plain "$here"
wrong nobody zmq+tcp://10.2.0.1:4002
told() { wait_for 10 has "$lab_dir/$1.out" "$2"; }
check "a key that is not known is not let in" told stranger 'it does not let us in'
check "a wrong key of the other side is named" told mistaken 'it is not the one whose key we have'
check "and that keys are wanted" told plain 'it wants keys'
check "a wrong port is named" told nobody 'nobody listens there, at 10.2.0.1:4002'
lab_end
