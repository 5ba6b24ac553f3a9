/* SPDX-License-Identifier: MIT */
/* Metrics to collectd's value lists. */
#ifndef MEMINFO_EXPLAIN_DISPATCH_H
#define MEMINFO_EXPLAIN_DISPATCH_H

#include "config.h"

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/publisher.h"
#include "meminfo_explain/trend/watched_series.h"

/* Registers the types that the daemon lacks. To be called from init, after types.db was
 * read and before any write thread runs. Where one of our own types is defined in another
 * way, logs one error and sets config->use_stock_types, so that `gauge` is sent instead.
 */
void dispatch_register_types(struct config *config);

/* Dispatches every metric of the last observation with one timestamp. `verdicts` are the
 * alarm's, or NULL. */
void dispatch(struct publisher *publisher, const struct observer *observer,
              const struct watched_verdicts *verdicts, const struct config *config,
              cdtime_t time);

#endif
