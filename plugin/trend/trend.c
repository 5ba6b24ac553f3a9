/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/trend.h"

#include <math.h>
#include <string.h>

/* Buckets of a level make one of the next: 1, 5 and 20 sixtieths of the window. */
static const double widths[TREND_LEVELS] = {1.0 / 60, 5.0 / 60, 20.0 / 60};

/* A rise by `factor` times the setting over so many buckets of a level: the longer, the
 * more, for a daily cycle of a peak-to-peak height h rises by 0.13 h in half an hour,
 * 0.61 h in five hours and h in twelve. */
static const struct span {
  int level, buckets;
  double factor, tau; /* Kendall's, at least */
} spans[] = {{0, 30, 1, 0.7},
             {1, 60, 3.1, 0.7},
             {2, 36, 7, 0.7},
             {2, 108, 1.2, 0.9}}; /* so steady that no day shows, and no single jump */
enum {
  SPANS = sizeof(spans) / sizeof(*spans),
  SPAN_STEADY = SPANS - 1,
  SPAN_DAY = SPANS
};
_Static_assert(SPAN_DAY == TREND_SPAN_MAX, "a saved state is checked by it");

static const double tau_steady = 0.7; /* of what an eta is told for */
static const double led_min = 0.5; /* of a rise: by so much it leads above all before */
static const double noise_min = 6; /* times the noise */
static const double error_min = 2; /* times the samples' error */
static const double step_min = 1.25, step_noise = 8; /* a step: times rise, times noise */
static const double fall_min = 0.25;                 /* a fall: times rise */
static const double tooth_min = 1.25;                /* times the saw's tooth */
static const double tooth_days = 3;       /* without one, and it is forgotten */
static const double failure_rise = 16;    /* times the setting */
static const double failure_share = 0.05; /* of MemTotal */
static const double day = 24;             /* windows */
enum { DAY_BUCKETS = 72 };                /* of the last level */
enum { POINTS_MAX = 36, PAIRS_MAX = POINTS_MAX * (POINTS_MAX - 1) / 2 };

/* So many buckets before a jump; those that may be anything between, for they may fall
 * into the middle of it; so many after. */
enum { STEP_BEFORE = 5, STEP_BETWEEN = 2, STEP_AFTER = 2 };
enum { STEP_BUCKETS = STEP_BEFORE + STEP_BETWEEN + STEP_AFTER };

/* --- medians ------------------------------------------------------------------------ */

static void swap(double *a, double *b)
{
  double kept = *a;
  *a = *b;
  *b = kept;
}

/* The value that would be at `wanted` if they were in order. Hoare's selection. */
static double select_value(double *values, size_t count, size_t wanted)
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

/* The lower one of two in the middle: an outlier is mostly above. Moves them about. */
static double median(double *values, size_t count)
{
  return count == 0 ? (double)NAN : select_value(values, count, (count - 1) / 2);
}

/* --- buckets ------------------------------------------------------------------------ */

static double *bucket(struct trend_ring *ring, int64_t index)
{
  return &ring->values[(uint64_t)index % TREND_BUCKETS];
}

static double value_at(const struct trend_ring *ring, int64_t index)
{
  bool kept = index < ring->last && index > ring->last - TREND_BUCKETS && index >= 0;
  return kept ? ring->values[(uint64_t)index % TREND_BUCKETS] : NAN;
}

static int64_t index_of(double time, double width)
{
  return (int64_t)floor(time / width);
}

/* Makes `index` the one that fills. What was filling is closed, and given; else NAN. */
static double advance(struct trend_ring *ring, int64_t index)
{
  if (index <= ring->last)
    return NAN;
  double closed = median(ring->pending, ring->pending_count);
  *bucket(ring, ring->last) = closed;
  int64_t from = ring->last + 1;
  if (index - from > TREND_BUCKETS)
    from = index - TREND_BUCKETS;
  for (int64_t i = from; i <= index; i++)
    *bucket(ring, i) = NAN;
  ring->last = index;
  ring->pending_count = ring->slot = 0;
  return closed;
}

