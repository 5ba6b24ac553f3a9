#!/bin/bash
# SPDX-License-Identifier: MIT
# fixtures/capture.sh: what it captures explains as what it was captured from; by busybox as
# well, without privilege, and where files hang; and nothing that tells who we are is in it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# capture INTO ARGUMENT...: into $work/INTO
capture() {
	local into=$work/$1
	shift
	rm -rf "$into"
	"${shell[@]}" "$repository/fixtures/capture.sh" "$@" "$into" 'a test' 2>"$into.stderr" ||
		fail "$into: capture.sh failed: $(cat "$into.stderr")"
}
explain() {
	"$build/meminfo-explain" --format json "$@" 2>/dev/null
}

# With nothing but busybox, as on OpenWrt.
mkdir "$work/applets"
busybox --install -s "$work/applets"
bare=(env -i "PATH=$work/applets" "$(command -v busybox)" sh)

# A capture of a capture is the same. Of each epoch one, and what is special.
captures_again() {
	local machine fixture
	for machine in 2.6.32-composed-x86_64 3.10-composed-ppc64-64k-thread-info \
		5.15-composed-lxcfs 6.12-composed-allocinfo 6.12-debian12-brd-ftrace-perf \
		6.12-debian12-unprivileged 6.17-composed-devices; do
		fixture=$repository/fixtures/$machine
		capture "$1/again" --root "$fixture"
		# What the first capture was denied, a second one only misses.
		sed -i '/^denied:/d' "$work/$1/again/about"
		grep '^denied:' "$fixture/about" >>"$work/$1/again/about" || :
		"$build/tests/explain_root" "$work/$1/again" >"$work/$1/got"
		diff -u "$fixture/expect.txt" "$work/$1/got" >&2 ||
			fail "$machine, by $1: captured anew it is explained otherwise"
	done
}

