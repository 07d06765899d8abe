# bench/scale.sh: the parts `sockets` and `scale` of run.sh, which sources it.
# scale:   10, 50, 100 processes on ten hosts of one switch, DTS beside Cyclone DDS: until all know
#          all that concerns them, and what they cost when nothing happens any more.
# sockets: ten thousand subscribers with sockets and engines of their own on one host, a publisher on
#          another, over a cable that loses nothing, then 1 % of the packets.
# Backquotes in texts are Markdown; bus, lab_dir and figures are those of run.sh.
# shellcheck shell=bash disable=SC2016,SC2154

# sockets_cell: the publisher on a, all subscribers on b. lo is down, by which those of one host hear
# each other: here each is to be alone, as on a machine of its own.
sockets_cell() {
  rm -f "$lab_dir/sync"
  background a "$lab_dir/a.out" "$bus/dts_bench_sockets" publish --sync "$lab_dir/sync" "$@"
  local a_pid=$lab_last status=0
  on b "$bus/dts_bench_sockets" subscribe --sync "$lab_dir/sync" "$@" \
    >"$lab_dir/b.out" 2>&1 || status=1
  wait "$a_pid" || status=1
  [ "$status" = 0 ] || cat "$lab_dir/a.out" "$lab_dir/b.out" >&2
}

part_sockets() {
  local level nodes=${DTS_BENCH_SOCKETS:-10000} messages=50
  printf '### %s subscribers on one host\n\n' "$nodes"
  printf 'Each with sockets and an engine of its own, %s messages of 64 bytes from ' "$messages"
  printf 'another host,\nfive a second. Delivered, named and missing are of all subscribers.\n\n'
  row loss processes 'all known to the publisher, s' 'published until all have all, s' delivered named \
    missing 'twice or wrong' 'NACKs sent / heard' repairs 'resident MiB, all subscribers / publisher'
  row --- --- --- --- --- --- --- --- --- --- ---
  on a ip link set lo down
  on b ip link set lo down
  for level in 0 1; do
    printf 'bench: %s sockets, %s %% of loss\n' "$nodes" "$level" >&2
    weather "$level"
    sockets_cell --nodes "$nodes" --messages "$messages" --seconds "${DTS_BENCH_SOCKETS_SECONDS:-55}"
    row "$level %" "$(member "$lab_dir/b.out" processes)" "$(member "$lab_dir/a.out" known_s)" \
      "$(member "$lab_dir/b.out" all_s)" "$(member "$lab_dir/b.out" delivered)" \
      "$(member "$lab_dir/b.out" named)" "$(member "$lab_dir/b.out" missing)" \
      "$(member "$lab_dir/b.out" wrong)" \
      "$(member "$lab_dir/b.out" nacks) / $(member "$lab_dir/a.out" nacks_in)" \
      "$(member "$lab_dir/a.out" repairs)" \
      "$(member "$lab_dir/b.out" resident_mib) / $(member "$lab_dir/a.out" resident_mib)"
  done
  weather 0
  on a ip link set lo up
  on b ip link set lo up
  printf '\n'
}

# Bytes and packets sent so far by all the hosts of the part `scale`, each counted where it is sent;
# what a host sends to itself by lo included.
scale_sent() {
  local i
  for ((i = 0; i < scale_hosts; ++i)); do
    on "n$i" cat /sys/class/net/lo/statistics/tx_packets /sys/class/net/lo/statistics/tx_bytes \
      /sys/class/net/eth0/statistics/tx_packets /sys/class/net/eth0/statistics/tx_bytes | tr '\n' ' '
    printf '\n'
  done | awk '{ p += $1 + $3; b += $2 + $4 } END { printf "%.0f %.0f\n", p, b }'
}

# The sums of the processes given: nanoseconds on a processor, KiB of memory (its share).
scale_cpu() {
  local pid
  for pid in "$@"; do cat /proc/"$pid"/task/*/schedstat 2>/dev/null || true; done |
    awk '{ s += $1 } END { printf "%.0f\n", s }'
}
scale_memory() {
  local pid
  for pid in "$@"; do sed -n 's/^Pss: *\([0-9]*\).*/\1/p' /proc/"$pid"/smaps_rollup || true; done |
    awk '{ s += $1 } END { printf "%.1f\n", s / 1024 / NR }'
}

