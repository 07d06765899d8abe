# bench/loss.sh: the part `loss` of run.sh, which sources it. Reliable messages of 64 bytes from one
# host to another over a cable that loses a share of the packets both ways, DTS beside Cyclone DDS
# and Fast DDS; and values of 16 MiB.
#
# Losses are those of single packets: the devices are told to hand over no bursts of several packets
# as one (gso_max_segs), or nftables would drop a burst whole for whoever sends in bursts.
# Backquotes in texts are Markdown; bus, lab_dir and figures are those of run.sh.
# shellcheck shell=bash disable=SC2016,SC2154

loss_systems=()
loss_dts=dts # or dts_wait, where it is built
read -ra loss_levels <<<"${DTS_BENCH_LOSSES:-0 1 5 20 30}" # percent
loss_paced=50000                              # messages/s

find_loss_systems() {
  local name
  if [ -x "$bus/dts_wait_bus" ]; then loss_dts=dts_wait; fi
  for name in "$loss_dts" cyclone fastdds; do
    if [ -x "$bus/${name}_bus" ]; then
      loss_systems+=("$name")
      if [ "$name" = cyclone ]; then loss_systems+=(cyclone-tuned); fi
    else
      printf 'bench: %s is not installed here; measured without it\n' "$name" >&2
    fi
  done
}

weather() {
  lose a va "$(($1 * 10))"
  lose b vb "$(($1 * 10))"
}

# loss_cell KEY SYSTEM OPTIONS...: notes the goodput and what was lost under SYSTEM KEY-...
loss_cell() {
  local key=$1 system=$2 program=${2%-tuned} tuned=0
  shift 2
  [ "$system" = "$program" ] || tuned=1
  cell "$program" pub sub --tuned "$tuned" --linger 4 "$@" || return 0
  note "$system" "$key-rate" "$(member "$lab_dir/b.out" messages_per_s)"
  note "$system" "$key-mb" "$(member "$lab_dir/b.out" mb_per_s)"
  note "$system" "$key-lost" "$(member "$lab_dir/b.out" lost_percent)"
  note "$system" "$key-unnamed" "$(member "$lab_dir/b.out" unnamed)"
  note "$system" "$key-wrong" "$(($(member "$lab_dir/b.out" repeated) + $(member "$lab_dir/b.out" corrupt)))"
}

# The most of all rounds.
worst() {
  awk -v who="$1" -v what="$2" '$1 == who && $2 == what { if ($3 > w) w = $3 } END { print w + 0 }' "$figures"
}

share() { awk -v x="$1" -v of="$2" 'BEGIN { if (of > 0 && x != "") printf "%.0f %%", 100 * x / of; else printf "-" }'; }

# One row for each system: goodput at each loss, its share of that without loss, what was named, and
# what was not.
loss_table() {
  local key=$1 column=$2 system level cells rate named unnamed wrong
  cells=(system)
  for level in "${loss_levels[@]}"; do cells+=("$level %"); done
  row "${cells[@]}" 'lost, told' 'lost, untold' 'twice, out of order or corrupt'
  cells=(---)
  for level in "${loss_levels[@]}"; do cells+=(---); done
  row "${cells[@]}" --- --- ---
  for system in "${loss_systems[@]}"; do
    cells=("$system")
    named=0 unnamed=0 wrong=0
    for level in "${loss_levels[@]}"; do
      rate=$(median "$system" "$key$level-$column")
      cells+=("$(short "$rate") ($(share "$rate" "$(median "$system" "$key${loss_levels[0]}-$column")"))")
      named=$(awk -v a="$named" -v b="$(worst "$system" "$key$level-lost")" 'BEGIN { print (b > a ? b : a) }')
      unnamed=$((unnamed + $(worst "$system" "$key$level-unnamed")))
      wrong=$((wrong + $(worst "$system" "$key$level-wrong")))
    done
    row "${cells[@]}" "at most $named %" "$unnamed" "$wrong"
  done
  printf '\n'
}

part_loss() {
  local round level system loss_rounds=${DTS_BENCH_LOSS_ROUNDS:-1} loss_seconds=${DTS_BENCH_LOSS_SECONDS:-3}
  find_loss_systems
  on a ip link set dev va gso_max_segs 1
  on b ip link set dev vb gso_max_segs 1
  for ((round = 1; round <= loss_rounds; ++round)); do
    for level in "${loss_levels[@]}"; do
      printf 'bench: loss, round %s of %s: %s %%\n' "$round" "$loss_rounds" "$level" >&2
      weather "$level"
      for system in "${loss_systems[@]}"; do
        loss_cell "full$level" "$system" --size 64 --seconds "$loss_seconds"
        loss_cell "paced$level" "$system" --size 64 --seconds 1 --rate "$loss_paced"
      done
      if [ "$level" -le 1 ]; then
        loss_cell "large$level" "$loss_dts" --size 16777216 --seconds "$loss_seconds"
      fi
    done
  done
  weather 0
  on a ip link set dev va gso_max_segs 65535
  on b ip link set dev vb gso_max_segs 65535
  printf '### Over a cable that loses packets\n\n'
  printf 'Messages of 64 bytes, reliable, received in order and once; every packet is lost with the given '
  printf 'chance, both ways. In brackets: of the rate without loss. Medians of %s rounds, %s s each.\n' \
    "$loss_rounds" "$loss_seconds"
  if [ "$loss_dts" = dts_wait ]; then
    printf '`dts_wait` is DTS with publishers that wait for their subscribers. '
  fi
  printf '`cyclone-tuned` asks after 1 ms instead of 100 ms; Fast DDS sends a heartbeat every 10 ms '
  printf 'instead of every 3 s.\n\nAs fast as it goes, messages/s:\n\n'
  loss_table full rate
  printf '%s messages a second are published:\n\n' "$loss_paced"
  loss_table paced rate
  printf 'Values of 16 MiB, as fast as it goes, DTS:\n\n'
  row loss 'MB/s' 'of the rate without loss' lost
  row --- --- --- ---
  for level in 0 1; do
    row "$level %" "$(short "$(median "$loss_dts" "large$level-mb")")" \
      "$(share "$(median "$loss_dts" "large$level-mb")" "$(median "$loss_dts" large0-mb)")" \
      "$(median "$loss_dts" "large$level-lost") %"
  done
  printf '\n'
}
