/* SPDX-License-Identifier: MIT */
/* Root to sample: reads every source once and says of each what became of it. */
#ifndef MEMINFO_EXPLAIN_COLLECT_H
#define MEMINFO_EXPLAIN_COLLECT_H

#include "meminfo_explain/bracket.h"
#include "meminfo_explain/sample.h"
#include "meminfo_explain/sysroot.h"

#include <stdbool.h>

struct collect_options {
  bool pss;          /* walk the processes */
  double pss_budget; /* share of one CPU in percent the walk may take; 0: any */
  uint64_t
      pss_max_process; /* bytes of Rss above which a process is left alone; 0: none */
};

/* Used by one thread at a time. A steady-state collect() allocates nothing. */
struct collector {
  struct sysroot root;
  struct text text;
  struct bracket bracket;
  struct reading percpu_unit; /* a CPU's part of the first percpu chunk: a constant */
  /* The last walk over the processes: it stands until the next one is due. */
  struct processes processes;
  struct source_status smaps;
  struct reading mapped_anon; /* AnonPages + Mapped at the time */
  double pss_started;         /* monotonic time, seconds; 0 before the first */
  double pss_cpu;             /* CPU time it took, seconds */
};

/* 0, or -errno with *collector untouched. */
int collector_open(const char *root, struct collector *collector);
void collector_close(struct collector *collector);

/* Replaces *out. 0, or -errno where meminfo cannot be read (-EBADMSG: it is not a
 * meminfo); even then *out holds the rest, and out->sources the reasons. */
int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out);

#endif
