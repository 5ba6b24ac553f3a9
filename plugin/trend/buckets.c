/* SPDX-License-Identifier: MIT */
#include "buckets.h"

const double bucket_widths[TREND_LEVELS] = {1.0 / 60, 5.0 / 60, 20.0 / 60};

/* --- one ring ----------------------------------------------------------------------- */

static int64_t ring_index(double time, double width)
{
  return (int64_t)floor(time / width);
}

/* Makes bucket `index` the open one. Returns the value of the bucket that was closed by
 * it, NAN where none was. */
static double ring_advance(struct trend_ring *ring, int64_t index)
{
  if (index <= ring->last)
    return NAN;
  double closed = robust_median(ring->pending, ring->pending_count);
  *ring_bucket(ring, ring->last) = closed;
  int64_t from = ring->last + 1;
  if (index - from > TREND_BUCKETS)
    from = index - TREND_BUCKETS;
  for (int64_t i = from; i <= index; i++)
    *ring_bucket(ring, i) = NAN;
  ring->last = index;
  ring->pending_count = ring->slot = 0;
  return closed;
}

/* Takes one value in each of TREND_PENDING parts of the bucket, however many come. */
static void ring_fill(struct trend_ring *ring, double time, double width, double value)
{
  double part = time / width - (double)ring->last;
  uint32_t slot = 1 + (uint32_t)(fmin(fmax(part, 0), 0.999) * TREND_PENDING);
  if (slot == ring->slot || ring->pending_count == TREND_PENDING)
    return;
  ring->slot = slot;
  ring->pending[ring->pending_count++] = value;
}

/* Raises the high of the window, if two buckets of level 1 in a row reach it: no outlier
 * does. */
static void note_high(struct trend *trend, double window, double time, double value)
{
  const struct trend_ring *ring = &trend->rings[1];
  int64_t index = ring_index(time, window);
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  int64_t from = trend->high_last + 1;
  if (index - from > count)
    from = index - count;
  for (int64_t i = from; i <= index; i++)
    trend->highs[(uint64_t)i % (uint64_t)count] = NAN;
  if (index > trend->high_last)
    trend->high_last = index;
  double high = fmin(value, ring_value(ring, ring->last - 2));
  double *high_of_window = &trend->highs[(uint64_t)trend->high_last % (uint64_t)count];
  if (!isnan(ring_value(ring, ring->last - 2)) && !isnan(value))
    *high_of_window = fmax(*high_of_window, high); /* fmax ignores NAN */
}

int buckets_add(struct trend *trend, double window, double time, double value)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    double width = bucket_widths[level] * window;
    double middle = ((double)ring->last + 0.5) * width;
    double closed = ring_advance(ring, ring_index(time, width));
    ring_fill(ring, time, width, value);
    if (isnan(closed))
      return level;
    if (level == 1)
      note_high(trend, window, middle, closed);
    value = closed;
    time = middle;
  }
  return TREND_LEVELS;
}

void ring_points(const struct trend_ring *ring, double width, int buckets,
                 struct points *out)
{
  const int stride = (buckets + POINTS_MAX - 1) / POINTS_MAX;
  out->count = 0;
  for (int64_t i = ring->last - buckets; i < ring->last; i++) {
    double value = ring_value(ring, i);
    if (isnan(value) || (stride > 1 && i % stride != 0))
      continue;
    out->time[out->count] = ((double)i + 0.5) * width;
    out->value[out->count++] = value;
  }
}

/* How far three quarters of the differences between neighbours are from their median. Not
 * half of them: of a saw whose period is about two buckets, more than half are alike. */
double ring_noise(const struct trend_ring *ring)
{
  double differences[TREND_BUCKETS];
  size_t count = 0;
  double before = NAN;
  for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++) {
    double value = ring_value(ring, i);
    if (isnan(value))
      continue;
    if (!isnan(before))
      differences[count++] = value - before;
    before = value;
  }
  if (count < 3)
    return 0;
  double middle = robust_median(differences, count);
  for (size_t i = 0; i < count; i++)
    differences[i] = fabs(differences[i] - middle);
  return robust_select(differences, count, 3 * count / 4) / (1.1503 * sqrt(2));
}

double buckets_high_before(const struct trend *trend, double window, double time)
{
  const struct trend_ring *ring = &trend->rings[1];
  const double width = bucket_widths[1] * window;
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  double high = NAN, before = NAN;
  int64_t oldest = ring->last - TREND_BUCKETS + 1;
  for (int64_t i = oldest; i < ring->last && (double)(i + 1) * width <= time; i++) {
    double value = ring_value(ring, i);
    if (isnan(value))
      continue;
    if (!isnan(before))
      high = fmax(high, fmin(before, value));
    before = value;
  }
  for (int64_t i = trend->high_last; i > trend->high_last - count && i >= 0; i--) {
    double end = (double)(i + 1) * window;
    if (end <= time && end <= (double)oldest * width)
      high = fmax(high, trend->highs[(uint64_t)i % (uint64_t)count]);
  }
  return high;
}

bool ring_last_known(const struct trend_ring *ring, size_t wanted, double values[],
                     int64_t indices[])
{
  for (int64_t i = ring->last - 1; wanted > 0 && i > ring->last - TREND_BUCKETS; i--)
    if (!isnan(ring_value(ring, i))) {
      values[--wanted] = ring_value(ring, i);
      indices[wanted] = i;
    }
  return wanted == 0;
}

double ring_recent_high(const struct trend_ring *ring, int buckets)
{
  double high = NAN;
  for (int64_t i = ring->last - buckets; i < ring->last; i++)
    high = fmax(high, ring_value(ring, i));
  return high;
}

double ring_recent_low(const struct trend_ring *ring, int buckets)
{
  double low = NAN;
  for (int64_t i = ring->last - buckets; i < ring->last; i++)
    low = fmin(low, ring_value(ring, i));
  return low;
}

double *buckets_next_high(struct trend *trend, double window, int64_t *n, double *begins)
{
  struct trend_ring *ring = &trend->rings[1];
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  for (; *n < TREND_BUCKETS - 1 + count; ++*n) {
    bool is_bucket = *n < TREND_BUCKETS - 1;
    int64_t index =
        is_bucket ? ring->last - 1 - *n : trend->high_last - (*n - (TREND_BUCKETS - 1));
    if (index < 0)
      continue;
    ++*n;
    *begins = (double)index * (is_bucket ? bucket_widths[1] * window : window);
    return is_bucket ? ring_bucket(ring, index)
                     : &trend->highs[(uint64_t)index % (uint64_t)count];
  }
  return NULL;
}

void buckets_forget_highs(struct trend *trend, double window, double time)
{
  int64_t n = 0;
  double begins, *high;
  while ((high = buckets_next_high(trend, window, &n, &begins)) != NULL)
    if (begins < time)
      *high = NAN;
}

double buckets_high_since(struct trend *trend, double window, double time)
{
  int64_t n = 0;
  double begins, *high, highest = NAN;
  while ((high = buckets_next_high(trend, window, &n, &begins)) != NULL)
    if (begins >= time)
      highest = fmax(highest, *high);
  return highest;
}
