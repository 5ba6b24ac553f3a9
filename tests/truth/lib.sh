# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the truth tests share. Sourced with the build directory as $1.
set -euo pipefail

name=tests/truth/$(basename -- "$0")
build=$(cd -- "${1:?usage: $0 BUILD_DIR}" && pwd)
# shellcheck disable=SC2034 # used by those who source this
explain=$build/meminfo-explain inject=$build/tests/inject

# skip_all REASON: nothing can be measured here, which is no failure.
skip_all() {
	echo "skipped: $1"
	exit 0
}

for program in "$explain" "$inject"; do
	[ -x "$program" ] || { echo "$name: not built: $program" >&2 && exit 2; }
done
command -v jq >/dev/null || skip_all 'there is no jq'
[ "$(id -u)" -eq 0 ] || skip_all 'only root may see everything and inject everything'

# On the disk that has the build: /tmp may be in memory.
work=$(mktemp -d "$build/truth.XXXXXX")
children=()

# Injectors give back what they hold, so they are waited for.
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	if [ ${#children[@]} -gt 0 ]; then
		kill "${children[@]}" 2>/dev/null || :
		wait "${children[@]}" 2>/dev/null || :
	fi
	rm -rf -- "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# sample FILE COUNT INTERVAL: COUNT explanations, one a line.
sample() {
	"$explain" --format json --no-pss --samples "$2" --interval "$3" >"$1"
}

# may_measure: ends the test where this machine has no estimate.
may_measure() {
	local refused
	sample "$work/first" 1 1
	refused=$(jq -r '.black_hole | if .estimate == null then .refused // "no estimate"
		else empty end' "$work/first")
	[ -z "$refused" ] || skip_all "no black hole on this machine: $refused"
}
