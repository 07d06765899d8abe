#!/usr/bin/env bash
# The lab itself: are hosts apart, do cables and switches carry, is the loss what was asked for, is
# everything gone afterwards? Without it a green lab might mean an empty one.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "the lab checks itself"
host a
host b
host c
cable a va b vb 1
switch sw
plug a eth0 sw 10.2.0.1/24
plug c eth0 sw 10.2.0.3/24

probe() {  # probe HOST listen|send ADDRESS [COUNT]
  on "$1" python3 - "${@:2}" <<'P'
import socket, sys, time
mode, address = sys.argv[1], sys.argv[2]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 1
port = 25999
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if mode == "send":
    for i in range(count):
        s.sendto(b"x", (address, port))
        if i % 100 == 99:
            time.sleep(0.002)
    for i in range(40):
        s.sendto(b"end", (address, port))
else:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind((address, port))
    s.settimeout(30)
    print("listening", flush=True)
    got = 0
    while s.recv(100) != b"end":
        got += 1
    print("got", got, flush=True)
P
}

hears() {  # hears LISTENER ADDRESS SENDER COUNT: prints how many arrived
  local out="$lab_dir/hears.out"
  : >"$out"
  probe "$1" listen "$2" >"$out" 2>&1 &
  local pid=$!
  wait_for 30 has "$out" listening
  probe "$3" send "$2" "$4"
  wait "$pid"
  sed -n 's/^got //p' "$out"
}
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }

check "a cable carries" between "$(hears b 10.1.0.2 a 100)" 100 100
check "a switch carries" between "$(hears c 10.2.0.3 a 100)" 100 100
check "hosts without a cable do not reach each other" \
  bash -c "! ip netns exec $lab_prefix-b ping -c1 -W1 10.2.0.3 >/dev/null 2>&1"
lose b vb 300
check "3 of 10 packets are lost when asked for" between "$(hears b 10.1.0.2 a 4000)" 2600 3000
lose b vb 0
check "none when healed" between "$(hears b 10.1.0.2 a 1000)" 1000 1000
check "no IP fragment so far" unfragmented b
on b python3 - <<'P' &
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.0.2", 25999))
s.settimeout(30)
assert len(s.recv(9000)) == 4000
P
receiver=$!
wait_for 30 bash -c "ip netns exec $lab_prefix-b grep -qi ':658F ' /proc/net/udp"
on a python3 -c 'import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(4000), ("10.1.0.2", 25999))'
wait "$receiver"
fragmented() { ! unfragmented "$1"; }
check "a fragmented datagram is noticed" fragmented b
lab_fragments_wanted=(b)
( lab_hosts=() lab_pids=(); lab_start inner >/dev/null; lab_prefix+=-inner; host z; exit 3 ) && inner=0 || inner=$?
check "a scenario's exit code survives the clean-up" [ "$inner" = 3 ]
check "a scenario leaves no host behind" bash -c "! ip netns list | grep -q -- $lab_prefix-inner"
lab_end
