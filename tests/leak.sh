# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A machine whose memory can be taken: a copy of a fixture in which tick changes meminfo, by
# $hole, which grows at $rate, and $removed. Sourced.

hole=0 rate=0 removed=0 # kB, kB per second, kB
silent=false            # whether meminfo is left alone
now=${EPOCHREALTIME/[.,]/}

# machine FIXTURE ROOT
machine() {
	fixture=$1 root=$2
	cp -r "$fixture" "$root"
	total=$(awk '/^MemTotal:/ { print $2 }' "$fixture/proc/meminfo")
	free=$(awk '/^MemFree:/ { print $2 }' "$fixture/proc/meminfo")
}

# edit FILE SED-EXPRESSION: the daemon reads the old file or the new one, no half.
edit() {
	sed -E "$2" "$fixture/proc/$1" >"$root.edited"
	mv "$root.edited" "$root/proc/$1"
}

# Has the hole grow at its rate.
tick() {
	local before=$now
	now=${EPOCHREALTIME/[.,]/}
	hole=$((hole + rate * (now - before) / 1000000))
	[ "$silent" = true ] || edit meminfo "
		s/^(MemTotal: +).*/\1$((total - removed)) kB/
		s/^(MemFree: +).*/\1$((free - removed - hole)) kB/"
}
