#!/bin/bash
# SPDX-License-Identifier: MIT
# A real leak on a real daemon: pipes fill, two MiB at a time. With short windows the alarm
# is raised, survives a restart of the daemon in the middle, blames nobody who has nothing
# to do with it, leaves evidence, and clears when the pipes are gone.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

[ -x "$build/tests/inject" ] || fail "not built: $build/tests/inject"
mkdir "$work/evidence"
# Processes mind nothing here, and cost time.
configure 0.2 "Pss false
  TrendWindow 20
  TrendRise 8388608
  StateFile \"$work/state\"
  EvidenceDir \"$work/evidence\""
# What logfile is told of notifications.
rm -f "$work/notes"
cat >>"$work/collectd.conf" <<-CONF
	LoadPlugin exec
	<Plugin exec>
	  NotificationExec "nobody" "$work/note"
	</Plugin>
CONF
cat >"$work/note" <<-'SCRIPT'
	#!/bin/sh
	{ echo "== $(sed -n 's/^Severity: //p;s/^TypeInstance: //p;/^$/,$p' | tr '\n' ' ')"; } \
		>>"$(dirname "$0")/notes"
SCRIPT
chmod 755 "$work/note"
: >"$work/notes"
chmod 666 "$work/notes"

# noted WORDS: how many notifications about the estimate have them, in this order.
noted() {
	grep -cE "^== $1" "$work/notes" || true
}

# wait_for WORDS SECONDS
wait_for() {
	local end=$((SECONDS + $2))
	until [ "$(noted "$1")" -gt 0 ]; do
		[ "$SECONDS" -lt "$end" ] ||
			fail "no notification \"$1\" after $2 s; there are: $(<"$work/notes")"
		kill -0 "$daemon" 2>/dev/null || fail "collectd is gone: $(<"$work/stderr")"
		sleep 0.2
	done
}

mkfifo "$work/hold"
exec 8<>"$work/hold"
leaks=()
leak() {
	local i
	for ((i = 0; i < $1; i++)); do
		"$build/tests/inject" pipe 2 "$work" <"$work/hold" >/dev/null 2>"$work/reason" &
		leaks+=($!)
		sleep 0.5
	done
}
release() {
	[ ${#leaks[@]} -gt 0 ] || return 0 # or wait would wait for the daemon
	kill "${leaks[@]}" 2>/dev/null || true
	wait "${leaks[@]}" 2>/dev/null || true
	leaks=()
}
trap 'release; cleanup' EXIT

start
wait_for_samples 110 60 # a window, and a bit
[ "$(noted .)" -eq 0 ] || fail "an alarm without a leak: $(<"$work/notes")"
leak 16
[ ! -s "$work/reason" ] || { echo "skipped: no pipes here: $(<"$work/reason")" && exit 0; }
wait_for 'WARNING estimate' 20
grep -m 1 -E '^== WARNING estimate.*the black hole rises: .* since .*; no known consumer' \
	"$work/notes" >/dev/null || fail "the message is wrong: $(<"$work/notes")"
# Written by a thread that nobody waits for.
for ((i = 0; i < 100; i++)); do
	evidence=("$work"/evidence/meminfo_explain-*-estimate-warning.txt)
	[ ! -s "${evidence[0]}" ] || break
	sleep 0.1
done
[ -s "${evidence[0]}" ] || fail "no evidence"
[ "$(stat -c %a "${evidence[0]}")" = 600 ] || fail "evidence can be read by others"

# The daemon goes and comes: it still knows.
stop
[ -s "$work/state" ] || fail "no state was kept"
before=$(noted 'WARNING estimate')
start
leak 4
[ "$(noted 'WARNING estimate')" -eq "$before" ] || fail "warned once more after a restart"
[ "$(noted 'OKAY estimate')" -eq 0 ] || fail "okay in the middle of a leak"
release
wait_for 'OKAY estimate .*okay again' 30
stop

# A damaged state is one message and a new beginning.
printf 'x' | dd of="$work/state" bs=1 seek=5000 conv=notrunc 2>/dev/null
rm -f "$work/log"
start
sleep 1
stop
[ "$(grep -c "$work/state: damaged" "$work/log")" -eq 1 ] || fail "damage was not told once"
if grep -E '\[(warning|error)\]' "$work/log" | grep -v damaged >&2; then
	fail "the log has other warnings"
fi
