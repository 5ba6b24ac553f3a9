#!/bin/bash
# SPDX-License-Identifier: MIT
# README describes every metric that any fixture gives, in the section of its view, and
# every option of the plugin.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=0
while IFS=/ read -r view metric; do
	case $view in vmalloc) continue ;; esac
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
exit "$missing"
