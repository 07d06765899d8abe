#!/usr/bin/env bash
# soak.sh BUILD DURATION: the simulator over ever new seeds while a demo brewery runs in a host of its
# own with two subscribers; at the end nobody has died and nobody has grown.
set -euo pipefail
build=$1
case $2 in
  *m) seconds=$((${2%m} * 60)) ;;
  *h) seconds=$((${2%h} * 3600)) ;;
  *s) seconds=${2%s} ;;
  *) echo "soak: a duration is 90s, 10m or 8h" >&2; exit 2 ;;
esac
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
DTS=$build/cli/dts
lab_start "soak for $2"
host a
host b
cable a va b vb 1
background a /dev/null "$DTS" source demo brewery --every 20ms
background b /dev/null "$DTS" sub 'brewery.*' --json
subscriber=$lab_last
background b /dev/null "$DTS" sub brewery.Temperature
rss() { awk '/VmRSS/ {print $2}' "/proc/$subscriber/status"; }
check "values arrive" wait_for 20 on b "$DTS" sub brewery.Temperature -n 1 -q
end=$((SECONDS + seconds))
sim_failed=0 seed=1
middle='' half=$((SECONDS + seconds / 2))
while [ "$SECONDS" -lt "$end" ]; do
  "$build/sim/dts_sim" --seed="$seed" --seeds=20 >"$lab_dir/sim.out" 2>&1 || { sim_failed=1; break; }
  seed=$((seed + 20))
  if [ -z "$middle" ] && [ "$SECONDS" -ge "$half" ]; then middle=$(rss); fi
done
final=$(rss || echo 0)
check "the simulator found nothing in seeds 1 to $((seed - 1))" [ "$sim_failed" = 0 ]
check "the subscriber has not grown since half time (${middle:-0} to $final kB)" \
  [ $((final - ${middle:-$final})) -lt 512 ]
lab_end
