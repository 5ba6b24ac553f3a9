/* SPDX-License-Identifier: MIT */
/* The census: a thread of its own walks over the processes, so that nothing else ever
 * waits for a reading of smaps (supervisor.h: who owns what, and what happens to a
 * reading that hangs). A process whose smaps hangs is set aside, and may be read again
 * after ten times the time that it hung. */
#ifndef MEMINFO_EXPLAIN_PSS_CENSUS_H
#define MEMINFO_EXPLAIN_PSS_CENSUS_H

#include "meminfo_explain/pss/processes.h"
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>

/* Seconds: forty times what reading the largest process takes that is opened by default.
 */
#define CENSUS_PATIENCE 5.0

struct census; /* opaque */

struct pss_scan_options {
  double share;         /* of one CPU that the walk may take, 0 to 1; 0: any */
  double period;        /* seconds from one pass to the next */
  uint64_t max_process; /* bytes of Rss above which smaps is not opened; 0: no limit */
};

/* A process whose smaps did not answer: it is set aside until it does. */
struct hung_process {
  uint32_t pid; /* 0: none */
  double since; /* monotonic time, seconds */
};
/* So many at most are waited for at a time, each by a thread; then the walk rests. */
#define HUNG_MAX 8

/* The last pass. {0}: there was none. */
struct census_result {
  struct processes processes; /* not yet settled */
  struct source_status smaps;
  double cpu;       /* CPU time that it took, seconds */
  double passed_at; /* monotonic time at which it began */
  double oldest_at; /* monotonic time of the oldest reading in it */
  struct hung_process hung[HUNG_MAX];
};

/* Starts the thread, which waits for a request. A process whose smaps takes longer than
 * `patience` seconds hangs. 0 or -errno. */
int census_open(const struct sysroot *root, uint64_t page_size, double patience,
                struct census **out);

/* Ends it. What hangs is left behind, to be freed when it comes back. NULL is nothing. */
void census_close(struct census *census);

/* Asks for a pass that is through at monotonic time `when`, as well as the time of the
 * last one tells; a time in the past means now. The last call counts. */
void census_request(struct census *census, const struct pss_scan_options *options,
                    double when);

/* Waits until a pass requested is through; at most `seconds`. */
bool census_wait(struct census *census, double seconds);

/* The last result. Also where a walker that hangs is given up: to be called again and
 * again. */
void census_latest(struct census *census, struct census_result *out);

#endif
