#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/commands.sh BUILD_DIR
# Each command of rules.def and series.def runs on this machine, in dash and, where it is
# installed, with busybox alone: within a minute, without a message on standard error, and
# with a line of output where its data exists. As root, "sudo " is left out as the report does.
set -euo pipefail
export LC_ALL=C
[ $# -eq 1 ] || { echo 'usage: tests/commands.sh BUILD_DIR' >&2 && exit 2; }
build=$(cd -- "$1" && pwd)
root=$(cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
	echo "commands.sh: $1" >&2
	failed=1
}

# Commands that print nothing on a machine without what they look for.
quiet() {
	case $1 in
	*balloon* | *drm-total* | *nr_bounce* | *fuse* | *'hardware error'* | *arcstats* | \
		*'State|Pid'* | *cgroup* | *sysvipc* | *hugepages* | *kexec* | *VmLck* | *dmesg* | \
		*MEM_ALLOC* | *'/proc/self/mount'* | *sockstat* | *nr_foll_pin* | *Cma* | \
		*nr_sec_page* | *LazyFree* | *VmallocUsed* | *DirectMap* | *allocinfo* | *zoneinfo* | \
		*pressure*) return 0 ;;
	esac
	return 1
}

# run_all NAME PATH SHELL...: runs every command with that PATH in that shell
run_all() {
	local name=$1 path=$2 row command status count=0
	shift 2
	while IFS=$'\t' read -r row command; do
		command=${command#sudo }
		command=${command/--interval 60/--interval 0.1}      # ten minutes
		status=0
		(cd "$root/fixtures" && PATH=$path timeout 60 "$@" -c "$command") \
			>"$work/out" 2>"$work/err" </dev/null || status=$?
		count=$((count + 1))
		[ $status -ne 124 ] || complain "$name: $row: takes more than a minute: $command"
		if [ $status -gt 2 ] && [ $status -ne 124 ]; then # 2: grep of an absent file
			complain "$name: $row: exit status $status: $command"
		fi
		[ ! -s "$work/err" ] || complain "$name: $row: $(head -n 1 "$work/err"): $command"
		[[ $command != *VmRSS* ]] || tail -n 1 "$work/out" | grep -qE '^[0-9]+ [0-9]+ .' ||
			complain "$name: $row: no size, PID and name: $(tail -n 1 "$work/out"): $command"
		[ -s "$work/out" ] || quiet "$command" ||
			complain "$name: $row: no output: $command"
	done < <("$build/tests/tables" commands | sort -t $'\t' -u -k 2)
	[ $count -gt 30 ] || complain "$name: only $count commands"
	echo "$name: $count commands"
}

if [ "$(id -u)" -ne 0 ]; then
	echo 'skipped: commands: requires root' && exit
fi
mkdir "$work/tool"
ln -s "$build/meminfo-explain" "$work/tool/"
if command -v dash >/dev/null; then
	run_all dash "$work/tool:/usr/sbin:/usr/bin:/sbin:/bin" "$(command -v dash)"
else
	echo 'skipped: commands: no dash'
fi
if command -v busybox >/dev/null; then
	mkdir "$work/busybox"
	for applet in $(busybox --list); do
		ln -s "$(command -v busybox)" "$work/busybox/$applet"
	done
	run_all busybox "$work/tool:$work/busybox" "$(command -v busybox)" sh
else
	echo 'skipped: commands: no busybox'
fi
exit $failed
