/* SPDX-License-Identifier: MIT */
/* /proc/zoneinfo again: each CPU's lists of free pages by themselves, to see which CPUs
 * have allocated or freed pages between two readings. */
#ifndef MEMINFO_EXPLAIN_PARSE_CPU_LISTS_H
#define MEMINFO_EXPLAIN_PARSE_CPU_LISTS_H

#include "meminfo_explain/base/scan.h"

/* CPUs with a higher number are not kept apart. */
#define CPU_LISTS_MAX 2048

struct cpu_lists {
  unsigned cpus_count;           /* CPUs that are listed; 0: not known */
  bool too_many;                 /* a CPU has a number of CPU_LISTS_MAX or more */
  uint32_t state[CPU_LISTS_MAX]; /* of `count:` and `high:` in all zones; 0: no CPU */
};

/* Replaces *out. */
void cpu_lists_parse(struct scan text, struct cpu_lists *out);

#endif
