/* SPDX-License-Identifier: MIT */
/* Explanation to value lists. */
#ifndef MEMINFO_EXPLAIN_DISPATCH_H
#define MEMINFO_EXPLAIN_DISPATCH_H

#include "config.h"

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/publisher.h"
#include "meminfo_explain/trend/watched_series.h"

/* Makes sure that the daemon knows the types we send: registers those it lacks. To be
 * called from init, after types.db was read and before any write thread runs. Where a
 * type of ours is defined otherwise, that is one error in the log, and `gauge` is sent
 * instead: config->use_stock_types is set. */
void dispatch_register_types(struct config *config);

/* Dispatches every metric of the last observation with one timestamp, and the alarm's
 * verdicts on it, if there are any (else NULL). */
void dispatch(struct publisher *publisher, const struct observer *observer,
              const struct watched_verdicts *verdicts, const struct config *config,
              cdtime_t time);

#endif