/* Takes one of each TREND_PENDING-th of the bucket, however many come. */
static void fill(struct trend_ring *ring, double time, double width, double value)
{
  double part = time / width - (double)ring->last;
  uint32_t slot = 1 + (uint32_t)(fmin(fmax(part, 0), 0.999) * TREND_PENDING);
  if (slot == ring->slot || ring->pending_count == TREND_PENDING)
    return;
  ring->slot = slot;
  ring->pending[ring->pending_count++] = value;
}

/* What a bucket of level 1 leaves of itself for days: a high that two in a row reach, so
 * that no outlier makes it. */
static void note_high(struct trend *trend, double window, double time, double value)
{
  const struct trend_ring *ring = &trend->rings[1];
  int64_t index = index_of(time, window);
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  int64_t from = trend->high_last + 1;
  if (index - from > count)
    from = index - count;
  for (int64_t i = from; i <= index; i++)
    trend->highs[(uint64_t)i % (uint64_t)count] = NAN;
  if (index > trend->high_last)
    trend->high_last = index;
  double high = fmin(value, value_at(ring, ring->last - 2));
  double *kept = &trend->highs[(uint64_t)trend->high_last % (uint64_t)count];
  if (!isnan(value_at(ring, ring->last - 2)) && !isnan(value))
    *kept = fmax(*kept, high); /* fmax passes over NAN */
}

/* Adds to level 0; what closes there goes up. How many levels closed a bucket that holds
 * something. */
static int take(struct trend *trend, double window, double time, double value)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    double width = widths[level] * window;
    double middle = ((double)ring->last + 0.5) * width;
    double closed = advance(ring, index_of(time, width));
    fill(ring, time, width, value);
    if (isnan(closed))
      return level;
    if (level == 1)
      note_high(trend, window, middle, closed);
    value = closed;
    time = middle;
  }
  return TREND_LEVELS;
}

/* --- what a span of buckets says ---------------------------------------------------- */

struct points {
  double time[POINTS_MAX], value[POINTS_MAX];
  size_t count;
};

/* The known buckets of the last so many, thinned out. */
static void gather(const struct trend_ring *ring, double width, int buckets,
                   struct points *out)
{
  const int stride = (buckets + POINTS_MAX - 1) / POINTS_MAX;
  out->count = 0;
  for (int64_t i = ring->last - buckets; i < ring->last; i++) {
    double value = value_at(ring, i);
    if (isnan(value) || (stride > 1 && i % stride != 0))
      continue;
    out->time[out->count] = ((double)i + 0.5) * width;
    out->value[out->count++] = value;
  }
}

struct fit {
  double slope;       /* bytes per second */
  double tau;         /* -1 to 1 */
  double first, last; /* times of the first and last point */
  double level;       /* median of the last three values */
};

/* Theil's and Sen's slope, and Kendall's tau. False for less than three points. */
static bool fit_points(const struct points *points, struct fit *out)
{
  double slopes[PAIRS_MAX];
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
  *out = (struct fit){.slope = median(slopes, pairs),
                      .tau = (double)order / (double)pairs,
                      .first = points->time[0],
                      .last = points->time[last],
                      .level = median(ends, 3)};
  return true;
}

/* The standard deviation of a level's buckets around whatever trend they have: by how far
 * three quarters of their differences are from the median of these. Not the half: of a
 * saw whose period is about two buckets, more than half are alike. */
static double noise_of(const struct trend_ring *ring)
{
  double differences[TREND_BUCKETS];
  size_t count = 0;
  double before = NAN;
  for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++) {
    double value = value_at(ring, i);
    if (isnan(value))
      continue;
    if (!isnan(before))
      differences[count++] = value - before;
    before = value;
  }
  if (count < 3)
    return 0;
  double middle = median(differences, count);
  for (size_t i = 0; i < count; i++)
    differences[i] = fabs(differences[i] - middle);
  return select_value(differences, count, 3 * count / 4) / (1.1503 * sqrt(2));
}

