#!/usr/bin/env bash
# bench/run.sh BUILD [PART...]: speed beside peers, as tables in Markdown. ./dev bench builds first.
#   bus      round trips and throughput between two hosts: DTS, LCM, ZeroMQ, Cyclone DDS in turn
#   floor    bare UDP and the transport, on the same kind of cable
#   transports  two processes of one host, by memory and by lo: DTS, a bare ring, ZeroMQ in turn; and
#            by a broker: DTS, the bare library, and queues of SQS
#   streams  two processes of one host by tcp, ws, http and nng: DTS, bare TCP, ZeroMQ in turn
#   loss     the same with packets lost on the cable: DTS, Cyclone DDS, Fast DDS in turn
#   scale    10, 50, 100 processes: until all know all, and what they cost then
#   sockets  10,000 subscribers on one host
#   types    1,000 types announced by one process and wanted by another
#   join     from the start of a process to its first message
#   memory   one value of 64 MiB
#   idle     a domain with nothing to say, the host source, and how long the command takes
#   engine   nanoseconds per message: the engine alone, and the domain without a network
#   formats  encoding and decoding beside other libraries
# Without PART: all of them. The settings are in the environment:
#   DTS_BENCH_ROUNDS=3  DTS_BENCH_SECONDS=1  DTS_BENCH_JOINS=20  DTS_BENCH_IDLE_SECONDS=20
# A host is a network namespace (see tests/lab/lab.sh); all is removed at the end. Needs root.
# Backquotes in texts are Markdown.
# shellcheck disable=SC2016
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lab.sh
source "$here/../tests/lab/lab.sh"
# shellcheck source=bench/loss.sh
source "$here/loss.sh"
# shellcheck source=bench/transports.sh
source "$here/transports.sh"
# shellcheck source=bench/streams.sh
source "$here/streams.sh"
# shellcheck source=bench/brokers.sh
source "$here/brokers.sh"
# shellcheck source=bench/queues.sh
source "$here/queues.sh"
# shellcheck source=bench/scale.sh
source "$here/scale.sh"

rounds=${DTS_BENCH_ROUNDS:-3}
seconds=${DTS_BENCH_SECONDS:-1}
joins=${DTS_BENCH_JOINS:-20}
idle_seconds=${DTS_BENCH_IDLE_SECONDS:-20}
unset DTS_DOMAIN DTS_IFACE DTS_PEERS DTS_LABELS CYCLONEDDS_URI

die() {
  printf 'bench: %s\n' "$*" >&2
  exit 1
}

# ---- figures: lines "SYSTEM METRIC VALUE", one per round, kept in BUILD/bench/figures ----

note() { printf '%s %s %s\n' "$1" "$2" "$3" >>"$figures"; }

# The value of a member in a line of JSON; fails when it is not there.
member() { sed -n "s/.*\"$2\":\"\{0,1\}\([^,\"}]*\).*/\1/p" "$1" | tail -1 | grep .; }

median() {
  awk -v who="$1" -v what="$2" '$1 == who && $2 == what && $3 != "" { print $3 }' "$figures" | sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}

# For people: 3.41 M, 524 k, 81.9
short() {
  awk -v x="$1" 'BEGIN {
    if (x == "") print "-"
    else if (x >= 1e6) printf "%.2f M\n", x / 1e6
    else if (x >= 1e4) printf "%.0f k\n", x / 1e3
    else if (x >= 100) printf "%.0f\n", x
    else printf "%.1f\n", x }'
}

# How many times better DTS is: "rate" wants more, "time" less.
ratio() {
  awk -v ours="$1" -v theirs="$2" -v kind="$3" 'BEGIN {
    if (ours + 0 == 0 || theirs + 0 == 0) print "-"
    else printf "%.2f\n", kind == "rate" ? ours / theirs : theirs / ours }'
}

row() {
  printf '|'
  printf ' %s |' "$@"
  printf '\n'
}

machine() {
  printf 'Machine: %s, %s processors, Linux %s; load %s; %s.\n\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)" "$(uname -r)" \
    "$(cut -d' ' -f1-3 /proc/loadavg)" "$(date -u +%Y-%m-%d)"
}

# ---- two hosts ----

