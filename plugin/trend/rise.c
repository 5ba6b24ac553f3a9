/* SPDX-License-Identifier: MIT */
#include "rise.h"
#include "buckets.h"

#include <math.h>
#include <string.h>

/* A rise by `factor` times the setting over so many buckets of a level. The longer the
 * span, the more: a daily cycle with a peak-to-peak height h rises by 0.13 h in half an
 * hour, 0.61 h in five hours and h in twelve. */
static const struct span {
  int level, buckets;
  double factor, tau; /* Kendall's, at least */
} spans[] = {{0, 30, 1, 0.7},
             {1, 60, 3.1, 0.7},
             {2, 36, 7, 0.7},
             {2, 108, 1.2, 0.9}}; /* so steady that it is no cycle and no single jump */
/* The rules: one for each span, and one that compares days. */
enum { SPANS = sizeof(spans) / sizeof(*spans), RULE_DAYS = SPANS };
_Static_assert(RULE_DAYS == TREND_SPAN_MAX, "a saved state is checked by it");

static const double lead_min = 0.5;   /* of a rise: how far it leads above all before */
static const double noise_min = 6;    /* times the noise */
static const double error_min = 2;    /* times the error of the samples */
static const double jump_min = 1.25;  /* times the setting: a second jump to leave out */
static const double tooth_min = 1.25; /* times the tooth of a saw */

/* A smaller lead or rise may be a saw: its next tooth, or the same one in another phase
 * beside a step. */
static double above_teeth(const struct trend *trend)
{
  return tooth_min * trend->tooth;
}

static double needed(const struct trend *trend, const struct trend_settings *settings,
                     int level, double factor)
{
  double need = fmax(factor * settings->rise, error_min * trend->error);
  return fmax(need, noise_min * ring_noise(&trend->rings[level]));
}

/* The rise began where a line of its slope through the present level meets the level
 * before it. */
static void date_rise(const struct trend *trend, const struct fit *fit, double high,
                      struct rise *out)
{
  double start = isnan(high) ? fit->level - fit->slope * (fit->last - fit->first) : high;
  double since = fit->last - (fit->level - start) / fit->slope;
  *out = (struct rise){.rate = fit->slope,
                       .since = fmax(since, trend->first_time),
                       .start = start,
                       .level = fit->level};
}

/* The height of the largest jump, which looks like a slope in the middle of a span; and
 * of a second one that is as high as a step. */
static double leap_of(const struct points *points, double step)
{
  const size_t buckets = points->count > 6 ? 3 : 2; /* a jump takes two samples */
  double values[POINTS_MAX];
  size_t at = 0;
  memcpy(values, points->value, sizeof(values));
  robust_smooth(values, points->count);
  double leap = robust_leap(values, points->count, buckets, &at);
  for (size_t i = at; i < points->count && i <= at + buckets; i++)
    values[i] = NAN;
  double second = robust_leap(values, points->count, buckets, &at);
  return leap + (second >= step ? second : 0);
}

/* A rise across a gap is not steady, and tau of less than ten points says nothing. An
 * interval may be as long as two buckets of level 1. */
static bool has_gaps(const struct points *points, const struct span *span)
{
  static const double least[TREND_LEVELS] = {0.33, 0.4, 0.85};
  const int stride = (span->buckets + POINTS_MAX - 1) / POINTS_MAX;
  return (double)points->count < least[span->level] * span->buckets / stride;
}

static bool rises_steadily(const struct trend *trend,
                           const struct trend_settings *settings, const struct span *span,
                           struct rise *out)
{
  const struct trend_ring *ring = &trend->rings[span->level];
  const double width = bucket_widths[span->level] * settings->window;
  const double length = span->buckets * width;
  struct points points;
  struct fit fit;
  ring_points(ring, width, span->buckets, &points);
  /* The cheap checks first: they hardly ever pass. */
  const double least = span->factor * settings->rise;
  if (points.count < 3 || points.time[points.count - 1] - points.time[0] < 0.8 * length ||
      points.value[points.count - 1] - points.value[0] < least / 2)
    return false;
  double high =
      buckets_high_before(trend, settings->window, (double)ring->last * width - length);
  /* Where history was moved, it fits only as well as the noise then. */
  if (trend->last_time - trend->stepped_at < length)
    return false;
  double last = points.value[points.count - 1],
         leap = leap_of(&points, jump_min * settings->rise);
  if (has_gaps(&points, span) || last - points.value[0] - leap < least / 2 ||
      last - high < lead_min * least / 2 || !robust_fit(&points, &fit) ||
      fit.tau < span->tau || fit.slope * length < least)
    return false;
  double need = needed(trend, settings, span->level, span->factor);
  double tooth = above_teeth(trend);
  if (fit.slope * length < fmax(need, tooth) ||
      fit.level - high < fmax(lead_min * need, tooth) ||
      fit.level - high - leap < fmax(0.8 * lead_min * least, tooth))
    return false;
  date_rise(trend, &fit, high, out);
  return true;
}

