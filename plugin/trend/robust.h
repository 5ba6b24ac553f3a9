/* SPDX-License-Identifier: MIT */
/* Statistics that outliers do not move. Pure; NAN is no value unless said. */
#ifndef MEMINFO_EXPLAIN_TREND_ROBUST_H
#define MEMINFO_EXPLAIN_TREND_ROBUST_H

#include <stdbool.h>
#include <stddef.h>

/* The value at index `wanted` of `count` > wanted values, were they sorted. Reorders
 * them.
 */
double robust_select(double *values, size_t count, size_t wanted);

/* The median; of an even count the lower of the two in the middle, for an outlier is
 * mostly above. NAN for a count of 0. Reorders the values. */
double robust_median(double *values, size_t count);

/* Replaces each value but the first and the last by the median of itself and its two
 * neighbours. */
void robust_smooth(double values[], size_t count);

/* The largest rise from one value to one of the `buckets` values after it, 0 where
 * nothing rises; it begins at *at. Values may be NAN: they take no part. */
double robust_leap(const double values[], size_t count, size_t buckets, size_t *at);

/* The largest minus the smallest of `count` > 0 values. */
double robust_spread(const double values[], size_t count);

enum { POINTS_MAX = 36 };
struct points {
  double time[POINTS_MAX], value[POINTS_MAX];
  size_t count;
};

struct fit {
  double slope;       /* of Theil and Sen, bytes per second */
  double tau;         /* of Kendall, -1 to 1 */
  double first, last; /* times of the first and last point */
  double level;       /* median of the last three values */
};

/* False for less than three points. */
bool robust_fit(const struct points *points, struct fit *out);

#endif
