#!/usr/bin/env bash
# A firewall on this machine: what it refuses on the way out is named as such; what it drops on the
# way in is found by dts doctor; when it opens, values arrive without a restart.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "a firewall on this machine"
host a
host b
cable a va b vb 1

on b nft 'table inet wall { chain o { type filter hook output priority 0; meta l4proto udp drop; }; }'
background a "$lab_dir/pub.out" "$DTS" pub lab.Reading --define 'lab.Reading{celsius:f64[Cel]}' \
  celsius=18.5 -r 10
status=0
on b "$DTS" why lab.Reading -d 4s >"$lab_dir/why.out" 2>&1 || status=$?
check "dts why on b blames b's own firewall" has "$lab_dir/why.out" blocked_locally
status=0
on b "$DTS" doctor >"$lab_dir/doctor.out" 2>&1 || status=$?
check "dts doctor on b says firewall" grep -qi firewall "$lab_dir/doctor.out"
check "and fails" [ "$status" = 1 ]
on b nft flush ruleset

on b nft 'table inet wall { chain i { type filter hook input priority 0; iifname "vb" drop; }; }'
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
waiting=$lab_last
status=0
on b "$DTS" doctor >"$lab_dir/doctor2.out" 2>&1 || status=$?
check "what is dropped on the way in: dts doctor on b says so" grep -qi firewall "$lab_dir/doctor2.out"
check "nothing has arrived meanwhile" lacks "$lab_dir/sub.out" 18.5
on b nft flush ruleset
check "the firewall opens: values arrive without a restart" wait_for 20 has "$lab_dir/sub.out" 18.5
interrupt "$waiting"
lab_end
