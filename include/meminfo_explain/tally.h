/* SPDX-License-Identifier: MIT */
/* What a walk knows, summed over all processes. */
#ifndef MEMINFO_EXPLAIN_TALLY_H
#define MEMINFO_EXPLAIN_TALLY_H

#include "meminfo_explain/walk.h"

/* Fills in *out as it is before processes_settle(). *oldest_at is the monotonic time of
 * the oldest reading in it. */
void tally(const struct walk *walk, struct processes *out, double *oldest_at);

#endif
