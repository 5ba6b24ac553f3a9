/* SPDX-License-Identifier: MIT */
/* When to read again what is expensive to read: vmallocinfo and allocinfo can be
 * megabytes, which the kernel makes under its locks. Plain data and arithmetic. */
#ifndef MEMINFO_EXPLAIN_WORKERS_SCHEDULE_H
#define MEMINFO_EXPLAIN_WORKERS_SCHEDULE_H

#include <stdbool.h>

/* What has moved is read again, but not for more than this share of the time. */
#define SCHEDULE_SHARE 0.01
/* What seems not to have moved, after so many seconds. */
#define SCHEDULE_REST 60.0

/* {0}: never read. */
struct schedule {
  bool read;
  double read_at; /* monotonic time, seconds */
  double cost;    /* of the last reading, seconds */
};

/* moved: something that is cheap to know says that it has changed since. */
bool schedule_is_due(const struct schedule *schedule, double now, bool moved);

/* It was read, from `begin` to `end`. */
void schedule_note(struct schedule *schedule, double begin, double end);

#endif
