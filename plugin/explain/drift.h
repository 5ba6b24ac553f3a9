/* SPDX-License-Identifier: MIT */
/* What the kernel's counters may be off by, because each CPU keeps a part of what it
 * changed in a delta of its own. Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DRIFT_H
#define MEMINFO_EXPLAIN_EXPLAIN_DRIFT_H

#include "meminfo_explain/explain/explain.h"

/* CPUs that may have pages in their deltas, besides isolated ones. */
struct decision decide_active(const struct sample *sample);

/* The pages, in bytes, that have moved since all other deltas were added to the counters:
 * no more are in deltas. Absent where that is not known. */
struct decision decide_moved(const struct sample *sample);

/* What `counters` counters together may be off by, if `deltas` CPUs make each counter
 * drift by at most `drift`. */
double drift_error(double drift, uint64_t deltas, unsigned counters);

/* What the counters of an accounting may be off by, in bytes. */
uint64_t counters_error(const struct sample *sample, enum accounting accounting);

/* Whether there is swap cache; also true where that is not known. */
bool has_swap_cache(const struct sample *sample);

#endif
