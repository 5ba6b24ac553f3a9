#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/documented.sh [BUILD_DIR]
# The documents say what the code does, and nothing that is gone. The manual describes every
# metric that any fixture gives, in the section of its view, and what the default set has;
# every option of the plugin, and every one of the tool; with a BUILD_DIR also every member
# of the JSON of every fixture, and none that is gone. README has every view,
# docs/consumers.md every consumer, docs/cost.md every benchmark, docs/architecture.md every
# room, and docs/accounting.md every row of the tables with its formula, and every reason of
# --why. What documents link to exists. fixtures/capture.sh takes what the plugin reads, and
# each file names its licence. Needs a C compiler.
set -euo pipefail
build=${1:+$(cd "$1" && pwd)}
cd "$(dirname "$0")/.."
plugin=docs/collectd-meminfo_explain.pod
tool=docs/meminfo-explain.pod

missing=0
complain() {
	echo "documented: $1" >&2
	missing=1
}

work=$(mktemp -d "${TMPDIR:-/tmp}/meminfo_explain-documented.XXXXXX")
trap 'rm -rf "$work"' EXIT

# items POD SECTION: the names that are described there, one a line.
items() {
	awk -v section="$2" '
		/^=head/ { sub(/^=head. /, ""); inside = $0 == section }
		inside && /^=item / {
			sub(/^=item /, "")
			count = split($0, names, /, /)
			for (i = 1; i <= count; i++)
				if (match(names[i], /B<[^>]+>/))
					print substr(names[i], RSTART + 2, RLENGTH - 3)
		}' "$1"
}

# has NAME: whether it is one of the lines that are read.
has() {
	grep -xF -e "$1" >/dev/null # not -q: whoever writes them shall be able to
}

podchecker -warnings "$plugin" "$tool" || missing=1

view=''
while IFS=/ read -r next metric; do
	if [ "$next" != "$view" ]; then
		view=$next
		described=$(items "$plugin" "$view")
		has "\`$view\`" < <(grep '^| `' README.md | cut -d '|' -f 2 | tr -d ' ' | tr , '\n') ||
			complain "README has no view $view"
	fi
	case $view/$metric in
	vmalloc/* | alloc_site/* | detail/*-raw_* | trend/bytes_rate-*) continue ;;
	esac
	has "$metric" <<<"$described" || complain "$plugin has no $view/$metric"
done < <(cat fixtures/*/expect.txt | cut -d ' ' -f 1 | sort -u)

# Every option, and none that is gone: described, and with its default in the synopsis.
options=$(
	{
		sed -nE 's/^    \{"([A-Za-z]+)", OPTION_.*/\1/p' plugin/config.c
		sed -nE 's/^(FILE_)?GROUPING\(.* ([A-Z][A-Za-z]+), [0-9]+, [0-9]+,.*/\2/p' \
			include/meminfo_explain/tables/groupings.def
	} | sort
)
diff <(echo "$options") <(items "$plugin" OPTIONS | sort) >&2 ||
	complain "$plugin describes other options"
diff <(echo "$options") <(sed -nE '/^=head1 SYNOPSIS/,/^=head1 DESC/s/^    (# )?([A-Z][A-Za-z]+) .*/\2/p' \
	"$plugin" | sort) >&2 || complain "the synopsis of $plugin has other options"

# The default set, as its items are marked: "VIEW METRIC MARK".
diff <(
	sed -nE 's/^NAME\(([a-z_]+), ([A-Z_]+), ([a-z_]+)\)$/\1 \L\2-\3 yes/p
		s/^ONCE\(([a-z_]+), ([a-z_]+)\)$/\1 bytes-\2 once held/p' \
		include/meminfo_explain/tables/default_series.def | grep -v '^total ' | sort
) <(
	sed -nE '/^=head/h; /^=item B<.*> \(default/{G
		s/^=item B<(.*)> \(default\)\n=head2 (.*)/\2 \1 yes/p
		s/^=item B<(.*)> \(default once held\)\n=head2 (.*)/\2 \1 once held/p}' "$plugin" | sort
) >&2 || complain "$plugin marks another default set"

