/* SPDX-License-Identifier: MIT */
/* What is published of one observation after another: which names have a series of their
 * own, so that the number of series stays bounded. The observer knows nothing of it. */
#ifndef MEMINFO_EXPLAIN_REPORT_PUBLISHER_H
#define MEMINFO_EXPLAIN_REPORT_PUBLISHER_H

#include "meminfo_explain/base/logger.h"
#include "meminfo_explain/base/top_n.h"
#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/default_series.h"

/* Number of names per grouping; the rest is summed. At most TOP_N_SHOWN_MAX. */
struct publisher_options {
  unsigned vmalloc_callers, allocation_sites;
};
#define PUBLISHER_NAMES_DEFAULT 8

/* {0} has published nothing yet. */
struct publisher {
  struct top_n callers, sites; /* of vmalloc, and of the black hole by allocinfo */
  struct default_series default_series;
  bool callers_exhausted, sites_exhausted; /* and it was logged */
};

/* Takes one observation. */
void publisher_note(struct publisher *publisher, const struct observer *observer,
                    const struct publisher_options *options);

/* Logs, once per grouping, that names were left out because no more may be shown. */
void publisher_log(struct publisher *publisher, const struct logger *logger);

/* One round of a top N each. */
void publisher_rank_callers(const struct vmallocinfo *info, unsigned limit,
                            struct top_n *top);
void publisher_rank_sites(const struct allocinfo *info, unsigned limit,
                          struct top_n *top);

#endif
