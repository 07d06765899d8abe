#!/usr/bin/env bash
# bench/floor/floor.sh PROGRAM [rounds]: two hosts joined by a cable, and dts_bench_floor between them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tests/lab/lab.sh"
lab_start "bare UDP and the transport, two hosts over veth"
host a
host b
cable a va b vb 1
"$1" "$lab_prefix-a" va "$lab_prefix-b" vb "${2:-5}"
