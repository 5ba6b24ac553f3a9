#!/bin/bash
# SPDX-License-Identifier: MIT
# What arrives behind each of collectd's writers: every value of a small machine and of one
# of 1 TB to the byte, below zero too; nothing of what is not known; and out of the range of
# its type, what docs/writers.md says.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

sinks=()
receiver=
give_up() {
	[ ${#sinks[@]} -eq 0 ] || kill "${sinks[@]}" 2>/dev/null || true
	[ -z "$receiver" ] || kill -KILL "$receiver" 2>/dev/null || true
	cleanup
}
trap give_up EXIT

for library in rrdtool write_http write_prometheus; do
	! ldd "/usr/lib/collectd/$library.so" | grep 'not found' >&2 ||
		fail "libraries of $library are missing"
done

# --- where they write to --------------------------------------------------------------

# wait_for FILE SED-EXPRESSION: what the expression prints of FILE, soon.
wait_for() {
	local tries found
	for ((tries = 0; tries < 100; tries++)); do
		found=$(sed -nE "$2" "$1" 2>/dev/null | head -n 1) || true
		[ -z "$found" ] || break
		sleep 0.1
	done
	[ -n "$found" ] || fail "$1 has nothing like $2: $(cat "$1")"
	echo "$found"
}

# All choose a port by themselves. Each connection of carbon's kind is appended to lines,
# each body that is posted is a line of posts, each datagram is one of datagrams: its length,
# and how many values it has, which are its parts of type 6.
start_sinks() {
	socat -d -d -u TCP-LISTEN:0,bind=127.0.0.1,fork OPEN:"$work/lines",creat,append \
		2>"$work/socat" &
	sinks+=($!)
	/usr/bin/python3 - "$work/posts" >"$work/http" 2>&1 <<-'PYTHON' &
		import http.server, sys

		class Sink(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        body = self.rfile.read(int(self.headers['Content-Length']))
		        with open(sys.argv[1], 'ab') as posts:
		            posts.write(body + b'\n')
		        self.send_response(200)
		        self.end_headers()

		    def log_message(self, *arguments):
		        pass

		server = http.server.HTTPServer(('127.0.0.1', 0), Sink)
		print('port', server.server_port, flush=True)
		server.serve_forever()
	PYTHON
	sinks+=($!)
	/usr/bin/python3 - "$work/datagrams" >"$work/udp" 2>&1 <<-'PYTHON' &
		import socket, struct, sys

		udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		udp.bind(('127.0.0.1', 0))
		print('port', udp.getsockname()[1], flush=True)
		while True:
		    data, values, at = udp.recv(65536), 0, 0
		    while at < len(data):
		        kind, length = struct.unpack_from('>HH', data, at)
		        values, at = values + (kind == 6), at + length
		    with open(sys.argv[1], 'a') as datagrams:
		        print(len(data), values, file=datagrams)
	PYTHON
	sinks+=($!)
	udp_port=$(wait_for "$work/udp" 's/^port //p')
	carbon_port=$(wait_for "$work/socat" 's/.*listening on AF=2 127\.0\.0\.1:([0-9]+).*/\1/p')
	http_port=$(wait_for "$work/http" 's/^port //p')
}

# A collectd that lacks the plugin, and has its types.
start_receiver() {
	cat >"$work/receiver.conf" <<-CONF
		BaseDir "$work"
		PIDFile "$work/receiver.pid"
		Hostname "receiver"
		FQDNLookup false
		TypesDB "/usr/share/collectd/types.db" "$repository/types.db.d/meminfo_explain.db"
		LoadPlugin logfile
		<Plugin logfile>
		  LogLevel info
		  File "$work/receiver.log"
		  Timestamp false
		  PrintSeverity true
		</Plugin>
		LoadPlugin network
		<Plugin network>
		  Listen "127.0.0.1" "$network_port"
		</Plugin>
		LoadPlugin csv
		<Plugin csv>
		  DataDir "$work/received"
		  StoreRates false
		</Plugin>
	CONF
	/usr/sbin/collectd -f -C "$(as_pattern "$work/receiver.conf")" >"$work/receiver.out" 2>&1 &
	receiver=$!
	wait_for "$work/receiver.log" '/entering read-loop/p' >/dev/null
}

# configure_writers ROOT: csv is there already.
configure_writers() {
	configure 1 "Root \"$1\"
	  AllSeries true"
	cat >>"$work/collectd.conf" <<-CONF
		<LoadPlugin write_graphite>
		  FlushInterval 1
		</LoadPlugin>
		<Plugin write_graphite>
		  <Node "sink">
		    Host "127.0.0.1"
		    Port "$carbon_port"
		    Protocol "tcp"
		    Prefix "collectd."
		  </Node>
		</Plugin>
		LoadPlugin write_prometheus
		<Plugin write_prometheus>
		  Host "127.0.0.1"
		  Port "$prometheus_port"
		</Plugin>
		LoadPlugin rrdtool
		<Plugin rrdtool>
		  DataDir "$work/rrd"
		  RRATimespan 60
		  RRARows 60
		</Plugin>
		LoadPlugin network
		<Plugin network>
		  Server "127.0.0.1" "$network_port"
		  Server "127.0.0.1" "$udp_port"
		</Plugin>
		LoadPlugin unixsock
		<Plugin unixsock>
		  SocketFile "$work/socket"
		  SocketGroup "$(id -gn)"
		</Plugin>
		<LoadPlugin write_http>
		  FlushInterval 1
		</LoadPlugin>
		<Plugin write_http>
		  <Node "sink">
		    URL "http://127.0.0.1:$http_port/"
		    Format "JSON"
		  </Node>
		</Plugin>
	CONF
}

# --- what they wrote: `VIEW/TYPE-INSTANCE VALUE` lines --------------------------------

# from_files DIRECTORY: every value of csv.
from_files() {
	(cd "$1/testhost" && grep -rH '^[0-9]' .) |
		sed -E 's|^\./meminfo_explain-(.*)-[0-9]{4}-[0-9]{2}-[0-9]{2}:[0-9.]+,|\1 |'
}

from_csv() {
	from_files "$work/csv"
}

from_network() {
	from_files "$work/received"
}

from_write_graphite() {
	sed -E 's|^collectd\.testhost\.meminfo_explain-([a-z_]+)\.([a-z_]+-[a-z0-9_]+) ([^ ]+) .*|\1/\2 \3|' \
		"$work/lines"
}

from_write_prometheus() {
	sed -nE 's/^collectd_meminfo_explain_(.*)\{meminfo_explain="(.*)",type="(.*)",instance="testhost"\} ([^ ]+) [0-9]+\r?$/\2\/\1-\3 \4/p' \
		"$work/scraped" | sed 's/duration_seconds/duration/'
}

from_write_http() {
	jq -r '.[] | select(.host == "testhost" and .plugin == "meminfo_explain") |
		"\(.plugin_instance)/\(.type)-\(.type_instance) \(.values[0])"' "$work/posts"
}

rrd_files() {
	(cd "$work/rrd/testhost" && ls -- */*) |
		sed -E 's|^meminfo_explain-(.*)\.rrd$|\1|'
}

# What was written last; the archive has rates of it.
from_rrdtool() {
	local file
	rrd_files | while read -r file; do
		echo "lastupdate $work/rrd/testhost/meminfo_explain-$file.rrd"
	done | rrdtool - | sed -n 's/^[0-9]*: //p' | paste -d ' ' <(rrd_files) -
}

# archived NAME...: `NAME VALUE`, what the archive has, printed whole.
archived() {
	local name number=0 graph=(graph /dev/null --end now --start now-50s)
	for name; do
		number=$((number + 1))
		graph+=("DEF:d$number=$work/rrd/testhost/meminfo_explain-$name.rrd:value:MAX"
			"VDEF:v$number=d$number,MAXIMUM" "PRINT:v$number:%.6lf")
	done
	rrdtool "${graph[@]}" | tail -n +2 | sed 's/^-nan$/nan/' | paste -d ' ' <(printf '%s\n' "$@") -
}

# ask_unixsock NAMES-FILE: `NAME VALUE` of those that the daemon's cache has.
ask_unixsock() {
	sed 's|.*|GETVAL testhost/meminfo_explain-&|' "$1" >"$work/questions"
	socat -t 5 - "UNIX-CONNECT:$work/socket" <"$work/questions" >"$work/answers"
	awk '/^value=/ { print substr($0, 7) } /^-1 No such value/ { print "absent" }' \
		"$work/answers" | paste -d ' ' "$1" - | grep -v ' absent$'
}

# --- what must have arrived -----------------------------------------------------------

# normal < LINES: as expect.txt has them, each once.
normal() {
	LC_ALL=C awk '
		/[0-9]$/ { $2 = sprintf("%.6f", $2) }
		{ print }' | LC_ALL=C sort -u
}

# same WRITER EXPECTED GOT
same() {
	diff -u "$2" "$3" >&2 || fail "$root, $1: arrived is not what was expected"
}

# arrives WRITER: of what is expected, every value it ever wrote; of what is not known,
# nothing; else what csv has, which is not in expect.txt because time is in it.
arrives() {
	"from_$1" | normal >"$work/got"
	LC_ALL=C join "$work/got" "$work/names" >"$work/known"
	same "$1" "$work/expected" "$work/known"
	! LC_ALL=C join "$work/got" "$work/absent" | grep . >&2 ||
		fail "$root, $1: sent what is not known"
	LC_ALL=C join -v 1 "$work/got" "$work/names" | cut -d ' ' -f 1 | LC_ALL=C sort -u >"$work/others"
	[ -s "$work/all_others" ] || cp "$work/others" "$work/all_others"
	same "$1" "$work/all_others" "$work/others"
}

is_literal() {
	grep -qxF -- "$1" "$work/expected" || fail "$root: expected has no $1"
}

is_absent() {
	grep -qxF "$1" "$work/absent" || fail "$root: $1 is expected"
}

# Of unixsock, seven digits; expect.txt has six decimals.
seven_digits() {
	LC_ALL=C awk '
		tolower($2) == "nan" { print $1, "nan"; next }
		{ printf($1 ~ /\/percent-/ ? "%s %.4f\n" : "%s %.6e\n", $1, $2) }'
}

arrives_unixsock() {
	ask_unixsock "$work/names" | seven_digits >"$work/known"
	# The cache has NaN for what is out of the range of its type.
	awk '/\/percent-/ && $2 > 100.1 { $2 = "nan" } { print }' "$work/expected" |
		seven_digits >"$work/in_the_cache"
	same unixsock "$work/in_the_cache" "$work/known"
	ask_unixsock "$work/absent" >"$work/known" || true
	[ ! -s "$work/known" ] || fail "unixsock has what is not known: $(cat "$work/known")"
}

# has_written ROOT: all of it, by all of them, and nothing that only other machines have.
has_written() {
	root=$(basename "$1")
	rm -rf "$work"/{csv,received,rrd,lines,posts,datagrams,log,receiver.log,all_others}
	LC_ALL=C sort "$1/expect.txt" >"$work/expected"
	cut -d ' ' -f 1 "$work/expected" >"$work/names"
	cat "$repository"/fixtures/*/expect.txt | cut -d ' ' -f 1 | LC_ALL=C sort -u |
		LC_ALL=C join -v 1 - "$work/names" >"$work/absent"
	start_receiver
	configure_writers "$1"
	start
	wait_for_samples 4 30
	curl -sf "http://127.0.0.1:$prometheus_port/metrics" >"$work/scraped" ||
		fail "write_prometheus does not answer"
	arrives_unixsock
	stop
	kill -TERM "$receiver"
	wait "$receiver" || fail "the receiver: $(cat "$work/receiver.out")"
	receiver=
	local writer
	for writer in csv write_graphite write_prometheus rrdtool network write_http; do
		arrives "$writer"
	done
	# The library that write_prometheus uses says this of collectd itself; and the plugin,
	# what the capture was denied.
	local path denied=() known=(-e MHD_OPTION_EXTERNAL_LOGGER)
	read -ra denied < <(sed -n 's/^denied://p' "$1/about") || :
	for path in ${denied[@]+"${denied[@]}"}; do
		known+=(-e "plugin: $path: Permission denied; ")
	done
	! grep -hE '\[(warning|error)\]|not found' "$work/log" "$work/receiver.log" |
		grep -vF "${known[@]}" >&2 || fail "$root: the log has warnings"
	! grep -vE '^collectd\.testhost\.meminfo_explain-[a-z_]+\.[a-z_]+-[a-z0-9_]+ [-0-9.e+]+ [0-9]+.?$' \
		"$work/lines" >&2 || fail "lines with names or values that Graphite does not take"
}

# costs BYTES VALUES WRITER: a value costs on average what docs/fleet.md says, which has two
# numbers of it in a sentence.
costs() {
	local said
	said=$(tr '\n' ' ' <"$repository/docs/fleet.md" |
		sed -nE "s/.*Measured by .writers\.sh.: [^.]*$3 ([0-9]+) bytes.*/\1/p")
	awk -v said="$said" -v bytes="$1" -v values="$2" 'BEGIN {
		printf "%.1f bytes for each of %d values\n", bytes / values, values
		exit !(said > 0 && values > 100 && bytes / values > said - 1.5 && bytes / values < said + 1.5)
	}' || fail "$3 takes $1 bytes for $2 values; docs/fleet.md says $said for each"
}

read -r prometheus_port network_port < <(free_ports 2)
start_sinks

has_written "$repository/fixtures/6.18-debian12-idle-24g"
read -r bytes values < <(awk '{ bytes += $1; values += $2 } END { print bytes, values }' "$work/datagrams")
costs "$bytes" "$values" network
costs "$(wc -c <"$work/lines")" "$(wc -l <"$work/lines")" Graphite
has_written "$repository/fixtures/6.6-composed-1t-locked-shmem"
# The numbers themselves, so that no one makes expect.txt anew without looking.
is_literal 'total/bytes-mem_total 1082123878400.000000'
is_literal 'identity/signed_bytes-anon_lru -644247715840.000000'
is_literal 'detail/percent-commit 728.865131'
is_absent kernel/bytes-hardware_corrupted
# In the archive of rrdtool: whole bytes, and nothing that is out of its type's range.
archived total/bytes-mem_total identity/signed_bytes-anon_lru detail/percent-commit \
	>"$work/got"
printf '%s\n' 'total/bytes-mem_total 1082123878400.000000' \
	'identity/signed_bytes-anon_lru -644247715840.000000' 'detail/percent-commit nan' \
	>"$work/archive"
same 'rrdtool, archive' "$work/archive" "$work/got"
