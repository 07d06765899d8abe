# lab.sh: hosts on one machine, for scripts that source it. A host is a network namespace, a cable a
# veth pair, a switch a bridge, bad weather an nftables rule. Everything made here carries this
# script's own prefix and is removed when it ends, however it ends. Needs root, iproute2, nftables.
#
#   lab_start NAME            makes the scenario's prefix; skips it (exit 77) where not permitted
#   host A                    a namespace with lo up
#   cable A va B vb NET       A's va is 10.NET.0.1/24, B's vb is 10.NET.0.2/24
#   switch S                  a host with a bridge br0; plug A eth0 S ADDRESS/24 [switch port name]
#   on A COMMAND...           runs a command on A
#   background A OUT CMD...   runs it there in the background, output into file OUT; killed at the end
#   lose A DEV PERMILLE       A's DEV drops that share of arriving UDP packets; lose A DEV 0 heals
#   silence_multicast A DEV   A's DEV drops arriving multicast; silence_multicast A DEV 0 heals
#   relay A va W B vb NET     a cable whose frames a program in W carries (relay.py); weather W FAULTS...
#   number A OUT RATE [...]   A publishes lab.Reading, value i being {"n": i}; more flags of dts pub
#   oracle FILE FLAGS...      holds what a subscriber printed against that (oracle.py)
#   values FILE               how many values it has printed; has_values FILE N: are there so many?
#   wait_for SECONDS CMD...   until CMD succeeds (tried every 50 ms); fails when it never does
#   has FILE TEXT             does the file hold the text?
#   check TEXT CMD...         one line of result; counts failures; lab_end exits with them
#   lab_end                   holds for every host that no IP fragment reached it; then exits
lab_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_failures=0
lab_hosts=()
lab_pids=()

lab_start() {
  lab_name=$1
  lab_prefix="dts-lab-$$"
  lab_dir=$(mktemp -d)
  trap lab_cleanup EXIT
  trap 'exit 130' INT TERM
  if ! ip netns add "$lab_prefix-probe" 2>"$lab_dir/why"; then
    printf 'lab: %s SKIPPED: network namespaces are not permitted here (%s)\n' "$lab_name" \
      "$(tr '\n' ' ' <"$lab_dir/why")"
    exit 77
  fi
  ip netns del "$lab_prefix-probe"
  printf '== %s\n' "$lab_name"
}

lab_cleanup() {
  local status=$? pid name
  set +e
  for pid in "${lab_pids[@]}"; do kill "$pid" 2>/dev/null; done
  for pid in "${lab_pids[@]}"; do wait "$pid" 2>/dev/null; done
  for name in "${lab_hosts[@]}"; do
    # Whatever a host's processes started, they end with it.
    for pid in $(ip netns pids "$lab_prefix-$name" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
    ip netns del "$lab_prefix-$name" 2>/dev/null
  done
  rm -rf "$lab_dir"
  exit "$status"
}

host() {
  ip netns add "$lab_prefix-$1"
  lab_hosts+=("$1")
  on "$1" ip link set lo up
}

on() {
  local name=$1
  shift
  ip netns exec "$lab_prefix-$name" "$@"
}

cable() {
  local a=$1 dev_a=$2 b=$3 dev_b=$4 net=$5
  on "$a" ip link add "$dev_a" type veth peer name "$dev_b" netns "$lab_prefix-$b"
  on "$b" ip link set "$dev_b" up
  on "$a" ip link set "$dev_a" up
  on "$b" ip addr add "10.$net.0.2/24" dev "$dev_b"
  on "$a" ip addr add "10.$net.0.1/24" dev "$dev_a"
}

switch() {
  host "$1"
  on "$1" ip link add br0 type bridge mcast_snooping 0
  on "$1" ip link set br0 up
}

plug() {
  local name=$1 dev=$2 switch=$3 address=$4 port=${5:-p-$1}
  on "$name" ip link add "$dev" type veth peer name "$port" netns "$lab_prefix-$switch"
  on "$switch" ip link set "$port" master br0 up
  on "$name" ip link set "$dev" up
  on "$name" ip addr add "$address" dev "$dev"
}

background() {
  local name=$1 out=$2
  shift 2
  : >"$out" # at once: whoever looks into it next may be faster than the process that writes it
  ip netns exec "$lab_prefix-$name" "$@" >>"$out" 2>&1 &
  lab_last=$!
  lab_pids+=("$lab_last")
}

# Ends what `background` started last (or the process given) the way Ctrl-C does.
interrupt() {
  local pid=${1:-$lab_last}
  kill -INT "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

lose() {
  on "$1" nft "add table netdev lab_$2" 2>/dev/null
  on "$1" nft "delete table netdev lab_$2"
  [ "$3" = 0 ] && return
  local share="numgen random mod 1000 < $3"
  [ "$3" -lt 1000 ] || share=''
  on "$1" nft "table netdev lab_$2 { chain i { type filter hook ingress device \"$2\" priority 0;
    ip protocol udp $share counter drop; }; }"
}

