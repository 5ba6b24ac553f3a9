/* SPDX-License-Identifier: MIT */
/* A sample is read file by file while the machine goes on: how far apart are its parts?
 */
#ifndef MEMINFO_EXPLAIN_COLLECT_SKEW_H
#define MEMINFO_EXPLAIN_COLLECT_SKEW_H

#include "meminfo_explain/parse/zoneinfo.h"

/* meminfo is read between two zoneinfos. The tear is a bound on what their sum is off by,
 * in bytes: the change of all free pages (buddy and per-CPU lists) between them, and half
 * the change of the per-CPU lists alone, of which the mean is taken. Absent where one of
 * the two is not known. */
struct reading skew_of(const struct zoneinfo *before, const struct zoneinfo *after);

#endif
