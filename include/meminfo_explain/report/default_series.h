/* SPDX-License-Identifier: MIT */
/* Who has held anything since the daemon started. Of the hidden consumers and the
 * balloons, the default set (default_series.def) has only those: most machines never have
 * a RAM disk. From then on they are sent, 0 included, so that graphs come down. How many
 * that are is bounded; beyond it, the smallest hidden consumers are sent as one sum.
 * Plain data; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_REPORT_DEFAULT_SERIES_H
#define MEMINFO_EXPLAIN_REPORT_DEFAULT_SERIES_H

#include "meminfo_explain/base/top_n.h"
#include "meminfo_explain/explain/explain.h"

#define DEFAULT_SERIES_MAX 64
#define DEFAULT_CALLERS    4 /* of vmalloc */

/* {0} has seen nothing yet. */
struct default_series {
  bool known[TERM_COUNT];      /* at some time */
  bool above_zero[TERM_COUNT]; /* likewise */
  struct top_n hidden;         /* who has a name of its own */
  bool others;                 /* at some time, somebody had none */
};

/* Takes one explanation. */
void default_series_note(struct default_series *series,
                         const struct explanation *explanation);

/* Whether a term of the default set is sent, where it is known: a hidden consumer that
 * has a name of its own, one of the HELD rows that held something; always true of terms
 * of other views. */
bool default_series_sends(const struct default_series *series, enum term term);

/* What the hidden consumers without a name series, by the last explanation; absent while
 * there never was one. */
struct reading default_series_other(const struct default_series *series);

#endif