systems=()
find_systems() {
  local name
  for name in dts dts_wait lcm zeromq cyclone; do
    if [ -x "$bus/${name}_bus" ]; then
      systems+=("$name")
    else
      printf 'bench: %s is not installed here; measured without it\n' "$name" >&2
    fi
  done
}

two_hosts() {
  host a
  host b
  cable a va b vb 1
  on a ip route add 224.0.0.0/4 dev va
  on b ip route add 224.0.0.0/4 dev vb
}

# cell SYSTEM ROLE_ON_A ROLE_ON_B OPTIONS...: both run to their ends; their lines of JSON are in
# a.out and b.out. Fails when one of them does.
cell() {
  local program=$bus/$1_bus a_role=$2 b_role=$3 status=0
  shift 3
  rm -f "$lab_dir/sync"
  background b "$lab_dir/b.out" "$program" "$b_role" --sync "$lab_dir/sync" \
    --from 10.1.0.2 --to 10.1.0.1 "$@"
  local b_pid=$lab_last
  on a "$program" "$a_role" --sync "$lab_dir/sync" --from 10.1.0.1 --to 10.1.0.2 "$@" \
    >"$lab_dir/a.out" 2>&1 || status=1
  wait "$b_pid" || status=1
  [ "$status" = 0 ] && return
  printf 'bench: %s failed:\n' "$program $a_role/$b_role $*" >&2
  cat "$lab_dir/a.out" "$lab_dir/b.out" >&2
  return 1
}

# ---- parts ----

bus_round() {
  local system size
  # Bare UDP first, by the same method: the floor of a round trip.
  for system in udp "${systems[@]}"; do
    if cell "$system" ping pong --size 64 --seconds "$seconds"; then
      note "$system" p50 "$(member "$lab_dir/a.out" p50_us)"
      note "$system" p99 "$(member "$lab_dir/a.out" p99_us)"
    fi
  done
  for size in 64 1024 1048576; do
    for system in "${systems[@]}"; do
      cell "$system" pub sub --size "$size" --seconds "$seconds" || continue
      note "$system" "rate$size" "$(member "$lab_dir/b.out" messages_per_s)"
      note "$system" "mb$size" "$(member "$lab_dir/b.out" mb_per_s)"
      note "$system" "lost$size" "$(member "$lab_dir/b.out" lost_percent)"
      note "$system" "cpu$size" "$(cat "$lab_dir/a.out" "$lab_dir/b.out" |
        awk -F'"cpu_s":' '{ split($2, v, ","); s += v[1] } END { print s }' |
        awk -v n="$(member "$lab_dir/b.out" received)" '{ print (n > 0 ? 1e6 * $1 / n : 0) }')"
    done
  done
  floor_round
}

# One round of the bare loops: throughput by UDP_SEGMENT, in packets of 64, 1024 and 1400 bytes.
floor_round() {
  local out=$lab_dir/floor.out
  [ -x "$floor" ] || return 0
  if ! "$floor" "$lab_prefix-a" va "$lab_prefix-b" vb 1 >"$out"; then
    printf 'bench: the floor failed\n' >&2
    return 0
  fi
  note udp rate64 "$(floor_figure UDP_SEGMENT 2)"
  note udp lost64 "$(floor_lost UDP_SEGMENT 1)"
  note udp rate1024 "$(floor_figure UDP_SEGMENT 3)"
  note udp lost1024 "$(floor_lost UDP_SEGMENT 2)"
  # As if packets of 1400 bytes were cut out of values of 1 MiB.
  note udp mb1048576 "$(floor_figure UDP_SEGMENT 4 | awk '{ print $1 * 0.0014 }')"
  note udp lost1048576 "$(floor_lost UDP_SEGMENT 3)"
}

# Out of the floor's table, the line that begins so: "name  RTT/2  rate (lost% ...)  rate (...) ...".
floor_figure() {
  sed -n "/^$1.*(/{ /:/d; s/([^)]*)//g; p; q }" "$lab_dir/floor.out" |
    awk -v column="$2" '{ print $(column + 1) }'
}
floor_lost() {
  sed -n "/^$1.*(/{ /:/d; p; q }" "$lab_dir/floor.out" | grep -o '( *[0-9.]*%' | tr -d '( %' |
    sed -n "$2p"
}

