/* SPDX-License-Identifier: MIT */
/* What depends on the numbers of CPUs and zones: free pages on per-CPU lists, per-CPU
 * deltas of counters, LRU batches. zoneinfo has them; without it they are bounded by what
 * else is known. Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_PER_CPU_H
#define MEMINFO_EXPLAIN_EXPLAIN_PER_CPU_H

#include "meminfo_explain/explain/decision.h"

/* No machine is assumed to have more CPUs, online or possible, or less memory for each
 * that is online. */
#define CPUS_MAX       2048
#define MEMORY_PER_CPU ((uint64_t)8 << 20)

/* The number of online CPUs, or an upper bound of it, above 0. Known where MemTotal is.
 */
struct decision decide_cpus(const struct sample *sample);

/* Whether buddyinfo has the free pages that MemFree lags behind. It also has those of
 * isolated page blocks (MIGRATE_ISOLATE), which are free but never in MemFree. Where the
 * two differ by more than per-CPU deltas can explain, they may not be of one moment, or
 * lines may be missing: then it is not used. */
bool is_free_exact(const struct sample *sample);

/* Free pages on per-CPU lists, and those in per-CPU deltas of MemFree where buddyinfo has
 * them. Where zoneinfo is not known, the error is the most that
 * they hold, unless vm.percpu_pagelist_fraction (before 5.14) is set. */
struct decision decide_pcp_free(const struct sample *sample);

/* What one counter may be off by: the sum of `deltas` per-CPU deltas. */
struct drift {
  uint64_t bytes, deltas;
};

/* Of a node (zone) counter, from zoneinfo or bounded by the number of CPUs. */
struct drift node_drift(const struct sample *sample);
struct drift zone_drift(const struct sample *sample);

#endif
