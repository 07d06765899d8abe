#!/usr/bin/env bash
# Two subnets with a router between them that forwards multicast (the kernel's, told what to forward
# by a small program): with a raised TTL DTS crosses it by itself; with TTL 1 it does not.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a multicast router between two subnets"
host a
host b
host r
cable a eth0 r eth0 1
cable b eth0 r eth1 2
on a ip route add default via 10.1.0.2
on b ip route add default via 10.2.0.2
on r sysctl -qw net.ipv4.ip_forward=1
for dev in all eth0 eth1; do on r sysctl -qw "net.ipv4.conf.$dev.rp_filter=0"; done

# A static multicast router: whatever comes on one interface goes out on the other. The kernel asks
# (IGMPMSG_NOCACHE) when it meets a new source and group, and is told.
cat >"$lab_dir/router.py" <<'ROUTER'
import socket, struct, sys
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC = 200, 202, 204
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
s.setsockopt(socket.IPPROTO_IP, MRT_INIT, struct.pack("i", 1))
for vif, address in enumerate(sys.argv[1:]):
    s.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF,
                 struct.pack("=HBBI4s4s", vif, 0, 1, 0, socket.inet_aton(address), b"\0" * 4))
print("ready", flush=True)
while True:
    packet = s.recv(2048)
    if packet[9] != 0 or packet[8] != 1:  # not a question of the kernel's: IGMP itself
        continue
    vif, source, group = packet[10], packet[12:16], packet[16:20]
    ttls = [0 if v == vif else 1 for v in range(2)] + [0] * 30
    s.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC,
                 struct.pack("=4s4sH32B", source, group, vif, *ttls) + b"\0" * 18)
ROUTER
background r "$lab_dir/router.out" python3 "$lab_dir/router.py" 10.1.0.2 10.2.0.2
if ! wait_for 5 has "$lab_dir/router.out" ready; then
  printf 'lab: %s SKIPPED: this kernel has no multicast routing\n' "$lab_name"
  exit 77
fi

values() { grep -c '"seq"' "$lab_dir/$1.out" || true; }
came() { [ "$(values "$1")" -ge "$2" ]; }
background a "$lab_dir/low.out" "$DTS" pub lab.Low --define 'lab.Low{n:i64}' 'n={{n}}' -r 50
status=0
on b "$DTS" why lab.Low -d 3s >"$lab_dir/why.out" 2>&1 || status=$?
check "with TTL 1 nothing crosses the router" [ "$status" != 0 ]
check "dts why says nobody is heard" grep -qi "no other\|nobody\|no_peers" "$lab_dir/why.out"

export DTS_TRANSPORTS='udp://?ttl=4'
background a "$lab_dir/pub.out" "$DTS" pub lab.High --define 'lab.High{n:i64}' 'n={{n}}' -r 200
background b "$lab_dir/sub.out" "$DTS" sub lab.High --json
check "with ttl=4 it is found beyond, and its values arrive" wait_for 20 came sub 200
lose b eth0 100
before=$(values sub)
check "at 10 % loss it goes on" wait_for 30 came sub $((before + 1000))
lose b eth0 0
check "repaired across the router: each once, in order, none missing" python3 -c '
import json, sys
last = 0
for line in open(sys.argv[1]):
    if line.startswith("{") and "\"gap\"" in line: sys.exit("named: " + line)
    if "\"seq\"" not in line: continue
    seq = json.loads(line)["seq"]
    assert last in (0, seq - 1), (last, seq)
    last = seq' "$lab_dir/sub.out"
lab_end
