/* SPDX-License-Identifier: MIT */
/* The scan of all processes, pass by pass: which of them to read, in which order, within
 * a budget of CPU time. It has no thread and no lock of its own; the census has. */
#ifndef MEMINFO_EXPLAIN_PSS_PSS_SCAN_H
#define MEMINFO_EXPLAIN_PSS_PSS_SCAN_H

#include "pss_scan_data.h"

/* {.root, .page_size} begin a scan. */
void pss_scan_free(struct pss_scan *scan);

/* One pass: lists all processes, reads stat of new ones, and then smaps of all if the
 * budget affords that. Else it reads statm of all, then smaps of those that changed most,
 * then of those read longest ago. Where the budget is too small for a useful pass, it
 * saves for one. 0; -ECANCELED; or -errno of the listing, or -ENOMEM, also in
 * scan->error. */
int pss_scan_pass(struct pss_scan *scan, const struct pss_scan_reader *files,
                  const struct pss_scan_options *options);

#endif
