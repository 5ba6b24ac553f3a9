/* SPDX-License-Identifier: MIT */
/* Decides when a problem that may be there in sample after sample is logged: when it
 * appears, when its text changes, and when it is gone. A problem that comes and goes is
 * logged ever less often. */
#ifndef MEMINFO_EXPLAIN_REPORT_LOG_DAMPER_H
#define MEMINFO_EXPLAIN_REPORT_LOG_DAMPER_H

#include "meminfo_explain/base/logger.h"

#include <stdbool.h>

/* Samples in a row until a transient problem is logged; clear samples, the longest wait
 * for an end. */
#define LOG_DAMPER_PATIENCE 3
#define LOG_DAMPER_HOLD_MAX 60

/* {0}: no problem so far. */
struct log_damper {
  bool immediate; /* set by the owner: never wait before the end is logged */
  char text[256]; /* of the problem that was logged; "" while there is none */
  bool transient; /* it was logged as one that is expected to go away */
  unsigned problem_samples, clear_samples; /* in a row */
  unsigned hold;                           /* clear samples that do not end it yet */
  unsigned backoff; /* clear samples left in which a return lengthens hold */
};

enum log_damper_action {
  LOG_DAMPER_SILENT,
  LOG_DAMPER_BEGINS, /* log the text, as a warning */
  LOG_DAMPER_ENDS    /* log that the subject recovered, as information */
};

/* Takes the problem of one sample, or "" for none. Texts that differ in their numbers
 * only are the same problem.
 *
 * The first end is logged at once. A problem that returns within LOG_DAMPER_HOLD_MAX
 * clear samples after its end must then stay away for longer before the next end is
 * logged: 1, 3, 7 ... LOG_DAMPER_HOLD_MAX clear samples.
 *
 * A transient problem (one that is expected to go away by itself) is not logged before
 * its LOG_DAMPER_PATIENCE-th sample in a row, and its end not before
 * LOG_DAMPER_HOLD_MAX clear samples. */
enum log_damper_action log_damper_update(struct log_damper *damper, const char *text,
                                         bool transient);

/* Logs what log_damper_update says: the text; or "SUBJECT: recovered". */
void log_damper_print(struct log_damper *damper, const struct logger *logger,
                      const char *subject, const char *text, bool transient);

#endif
