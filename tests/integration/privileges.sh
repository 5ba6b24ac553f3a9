#!/bin/bash
# SPDX-License-Identifier: MIT
# What is not permitted is said once, and the rest goes out.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" -ne 0 ]; then
	echo "$name: skipped: needs root to drop privileges from"
	exit 0
fi
nobody=$(id -u nobody)
samples=5

# run_as SETPRIV-OPTIONS...
run_as() {
	rm -rf "$work/csv" "$work/log"
	# Whatever large processes there are, they are no matter of privilege.
	configure 1 "PssBudget 100"
	chown -R "$nobody" "$work"
	start setpriv --reuid="$nobody" --clear-groups "$@"
	wait_for_samples "$samples" 60
	stop
}

# warned TEXT: exactly one warning says TEXT
warned() {
	local count
	count=$(grep -E '\[warning\]' "$work/log" | grep -cF "$1" || true)
	[ "$count" -eq 1 ] || fail "\"$1\" was said $count times instead of once"
}

# sent METRIC, unsent METRIC
sent() {
	ls "$work/csv/testhost/meminfo_explain-$1"-* >/dev/null 2>&1 || fail "$1 was not sent"
}
unsent() {
	! sent_quietly "$1" || fail "$1 was sent"
}
sent_quietly() {
	ls "$work/csv/testhost/meminfo_explain-$1"-* >/dev/null 2>&1
}

# Two capabilities, no root: everything.
run_as --inh-caps=+sys_ptrace,+dac_read_search --ambient-caps=+sys_ptrace,+dac_read_search \
	--bounding-set=-all,+sys_ptrace,+dac_read_search
sent vmalloc/bytes-other
sent quality/percent-pss_coverage
sent black_hole/signed_bytes-estimate
if grep -E '\[(warning|error)\]' "$work/log" >&2; then
	fail "with both capabilities there is nothing to warn of"
fi

# Nothing at all.
run_as --inh-caps=-all --bounding-set=-all
warned "proc/vmallocinfo: Permission denied"
warned "proc/PID/smaps_rollup: permission denied"
unsent vmalloc/bytes-other
sent black_hole/signed_bytes-estimate
sent black_hole/bytes-error
sent total/bytes-mem_total
sent user_lru/bytes-active_file
warnings=$(grep -cE '\[(warning|error)\]' "$work/log")
[ "$warnings" -le 4 ] || fail "$warnings warnings in $samples intervals"
