#!/bin/bash
# SPDX-License-Identifier: MIT
# The plugin, built with ASan and UBSan, inside the real daemon: on this machine, on a
# captured one and on a damaged one. BUILD_DIR is a build by the preset `sanitize`.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

compiler=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt")
libasan=$("$compiler" -print-file-name=libasan.so)
mkdir -p "$work/damaged/proc"
head -c 700 "$repository/fixtures/6.1-debian12-1g/proc/meminfo" >"$work/damaged/proc/meminfo"
# Bytes that are no text, and the same ones if this is to be seen again.
head -c 5000 "$build/plugins/meminfo_explain.so" >"$work/damaged/proc/vmallocinfo"
tail -c 5000 "$build/plugins/meminfo_explain.so" >"$work/damaged/proc/zoneinfo"
mkfifo "$work/damaged/proc/vmstat"

for root in / "$repository/fixtures/6.12-debian12-numa2-8cpu" "$work/damaged"; do
	rm -rf "$work/csv" "$work/log"
	configure 1 "Root \"$root\"
  AllSeries true"
	start env LD_PRELOAD="$libasan" ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 \
		UBSAN_OPTIONS=print_stacktrace=1
	wait_for_samples 3 60
	stop
	if grep -E 'runtime error|ERROR: AddressSanitizer|ERROR: LeakSanitizer' "$work/stderr" >&2
	then
		fail "the sanitizers found something on $root"
	fi
done
