#!/usr/bin/env bash
# The networks Docker makes, made of the same parts without it: a bridge docker0 with its containers
# behind masquerade, no route for multicast anywhere, the host's own network, macvlan. Holds what
# docs/docker.md says of each.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "networks shaped like Docker's"
host docker                       # the machine that Docker runs on
host lan                          # another machine of its network
cable docker eth0 lan eth0 9
on docker ip link add docker0 type bridge
on docker ip link set docker0 up
on docker ip addr add 172.17.0.1/16 dev docker0
on docker sysctl -qw net.ipv4.ip_forward=1
masquerade() {
  on docker nft 'table ip nat { chain postrouting { type nat hook postrouting priority 100;
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade; }; }'
}
masquerade
container() {  # container NAME LAST-OF-ADDRESS
  host "$1"
  on "$1" ip link add eth0 type veth peer name "veth-$1" netns "$lab_prefix-docker"
  on docker ip link set "veth-$1" master docker0 up
  on "$1" ip link set eth0 up
  on "$1" ip addr add "172.17.0.$2/16" dev eth0
  on "$1" ip route add default via 172.17.0.1
}
container one 2
container two 3
host mac                          # a container on a macvlan network over the machine's eth0
on docker ip link add link eth0 name mv type macvlan mode bridge
on docker ip link set mv netns "$lab_prefix-mac"
on mac ip link set mv name eth0 up
on mac ip addr add 10.9.0.3/24 dev eth0
check "there is no route for multicast" bash -c \
  "! ip netns exec $lab_prefix-docker ip route show type multicast | grep -q . &&
   ! ip netns exec $lab_prefix-docker ip route | grep -q ^239"

number one "$lab_dir/one_pub.out" 50 -l at=one
number lan "$lab_dir/lan_pub.out" 50 -l at=lan
got() {  # got HOST LABEL [SECONDS]: five values with that label arrive there
  on "$1" "$DTS" sub lab.Reading -l "at=$2" --json -n 5 --timeout "${3:-20}s" \
    >"$lab_dir/$1.$2.out" 2>&1 && has_values "$lab_dir/$1.$2.out" 5
}
hears_nothing() { ! got "$1" "$2" 1; }

check "containers of one bridge hear each other" got two one
check "the machine does not look at docker0 by itself" hears_nothing docker one
check "with DTS_IFACE=+docker0 it does, without any route" \
  env DTS_IFACE=+docker0 bash -c "$(declare -f on got has_values values); lab_prefix=$lab_prefix
    lab_dir=$lab_dir; DTS=$DTS; got docker one"
check "multicast does not pass to the machine's own network" hears_nothing two lan
check "the host network hears the machine's network" got docker lan
check "a container on macvlan does too" got mac lan
check "macvlan and its own machine do not hear each other" hears_nothing mac docker

# What leaves the choice to the system's routes, as the Python package of 2019 does.
on docker ip route add default via 10.9.0.2
leaves_by() { on docker ip route get 239.255.0.1 | grep -q "dev $1"; }
check "by the routes, multicast leaves by the machine's network" leaves_by eth0
on docker ip route add 239.255.0.0/16 dev docker0
check "with a route of its own it leaves by docker0" leaves_by docker0
on docker ip route del 239.255.0.0/16 dev docker0

export DTS_PEERS=10.9.0.2
check "masquerade does not let the answers of a named machine in" hears_nothing two lan
on docker nft delete table ip nat
on lan ip route add 172.17.0.0/16 via 10.9.0.1
check "without masquerade, and with a route back, they come" got two lan
masquerade
unset DTS_PEERS

background docker "$lab_dir/hub.out" "$DTS" hub --between eth0,docker0
check "a hub on the machine brings the network to containers" got two lan
check "and containers to the network" got lan one
interrupt
check "without the hub nothing passes again" hears_nothing two lan

export DTS_TRANSPORTS='udp://,tcp-listen://:25555'
number lan "$lab_dir/listen.out" 50 -l at=listener
export DTS_TRANSPORTS='udp://,tcp://10.9.0.2'
check "a container dials out by tcp, through masquerade" got two listener

mkdir "$lab_dir/shm"
export DTS_TRANSPORTS="shm://$lab_dir/shm"
number one "$lab_dir/memory.out" 50 -l at=memory
check "a directory in memory that both have joins two containers" got mac memory
lab_end
