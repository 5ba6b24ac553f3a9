/* SPDX-License-Identifier: MIT */
#ifndef MEMINFO_EXPLAIN_BASE_CLOCK_H
#define MEMINFO_EXPLAIN_BASE_CLOCK_H

#include <time.h>

/* What a clock shows, in seconds. */
static inline double clock_seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
