/* SPDX-License-Identifier: MIT */
/* Explanation to metrics: every known number under its published name. The same list is
 * dispatched by the plugin, compared by the tests, and described in the manual. */
#ifndef MEMINFO_EXPLAIN_REPORT_METRICS_H
#define MEMINFO_EXPLAIN_REPORT_METRICS_H

#include "meminfo_explain/base/top_n.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/default_series.h"
#include "meminfo_explain/trend/watched_series.h"

enum metric_type {
  METRIC_TYPE_BYTES,
  METRIC_TYPE_SIGNED_BYTES,
  METRIC_TYPE_PERCENT,
  METRIC_TYPE_COUNT,
  METRIC_TYPE_DURATION,
  METRIC_TYPE_BYTES_RATE /* bytes per second, signed */
};

struct metric {
  const char *view; /* the plugin instance */
  enum metric_type type;
  const char *instance; /* [a-z0-9_]+; valid during the call only */
  double value;         /* whole bytes are exact up to 2^53 */
};

struct metrics_options {
  const struct top_n *callers;             /* of vmalloc, by observe.h */
  const struct top_n *sites;               /* of allocinfo; NULL: they are not sent */
  const struct watched_verdicts *verdicts; /* of the alarm; NULL where there is none */
  bool unknown_lines;                      /* of meminfo, as detail/bytes-raw_KEY */
  /* The default set (default_series.def), by what it has seen. Callers beyond
   * DEFAULT_CALLERS, sites and unknown lines come on top. NULL: every series. */
  const struct default_series *series;
};

/* "total", "kernel" and so on: the published name of a view of terms. */
const char *view_name(enum term_view view);

typedef void metric_emit(void *context, const struct metric *metric);

void metrics_each(const struct sample *sample, const struct explanation *explanation,
                  const struct metrics_options *options, metric_emit *emit,
                  void *context);

#endif
