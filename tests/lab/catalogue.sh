#!/usr/bin/env bash
# The hostile catalogue against living processes (attacks.py; docs/internals/hostile.md has the
# table): a subscriber and a publisher are attacked from a third host while an honest publisher and an
# honest subscriber go on. Nothing crashes or grows, everything is counted, nothing honest is lost.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "the hostile catalogue"
export PYTHONDONTWRITEBYTECODE=1
host a
host b
host c
switch sw
plug a eth0 sw 10.1.0.1/24
plug b eth0 sw 10.1.0.2/24
plug c eth0 sw 10.1.0.3/24
lab_fragments_wanted=(b) # A8

# A sanitizer that keeps what was freed would look like growth.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:quarantine_size_mb=0:thread_local_quarantine_size_kb=0"
number a "$lab_dir/honest.out" 50
background b "$lab_dir/sub.out" "$DTS" sub lab.Reading --json -v
subscriber=$lab_last
background b "$lab_dir/served.out" "$DTS" pub lab.Served --define 'lab.Served{n:i64}' 'n={{n}}' -r 50 -v
publisher=$lab_last
background a "$lab_dir/honest_sub.out" "$DTS" sub lab.Served --json
honest_sub=$lab_last
check "honest values arrive" wait_for 30 has_values "$lab_dir/sub.out" 10
check "in both directions" wait_for 30 has_values "$lab_dir/honest_sub.out" 10
# B7: a subscriber that never reads. The pipe behind it holds 64 KiB and then no more.
mkfifo "$lab_dir/pipe"
background b "$lab_dir/reader.out" bash -c "exec 3<>'$lab_dir/pipe'; exec sleep 600"
background b /dev/null bash -c "exec '$DTS' sub lab.Reading --json >'$lab_dir/pipe'"

on c python3 "$lab_here/attacks.py" run --subscriber "$subscriber" --publisher "$publisher" \
  --output "$lab_dir/sub.out" --expected "$lab_dir/expected" ${ONLY:+--only $ONLY} || lab_failures=$((lab_failures + 1))

# B10: started where there are hardly any file descriptors. UBSan looks at memory through a pipe; where
# it cannot open one it ends the process and says that the memory cannot be printed. With still fewer,
# those counted that whoever started this has left open, the loader opens no library, and says so.
said_why() {
  case $status in
    0) true ;;
    1 | 124) has "$lab_dir/fd.out" 'open files' || has "$lab_dir/fd.out" 'memory cannot be printed' ;;
    127) has "$lab_dir/fd.out" 'error while loading shared libraries' ;;
    *) false ;;
  esac
}
for files in 4 6 8 10 12; do
  status=0
  on b bash -c "ulimit -n $files; exec '$DTS' sub lab.Reading -n 1 --timeout 2s" \
    >"$lab_dir/fd.out" 2>&1 || status=$?
  check "with ulimit -n $files it works, or says why not (exit code $status)" said_why
done
interrupt "$subscriber"
interrupt "$publisher"
check "what was dropped is counted" python3 "$lab_here/attacks.py" counters --expected "$lab_dir/expected" \
  --subscriber "$lab_dir/sub.out" --publisher "$lab_dir/served.out"
interrupt "$honest_sub"
grep -F 'dts-pub"' "$lab_dir/sub.out" | grep -v '"src":"evil' >"$lab_dir/honest_only.out"
# For a moment the publisher was said to be gone (C6).
check "no honest value was lost on the way in but between a forged BYE and its next word, and named" \
  oracle "$lab_dir/honest_only.out" --named-max 25
check "nor on the way out" oracle "$lab_dir/honest_sub.out" --named-max 0
check "docs/internals/hostile.md is this catalogue" \
  python3 "$lab_here/attacks.py" check "$lab_here/../../docs/internals/hostile.md"
lab_end
