#!/bin/bash
# SPDX-License-Identifier: MIT
# The real daemon on every captured machine writes what its expect.txt says.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

for about in "$repository"/fixtures/*/about; do
	root=$(dirname "$about")
	rm -rf "$work/csv" "$work/log"
	configure 0.2 "Root \"$root\"
  AllSeries true"
	start
	wait_for_samples 2 30
	stop
	values | grep -v /duration- >"$work/got" || true
	diff -u "$root/expect.txt" "$work/got" >&2 ||
		fail "$(basename "$root"): collectd wrote something else than expected"
done