# What hangs, or is too large, is left out, and said so.
leaves_out() {
	local fixture=$repository/fixtures/6.12-debian12-brd-ftrace-perf odd=$work/$1/odd process line
	cp -r "$fixture" "$odd"
	process=$(basename "$(dirname "$(grep -l Pss "$odd"/proc/*/smaps_rollup | head -n 1)")")
	rm "$odd/proc/$process/smaps_rollup" "$odd/proc/modules" "$odd/proc/vmallocinfo"
	mkfifo "$odd/proc/$process/smaps_rollup" "$odd/proc/modules"
	truncate -s 17M "$odd/proc/vmallocinfo"
	capture "$1/out" --root "$odd" --seconds 120
	for line in "hung: proc/modules proc/$process/smaps_rollup" 'too_large: proc/vmallocinfo'; do
		grep -qx "$line" "$work/$1/out/about" ||
			fail "by $1, it does not say \"$line\": $(cat "$work/$1/out/about")"
	done
	[ "$(explain --root "$work/$1/out" | jq .pss.processes)" -eq \
		$(($(explain --root "$fixture" | jq .pss.processes) - 1)) ] ||
		fail "by $1, another process than the one that hangs is missing"
}

# by SHELL...: all of it, by one shell
by() {
	local name=$1
	shift
	shell=("$@")
	mkdir "$work/$name"
	captures_again "$name"
	leaves_out "$name"
}
(trap - EXIT && by sh sh) &
posix=$!
status=0
(trap - EXIT && by busybox "${bare[@]}") || status=1
wait "$posix" || status=1
[ "$status" -eq 0 ] || fail 'captures differ'

# This machine, while it goes on: as far apart as the two may be off, and what a process of
# ours may come to meanwhile. Not what no tree holds: the boot log, netlink.
shell=(sh)
cp /bin/sleep "$work/my_secret_name"
"$work/my_secret_name" 300 &
sleeper=$!
for attempt in 1 2 3 4 5; do
	explain >"$work/live.json"
	capture live
	explain --root "$work/live" >"$work/captured.json"
	if jq -e -n --slurpfile a "$work/live.json" --slurpfile b "$work/captured.json" '
		$a[0] as $a | $b[0] as $b | $a.mem_total == $b.mem_total and
		$a.page_size == $b.page_size and
		([$a.black_hole.estimate - $b.black_hole.estimate | ., -.] | max) <
			$a.black_hole.error + $b.black_hole.error + 1048576 and
		([$a.pss.processes - $b.pss.processes | ., -.] | max) < 12' >/dev/null; then
		break
	fi
	[ "$attempt" -lt 5 ] || fail "live and captured differ: $(jq -c \
		'[.mem_total, .black_hole.estimate, .black_hole.error, .pss.processes]' \
		"$work/live.json" "$work/captured.json")"
done
kill "$sleeper"
jq -r '.sources | to_entries[] | select(.value == "known" or .value == "malformed") |
	"\(.key) \(.value)"' "$work/live.json" | grep -v '^netlink' | sort >"$work/live.sources"
jq -r '.sources | to_entries[] | select(.value == "known" or .value == "malformed") |
	"\(.key) \(.value)"' "$work/captured.json" | sort >"$work/captured.sources"
diff "$work/live.sources" "$work/captured.sources" >&2 || fail 'other files were captured'

# What must not leave the machine.
! grep -rlE 'my_secret_name|^0*[1-9a-f][0-9a-f]*-[0-9a-f]+ |/bin/|/lib/' "$work/live" ||
	fail 'a name or an address was captured'
host=$(uname -n)
case $host in
*[!a-z]*) ! grep -rlwF -- "$host" "$work/live" || fail 'the name of the host was captured' ;;
esac # a plain word may stand in any of them
! grep -rlF "$work" "$work/live" || fail 'a path was captured'
! grep -rlE '0x0*[1-9a-f][0-9a-f]{6,}' "$work/live/proc/vmallocinfo" "$work/live/proc/modules" \
	2>/dev/null || fail 'an address was captured'

# Out of time: at once, with meminfo all the same.
capture late --seconds 0
explain --root "$work/late" | jq -e '.black_hole.lru != null' >/dev/null ||
	fail 'without time, meminfo was not captured'
grep -qE '^left_out: [0-9]+ processes$' "$work/late/about" ||
	fail 'without time, it does not say that processes are left out'

# Without privilege: what is denied, a file or a folder, is named.
if [ "$(id -u)" -eq 0 ]; then
	mkdir -m 777 "$work/nobody"
	shell=(setpriv --reuid 65534 --regid 65534 --clear-groups sh)
	cp -r "$repository/fixtures/6.12-debian12-brd-ftrace-perf" "$work/closed"
	chmod 600 "$work/closed/proc/vmallocinfo"
	chmod 700 "$work/closed/sys/kernel/debug"
	capture nobody/closed --root "$work/closed"
	grep -qx 'denied: sys/kernel/debug proc/vmallocinfo' "$work/nobody/closed/about" ||
		fail "it says otherwise what is denied: $(cat "$work/nobody/closed/about")"
	capture nobody/live
	[ ! -e /proc/vmallocinfo ] ||
		grep -qE '^denied:.* proc/vmallocinfo( |$)' "$work/nobody/live/about" ||
		fail "it does not say that vmallocinfo is denied: $(cat "$work/nobody/live/about")"
	explain --root "$work/nobody/live" | jq -e '.black_hole.lru != null' >/dev/null ||
		fail 'what nobody captured is not explained'
fi

# Wrong usage.
for arguments in '' '--seconds x y' '--seconds' '--root' '-x' 'a b c'; do
	status=0
	# shellcheck disable=SC2086 # words
	sh "$repository/fixtures/capture.sh" $arguments >/dev/null 2>&1 || status=$?
	[ "$status" -eq 2 ] || fail "\"$arguments\": exit status $status instead of 2"
done
mkdir "$work/full"
touch "$work/full/mine"
! sh "$repository/fixtures/capture.sh" "$work/full" 2>/dev/null ||
	fail 'it took a folder that was not empty'
[ "$(ls -A "$work/full")" = mine ] || fail 'it wrote into a folder that was not empty'
