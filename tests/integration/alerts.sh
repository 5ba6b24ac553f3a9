#!/bin/bash
# SPDX-License-Identifier: MIT
# The files of examples/ in the real daemons: a leak is made in a captured machine, and
# must arrive in the log of notify-exec.sh by the plugin's own notification and by
# threshold, and in the alerts of a Prometheus.
# Hostile text is full of what must not expand:
# shellcheck disable=SC2016
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/leak.sh
. "$repository/tests/leak.sh"
# shellcheck source=tests/prometheus.sh
. "$repository/tests/prometheus.sh"

examples=$repository/examples
notified=$work/notify/alerts.log # what notify-exec.sh wrote
prometheus=
give_up() {
	[ -z "$prometheus" ] || kill -KILL "$prometheus" 2>/dev/null || true
	[ -z "$prometheus" ] || wait "$prometheus" 2>/dev/null || true
	cleanup
}
trap give_up EXIT

# --- Prometheus, if there is one ------------------------------------------------------

# ask QUERY: the values that Prometheus answers with.
ask() {
	curl -sG "http://127.0.0.1:$prometheus_port/api/v1/query" --data-urlencode "query=$1" |
		jq -r '.data.result[]?.value[1]'
}

# alerts: those of late, for a step is soon over.
alerts() {
	curl -sG "http://127.0.0.1:$prometheus_port/api/v1/query" --data-urlencode \
		'query=max_over_time(ALERTS{alertstate="firing"}[2s])' |
		jq -r '.data.result[]?.metric | "\(.alertname) \(.instance // "-") \(.severity)"'
}

is_calm() {
	[ -z "$(alerts)" ]
}

has_alerted() {
	[ "$have_prometheus" = false ] || alerts | grep -qxF "$*"
}

has_scraped() {
	[ -n "$(ask 'collectd_meminfo_explain_signed_bytes{type="above_floor"}')" ]
}

start_prometheus() {
	# What fires must do so soon.
	sed 's/for: .*/for: 1s/' "$examples/meminfo_explain.rules.yml" >"$work/rules.yml"
	prometheus_command "$work" "$prometheus_port" "$work/rules.yml" "127.0.0.1:$collectd_port"
	"${prometheus_command[@]}" >"$work/prometheus.log" 2>&1 &
	prometheus=$!
}

have_prometheus=true
if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
	have_prometheus=false
	echo "skipped: alerts: no prometheus here, so only collectd's own alerts are tested"
elif ldd /usr/lib/collectd/write_prometheus.so | grep -q 'not found'; then
	have_prometheus=false
	echo "skipped: alerts: libraries of write_prometheus are missing, so only collectd's" \
		"own alerts are tested"
fi
read -r collectd_port prometheus_port < <(free_ports 2)
if $have_prometheus; then
	start_prometheus # it looks at its targets only after five seconds
	promtool check rules "$examples/meminfo_explain.rules.yml" >"$work/promtool" 2>&1 ||
		fail "rules: $(cat "$work/promtool")"
	promtool test rules "$examples/meminfo_explain.rules.test.yml" >"$work/promtool" 2>&1 ||
		fail "rules: $(cat "$work/promtool")"
fi

# --- notify-exec.sh by itself --------------------------------------------------------

# notify FILE [ADDRESS] < NOTIFICATION
notify() {
	(cd "$work/empty" && SENDMAIL=$work/sendmail "$examples/notify-exec.sh" "$@")
}

# says FILE LINE...: the lines of FILE, and no other.
says() {
	printf '%s\n' "${@:2}" | diff - "$1" >&2 || fail "$1 has other lines than expected"
}

mkdir "$work/empty"
printf '#!/bin/sh\n{ printf "%%s\\n" "$@"; cat; } >"%s"\n' "$work/mail" >"$work/sendmail"
chmod +x "$work/sendmail"

