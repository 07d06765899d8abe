#!/usr/bin/env bash
# A publisher and a subscriber are killed (SIGKILL) under traffic and started again, three times each.
# A new publisher of the same name is a new source: its numbers begin anew, and what the old one said
# is either there or named. A new subscriber begins where it came, with nothing missing. Then forty
# more come and are killed, and take no memory with them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "publishers and subscribers are killed and start again"
host a
host b
cable a va b vb 1

background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json
subscriber=$lab_last
for run in 1 2 3; do
  number a "$lab_dir/pub.out" 300
  publisher=$lab_last
  before=$(values "$lab_dir/sub.out")
  check "publisher $run: its values arrive" wait_for 30 has_values "$lab_dir/sub.out" $((before + 200))
  kill -9 "$publisher"
  wait "$publisher" 2>/dev/null || true
done
interrupt "$subscriber"
check "each once, in order, or named, in each of three runs" \
  oracle "$lab_dir/sub.out" --runs 3 --at-least 200 --named-max 0

number a "$lab_dir/pub.out" 300
for run in 1 2 3; do
  background b "$lab_dir/sub$run.out" "$DTS" sub lab.Reading --json
  subscriber=$lab_last
  check "subscriber $run: values arrive" wait_for 30 has_values "$lab_dir/sub$run.out" 200
  kill -9 "$subscriber"
  wait "$subscriber" 2>/dev/null || true
  check "each once, in order, none missing" oracle "$lab_dir/sub$run.out" --named-max 0
done

# Generations of ten nodes, each killed as soon as all of it have been heard.
background b "$lab_dir/watch.out" "$DTS" sub lab.Storm --json
watcher=$lab_last
rss_kb() { awk '/VmRSS/ { print $2 }' "/proc/$watcher/status"; }
heard() { grep -o "\"generation\":$1,\"i\":[0-9]*" "$lab_dir/watch.out" | sort -u | wc -l; }
all_heard() { [ "$(heard "$1")" = 10 ]; }
for generation in 1 2 3 4; do
  nodes=()
  for i in 0 1 2 3 4 5 6 7 8 9; do
    background a /dev/null "$DTS" pub lab.Storm --define 'lab.Storm{generation:i64, i:i64}' \
      "generation=$generation" "i=$i" -r 5
    nodes+=("$lab_last")
  done
  check "generation $generation: all are heard" wait_for 60 all_heard "$generation"
  [ "$generation" != 1 ] || before=$(rss_kb)
  kill -9 "${nodes[@]}"
  wait "${nodes[@]}" 2>/dev/null || true
done
check "the subscriber has not grown since the first generation ($before to $(rss_kb) kB)" \
  [ $(($(rss_kb) - before)) -lt 2048 ]
lab_end
