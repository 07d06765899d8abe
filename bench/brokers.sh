# bench/brokers.sh: the end of the part `transports` of run.sh, which sources it. Two processes of one
# host and a real broker beside them: DTS by the transport, and the bare library that it uses. Each
# broker runs only while it is measured. bus, lab_dir, rounds, seconds and figures are those of run.sh.
# shellcheck shell=bash disable=SC2016,SC2154

broker_systems=()
find_broker_systems() {
  broker_systems=()
  if [ -x "$bus/mosquitto_bus" ] && PATH=$PATH:/usr/sbin command -v mosquitto >/dev/null; then
    broker_systems+=(mosquitto dts_mqtt dts_wait_mqtt)
  fi
  if [ -x "$bus/nats_bus" ] && PATH=$PATH:/usr/sbin command -v nats-server >/dev/null; then
    broker_systems+=(nats dts_nats dts_wait_nats)
  fi
  if [ -x "$bus/zeromq_forwarder_bus" ] && /usr/bin/python3 -c 'import zmq' 2>/dev/null; then
    broker_systems+=(zeromq_forwarder dts_zmq dts_wait_zmq)
  fi
}

# ZeroMQ's own forwarder, with 64 MiB of queue at 1 KiB: python3-zmq only starts it.
zmq_forwarder='
import signal, zmq
signal.signal(signal.SIGINT, signal.SIG_DFL)
context = zmq.Context()
hear, tell = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
for socket, port in ((hear, 25557), (tell, 25558)):
    socket.sndhwm = socket.rcvhwm = 65536
    socket.bind("tcp://127.0.0.1:%d" % port)
zmq.proxy(hear, tell)'

# with_broker SYSTEM COMMAND...: while the system's broker runs on host a.
with_broker() {
  local port status=0
  case $1 in
    mosquitto | *_mqtt)
      port=1883
      printf 'listener 1883\nallow_anonymous true\nset_tcp_nodelay true\nuser root\n' >"$lab_dir/mosquitto.conf"
      PATH=$PATH:/usr/sbin background a "$lab_dir/broker.out" mosquitto -c "$lab_dir/mosquitto.conf"
      ;;
    zeromq_forwarder | *_zmq)
      port=25558
      background a "$lab_dir/broker.out" /usr/bin/python3 -c "$zmq_forwarder"
      ;;
    *)
      port=4222
      PATH=$PATH:/usr/sbin background a "$lab_dir/broker.out" nats-server -a 127.0.0.1 -p 4222
      ;;
  esac
  wait_for 10 on a bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
  "${@:2}" || status=$?
  interrupt
  return "$status"
}

# by_broker SYSTEM ROLE ROLE OPTIONS...: lines of JSON in a.out and b.out.
by_broker() {
  local system=$1 program=$1 url='' status=0
  case $system in
    dts*_mqtt) program=${system%_mqtt} url=mqtt://127.0.0.1 ;;
    dts*_nats) program=${system%_nats} url=nats://127.0.0.1 ;;
    dts*_zmq) program=${system%_zmq} url=zmq+tcp://127.0.0.1 ;;
  esac
  rm -f "$lab_dir"/sync*
  on a env DTS_TRANSPORTS=$url "$bus/${program}_bus" "$3" --sync "$lab_dir/sync" --to 127.0.0.1 "${@:4}" \
    >"$lab_dir/b.out" 2>&1 &
  on a env DTS_TRANSPORTS=$url "$bus/${program}_bus" "$2" --sync "$lab_dir/sync" --to 127.0.0.1 "${@:4}" \
    >"$lab_dir/a.out" 2>&1 || status=1
  wait $! || status=1
  [ "$status" = 0 ] && return
  printf 'bench: %s failed:\n' "$system $2/$3" >&2
  cat "$lab_dir/a.out" "$lab_dir/b.out" >&2
  return 1
}

brokers_round() {
  local system size
  for system in "${broker_systems[@]}"; do
    if with_broker "$system" by_broker "$system" ping pong --size 64 --seconds "$seconds"; then
      note "$system" br-p50 "$(member "$lab_dir/a.out" p50_us)"
      note "$system" br-p99 "$(member "$lab_dir/a.out" p99_us)"
    fi
  done
  for size in 64 1024; do
    for system in "${broker_systems[@]}"; do
      with_broker "$system" by_broker "$system" pub sub --size "$size" --seconds "$seconds" || continue
      note "$system" "br-rate$size" "$(member "$lab_dir/b.out" messages_per_s)"
      note "$system" "lost-br$size" "$(member "$lab_dir/b.out" lost_percent)"
    done
  done
}

brokers_table() {
  local round system bare
  find_broker_systems
  [ "${#broker_systems[@]}" -gt 0 ] || return 0
  for ((round = 1; round <= rounds; ++round)); do
    printf 'bench: brokers, round %s of %s\n' "$round" "$rounds" >&2
    brokers_round
  done
  printf '### Over a broker\n\nMedians of %s interleaved rounds, %s s each; publisher, broker and subscriber on one host. ' \
    "$rounds" "$seconds"
  printf '`mosquitto`, `nats` and `zeromq_forwarder` (libzmq and its own proxy) are the bare libraries; what they lose nobody '
  printf 'is told of. `dts_wait` waits for its subscribers.\n\n'
  row system 'RTT/2 64 B, p50 / p99 us' '64 B, messages/s arrived' '1 KiB, messages/s arrived' '1 KiB, beside the bare library'
  row --- --- --- --- ---
  for system in "${broker_systems[@]}"; do
    case $system in mosquitto | nats | zeromq_forwarder) bare=$system ;; esac
    row "$system" "$(short "$(median "$system" br-p50)") / $(short "$(median "$system" br-p99)")" \
      "$(with_loss "$system" br-rate64 -br64)" "$(with_loss "$system" br-rate1024 -br1024)" \
      "$(ratio "$(median "$system" br-rate1024)" "$(median "$bare" br-rate1024)" rate)"
  done
  printf '\n'
}
