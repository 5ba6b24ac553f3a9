#!/bin/bash
# SPDX-License-Identifier: MIT
# Names are hostile text, wherever the kernel or a captured tree has them; and nothing is
# written but the state file and evidence. A tree whose every name wants to be a terminal's
# command, a line of its own in a log, or another series; over all outputs.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
tool=$build/meminfo-explain
root=$work/root

# --- the tree -------------------------------------------------------------------------

# A terminal's commands, a bell, a backspace, half of UTF-8, C1 controls, a text that runs
# backwards (U+202E), invisible blanks (U+200B, U+2028), and what formats would obey.
evil=$(printf 'e\033[31;1m\033]0;t\a\b\302\233\377\342\200\256\342\200\213\342\200\250%%n%%s;*=[{~}.$`')
long=$(printf 'L%.0s' {1..300})
injected=$'\n[error] INJECTED'

cp -R "$repository/fixtures/6.12-composed-allocinfo" "$root"
chmod -R u+w "$root"
cat >>"$root/proc/meminfo" <<-END
	${evil}One:   1 kB
	Zoo-anon:   2 kB
	Zoo_anon:   4 kB
	zoo.ANON:   8 kB
	${long}:   16 kB
	Twice${evil}:   1 kB
	Twice${evil}:   2 kB
END
for caller in "$evil+0x1/0x2" "$evil+0x1/0x2 [$evil]" "$long+0x1/0x2 [$long]" \
	'a.b+0x1/0x2' 'a_b+0x1/0x2' 'other+0x1/0x2' '../../etc/passwd+0x1/0x2'; do
	echo "0x0000000000001000-0x0000000000802000 8392704 $caller pages=2048 vmalloc N0=2048"
done >>"$root/proc/vmallocinfo"
for site in "$evil:1 func:$evil" "$evil:2 [$evil] func:$evil" "$long:3 [$long] func:$long" \
	'a.c:4 func:a.b' 'a.c:5 func:a_b'; do
	echo "    8388608     2048 $site"
done >>"$root/proc/allocinfo"
echo "Node 0, zone   $evil" >>"$root/proc/zoneinfo"
echo "$evil 7" >>"$root/proc/vmstat"
echo "$evil 4096 1 - Live 0x0000000000000000" >>"$root/proc/modules"
echo "9 1 0:9 / /mnt/$evil rw - $evil $evil rw" >>"$root/proc/self/mountinfo"
printf 'slabinfo - version: 2.1\n%s 1 1 1 1 1 : tunables 0 0 0 : slabdata 1 1 0\n' "$evil" \
	>"$root/proc/slabinfo"
# A command's name may hold a newline, and look like the rest of its line.
sed -i "1s/([^)]*)/($(printf 'x) R 1\\n(y\033[2J'))/" "$root/proc/104/stat"
# Devices: one that reads well, and one of each that does not.
for device in "zram1$evil" "zram2$injected$evil"; do
	mkdir -p "$root/sys/block/$device"
	echo '0 0 4096 0 0 0 0 0 0' >"$root/sys/block/$device/mm_stat"
done
bad_files=("sys/block/zram3$injected$evil/mm_stat"
	"sys/kernel/dmabuf/buffers/$evil$injected/size"
	"sys/kernel/mm/cma/$injected$evil/total_pages"
	"sys/kernel/mm/hugepages/hugepages-2${evil//\//}kB/nr_hugepages"
	"sys/bus/virtio/devices/virtio$injected/features"
	"sys/kernel/debug/ramdisk_pages/ram$injected$evil")
break_files() {
	local file
	for file in "${bad_files[@]}"; do
		mkdir -p "$root/${file%/*}"
		echo "$evil" >"$root/$file"
	done
	echo "$evil" >"$root/sys/bus/virtio/devices/virtio$injected/device"
	echo system >"$root/sys/kernel/dmabuf/buffers/$evil$injected/exporter_name"
	echo "$evil$long" | tee -a "$root"/proc/{zoneinfo,vmstat,vmallocinfo,allocinfo,modules} \
		"$root/proc/57/smaps_rollup" "$root/proc/88/stat" >"$root/proc/sys/vm/overcommit_ratio"
	echo "$evil: $evil" >>"$root/proc/meminfo"
}

# --- what is asked of every output ----------------------------------------------------

# printable FILE: nothing but ASCII that a terminal shows, and newlines; no line that a
# name has made
printable() {
	[ -s "$1" ] || fail "$1 is empty"
	if LC_ALL=C grep -nP '[^\x20-\x7e]' "$1" | head -n 3 | cat -v >&2 && [ "${PIPESTATUS[0]}" -eq 0 ]; then
		fail "$1 has bytes that are no text"
	fi
	if grep -n '^.\{0,2\}\[error\] INJECTED' "$1" >&2; then
		fail "$1 has a line that a name has made"
	fi
	if grep -nE '.{1024}' "$1" >&2; then
		fail "$1 has a line without bounds"
	fi
}

