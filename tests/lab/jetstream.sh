#!/usr/bin/env bash
# A bridge that keeps a network's values in a real nats-server with JetStream. The publisher is killed,
# the server is killed and comes back, the bridge is killed and comes back, a second bridge stands beside
# it: whoever asks has each value once, in order, and none is missing.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "values kept in JetStream"
PATH=$PATH:/usr/sbin
switch sw
for i in 1 2 3 4 5; do
  host "h$i"
  plug "h$i" eth0 sw "10.9.0.$i/24"
done
server() {
  background h1 "$lab_dir/server.out" nats-server -a 10.9.0.1 "$@"
  server=$lab_last
}
listens() { on h2 bash -c 'exec 3<>/dev/tcp/10.9.0.1/4222' 2>/dev/null; }
killed() {
  kill -9 "$1"
  wait "$1" 2>/dev/null || true
}

# What is wrong is said.
on h2 "$DTS" bridge jetstream 10.9.0.1 >"$lab_dir/nobody.out" 2>&1 || true
check "where nobody listens that is said" has "$lab_dir/nobody.out" 'nobody listens there'
server
wait_for 20 listens
on h2 "$DTS" bridge jetstream 10.9.0.1 >"$lab_dir/without.out" 2>&1 || true
check "a server without JetStream is named, and what starts it" has "$lab_dir/without.out" 'nats-server -js'
killed "$server"
on h2 "$DTS" bridge jetstream mqtt://10.9.0.1 >"$lab_dir/scheme.out" 2>&1 || true
check "another scheme is refused" has "$lab_dir/scheme.out" 'nats://server.local'

server -js -sd "$lab_dir/store"
wait_for 20 listens
bridge() { background "$1" "$2" "$DTS" bridge jetstream nats://10.9.0.1 'lab.*' --values 4096 --json; }
bridge h2 "$lab_dir/bridge.out"
bridge=$lab_last
check "the bridge begins with nothing" wait_for 20 has "$lab_dir/bridge.out" 'sources kept there: 0'
number h3 "$lab_dir/pub.out" 200 --keep 20
publisher=$lab_last
background h4 "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
check "values come" wait_for 30 has_values "$lab_dir/sub.out" 300

# Asks for all there is; what is wrong with the numbers that came, if so.
ask() { on h4 "$DTS" query lab.Reading --json "$@" >"$lab_dir/asked.out" 2>"$lab_dir/asked.err" || true; }
whole() { python3 - "$lab_dir/asked.out" "$@" <<'PY'
import json, sys
values = sorted(json.loads(line)["v"]["n"] for line in open(sys.argv[1]) if '"v"' in line)
least = int(sys.argv[2])
first = 1
wrong = "none came" if not values else \
    f"{len(values)} from {values[0]} to {values[-1]}" \
    if values != list(range(first, first + len(values))) or len(values) < least else ""
sys.exit(wrong or 0)
PY
}
asked_whole() { ask && whole "$@" 2>/dev/null; }
check "publisher and bridge answer together: each value once, none missing" wait_for 20 asked_whole 300
killed "$publisher"
last=$(values "$lab_dir/sub.out")
gone() { on h4 "$DTS" nodes >"$lab_dir/nodes.out" && lacks "$lab_dir/nodes.out" /dts-pub; }
check "the publisher is killed, and missed" wait_for 60 gone
check "all its values are there: $last" wait_for 20 asked_whole "$last"
check "whose they are is in a label" grep -q 'kept_of' "$lab_dir/asked.out"
ask -n 5
check "the last five are five" [ "$(grep -c '"v"' "$lab_dir/asked.out")" = 5 ]
ask -w 'n <= 10'
check "a filter holds for them as well" [ "$(grep -c '"v"' "$lab_dir/asked.out")" = 10 ]
ask --since 1h
check "all of them are of the last hour" whole "$last"

killed "$server"
check "the server is killed, and that is told" wait_for 30 has "$lab_dir/bridge.out" '"event":"lost"'
ask
check "who asks meanwhile is told why there is no answer" grep -q "the connection to the server is lost" "$lab_dir/asked.err"
number h5 "$lab_dir/pub2.out" 200 --label run=2
second=$lab_last
background h4 "$lab_dir/sub2.out" "$DTS" sub lab.Reading --json
check "another publishes meanwhile" wait_for 30 has_values "$lab_dir/sub2.out" 300
server -js -sd "$lab_dir/store"
check "the server is back" wait_for 30 has "$lab_dir/bridge.out" '"event":"connected"'
interrupt "$second"
both() { ask --timeout 5s && [ "$(grep -c '"v"' "$lab_dir/asked.out")" -ge $((last + $1)) ]; }
count=$(values "$lab_dir/sub2.out")
check "what came meanwhile was kept when it was back" wait_for 30 both "$count"

# Bridges of one store.
killed "$bridge"
bridge h2 "$lab_dir/bridge2.out"
bridge=$lab_last
check "a new bridge knows what the killed one kept" wait_for 30 has "$lab_dir/bridge2.out" 'sources kept there: 2'
check "and answers with it" wait_for 30 both "$count"
bridge h3 "$lab_dir/beside.out"
check "a second one beside it" wait_for 30 has "$lab_dir/beside.out" 'sources kept there: 2'
knows() { on h4 "$DTS" nodes | grep -c dts-bridge | grep -qx 2; }
wait_for 30 knows
each_once() {
  ask && python3 - "$lab_dir/asked.out" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if '"v"' in line]
keys = [(row["labels"].get("run"), row["v"]["n"]) for row in rows]
sys.exit(not keys or len(keys) != len(set(keys)))
PY
}
check "and still each value comes once" each_once
interrupt "$bridge"
check "at the end it says what was done" grep -q '"event":"counters".*"not_kept":0' "$lab_dir/bridge2.out"
lab_end
