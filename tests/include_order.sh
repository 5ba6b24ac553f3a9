#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/include_order.sh BUILD_DIR
# Each folder of plugin/ finds the public headers of the folders before it and none of those
# after it, with the include path that the build gives it. BUILD_DIR: a configured build.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

fail() {
	echo "include_order: $1" >&2
	exit 1
}

# The include path of a folder, from the commands of the build.
include_path() {
	jq -r --arg folder "/plugin/$1/" \
		'[.[] | select(.file | contains($folder))][0].command' "$build/compile_commands.json" |
		grep -oE -- '-I[^ ]+'
}

read -ra folders < <(sed -nE 's/^set\(FOLDERS (.*)\)/\1/p' CMakeLists.txt)
[ ${#folders[@]} -ge 10 ] || fail "CMakeLists.txt lists only ${#folders[@]} folders"
checked=0
for at in "${!folders[@]}"; do
	folder=${folders[at]}
	mapfile -t path < <(include_path "$folder")
	for other in "${!folders[@]}"; do
		for header in include/meminfo_explain/"${folders[other]}"/*.h; do
			[ -e "$header" ] || continue
			finds=no
			! echo "#include \"${header#include/}\"" |
				"${CC:-cc}" "${path[@]}" -fsyntax-only -x c - 2>/dev/null || finds=yes
			if [ "$other" -le "$at" ]; then expected=yes; else expected=no; fi
			[ $finds = $expected ] ||
				fail "plugin/$folder finds $header: $finds, expected $expected"
			checked=$((checked + 1))
		done
	done
done
! grep -rnE '#include "(\.\./|(base|sysroot|parse|workers|pss|collect|explain|trend|report|alarm)/)' plugin include ||
	fail "a private header of a folder is included from outside of it"
# No file includes, by whatever way, one that includes it; NAME.c and NAME.h are one.
grep -rHoE --include='*.[ch]' '#include "([a-z_]+/)*[a-z_]+\.h"' plugin include |
	sed -E 's|^(.*/)?([a-z_]+)\.[ch]:#include "(.*/)?([a-z_]+)\.h"|\2 \4|' |
	tsort >/dev/null || fail "files include each other in a circle"
echo "$checked includes checked"