ask_tool() {
	local format
	for format in '--format table' '--why' '--no-pss' '--format json'; do
		# shellcheck disable=SC2086 # words on purpose
		"$tool" --root "$root" $format >"$work/out" 2>"$work/err" ||
			fail "$format: exit status $?: $(cat -v "$work/err")"
		if [ "$format" = '--format json' ]; then
			# One line, however long; \u escapes are jansson's, and there is nothing to escape.
			jq -c . "$work/out" >"$work/again" || fail "no JSON"
			LC_ALL=C grep -qP '[^\x20-\x7e]' "$work/out" && fail "JSON with bytes that are no text"
			! grep -q '\\u' "$work/out" || fail "JSON with escapes: $(grep -o '.\{30\}\\u.\{20\}' "$work/out")"
			# a key twice would be one value lost
			jq -c --stream 'select(length == 2) | .[0]' "$work/out" | sort | uniq -d >"$work/twice"
			[ ! -s "$work/twice" ] || fail "JSON with a key twice: $(cat "$work/twice")"
			jq -e '[.report[].text] | all(length > 0)' "$work/out" >/dev/null ||
				fail "a sentence is lost"
		else
			printable "$work/out"
		fi
		[ ! -s "$work/err" ] || printable "$work/err"
	done
}

ask_tool
zram=$(awk '{ print $3 }' "$root/sys/block/zram0/mm_stat")
[ "$(jq '.hidden.zram' "$work/out")" -eq $((zram + 2 * 4096)) ] || fail "the two zram devices were not read"
[ "$(jq '.vmalloc.callers | map(select(.caller | startswith("e?"))) | length' "$work/out")" -eq 2 ] ||
	fail "hostile callers are missing"
jq -e '.meminfo | to_entries | map(select(.key | startswith("Twice")) | .value) == [null]' \
	"$work/out" >/dev/null || fail "a key that occurs twice has a value"

# --- the plugin -----------------------------------------------------------------------

# A daemon of whom all files are known. What opens for writing, makes, moves or removes:
traced=open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat
traced+=,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,truncate,chmod,fchmodat,chown,fchownat
tracer=()
if strace -f --seccomp-bpf -o "$work/strace" -e trace=openat true 2>/dev/null; then
	tracer=(strace -f --seccomp-bpf -qq -y -s 4096 -e "trace=$traced" -e signal=none)
else
	echo "skipped: $name: what is written: no strace here"
fi
# start_traced: sets $daemon to the shell or strace that runs it
start_traced() {
	rm -f "$work/strace"
	start ${tracer[@]+"${tracer[@]}" -o "$work/strace"}
}
# stop_traced: strace passes no signal on
stop_traced() {
	local pid status=0
	pid=$(cat "/proc/$daemon/task/$daemon/children" 2>/dev/null) && [ -n "$pid" ] || pid=$daemon
	# shellcheck disable=SC2086 # one
	kill -TERM $pid
	wait "$daemon" || status=$?
	daemon=
	[ $status -eq 0 ] || fail "collectd ended with status $status: $(cat "$work/stderr")"
}

# written: the paths that were opened for writing, made, moved or removed, each once
written() {
	grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|^[0-9]+ +(creat|mkdir|rename|unlink|rmdir|link|symlink|mknod|truncate|chmod|fchmodat|chown|fchownat)' \
		"$work/strace" | grep -v ' = -1 ' |
		sed -nE 's/^[0-9]+ +[a-z0-9]+\(([^"]*)"([^"]*)".*/\1 \2/p' |
		sed -E 's/^AT_FDCWD<([^>]*)>, /\1 /; s/^[0-9]+<([^>]*)>, /\1 /' |
		awk '{ print ($NF ~ /^\// || NF == 1) ? $NF : $1 "/" $NF }' | sort -u
}