# A number of the mapped file (node.hpp), by its place.
scale_sync() { od -An -t u8 -j $(($1 * 8)) -N 8 "$lab_dir/nodes" | tr -d ' '; }
scale_set() { # place: to 1
  printf '\001' | dd of="$lab_dir/nodes" bs=1 seek=$(($1 * 8)) conv=notrunc status=none
}
scale_reached() { [ "$(scale_sync "$1")" -ge "$2" ]; }

# scale_cell SYSTEM NODES: notes the figures of so many processes, spread over the hosts.
scale_cell() {
  local system=$1 nodes=$2 i before after cpu pids=()
  rm -f "$lab_dir/nodes"
  truncate -s 64 "$lab_dir/nodes"
  for ((i = 0; i < nodes; ++i)); do
    background "n$((i % scale_hosts))" "$lab_dir/node.out" "$bus/${system}_node" node \
      --sync "$lab_dir/nodes" --index "$i" --count "$nodes" --seconds 90
    pids+=("$lab_last")
  done
  wait_for 30 scale_reached 0 "$nodes" || true
  before=$(scale_sent)
  scale_set 1
  wait_for 30 scale_reached 2 "$nodes" || true
  sleep 1
  after=$(scale_sent)
  note "$system" "known$nodes" "$(scale_sync 2)"
  note "$system" "settled$nodes" "$(awk -v a="$(scale_sync 4)" -v b="$(scale_sync 5)" 'BEGIN { printf "%.2f", (b - a) / 1e9 }')"
  note "$system" "start$nodes" "$(awk -v a="$before" -v b="$after" 'BEGIN {
    split(a, x); split(b, y); printf "%.0f", y[1] - x[1] }')"
  sleep 1
  before=$(scale_sent)
  cpu=$(scale_cpu "${pids[@]}")
  sleep "$scale_seconds"
  after=$(scale_sent)
  note "$system" "cpu$nodes" "$(awk -v a="$cpu" -v b="$(scale_cpu "${pids[@]}")" -v s="$scale_seconds" 'BEGIN { printf "%.2f", (b - a) / 1e7 / s }')"
  note "$system" "steady$nodes" "$(awk -v a="$before" -v b="$after" -v s="$scale_seconds" 'BEGIN {
    split(a, x); split(b, y); printf "%.0f", (y[1] - x[1]) / s }')"
  note "$system" "bytes$nodes" "$(awk -v a="$before" -v b="$after" -v s="$scale_seconds" 'BEGIN {
    split(a, x); split(b, y); printf "%.1f", (y[2] - x[2]) / s / 1000 }')"
  note "$system" "memory$nodes" "$(scale_memory "${pids[@]}")"
  scale_set 3
  wait "${pids[@]}" || true
}

part_scale() {
  local i nodes system sizes
  scale_hosts=10 scale_seconds=${DTS_BENCH_SCALE_SECONDS:-10}
  read -ra sizes <<<"${DTS_BENCH_SCALE:-10 50 100}"
  switch hub
  for ((i = 0; i < scale_hosts; ++i)); do
    host "n$i"
    plug "n$i" eth0 hub "10.9.0.$((i + 1))/24"
    on "n$i" ip route add 224.0.0.0/4 dev eth0
  done
  printf '### Processes on ten hosts of one switch\n\nEach publishes three types and wants three others, '
  printf 'each of another process; all open at once.\nPackets are counted where they are sent, lo included; '
  printf 'steady state over %s s, from 2 s after all know all.\n\n' "$scale_seconds"
  row system processes 'know all' 'after, s' 'packets until 1 s later' 'packets/s, all' 'kB/s, all' \
    'CPU, % of a core, all' 'memory each (PSS), MiB'
  row --- --- --- --- --- --- --- --- ---
  for nodes in "${sizes[@]}"; do
    for system in dts cyclone; do
      [ -x "$bus/${system}_node" ] || continue
      printf 'bench: %s processes of %s\n' "$nodes" "$system" >&2
      scale_cell "$system" "$nodes"
      row "$system" "$nodes" "$(median "$system" "known$nodes")" "$(median "$system" "settled$nodes")" \
        "$(median "$system" "start$nodes")" "$(median "$system" "steady$nodes")" \
        "$(median "$system" "bytes$nodes")" "$(median "$system" "cpu$nodes")" \
        "$(median "$system" "memory$nodes")"
    done
  done
  printf '\n'
}
