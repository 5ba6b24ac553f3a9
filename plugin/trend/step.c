/* SPDX-License-Identifier: MIT */
#include "step.h"
#include "buckets.h"

#include <math.h>
#include <string.h>

static const double step_min = 1.25, step_noise = 8; /* a step: times rise, times noise */
static const double fall_min = 0.25;                 /* a fall: times rise */
static const double error_min = 2;                   /* times the error of the samples */
static const double tooth_days = 3; /* without a tooth, and a saw is forgotten */

/* Buckets before a jump, between, and after it. Those between may have any value: the
 * jump may be in the middle of one. */
enum { STEP_BEFORE = 5, STEP_BETWEEN = 2, STEP_AFTER = 2 };
enum { STEP_BUCKETS = STEP_BEFORE + STEP_BETWEEN + STEP_AFTER };

/* The height of a jump to a level that stays, above the setting and the noise; 0: none.
 */
static double find_step(const struct trend *trend, const struct trend_settings *settings,
                        double *before, int64_t *index)
{
  double values[STEP_BUCKETS], sorted[STEP_BEFORE];
  int64_t indices[STEP_BUCKETS];
  if (!ring_last_known(&trend->rings[0], STEP_BUCKETS, values, indices))
    return 0;
  *index = indices[STEP_BEFORE + STEP_BETWEEN];
  memcpy(sorted, values, sizeof(sorted));
  *before = robust_median(sorted, STEP_BEFORE);
  const double *after = &values[STEP_BEFORE + STEP_BETWEEN];
  double height = fmin(fabs(after[0] - *before), fabs(after[1] - *before));
  double least = (after[1] < *before ? fall_min : step_min) * settings->rise;
  least = fmax(least, error_min * trend->error);
  if (height < least || height < step_noise * ring_noise(&trend->rings[0]))
    return 0;
  const double ends[] = {*before, after[0], after[1], values[STEP_BEFORE],
                         values[STEP_BEFORE + 1]};
  /* It is the end of a tooth that was noted already. */
  if (after[1] < *before && height < 2 * trend->tooth &&
      (double)indices[0] * bucket_widths[0] * settings->window < trend->tooth_at)
    return 0;
  if (robust_spread(values, STEP_BEFORE) > height / 4 ||
      robust_spread(after, STEP_AFTER) > height / 4 ||
      robust_spread(ends, 5) > 1.25 * robust_spread(ends, 3))
    return 0;
  return after[1] - *before;
}

/* Moves a value that is closer to the level before than to the one after. */
static void move_if_old(double *value, double before, double height)
{
  if (fabs(*value - before) < fabs(*value - before - height))
    *value += height;
}

/* Moves a value of history; not one that was at the upper level already, or above it. */
static void move_lower(double *value, double before, double height)
{
  if (!(height > 0 && *value > before + height / 2))
    *value += height;
}

/* Moves all history before bucket `index` of level 0 by the step, so that it is no slope.
 */
static void move_history(struct trend *trend, int64_t index, double before, double height)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++) {
      if (i < 0 || (level == 0 && i >= index))
        continue;
      if (level == 0 ? i >= index - STEP_BETWEEN : i >= ring->last - 1)
        move_if_old(ring_bucket(ring, i), before, height);
      else
        move_lower(ring_bucket(ring, i), before, height);
    }
    for (uint32_t i = 0; level > 0 && i < ring->pending_count; i++)
      move_if_old(&ring->pending[i], before, height);
  }
  for (size_t i = 0; i < sizeof(trend->highs) / sizeof(*trend->highs); i++)
    move_lower(&trend->highs[i], before, height);
}

/* Whether history may be moved upwards once more: twice a day. More are a staircase. */
static bool may_step_up(struct trend *trend, double window, double height)
{
  for (int i = 0; i < TREND_STEPS; i++)
    if (isnan(trend->steps[i].at) ||
        trend->last_time - trend->steps[i].at > day * window) {
      trend->steps[i].at = trend->last_time;
      trend->steps[i].height = height;
      return true;
    }
  return false;
}

/* Whether this step down takes back one of those. History is not moved by any other: the
 * end of a saw's tooth must not make the next tooth a rise. */
static bool takes_back(struct trend *trend, double height)
{
  for (int i = 0; i < TREND_STEPS; i++)
    if (!isnan(trend->steps[i].at) &&
        fabs(height + trend->steps[i].height) < trend->steps[i].height / 4) {
      trend->steps[i].at = NAN;
      return true;
    }
  return false;
}

