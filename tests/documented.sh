#!/bin/bash
# SPDX-License-Identifier: MIT
# README describes every metric that any fixture gives, in the section of its view, and
# every option of the plugin.
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
