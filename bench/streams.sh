# bench/streams.sh: the part `streams` of run.sh, which sources it. Two processes of one
# host, one of which listens: DTS by tcp://, ws://, http:// and nng+tcp://, beside bare TCP and ZeroMQ's tcp.
# bus, lab_dir, rounds, seconds and figures are those of run.sh.
# shellcheck shell=bash disable=SC2016,SC2154

stream_systems=()
find_stream_systems() {
  stream_systems=(tcp)
  if [ -x "$bus/zeromq_bus" ]; then stream_systems+=(zeromq); fi
  stream_systems+=(dts_wait_tcp dts_wait_ws dts_wait_http dts_wait_nng)
}

# by_stream SYSTEM ROLE ROLE OPTIONS...: lines of JSON in a.out and b.out; the first listens.
by_stream() {
  local system=$1 program=$1 listens='' connects='' status=0
  case $system in
    dts*_tcp) listens=tcp-listen://127.0.0.1:7731 connects=tcp://127.0.0.1:7731 ;;
    dts*_ws) listens=ws-listen://127.0.0.1:7732 connects=ws://127.0.0.1:7732 ;;
    dts*_http) listens=http-listen://127.0.0.1:7734 connects=http://127.0.0.1:7734 ;;
    dts*_nng) listens=nng+tcp-listen://127.0.0.1:7733 connects=nng+tcp://127.0.0.1:7733 ;;
  esac
  if [ -n "$listens" ]; then program=${system%_*}; fi
  rm -f "$lab_dir"/sync*
  on a env DTS_TRANSPORTS=$connects "$bus/${program}_bus" "$3" --sync "$lab_dir/sync" --from 127.0.0.1 \
    --to 127.0.0.1 "${@:4}" >"$lab_dir/b.out" 2>&1 &
  on a env DTS_TRANSPORTS=$listens "$bus/${program}_bus" "$2" --sync "$lab_dir/sync" --from 127.0.0.1 \
    --to 127.0.0.1 "${@:4}" >"$lab_dir/a.out" 2>&1 || status=1
  wait $! || status=1
  [ "$status" = 0 ] && return
  printf 'bench: %s failed:\n' "$system $2/$3" >&2
  cat "$lab_dir/a.out" "$lab_dir/b.out" >&2
  return 1
}

streams_round() {
  local system size
  for system in "${stream_systems[@]}"; do
    if by_stream "$system" ping pong --size 64 --seconds "$seconds"; then
      note "$system" st-p50 "$(member "$lab_dir/a.out" p50_us)"
      note "$system" st-p99 "$(member "$lab_dir/a.out" p99_us)"
    fi
  done
  for size in 64 1024 1048576; do
    for system in "${stream_systems[@]}"; do
      by_stream "$system" pub sub --size "$size" --seconds "$seconds" || continue
      note "$system" "st-rate$size" "$(member "$lab_dir/b.out" messages_per_s)"
      note "$system" "st-mb$size" "$(member "$lab_dir/b.out" mb_per_s)"
      note "$system" "lost-st$size" "$(member "$lab_dir/b.out" lost_percent)"
    done
  done
}

part_streams() {
  local round system
  find_stream_systems
  for ((round = 1; round <= rounds; ++round)); do
    printf 'bench: streams, round %s of %s\n' "$round" "$rounds" >&2
    streams_round
  done
  printf '### Over streams\n\nMedians of %s interleaved rounds, %s s each, both processes on one host. `tcp` is a bare connection ' \
    "$rounds" "$seconds"
  printf 'with a size before each message, one call for each. `dts_wait` waits for its subscribers.\n\n'
  row system 'RTT/2 64 B, p50 / p99 us' '64 B, messages/s' '1 KiB, messages/s' '1 MiB, MB/s' '1 MiB, beside bare TCP'
  row --- --- --- --- --- ---
  for system in "${stream_systems[@]}"; do
    row "$system" "$(short "$(median "$system" st-p50)") / $(short "$(median "$system" st-p99)")" \
      "$(with_loss "$system" st-rate64 -st64)" "$(with_loss "$system" st-rate1024 -st1024)" \
      "$(short "$(median "$system" st-mb1048576)")" \
      "$(ratio "$(median "$system" st-mb1048576)" "$(median tcp st-mb1048576)" rate)"
  done
  printf '\n'
}