/* The highest level before `time` that two buckets in a row reached; NAN: none. */
static double high_before(const struct trend *trend, double window, double time)
{
  const struct trend_ring *ring = &trend->rings[1];
  const double width = widths[1] * window;
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  double high = NAN, before = NAN;
  int64_t oldest = ring->last - TREND_BUCKETS + 1;
  for (int64_t i = oldest; i < ring->last && (double)(i + 1) * width <= time; i++) {
    double value = value_at(ring, i);
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

/* What leads or rises by less may be a saw: its next tooth, or the same one in another
 * phase beside a step. */
static double above_teeth(const struct trend *trend)
{
  return tooth_min * trend->tooth;
}

static double needed(const struct trend *trend, const struct trend_settings *settings,
                     int level, double factor)
{
  double need = fmax(factor * settings->rise, error_min * trend->error);
  return fmax(need, noise_min * noise_of(&trend->rings[level]));
}

/* --- the rules ---------------------------------------------------------------------- */

struct finding {
  double rate, since, start, level;
};

/* Where a line of this slope through the present level leaves what was there before. */
static void date(const struct trend *trend, const struct fit *fit, double high,
                 struct finding *out)
{
  double start = isnan(high) ? fit->level - fit->slope * (fit->last - fit->first) : high;
  double since = fit->last - (fit->level - start) / fit->slope;
  *out = (struct finding){.rate = fit->slope,
                          .since = fmax(since, trend->first_time),
                          .start = start,
                          .level = fit->level};
}

/* The largest rise within `buckets` steps from one value to the next; NAN are none. From
 * *at on it begins. */
static double largest_leap(const double values[], size_t count, size_t buckets,
                           size_t *at)
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

/* Each in the middle of its neighbours and itself, so that no outlier is a leap. */
static void smooth(double values[], size_t count)
{
  double before = values[0];
  for (size_t i = 1; i + 1 < count; i++) {
    double three[] = {before, values[i], values[i + 1]};
    before = values[i];
    values[i] = median(three, 3);
  }
}

/* In the middle of a span a single jump looks like a slope. And another one, if both have
 * the height of a step. */
static double leap_of(const struct points *points, double step)
{
  const size_t buckets = points->count > 6 ? 3 : 2; /* a jump takes two samples */
  double values[POINTS_MAX];
  size_t at = 0;
  memcpy(values, points->value, sizeof(values));
  smooth(values, points->count);
  double leap = largest_leap(values, points->count, buckets, &at);
  for (size_t i = at; i < points->count && i <= at + buckets; i++)
    values[i] = NAN;
  double second = largest_leap(values, points->count, buckets, &at);
  return leap + (second >= step ? second : 0);
}

/* Across a gap nothing is steady, and of less than ten points tau says nothing. An
 * interval may be as long as two buckets of level 1. */
static bool has_gaps(const struct points *points, const struct span *span)
{
  static const double least[TREND_LEVELS] = {0.33, 0.4, 0.85};
  const int stride = (span->buckets + POINTS_MAX - 1) / POINTS_MAX;
  return (double)points->count < least[span->level] * span->buckets / stride;
}

static bool rises_steadily(const struct trend *trend,
                           const struct trend_settings *settings, const struct span *span,
                           struct finding *out)
{
  const struct trend_ring *ring = &trend->rings[span->level];
  const double width = widths[span->level] * settings->window;
  const double length = span->buckets * width;
  struct points points;
  struct fit fit;
  gather(ring, width, span->buckets, &points);
  /* What is cheap first: it hardly ever passes. */
  const double least = span->factor * settings->rise;
  if (points.count < 3 || points.time[points.count - 1] - points.time[0] < 0.8 * length ||
      points.value[points.count - 1] - points.value[0] < least / 2)
    return false;
  double high = high_before(trend, settings->window, (double)ring->last * width - length);
  /* Where history was just moved, it fits no better than the noise of the moment. */
  if (trend->last_time - trend->stepped_at < length)
    return false;
  double last = points.value[points.count - 1],
         leap = leap_of(&points, step_min * settings->rise);
  if (has_gaps(&points, span) || last - points.value[0] - leap < least / 2 ||
      last - high < led_min * least / 2 || !fit_points(&points, &fit) ||
      fit.tau < span->tau || fit.slope * length < least)
    return false;
  double need = needed(trend, settings, span->level, span->factor);
  double tooth = above_teeth(trend);
  if (fit.slope * length < fmax(need, tooth) ||
      fit.level - high < fmax(led_min * need, tooth) ||
      fit.level - high - leap < fmax(0.8 * led_min * least, tooth))
    return false;
  date(trend, &fit, high, out);
  return true;
}

/* The largest of the last `buckets` of the last level. */
static double recent_high(const struct trend_ring *ring, int buckets)
{
  double high = NAN;
  for (int64_t i = ring->last - buckets; i < ring->last; i++)
    high = fmax(high, value_at(ring, i));
  return high;
}

/* The last two days without their three largest leaps that are larger than `least`: one
 * shift may come a day after another, and is no leak yet. */
static void without_leaps(const struct trend_ring *ring, double least,
                          double out[2 * DAY_BUCKETS])
{
  enum { LEAPS = 3, LEAP = 2 };
  double values[2 * DAY_BUCKETS];
  int places[2 * DAY_BUCKETS];
  size_t count = 0;
  for (int i = 0; i < 2 * DAY_BUCKETS; i++) {
    out[i] = value_at(ring, ring->last - 2 * DAY_BUCKETS + i);
    if (!isnan(out[i])) {
      places[count] = i;
      values[count++] = out[i];
    }
  }
  if (count == 0)
    return;
  smooth(values, count);
  for (int n = 0; n < LEAPS; n++) {
    size_t at = 0;
    double leap = largest_leap(values, count, LEAP, &at);
    if (leap < least)
      return;
    for (size_t i = at + 1; i < count; i++) {
      bool within = i < at + LEAP;
      values[i] = within ? NAN : values[i] - leap;
      out[places[i]] = within ? NAN : out[places[i]] - leap;
    }
  }
}

/* By how much the last day was above the one before: the median and the tenth part of the
 * differences at equal times. False where too few are known. */
static bool by_the_day(const struct trend_ring *ring, double least_leap, double *middle,
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
  *middle = median(differences, count);
  *low = select_value(differences, count, count / 10);
  return true;
}

static double recent_low(const struct trend_ring *ring, int buckets)
{
  double low = NAN;
  for (int64_t i = ring->last - buckets; i < ring->last; i++)
    low = fmin(low, value_at(ring, i));
  return low;
}

/* For a whole day, at nearly each time above the day before, and higher than ever: no
 * Monday, whose nights are not. */
static bool rises_by_the_day(const struct trend *trend,
                             const struct trend_settings *settings, struct finding *out)
{
  const struct trend_ring *ring = &trend->rings[2];
  const double window = settings->window;
  double middle, low;
  /* Days between which history was moved do not compare. */
  if (trend->last_time - trend->stepped_at < 2.1 * day * window)
    return false;
  if (!by_the_day(ring, settings->rise / 2, &middle, &low) ||
      middle < 0.7 * settings->rise || low < 0.4 * settings->rise)
    return false;
  double need = needed(trend, settings, 2, 0.7);
  double now = (double)ring->last * widths[2] * window;
  double high = high_before(trend, window, now - day * window);
  double level = recent_high(ring, DAY_BUCKETS);
  double swing_of_day = high - recent_low(ring, 2 * DAY_BUCKETS);
  /* Of a saw of another period than a day, the phases of two days are not the same. */
  double tooth = above_teeth(trend);
  if (middle < fmax(need, tooth) || low < led_min * need ||
      !(level - high >= fmax(fmax(led_min * need, tooth), 0.2 * swing_of_day)))
    return false;
  const struct fit fit = {.slope = middle / (day * window),
                          .first = now - day * window,
                          .last = now,
                          .level = level};
  date(trend, &fit, high, out);
  return true;
}

/* --- steps -------------------------------------------------------------------------- */

/* The last `wanted` buckets that hold something, oldest first, and their indices. */
static bool last_known(const struct trend_ring *ring, size_t wanted, double values[],
                       int64_t indices[])
{
  for (int64_t i = ring->last - 1; wanted > 0 && i > ring->last - TREND_BUCKETS; i--)
    if (!isnan(value_at(ring, i))) {
      values[--wanted] = value_at(ring, i);
      indices[wanted] = i;
    }
  return wanted == 0;
}

static double spread(const double values[], size_t count)
{
  double low = values[0], high = values[0];
  for (size_t i = 1; i < count; i++) {
    low = fmin(low, values[i]);
    high = fmax(high, values[i]);
  }
  return high - low;
}

/* The height of a jump that was made and stays, by the setting and by the noise; 0: none.
 */
static double find_step(const struct trend *trend, const struct trend_settings *settings,
                        double *before, int64_t *index)
{
  double values[STEP_BUCKETS], sorted[STEP_BEFORE];
  int64_t indices[STEP_BUCKETS];
  if (!last_known(&trend->rings[0], STEP_BUCKETS, values, indices))
    return 0;
  *index = indices[STEP_BEFORE + STEP_BETWEEN];
  memcpy(sorted, values, sizeof(sorted));
  *before = median(sorted, STEP_BEFORE);
  const double *after = &values[STEP_BEFORE + STEP_BETWEEN];
  double height = fmin(fabs(after[0] - *before), fabs(after[1] - *before));
  double least = (after[1] < *before ? fall_min : step_min) * settings->rise;
  least = fmax(least, error_min * trend->error);
  if (height < least || height < step_noise * noise_of(&trend->rings[0]))
    return 0;
  const double ends[] = {*before, after[0], after[1], values[STEP_BEFORE],
                         values[STEP_BEFORE + 1]};
  /* The end of a tooth that is still among them. */
  if (after[1] < *before && height < 2 * trend->tooth &&
      (double)indices[0] * widths[0] * settings->window < trend->tooth_at)
    return 0;
  if (spread(values, STEP_BEFORE) > height / 4 ||
      spread(after, STEP_AFTER) > height / 4 || spread(ends, 5) > 1.25 * spread(ends, 3))
    return 0;
  return after[1] - *before;
}

/* Moves a value that belongs to the level before. */
static void move_if_old(double *value, double before, double height)
{
  if (fabs(*value - before) < fabs(*value - before - height))
    *value += height;
}

/* Moves a value of history. One that was at the upper level before, or above it, is as
 * high as it ever was. */
static void move_lower(double *value, double before, double height)
{
  if (!(height > 0 && *value > before + height / 2))
    *value += height;
}

/* Moves all history before bucket `index` of level 0, so that no slope is left. */
static void move_history(struct trend *trend, int64_t index, double before, double height)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++) {
      if (i < 0 || (level == 0 && i >= index))
        continue;
      if (level == 0 ? i >= index - STEP_BETWEEN : i >= ring->last - 1)
        move_if_old(bucket(ring, i), before, height);
      else
        move_lower(bucket(ring, i), before, height);
    }
    for (uint32_t i = 0; level > 0 && i < ring->pending_count; i++)
      move_if_old(&ring->pending[i], before, height);
  }
  for (size_t i = 0; i < sizeof(trend->highs) / sizeof(*trend->highs); i++)
    move_lower(&trend->highs[i], before, height);
}

