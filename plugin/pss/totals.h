/* SPDX-License-Identifier: MIT */
/* The sums of a scan over all its processes. */
#ifndef MEMINFO_EXPLAIN_PSS_TOTALS_H
#define MEMINFO_EXPLAIN_PSS_TOTALS_H

#include "pss_scan_data.h"

/* Replaces *out, for processes_settle(). *oldest_at is the monotonic time of the oldest
 * reading in it. */
void totals_compute(const struct pss_scan *scan, struct processes *out,
                    double *oldest_at);

#endif
