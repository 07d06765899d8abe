#!/usr/bin/env bash
# Nodes of the Python package of 2019 and a domain, joined by `dts bridge python-dts`: both
# directions, whoever starts late, a second bridge, and datagrams that no node should send.
set -euo pipefail
source "$(dirname "$0")/lab.sh"
: "${DTS:?DTS=path of the built dts}"

lab_start python_dts
host brewery
host cellar
cable brewery eth0 cellar eth0 1
# As the package's own manual had it: Python joins by route, so there must be one.
on cellar ip route add 239.255.0.0/16 dev eth0

schema=$lab_dir/sensors.capnp
cat >"$schema" <<'CAPNP'
@0xd1f2a6b08c5e4437;
struct Temperature { celsius @0 :Float64; tank @1 :Int32 = 7; n @2 :UInt32; }
struct Level { litres @0 :Float32; name @1 :Text; tags @2 :List(Text); }
CAPNP
python_node() { # OUT COMMAND...: on the cellar
  local out=$1
  shift
  background cellar "$lab_dir/$out" /usr/bin/python3 -u "$lab_here/python_node.py" \
    --schema "$schema" "$@"
}
bridge() { background brewery "$lab_dir/$1" "$DTS" bridge python-dts --schema "$schema" --iface lo; }
times() { grep -cF -- "$2" "$1" || true; }
once() { [ "$(times "$1" "$2")" = 1 ]; }

# The Python node is there first, the bridge comes late.
python_node thermometer.out send Temperature '(celsius = 18.5, tank = 3, n = {n})' every 0.1
wait_for 10 has "$lab_dir/thermometer.out" registered
background brewery "$lab_dir/sub.out" "$DTS" sub Temperature --json --iface lo
bridge bridge.out
first=$lab_last
check 'a Python node that was there first is heard' \
  wait_for 10 has "$lab_dir/sub.out" '"celsius":18.5,"tank":3'
check 'its values say by which bridge they came, and from where' \
  has "$lab_dir/sub.out" '"bridge":"python-dts","from":"10.1.0.2"'

# The other way, into the group that the Python node chose.
background brewery "$lab_dir/pub.out" "$DTS" pub Temperature --define "$schema" --iface lo \
  celsius=4.25 tank=9 'n={{n}}' -r 10
check 'a value of the domain reaches it' \
  wait_for 10 has "$lab_dir/thermometer.out" 'celsius = 4.25, tank = 9'

# The domain is there first, the Python node comes late and asks.
background brewery "$lab_dir/level.out" "$DTS" pub Level --define "$schema" --iface lo \
  '{"litres":81.5,"name":"kimoto","tags":["a","b"]}' -r 0.02
check 'a struct that nobody has registered gets a group' \
  wait_for 10 has "$lab_dir/bridge.out" 'Level is in 239.255.'
python_node gauge.out --host-id fedcba listen Level ask please
check 'a Python node that comes late is told the group' \
  wait_for 10 has "$lab_dir/gauge.out" '"heard": "Level"'
check 'and given the last value when it asks' \
  wait_for 10 has "$lab_dir/gauge.out" 'litres = 81.5, name = \"kimoto\", tags = [\"a\", \"b\"]'

# What no node should send: told once each, and nothing else happens.
on cellar /usr/bin/python3 "$lab_here/python_node.py" --schema "$schema" --host-id bad \
  attack Temperature >"$lab_dir/attack.out"
check 'no blosc frame: told once' once "$lab_dir/bridge.out" '(not_blosc)'
check 'a bomb: told once' once "$lab_dir/bridge.out" '(too_large)'
check 'no message: told once' once "$lab_dir/bridge.out" '(not_a_message)'
check 'no membership: told once' once "$lab_dir/bridge.out" '(bad_membership)'
check 'content of another struct: told once' once "$lab_dir/bridge.out" '(undecodable)'
check 'an unknown struct: told once, and it paints nothing' \
  once "$lab_dir/bridge.out" 'a value of "Nobody_Knows\x1b[31m" from 10.1.0.2 is not passed on'
before=$(times "$lab_dir/sub.out" '"tank":3')
check 'and values go on' wait_for 10 eval '[ $(times "$lab_dir/sub.out" "\"tank\":3") -gt $((before + 5)) ]'

# A second bridge stands by, and takes over at once when the first says goodbye.
bridge second.out
check 'a second bridge stands by' wait_for 10 has "$lab_dir/second.out" 'standing by'
# Nothing goes in circles: no Python value comes back to a Python node, none arrives twice.
check 'no Python value came back to the Python nodes' \
  lacks "$lab_dir/thermometer.out" 'tank = 3'
check 'no value arrived twice' eval \
  '[ -z "$(grep -o "\"tank\":3,\"n\":[0-9]*" "$lab_dir/sub.out" | sort | uniq -d)" ]'
check 'nor one of the domain at a Python node' eval \
  '[ -z "$(grep -o "tank = 9, n = [0-9]*" "$lab_dir/thermometer.out" | sort | uniq -d)" ]'

# What is under way at that moment may come twice, or from neither.
interrupt "$first"
check 'and works when the first is gone' \
  wait_for 5 has "$lab_dir/second.out" 'the other bridge is gone'
before=$(times "$lab_dir/sub.out" '"tank":3')
check 'values go on' wait_for 10 eval '[ $(times "$lab_dir/sub.out" "\"tank\":3") -gt $((before + 5)) ]'

# The bomb is larger than a packet.
lab_fragments_wanted=(brewery)
lab_end