/* Whether history may be moved once more upwards: twice a day. */
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

/* Whether this takes back one of those steps. Any other way down is left as it is: the
 * end of a saw's tooth does not make the next one a rise. */
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

/* Whether it rose from `bottom` to `top` before `time`, and not by leaps: then a fifth of
 * what is known since then lies in the middle between them. */
static bool has_climbed(const struct trend_ring *ring, double width, double time,
                        double bottom, double top)
{
  const double quarter = (top - bottom) / 4;
  unsigned known = 0, middle = 0;
  for (int64_t i = ring->last - 1; i > ring->last - TREND_BUCKETS; i--) {
    double value = value_at(ring, i);
    if (isnan(value) || (double)(i + 1) * width > time)
      continue;
    if (fabs(value - bottom) <= quarter && 5 * middle >= known)
      return middle > 0;
    known++;
    middle += value > bottom + quarter && value < top - quarter;
  }
  return false;
}

/* A sudden fall to where the series climbed from is the end of a saw's tooth. */
static void look_for_tooth(struct trend *trend, const struct trend_settings *settings)
{
  enum { COUNT = 5 };
  const double window = settings->window, now = trend->last_time;
  double values[COUNT];
  int64_t indices[COUNT];
  if (now - trend->tooth_at > tooth_days * day * window)
    trend->tooth = 0;
  if (!last_known(&trend->rings[0], COUNT, values, indices))
    return;
  /* Two before, two after, and one that may be between. */
  double fall = fmin(values[1], fmax(values[0], values[2])) - fmax(values[3], values[4]);
  if (fall < fall_min * settings->rise || fall < step_noise * noise_of(&trend->rings[0]))
    return;
  double time = (double)indices[0] * widths[0] * window;
  double bottom = values[4], top = bottom + fall;
  bool climbed = false;
  for (int level = 0; level < TREND_LEVELS && !climbed; level++)
    climbed =
        has_climbed(&trend->rings[level], widths[level] * window, time, bottom, top);
  if (!climbed)
    return;
  /* These are not quite its top and bottom: it climbed before the fall and after it. */
  fall += 2 * fmax(0, fmin(values[1] - values[0], values[4] - values[3]));
  trend->tooth = fmax(trend->tooth, fall);
  trend->tooth_at = now;
}

