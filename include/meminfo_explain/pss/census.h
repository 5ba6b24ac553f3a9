/* SPDX-License-Identifier: MIT */
/* The census scans the processes in a thread of its own, so that no other thread waits
 * for smaps (supervisor.h says what happens to a reading that hangs). A process whose
 * smaps hangs is set aside, and may be read again after ten times the time that it hung.
 */
#ifndef MEMINFO_EXPLAIN_PSS_CENSUS_H
#define MEMINFO_EXPLAIN_PSS_CENSUS_H

#include "meminfo_explain/pss/denied.h"
#include "meminfo_explain/pss/processes.h"
#include "meminfo_explain/pss/pss_scan_options.h"
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>

/* Seconds, by default: forty times what the largest process takes that is read by
 * default.
 */
#define CENSUS_PATIENCE 5.0

struct census; /* opaque */

/* A process whose smaps hangs: it is set aside until it answers. */
struct hung_process {
  uint32_t pid; /* 0: none */
  double since; /* monotonic time, seconds */
};
/* Processes that may hang at a time, each with a thread; with one more, the scan pauses.
 */
#define HUNG_MAX 8

/* The result of the last pass. {0}: there was none. */
struct census_result {
  struct processes processes; /* before processes_settle() */
  struct source_status smaps;
  double cpu;       /* CPU time of the pass, seconds */
  double passed_at; /* monotonic time at which it began */
  double oldest_at; /* monotonic time of the oldest reading in it */
  struct hung_process hung[HUNG_MAX];
  struct denied_process denied[DENIED_MAX]; /* largest first */
};

/* Starts the thread, which waits for a request. A process whose smaps takes longer than
 * `patience` seconds hangs. 0 or -errno. */
int census_open(const struct sysroot *root, uint64_t page_size, double patience,
                struct census **out);

/* Ends the thread. One that hangs is left behind, and frees the census when it ends. NULL
 * is nothing. */
void census_close(struct census *census);

/* Requests a pass that ends by monotonic time `when`, judging by the duration of the last
 * pass; a time in the past means now. Only the last request counts. */
void census_request(struct census *census, const struct pss_scan_options *options,
                    double when);

/* Waits until the requested pass has ended, at most `seconds`. True if it has. */
bool census_wait(struct census *census, double seconds);

/* The last result. Also replaces a thread that hangs, so it has to be called regularly.
 */
void census_latest(struct census *census, struct census_result *out);

#endif
