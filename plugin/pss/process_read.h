/* SPDX-License-Identifier: MIT */
/* Reading the files of one process: stat, statm, status and smaps. The results go to its
 * struct process and to the churn of the scan. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESS_READ_H
#define MEMINFO_EXPLAIN_PSS_PROCESS_READ_H

#include "pss_scan_data.h"

/* One pass of a scan. */
struct pass {
  struct pss_scan *scan;
  const struct pss_scan_reader *files;
  double now;        /* monotonic time of its start */
  double cpu;        /* CPU time of this thread up to which the budget is charged */
  double begun;      /* CPU time of this thread at its start */
  const char *smaps; /* name of the smaps file that was read last */
  struct parse_error parse_error;
  char where[sizeof(((struct pss_scan *)0)->where)]; /* the first bad file; "": none */
  int where_error; /* -errno of the access to it; 0: it could be read */
};

/* These return 0; or -ECANCELED where the scan was taken away from this thread, which
 * must then touch neither the pass nor the process any more. */

/* Reads stat: kind, start time and thread. */
int process_read_stat(struct pass *pass, struct process *process);

/* Reads statm, or status of a large process: how much it has mapped. Where it has mapped
 * nothing, reads stat for the reason. */
int process_read_size(struct pass *pass, struct process *process);

/* Reads smaps. A failure becomes the process's kind. */
int process_read_smaps(struct pass *pass, struct process *process);

/* Reads the counters of meminfo that Pss is compared with. */
int pass_read_counters(struct pass *pass);

/* Subtracts what the process shares by its reading, if it has one, from the churn. Called
 * before the reading is dropped. */
void process_forget_reading(struct pss_scan *scan, const struct process *process);

/* Updates process->large: whether it is too large for smaps to be opened. */
void process_update_large(struct pss_scan *scan, struct process *process);

#endif
