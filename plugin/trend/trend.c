/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/trend.h"
#include "buckets.h"
#include "rise.h"
#include "step.h"

#include <math.h>
#include <string.h>

static const double tau_steady = 0.7;     /* at least, where there is an eta */
static const double failure_rise = 16;    /* times the setting */
static const double failure_share = 0.05; /* of MemTotal */

static void change(struct trend *trend, enum trend_state state)
{
  trend->state = state;
  trend->changed_at = trend->last_time;
}

static void reset(struct trend *trend, double time)
{
  double offset = trend->offset;
  memset(trend, 0, sizeof(*trend));
  for (int level = 0; level < TREND_LEVELS; level++)
    for (int i = 0; i < TREND_BUCKETS; i++)
      trend->rings[level].values[i] = NAN;
  for (size_t i = 0; i < sizeof(trend->highs) / sizeof(*trend->highs); i++)
    trend->highs[i] = NAN;
  trend->begun = true;
  trend->offset = offset;
  trend->first_time = trend->last_time = time;
  trend->since = trend->rate = trend->tau = NAN;
  trend->dropped_at = trend->dropped_from = trend->dropped_to = trend->given_back_at =
      NAN;
  trend->stepped_at = NAN;
  for (int i = 0; i < TREND_STEPS; i++)
    trend->steps[i].at = NAN;
}

static void begin_incident(struct trend *trend, const struct rise *rise)
{
  trend->span = rise->rule;
  trend->since = rise->since;
  trend->start = rise->start;
  trend->peak = trend->mark = rise->level;
  trend->peak_at = trend->last_time;
  change(trend, TREND_WARNING);
}

static void look_for_rise(struct trend *trend, const struct trend_settings *settings,
                          int closed)
{
  struct rise rise;
  if (trend->last_time - trend->first_time < settings->window)
    return; /* the teeth of a saw are not known yet */
  if (rise_find(trend, settings, closed, &rise))
    begin_incident(trend, &rise);
}

/* The next incident is not compared with what this one brought. */
static void forget_incident(struct trend *trend, double window)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++)
      if (i >= 0 && (double)(i + 1) * bucket_widths[level] * window > trend->since)
        *ring_bucket(ring, i) = NAN;
    ring->pending_count = ring->slot = 0;
  }
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  for (int64_t i = trend->high_last; i > trend->high_last - count && i >= 0; i--)
    if ((double)(i + 1) * window > trend->since)
      trend->highs[(uint64_t)i % (uint64_t)count] = NAN;
}

/* The median of the last five buckets of level 0 that hold anything. */
static double present_level(const struct trend *trend)
{
  enum { BUCKETS = 5 };
  double values[BUCKETS];
  size_t count = 0;
  const struct trend_ring *ring = &trend->rings[0];
  for (int64_t i = ring->last - 1; count < BUCKETS && i > ring->last - 60; i--)
    if (!isnan(ring_value(ring, i)))
      values[count++] = ring_value(ring, i);
  return robust_median(values, count);
}

/* The level at the same time a day ago. */
static double level_a_day_ago(const struct trend *trend)
{
  const struct trend_ring *ring = &trend->rings[2];
  double values[3];
  size_t count = 0;
  for (int64_t i = ring->last - DAY_BUCKETS - 1; i <= ring->last - DAY_BUCKETS + 1; i++)
    if (!isnan(ring_value(ring, i)))
      values[count++] = ring_value(ring, i);
  return robust_median(values, count);
}

/* An incident is over when half of it was given back, or when it has not grown for a day.
 */
static void look_for_end(struct trend *trend, const struct trend_settings *settings)
{
  double level = present_level(trend);
  if (isnan(level))
    return;
  trend->peak = fmax(trend->peak, level);
  if (level > trend->mark + settings->rise / 4) {
    trend->mark = level;
    trend->peak_at = trend->last_time;
  }
  bool given_back = level <= trend->start + (trend->peak - trend->start) / 2;
  /* A slow leak is below its half at night as well: compare it with the day before. */
  double since_yesterday = level - level_a_day_ago(trend);
  if (trend->span >= RISE_RULE_SLOW && !isnan(since_yesterday))
    given_back = since_yesterday < -settings->rise / 6;
  bool at_rest = trend->last_time - trend->peak_at > day * settings->window;
  if (!given_back && !at_rest)
    return;
  /* A second one within a day may be the tooth of a saw: keep it. */
  bool again = trend->last_time - trend->given_back_at < day * settings->window;
  if (!again)
    forget_incident(trend, settings->window);
  if (given_back)
    trend->given_back_at = trend->last_time;
  trend->since = NAN;
  change(trend, TREND_OKAY);
}

