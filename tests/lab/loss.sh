#!/usr/bin/env bash
# Loss in both directions: every value of a reliable stream arrives once and in order, or its absence
# is named. At 1 to 30 % nothing needs to be named; a cable pulled for longer than the publisher
# keeps is told exactly.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "values are lost on the way"
host a
host b
cable a va b vb 1

number a "$lab_dir/pub.out" 1000
for permille in 0 10 50 200 300; do
  lose a va "$permille"
  lose b vb "$permille"
  background b "$lab_dir/sub$permille.out" "$DTS" sub lab.Reading --json
  subscriber=$lab_last
  check "2,000 values arrive at $((permille / 10)) % loss" wait_for 60 has_values "$lab_dir/sub$permille.out" 2000
  interrupt "$subscriber"
  check "each once, in order, none missing" oracle "$lab_dir/sub$permille.out" --at-least 2000 --named-max 0
done
lose a va 0
lose b vb 0

background b "$lab_dir/cut.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
check "values arrive" wait_for 20 has_values "$lab_dir/cut.out" 100
on b ip link set vb down
sleep 2
before=$(values "$lab_dir/cut.out")
on b ip link set vb up
check "after a cut of two seconds what was missed arrives" wait_for 20 has_values "$lab_dir/cut.out" $((before + 1500))
interrupt "$subscriber"
check "each once, in order, none missing" oracle "$lab_dir/cut.out" --at-least 1500 --named-max 0
lab_end
