# bench/queues.sh: queues of SQS, at the end of the part `transports` of run.sh, which sources it. Two
# processes of one host and the tests' server beside them: bare calls of ten messages, and DTS by
# sqs://. The server keeps all in memory and is the slowest of the three: it says what DTS's packing
# is worth, not what Amazon's queues carry. bus, lab_dir, rounds, seconds and figures are run.sh's.
# shellcheck shell=bash disable=SC2016,SC2154

# by_queues SYSTEM ROLE ROLE OPTIONS...: lines of JSON in a.out and b.out, of a server of their own.
by_queues() {
  local program=$1 status=0 server
  case $1 in dts*_sqs) program=${1%_sqs} ;; esac
  background a "$lab_dir/server.out" node "$here/../tests/support/sqs_server.js" 9324
  server=$lab_last
  wait_for 10 on a bash -c 'exec 3<>/dev/tcp/127.0.0.1/9324'
  local with=(env AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret DTS_TRANSPORTS=sqs://eu-central-1
    AWS_ENDPOINT_URL_SQS=http://127.0.0.1:9324 "$bus/${program}_bus")
  rm -f "$lab_dir"/sync*
  on a "${with[@]}" "$3" --sync "$lab_dir/sync" "${@:4}" >"$lab_dir/b.out" 2>&1 &
  on a "${with[@]}" "$2" --sync "$lab_dir/sync" "${@:4}" >"$lab_dir/a.out" 2>&1 || status=1
  wait $! || status=1
  interrupt "$server"
  [ "$status" = 0 ] && return
  printf 'bench: %s failed:\n' "$1 $2/$3" >&2
  cat "$lab_dir/a.out" "$lab_dir/b.out" >&2
  return 1
}

queues_table() {
  local round system
  [ -x "$bus/sqs_bus" ] && command -v npm >/dev/null || return 0
  for ((round = 1; round <= rounds; ++round)); do
    printf 'bench: queues, round %s of %s\n' "$round" "$rounds" >&2
    for system in sqs dts_wait_sqs; do
      by_queues "$system" pub sub --size 1024 --seconds "$seconds" --linger 1 || continue
      note "$system" q-sent "$(member "$lab_dir/a.out" messages_per_s)"
      note "$system" q-rate "$(member "$lab_dir/b.out" messages_per_s)"
      note "$system" lost-q "$(member "$lab_dir/b.out" lost_percent)"
    done
  done
  printf '### Over queues of SQS\n\nMedians of %s interleaved rounds, %s s each, 1 KiB, with the server of the tests. `sqs` is bare ' \
    "$rounds" "$seconds"
  printf 'calls of ten messages, one after the other; `dts_wait` waits for its subscribers.\n\n'
  row system 'messages/s sent' 'messages/s arrived' 'beside bare calls'
  row --- --- --- ---
  for system in sqs dts_wait_sqs; do
    row "$system" "$(short "$(median "$system" q-sent)")" "$(with_loss "$system" q-rate -q)" \
      "$(ratio "$(median "$system" q-rate)" "$(median sqs q-rate)" rate)"
  done
  printf '\n'
}
