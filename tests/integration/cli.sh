#!/bin/bash
# SPDX-License-Identifier: MIT
# meminfo-explain as its users call it: formats, exit statuses, diagnostics.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
tool=$build/meminfo-explain

# expect STATUS ARGUMENTS...: output into $work/out, diagnostics into $work/err
expect() {
	local want=$1 got=0
	shift
	"$tool" "$@" >"$work/out" 2>"$work/err" || got=$?
	[ "$got" -eq "$want" ] || fail "meminfo-explain $*: exit $got instead of $want: $(cat "$work/err")"
}

# conserved: the object in $work/out sums to MemTotal by each accounting that is known
conserved() {
	jq -e '. as $o | ["lru", "cache", "pss"] | all(. as $m |
		$o.black_hole[$m] == null or
		([$o.free[], $o.kernel[], $o.user[$m][]] | map(. // 0) | add) + $o.black_hole[$m]
			== $o.mem_total)' "$work/out" >/dev/null || fail "$1: not conserved"
}

# This machine.
expect 0 --format json
conserved "this machine"
jq -e '.version == 1 and .page_size > 0 and .sources["proc/meminfo"] == "known"
	and .meminfo.MemTotal == .mem_total and (.meminfo | has("HugePages_Total"))' \
	"$work/out" >/dev/null || fail "not the JSON of the contract: $(cat "$work/out")"
expect 0 --format json --samples 3 --interval 0.01 --no-pss
[ "$(jq -s length "$work/out")" -eq 3 ] || fail "not three samples"
[ "$(wc -l <"$work/out")" -eq 3 ] || fail "not one sample per line"
jq -e '.user.pss.pss_anon == null and .pss.processes == null' "$work/out" >/dev/null ||
	fail "--no-pss walked the processes"
expect 0
grep -q '^BLACK HOLE .*+/- ' "$work/out" || fail "no black hole in the table"
expect 0 --why
grep -q '^Decisions$' "$work/out" || fail "no reasons in the table"

# Captured machines.
for about in "$repository"/fixtures/*/about; do
	root=$(dirname "$about")
	expect 0 --root "$root" --format json
	conserved "$root"
	if grep -vE '^meminfo-explain: (proc|sys)/[^ ]+: ' "$work/err"; then
		fail "$root: diagnostics that name no file"
	fi
	expect 0 --root "$root"
done
expect 0 --root "$repository/fixtures/5.15-composed-lxcfs" --format json
jq -e '.black_hole.estimate == null and (.black_hole.refused | contains("lxcfs"))' \
	"$work/out" >/dev/null || fail "lxcfs was not refused"

# What is not meminfo, and what is missing.
mkdir -p "$work/root/proc"
for case in empty html no-memtotal memtotal-zero; do
	cp "$repository/fixtures/malformed/$case/input" "$work/root/proc/meminfo"
	expect 1 --root "$work/root" --format json
	[ ! -s "$work/out" ] || fail "$case: output for what is not meminfo"
	grep -q '^meminfo-explain: proc/meminfo' "$work/err" || fail "$case: $(cat "$work/err")"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "$case: more than one line: $(cat "$work/err")"
done
rm "$work/root/proc/meminfo"
expect 1 --root "$work/root"
grep -q 'proc/meminfo: No such file or directory' "$work/err" || fail "$(cat "$work/err")"
expect 1 --root "$work/nowhere"
grep -q nowhere "$work/err" || fail "the missing root is not named"

# A bad line costs its reading and nothing else.
cp "$repository/fixtures/malformed/non-numeric/input" "$work/root/proc/meminfo"
expect 0 --root "$work/root" --format json
conserved non-numeric
grep -Eq '^meminfo-explain: proc/meminfo:[0-9]+: ".*": not a number' "$work/err" ||
	fail "file, line and cause are not named: $(cat "$work/err")"

# Wrong usage.
for arguments in --bogus "--format xml" "--samples 0" "--samples x" "--interval -1" \
	"--interval nan" "--pss-max x" "--pss-max -1" extra; do
	# shellcheck disable=SC2086 # words on purpose
	expect 2 $arguments
	[ -s "$work/err" ] || fail "$arguments: no message"
	[ ! -s "$work/out" ] || fail "$arguments: output in spite of wrong usage"
done
expect 0 --help
expect 0 --version

# The table ends in sentences, and the JSON has them too.
expect 0 --root "$repository/fixtures/6.17-composed-virtio-deflate-on-oom"
grep -q '^- The hypervisor has taken 256.0 MiB' "$work/out" || fail "no sentence of the balloon"
expect 0 --root "$repository/fixtures/6.17-composed-virtio-deflate-on-oom" --format json
jq -e '.report[] | select(.rule == "balloon_inside") | .text and .next' "$work/out" \
	>/dev/null || fail "no balloon in the report: $(jq -c .report "$work/out")"

# The alarm on a recorded series: flat for three hours, then 1 MiB a minute for one, then
# given back.
awk 'BEGIN { for (t = 0; t < 14400 + 7200; t += 60)
	print t, 1e8 + (t > 10800 && t < 14400 ? (t - 10800) / 60 * 1048576 : 0) + t % 7, 1000
}' >"$work/series"
expect 0 trend --available 1e10 <"$work/series"
awk '{ print $2 }' "$work/out" | paste -sd ' ' | grep -qx 'warning okay' ||
	fail "trend: $(cat "$work/out")"
awk '$2 == "warning" && ($1 > 10800 + 1800 || $3 < 15000 || $3 > 20000 || $4 < 4e5) { exit 1 }' \
	"$work/out" || fail "trend: the warning is late or wrong: $(cat "$work/out")"
expect 0 trend </dev/null
[ ! -s "$work/out" ] || fail "trend: something was seen in nothing"
printf '1 2 3\nx y\n2 nan 3\n3 2\n4 2 3 4\n' >"$work/series"
expect 1 trend <"$work/series"
grep -c '^meminfo-explain: standard input:[235]: ' "$work/err" | grep -qx 3 ||
	fail "trend: bad lines are not told: $(cat "$work/err")"
for arguments in "trend --window 0" "trend --window 1e-9" "trend --rise x" "trend --bogus" "trend extra"; do
	# shellcheck disable=SC2086 # words on purpose
	expect 2 $arguments
	[ -s "$work/err" ] || fail "$arguments: no message"
done
expect 0 trend --help

# A full disk is not a success.
if [ -w /dev/full ]; then
	for arguments in "--format json" "--format table" --help --version "trend --help"; do
		status=0
		# shellcheck disable=SC2086 # words on purpose
		"$tool" $arguments >/dev/full 2>"$work/err" || status=$?
		[ "$status" -eq 1 ] || fail "$arguments: $status for a full disk"
		grep -qx 'meminfo-explain: standard output: No space left on device' "$work/err" ||
			fail "$arguments: a full disk is not told: $(cat "$work/err")"
	done
fi
