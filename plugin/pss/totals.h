/* SPDX-License-Identifier: MIT */
/* What a walk knows, summed over all processes. */
#ifndef MEMINFO_EXPLAIN_PSS_TOTALS_H
#define MEMINFO_EXPLAIN_PSS_TOTALS_H

#include "pss_scan.h"

/* Fills in *out as it is before processes_settle(). *oldest_at is the monotonic time of
 * the oldest reading in it. */
void totals_compute(const struct pss_scan *scan, struct processes *out,
                    double *oldest_at);

#endif
