#!/usr/bin/env bash
# one_way.sh [SECONDS]: for 3 s or as long as told, one host hears the other, and not the other way
# round; then the reverse; then neither hears the other for half of each second. Afterwards
# everything has come, or is named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
deaf=${1:-3}
lab_start "only one direction works, for $deaf s"
host a
host b
cable a va b vb 1

number a "$lab_dir/pub.out" 200
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 30 has_values "$lab_dir/sub.out" 100
for side in a:va b:vb; do
  lose "${side%:*}" "${side#*:}" 1000
  sleep "$deaf"
  lose "${side%:*}" "${side#*:}" 0
  before=$(values "$lab_dir/sub.out")
  check "host ${side%:*} was deaf: values arrive again" \
    wait_for 30 has_values "$lab_dir/sub.out" $((before + 100))
done
before=$(values "$lab_dir/sub.out")
for ((flaps = 0; flaps < 5; ++flaps)); do
  lose a va 1000
  lose b vb 1000
  sleep 0.5
  lose a va 0
  lose b vb 0
  sleep 0.5
done
check "the link flapped: values arrive again" wait_for 30 has_values "$lab_dir/sub.out" $((before + 900))
interrupt "$subscriber"
if [ "$deaf" -lt 9 ]; then
  check "each once, in order, none missing" oracle "$lab_dir/sub.out" --named-max 0
else
  check "each once, in order, or its absence named" oracle "$lab_dir/sub.out" --at-least 1000
fi
lab_end
