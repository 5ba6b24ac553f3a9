/* SPDX-License-Identifier: MIT */
/* The leak alarm: judges each observation, keeps its state across restarts of the daemon,
 * and writes evidence. */
#ifndef MEMINFO_EXPLAIN_ALARM_ALARM_H
#define MEMINFO_EXPLAIN_ALARM_ALARM_H

#include "meminfo_explain/base/logger.h"
#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/trend/watched_series.h"

struct alarm; /* opaque */

struct alarm_settings {
  struct trend_settings trend;
  const char *state_file;   /* NULL: the state is not saved */
  const char *evidence_dir; /* NULL: no evidence is written */
};

struct alarm_output {
  struct logger logger;
  /* Takes a change of state that is worth a notification, with its text: one line of less
   * than WATCHED_MESSAGE_SIZE bytes. */
  void (*notify)(void *context, enum series series, enum trend_state state,
                 const char *text);
  void *context; /* of notify */
};

/* Loads the saved state, if there is one; a captured tree (observer->collector.root is
 * not live) has none. Waits for the disk for 2 s at most. Copies *settings and *output;
 * the strings and the observer must stay. NULL where there is no memory. */
struct alarm *alarm_open(const struct alarm_settings *settings,
                         const struct alarm_output *output,
                         const struct observer *observer);

/* Saves the state, waiting for the disk for 3 s at most, and frees. NULL is nothing. */
void alarm_close(struct alarm *alarm);

/* Judges the observer's last observation, made at `time` (seconds since the epoch). The
 * result is valid until the next call. */
const struct watched_verdicts *alarm_judge(struct alarm *alarm, double time);

/* Notifies of what alarm_judge changed, and queues evidence and the state for writing;
 * never waits for the disk. To be called after the values were sent. */
void alarm_act(struct alarm *alarm, double time);

#endif
