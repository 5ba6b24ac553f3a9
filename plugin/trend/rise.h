/* SPDX-License-Identifier: MIT */
/* Whether history shows a rise that counts. */
#ifndef MEMINFO_EXPLAIN_TREND_RISE_H
#define MEMINFO_EXPLAIN_TREND_RISE_H

#include "meminfo_explain/trend/trend_data.h"

#include <stdbool.h>

struct rise {
  double rate;  /* bytes per second */
  double since; /* time */
  double start; /* level then, bytes */
  double level; /* now */
  int rule;     /* that found it, up to TREND_SPAN_MAX */
};
/* From this rule on, a rise is slower than a daily cycle. */
enum { RISE_RULE_SLOW = TREND_SPAN_MAX - 1 };

/* Looks in those of the levels below `closed`, which have just closed a bucket. */
bool rise_find(const struct trend *trend, const struct trend_settings *settings,
               int closed, struct rise *out);

#endif
