#!/bin/bash
# SPDX-License-Identifier: MIT
# The real daemon on this machine's /proc: every metric in every interval, and not one
# warning in the log; and how many series there are by default.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

intervals=${INTERVALS:-40}
# By default, pss may be withheld for a sample on a busy machine.
configure 1 "PssBudget 100
  AllSeries true"
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

# The sum of Pss agrees with AnonPages + Mapped within its own error, and the drift of two
# counters over the CPUs of this machine (vm stats threshold is 125 pages at most).
drift=$((2 * $(nproc) * 125 * $(getconf PAGESIZE)))
column() {
	cat "$work/csv/testhost/meminfo_explain-$1"-* | grep '^[0-9]' | sort
}
disagree=$(join -t , <(column identity/signed_bytes-pss_mapped_anon) \
	<(column quality/bytes-pss_error) |
	awk -F , -v drift="$drift" '$2 > $3 + drift || -$2 > $3 + drift' | wc -l)
[ "$disagree" -le $((intervals / 20)) ] ||
	fail "Pss and AnonPages + Mapped disagree in $disagree of $intervals samples"

# The default set, once the floor is known. Rate and eta want more history than this.
rm -rf "$work/csv" "$work/log"
configure 0.5 "PssBudget 100
  TrendState false"
start
wait_for_samples 8 60
stop
if grep -E '\[(warning|error)\]' "$work/log" >&2; then
	fail "by default, the log has warnings"
fi
for wanted in total/bytes-removed kernel/bytes-hugetlb user_pss/bytes-buffers \
	black_hole/signed_bytes-above_floor black_hole/count-state vmalloc/bytes-other \
	trend/count-worst quality/count-sources_malformed; do
	ls "$work/csv/testhost/meminfo_explain-$wanted"-* >/dev/null 2>&1 ||
		fail "no $wanted by default"
done
most=$(cat "$work"/csv/testhost/meminfo_explain-*/* | sed -n 's/^\([0-9.]*\),.*/\1/p' | sort |
	uniq -c | sort -n | awk 'END { print $1 + 2 }')
echo "by default, this machine sends $most series, rate and eta included"
[ "$most" -ge 40 ] || fail "only $most series by default"
[ "$most" -le 96 ] || fail "$most series by default, more than 96"
