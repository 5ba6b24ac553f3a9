#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: notify-exec.sh LOG [ADDRESS]
# Called by collectd's exec plugin (NotificationExec), with a notification on standard
# input: fields, an empty line, and the message. Appends one line to LOG, and mails it to
# ADDRESS if there is one:
#   2026-01-31T09:15:00Z WARNING host plugin-instance/type-instance message
#
# Anyone who can send values to collectd can write a notification, so it is untrusted text:
# bytes that are not printable ASCII become "?" first, none of it is a command, a format or
# an option, and the words before the message have no blanks. The format has no quoting: a
# line break in a field starts another field. So the first field of each name counts;
# Severity and Time come first.
#
# Several of these may run at once: a line is one write. Standard output and error are pipes
# without a reader (src/exec.c: exec_notification_one): writing to them kills.
set -u
log=${1:?usage: $0 LOG [ADDRESS]} address=${2-}
exec >/dev/null 2>&1
export LC_ALL=C
PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
sendmail=${SENDMAIL:-/usr/sbin/sendmail}

log_error() {
	logger -t notify-exec.sh -p daemon.err -- "$1"
}

# Prints "SECONDS LINE", SECONDS as far as they are a time.
parsed=$(tr -c '\n -~' '?' | awk '
	function word(name) {
		gsub(/ /, "_", field[name])
		return field[name] == "" ? "-" : substr(field[name], 1, 128)
	}
	function part(name, instance) {
		return word(name) (field[instance] == "" ? "" : "-" word(instance))
	}
	in_message { message = message " " $0; next }
	$0 == "" { in_message = 1; next }
	{
		colon = index($0, ": ")
		name = substr($0, 1, colon - 1)
		if (colon && !(name in field))
			field[name] = substr($0, colon + 2)
	}
	END {
		seconds = field["Time"]
		sub(/\..*/, "", seconds)
		if (seconds !~ /^[0-9]+$/ || length(seconds) > 11)
			seconds = ""
		print seconds " " word("Severity") " " word("Host") " " \
			part("Plugin", "PluginInstance") "/" part("Type", "TypeInstance") \
			substr(message, 1, 1024)
	}')
seconds=${parsed%% *}
stamp=$(date -u ${seconds:+-d "@$seconds"} +%Y-%m-%dT%H:%M:%SZ)
line="$stamp ${parsed#* }"

printf '%s\n' "$line" >>"$log" || log_error "cannot write to $log: $line"

# Not by mail(1), of which some obey lines that begin with "~!". The address is an argument:
# no header can add another.
[ -n "$address" ] || exit 0
printf 'To: %s\nSubject: [collectd] %.200s\n\n%s\n' "$address" "${line#* }" "$line" |
	"$sendmail" -oi -- "$address" || log_error "cannot mail to $address: $line"
