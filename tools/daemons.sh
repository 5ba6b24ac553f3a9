# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Daemons that a script starts and that end with it, in a temporary directory $scratch;
# Graphite among them. Sourced after lib.sh.

tool=${tool:?}
# shellcheck source=tools/ports.sh
. "${root:?}/tools/ports.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/meminfo_explain-${tool##*/}.XXXXXX")
daemons=() # process ids, each the leader of its session
declare -A name_of

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches this script
# alone, and all that the command starts can be found; it ends should this script be
# killed.
start() {
	local name=$1
	shift
	setsid setpriv --pdeathsig TERM -- "$@" &
	daemons=("$!" ${daemons[@]+"${daemons[@]}"}) # the last one started is stopped first
	name_of[$!]=$name
}

alive() {
	kill -0 -- "$1" 2>/dev/null
}

# Ends a daemon, and all of its session; fails if it did not end well by itself.
stop() {
	local pid=$1 tries=150 status=0
	kill -TERM "$pid" 2>/dev/null || :
	while alive "-$pid" && [ $((tries -= 1)) -gt 0 ]; do
		sleep 0.1
	done
	if alive "-$pid"; then
		kill -KILL -- "-$pid" 2>/dev/null || :
		note "${name_of[$pid]} did not end by itself"
		return 1
	fi
	wait "$pid" || status=$?
	# Twisted's daemons clean up, and then end by the signal after all.
	[[ "${name_of[$pid]} $status" != carbon*' 143' ]] || status=0
	[ $status -eq 0 ] || note "${name_of[$pid]} ended with exit code $status"
	return $status
}

# forget PID: one that was stopped or killed before the others.
forget() {
	local pid others=()
	for pid in ${daemons[@]+"${daemons[@]}"}; do
		[ "$pid" = "$1" ] || others+=("$pid")
	done
	daemons=(${others[@]+"${others[@]}"})
}

stop_all() {
	local pid status=0
	for pid in ${daemons[@]+"${daemons[@]}"}; do
		stop "$pid" || status=1
	done
	daemons=()
	return $status
}

