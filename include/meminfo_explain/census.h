/* SPDX-License-Identifier: MIT */
/* The census: a thread of its own walks over the processes, so that nothing else ever
 * waits for a reading of smaps.
 *
 * Who owns what. The walk (walk.h) belongs to the one current walker thread, without a
 * lock, except while that thread is inside the reading of a file: then it belongs to
 * whoever holds the census's lock. The lock guards the hand-over and the last result, and
 * is never held while a file is read.
 *
 * Reading smaps may hang, for as long as another thread of that process holds mmap_lock,
 * and nothing but the end of our own process can interrupt it. A walker that has been
 * reading one file for CENSUS_PATIENCE is given up: its process is set aside, and a new
 * thread goes on with the walk. When the old one comes back it finds that it is no longer
 * the current one, touches nothing, and ends; its process may be read again after ten
 * times the time that it hung. */
#ifndef MEMINFO_EXPLAIN_CENSUS_H
#define MEMINFO_EXPLAIN_CENSUS_H

#include "meminfo_explain/processes.h"
#include "meminfo_explain/sample.h"
#include "meminfo_explain/walk.h"

#include <stdbool.h>

/* Seconds: forty times the reading of the largest process that is opened by default. */
#ifndef CENSUS_PATIENCE
#define CENSUS_PATIENCE 5.0
#endif
#define CENSUS_FAREWELL 1.0 /* seconds that census_close waits for the walker to end */

struct census; /* opaque: it may outlive census_close, until its last thread comes back */

/* The last pass. {0}: there was none. */
struct census_result {
  struct processes processes; /* not yet settled */
  struct source_status smaps;
  double cpu;       /* CPU time that it took, seconds */
  double passed_at; /* monotonic time at which it began */
  double oldest_at; /* monotonic time of the oldest reading in it */
  struct hung hung[HUNG_MAX];
};

/* Starts the thread, which waits. 0 or -errno. */
int census_open(const struct sysroot *root, uint64_t page_size, struct census **out);

/* Ends it. What hangs is left behind, to be freed when it comes back. NULL is nothing. */
void census_close(struct census *census);

/* Asks for a pass that is through at monotonic time `when`, as well as the time of the
 * last one tells; a time in the past means now. The last call counts. */
void census_request(struct census *census, const struct walk_options *options,
                    double when);

/* Waits until a pass requested is through; at most `seconds`. */
bool census_wait(struct census *census, double seconds);

/* The last result. Also where a walker that hangs is given up: to be called again and
 * again. */
void census_latest(struct census *census, struct census_result *out);

#endif
