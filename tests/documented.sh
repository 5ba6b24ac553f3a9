#!/bin/bash
# SPDX-License-Identifier: MIT
# README describes every metric that any fixture gives, in the section of its view, and
# every option of the plugin; and its tables say what the default set has.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
while IFS=/ read -r view metric; do
	case $view/$metric in
	vmalloc/* | alloc_site/* | detail/*-raw_* | trend/bytes_rate-*) continue ;;
	esac
	# shellcheck disable=SC2016 # the backticks are README's
	if ! sed -n '/^### `'"$view"'`/,/^##/p' README.md | grep -qF "| \`$metric\` |"; then
		echo "documented: README has no $view/$metric" >&2
		missing=1
	fi
done < <(cat fixtures/*/expect.txt | cut -d ' ' -f 1 | sort -u)
while read -r option; do
	if ! grep -qF "| \`$option\` |" README.md; then
		echo "documented: README has no option $option" >&2
		missing=1
	fi
done < <(sed -nE 's/^    \{"([A-Za-z]+)", OPTION_.*/\1/p' plugin/config.c)
# The default set, as README's tables mark it: "VIEW METRIC MARK".
if ! diff <(
	sed -nE 's/^NAME\(([a-z_]+), ([A-Z_]+), ([a-z_]+)\)$/\1 \L\2-\3 yes/p
		s/^HELD\(([a-z_]+), ([a-z_]+)\)$/\1 bytes-\2 once held/p' \
		include/meminfo_explain/default_series.def | grep -v '^total ' | sort
) <(
	awk -F ' *[|] *' '/^##/ { view = $0; gsub(/[#` ]/, "", view) }
		$3 == "yes" || $3 == "once held" { gsub(/`/, "", $2); print view, $2, $3 }' README.md |
		sort
) >&2; then
	echo "documented: README marks another default set" >&2
	missing=1
fi
# docs/consumers.md has every consumer, with its view.
while read -r view name; do
	if ! grep -qF "| \`$name\` | $view |" docs/consumers.md; then
		echo "documented: docs/consumers.md has no $view consumer $name" >&2
		missing=1
	fi
done < <(
	sed -nE 's/^(CONSUMER|TERM)\(([a-z0-9_]+), (HIDDEN|INSIDE|OUTSIDE|AT_MOST),.*/\3 \2/p' \
		include/meminfo_explain/consumers.def | tr '[:upper:]' '[:lower:]'
	sed -nE 's/^TERM\((HIDDEN|INSIDE|OUTSIDE|AT_MOST), ([a-z0-9_]+),.*/\1 \2/p' \
		include/meminfo_explain/terms.def | tr '[:upper:]' '[:lower:]'
)
exit "$missing"