# "524 k (1.2 % lost)"
with_loss() {
  local lost
  lost=$(median "$1" "lost$3")
  if awk -v x="$lost" 'BEGIN { exit !(x >= 0.01) }'; then
    printf '%s (%s %% lost)' "$(short "$(median "$1" "$2")")" "$lost"
  else
    short "$(median "$1" "$2")"
  fi
}

part_bus() {
  local round system
  for ((round = 1; round <= rounds; ++round)); do
    printf 'bench: bus, round %s of %s\n' "$round" "$rounds" >&2
    bus_round
  done
  printf '### Between two hosts\n\nMedians of %s interleaved rounds, %s s each.\n\n' \
    "$rounds" "$seconds"
  printf '`dts_wait` is DTS with publishers that wait for their subscribers.\n'
  printf '`udp` is no bus: bare sendto for the round trip, bare UDP_SEGMENT without any repair for '
  printf 'the rest.\n\n'
  row system 'RTT/2 64 B, p50 / p99 us' '64 B, messages/s' '1 KiB, messages/s' '1 MiB, MB/s' \
    'CPU us per 64 B message'
  row --- --- --- --- --- ---
  for system in "${systems[@]}" udp; do
    row "$system" "$(short "$(median "$system" p50)") / $(short "$(median "$system" p99)")" \
      "$(with_loss "$system" rate64 64)" "$(with_loss "$system" rate1024 1024)" \
      "$(with_loss "$system" mb1048576 1048576)" "$(median "$system" cpu64 | awk '{
        printf "%.2f", $1 }')"
  done
  printf '\nDTS beside the others, as ratios; above 1 DTS is better:\n\n'
  row 'DTS beside' 'RTT/2 64 B' '64 B' '1 KiB' '1 MiB'
  row --- --- --- --- ---
  for system in "${systems[@]}" udp; do
    case $system in dts | dts_wait) continue ;; esac
    row "$system" "$(ratio "$(median dts p50)" "$(median "$system" p50)" time)" \
      "$(ratio "$(median dts rate64)" "$(median "$system" rate64)" rate)" \
      "$(ratio "$(median dts rate1024)" "$(median "$system" rate1024)" rate)" \
      "$(ratio "$(median dts mb1048576)" "$(median "$system" mb1048576)" rate)"
  done
  printf '\n'
}

part_join() {
  local system
  printf '### From the start of a process to its first message\n\n'
  printf 'Publisher at 1 kHz on the other host; %s processes, one after the other.\n\n' "$joins"
  row system 'ms, median' min max
  row --- --- --- ---
  for system in "${systems[@]}"; do
    # The publisher runs on b, the joiners on a.
    cell "$system" joins beat --count "$joins" || continue
    row "$system" "$(member "$lab_dir/a.out" ms_median)" "$(member "$lab_dir/a.out" ms_min)" \
      "$(member "$lab_dir/a.out" ms_max)"
  done
  printf '\n'
}

wire_bytes() {
  on a cat /sys/class/net/va/statistics/tx_bytes /sys/class/net/va/statistics/rx_bytes |
    awk '{ s += $1 } END { print s }'
}

# types_cell OPTIONS...: announces on a, wants on b.
types_cell() {
  rm -f "$lab_dir/sync"
  background a "$lab_dir/a.out" "$bus/dts_bench_types" announce --sync "$lab_dir/sync" "$@"
  local a_pid=$lab_last
  on b "$bus/dts_bench_types" want --sync "$lab_dir/sync" "$@" >"$lab_dir/b.out" 2>&1 ||
    cat "$lab_dir/b.out" >&2
  wait "$a_pid" || true
}

