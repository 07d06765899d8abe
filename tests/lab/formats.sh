#!/usr/bin/env bash
# Two hosts: whatever format the publisher speaks, the subscriber has the values in its own type. A
# publisher in Protocol Buffers with degrees Fahrenheit is read by a C++ program that declares
# degrees Celsius; then every format of the build carries the same value.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "any format, each side in its own type"
host a
host b
cable a va b vb 1
units=$(dirname "$DTS")/../examples/07_units

background b "$lab_dir/units.out" "$units"
background a "$lab_dir/kettle.out" "$DTS" pub --format protobuf -r 10 \
  --define 'brewery.Kettle{temperature:f32[[degF]], name:text}' brewery.Kettle temperature=149 name=mash
check "149 degF in protobuf arrive as 65 Cel in a C++ program" \
  wait_for 20 has "$lab_dir/units.out" "65.000 Cel (converted), sent as protobuf"
interrupt

fields='number:i64, real:f64[Cel], words:text, list:list<u16>, state:lab.State, maybe:optional<i32>'
state='enum lab.State{idle = 0, busy = 1}'
value='{"number":"-9007199254740993","real":18.4,"words":"<gr\u00fc\u00df>","list":[1,2,65535],"state":"busy"}'
formats=$("$DTS" formats --json | sed -n 's/.*"format":"\([a-z]*\)".*/\1/p' | grep -v '^raw$')
check "the build has eight formats for any type" [ "$(wc -w <<<"$formats")" = 8 ]
for format in $formats; do
  # A type each: what the publisher before keeps for late joiners is not asked for.
  background a "$lab_dir/pub_$format.out" bash -c "(echo '$value'; sleep 600) |
    '$DTS' pub lab.In_$format --format $format --define 'lab.In_$format{$fields}
$state' -"
  on b "$DTS" sub "lab.In_$format" --json -n 1 --timeout 15s >"$lab_dir/$format.out" 2>&1 || true
  check "a value published as $format arrives as it was" has "$lab_dir/$format.out" \
    '"v":{"number":"-9007199254740993","real":18.4,"words":"<grüß>","list":[1,2,65535],"state":"busy"}'
done
background a "$lab_dir/pub_raw.out" bash -c "(echo '{\"data\":\"AAEC/w==\"}'; sleep 600) |
  '$DTS' pub lab.Blob --format raw --define 'lab.Blob{data:bytes}' -"
on b "$DTS" sub lab.Blob --json -n 1 --timeout 15s >"$lab_dir/raw.out" 2>&1 || true
check "and bytes published as raw" has "$lab_dir/raw.out" '"v":{"data":"AAEC/w=="}'
lab_end