# with_defaults: reads lines, of which those of an option begin with "=item ", and prints
# the options, each with its default.
with_defaults() {
	awk '
		/^=/ { if (item != "") print item; item = "" }
		/^=item / { item = substr($0, 7) }
		match($0, /\(default [^);]*/) && item != "" { item = item " " substr($0, RSTART, RLENGTH) }'
}
# tool_options FILE: those of its help, as the manual has them: "B<-r>, B<--root> I<DIR>".
tool_options() {
	sed -nE '/^static const char help/,/;$/s/^    "(.*)/\1/p' "$1" | sed -E '
		s/^(  -.,|     ) (--[a-z-]+)( [A-Z]+)? /&\n/
		s/^  (-.), (--[a-z-]+)( [A-Z]+)? \n/=item B<\1>, B<\2>\3\n/
		s/^      (--[a-z-]+)( [A-Z]+)? \n/=item B<\1>\2\n/
		s/^(=item .*) ([A-Z]+)\n/\1 I<\2>\n/
		s/^\\n"$/=/' | with_defaults
}
# described_options SECTION
described_options() {
	{ sed -n "/^=head1 $1\$/,/^=head1/p" "$tool" && echo '='; } | with_defaults
}
diff <(tool_options cli/main.c) <(described_options OPTIONS) >&2 ||
	complain "$tool describes other options"
diff <(tool_options cli/trend.c) <(described_options 'OPTIONS OF TREND') >&2 ||
	complain "$tool describes other options of trend"

# Members of the JSON, as a path: "vmalloc.callers[].bytes". Those of an object whose names
# are terms, lines of meminfo and the like go without that name: "identities.holds".
members() {
	local about
	for about in fixtures/*/about; do
		"$build/meminfo-explain" --root "${about%/about}" --format json 2>/dev/null
	done | jq -r 'paths | map(if type == "number" then "[]" else "." + . end) | add' |
		sed -E 's/^\.//; s/\.\[/[/g
			s/^(free|kernel|user\.[a-z]+|hidden|inside|outside|upper_bound|identities|detail|meminfo|sources|decisions|vmalloc\.(modules|space))\.[^.]+/\1/' |
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
if [ -n "$build" ]; then
	have=$(members) described=$(described_members)
	# An array is described with its elements, an object by its members.
	while read -r member; do
		case $member in
		black_hole.*) # a row of black_hole.def is a metric of that name
			has "${member#*.}" < <(items "$plugin" black_hole | sed 's/.*-//') && continue ;;
		esac
		grep -E "^${member//[][]/.}(\[\]|\..*)?$" <<<"$described" >/dev/null ||
			complain "$tool has no member $member of the JSON"
	done <<<"$have"
	while read -r item; do
		has "$item" <<<"$have" || complain "$tool has $item, which is not in the JSON"
	done < <(items "$tool" JSON)
fi

# docs/cost.md has every benchmark.
while read -r name; do
	grep -qF "| \`$name\` |" docs/cost.md || complain "docs/cost.md has no benchmark $name"
done < <(
	cat tests/bench/*.c tests/trend/simulate.c |
		grep -oE '(measure(_full)?|print|printf)\("(pss|sample|vmallocinfo|microseconds|bytes)_[a-z0-9_]+' |
		sed 's/.*"//'
	sed -nE 's/^.*judge ([a-z_]+) .*/\1/p' tests/bench/peers
)

# docs/consumers.md has every consumer, with its view.
while read -r view name; do
	grep -qF "| \`$name\` | $view |" docs/consumers.md ||
		complain "docs/consumers.md has no $view consumer $name"
done < <(
	sed -nE 's/^CONSUMER(_FUNCTION)?\(([a-z0-9_]+), (HIDDEN|INSIDE|OUTSIDE|UPPER_BOUND),.*/\3 \2/p' \
		include/meminfo_explain/tables/consumers.def | tr '[:upper:]' '[:lower:]'
	sed -nE 's/^TERM\((HIDDEN|INSIDE|OUTSIDE|UPPER_BOUND), ([a-z0-9_]+),.*/\1 \2/p' \
		include/meminfo_explain/tables/terms.def | tr '[:upper:]' '[:lower:]'
)

