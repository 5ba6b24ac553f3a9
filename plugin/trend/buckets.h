/* SPDX-License-Identifier: MIT */
/* The history of a trend: buckets of three widths (levels), and the highs of days.
 * Samples go into buckets of level 0; the medians of those into level 1, and of those
 * into level 2. */
#ifndef MEMINFO_EXPLAIN_TREND_BUCKETS_H
#define MEMINFO_EXPLAIN_TREND_BUCKETS_H

#include "meminfo_explain/trend/trend_data.h"
#include "robust.h"

#include <math.h>

/* Widths, of the window: 1, 5 and 20 sixtieths. */
extern const double bucket_widths[TREND_LEVELS];

/* A day by the clock of the trend, of which a window is an hour. */
static const double day = 24; /* windows */
enum { DAY_BUCKETS = 72 };    /* of the last level */

/* Bucket `index` of a ring; NAN where it holds nothing: not yet, not any more, or no
 * sample came in its time. */
static inline double ring_value(const struct trend_ring *ring, int64_t index)
{
  bool is_there = index < ring->last && index > ring->last - TREND_BUCKETS && index >= 0;
  return is_there ? ring->values[(uint64_t)index % TREND_BUCKETS] : (double)NAN;
}

/* Its place, also where it holds nothing. */
static inline double *ring_bucket(struct trend_ring *ring, int64_t index)
{
  return &ring->values[(uint64_t)index % TREND_BUCKETS];
}

/* The last `buckets` of a ring, POINTS_MAX of them at most, evenly apart, without those
 * that hold nothing. `width` in seconds. */
void ring_points(const struct trend_ring *ring, double width, int buckets,
                 struct points *out);

/* The standard deviation of the buckets of a ring around whatever trend they have; 0
 * where there are too few. */
double ring_noise(const struct trend_ring *ring);

/* The last `wanted` buckets that hold something, oldest first, and their indices. False
 * where there are not so many. */
bool ring_last_known(const struct trend_ring *ring, size_t wanted, double values[],
                     int64_t indices[]);

/* The extremes of the last `buckets`; NAN where all hold nothing. */
double ring_recent_high(const struct trend_ring *ring, int buckets);
double ring_recent_low(const struct trend_ring *ring, int buckets);

/* Takes one value. Returns how many levels closed a bucket that holds something. */
int buckets_add(struct trend *trend, double window, double time, double value);

/* The highest level before `time` that two buckets in a row reached, for as long as highs
 * are remembered; NAN: none. */
double buckets_high_before(const struct trend *trend, double window, double time);

/* The highest level since `time`; NAN: none. */
double buckets_high_since(struct trend *trend, double window, double time);

/* Removes from history all that buckets_high_before(time) looks at. */
void buckets_forget_highs(struct trend *trend, double window, double time);

/* One after the other, all that says how high the series was: the closed buckets of level
 * 1, and the highs of windows. Starts at *n = 0; NULL after the last. *begins: its time.
 */
double *buckets_next_high(struct trend *trend, double window, int64_t *n, double *begins);

#endif
