#!/bin/bash
# SPDX-License-Identifier: MIT
# A reading of smaps that hangs holds up nothing: neither the other values, nor the other
# processes, nor the end of the daemon.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
fixture=$repository/fixtures/6.18-debian12-loaded-24g
# shellcheck source=tests/integration/hang.sh
. "$(dirname "$0")/hang.sh"

# said LEVEL TEXT N: so many lines of the log say so
said() {
	local count
	count=$(grep -F "[$1]" "$work/log" | grep -cE "$2" || true)
	[ "$count" -eq "$3" ] || fail "\"$2\" was said $count times instead of $3"
}

# values_of METRIC: how many were written
values_of() {
	cat "$work/csv/testhost/meminfo_explain-$1"-* 2>/dev/null | grep -c '^[0-9]' || true
}

# stop_within SECONDS
stop_within() {
	local started
	started=$(date +%s%N)
	stop
	local took=$((($(date +%s%N) - started) / 1000000))
	[ "$took" -lt "$1"000 ] || fail "stopping took $took ms"
}

# every_interval N METRIC...: each was written in all of N intervals but the last
every_interval() {
	local intervals=$1 metric
	shift
	for metric; do
		[ "$(values_of "$metric")" -ge $((intervals - 1)) ] ||
			fail "$metric: $(values_of "$metric") values in $intervals intervals"
	done
}

# A FIFO in the place of smaps_rollup in a captured machine.
cp -r "$fixture" "$work/captured"
process=$(basename "$(dirname "$(grep -l Pss "$work"/captured/proc/*/smaps_rollup | head -n 1)")")
rm "$work/captured/proc/$process/smaps_rollup"
mkfifo "$work/captured/proc/$process/smaps_rollup"
configure 1 "Root \"$work/captured\"
  AllSeries true"
start
wait_for_samples 5 30
stop_within 2
every_interval 5 total/bytes-mem_total black_hole/signed_bytes-lru quality/count-processes_read
said warning "proc/$process/smaps_rollup" 1

# A process whose mmap_lock is held.
if ! get_stuck; then
	echo "skipped: no process can be made to hang here: $(cat "$work/why")"
	exit 0
fi
rm -rf "$work/csv" "$work/log"
configure 1 "AllSeries true"
start
wait_for_samples 12 60
said warning "proc/$process/smaps_rollup: no answer" 1
every_interval 12 total/bytes-mem_total black_hole/signed_bytes-estimate
# The first pass was the one that hung; those after it were not held up.
[ "$(values_of quality/count-processes_read)" -ge 4 ] || fail "the others were not read"
grep -q ',1.000000$' "$work"/csv/testhost/meminfo_explain-quality/count-processes_hung-* ||
	fail "the process that hangs is not counted"
# It comes back, and is told so.
let_go
for _ in $(seq 50); do
	! grep -q "proc/$process/smaps_rollup: answered" "$work/log" || break
	sleep 0.2
done
said info "proc/$process/smaps_rollup: answered" 1
said warning . 1
stop_within 2

# The daemon ends although a reading hangs at that moment.
get_stuck
rm -rf "$work/csv" "$work/log"
start
wait_for_samples 2 30
stop_within 2
let_go
