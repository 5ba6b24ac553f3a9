/* SPDX-License-Identifier: MIT */
/* A sample is read file by file while the machine goes on: how far apart are its parts?
 */
#ifndef MEMINFO_EXPLAIN_TEAR_H
#define MEMINFO_EXPLAIN_TEAR_H

#include "meminfo_explain/meminfo.h"
#include "meminfo_explain/zoneinfo.h"

/* meminfo was read between two zoneinfos. The tear is a bound on what the sum of both is
 * off by, in bytes: the change of all free pages (buddy and per-CPU lists) between them,
 * and half the change of the per-CPU lists alone, whose mean is taken. Memory that a
 * kernel with lazily initialised struct pages has in no zone and not in MemFree, being
 * at work on it (mm/mm_init.c, a section at a time), counts too.
 * Absent where a zoneinfo is not known. */
struct reading tear_of(const struct zoneinfo *before, const struct meminfo *meminfo,
                       const struct zoneinfo *after);

#endif