part_types() {
  local round before
  for ((round = 1; round <= rounds; ++round)); do
    types_cell
    note types all_ms "$(member "$lab_dir/b.out" all_ms)"
    note types seen "$(member "$lab_dir/b.out" seen)"
    note types announce_kib "$(member "$lab_dir/a.out" resident_kib_max)"
    note types want_kib "$(member "$lab_dir/b.out" resident_kib_max)"
    note types control "$(cat "$lab_dir/a.out" "$lab_dir/b.out" |
      sed 's/.*"control_bytes":\([0-9]*\).*/\1/' | awk '{ s += $1 } END { print s / 1000 }')"
    before=$(wire_bytes)
    types_cell --quiet 2.5
    note types wire "$(awk -v a="$before" -v b="$(wire_bytes)" 'BEGIN { print (b - a) / 1000 }')"
  done
  printf '### 1,000 types\n\nOne process announces and publishes them, 10,000 values a second, '
  printf 'another wants them all.\nMedians of %s rounds.\n\n' "$rounds"
  row 'types seen' 'first value of all, ms' 'control traffic of both, kB' \
    'on the cable when nothing is published, 2.5 s, kB' 'resident, publisher MiB' \
    'resident, subscriber MiB'
  row --- --- --- --- --- ---
  row "$(median types seen)" "$(median types all_ms)" "$(median types control)" \
    "$(median types wire)" "$(median types announce_kib | awk '{ printf "%.1f", $1 / 1024 }')" \
    "$(median types want_kib | awk '{ printf "%.1f", $1 / 1024 }')"
  printf '\n'
}

part_memory() {
  local mib=${DTS_BENCH_MEMORY_MIB:-64} received
  printf '### One value of %s MiB\n\n' "$mib"
  row arrived 'peak resident, receiver MiB' 'peak resident, publisher MiB'
  row --- --- ---
  if cell dts pub sub --size $((mib << 20)) --count 1; then
    received=$(member "$lab_dir/b.out" received)
    row "$([ "$received" = 1 ] && echo yes || echo no)" \
      "$(member "$lab_dir/b.out" resident_kib_max | awk '{ printf "%.1f", $1 / 1024 }')" \
      "$(member "$lab_dir/a.out" resident_kib_max | awk '{ printf "%.1f", $1 / 1024 }')"
  fi
  printf '\n'
}

