/* SPDX-License-Identifier: MIT */
/* The sum of Pss over all processes: a full walk of proc/PID/smaps_rollup, or smaps on
 * kernels before 4.14. */
#ifndef MEMINFO_EXPLAIN_PROCESSES_H
#define MEMINFO_EXPLAIN_PROCESSES_H

#include "meminfo_explain/reading.h"
#include "meminfo_explain/scan.h"
#include "meminfo_explain/sysroot.h"

struct processes {
  struct reading pss, pss_anon, pss_file, pss_shmem; /* sums over processes read */
  struct reading swap_pss, rss;
  struct reading unread_rss; /* of processes we could not or would not read */
  /* Most the sum of Pss is short by from being cut to whole kB. */
  struct reading rounding;
  /* Change of AnonPages + Mapped since the walk, of which Pss knows nothing yet: 0 in the
   * sample of the walk itself. */
  struct reading moved;
  /* Each process is counted once, as what it is. */
  struct reading read_count;
  struct reading kernel_thread_count; /* never opened */
  struct reading zombie_count;
  struct reading no_mm_count;    /* an exiting process: opens, and is empty */
  struct reading vanished_count; /* ended between the listing and the reading */
  struct reading denied_count;
  struct reading malformed_count;
  struct reading too_large_count; /* above the limit: left alone */
};
#define PROCESSES_READINGS (sizeof(struct processes) / sizeof(struct reading))

/* What the sum of Pss may be short by: unread processes, rounding, and what moved since.
 */
struct reading processes_error(const struct processes *processes);

/* Replaces *out. Processes of more than `max_rss` bytes are not opened (0: no limit).
 * `text` is scratch. *fault and `where` (of `where_size`) tell the first bad file.
 * 0, or -errno where proc itself cannot be listed. */
int processes_collect(const struct sysroot *root, uint64_t page_size, uint64_t max_rss,
                      struct text *text, struct processes *out, struct fault *fault,
                      char *where, size_t where_size);

#endif
