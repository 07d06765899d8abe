#!/usr/bin/env bash
# tests/lab/run.sh DTS [SCENARIO...]: every scenario of this folder with the built `dts`, each in
# hosts of its own. Exit code 1 when one failed; what could not run is counted, never left out.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 2
[ -x "${1:-}" ] || { echo "usage: tests/lab/run.sh DTS [SCENARIO...]" >&2; exit 2; }
DTS=$(realpath "$1")
export DTS
shift
scenarios=("$@")
[ ${#scenarios[@]} -gt 0 ] || scenarios=(self_check.sh two_hosts.sh formats.sh peers_unicast.sh firewall.sh interface_change.sh hostile.sh rude.sh)
passed=0 failed=0 skipped=0
for scenario in "${scenarios[@]}"; do
  status=0
  timeout --foreground 120 bash "./${scenario%.sh}.sh" || status=$?
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