# docs/accounting.md has each row of the tables with its formula, and no other. Of a
# decision, and of a number of the black hole, the table has only the name.
"${CC:-cc}" -std=c11 -Wall -Wextra -Werror -Iinclude tests/rows.c -o "$work/rows"
"$work/rows" | sort >"$work/rows.txt"
# A section's heading ends with its name; a table begins behind its line of dashes.
awk '
	NR == FNR {
		split($0, part, / [|] /)
		cells[part[1]] = gsub(/ [|]/, " |") - 1 # but for that of the section
		next
	}
	/^#/ {
		section = tolower($NF)
		gsub(/`/, "", section)
		inside = 0
	}
	/^[|]---/ { inside = 1; next }
	!/^[|]/ { inside = 0 }
	inside && section in cells && !/^[|] +[|]/ {
		split($0, cell, /[|]/)
		row = section
		for (i = 2; i <= cells[section] + 1; i++) {
			gsub(/^ +| +$/, "", cell[i])
			row = row " | " cell[i]
		}
		print row " |"
	}
' "$work/rows.txt" docs/accounting.md | sort >"$work/said.txt"
if ! diff "$work/rows.txt" "$work/said.txt" >&2; then
	complain "docs/accounting.md (>) and include/meminfo_explain/tables/*.def (<) differ"
fi

# fixtures/capture.sh takes each file that the plugin reads.
while read -r file; do
	case $file in
	*/PID/*) file=details=${file##*/} ;; # details=smaps_rollup
	esac
	grep -qxF "$file" fixtures/capture.sh ||
		grep -qF -e "$file/" -e "cat $file >" -e "$file #" fixtures/capture.sh ||
		complain "fixtures/capture.sh does not take $file"
done < <(
	# shellcheck disable=SC2016 # backticks
	grep -E '^(consumers|sources) ' "$work/rows.txt" | grep -oE '`(proc|sys)/[^`]*`' | tr -d '`'
)

# literals FILE...: string literals of C that are sentences, whole
literals() {
	grep -hv '^#include' "$@" | tr '\n' ' ' |
		sed -E 's|/[*][^*]*[*]+([^/*][^*]*[*]+)*/||g; s/" *"//g' |
		grep -oE '"[^"]+"' | tr -d '"' | grep ' '
}
# What --why may say, and why there may be no black hole: each of it, and nothing else.
literals plugin/explain/*.c | sort -u >"$work/whys.txt"
awk -F ' *[|] *' '
	/^#/ { section = $0 }
	/^[|]---/ { inside = 1; next }
	!/^[|]/ { inside = 0 }
	inside && section == "## Decisions" && $3 != "" { print $3 }
	inside && section == "## Conservation" { print $2 }
' docs/accounting.md | sort -u >"$work/said.txt"
if ! diff "$work/whys.txt" "$work/said.txt" >&2; then
	complain "docs/accounting.md (>) and what the code decides (<) differ"
fi

# Links: of a document, "FILE LINE TARGET" of each link and of each path in backticks
# that has a folder of ours in front.
documents() {
	find . \( -path ./build -o -path ./.git -o -name node_modules \) -prune -o \
		-name '*.md' -not -path './fixtures/*/*' -print | sed 's|^\./||'
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
# A path may have words of its command behind it, or stand for several.
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

# Each file that can hold a comment names its licence. Not those that a tool writes.
while read -r file; do
	case $file in
	fixtures/*/* | tests/fuzz/found/* | *.md | *.json | *.png | *.db | LICENSE | */.gitattributes) continue ;;
	debian/rules | debian/*.p[or]*) ;; # programs
	debian/*) continue ;; # debian/copyright says it for all
	esac
	head -n 5 "$file" | grep -qF 'SPDX-License-Identifier: MIT' ||
		complain "$file has no line SPDX-License-Identifier: MIT"
done < <(find . \( -path ./build -o -path ./.git -o -name node_modules \) -prune -o \
	-type f -print | sed 's|^\./||')
exit "$missing"
