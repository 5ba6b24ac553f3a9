/* SPDX-License-Identifier: MIT */
/* Who has held anything since the daemon started. Of the hidden consumers and the
 * balloons, the default set (default_series.def) has only those: most machines never have
 * a RAM disk. From then on they are sent, 0 included, so that graphs come down. How many
 * that are is bounded; beyond it, the smallest hidden consumers are sent as one sum.
 * Plain data; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_HELD_H
#define MEMINFO_EXPLAIN_HELD_H

#include "meminfo_explain/explain.h"
#include "meminfo_explain/ranking.h"

#define DEFAULT_SERIES_MAX 64
#define DEFAULT_CALLERS    4 /* of vmalloc */

/* {0} has seen nothing yet. */
struct held {
  bool known[TERM_COUNT];      /* at some time */
  bool above_zero[TERM_COUNT]; /* likewise */
  struct ranking hidden;       /* who has a name of its own */
  bool others;                 /* at some time, somebody had none */
};

/* Takes one explanation. */
void held_note(struct held *held, const struct explanation *explanation);

/* Whether a term of the default set is sent, where it is known: a hidden consumer that
 * has a name of its own, one of the HELD rows that held something; always true of terms
 * of other views. */
bool held_sends(const struct held *held, enum term term);

/* What the hidden consumers without a name held, by the last explanation; absent while
 * there never was one. */
struct reading held_others(const struct held *held);

#endif