static void change(struct trend *trend, enum trend_state state)
{
  trend->state = state;
  trend->changed_at = trend->last_time;
}

/* What says how high it was: the closed buckets of level 1, and the highs of windows. The
 * n-th of them that is kept, from `n` on; NULL after the last. */
static double *next_high(struct trend *trend, double window, int64_t *n, double *begins)
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
    *begins = (double)index * (is_bucket ? widths[1] * window : window);
    return is_bucket ? bucket(ring, index)
                     : &trend->highs[(uint64_t)index % (uint64_t)count];
  }
  return NULL;
}

/* Takes out of history what says how high it was before `time`. */
static void forget_highs(struct trend *trend, double window, double time)
{
  int64_t n = 0;
  double begins, *high;
  while ((high = next_high(trend, window, &n, &begins)) != NULL)
    if (begins < time)
      *high = NAN;
}

/* Lowers what says how high it was before it dropped, where it was nearer to the level
 * that was left then. */
static void lower_highs(struct trend *trend, double window)
{
  const double from = trend->dropped_from;
  int64_t n = 0;
  double begins, *high;
  while ((high = next_high(trend, window, &n, &begins)) != NULL)
    if (begins < trend->dropped_at)
      move_if_old(high, from, trend->dropped_to - from);
}

/* The highest since `time`. */
static double high_since(struct trend *trend, double window, double time)
{
  int64_t n = 0;
  double begins, *high, highest = NAN;
  while ((high = next_high(trend, window, &n, &begins)) != NULL)
    if (begins >= time)
      highest = fmax(highest, *high);
  return highest;
}

