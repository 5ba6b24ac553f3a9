#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/documented.sh BUILD_DIR
# The documents agree with the code: generated parts are current (tools/tables), the manuals
# have every metric, option and JSON member and no other, links and paths exist, each file
# names its licence, fixtures/capture.sh takes what the plugin reads, and documents stay
# within their limits of lines and words.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
plugin=docs/collectd-meminfo_explain.pod
tool=docs/meminfo-explain.pod
readme_lines=200 words=20000

status=0
complain() {
	echo "documented: $1" >&2
	status=1
}
# same WHAT LIST LIST: complains of each line that only one of the lists has
same() {
	diff <(sort -u <<<"$2") <(sort -u <<<"$3") >&2 || complain "$1"
}

podchecker -warnings "$plugin" "$tool" || status=1
tools/tables --check "$build" || status=1

[ "$(wc -l <README.md)" -le "$readme_lines" ] || complain "README.md has more than $readme_lines lines"
[ "$(cat README.md CONTRIBUTING.md SECURITY.md docs/*.md docs/*.pod | wc -w)" -le "$words" ] ||
	complain "documents and manuals have more than $words words"

# --- the manuals ----------------------------------------------------------------------

# items POD SECTION: the names that are described there, one a line
items() {
	awk -v section="$2" '
		/^=head/ { sub(/^=head. /, ""); inside = $0 == section }
		inside && /^=item / {
			count = split(substr($0, 7), names, /, /)
			for (i = 1; i <= count; i++)
				if (match(names[i], /B<[^>]+>/))
					print substr(names[i], RSTART + 2, RLENGTH - 3)
		}' "$1"
}

# Every metric that a fixture gives. Names of views with a section of text alone are the
# machine's own. README has every view but those of groupings, which a generated table has.
view='' groupings=$("$build/tests/tables" groupings)
while IFS=/ read -r next metric; do
	if [ "$next" != "$view" ]; then
		view=$next
		described=$(items "$plugin" "$view")
		grep -qE "^\| (\`[a-z_]+\`, )*\`$view\`" README.md - <<<"$groupings" ||
			complain "README.md has no view $view"
	fi
	[ -z "$described" ] && grep -q "^=head2 $view$" "$plugin" && continue
	[[ $view/$metric == detail/*-raw_* || $view/$metric == trend/bytes_rate-* ]] ||
		grep -qxF -e "$metric" <<<"$described" || complain "$plugin has no $view/$metric"
done < <(cut -d ' ' -f 1 fixtures/*/expect.txt | sort -u)

# Every option of the tool, and no other.
options_of() {
	"$build/meminfo-explain" "$@" --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -e '-+[a-zA-Z-]+'
}
same "$tool describes other options" "$(options_of)" "$(items "$tool" OPTIONS)"
same "$tool describes other options of trend" "$(options_of trend)" "$(items "$tool" 'OPTIONS OF TREND')"

# Members of the JSON, as a path: "vmalloc.callers[].bytes". Those of an object whose names
# are terms, lines of meminfo and the like go without that name: "identities.holds".
members() {
	local about
	for about in fixtures/*/about; do
		"$build/meminfo-explain" --root "${about%/about}" --format json 2>/dev/null
	done | jq -r 'paths | map(if type == "number" then "[]" else "." + . end) | add' |
		sed -E 's/^\.//; s/\.\[/[/g
			s/^sources\..*/sources/
			s/^(free|kernel|user\.[a-z]+|hidden|inside|outside|upper_bound|identities|detail|meminfo|decisions|vmalloc\.(modules|space))\.[^.]+/\1/' |
		sort -u
}
# Of its description, each item and each name within it: "B<caller>" of the item
# vmalloc.callers[] is vmalloc.callers[].caller, or what it says.
described_members() {
	awk '
		/^=head1/ { inside = $0 == "=head1 JSON"; next }
		!inside { next }
		/^=item/ { split("", items) }
		{
			for (rest = $0; match(rest, /B<[^>]+>/); rest = substr(rest, RSTART + RLENGTH)) {
				name = substr(rest, RSTART + 2, RLENGTH - 3)
				print name
				if (/^=item/) items[name]
				else for (item in items) print item "." name
			}
		}' "$tool" | sort -u
}
have=$(members) described=$(described_members)
# shellcheck disable=SC2016 # backticks
numbers=$("$build/tests/tables" black_hole | sed -nE 's/^\| `[a-z_]+-([a-z_]+)`.*/black_hole.\1/p')
# An array is described with its elements, an object by its members.
while read -r member; do
	grep -qE "^${member//[][]/.}(\[\]|\..*)?$" <<<"$described"$'\n'"$numbers" ||
		complain "$tool has no member $member of the JSON"
done <<<"$have"
while read -r item; do
	grep -qxF -e "$item" <<<"$have" || complain "$tool has $item, which is not in the JSON"
done < <(items "$tool" JSON)

# --- fixtures/capture.sh --------------------------------------------------------------

# shellcheck disable=SC2016 # backticks
while read -r file; do
	case $file in
	*/PID/*) file=details=${file##*/} ;; # details=smaps_rollup
	esac
	grep -qxF "$file" fixtures/capture.sh ||
		grep -qF -e "$file/" -e "cat $file >" -e "$file #" fixtures/capture.sh ||
		complain "fixtures/capture.sh does not take $file"
