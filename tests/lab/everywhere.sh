#!/usr/bin/env bash
# One domain over everything at once: two hosts on a cable with multicast, and one host each that reaches
# the others by nothing but TCP, WebSocket, MQTT, NATS, SQS, ZeroMQ, nng and HTTP, and one where the JavaScript
# client of pages in browsers is all there is. One hub is in the middle; the
# brokers are real ones. A value published on each arrives once at all the others. The hub is killed and
# comes back, then the brokers: nothing is missing that is not named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "one domain over everything"
PATH=$PATH:/usr/sbin
support=$lab_here/../support
ways=(tcp ws http mqtt nats sqs zmq nng js)
switch site
switch core
host m
plug m eth0 site 10.1.0.1/24
plug m eth1 core 10.2.0.1/24 p-core
for i in 1 2; do
  host "u$i"
  plug "u$i" eth0 site "10.1.0.1$i/24"
done
for i in "${!ways[@]}"; do
  host "${ways[i]}"
  plug "${ways[i]}" eth0 core "10.2.0.1$i/24"
done
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
sqs="sqs://eu-central-1/lab?endpoint=http://10.2.0.1:9325"
declare -A url=([tcp]=tcp://10.2.0.1 [ws]=ws://10.2.0.1:8080/bus [js]=ws://10.2.0.1:8080/bus [http]=http://10.2.0.1:8081 [mqtt]=mqtt://10.2.0.1 [nats]=nats://10.2.0.1
  [sqs]=$sqs [zmq]=zmq+tcp://10.2.0.1:25557
  [nng]=nng+tcp://10.2.0.1:25559 [u1]=udp:// [u2]=udp://)

printf 'listener 1883\nallow_anonymous true\nuser root\n' >"$lab_dir/mosquitto.conf"
mqtt() { background m "$lab_dir/mosquitto.out" mosquitto -v -c "$lab_dir/mosquitto.conf"; brokers+=("$lab_last"); }
nats() { background m "$lab_dir/nats.out" nats-server -a 10.2.0.1; brokers+=("$lab_last"); }
sqs() {
  background m "$lab_dir/sqs.out" node "$support/sqs_server.js" 9324
  background m "$lab_dir/judge.out" /usr/bin/python3 -u "$support/sqs_signatures.py" 9325 9324 0.0.0.0
}
hub() {
  background m "$lab_dir/hub.out" "$DTS" hub --side udp://eth0 --listen :25555 --side ws-listen://:8080/bus --side http-listen://:8081 \
    --side mqtt://10.2.0.1 --side nats://10.2.0.1 --side "$sqs" --side 'zmq+tcp-listen://*:25557' \
    --side 'nng+tcp-listen://*:25559'
  hub=$lab_last
}
end() { kill -9 "$@"; wait "$@" 2>/dev/null || true; }
brokers=()
mqtt
nats
sqs
hub
places=(u1 u2 "${ways[@]}")
for place in "${places[@]}"; do
  if [ "$place" = js ]; then
    background js "$lab_dir/sub_js.out" node "$lab_here/javascript_node.mjs" "${url[js]}" sub 'lab.*'
  else
    DTS_TRANSPORTS=${url[$place]} background "$place" "$lab_dir/sub_$place.out" "$DTS" sub 'lab.*' --json
  fi
  subscribers+=("$lab_last")
done
for place in "${places[@]}"; do
  if [ "$place" = js ]; then
    background js "$lab_dir/pub_js.out" node "$lab_here/javascript_node.mjs" "${url[js]}" pub lab.By_js
  else
    DTS_TRANSPORTS=${url[$place]} background "$place" "$lab_dir/pub_$place.out" "$DTS" pub "lab.By_$place" \
      --define "lab.By_$place{n:i64}" 'n={{n}}' -r 10 --keep 4096
  fi
done
# everybody COUNT: has each so many values of each of the others, and of itself?
everybody() {
  local at from
  for at in "${places[@]}"; do
    for from in "${places[@]}"; do
      [ "$(grep -c "\"type\":\"lab.By_$from\".*\"seq\"" "$lab_dir/sub_$at.out")" -ge "$1" ] || return 1
    done
  done
}
check "what is published on each of ${#places[@]} ways arrives at all" wait_for 60 everybody 20
DTS_TRANSPORTS=udp:// on u1 "$DTS" http 10.1.0.11:25580 --open-reading >"$lab_dir/http.out" 2>&1 &
lab_pids+=($!)
asked() { on m curl -s -m 5 http://10.1.0.11:25580/latest/lab.By_sqs | grep -q '"type":"lab.By_sqs"'; }
check "and whoever has curl gets it too" wait_for 30 asked
DTS_TRANSPORTS=udp:// on u2 "$DTS" nodes >"$lab_dir/nodes.out" 2>&1 || true
end "$hub"
hub
check "the hub is killed and comes back" wait_for 60 everybody 60
end "${brokers[@]}"
brokers=()
mqtt
nats
check "brokers are killed and come back" wait_for 60 everybody 120
for pid in "${subscribers[@]}"; do interrupt "$pid"; done
for place in "${places[@]}"; do
  check "$place: each value once, in order, what is missing named" \
    oracle "$lab_dir/sub_$place.out" --runs ${#places[@]} --at-least 20
done
lab_end
