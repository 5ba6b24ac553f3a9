/* SPDX-License-Identifier: MIT */
/* Explanation to metrics: every known number under its published name. The plugin
 * dispatches this list, the tests compare it, and the manual describes it. */
#ifndef MEMINFO_EXPLAIN_REPORT_METRICS_H
#define MEMINFO_EXPLAIN_REPORT_METRICS_H

#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/publisher.h"
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

/* "total", "kernel" and so on: the published name of a view of terms. */
const char *view_name(enum term_view view);

typedef void metric_emit(void *context, const struct metric *metric);

/* Calls `emit` for every metric of a sample that the publisher has noted, as its options
 * say. `verdicts` are the alarm's, or NULL. */
void metrics_each(const struct sample *sample, const struct explanation *explanation,
                  const struct publisher *publisher,
                  const struct watched_verdicts *verdicts, metric_emit *emit,
                  void *context);

#endif