# shellcheck disable=SC2317 # called by the trap
cleanup() {
	local status=$?
	trap '' INT TERM HUP PIPE
	exec 3<&- # where tools/run reads: nobody shall wait for it to read
	stop_all || :
	rm -rf -- "$scratch"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- collectd ---------------------------------------------------------------------------

# A string of collectd's configuration.
quoted() {
	local text=${1//\\/\\\\}
	printf '"%s"' "${text//\"/\\\"}"
}

plugin_dir() {
	collectd -h | sed -n 's/^ *Plugin directory *//p'
}

# collectd_configure NAME INTERVAL LEVEL: what every collectd begins with, and then what
# comes from standard input, for the host NAME. It logs to its standard error.
collectd_configure() {
	mkdir -p "$scratch"/{conf,log,run}
	{
		cat <<-END
			Hostname "$1"
			FQDNLookup false
			BaseDir $(quoted "$scratch/run/$1")
			PIDFile $(quoted "$scratch/run/$1.pid")
			Interval $2
			PluginDir $(quoted "$(plugin_dir)")
			LoadPlugin logfile
			<Plugin logfile>
			  File stderr
			  LogLevel $3
			  Timestamp false
			  PrintSeverity true
			</Plugin>
		END
		cat
	} >"$scratch/conf/$1.conf"
}

# load_write_graphite NODE...: see graphite_node.
load_write_graphite() {
	cat <<-'END'
		<LoadPlugin write_graphite>
		  FlushInterval 1
		  FlushTimeout 0
		</LoadPlugin>
		<Plugin write_graphite>
	END
	printf '%s\n' "$@" '</Plugin>'
}

# graphite_node NAME PROTOCOL PORT PREFIX [LINE...]
graphite_node() {
	printf '<Node "%s">\n  Host "127.0.0.1"\n  Protocol "%s"\n  Port "%s"\n  Prefix "%s"\n' \
		"${@:1:4}"
	[ $# -eq 4 ] || printf '  %s\n' "${@:5}"
	echo '</Node>'
}

# load_meminfo_explain LINE...: the plugin of $build, with its options. It comes last: the
# PluginDir is for what follows.
load_meminfo_explain() {
	printf '%s\n' "PluginDir $(quoted "${build:?}/plugins")" 'LoadPlugin meminfo_explain' \
		'<Plugin meminfo_explain>'
	printf '  %s\n' "$@"
	echo '</Plugin>'
}

# collectd_start NAME [COMMAND...]: through COMMAND, if there is one. From $scratch, since
# collectd takes its -C for a pattern of the shell's, in which a name with blanks is two.
collectd_start() {
	cd "$scratch" || exit
	start "collectd $1" "${@:2}" collectd -f -C "conf/$1.conf"
}

# --- Graphite -----------------------------------------------------------------------

# Debian's, since another one knows nothing of Debian's packages.
python() {
	/usr/bin/python3 "$@"
}

# wait_for NAME PORT LOG: until the daemon started last accepts connections.
wait_for() {
	local tries=300
	until (: <>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; do
		if ! alive "${daemons[0]}" || [ $((tries -= 1)) -eq 0 ]; then
			tail -n 20 "$3" >&2 || :
			die "$1 did not come up"
		fi
		sleep 0.1
	done
}

# The caches are a, b, ... by their numbers; with more than one, a relay must part the
# metrics among them.
cache_names=(a b c d)

# whisper_of NUMBER: the directory of a cache's files.
whisper_of() {
	echo "$scratch/whisper/${cache_names[$1]}"
}

# graphite_configure RETENTIONS
graphite_configure() {
	local number links='' names=''
	mkdir -p "$scratch"/{conf,log,run}
	cat >"$scratch/conf/carbon.conf" <<-END
		[cache]
		STORAGE_DIR = $scratch
		CONF_DIR = $scratch/conf
		LOG_DIR = $scratch/log
		PID_DIR = $scratch/run
		USER =
		MAX_CREATES_PER_MINUTE = inf
		MAX_UPDATES_PER_SECOND = inf
		LINE_RECEIVER_INTERFACE = 127.0.0.1
		UDP_RECEIVER_INTERFACE = 127.0.0.1
		ENABLE_UDP_LISTENER = True
		PICKLE_RECEIVER_PORT = 0
		CACHE_QUERY_INTERFACE = 127.0.0.1
		ENABLE_TAGS = False
		CARBON_METRIC_INTERVAL = 0
	END
	for number in "${!carbon_ports[@]}"; do
		mkdir -p "$(whisper_of "$number")"
		names+="'${cache_names[number]}', "
		links+="'127.0.0.1:${query_ports[number]}:${cache_names[number]}', "
		cat >>"$scratch/conf/carbon.conf" <<-END
			[cache:${cache_names[number]}]
			LOCAL_DATA_DIR = $(whisper_of "$number")
			LINE_RECEIVER_PORT = ${carbon_ports[number]}
			UDP_RECEIVER_PORT = ${carbon_ports[number]}
			CACHE_QUERY_PORT = ${query_ports[number]}
		END
	done
	cat >"$scratch/conf/storage-schemas.conf" <<-END
		[all]
		pattern = .*
		retentions = $1
	END
	cat >"$scratch/conf/storage-aggregation.conf" <<-'END'
		[all]
		pattern = .*
		xFilesFactor = 0
		aggregationMethod = average
	END
	cat >"$scratch/conf/meminfo_explain_settings.py" <<-END
		import os
		STORAGE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
		SECRET_KEY = '$(cat /proc/sys/kernel/random/uuid)'
		ALLOWED_HOSTS = ['127.0.0.1', 'localhost']
		TIME_ZONE = 'UTC'
		CONF_DIR = STORAGE_DIR + '/conf'
		LOG_DIR = STORAGE_DIR + '/log'
		INDEX_FILE = STORAGE_DIR + '/index'
		WHISPER_DIR = STORAGE_DIR + '/whisper'
		STANDARD_DIRS = [WHISPER_DIR + '/' + name for name in [$names]]
		CARBONLINK_HOSTS = [$links]
		STATIC_ROOT = '/usr/share/graphite-web/static'
		DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',
		                         'NAME': STORAGE_DIR + '/graphite.db'}}
	END
}

# carbon_cache NUMBER: starts one.
carbon_cache() {
	start "carbon ${cache_names[$1]}" /usr/bin/python3 /usr/bin/carbon-cache --nodaemon \
		--instance="${cache_names[$1]}" --config="$scratch/conf/carbon.conf" \
		--pidfile="$scratch/run/carbon-${cache_names[$1]}.pid" --logdir="$scratch/log" start \
		>"$scratch/log/carbon-${cache_names[$1]}" 2>&1
}

# graphite_start RETENTIONS [CACHES]: the first cache listens on $carbon_port, for TCP and
# UDP, all on carbon_ports, and graphite-web on $render_port.
graphite_start() {
	local log=$scratch/log count=${2:-1} number ports
	read -r -a ports < <(free_ports $((2 * count + 1)))
	carbon_ports=("${ports[@]:0:count}")
	query_ports=("${ports[@]:count:count}")
	# shellcheck disable=SC2034 # used by those who source this
	carbon_port=${carbon_ports[0]}
	render_port=${ports[2 * count]}
	graphite_configure "$1"
	# A home of their own: font caches and the like go there.
	export HOME=$scratch XDG_CACHE_HOME=$scratch PYTHONPATH=$scratch/conf
	export GRAPHITE_SETTINGS_MODULE=meminfo_explain_settings
	export DJANGO_SETTINGS_MODULE=graphite.settings
	unset PYTHONHOME GUNICORN_CMD_ARGS
	cd "$scratch" || exit
	for ((number = 0; number < count; number++)); do
		carbon_cache "$number"
	done
	python /usr/bin/graphite-manage migrate --run-syncdb --noinput >"$log/migrate" 2>&1 || {
		tail -n 20 "$log/migrate" >&2
		die "graphite-manage migrate failed"
	}
	for ((number = 0; number < count; number++)); do
		wait_for carbon "${carbon_ports[number]}" "$log/carbon-${cache_names[number]}"
	done
	start graphite-web /usr/bin/python3 /usr/bin/gunicorn --bind "127.0.0.1:$render_port" \
		--workers 1 --threads 2 --worker-tmp-dir "$scratch" graphite.wsgi \
		>"$log/gunicorn" 2>&1
	wait_for graphite-web "$render_port" "$log/gunicorn"
}

# encoded TEXT: for a URL, and for curl, which expands {} and [].
encoded() {
	local text=$1 at
	for ((at = 0; at < ${#text}; at++)); do
		case ${text:at:1} in
		[A-Za-z0-9._*-]) printf '%s' "${text:at:1}" ;;
		*) printf '%%%02X' "'${text:at:1}" ;;
		esac
	done
}

# render_url FORMAT OPTIONS TARGET...: each option begins with &.
render_url() {
	local target
	printf 'http://127.0.0.1:%s/render?format=%s%s' "$render_port" "$1" "$2"
	for target in "${@:3}"; do
		printf '&target=%s' "$(encoded "$target")"
	done
}
