#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: exports.sh BUILD_DIR
# collectd can load the built plugin: it is a plain file, exports module_register only, and
# imports only symbols that collectd exports.
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
	fail "$plugin does not export exactly module_register:" "${exported//$'\n'/ }"

# Versioned symbols come from libraries; weak ones may be undefined.
wanted=$(nm -D --undefined-only "$plugin" | awk '$1 == "U" && $2 !~ /@/ { print $2 }' | sort)
[ -n "$wanted" ] || fail "$plugin imports nothing from collectd"
offered=$(nm -D --defined-only "$daemon" | awk '{ sub(/@.*/, "", $NF); print $NF }' | sort)
missing=$(comm -23 <(echo "$wanted") <(echo "$offered"))
[ -z "$missing" ] || fail "$daemon does not export what $plugin imports:" "${missing//$'\n'/ }"