done < <(for table in consumers sources; do "$build/tests/tables" $table; done |
	grep -oE '`(proc|sys)/[^`]*`' | tr -d '`')

# --- links and paths ------------------------------------------------------------------

# ours FIND_EXPRESSION...: files that are neither products nor of a fixture
ours() {
	find . \( -path './build*' -o -path ./.git -o -name node_modules -o -path './fixtures/*/*' \
		-o -path ./tests/fuzz/found \) -prune -o -type f "$@" -print | sed 's|^\./||'
}
documents() {
	ours -name '*.md'
}
# has_anchor FILE ANCHOR: whether a heading has that anchor, made as GitHub makes them
has_anchor() {
	# shellcheck disable=SC2016 # backticks
	sed -n '/^```/,/^```/!s/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' |
		sed -E 's/[^a-z0-9 _-]//g; s/ /-/g' | grep -qxF -- "$2"
}
while read -r document target; do
	file=${target%%#*}
	anchor=${target#"$file"}
	if [ -n "$file" ]; then
		file=$(dirname "$document")/$file
	else
		file=$document
	fi
	if [ ! -e "$file" ]; then
		complain "$document links to $target, which does not exist"
	elif [ -n "$anchor" ] && ! has_anchor "$file" "${anchor#\#}"; then
		complain "$document links to $target, which is no heading there"
	fi
done < <(
	while read -r document; do
		grep -oE '\]\([^) ]+\)' "$document" | sed -E 's/^\]\((.*)\)$/\1/' |
			grep -vE '^(https?|mailto):' | sed "s|^|$document |" || :
	done < <(documents)
)
# Paths of ours in backticks or in a command; one may stand for several.
folders='\.ci|cli|debian|docs|examples|fixtures|grafana|include|packaging|plugin|tests|tools|types\.db\.d'
while read -r document path; do
	case $path in
	*[\<\>]* | *[A-Z][A-Z]*) continue ;; # stands for any
	esac
	# shellcheck disable=SC2086 # a pattern, or {a,b}
	found=$(eval "ls -d $path" 2>/dev/null) || :
	[ -n "$found" ] || complain "$document names $path, which does not exist"
done < <(
	while read -r document; do
		{ grep -oE "(^    |\`)($folders)/[A-Za-z0-9_./*{},-]*" "$document" || :; } |
			sed -E 's/^( +|`)//; s/[.,]$//' | sort -u | sed "s|^|$document |"
	done < <(documents | grep -v '^CHANGELOG')
)

# --- licences -------------------------------------------------------------------------

# Each file that can hold a comment names its licence; not those that a tool writes.
while read -r file; do
	case $file in
	debian/rules | debian/*.p[or]*) ;; # programs
	debian/*) continue ;;               # debian/copyright covers all
	esac
	head -n 5 "$file" | grep -qF 'SPDX-License-Identifier: MIT' ||
		complain "$file has no line SPDX-License-Identifier: MIT"
done < <(ours -not -name '*.md' -not -name '*.json' -not -name '*.png' -not -name '*.db' \
	-not -name LICENSE -not -name .gitattributes)
exit "$status"
