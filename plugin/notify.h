/* SPDX-License-Identifier: MIT */
/* The core's log lines and the alarm's notifications, by way of collectd. */
#ifndef MEMINFO_EXPLAIN_NOTIFY_H
#define MEMINFO_EXPLAIN_NOTIFY_H

#include "collectd.h"

#include "plugin.h"

#include "meminfo_explain/alarm/alarm.h"
#include "meminfo_explain/base/logger.h"

/* Prints to the daemon's log. */
extern const struct logger notify_logger;

/* For struct alarm_output: dispatches a notification. Its text, which names the consumer
 * that rose, is that of watched_message() (trend/watched_series.h). `time`: the cdtime_t
 * of the sample.
 */
void notify_change(void *time, enum series series, enum trend_state state,
                   const char *text);

#endif
