/* SPDX-License-Identifier: MIT */
#include "robust.h"

#include <math.h>
#include <string.h>

static void swap(double *a, double *b)
{
  double saved = *a;
  *a = *b;
  *b = saved;
}

/* Hoare's selection. */
double robust_select(double *values, size_t count, size_t wanted)
{
  size_t low = 0, high = count - 1;
  while (low < high) {
    double pivot = values[low + (high - low) / 2];
    size_t i = low, j = high;
    for (;;) {
      while (values[i] < pivot)
        i++;
      while (values[j] > pivot)
        j--;
      if (i >= j)
        break;
      swap(&values[i++], &values[j--]);
    }
    if (wanted <= j)
      high = j;
    else
      low = j + 1;
  }
  return values[wanted];
}

double robust_median(double *values, size_t count)
{
  return count == 0 ? (double)NAN : robust_select(values, count, (count - 1) / 2);
}

bool robust_fit(const struct points *points, struct fit *out)
{
  double slopes[POINTS_MAX * (POINTS_MAX - 1) / 2]; /* of all pairs */
  size_t pairs = 0;
  int order = 0;
  if (points->count < 3)
    return false;
  for (size_t i = 0; i < points->count; i++)
    for (size_t j = i + 1; j < points->count; j++) {
      double rise = points->value[j] - points->value[i];
      slopes[pairs++] = rise / (points->time[j] - points->time[i]);
      order += (rise > 0) - (rise < 0);
    }
  size_t last = points->count - 1;
  double ends[3];
  memcpy(ends, &points->value[last - 2], sizeof(ends));
  *out = (struct fit){.slope = robust_median(slopes, pairs),
                      .tau = (double)order / (double)pairs,
                      .first = points->time[0],
                      .last = points->time[last],
                      .level = robust_median(ends, 3)};
  return true;
}

double robust_leap(const double values[], size_t count, size_t buckets, size_t *at)
{
  double leap = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count && j <= i + buckets; j++)
      if (values[j] - values[i] > leap) { /* not for NAN */
        leap = values[j] - values[i];
        *at = i;
      }
  return leap;
}

void robust_smooth(double values[], size_t count)
{
  double before = values[0];
  for (size_t i = 1; i + 1 < count; i++) {
    double three[] = {before, values[i], values[i + 1]};
    before = values[i];
    values[i] = robust_median(three, 3);
  }
}

double robust_spread(const double values[], size_t count)
{
  double low = values[0], high = values[0];
  for (size_t i = 1; i < count; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  return high - low;
}
