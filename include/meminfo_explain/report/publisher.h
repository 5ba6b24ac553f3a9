/* SPDX-License-Identifier: MIT */
/* Which series are published, and under which names, so that their number stays bounded
 * and a name keeps its series from one sample to the next. */
#ifndef MEMINFO_EXPLAIN_REPORT_PUBLISHER_H
#define MEMINFO_EXPLAIN_REPORT_PUBLISHER_H

#include "meminfo_explain/base/logger.h"
#include "meminfo_explain/base/top_n.h"
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/report/default_series.h"

#include <limits.h>

struct publisher_options {
  bool all_series;    /* not just the default set */
  bool unknown_lines; /* lines of meminfo that have no row, as detail/bytes-raw_KEY */
  /* Members of each grouping that have a name, at most TOP_N_SHOWN_MAX; the others are
   * summed. PUBLISHER_NAMES_BY_ROW: as groupings.def has it for that set. */
  unsigned names[GROUPING_COUNT];
};
#define PUBLISHER_NAMES_BY_ROW UINT_MAX

/* The default set, and names as the rows have them. */
struct publisher_options publisher_default_options(void);

/* {.options} has published nothing yet. */
struct publisher {
  struct publisher_options options;
  struct top_n groupings[GROUPING_COUNT];
  bool exhausted[GROUPING_COUNT]; /* it was logged */
  struct default_series default_series;
  struct top_n_round round; /* scratch */
};

/* Takes one sample and its explanation. */
void publisher_note(struct publisher *publisher, const struct sample *sample,
                    const struct explanation *explanation);

/* Logs, once per grouping, that a member has no series of its own because the number of
 * different names is used up. */
void publisher_log(struct publisher *publisher, const struct logger *logger);

/* Whether a grouping is part of what is published. */
bool publisher_has(const struct publisher *publisher, enum grouping grouping);

#endif
