# bench/transports.sh: the part `transports` of run.sh, which sources it. Processes of one host: DTS by
# memory (shm://) and by lo (udp://), beside a bare ring with a futex, which is what memory alone can
# do, and ZeroMQ by ipc. The same payload, processes and rounds for each.
# Backquotes in texts are Markdown; bus, lab_dir, rounds, seconds and figures are those of run.sh.
# shellcheck shell=bash disable=SC2016,SC2154

transport_systems=()
find_transport_systems() {
  transport_systems=(ring dts_shm dts_wait_shm dts_udp)
  if [ -x "$bus/zeromq_ipc_bus" ]; then transport_systems+=(zeromq_ipc); fi
}

# here SYSTEM ROLE OPTIONS...: on host a, by the transport that the system's name ends in.
here() {
  local system=$1 program=${1%_shm} urls=shm://
  shift
  case $system in *_udp) program=${system%_udp} urls=udp:// ;; esac
  on a env DTS_TRANSPORTS=$urls "$bus/${program}_bus" "$1" --sync "$lab_dir/sync" --from 127.0.0.1 \
    --to 127.0.0.1 "${@:2}"
}

# local_cell SYSTEM ROLE ROLE SUBSCRIBERS OPTIONS...: lines of JSON in a.out and b1.out, b2.out, ...
local_cell() {
  local system=$1 first=$2 second=$3 count=$4 i pids=() status=0
  shift 4
  rm -f "$lab_dir"/sync* "$lab_dir"/b[0-9]*.out
  for ((i = 1; i <= count; ++i)); do
    here "$system" "$second" "$@" >"$lab_dir/b$i.out" 2>&1 &
    pids+=("$!")
  done
  if [ "$count" -gt 1 ]; then sleep 1; fi # all of them join; the first to hear begins
  here "$system" "$first" "$@" >"$lab_dir/a.out" 2>&1 || status=1
  for i in "${pids[@]}"; do wait "$i" || status=1; done
  [ "$status" = 0 ] && return
  printf 'bench: %s failed:\n' "$system $first/$second $*" >&2
  cat "$lab_dir/a.out" "$lab_dir"/b[0-9]*.out >&2
  return 1
}

# Nanoseconds of CPU that the publisher took for a message.
publisher_ns() {
  awk -v s="$(member "$lab_dir/a.out" cpu_s)" -v n="$(member "$lab_dir/a.out" sent)" \
    'BEGIN { if (n > 0) printf "%.0f", 1e9 * s / n }'
}

transports_round() {
  local system size
  for system in "${transport_systems[@]}"; do
    if local_cell "$system" ping pong 1 --size 64 --seconds "$seconds"; then
      note "$system" t-p50 "$(member "$lab_dir/a.out" p50_us)"
      note "$system" t-p99 "$(member "$lab_dir/a.out" p99_us)"
    fi
  done
  for size in 64 1048576; do
    for system in "${transport_systems[@]}"; do
      local_cell "$system" pub sub 1 --size "$size" --seconds "$seconds" || continue
      note "$system" "t-rate$size" "$(member "$lab_dir/b1.out" messages_per_s)"
      note "$system" "t-mb$size" "$(member "$lab_dir/b1.out" mb_per_s)"
      note "$system" "lost-t$size" "$(member "$lab_dir/b1.out" lost_percent)"
      note "$system" "t-cpu$size" "$(publisher_ns)"
    done
  done
  for system in "${transport_systems[@]}"; do
    local_cell "$system" pub sub 8 --size 64 --seconds "$seconds" || continue
    note "$system" t-sum "$(cat "$lab_dir"/b[0-9]*.out | awk -F'"messages_per_s":' \
      '{ split($2, v, ","); s += v[1] } END { print s }')"
    note "$system" t-cpu8 "$(publisher_ns)"
  done
}

part_transports() {
  local round system
  find_transport_systems
  for ((round = 1; round <= rounds; ++round)); do
    printf 'bench: transports, round %s of %s\n' "$round" "$rounds" >&2
    transports_round
  done
  printf '### Between processes of one host\n\nMedians of %s interleaved rounds, %s s each. `ring` is ' \
    "$rounds" "$seconds"
  printf 'no bus: a bare ring in memory, written and read in place. `dts_wait` waits for its subscribers.\n\n'
  row system 'RTT/2 64 B, p50 / p99 us' '64 B, messages/s' '1 MiB, MB/s' \
    '8 subscribers, 64 B, deliveries/s' 'CPU of the publisher, ns per 64 B message: 1 subscriber, 8'
  row --- --- --- --- --- ---
  for system in "${transport_systems[@]}"; do
    row "$system" "$(short "$(median "$system" t-p50)") / $(short "$(median "$system" t-p99)")" \
      "$(with_loss "$system" t-rate64 -t64)" "$(short "$(median "$system" t-mb1048576)")" \
      "$(short "$(median "$system" t-sum)")" \
      "$(median "$system" t-cpu64), $(median "$system" t-cpu8)"
  done
  printf '\n'
  brokers_table
  queues_table
}
