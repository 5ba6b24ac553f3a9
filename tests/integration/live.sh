#!/bin/bash
# SPDX-License-Identifier: MIT
# The real daemon on this machine's /proc: every metric in every interval, and not one
# warning in the log.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

intervals=${INTERVALS:-60}
# By default a busy machine's pss values may be withheld between two walks.
configure 1 "PssBudget 100"
start
wait_for_samples "$intervals" $((intervals + 60))
stop

if grep -E '\[(warning|error)\]' "$work/log" >&2; then
	fail "the log has warnings"
fi
# Callers of vmalloc come and go, the floor is learned first; everything else stays. The write threads drop what is
# queued at the end, so the last sample may be incomplete.
complete=$((intervals - 1))
metrics=0
for file in "$work"/csv/testhost/meminfo_explain-*/*; do
	case $file in */meminfo_explain-vmalloc/* | *floor-*) continue ;; esac
	count=$(cat "${file%-????-??-??}"-????-??-?? | grep -c '^[0-9]')
	[ "$count" -ge "$complete" ] ||
		fail "${file#"$work"/csv/testhost/}: $count values in $intervals intervals"
	metrics=$((metrics + 1))
done
[ "$metrics" -ge 50 ] || fail "only $metrics metrics"
for wanted in total/bytes-mem_total total/bytes-pcp_free kernel/bytes-vmalloc \
	user_lru/bytes-active_file user_cache/bytes-cached black_hole/signed_bytes-lru \
	black_hole/signed_bytes-cache black_hole/signed_bytes-estimate \
	black_hole/bytes-error black_hole/signed_bytes-above_floor identity/signed_bytes-lru_cache detail/bytes-used \
	quality/duration-read; do
	ls "$work/csv/testhost/meminfo_explain-$wanted"-* >/dev/null 2>&1 ||
		fail "no $wanted"
done
