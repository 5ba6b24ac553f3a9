#!/bin/bash
# SPDX-License-Identifier: MIT
# write_graphite sends the expected paths and exact values into a TCP sink.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# A sink on a port of the kernel's choice.
socat -d -d -u TCP-LISTEN:0,bind=127.0.0.1,fork OPEN:"$work/lines",creat,append \
	2>"$work/socat" &
sink=$!
trap 'kill "$sink" 2>/dev/null || true; cleanup' EXIT
for _ in $(seq 50); do
	port=$(sed -n 's/.*listening on AF=2 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/socat")
	[ -z "$port" ] || break
	sleep 0.1
done
[ -n "$port" ] || fail "the sink does not listen: $(cat "$work/socat")"

root=$repository/fixtures/6.18-debian12-idle-24g
configure 1 "Root \"$root\"
  AllSeries true"
cat >>"$work/collectd.conf" <<CONF
<LoadPlugin write_graphite>
  FlushInterval 1
</LoadPlugin>
<Plugin write_graphite>
  <Node "sink">
    Host "127.0.0.1"
    Port "$port"
    Protocol "tcp"
    Prefix "collectd."
  </Node>
</Plugin>
CONF
start
wait_for_samples 4 30
stop

[ -s "$work/lines" ] || fail "nothing arrived"
while read -r metric value; do
	view=${metric%%/*} instance=${metric#*/}
	path="collectd.testhost.meminfo_explain-$view.$instance"
	# Graphite prints 15 significant digits: whole bytes are exact.
	line=$(grep -m 1 -F "$path " "$work/lines") || fail "$path did not arrive"
	got=$(echo "$line" | cut -d ' ' -f 2)
	awk -v a="$got" -v b="$value" 'BEGIN { d = a - b; exit !(d < 1e-6 && d > -1e-6) }' ||
		fail "$path: $got instead of $value"
done <"$root/expect.txt"
if grep -vE '^collectd\.testhost\.meminfo_explain-[a-z_]+\.[a-z_]+-[a-z0-9_]+ [-0-9.e+]+ [0-9]+.?$' \
	"$work/lines" >&2; then
	fail "lines with names or values that Graphite does not take"
fi
