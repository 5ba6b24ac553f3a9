/* SPDX-License-Identifier: MIT */
/* Whether a series of bytes rises for good: a leak. Samples in, state out; pure.
 *
 * The noise and the daily cycle of a host are not known beforehand. So everything is
 * judged by medians, which heavy tails do not move:
 *
 * - Samples go into buckets of a 60th of the window (a minute), and the median of each is
 *   kept; the median of five of them is a bucket of the next level, and the median of
 *   four of those one of the last: a remedian (Rousseeuw and Bassett, 1990), whose
 *   memory is bounded whatever the interval.
 * - A rise is the slope of Theil (1950) and Sen (1968) over a span of buckets. It counts
 *   if Kendall's tau of the same pairs is high (it is steady), if it is a multiple of the
 *   noise and of the error of the samples, and if it leads above all that was seen
 *   before: a daily cycle is known after its first day. The longer the span, up to half
 *   a day, the larger the rise must be, because cycles rise as well.
 * - A sudden fall to where the series climbed from ends a tooth of a saw. While the saw
 *   goes on, a rise or a lead of less than 1.25 teeth is no leak: beside a step, phases
 *   of the saw cannot be compared.
 * - A slower rise is compared with the same time a day ago, which a daily cycle does not
 *   change, and without the three largest leaps of the two days.
 * - A jump up within two buckets to a level that stays is a step: history is moved by it,
 *   so that it is no slope, and moved back if the jump is taken back. More than two steps
 *   within a day are left in: a staircase is a leak. A jump down that lasts lowers what
 *   is known of the level before it. */
#ifndef MEMINFO_EXPLAIN_TREND_TREND_H
#define MEMINFO_EXPLAIN_TREND_TREND_H

#include "meminfo_explain/trend/trend_data.h"

struct trend_sample {
  double time;      /* seconds; the clock may jump */
  double bytes;     /* the series */
  double error;     /* bound on |bytes - truth|; 0 where none is known */
  double available; /* MemAvailable, bytes; NAN where it is not known */
  double total;     /* MemTotal, bytes; NAN where it is not known */
};

struct trend_verdict {
  enum trend_state state;
  bool changed; /* by this sample */
  double rate;  /* bytes per second; NAN where there is too little history */
  double eta;   /* seconds until `available` is used up; NAN where it does not rise */
  double since; /* sample time at which the rise or the step began; NAN: neither */
  double rise;  /* bytes since then; the height of a step */
};

/* The bytes that settings->rise stands for on a machine with so many bytes of MemTotal
 * (NAN: not known). */
double trend_rise(const struct trend_settings *settings, double total);

/* Takes one sample and judges. Its numbers are finite, but for what may be NAN; the time
 * is 0 to 1e12, the others are below 1e19. */
void trend_add(struct trend *trend, const struct trend_settings *settings,
               const struct trend_sample *sample, struct trend_verdict *out);

/* "okay", "step", "warning", "failure". */
const char *trend_state_name(enum trend_state state);

#endif