relay() {
  host "$3"
  on "$1" ip link add "$2" type veth peer name near netns "$lab_prefix-$3"
  on "$4" ip link add "$5" type veth peer name far netns "$lab_prefix-$3"
  on "$3" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  on "$3" ip link set near up
  on "$3" ip link set far up
  on "$1" ip link set "$2" gso_max_segs 1 up
  on "$4" ip link set "$5" gso_max_segs 1 up
  on "$1" ip addr add "10.$6.0.1/24" dev "$2"
  on "$4" ip addr add "10.$6.0.2/24" dev "$5"
  weather "$3"
}

weather() {
  if [ -n "${lab_weather:-}" ]; then
    kill "$lab_weather" 2>/dev/null
    wait "$lab_weather" 2>/dev/null || true
    printf '          (%s)\n' "$(tail -1 "$lab_dir/relay.out")"
  fi
  background "$1" "$lab_dir/relay.out" python3 "$lab_here/relay.py" near far "${@:2}"
  lab_weather=$lab_last
  wait_for 30 has "$lab_dir/relay.out" ready
}

number() {
  background "$1" "$2" "$DTS" pub lab.Reading --define 'lab.Reading{n:i64}' 'n={{n}}' -r "$3" "${@:4}"
}
oracle() { python3 "$lab_here/oracle.py" "$@"; }
values() { grep -c '"seq"' "$1" || true; }
has_values() { [ "$(values "$1")" -ge "$2" ]; }

silence_multicast() {
  on "$1" nft "add table netdev quiet_$2" 2>/dev/null
  on "$1" nft "delete table netdev quiet_$2"
  [ "${3:-}" != 0 ] || return 0
  on "$1" nft "table netdev quiet_$2 { chain i { type filter hook ingress device \"$2\" priority 0;
    ip daddr 224.0.0.0/4 counter drop; }; }"
}

wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.05
  done
}

has() { grep -qF -- "$2" "$1"; }
lacks() { ! grep -qF -- "$2" "$1"; }

check() {
  local text=$1
  shift
  if "$@"; then
    printf '  ok      %s\n' "$text"
  else
    printf '  FAILED  %s\n          (%s)\n' "$text" "$*"
    lab_failures=$((lab_failures + 1))
    local file
    for file in "$lab_dir"/*.out; do
      [ -s "$file" ] || continue
      printf '          %s:\n' "$(basename "$file")"
      head -c 1500 "$file" | sed 's/^/            /'
    done
  fi
}

# Did a host have to put IP datagrams together? DTS never sends one that needs it; whoever sends
# fragments on purpose to a host names it in lab_fragments_wanted.
lab_fragments_wanted=()
unfragmented() {
  on "$1" awk '/^Ip:/ { if (!at) { for (i = 1; i <= NF; ++i) if ($i == "ReasmReqds") at = i }
    else { found = 1; exit $at != 0 } } END { if (!found) exit 1 }' /proc/net/snmp
}

lab_end() {
  local name
  for name in "${lab_hosts[@]}"; do
    [[ " ${lab_fragments_wanted[*]:-} " = *" $name "* ]] && continue
    unfragmented "$name" || check "no IP fragment reached host $name" false
  done
  [ "$lab_failures" = 0 ] || printf '%s: %s checks FAILED\n' "$lab_name" "$lab_failures"
  exit $((lab_failures > 0))
}