/* Whether the series climbed from `bottom` to `top` before `time` without leaps: then a
 * fifth of the buckets since then are in the middle between the two. */
static bool has_climbed(const struct trend_ring *ring, double width, double time,
                        double bottom, double top)
{
  const double quarter = (top - bottom) / 4;
  unsigned known = 0, middle = 0;
  for (int64_t i = ring->last - 1; i > ring->last - TREND_BUCKETS; i--) {
    double value = ring_value(ring, i);
    if (isnan(value) || (double)(i + 1) * width > time)
      continue;
    if (fabs(value - bottom) <= quarter && 5 * middle >= known)
      return middle > 0;
    known++;
    middle += value > bottom + quarter && value < top - quarter;
  }
  return false;
}

/* A sudden fall to where the series climbed from ends a tooth of a saw. */
static void look_for_tooth(struct trend *trend, const struct trend_settings *settings)
{
  enum { COUNT = 5 };
  const double window = settings->window, now = trend->last_time;
  double values[COUNT];
  int64_t indices[COUNT];
  if (now - trend->tooth_at > tooth_days * day * window)
    trend->tooth = 0;
  if (!ring_last_known(&trend->rings[0], COUNT, values, indices))
    return;
  /* Two before, two after, and one that may be between. */
  double fall = fmin(values[1], fmax(values[0], values[2])) - fmax(values[3], values[4]);
  if (fall < fall_min * settings->rise ||
      fall < step_noise * ring_noise(&trend->rings[0]))
    return;
  double time = (double)indices[0] * bucket_widths[0] * window;
  double bottom = values[4], top = bottom + fall;
  bool climbed = false;
  for (int level = 0; level < TREND_LEVELS && !climbed; level++)
    climbed = has_climbed(&trend->rings[level], bucket_widths[level] * window, time,
                          bottom, top);
  if (!climbed)
    return;
  /* Its top and bottom are further apart: it climbed right before and after the fall. */
  fall += 2 * fmax(0, fmin(values[1] - values[0], values[4] - values[3]));
  trend->tooth = fmax(trend->tooth, fall);
  trend->tooth_at = now;
}

/* Lowers the highs before the drop that are closer to the level that was left by it. */
static void lower_highs(struct trend *trend, double window)
{
  const double from = trend->dropped_from;
  int64_t n = 0;
  double begins, *high;
  while ((high = buckets_next_high(trend, window, &n, &begins)) != NULL)
    if (begins < trend->dropped_at)
      move_if_old(high, from, trend->dropped_to - from);
}

/* A level that was left for good is no record that a rise must beat. Where it was left at
 * once (a reboot), its highs are lowered after six windows, by when a saw would be back;
 * else they are forgotten after 26. */
void step_look_for_lower_level(struct trend *trend, const struct trend_settings *settings)
{
  static const double lowered_after = 6, forgotten_after = 26; /* windows */
  const double window = settings->window, now = trend->last_time;
  if (now - trend->dropped_at >= lowered_after * window) { /* never for NAN */
    double high =
        buckets_high_since(trend, window, trend->dropped_at + bucket_widths[1] * window);
    if (high < (trend->dropped_from + trend->dropped_to) / 2)
      lower_highs(trend, window);
    trend->dropped_at = NAN;
  }
  double recently = now - forgotten_after * window;
  if (recently > trend->first_time &&
      buckets_high_since(trend, window, recently) <
          buckets_high_before(trend, window, recently) - settings->rise / 4)
    buckets_forget_highs(trend, window, recently);
}

bool step_look_for_jump(struct trend *trend, const struct trend_settings *settings)
{
  double before = 0;
  int64_t index = 0;
  look_for_tooth(trend, settings);
  double height = find_step(trend, settings, &before, &index);
  if (height < 0 && !takes_back(trend, height)) {
    double last_drop = trend->dropped_from - trend->dropped_to;
    if (!isnan(trend->dropped_at) && last_drop > -height)
      return false;
    trend->dropped_at = ((double)index) * bucket_widths[0] * settings->window;
    trend->dropped_from = before;
    trend->dropped_to = before + height;
    return false;
  }
  if (height == 0 || (height > 0 && !may_step_up(trend, settings->window, height)))
    return false;
  move_history(trend, index, before, height);
  trend->stepped_at = trend->last_time;
  if (height < 0)
    return false;
  trend->since = ((double)index) * bucket_widths[0] * settings->window;
  trend->start = before;
  trend->peak = before + height;
  return true;
}
