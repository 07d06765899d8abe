#!/usr/bin/env bash
# tests/lab/run.sh DTS [SCENARIO...]: every scenario of this folder with the built `dts`, each in
# hosts of its own, and the long versions of some; "link 30" is a scenario with its argument. Exit code 1 when one failed; what could not run is counted, never left out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
[ -x "${1:-}" ] || { echo "usage: tests/lab/run.sh DTS [SCENARIO...]" >&2; exit 2; }
DTS=$(realpath "$1")
export DTS
shift
scenarios=("$@")
if [ ${#scenarios[@]} = 0 ]; then
  scenarios=(self_check.sh two_hosts.sh loss.sh slow.sh formats.sh peers_unicast.sh firewall.sh
    interface_change.sh hostile.sh rude.sh hub.sh sites.sh multicast_router.sh weather.sh one_way.sh link.sh pause.sh kill.sh
    fallback.sh snooping.sh router.sh selected.sh tcp.sh tls.sh websocket.sh http.sh shm.sh python_dts.sh bridge_mqtt.sh mqtt.sh nats.sh jetstream.sh sqs.sh zmq.sh everywhere.sh nng.sh docker.sh decoded.sh large.sh catalogue.sh stream_hostile.sh 'large 1023 0 10' 'link 30' 'one_way 15' 'pause 15')
fi
passed=0 failed=0 skipped=0
for scenario in "${scenarios[@]}"; do
  status=0
  read -r name arguments <<<"$scenario"
  # shellcheck disable=SC2086
  timeout --foreground 240 bash "./${name%.sh}.sh" $arguments || status=$?
  case $status in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *)
      failed=$((failed + 1))
      echo "lab: ${scenario%.sh} FAILED (exit code $status)"
      ;;
  esac
done
echo "lab: $passed passed, $failed failed, $skipped skipped"
[ "$skipped" = 0 ] || echo "lab: $skipped SKIPPED: run it as root, where network namespaces are permitted"
exit $((failed > 0))
