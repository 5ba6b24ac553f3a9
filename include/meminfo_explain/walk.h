/* SPDX-License-Identifier: MIT */
/* The walk over the processes, pass by pass: whom to ask, in which order, for how much
 * CPU time. It has no thread and no lock of its own: census.h has. */
#ifndef MEMINFO_EXPLAIN_WALK_H
#define MEMINFO_EXPLAIN_WALK_H

#include "meminfo_explain/budget.h"
#include "meminfo_explain/processes.h"
#include "meminfo_explain/roster.h"
#include "meminfo_explain/scan.h"
#include "meminfo_explain/sysroot.h"

struct walk_options {
  double share;         /* of one CPU that the walk may take, 0 to 1; 0: any */
  double period;        /* seconds from one pass to the next */
  uint64_t max_process; /* bytes of Rss above which smaps is not opened; 0: no limit */
};

/* How the walk reads a file. */
struct walk_files {
  /* Reads `path` into *text on behalf of process `pid` (0: of none). 0 or -errno;
   * -ECANCELED where the walk has been taken away meanwhile: nothing of it may be touched
   * any more, and the pass returns at once. */
  int (*slurp)(void *context, uint32_t pid, const char *path);
  void *context;
  struct text *text;
};

/* What things cost, CPU seconds: a moving average. */
struct walk_costs {
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
#define WALK_HISTORY 512 /* passes */

struct walk {
  const struct sysroot *root;
  uint64_t page_size;
  bool own_pids; /* the root's process numbers are our own: kcmp(2) knows them */
  struct roster roster;
  struct budget budget;
  struct walk_costs costs;
  struct walk_options options;
  uint32_t pass;   /* number of the last one; 0: none yet */
  bool no_rollup;  /* seen in this pass: this kernel is older than 4.14 */
  bool has_rollup; /* seen: it is not */
  struct churn churn;
  struct churn
      history[WALK_HISTORY]; /* churn at the end of pass N: at N % WALK_HISTORY */
  double passed_at; /* monotonic time of the last pass that looked at all processes */
  double cpu;       /* CPU time that the last pass took, seconds */
  struct reading anon_pages, mapped; /* of meminfo, at its end */
  struct fault fault; /* the first bad file of the last pass that had one */
  char where[96];     /* which */
  int where_error;    /* -errno, where it could not be read */
  int error;          /* of the last pass that looked: 0 or -errno */
};

/* {.root, .page_size} begin a walk. */
void walk_free(struct walk *walk);

/* One pass: lists all processes, learns who is new, and reads smaps of as many as the
 * budget allows: of all, if that is enough; else it asks statm of all, and smaps first of
 * those who moved most, then of those asked longest ago. A pass that could do nothing of
 * use within its budget is saved for.
 * 0; -ECANCELED; or -errno of the listing, or -ENOMEM, which is in walk->error too. */
int walk_pass(struct walk *walk, const struct walk_files *files,
              const struct walk_options *options);

#endif