# CPU of all threads of a process so far, in nanoseconds.
cpu_ns() { cat /proc/"$1"/task/*/schedstat | awk '{ s += $1 } END { printf "%.0f\n", s }'; }
packets() {
  on a cat /sys/class/net/va/statistics/tx_packets /sys/class/net/va/statistics/rx_packets |
    awk '{ s += $1 } END { print s }'
}
resident_mib() { awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' /proc/"$1"/status; }

# watch LABEL PROCESSES PID: of PROCESSES alike, one of which is PID, over some seconds.
watch() {
  local cpu_before packets_before
  cpu_before=$(cpu_ns "$3")
  packets_before=$(packets)
  sleep "$idle_seconds"
  row "$1" "$(awk -v a="$cpu_before" -v b="$(cpu_ns "$3")" -v s="$idle_seconds" \
    'BEGIN { printf "%.3f", (b - a) / 1e7 / s }')" \
    "$(awk -v a="$packets_before" -v b="$(packets)" -v s="$idle_seconds" -v n="$2" \
      'BEGIN { printf "%.2f", (b - a) / s / n }')" "$(resident_mib "$3")"
}

part_idle() {
  local system program
  printf '### With nothing to say\n\nTwo processes, one on each host, each with a publisher and a '
  printf 'subscriber; over %s s, from the second after their start.\n\n' "$idle_seconds"
  row 'each process' 'CPU, % of a core' 'packets/s' 'resident, MiB'
  row --- --- --- ---
  for system in "${systems[@]}"; do
    program=$bus/${system}_bus
    rm -f "$lab_dir/sync"
    background b "$lab_dir/b.out" "$program" idle2 --sync "$lab_dir/sync" --from 10.1.0.2 \
      --to 10.1.0.1 --seconds 600
    local b_pid=$lab_last
    background a "$lab_dir/a.out" "$program" idle --sync "$lab_dir/sync" --from 10.1.0.1 \
      --to 10.1.0.2 --seconds 600
    local a_pid=$lab_last
    sleep 1
    watch "$system" 2 "$a_pid"
    kill "$a_pid" "$b_pid"
    wait "$a_pid" "$b_pid" 2>/dev/null || true
  done
  [ -x "$command" ] || return 0
  background a "$lab_dir/a.out" "$command" source host
  sleep 1
  watch '`dts source host`, 1 Hz' 1 "$lab_last"
  interrupt "$lab_last"
  idle_many 50
  part_command
}

# So many `dts sub` on one host that wait for what nobody publishes, all of them together.
idle_many() {
  local count=$1 i pids=() before after
  for ((i = 1; i <= count; ++i)); do
    background a /dev/null "$command" sub "bench.Idle$i" -q
    pids+=("$lab_last")
  done
  sleep 12 # beyond the announcements of the start
  all_of() { # seconds, nanoseconds of CPU, packets on the cable, on lo
    local pid
    printf '%s %s %s %s\n' "$EPOCHREALTIME" \
      "$(for pid in "${pids[@]}"; do cpu_ns "$pid"; done | awk '{ s += $1 } END { printf "%.0f", s }')" \
      "$(on a cat /sys/class/net/va/statistics/tx_packets)" \
      "$(on a cat /sys/class/net/lo/statistics/tx_packets)"
  }
  before=$(all_of)
  sleep "$idle_seconds"
  after=$(all_of)
  printf '\n%s processes on one host, each waiting for a type of its own, together:\n\n' "$count"
  row 'CPU, % of a core' 'packets/s on the cable' 'packets/s on lo' 'memory of each, PSS, MiB'
  row --- --- --- ---
  # shellcheck disable=SC2046
  row $(printf '%s %s\n' "$before" "$after" | awk '{ s = $5 - $1
    printf "%.2f %.1f %.1f", ($6 - $2) / 1e7 / s, ($7 - $3) / s, ($8 - $4) / s }') \
    "$(for i in "${pids[@]}"; do awk '/^Pss:/ { print $2 }' "/proc/$i/smaps_rollup"; done |
      awk '{ s += $1 } END { printf "%.2f", s / NR / 1024 }')"
  for i in "${pids[@]}"; do interrupt "$i"; done
}

# timed COMMAND...: median of seven, in milliseconds.
timed() {
  local begin run
  for ((run = 0; run < 7; ++run)); do
    begin=$EPOCHREALTIME
    on a "$@" >/dev/null 2>&1 || true
    awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f\n", (b - a) * 1000 }'
  done | sort -g | sed -n 4p
}

part_command() {
  background b "$lab_dir/b.out" "$command" source host
  printf '\n### The command\n\nMedians of seven, with `ip netns exec`; a host source is on the other '
  printf 'host.\n\n'
  row command ms
  row --- ---
  row '`true`' "$(timed true)"
  row '`dts --help`' "$(timed "$command" --help)"
  row '`dts ls`' "$(timed "$command" ls)"
  interrupt "$lab_last"
  printf '\n'
}

part_floor() {
  [ -x "$floor" ] || die "no dts_bench_floor in $build"
  printf '### Bare UDP, and the transport\n\n```\n'
  "$floor" "$lab_prefix-a" va "$lab_prefix-b" vb "$rounds"
  printf '```\n\n'
}

part_engine() {
  printf '### The engine, and the domain without a network\n\n```\n'
  if [ -x "$build/bench/engine/dts_engine_bench" ]; then
    "$build/bench/engine/dts_engine_bench" --benchmark_min_time="$seconds" 2>/dev/null
  fi
  "$bus/dts_bench_domain"
  printf '```\n\n'
}

part_formats() {
  printf '### Formats\n\n'
  # Debian's Python: its libraries are what ./dev installs.
  /usr/bin/python3 "$here/formats/compare.py" "$build/bench/formats/dts_formats_bench"
  printf '\n'
}

if [ $# = 0 ] || [ ! -d "$1" ]; then
  sed -n '2,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
build=$(cd "$1" && pwd)
bus=$build/bench/bus
floor=$build/bench/floor/dts_bench_floor
command=$build/cli/dts
figures=$build/bench/figures
: >"$figures"
shift
[ $# != 0 ] || set -- bus transports loss scale sockets types join memory idle engine formats
for part in "$@"; do
  declare -F "part_$part" >/dev/null || die "no part \"$part\"; there are bus, floor, transports, streams, loss, scale, sockets, types, join, memory, idle, engine and formats"
done
for part in "$@"; do
  case $part in
    engine | formats) ;;
    *)
      if [ -z "${lab_prefix:-}" ]; then
        lab_start "bench: two hosts over veth" >&2
        two_hosts
        find_systems
      fi
      ;;
  esac
done
machine
for part in "$@"; do "part_$part"; done
