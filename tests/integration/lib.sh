# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the integration tests share: a real collectd in a throw-away directory. Sourced
# with the build directory as $1.
set -euo pipefail

build=$(cd "${1:?usage: $0 BUILD_DIR}" && pwd)
# shellcheck disable=SC2034 # used by those who source this
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tools/ports.sh
. "$repository/tools/ports.sh"
name=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/meminfo_explain.$name.XXXXXX")
# Other users must reach the plugin and the configuration.
chmod 755 "$work"
mkdir "$work/plugins"
cp "$build/plugins/meminfo_explain.so" "$work/plugins/"
daemon=

cleanup() {
	[ -z "$daemon" ] || kill -KILL "$daemon" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
	echo "$name: $*" >&2
	if [ -s "$work/log" ]; then
		sed 's/^/  log: /' "$work/log" | tail -n 20 >&2
	fi
	exit 1
}

# configure INTERVAL PLUGIN-OPTIONS: csv into $work/csv, log into $work/log. More lines
# may be appended to $work/collectd.conf.
configure() {
	cat >"$work/collectd.conf" <<-CONF
		BaseDir "$work"
		PIDFile "$work/collectd.pid"
		Hostname "testhost"
		FQDNLookup false
		Interval $1
		LoadPlugin logfile
		<Plugin logfile>
		  LogLevel info
		  File "$work/log"
		  Timestamp false
		  PrintSeverity true
		</Plugin>
		PluginDir "$work/plugins"
		LoadPlugin meminfo_explain
		<Plugin meminfo_explain>
		  $2
		</Plugin>
		PluginDir "/usr/lib/collectd"
		LoadPlugin csv
		<Plugin csv>
		  DataDir "$work/csv"
		  StoreRates false
		</Plugin>
	CONF
}

# as_pattern PATH: collectd takes its -C for a pattern of the shell's, in which a name with
# blanks is two.
as_pattern() {
	printf '%q' "$1"
}

# start [COMMAND...]: starts the daemon, through COMMAND if there is one.
# shellcheck disable=SC2120 # most want none
start() {
	"$@" /usr/sbin/collectd -f -C "$(as_pattern "$work/collectd.conf")" >"$work/stdout" 2>"$work/stderr" &
	daemon=$!
}

# stop: ends the daemon in the orderly way; its exit status must be 0.
stop() {
	local status=0
	kill -TERM "$daemon"
	wait "$daemon" || status=$?
	daemon=
	[ "$status" -eq 0 ] || fail "collectd ended with status $status: $(cat "$work/stderr")"
}

# samples: how many have arrived. mem_total goes out early in every sample.
samples() {
	cat "$work"/csv/testhost/meminfo_explain-total/bytes-mem_total-* 2>/dev/null |
		grep -c '^[0-9]' || true
}

# wait_for_samples N SECONDS
wait_for_samples() {
	local end=$((SECONDS + $2))
	until [ "$(samples)" -ge "$1" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "only $(samples) of $1 samples after $2 s"
		kill -0 "$daemon" 2>/dev/null || fail "collectd is gone: $(cat "$work/stderr")"
		sleep 0.2
	done
}

# values: the first value of every metric, as `VIEW/TYPE-INSTANCE VALUE`.
values() {
	(cd "$work/csv/testhost" && grep -H -m 2 '' -- */*) |
		sed -nE 's|^meminfo_explain-(.*)-[0-9]{4}-[0-9]{2}-[0-9]{2}:[0-9.]+,(.*)$|\1 \2|p' |
		LC_ALL=C sort
}
