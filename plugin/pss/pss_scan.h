/* SPDX-License-Identifier: MIT */
/* The walk over the processes, pass by pass: whom to ask, in which order, for how much
 * CPU time. It has no thread and no lock of its own: census.h has. */
#ifndef MEMINFO_EXPLAIN_PSS_PSS_SCAN_H
#define MEMINFO_EXPLAIN_PSS_PSS_SCAN_H

#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/pss/census.h"
#include "meminfo_explain/pss/processes.h"
#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/workers/budget.h"
#include "process_table.h"

/* How the walk reads a file. */
struct pss_scan_reader {
  /* Reads `path` into *text on behalf of process `pid` (0: of none). 0 or -errno;
   * -ECANCELED where the walk has been taken away meanwhile: nothing of it may be touched
   * any more, and the pass returns at once. */
  int (*slurp)(void *context, uint32_t pid, const char *path);
  void *context;
  struct text *text;
};

/* What things cost, CPU seconds: a moving average. */
struct pss_scan_costs {
  double listing;  /* per process listed */
  double identity; /* of one stat */
  double statm;
  double smaps;          /* of a small process */
  double smaps_per_byte; /* of Rss */
};

/* What readings may miss because of others, summed up since the walk began; how far it
 * wandered since a reading was made bounds what that reading misses. They stay at the
 * limits of a number: a captured tree may claim any size. */
struct churn {
  /* Pss of shared pages that came with new processes and new readings, less what went:
   * who shares a page less has the others share it more. */
  int64_t shared;
  /* By how much readings of those who hardly moved were above what had been estimated:
   * what is still to be seen of the others is taken to be as much as was seen of these.
   */
  int64_t surprise;
};
#define PSS_SCAN_HISTORY 512 /* passes */

struct pss_scan {
  const struct sysroot *root;
  uint64_t page_size;
  bool own_pids; /* the root's process numbers are our own: kcmp(2) knows them */
  struct process_table table;
  struct budget budget;
  struct pss_scan_costs costs;
  struct pss_scan_options options;
  uint32_t pass;   /* number of the last one; 0: none yet */
  bool no_rollup;  /* seen in this pass: this kernel is older than 4.14 */
  bool has_rollup; /* seen: it is not */
  struct churn churn;
  struct churn
      history[PSS_SCAN_HISTORY]; /* churn at the end of pass N: at N % PSS_SCAN_HISTORY */
  double passed_at; /* monotonic time of the last pass that looked at all processes */
  double cpu;       /* CPU time that the last pass took, seconds */
  struct reading anon_pages, mapped; /* of meminfo, at its end */
  struct parse_error parse_error; /* the first bad file of the last pass that had one */
  char where[96];                 /* which */
  int where_error;                /* -errno, where it could not be read */
  int error;                      /* of the last pass that looked: 0 or -errno */
};

/* {.root, .page_size} begin a scan. */
void pss_scan_free(struct pss_scan *scan);

/* One pass: lists all processes, learns who is new, and reads smaps of as many as the
 * budget allows: of all, if that is enough; else it asks statm of all, and smaps first of
 * those who moved most, then of those asked longest ago. A pass that could do nothing of
 * use within its budget is saved for.
 * 0; -ECANCELED; or -errno of the listing, or -ENOMEM, which is in scan->error too. */
int pss_scan_pass(struct pss_scan *scan, const struct pss_scan_reader *files,
                  const struct pss_scan_options *options);

#endif