# Each of these would make a file, end a line, or be someone else's words.
printf '%s\n' 'Severity: WARNING' 'Time: 1769850900.123' 'Host: $(touch a) h' \
	'Plugin: `touch b`' 'Type: -n%s%n' 'TypeInstance: ; touch c #' \
	'Severity: OKAY' 'Time: 0' 'Plugin: forged' '' \
	'~!touch d' '.' '$(touch e); \\n %d * "'"'" $'\e[2J\x9b1m\r\xff' >"$work/hostile"
notify "$work/line" ops@example.org <"$work/hostile"
line='2026-01-31T09:15:00Z WARNING $(touch_a)_h `touch_b`/-n%s%n-;_touch_c_#'
line+=' ~!touch d . $(touch e); \\n %d * "'"' ?[2J?1m??"
says "$work/line" "$line"
says "$work/mail" -oi -- ops@example.org 'To: ops@example.org' \
	"Subject: [collectd] ${line#* }" '' "$line"
[ -z "$(ls -A "$work/empty")" ] || fail "notify-exec.sh obeyed: $(ls -A "$work/empty")"

# Not a notification at all, a time that is none, and one that is too long.
for input in '' ': ' $'Time: 1; touch f\nSeverity: OKAY\n\nm' \
	"Time: 99999999999999999999"$'\n\n'"$(printf '%05000d' 0)"; do
	rm -f "$work/line"
	notify "$work/line" <<<"$input"
	[ "$(wc -l <"$work/line")" -eq 1 ] || fail "not one line of: $input"
	grep -qE '^20[0-9]{2}-[0-9T:-]{14}Z (-|OKAY) - -/- ?(m|0{1023}|)$' "$work/line" ||
		fail "an unexpected line: $(cat "$work/line")"
done
[ -z "$(ls -A "$work/empty")" ] || fail "notify-exec.sh obeyed: $(ls -A "$work/empty")"

# --- a machine whose memory can be taken ---------------------------------------------

machine "$repository/fixtures/6.12-debian12-numa2-8cpu" "$work/root"
managed=$(awk '$1 == "managed" && $2 > most { most = $2 } END { print most }' \
	"$fixture/proc/zoneinfo")
seen=0

# wait_for SECONDS COMMAND...: time goes on meanwhile.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] ||
			fail "in vain: $*; notified so far: $(tail -n 5 "$notified")"
		kill -0 "$daemon" 2>/dev/null || fail "collectd is gone: $(cat "$work/stderr")"
		tick
		sleep 0.1
	done
}

# What was notified before now does not count any more.
new_chapter() {
	seen=$(wc -l <"$notified")
}

# was_notified SEVERITY METRIC [TEXT]
was_notified() {
	tail -n "+$((seen + 1))" "$notified" |
		grep -E "^[0-9TZ:-]{20} $1 testhost meminfo_explain-$2 " |
		grep -F -- "${3-}" >"$work/found"
}

# --- collectd ------------------------------------------------------------------------

user=$(id -un)
[ "$(id -u)" -ne 0 ] || user=nobody # exec refuses root
mkdir "$work/notify"
: >"$notified"
[ "$user" = "$(id -un)" ] || chown -R "$user" "$work/notify"
cp "$examples/notify-exec.sh" "$work/"
window=10
configure 0.1 "Root \"$root\"
  TrendWindow $window
  TrendRise 8388608"
# Values are taken for missing after so many intervals: a busy machine may be late.
cat >>"$work/collectd.conf" <<CONF
Timeout 20
Include "$examples/threshold.conf"
Include "$work/notify-exec.conf"
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "$work/socket"
  SocketGroup "$(id -gn)"
</Plugin>
CONF
sed -e "s|\"collectd-notify\"|\"$user\"|" -e "s|\"/[^\"]*/notify-exec.sh\"|\"$work/notify-exec.sh\"|" \
	-e "s|\"/[^\"]*/alerts.log\"|\"$notified\"|" "$examples/notify-exec.conf" \
	>"$work/notify-exec.conf"
if $have_prometheus; then
	sed "s/\"9103\"/\"$collectd_port\"/" "$examples/prometheus.conf" >"$work/prometheus.conf"
	echo "Include \"$work/prometheus.conf\"" >>"$work/collectd.conf"
fi
start

