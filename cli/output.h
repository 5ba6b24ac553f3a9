/* SPDX-License-Identifier: MIT */
/* The explanation on standard output, for people and for programs. */
#ifndef MEMINFO_EXPLAIN_CLI_OUTPUT_H
#define MEMINFO_EXPLAIN_CLI_OUTPUT_H

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/trend/trend.h"

#include <errno.h>
#include <stdio.h>

/* 0, or -errno where not all of it was written. */
static inline int output_end(FILE *out)
{
  if (fflush(out) != 0)
    return -errno;
  return ferror(out) ? -EIO : 0;
}

/* Each prints the last observation. 0, or -errno where it could not be written. */
int json_print(const struct observer *observer, FILE *out);
int table_print(const struct observer *observer, bool why, FILE *out);

/* Runs the alarm over a recorded series. */
struct trend_replay {
  struct trend_settings trend;
  double available, total; /* bytes; NAN where they are not known */
};
/* Returns the exit status: 0, or 1 where a line is malformed, or a stream failed, which
 * is reported to `errors`; so is what a series without a change of state is worth. */
int trend_replay(const struct trend_replay *settings, FILE *in, FILE *out, FILE *errors);

/* meminfo-explain trend; argv[0] is "trend". Returns the exit status. */
int trend_main(int argc, char **argv);

#endif
