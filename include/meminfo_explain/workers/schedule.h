/* SPDX-License-Identifier: MIT */
/* When to read an expensive file again: vmallocinfo and allocinfo can be megabytes, which
 * the kernel prints while it holds locks. Plain data and arithmetic. */
#ifndef MEMINFO_EXPLAIN_WORKERS_SCHEDULE_H
#define MEMINFO_EXPLAIN_WORKERS_SCHEDULE_H

#include <stdbool.h>

/* Reading takes at most this share of the time, even of a file that changes. */
#define SCHEDULE_SHARE 0.01
/* A file that seems unchanged is read again after so many seconds. */
#define SCHEDULE_REST 60.0

/* {0}: never read. */
struct schedule {
  bool read;
  double read_at; /* monotonic time, seconds */
  double cost;    /* of the last reading, seconds */
};

/* changed: another number, which is cheap to read, shows that the file has changed. */
bool schedule_is_due(const struct schedule *schedule, double now, bool changed);

/* Records a reading from monotonic time `begin` to `end`. */
void schedule_note(struct schedule *schedule, double begin, double end);

#endif
