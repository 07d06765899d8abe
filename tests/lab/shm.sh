#!/usr/bin/env bash
# Processes of one host that share memory: values pass by it, and by nothing else; who is killed at
# any moment leaves nothing behind and holds nobody up; another host is reached by udp; who has a
# /dev/shm of his own, or belongs to another user, is reached by lo. Nothing is missing that is not
# named.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lab.sh"
lab_start "shared memory"
unset DTS_TRANSPORTS
export DTS_DOMAIN="shm-$$"
host a
host b
cable a va b vb 1
# The files of this domain here: others may run on the same machine. The scope is in their names.
ours() { find /dev/shm -maxdepth 1 -name "dts-$scope-*" | sort; }
scope_of() { sed -n 's/.*dts-\([0-9a-f]*\)-.*/\1/p' "/proc/$1/maps" | head -1 | grep .; }
lo_bytes() { on a cat /sys/class/net/lo/statistics/tx_bytes; }
way_to() { # NAME: how a node is reached, by one who listens in on host a
  on a "$DTS" nodes --json 2>/dev/null | grep -F "$1" | grep -o '"address":"[a-z0-9.]*' | head -1
}

number a "$lab_dir/pub.out" 500 --keep 4096
publisher=$lab_last
background a "$lab_dir/near.out" "$DTS" sub lab.Reading --json
near=$lab_last
background b "$lab_dir/far.out" "$DTS" sub lab.Reading --json
far=$lab_last
check "values pass in memory, and to another host" wait_for 30 has_values "$lab_dir/near.out" 300
scope=$(scope_of "$publisher" || echo none)
check "which is reached by the cable" wait_for 30 has_values "$lab_dir/far.out" 300
check "a node is shown where it is in memory" wait_for 20 eval 'way_to dts-pub | grep -q shm'
before=$(lo_bytes) count=$(values "$lab_dir/near.out")
check "they go on" wait_for 30 has_values "$lab_dir/near.out" $((count + 2000))
after=$(lo_bytes)
check "and nothing of them on lo" [ $((after - before)) -lt 30000 ]

# Subscribers killed at any moment, in the middle of what they read.
for i in 1 2 3 4 5 6 7 8; do
  background a "$lab_dir/doomed$i" "$DTS" sub lab.Reading --json
  wait_for 20 has_values "$lab_dir/doomed$i" 1
  kill -9 "$lab_last"
  wait "$lab_last" 2>/dev/null || true
done
count=$(values "$lab_dir/near.out")
check "killed subscribers hold nobody up" wait_for 20 has_values "$lab_dir/near.out" $((count + 500))
interrupt "$near"
check "what arrived is complete, or named" oracle "$lab_dir/near.out" --at-least 3000
interrupt "$far"
check "on the other host too" oracle "$lab_dir/far.out" --at-least 3000

# The publisher is killed; a new one is heard, and what the old one left is removed.
background a "$lab_dir/again.out" "$DTS" sub lab.Reading --json
again=$lab_last
wait_for 20 has_values "$lab_dir/again.out" 10
kill -9 "$publisher"
wait "$publisher" 2>/dev/null || true
count=$(values "$lab_dir/again.out")
number a "$lab_dir/pub2.out" 500 --keep 4096
publisher=$lab_last
check "a new publisher is heard" wait_for 30 has_values "$lab_dir/again.out" $((count + 500))
check "the files of the killed are gone" wait_for 30 eval '[ "$(ours | wc -l)" = 4 ]'

# One with a /dev/shm of its own, as in a container, on the same network.
background a "$lab_dir/apart.out" unshare --mount --propagation private \
  sh -c "mount -t tmpfs tmpfs /dev/shm && exec $DTS sub lab.Reading --json"
apart=$lab_last
check "who has memory of his own hears it by lo" wait_for 30 has_values "$lab_dir/apart.out" 500
# One without any.
background a "$lab_dir/none.out" unshare --mount --propagation private \
  sh -c "mount -t tmpfs -o size=64k tmpfs /dev/shm && exec $DTS sub lab.Reading --json"
none=$lab_last
check "and who has none" wait_for 30 has_values "$lab_dir/none.out" 500
check "and says so" has "$lab_dir/none.out" 'going on without shm://'
# One of another user.
background a "$lab_dir/user.out" setpriv --reuid 65534 --regid 65534 --clear-groups \
  "$DTS" sub lab.Reading --json
user=$lab_last
check "another user hears it by lo" wait_for 30 has_values "$lab_dir/user.out" 500
check "and is told why" has "$lab_dir/user.out" 'memory is not shared with the nodes of the user root'
on a "$DTS" doctor --only S01 >"$lab_dir/doctor.out" 2>&1 || true
check "doctor names who shares no memory" has "$lab_dir/doctor.out" 'reached by lo only'
for pid in "$apart" "$none" "$user"; do interrupt "$pid"; done
for file in apart none user; do
  check "$file: complete, or named" oracle "$lab_dir/$file.out" --at-least 500
done

interrupt "$again"
interrupt "$publisher"
check "at the end nothing is left in /dev/shm" wait_for 5 eval '[ -z "$(ours)" ]'
lab_end
