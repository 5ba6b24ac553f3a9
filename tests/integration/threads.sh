#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: threads.sh TSAN_BUILD_DIR BUILD_DIR
# The plugin's threads inside the real daemon: built with ThreadSanitizer, and under
# helgrind; on this machine, while a reading of smaps hangs, where one can be made to.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
other=$(cd "$2" && pwd)
# shellcheck source=tests/integration/hang.sh
. "$(dirname "$0")/hang.sh"

compiler=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt")
libtsan=$("$compiler" -print-file-name=libtsan.so)

get_stuck || echo "skipped: no process can be made to hang here: $(cat "$work/why")"
configure 1 ""
start env LD_PRELOAD="$libtsan" TSAN_OPTIONS=exitcode=66
wait_for_samples 9 60
stop
! grep -A 30 'WARNING: ThreadSanitizer' "$work/stderr" >&2 || fail "ThreadSanitizer found something"
let_go

rm -rf "$work/csv" "$work/log"
cp "$other/plugins/meminfo_explain.so" "$work/plugins/"
configure 2 ""
# collectd's own threads read flags of its own without a lock as it ends (read_loop in
# daemon/plugin.c). What its own code touches is not ours to judge.
# Who waits for a condition may signal it from inside glibc, without its lock, for the case
# that it took another's signal (glibc 2.36: nptl/pthread_cond_wait.c).
cat >"$work/suppressions" <<-END
	{
	   what collectd itself touches
	   Helgrind:Race
	   obj:/usr/sbin/collectd
	   ...
	}
	{
	   what waiting for a condition signals by itself
	   Helgrind:Misc
	   obj:*/vgpreload_helgrind-*
	   fun:__pthread_cond_wait_common
	   ...
	}
END
start valgrind --tool=helgrind --suppressions="$work/suppressions" \
	--log-file="$work/helgrind"
wait_for_samples 4 120
stop
grep -q 'ERROR SUMMARY: 0 errors' "$work/helgrind" || {
	cat "$work/helgrind" >&2
	fail "helgrind found something"
}
