/* SPDX-License-Identifier: MIT */
/* The default set of series (default_series.def): which ones depend on what was seen
 * since the daemon started. Hidden consumers and balloons are sent only once they were
 * above 0, since most machines never have a RAM disk; from then on they are sent at 0 as
 * well, so that graphs come down. Hidden consumers without a place are sent as one sum.
 * Plain data; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_REPORT_DEFAULT_SERIES_H
#define MEMINFO_EXPLAIN_REPORT_DEFAULT_SERIES_H

#include "meminfo_explain/base/top_n.h"
#include "meminfo_explain/explain/explain.h"

#define DEFAULT_SERIES_MAX 96

/* {0} has seen nothing yet. */
struct default_series {
  bool above_zero[TERM_COUNT]; /* at some time */
  struct top_n hidden;         /* the hidden consumers with a name of their own */
  bool other;                  /* at some time there were hidden consumers without one */
};

/* Takes one explanation. `round` is scratch. */
void default_series_note(struct default_series *series,
                         const struct explanation *explanation,
                         struct top_n_round *round);

/* Whether a known term is sent. False for a hidden consumer without a name of its own,
 * and for a ONCE row that was never above 0; always true for terms of other views. */
bool default_series_sends(const struct default_series *series, enum term term);

/* Sum of the hidden consumers without a name of their own, by the last explanation.
 * Absent while there never was one. */
struct reading default_series_other(const struct default_series *series);

#endif
