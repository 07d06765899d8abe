#!/usr/bin/env bash
# pause.sh [SECONDS]: a subscriber, then its publisher, is stopped (SIGSTOP) for 5 s or as long as
# told, and goes on. Nobody is taken for dead by who slept, and everything comes or is named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
asleep=${1:-5}
lab_start "processes stand still for $asleep s"
host a
host b
cable a va b vb 1

number a "$lab_dir/pub.out" 200
publisher=$lab_last
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 30 has_values "$lab_dir/sub.out" 100
for who in "$subscriber" "$publisher"; do
  kill -STOP "$who"
  sleep "$asleep"
  before=$(values "$lab_dir/sub.out")
  kill -CONT "$who"
  check "it goes on: values arrive" wait_for 30 has_values "$lab_dir/sub.out" $((before + 100))
done
interrupt "$subscriber"
if [ "$asleep" -lt 9 ]; then
  check "each once, in order, none missing" oracle "$lab_dir/sub.out" --named-max 0
else
  check "each once, in order, or its absence named" oracle "$lab_dir/sub.out" --at-least 1000
fi

# The clocks of a machine that has run for a year, and one day of it asleep.
on b unshare --time --monotonic 31449600 --boottime 31536000 --fork \
  "$DTS" sub lab.Reading --json -n 100 --timeout 30s >"$lab_dir/old.out" 2>&1 || true
check "a subscriber whose clocks began a year ago is as good as any" \
  oracle "$lab_dir/old.out" --at-least 100 --named-max 0
lab_end
