#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: exports.sh BUILD_DIR
# The built plugin is a file that collectd accepts, gives away one name alone, and asks
# of the daemon only what the daemon has.
set -euo pipefail
PATH=$PATH:/usr/sbin
export LC_ALL=C

fail() {
	echo "exports.sh: $*" >&2
	exit 1
}

[ $# -eq 1 ] || { echo 'usage: exports.sh BUILD_DIR' >&2 && exit 2; }
plugin=$1/plugins/meminfo_explain.so
daemon=$(command -v collectd) || fail 'collectd is not installed'

if [ -L "$plugin" ] || [ ! -f "$plugin" ]; then
	fail "$plugin is not a plain file: collectd refuses it"
fi
exported=$(nm -D --defined-only "$plugin" | awk '{ print $NF }')
[ "$exported" = module_register ] ||
	fail "$plugin exports more or less than module_register:" "${exported//$'\n'/ }"

# What has a version comes from a library, what is weak may stay open.
wanted=$(nm -D --undefined-only "$plugin" | awk '$1 == "U" && $2 !~ /@/ { print $2 }' | sort)
[ -n "$wanted" ] || fail "$plugin asks nothing of the daemon"
offered=$(nm -D --defined-only "$daemon" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort)
missing=$(comm -23 <(echo "$wanted") <(echo "$offered"))
[ -z "$missing" ] || fail "$daemon lacks what $plugin asks for:" "${missing//$'\n'/ }"
