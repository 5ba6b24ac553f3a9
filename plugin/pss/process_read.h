/* SPDX-License-Identifier: MIT */
/* Asking one process: who it is, how much it has mapped, and what of that is its own.
 * What it answers goes into its record, and nowhere else but into the walk's churn. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESS_READ_H
#define MEMINFO_EXPLAIN_PSS_PROCESS_READ_H

#include "pss_scan.h"

/* One pass: the scan, how it reads, and what it has spent. */
struct pass {
  struct pss_scan *scan;
  const struct pss_scan_reader *files;
  double now;        /* monotonic time of its begin */
  double cpu;        /* CPU time of this thread up to which the budget was charged */
  double begun;      /* the same, at its begin */
  const char *smaps; /* the file of that name was read last */
  struct parse_error parse_error;
  char where[sizeof(((struct pss_scan *)0)->where)];
  int where_error; /* -errno of the access to it; 0: it could be read */
};

/* All return 0, or -ECANCELED where the walk was taken away: then nothing was touched
 * since, and nothing may be touched any more. */

/* Reads stat: kind, start and thread of the process. */
int process_read_identify(struct pass *pass, struct process *process);

/* Reads statm, or status of a large process: how much it has mapped. Where it has
 * nothing, stat says why. */
int process_read_measure(struct pass *pass, struct process *process);

/* Reads smaps. What fails is the process's new kind. */
int process_read_smaps(struct pass *pass, struct process *process);

/* Reads meminfo: the counters that Pss is compared with. */
int process_read_counters(struct pass *pass);

/* Takes off the churn what a process shared by its reading, if it has one: the reading is
 * about to go. */
void process_read_forget(struct pss_scan *scan, const struct process *process);

/* Whether it is too large for smaps to be opened. */
void process_read_judge_size(struct pss_scan *scan, struct process *process);

#endif
