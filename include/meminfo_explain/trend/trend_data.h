/* SPDX-License-Identifier: MIT */
/* What a trend is set to, and what it remembers of a series. trend.h says how it judges.
 */
#ifndef MEMINFO_EXPLAIN_TREND_TREND_DATA_H
#define MEMINFO_EXPLAIN_TREND_TREND_DATA_H

#include <stdbool.h>
#include <stdint.h>

enum trend_state { TREND_OKAY, TREND_STEP, TREND_WARNING, TREND_FAILURE };

struct trend_settings {
  double window; /* seconds; longer ones are 5, 12 and 24 times as long */
  double rise;   /* bytes that count as a rise within half a window, more in longer ones;
                  * or TREND_RISE_BY_TOTAL */
};
#define TREND_WINDOW 3600.0
/* The default: a share of MemTotal within limits. The lower one is above the noise of
 * routers, the upper one above that of large hosts, and of those of unknown size. */
#define TREND_RISE_BY_TOTAL 0.0
#define TREND_RISE_SHARE    (1.0 / 128)
#define TREND_RISE_LEAST    ((double)(1 << 20))
#define TREND_RISE          ((double)(26 << 20))
/* With a window below a second, indices of buckets would not fit. */
#define TREND_WINDOW_MIN 1.0
#define TREND_WINDOW_MAX 1e6
/* Windows of the longest span: rises that are slower are found by the day. */
#define TREND_SPAN     36
#define TREND_RISE_MIN 0.0
#define TREND_RISE_MAX 1e15

enum { TREND_LEVELS = 3, TREND_BUCKETS = 184, TREND_PENDING = 11 };
#define TREND_STEPS    2 /* a day; more are a staircase */
#define TREND_SPAN_MAX 4 /* the last rule */
#define TREND_DAYS     8 /* of 24 windows, for which highs are remembered */

/* Buckets of one width: values[i % TREND_BUCKETS] of bucket i; NAN where it holds
 * nothing. */
struct trend_ring {
  int64_t last; /* index of the open bucket; all before it are closed */
  double values[TREND_BUCKETS];
  double pending[TREND_PENDING]; /* values of the open bucket */
  uint32_t pending_count, slot;  /* slot: the part of it that was sampled last */
};

/* {0} has seen nothing yet. Plain data; each member has a row in trend_state.def. */
struct trend {
  bool begun;
  /* By a clock that never goes back: that of the samples, plus offset. */
  double first_time, last_time, offset;
  struct trend_ring rings[TREND_LEVELS];
  double highs[24 * TREND_DAYS]; /* of each window, by its index; NAN: none */
  int64_t high_last;
  double error, error_before; /* what two samples in a row had lately; the last one's */
  double tooth, tooth_at;     /* height of a tooth, 0: no saw; when the last one ended */
  enum trend_state state;
  int span; /* the rule that made it a warning */
  /* The incident: when and where it began, its highest level, and when it last grew: to
   * `mark`. */
  double since, start, peak, mark, peak_at;
  double changed_at;
  struct {
    double at, height;  /* at: NAN where there is none, or it was taken back */
  } steps[TREND_STEPS]; /* upwards, that history was moved by */
  double rate, tau;     /* of the slope that is reported; NAN: none */
  double dropped_at, dropped_from, dropped_to; /* a jump down that may stay; NAN: none */
  double stepped_at;    /* when history was moved last; NAN: never */
  double given_back_at; /* when the last incident that was given back ended; NAN: none */
};

#endif
