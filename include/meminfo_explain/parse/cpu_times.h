/* SPDX-License-Identifier: MIT */
/* /proc/stat: how long each CPU was idle (fs/proc/stat.c: show_stat). */
#ifndef MEMINFO_EXPLAIN_PARSE_CPU_TIMES_H
#define MEMINFO_EXPLAIN_PARSE_CPU_TIMES_H

#include "meminfo_explain/parse/cpu_lists.h"

struct cpu_times {
  unsigned cpus_count;          /* CPUs that are listed; 0: not known */
  uint64_t idle[CPU_LISTS_MAX]; /* since boot, with and without I/O, in ticks */
};

/* Replaces *out. CPUs with a higher number are left out. */
void cpu_times_parse(struct scan text, struct cpu_times *out);

#endif