/* A level that was left for good is no record to beat: after six windows where it was
 * left at once (a reboot), for the tooth of a saw would be back, what is known of it is
 * lowered; after a day and a bit it is forgotten. */
static void look_for_lower_level(struct trend *trend,
                                 const struct trend_settings *settings)
{
  static const double soon = 6, late = 26;
  const double window = settings->window, now = trend->last_time;
  if (now - trend->dropped_at >= soon * window) { /* never for NAN */
    double high = high_since(trend, window, trend->dropped_at + widths[1] * window);
    if (high < (trend->dropped_from + trend->dropped_to) / 2)
      lower_highs(trend, window);
    trend->dropped_at = NAN;
  }
  double recently = now - late * window;
  if (recently > trend->first_time &&
      high_since(trend, window, recently) <
          high_before(trend, window, recently) - settings->rise / 4)
    forget_highs(trend, window, recently);
}

static void look_for_step(struct trend *trend, const struct trend_settings *settings)
{
  double before = 0;
  int64_t index = 0;
  look_for_tooth(trend, settings);
  double height = find_step(trend, settings, &before, &index);
  if (height < 0 && !takes_back(trend, height)) {
    double watched = trend->dropped_from - trend->dropped_to;
    if (!isnan(trend->dropped_at) && watched > -height)
      return;
    trend->dropped_at = ((double)index) * widths[0] * settings->window;
    trend->dropped_from = before;
    trend->dropped_to = before + height;
    return;
  }
  if (height == 0 || (height > 0 && !may_step_up(trend, settings->window, height)))
    return;
  move_history(trend, index, before, height);
  trend->stepped_at = trend->last_time;
  if (height < 0)
    return; /* good news is no notice */
  trend->since = ((double)index) * widths[0] * settings->window;
  trend->start = before;
  trend->peak = before + height;
  change(trend, TREND_STEP);
}

