# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# A process whose smaps hangs, for the integration tests. Sourced after lib.sh. While it
# lasts, nothing may look at all processes: it would hang as well.

stuck=

release() {
	[ -z "$stuck" ] || kill "$stuck" 2>/dev/null || true
	umount -l "$work/mount" 2>/dev/null || true
	cleanup
}
trap release EXIT

# get_stuck: makes $process hang until let_go; false, with the reason in $work/why, where
# this machine cannot do it.
get_stuck() {
	mkdir -p "$work/mount"
	: >"$work/pid"
	"$build/tests/stuck" "$work/mount" >"$work/pid" 2>"$work/why" &
	stuck=$!
	local tries=100
	while [ ! -s "$work/pid" ] && [ $((tries -= 1)) -gt 0 ] && kill -0 "$stuck" 2>/dev/null; do
		sleep 0.1
	done
	process=$(cat "$work/pid")
	[ -n "$process" ] || let_go
	[ -n "$process" ]
}

let_go() {
	[ -n "$stuck" ] || return 0
	kill "$stuck" 2>/dev/null || true
	wait "$stuck" || true
	stuck=
	umount -l "$work/mount" 2>/dev/null || true
}
