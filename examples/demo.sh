#!/usr/bin/env bash
# demo.sh DTS [SECONDS]: a brewery and this machine on the bus, and another process that sees them.
# What ./dev demo runs. Ends by itself and leaves nothing behind.
set -euo pipefail
dts=$1
seconds=${2:-10}
bold=$(printf '\033[1m') plain=$(printf '\033[0m')
if [ ! -t 1 ] || [ -n "${NO_COLOR:-}" ]; then bold='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ dts %s%s\n' "$bold" "$*" "$plain"; "$dts" "$@" || return $?; }

log=$(mktemp)
children=()
cleanup() {
  kill "${children[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -f "$log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say "Two programs start publishing: a simulated brewery, and this machine's own readings."
printf '$ dts source demo brewery &\n$ dts source host &\n'
"$dts" source demo brewery >>"$log" 2>&1 &
children+=($!)
"$dts" source host >>"$log" 2>&1 &
children+=($!)

say "Who is there, and what do they publish? Nobody configured anything; the types themselves travel."
"$dts" sub 'brewery.*' -n 1 -q --timeout 10s >/dev/null || { cat "$log"; exit 1; }
"$dts" sub host.Cpu -n 1 -q --timeout 10s >/dev/null || { cat "$log"; exit 1; }
run ls

say "One type, every source of it, live for $seconds seconds (a process of its own, which asked for the type by name):"
run sub brewery.Temperature host.Cpu -d "${seconds}s"

say "The last values at once, for one that comes late:"
run get host.Memory

say "That was real data between processes. Now try, in two terminals:"
cat <<TRY
  export PATH=$(dirname "$(realpath "$dts")"):\$PATH
  dts source demo brewery                       on this machine, or on another of the same network
  dts sub 'brewery.*'                           everything it says
  dts sub brewery.Temperature -l tank=2 --json  one tank, for a script
  dts why brewery.Pressure                      why nothing arrives
  dts doctor                                    is this machine's network fit?
  docs/start.md                                 ten minutes from here to a program of your own
TRY
