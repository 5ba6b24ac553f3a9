/* SPDX-License-Identifier: MIT */
/* What a scan of the processes is given, and what it remembers from pass to pass. */
#ifndef MEMINFO_EXPLAIN_PSS_PSS_SCAN_DATA_H
#define MEMINFO_EXPLAIN_PSS_PSS_SCAN_DATA_H

#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/pss/denied.h"
#include "meminfo_explain/pss/processes.h"
#include "meminfo_explain/pss/pss_scan_options.h"
#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/workers/budget.h"
#include "process_table.h"

/* How the scan reads a file. */
struct pss_scan_reader {
  /* Reads `path` into *text for process `pid` (0: for none); with `single` as
   * sysroot_slurp_single does, else as sysroot_slurp. 0 or -errno; -ECANCELED
   * where the scan was taken away from this thread meanwhile: the pass returns at once,
   * without touching the scan. */
  int (*slurp)(void *context, uint32_t pid, const char *path, bool single);
  void *context;
  struct text *text;
};

/* Costs in CPU seconds: moving averages. */
struct pss_scan_costs {
  double listing; /* per process listed */
  double stat;
  double statm;
  double smaps;          /* of a small process */
  double smaps_per_byte; /* of Rss */
};

/* Pss of one process changes when another one starts or stops sharing its pages. These
 * are running sums of such changes since the first pass; how far they went since a
 * reading was made bounds the error of that reading. They saturate at the limits of
 * int64_t, since a captured tree may claim any size. */
struct churn {
  /* Pss in shared pages: that of new processes and new readings, less that of old ones.
   */
  int64_t shared;
  /* By how much readings exceeded the estimate, of processes that hardly changed: those
   * not read since are assumed to be off by as much. */
  int64_t surprise;
};
#define PSS_SCAN_HISTORY 512 /* passes */

struct pss_scan {
  const struct sysroot *root;
  uint64_t page_size;
  bool own_pids; /* the root's pids are those of our namespace, so kcmp(2) takes them */
  struct process_table table;
  struct budget budget;
  struct pss_scan_costs costs;
  struct pss_scan_options options;
  uint32_t pass;   /* number of the last one; 0: none yet */
  bool no_rollup;  /* seen in this pass: the kernel has no smaps_rollup (before 4.14) */
  bool has_rollup; /* seen: it has one */
  struct churn churn;
  struct churn
      history[PSS_SCAN_HISTORY]; /* churn at the end of pass N: at N % PSS_SCAN_HISTORY */
  double passed_at;              /* monotonic time of the last pass over all processes */
  double cpu;                    /* CPU time of the last pass, seconds */
  struct reading anon_pages, mapped; /* of meminfo, at its end */
  struct parse_error parse_error; /* the first bad file of the last pass that had one */
  char where[96];                 /* its path */
  int where_error;                /* -errno where it could not be read, else 0 */
  struct denied_process denied[DENIED_MAX]; /* the largest of the last pass */
  int error; /* of the last pass over all processes: 0 or -errno */
};

#endif