/* --- states ------------------------------------------------------------------------- */

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

static void begin_incident(struct trend *trend, const struct finding *finding, int span)
{
  trend->span = span;
  trend->since = finding->since;
  trend->start = finding->start;
  trend->peak = trend->mark = finding->level;
  trend->peak_at = trend->last_time;
  change(trend, TREND_WARNING);
}

/* In the levels that closed a bucket. */
static void look_for_rise(struct trend *trend, const struct trend_settings *settings,
                          int closed)
{
  struct finding finding;
  if (trend->last_time - trend->first_time < settings->window)
    return; /* a saw-tooth is not known yet */
  for (int i = 0; i < SPANS; i++)
    if (spans[i].level < closed && rises_steadily(trend, settings, &spans[i], &finding)) {
      begin_incident(trend, &finding, i);
      return;
    }
  if (closed == TREND_LEVELS && rises_by_the_day(trend, settings, &finding))
    begin_incident(trend, &finding, SPAN_DAY);
}

/* What the incident brought is no history to compare the next one with. */
static void forget_incident(struct trend *trend, double window)
{
  for (int level = 0; level < TREND_LEVELS; level++) {
    struct trend_ring *ring = &trend->rings[level];
    for (int64_t i = ring->last - TREND_BUCKETS + 1; i < ring->last; i++)
      if (i >= 0 && (double)(i + 1) * widths[level] * window > trend->since)
        *bucket(ring, i) = NAN;
    ring->pending_count = ring->slot = 0;
  }
  const int64_t count = sizeof(trend->highs) / sizeof(*trend->highs);
  for (int64_t i = trend->high_last; i > trend->high_last - count && i >= 0; i--)
    if ((double)(i + 1) * window > trend->since)
      trend->highs[(uint64_t)i % (uint64_t)count] = NAN;
}

/* The level of late: the median of the last five buckets of level 0 that hold anything.
 */
static double level_of_late(const struct trend *trend)
{
  enum { LATE = 5 };
  double values[LATE];
  size_t count = 0;
  const struct trend_ring *ring = &trend->rings[0];
  for (int64_t i = ring->last - 1; count < LATE && i > ring->last - 60; i--)
    if (!isnan(value_at(ring, i)))
      values[count++] = value_at(ring, i);
  return median(values, count);
}

