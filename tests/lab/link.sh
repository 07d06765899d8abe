#!/usr/bin/env bash
# link.sh [SECONDS]: a subscriber's interface goes down under traffic, for 3 s or as long as told, and
# comes up again. What it missed and the publisher still keeps arrives; the rest is named exactly; how
# long that takes is measured.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
down=${1:-3}
lab_start "an interface is down for $down s"
host a
host b
host c
switch sw
plug a eth0 sw 10.1.0.1/24
plug b eth0 sw 10.1.0.2/24
plug c eth0 sw 10.1.0.3/24

number a "$lab_dir/pub.out" 100
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
background c "$lab_dir/other.out" "$DTS" sub lab.Reading --json
check "values arrive" wait_for 30 has_values "$lab_dir/sub.out" 100
check "at another subscriber too" wait_for 30 has_values "$lab_dir/other.out" 100
on b ip link set eth0 down
sleep "$down"
sent=$(grep -o '"seq":[0-9]*' "$lab_dir/other.out" | tail -1 | cut -d: -f2)
began=$EPOCHREALTIME
on b ip link set eth0 up
# Caught up: a value published after the link came up is out, and with it all before it.
caught_up() { [ "$(grep -o '"seq":[0-9]*' "$lab_dir/sub.out" | tail -1 | cut -d: -f2)" -gt "$sent" ]; }
check "the link is up: values arrive again" wait_for 30 caught_up
took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
printf '          caught up %s s after the link was up\n' "$took"
interrupt "$subscriber"
check "each once, in order, or its absence named" oracle "$lab_dir/sub.out" --at-least $((down * 50))
[ "$down" -gt 9 ] ||
  check "none had to be named: the publisher keeps 10 s" oracle "$lab_dir/sub.out" --named-max 0
check "the other subscriber noticed nothing" oracle "$lab_dir/other.out" --named-max 0
lab_end
