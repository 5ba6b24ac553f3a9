/* SPDX-License-Identifier: MIT */
/* The leak alarm in the daemon: notifications, the state kept across restarts, evidence.
 */
#ifndef MEMINFO_EXPLAIN_ALARM_H
#define MEMINFO_EXPLAIN_ALARM_H

#include "config.h"

#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/trend/watched_series.h"

struct alarm; /* opaque */

/* Takes up the state that was kept, if config->trend_state asks for it. The configuration
 * and the observer must stay. NULL where there is no memory for it. */
struct alarm *alarm_open(const struct config *config, const struct observer *observer);

/* Keeps the state, and frees. NULL is nothing. */
void alarm_close(struct alarm *alarm);

/* Judges the observer's last observation, made at `time`. */
const struct watched_verdicts *alarm_judge(struct alarm *alarm, cdtime_t time);

/* Says what has changed by it, and has evidence and the state written, which no disk can
 * hold up. To be called when the values have gone out. */
void alarm_act(struct alarm *alarm, cdtime_t time);

#endif