/* That of the same time a day before. */
static double level_of_yesterday(const struct trend *trend)
{
  const struct trend_ring *ring = &trend->rings[2];
  double values[3];
  size_t count = 0;
  for (int64_t i = ring->last - DAY_BUCKETS - 1; i <= ring->last - DAY_BUCKETS + 1; i++)
    if (!isnan(value_at(ring, i)))
      values[count++] = value_at(ring, i);
  return median(values, count);
}

/* An incident is over when half of it was given back, or when it has not grown for a day.
 */
static void look_for_end(struct trend *trend, const struct trend_settings *settings)
{
  double level = level_of_late(trend);
  if (isnan(level))
    return;
  trend->peak = fmax(trend->peak, level);
  if (level > trend->mark + settings->rise / 4) {
    trend->mark = level;
    trend->peak_at = trend->last_time;
  }
  bool given_back = level <= trend->start + (trend->peak - trend->start) / 2;
  /* At night a slow leak is below the half as well: there it is the day before that
   * counts.
   */
  double since_yesterday = level - level_of_yesterday(trend);
  if (trend->span >= SPAN_STEADY && !isnan(since_yesterday))
    given_back = since_yesterday < -settings->rise / 6;
  bool at_rest = trend->last_time - trend->peak_at > day * settings->window;
  if (!given_back && !at_rest)
    return;
  /* The second one within a day is known by then: it may be a saw-tooth. */
  bool again = trend->last_time - trend->given_back_at < day * settings->window;
  if (!again)
    forget_incident(trend, settings->window);
  if (given_back)
    trend->given_back_at = trend->last_time;
  trend->since = NAN;
  change(trend, TREND_OKAY);
}

/* The slope of the last window, or of the span that gave the alarm. */
static void measure_rate(struct trend *trend, const struct trend_settings *settings)
{
  bool rising = trend->state >= TREND_WARNING;
  int level = rising && trend->span > 0 ? 1 + (trend->span > 1) : 0;
  int buckets = level > 0 ? POINTS_MAX : rising ? 30 : 60;
  double width = widths[level] * settings->window;
  struct points points;
  struct fit fit;
  gather(&trend->rings[level], width, buckets, &points);
  bool told = fit_points(&points, &fit) && fit.last - fit.first >= 10 * width;
  trend->rate = told ? fit.slope : NAN;
  trend->tau = told ? fit.tau : NAN;
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

/* A bucket was closed. */
static void judge(struct trend *trend, const struct trend_settings *settings, int closed)
{
  const double rest = 10 * widths[0] * settings->window;
  if (trend->state >= TREND_WARNING) {
    look_for_end(trend, settings);
    return;
  }
  if (trend->state == TREND_STEP && trend->last_time - trend->changed_at > rest) {
    trend->since = NAN;
    change(trend, TREND_OKAY);
  }
  look_for_step(trend, settings);
  if (closed > 1)
    look_for_lower_level(trend, settings);
  look_for_rise(trend, settings, closed);
}

/* Their clock to ours, which does not go back. */
static double take_time(struct trend *trend, double window, double theirs)
{
  double time = theirs + trend->offset;
  if (!trend->begun || time - trend->last_time > TREND_DAYS * day * window)
    reset(trend, time);
  if (time < trend->last_time) {
    trend->offset += trend->last_time - time;
    time = trend->last_time;
  }
  trend->last_time = time;
  return time;
}

void trend_add(struct trend *trend, const struct trend_settings *settings,
               const struct trend_sample *sample, struct trend_verdict *out)
{
  enum trend_state before = trend->state;
  double time = take_time(trend, settings->window, sample->time);
  /* A large error is remembered for as long as its samples are in a bucket of the span. A
   * single one is an outlier, which medians pass over. */
  trend->error = fmax(fmin(sample->error, trend->error_before), trend->error * 0.99);
  trend->error_before = sample->error;
  int closed = take(trend, settings->window, time, sample->bytes);
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