# only_writes PATTERN...: nothing but what matches, besides what collectd and csv write
only_writes() {
	local path pattern
	[ ${#tracer[@]} -gt 0 ] || return 0
	written >"$work/written"
	[ -s "$work/written" ] || fail "nothing was written, not even a log"
	while IFS= read -r path; do
		# comm: how a thread gets its name
		for pattern in "$work/csv*" "$work/log" "$work/collectd.pid" /dev/null \
			"/proc/self/task/*/comm" "$@"; do
			# shellcheck disable=SC2053 # a pattern on purpose
			[[ $path != $pattern ]] || continue 2
		done
		fail "$path was written"
	done <"$work/written"
}

# This machine, with a state file; as a user's umask would have it, it would be open.
mkdir "$work/state"
configure 0.2 "Root \"/\"
	StateFile \"$work/state/kept\""
umask 0
start_traced
umask 022
wait_for_samples 3 60
stop_traced
[ "$(stat -c %a "$work/state/kept")" = 600 ] || fail "others can read or write the state"
[ "$(ls "$work/state")" = kept ] || fail "more than the state: $(ls "$work/state")"
only_writes "$work/state/kept" "$work/state/kept.new"

# The tree, while its free memory goes away into the black hole; then all of it bad.
rm -rf "$work/csv" "$work/log"
mkdir "$work/evidence"
configure 0.2 "Root \"$root\"
	AllSeries true
	VmallocCallers 64
	AllocationSites 64
	ReportUnknownLines true
	TrendWindow 1
	TrendRise 4096
	StateFile \"$work/state/of-a-tree\"
	EvidenceDir \"$work/evidence\""
cp "$root/proc/meminfo" "$work/meminfo"
free=$(awk '$1 == "MemFree:" { print $2 }' "$work/meminfo")
umask 0
start_traced
umask 022
wait_for_samples 12 60
end=$((SECONDS + 40))
# By less than its error at once, else each sample is looked at again.
for ((step = 1; SECONDS < end; step++)); do
	sed "s/^MemFree:.*/MemFree: $((free - step * 128)) kB/" "$work/meminfo" >"$work/next"
	mv "$work/next" "$root/proc/meminfo"
	! compgen -G "$work/evidence/*.txt" >/dev/null || break
	sleep 0.2
done
ls "$work"/evidence/*.txt >/dev/null || fail "no evidence after $step steps"
break_files
sleep 1
ask_tool # of the tree that is bad
stop_traced
only_writes "$work/evidence/meminfo_explain.new" "$work/evidence/meminfo_explain-*.txt"
[ ! -e "$work/state/of-a-tree" ] || fail "a captured tree has a state"

printable "$work/log"
if grep -vE '^(\[(info|notice|warning|error)\] |Notification: )' "$work/log" >&2; then
	fail "lines in the log that are none of collectd's"
fi
grep -q 'Notification: severity = .*the black hole' "$work/log" || fail "no notification"
if grep -E 'uc_update|too old|[Ii]nvalid|plugin_dispatch' "$work/log" >&2; then
	fail "collectd did not take all values"
fi
for file in "$work"/evidence/*.txt; do
	[ "$(stat -c %a "$file")" = 600 ] || fail "others can read the evidence"
	[[ ${file##*/} =~ ^meminfo_explain-[0-9]{8}T[0-9]{6}Z-[a-z_]+-[a-z]+(-[0-9]+)?\.txt$ ]] ||
		fail "evidence by another name: $file"
	tr '\t' ' ' <"$file" >"$work/evidence_text"
	printable "$work/evidence_text"
done
# Each series by a name that every receiver takes; none lost and none twice.
names=0
while IFS= read -r metric; do
	[[ $metric =~ ^meminfo_explain-[a-z0-9_]+/[a-z_]+-[a-z0-9_]+-[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
		fail "a series by the name $(printf '%q' "$metric")"
	[ ${#metric} -le 160 ] || fail "a series with a long name: $metric"
	names=$((names + 1))
done < <(cd "$work/csv/testhost" && find . -type f | sed 's|^\./||')
[ "$names" -gt 150 ] || fail "only $names series"
# first METRIC: its first value
first() {
	tail -qn +2 "$work/csv/testhost/meminfo_explain-$1"-* | head -n 1 | sed 's/.*,//; s/\..*//'
}
[ "$(first detail/bytes-raw_zoo_anon)" -eq $((14 * 1024)) ] ||
	fail "three lines of one name are not their sum"
[ "$(first vmalloc/bytes-a_b)" -eq $((2 * 2048 * 4096)) ] || fail "two callers of one name are not their sum"

# --- a live process by a hostile name -------------------------------------------------

comm=$(printf 'a)\n0 \033[2J(')
bash -c 'printf "%s" "$1" >/proc/self/comm && exec 3<&- && read -r _' - "$comm" < <(sleep 20) &
victim=$!
sleep 0.3
"$tool" --why >"$work/out" 2>"$work/err" || fail "a process's name stops the tool"
printable "$work/out"
[ "$("$tool" --format json 2>/dev/null | jq .pss.malformed)" -eq 0 ] ||
	fail "a process's name makes its files malformed"
kill "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
