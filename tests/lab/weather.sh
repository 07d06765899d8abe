#!/usr/bin/env bash
# Bad weather on the way: packets come twice, in another order, with flipped bits, late, and all of
# that together. Every value of a reliable stream comes once and in order, as it was published.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "bad weather: duplicates, another order, flipped bits"
host a
host b
relay a va w b vb 1

number a "$lab_dir/pub.out" 500
try() {  # try NAME COUNT FAULTS...
  weather w "${@:3}"
  background b "$lab_dir/$1.out" "$DTS" sub lab.Reading --json
  local subscriber=$lab_last
  check "$2 values arrive with ${*:3}" wait_for 60 has_values "$lab_dir/$1.out" "$2"
  interrupt "$subscriber"
  check "each once, in order, as it was" oracle "$lab_dir/$1.out" --at-least "$2" --named-max 0
  weather w
}
try twice 1000 --duplicate 0.3
try order 1000 --reorder 0.3
try bits 1000 --corrupt 0.1
try all 2000 --duplicate 0.2 --reorder 0.2 --corrupt 0.05 --lose 0.05 --delay 2 --seed 7
lab_end
