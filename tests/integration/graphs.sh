#!/bin/bash
# SPDX-License-Identifier: MIT
# tools/run from directories whose names have all that a shell takes for its own: with
# --graphite, every link that it prints answers with numbers and with a picture; by Ctrl-C it
# ends well, and has left nothing behind.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

odd=$work/"it's \"a\" \$b [c]* \\"
mkdir "$odd" "$odd/build" "$odd/tmp"
cp -r "$build/plugins" "$build/meminfo-explain" "$odd/build/"

# ended_well: and by itself, or by Ctrl-C.
ended_well() {
	local status=0
	wait "$daemon" || status=$?
	daemon=
	[ "$status" -eq 0 ] || fail "tools/run ended with status $status: $(tail -n 5 "$work/said")"
	[ -z "$(ls -A "$odd/tmp")" ] || fail "left behind: $(ls -A "$odd/tmp")"
}

# run OPTION...: a shell's background has Ctrl-C ignored.
run() {
	TMPDIR=$odd/tmp env --default-signal=INT "$repository/tools/run" --build "$odd/build" "$@" \
		>"$work/said" 2>&1 &
	daemon=$!
}

run --intervals 1
ended_well
grep -q '^  black_hole/signed_bytes-estimate ' "$work/said" || fail "no values: $(cat "$work/said")"

run --graphite
end=$((SECONDS + 60))
until grep -q '^Running until Ctrl-C' "$work/said"; do
	[ "$SECONDS" -lt "$end" ] || fail "no links after a minute: $(tail -n 5 "$work/said")"
	kill -0 "$daemon" 2>/dev/null || fail "tools/run is gone: $(tail -n 5 "$work/said")"
	sleep 0.2
done
links=0
while read -r link; do
	curl -sf "${link/format=png/format=json}" >"$work/numbers" || fail "no answer of $link"
	series=$(jq '[.[] | select(any(.datapoints[]; .[0] != null))] | length' "$work/numbers")
	[ "$series" -ge 2 ] || fail "$series series with numbers in $link"
	curl -sf "$link" >"$work/graph.png" || fail "no answer of $link"
	[ "$(head -c 4 "$work/graph.png" | tail -c 3)" = PNG ] || fail "no picture at $link"
	links=$((links + 1))
done < <(sed -n 's|^  \(http://127\.0\.0\.1:.*\)|\1|p' "$work/said")
[ "$links" -eq 3 ] || fail "$links links: $(cat "$work/said")"
# Where no bound on the error is known, none is drawn: not one of 0.
link=$(sed -n '/with its error:$/ { n; s/^ *//p }' "$work/said")
link=${link//bytes-error/bytes-unknown}
curl -sf "${link/format=png/format=json}" >"$work/numbers" || fail "no answer of $link"
known=$(jq -r '.[] | select(any(.datapoints[]; .[0] != null)) | .target' "$work/numbers")
[ "$known" = estimate ] || fail "without an error there are numbers of: $known"
kill -INT "$daemon"
ended_well