/* The slope of the last window, or of the span that raised the alarm. */
static void measure_rate(struct trend *trend, const struct trend_settings *settings)
{
  bool rising = trend->state >= TREND_WARNING;
  int level = rising && trend->span > 0 ? 1 + (trend->span > 1) : 0;
  int buckets = level > 0 ? POINTS_MAX : rising ? 30 : 60;
  double width = bucket_widths[level] * settings->window;
  struct points points;
  struct fit fit;
  ring_points(&trend->rings[level], width, buckets, &points);
  bool has_slope = robust_fit(&points, &fit) && fit.last - fit.first >= 10 * width;
  trend->rate = has_slope ? fit.slope : NAN;
  trend->tau = has_slope ? fit.tau : NAN;
}

static double eta_of(const struct trend *trend, const struct trend_settings *settings,
                     double available)
{
  bool steady =
      trend->tau >= tau_steady && trend->rate * settings->window >= settings->rise / 2;
  if (isnan(available) || isnan(trend->rate) || trend->rate <= 0 ||
      (trend->state < TREND_WARNING && !steady))
    return NAN;
  return available / trend->rate;
}

static void look_for_failure(struct trend *trend, const struct trend_settings *settings,
                             const struct trend_sample *sample, double eta)
{
  double rise = trend->peak - trend->start;
  if (eta < day * settings->window || rise >= failure_rise * settings->rise ||
      rise >= failure_share * sample->total)
    change(trend, TREND_FAILURE);
}

/* Of a sample that closed buckets of so many levels. */
static void judge(struct trend *trend, const struct trend_settings *settings, int closed)
{
  const double step_lasts = 10 * bucket_widths[0] * settings->window;
  if (trend->state >= TREND_WARNING) {
    look_for_end(trend, settings);
    return;
  }
  if (trend->state == TREND_STEP && trend->last_time - trend->changed_at > step_lasts) {
    trend->since = NAN;
    change(trend, TREND_OKAY);
  }
  if (step_look_for_jump(trend, settings))
    change(trend, TREND_STEP);
  if (closed > 1)
    step_look_for_lower_level(trend, settings);
  look_for_rise(trend, settings, closed);
}

/* The time of a sample by the clock of the trend, which never goes back. */
static double take_time(struct trend *trend, double window, double of_sample)
{
  double time = of_sample + trend->offset;
  if (!trend->begun || time - trend->last_time > TREND_DAYS * day * window)
    reset(trend, time);
  if (time < trend->last_time) {
    trend->offset += trend->last_time - time;
    time = trend->last_time;
  }
  trend->last_time = time;
  return time;
}

double trend_rise(const struct trend_settings *settings, double total)
{
  if (settings->rise > 0)
    return settings->rise;
  /* fmin() is the constant where the total is NAN. */
  return fmax(TREND_RISE_LEAST, fmin(TREND_RISE, total * TREND_RISE_SHARE));
}

void trend_add(struct trend *trend, const struct trend_settings *given,
               const struct trend_sample *sample, struct trend_verdict *out)
{
  const struct trend_settings *settings = &(struct trend_settings){
      .window = given->window, .rise = trend_rise(given, sample->total)};
  enum trend_state before = trend->state;
  double time = take_time(trend, settings->window, sample->time);
  /* A large error is remembered for as long as its samples are in buckets of the span. A
   * single one is an outlier, which medians ignore. */
  trend->error = fmax(fmin(sample->error, trend->error_before), trend->error * 0.99);
  trend->error_before = sample->error;
  int closed = buckets_add(trend, settings->window, time, sample->bytes);
  if (closed > 0) {
    judge(trend, settings, closed);
    measure_rate(trend, settings);
    if (trend->state == TREND_WARNING)
      look_for_failure(trend, settings, sample,
                       eta_of(trend, settings, sample->available));
  }
  bool incident = trend->state != TREND_OKAY;
  *out = (struct trend_verdict){
      .state = trend->state,
      .changed = trend->state != before,
      .rate = trend->rate,
      .eta = eta_of(trend, settings, sample->available),
      .since = incident ? trend->since - trend->offset : NAN,
      .rise = incident ? trend->peak - trend->start : NAN,
  };
}

const char *trend_state_name(enum trend_state state)
{
  static const char *const names[] = {"okay", "step", "warning", "failure"};
  return names[state];
}
