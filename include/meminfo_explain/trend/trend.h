/* SPDX-License-Identifier: MIT */
/* Whether a series of bytes rises for good: a leak. Samples in, state out; pure.
 *
 * Nobody knows beforehand what a host's noise is, nor its days. So all is judged by
 * medians, which heavy tails do not move:
 *
 * - Samples go into buckets of a 60th of the window (a minute), of which the median is
 *   kept; five of those make one of the next level, four of those one of the last: a
 *   remedian (Rousseeuw and Bassett, 1990), of bounded memory whatever the interval.
 * - A rise is the slope of Theil (1950) and Sen (1968) over a span of buckets, and counts
 *   where Kendall's tau of the same pairs says that it is steady, where it is a multiple
 *   of the noise and of the samples' error, and where it leads above all that was seen
 *   before: so a daily cycle is known after its first time, and a rise must be larger the
 *   longer its span, up to half a day, for cycles rise as well.
 * - A sudden fall to where the series climbed from ends a saw's tooth. What rises or
 *   leads by less than one and a quarter is no leak while the saw goes on: beside a step
 *   its phases do not compare.
 * - What rises more slowly is compared with the same time a day ago, which a daily cycle
 *   does not change, and without the three largest leaps of the two days.
 * - A jump up within two buckets to a level that stays is a step: history is moved by it,
 *   so that it is no slope, and back where it is taken back. But more than two of them
 *   within a day are left as they are: a staircase is a leak. A jump down that lasts
 *   lowers what is known of the level it left. */
#ifndef MEMINFO_EXPLAIN_TREND_TREND_H
#define MEMINFO_EXPLAIN_TREND_TREND_H

#include <stdbool.h>
#include <stdint.h>

enum trend_state { TREND_OKAY, TREND_STEP, TREND_WARNING, TREND_FAILURE };

struct trend_settings {
  double window; /* seconds, the short one; the others are 5, 12 and 24 times as long */
  double rise;   /* bytes that count as a rise in half of it; more in longer ones */
};
#define TREND_WINDOW 3600.0
#define TREND_RISE   ((double)(26 << 20))
/* With a window below a second the indices of buckets would have no room. */
#define TREND_WINDOW_MIN 1.0
#define TREND_WINDOW_MAX 1e6
#define TREND_RISE_MIN   4096.0
#define TREND_RISE_MAX   1e15

struct trend_sample {
  double time;      /* seconds; a clock that jumps is put up with */
  double bytes;     /* the series */
  double error;     /* bound on |bytes - truth|; 0 where none is known */
  double available; /* MemAvailable, bytes; NAN where it is not known */
  double total;     /* MemTotal, likewise */
};

struct trend_verdict {
  enum trend_state state;
  bool changed; /* by this sample */
  double rate;  /* bytes per second; NAN where there is too little history */
  double eta;   /* seconds until `available` is used up; NAN where it does not rise */
  double
      since; /* time (of the samples) at which the rise or the step began; NAN if none */
  double rise; /* bytes since then; of a step, its height */
};

enum { TREND_LEVELS = 3, TREND_BUCKETS = 184, TREND_PENDING = 11 };
#define TREND_STEPS    2 /* a day; more are a staircase */
#define TREND_SPAN_MAX 4 /* the last of the rules */
#define TREND_DAYS     8 /* so long a high is remembered, in days of 24 windows */

/* Buckets of one width: values[i % TREND_BUCKETS] of bucket i; NAN where there is none.
 */
struct trend_ring {
  int64_t last; /* index of the bucket that fills; all before are closed */
  double values[TREND_BUCKETS];
  double pending[TREND_PENDING]; /* of the one that fills */
  uint32_t pending_count, slot;  /* slot: the part of the bucket last sampled */
};

/* {0} has seen nothing yet. Plain data; each member has a row in trend_state.def. */
struct trend {
  bool begun;
  double first_time, last_time, offset; /* of our clock; ours is theirs + offset */
  struct trend_ring rings[TREND_LEVELS];
  double highs[24 * TREND_DAYS]; /* of each window, by its index; NAN: none */
  int64_t high_last;
  double error, error_before; /* the largest of late of two samples in a row; the last */
  double tooth, tooth_at;     /* height of a saw's, 0: none; when it last fell */
  enum trend_state state;
  int span; /* rule that made it a warning */
  /* Of the incident: its highest level, and when it last grew by more than a bit, to
   * `mark`. */
  double since, start, peak, mark, peak_at;
  double changed_at;
  struct {
    double at, height;  /* at: NAN where it is none, or was taken back */
  } steps[TREND_STEPS]; /* upwards, that history was moved by */
  double rate, tau;     /* of the slope that is told; NAN */
  double dropped_at, dropped_from, dropped_to; /* a jump down that may stay; NAN: none */
  double stepped_at;    /* of the last time history was moved; NAN: never */
  double given_back_at; /* end of the last incident that was; NAN: none */
};

/* Takes one sample and judges. Its numbers are finite but for what may be NAN; the time
 * is 0 to 1e12, the others are below 1e19. */
void trend_add(struct trend *trend, const struct trend_settings *settings,
               const struct trend_sample *sample, struct trend_verdict *out);

/* "okay", "step", "warning", "failure". */
const char *trend_state_name(enum trend_state state);

#endif