/* The last two days without their three largest leaps above `least`: shifts on two days
 * in a row are no leak yet. */
static void without_leaps(const struct trend_ring *ring, double least,
                          double out[2 * DAY_BUCKETS])
{
  enum { LEAPS = 3, LEAP = 2 };
  double values[2 * DAY_BUCKETS];
  int places[2 * DAY_BUCKETS];
  size_t count = 0;
  for (int i = 0; i < 2 * DAY_BUCKETS; i++) {
    out[i] = ring_value(ring, ring->last - 2 * DAY_BUCKETS + i);
    if (!isnan(out[i])) {
      places[count] = i;
      values[count++] = out[i];
    }
  }
  if (count == 0)
    return;
  robust_smooth(values, count);
  for (int n = 0; n < LEAPS; n++) {
    size_t at = 0;
    double leap = robust_leap(values, count, LEAP, &at);
    if (leap < least)
      return;
    for (size_t i = at + 1; i < count; i++) {
      bool within = i < at + LEAP;
      values[i] = within ? NAN : values[i] - leap;
      out[places[i]] = within ? NAN : out[places[i]] - leap;
    }
  }
}

/* How far the last day is above the day before: the median and the 10th percentile of the
 * differences at equal times. False where too few are known. */
static bool compare_days(const struct trend_ring *ring, double least_leap, double *middle,
                         double *low)
{
  double values[2 * DAY_BUCKETS], differences[DAY_BUCKETS];
  size_t count = 0;
  without_leaps(ring, least_leap, values);
  for (size_t i = 0; i < DAY_BUCKETS; i++)
    if (!isnan(values[i + DAY_BUCKETS] - values[i]))
      differences[count++] = values[i + DAY_BUCKETS] - values[i];
  if (count < DAY_BUCKETS - 6)
    return false;
  *middle = robust_median(differences, count);
  *low = robust_select(differences, count, count / 10);
  return true;
}

/* Above the day before at nearly all times of a whole day, and higher than ever. A Monday
 * after a weekend is not: its night is as low. */
static bool rises_by_the_day(const struct trend *trend,
                             const struct trend_settings *settings, struct rise *out)
{
  const struct trend_ring *ring = &trend->rings[2];
  const double window = settings->window;
  double middle, low;
  /* Days cannot be compared where history was moved between them. */
  if (trend->last_time - trend->stepped_at < 2.1 * day * window)
    return false;
  if (!compare_days(ring, settings->rise / 2, &middle, &low) ||
      middle < 0.7 * settings->rise || low < 0.4 * settings->rise)
    return false;
  double need = needed(trend, settings, 2, 0.7);
  double now = (double)ring->last * bucket_widths[2] * window;
  double high = buckets_high_before(trend, window, now - day * window);
  double level = ring_recent_high(ring, DAY_BUCKETS);
  double swing_of_day = high - ring_recent_low(ring, 2 * DAY_BUCKETS);
  /* A saw whose period is not a day has another phase on each day. */
  double tooth = above_teeth(trend);
  if (middle < fmax(need, tooth) || low < lead_min * need ||
      !(level - high >= fmax(fmax(lead_min * need, tooth), 0.2 * swing_of_day)))
    return false;
  const struct fit fit = {.slope = middle / (day * window),
                          .first = now - day * window,
                          .last = now,
                          .level = level};
  date_rise(trend, &fit, high, out);
  return true;
}

bool rise_find(const struct trend *trend, const struct trend_settings *settings,
               int closed, struct rise *out)
{
  for (int i = 0; i < SPANS; i++)
    if (spans[i].level < closed && rises_steadily(trend, settings, &spans[i], out)) {
      out->rule = i;
      return true;
    }
  if (closed < TREND_LEVELS || !rises_by_the_day(trend, settings, out))
    return false;
  out->rule = RULE_DAYS;
  return true;
}