# --- all is well ---------------------------------------------------------------------

for metric in count-state signed_bytes-above_floor; do
	wait_for 10 was_notified OKAY "black_hole/$metric" 'within range'
done
wait_for 5 was_notified OKAY total/bytes-removed 'within range'
if $have_prometheus; then
	wait_for 10 has_scraped
	[ "$(ask 'collectd_meminfo_explain_bytes{meminfo_explain="total",type="mem_total",instance="testhost"}')" \
		= $((total * 1024)) ] || fail "Prometheus does not have MemTotal: $(ask '{type="mem_total"}')"
fi
# Someone else's notification.
hostile="\$(touch $work/notify/a) \`touch $work/notify/b\`; ~!touch $work/notify/c"
echo "PUTNOTIF severity=failure time=1769850900 host=h message=\"$hostile\"" |
	socat - "UNIX-CONNECT:$work/socket" >"$work/answer"
wait_for 5 grep -qxF "2026-01-31T09:15:00Z FAILURE h -/- $hostile" "$notified"
[ "$(ls -A "$work/notify")" = alerts.log ] || fail "notify-exec.sh obeyed a notification"
if grep -E '^[^ ]+ (WARNING|FAILURE) testhost ' "$notified" >&2; then
	fail "notified of nothing"
fi
# Prometheus was there first: until now, nothing was sent.
! $have_prometheus || wait_for 5 is_calm

# --- a step, which is large ----------------------------------------------------------

wait_for_samples 25 10 # a step is one from what was there before
new_chapter
hole=$((1200 * 1024))
wait_for 5 was_notified OKAY black_hole/bytes_rate-estimate 'rose at once'
wait_for 10 has_alerted MeminfoBlackHoleStep testhost info
wait_for 15 was_notified WARNING black_hole/signed_bytes-above_floor 'above the warning threshold'

# --- a leak --------------------------------------------------------------------------

rate=$((3 * 1024))
wait_for $((2 * window)) was_notified WARNING black_hole/count-state 'currently 2.0'
wait_for 5 was_notified WARNING black_hole/bytes_rate-estimate
wait_for 5 has_alerted MeminfoBlackHoleRising testhost warning
rate=$((30 * 1024))
wait_for $((2 * window)) was_notified FAILURE black_hole/count-state 'currently 3.0'
wait_for 5 was_notified FAILURE black_hole/bytes_rate-estimate
if $have_prometheus; then
	[ -n "$(ask 'collectd_meminfo_explain_duration_seconds{meminfo_explain="black_hole",type="eta"}')" ] ||
		fail "durations have another name"
fi
wait_for 5 has_alerted MeminfoBlackHoleFailing testhost critical
wait_for 5 has_alerted MeminfoBlackHoleUsesUpMemory testhost critical

# --- it is given back, a balloon takes memory, a file is not understood --------------

rate=0 hole=0 removed=$((300 * 1024))
edit zoneinfo "s/(managed +)$managed$/\1$((managed - removed / 4))/"
echo 'no line of vmallocinfo' >"$root/proc/vmallocinfo"
new_chapter
for metric in black_hole/count-state black_hole/signed_bytes-above_floor \
	black_hole/bytes_rate-estimate; do
	wait_for 10 was_notified OKAY "$metric"
done
wait_for 5 was_notified WARNING total/bytes-removed 'above the warning threshold'
wait_for 5 has_alerted MeminfoMemoryRemoved testhost warning
wait_for 5 has_alerted MeminfoExplainSourceMalformed testhost warning

# --- silence -------------------------------------------------------------------------

new_chapter
silent=true
rm "$root/proc/meminfo"
wait_for 15 was_notified FAILURE black_hole/count-state 'has not been updated'
wait_for 15 has_alerted MeminfoExplainSilent testhost warning
wait_for 5 has_alerted MeminfoExplainAbsent - critical

stop
if $have_prometheus; then
	kill -TERM "$prometheus"
	wait "$prometheus" || fail "prometheus: $(tail -n 5 "$work/prometheus.log")"
	prometheus=
fi
