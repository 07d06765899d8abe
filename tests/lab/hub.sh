#!/usr/bin/env bash
# Two subnets and nothing between them but machines that are on both and run `dts hub`: values, types
# and last values cross, under the publisher's name; with two hubs each value comes once; one is
# killed and the other goes on; three subnets in a ring of hubs do not storm.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "subnets joined by hubs"
for net in 1 2 3; do switch "s$net"; done
host a; plug a eth0 s1 10.1.0.1/24
host b; plug b eth0 s2 10.2.0.1/24
host c; plug c eth0 s3 10.3.0.1/24
host g; plug g eth0 s1 10.1.0.9/24 g1; plug g eth1 s2 10.2.0.9/24 g2
host h; plug h eth0 s1 10.1.0.8/24 h1; plug h eth1 s2 10.2.0.8/24 h2
host x; plug x eth0 s2 10.2.0.7/24 x2; plug x eth1 s3 10.3.0.7/24 x3
host y; plug y eth0 s3 10.3.0.6/24 y3; plug y eth1 s1 10.1.0.6/24 y1

# Of the lines behind the first value: in order, each once, and what is missing is named.
cat >"$lab_dir/oracle.py" <<'ORACLE'
import json, sys
seen = named = last = 0
for line in open(sys.argv[1]):
    if not line.startswith("{"):
        continue
    entry = json.loads(line)
    if "seq" not in entry and "gap" not in entry:  # a notice
        continue
    first, to = (entry["gap"]["from"], entry["gap"]["to"]) if "gap" in entry else (entry["seq"],) * 2
    assert last in (0, first - 1), f"{first} came after {last}"
    last = to
    if "gap" in entry:
        named += to - first + 1
    else:
        seen += 1
assert seen >= int(sys.argv[2]), f"only {seen} came"
assert named <= int(sys.argv[3]), f"{named} named"
ORACLE
oracle() { python3 "$lab_dir/oracle.py" "$lab_dir/$1.out" "$2" "$3"; }
values() { grep -c '"seq"' "$lab_dir/$1.out" || true; }
came() { [ "$(values "$1")" -ge "$2" ]; }
more_came() { came "$1" "$(($2 + $3))"; }

background a "$lab_dir/pub_a.out" "$DTS" pub lab.North --define 'lab.North{n:i64}' 'n={{n}}' -r 50
background b "$lab_dir/pub_b.out" "$DTS" pub lab.South --define 'lab.South{n:i64}' 'n={{n}}' -r 50
status=0
on b "$DTS" sub lab.North -n 1 --timeout 2s >"$lab_dir/apart.out" 2>&1 || status=$?
check "without a hub nothing crosses" [ "$status" = 124 ]

status=0
on g "$DTS" hub --between eth0,nowhere >"$lab_dir/refused.out" 2>&1 || status=$?
check "an interface that is not there is named" has "$lab_dir/refused.out" nowhere
check "with exit code 1" [ "$status" = 1 ]
status=0
on g "$DTS" hub --between eth0,eth0 >"$lab_dir/same.out" 2>&1 || status=$?
check "the same interface twice is refused" has "$lab_dir/same.out" "one network"

background g "$lab_dir/hub_g.out" "$DTS" hub --between eth0,eth1
hub_g=$lab_last
background b "$lab_dir/north.out" "$DTS" sub lab.North --json
background a "$lab_dir/south.out" "$DTS" sub lab.South --json
check "values cross from subnet 1 to 2" wait_for 20 came north 100
check "and from 2 to 1" wait_for 20 came south 100
check "each once, in order, none missing" oracle north 100 0
check "the other way too" oracle south 100 0
check "under the publisher's own name" grep -q '"src":"[^"]*/dts-pub"' "$lab_dir/north.out"
on b "$DTS" show lab.North >"$lab_dir/show.out" 2>&1 || true
check "dts show says which hub passes it on" has "$lab_dir/show.out" "passed on by"
check "and knows the type" has "$lab_dir/show.out" i64
check "dts hub says what it passes on" has "$lab_dir/hub_g.out" "eth0 → eth1  lab.North"
on b "$DTS" get lab.North --timeout 5s >"$lab_dir/get.out" 2>&1 || true
check "dts get has the last value" has "$lab_dir/get.out" dts-pub

on b "$DTS" nodes >"$lab_dir/nodes.out" 2>&1 || true
check "dts nodes says by which hub a node is reached" grep -q '/dts-pub.* by [^ ]*/dts-hub' "$lab_dir/nodes.out"

background h "$lab_dir/hub_h.out" "$DTS" hub
check "a second hub beside it stands by" wait_for 10 bash -c \
  "ip netns exec '$lab_prefix-b' '$DTS' nodes | grep -c '^[^ ]*/dts-hub' | grep -qx 2"
before=$(values north)
check "values go on" wait_for 20 more_came north "$before" 100
check "each once, though there are two hubs" oracle north 100 0
kill -9 "$hub_g"
wait "$hub_g" 2>/dev/null || true
before=$(values north)
check "the first hub is killed: the second goes on" wait_for 20 more_came north "$before" 300
check "and nothing is missing: it had kept what the first did not bring" oracle north 300 0
check "in the other direction neither" wait_for 20 oracle south 300 0

# A ring: h joins 1 and 2, x 2 and 3, y 3 and 1.
background x "$lab_dir/hub_x.out" "$DTS" hub
background y "$lab_dir/hub_y.out" "$DTS" hub
background c "$lab_dir/ring.out" "$DTS" sub 'lab.*' --json
check "a ring of three hubs: values reach the third subnet" wait_for 20 came ring 100
sent() { on c cat /sys/class/net/eth0/statistics/rx_packets; }
before=$(sent)
mark=$(values ring)
wait_for 20 more_came ring "$mark" 200
check "without a storm: $(($(sent) - before)) packets for 200 values" [ $(($(sent) - before)) -lt 1500 ]
interrupt "$lab_last"
check "each value of each source came once" python3 -c '
import json, sys
last = {}
for line in open(sys.argv[1]):
    if "\"seq\"" not in line: continue
    e = json.loads(line)
    key = (e["type"], e["src"])
    assert e["seq"] > last.get(key, 0), (key, e["seq"], last[key])
    last[key] = e["seq"]
assert len(last) == 2, last' "$lab_dir/ring.out"
lab_end
