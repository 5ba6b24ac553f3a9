/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/trend.h"

#include "suite.h"

#include <math.h>

#define MIB    1048576.0
#define MINUTE 60.0
#define HOUR   3600.0
#define DAY    86400.0

#define ck_assert_near(a, b, within)                                                     \
  ck_assert_msg(fabs((a) - (b)) <= (within), "%.17g, not %.17g", (double)(a), (double)(b))

static const double epoch = 1.7e9;

/* A series, its trend, and the verdicts on it. */
struct run {
  struct trend trend;
  struct trend_settings settings;
  struct trend_sample sample; /* the next one */
  double interval, noise;
  uint64_t random;
  struct trend_verdict verdict; /* the last one */
  unsigned entered[TREND_FAILURE + 1];
  double changed_at; /* time of the last change */
};

static struct run begin(void)
{
  return (struct run){.settings = {.window = TREND_WINDOW, .rise = TREND_RISE},
                      .sample = {.time = epoch,
                                 .bytes = 100 * MIB,
                                 .error = MIB,
                                 .available = 1e12,
                                 .total = 2e12},
                      .interval = 60,
                      .noise = MIB / 2};
}

/* splitmix64: -1 to 1. */
static double random_part(uint64_t *state)
{
  uint64_t z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (double)((z ^ z >> 31) >> 11) / 4503599627370496.0 - 1;
}

static void add(struct run *run)
{
  struct trend_sample sample = run->sample;
  enum trend_state before = run->verdict.state;
  sample.bytes += run->noise * random_part(&run->random);
  trend_add(&run->trend, &run->settings, &sample, &run->verdict);
  ck_assert(run->verdict.changed == (run->verdict.state != before));
  if (run->verdict.changed) {
    run->entered[run->verdict.state]++;
    run->changed_at = sample.time;
  }
  run->sample.time += run->interval;
}

/* Adds samples for so many seconds, at a slope in bytes per second. */
static void go_on(struct run *run, double seconds, double slope)
{
  double from = run->sample.time, bytes = run->sample.bytes;
  while (run->sample.time < from + seconds) {
    run->sample.bytes = bytes + slope * (run->sample.time - from);
    add(run);
  }
  run->sample.bytes = bytes + slope * seconds;
}

static void stay(struct run *run, double seconds)
{
  go_on(run, seconds, 0);
}

/* Leaks until the state is reached, for so many seconds at most. */
static void leak_until(struct run *run, enum trend_state state, double slope,
                       double seconds)
{
  double end = run->sample.time + seconds;
  while (run->verdict.state < state && run->sample.time < end)
    go_on(run, run->interval, slope);
  ck_assert_msg(run->verdict.state == state, "%s after %.1f h",
                trend_state_name(run->verdict.state), seconds / HOUR);
}

static unsigned alarms(const struct run *run)
{
  return run->entered[TREND_WARNING] + run->entered[TREND_FAILURE];
}

static unsigned changes(const struct run *run)
{
  return alarms(run) + run->entered[TREND_STEP] + run->entered[TREND_OKAY];
}

/* --- what stays okay --------------------------------------------------------------- */

START_TEST(first_sample_is_okay_without_any_number)
{
  struct run run = begin();
  add(&run);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert(!run.verdict.changed);
  ck_assert(isnan(run.verdict.rate));
  ck_assert(isnan(run.verdict.eta));
  ck_assert(isnan(run.verdict.since));
  ck_assert(isnan(run.verdict.rise));
}
END_TEST

START_TEST(noise_stays_okay)
{
  struct run run = begin();
  run.noise = 2 * MIB;
  stay(&run, 10 * DAY);
  ck_assert_uint_eq(changes(&run), 0);
  ck_assert_near(run.verdict.rate, 0, 2 * MIB / HOUR);
  ck_assert(isnan(run.verdict.since));
  ck_assert(isnan(run.verdict.eta));
}
END_TEST

START_TEST(a_constant_stays_okay)
{
  struct run run = begin();
  run.noise = run.sample.error = 0;
  stay(&run, 3 * DAY);
  ck_assert_uint_eq(changes(&run), 0);
  ck_assert(run.verdict.rate == 0);
  ck_assert(isnan(run.verdict.eta));
}
END_TEST

START_TEST(single_outliers_are_ignored)
{
  struct run run = begin();
  run.interval = 10;
  double bytes = run.sample.bytes;
  for (unsigned i = 0; i < 3 * 8640; i++) {
    run.sample.bytes = bytes + (i % 50 == 0 ? 100 * MIB : 0);
    add(&run);
  }
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(daily_cycle_stays_okay)
{
  struct run run = begin();
  double bytes = run.sample.bytes;
  while (run.sample.time < epoch + 10 * DAY) {
    run.sample.bytes = bytes + 32 * MIB * sin(run.sample.time * 2 * acos(-1) / DAY);
    add(&run);
  }
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(saw_of_48_mib_stays_okay)
{
  static const double periods[] = {5 * MINUTE,  20 * MINUTE, 33 * MINUTE, 40 * MINUTE,
                                   50 * MINUTE, HOUR,        5 * HOUR,    DAY};
  for (size_t i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
    struct run run = begin();
    double bytes = run.sample.bytes;
    while (run.sample.time < epoch + 5 * DAY) {
      double turns = (run.sample.time - epoch) / periods[i];
      run.sample.bytes = bytes + 48 * MIB * (turns - floor(turns));
      add(&run);
    }
    ck_assert_msg(alarms(&run) == 0, "period of %.0f s", periods[i]);
  }
}
END_TEST

/* A sample a second. A quarter of each minute is high, so its median does not move. */
START_TEST(bursts_within_a_bucket_are_ignored)
{
  struct run run = begin();
  run.interval = 1;
  stay(&run, 5 * HOUR);
  for (unsigned i = 0; i < 300; i++) {
    run.sample.time = ceil(run.sample.time / MINUTE) * MINUTE;
    run.sample.bytes += 100 * MIB;
    stay(&run, 15);
    run.sample.bytes -= 100 * MIB;
    stay(&run, 44);
  }
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(fall_stays_okay)
{
  struct run run = begin();
  run.sample.bytes = 4096 * MIB;
  stay(&run, 3 * HOUR);
  go_on(&run, 12 * HOUR, -MIB / MINUTE);
  stay(&run, DAY);
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(rise_in_the_first_window_is_no_warning)
{
  struct run run = begin();
  go_on(&run, HOUR - MINUTE, MIB / MINUTE);
  ck_assert_uint_eq(alarms(&run), 0);
}
END_TEST

/* --- leaks ------------------------------------------------------------------------- */

START_TEST(leak_of_a_mib_per_minute_is_a_warning_and_its_end_okay)
{
  struct run run = begin();
  stay(&run, 3 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  go_on(&run, 30 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  run.sample.bytes = 100 * MIB;
  stay(&run, 2 * HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert(isnan(run.verdict.since));
  stay(&run, 3 * DAY);
  ck_assert_uint_eq(run.entered[TREND_WARNING], 1);
  ck_assert_uint_eq(run.entered[TREND_OKAY], 1);
  ck_assert_uint_eq(changes(&run), 2);
}
END_TEST

START_TEST(leak_of_20_mib_per_hour_is_a_warning)
{
  struct run run = begin();
  stay(&run, 3 * HOUR);
  leak_until(&run, TREND_WARNING, 20 * MIB / HOUR, 6 * HOUR);
}
END_TEST

START_TEST(leak_of_a_mib_per_hour_is_a_warning)
{
  struct run run = begin();
  leak_until(&run, TREND_WARNING, MIB / HOUR, 48 * HOUR);
  struct run later = begin();
  stay(&later, 3 * DAY);
  leak_until(&later, TREND_WARNING, MIB / HOUR, 48 * HOUR);
}
END_TEST

static void leak_and_free(struct run *run, double seconds)
{
  leak_until(run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  go_on(run, 30 * MINUTE, MIB / MINUTE);
  run->sample.bytes = 100 * MIB;
  stay(run, seconds);
  ck_assert_int_eq(run->verdict.state, TREND_OKAY);
}

START_TEST(leak_that_returns_is_found_as_quickly)
{
  struct run run = begin();
  stay(&run, 3 * HOUR);
  leak_and_free(&run, 4 * HOUR);
  leak_and_free(&run, 2 * DAY);
  leak_and_free(&run, 2 * HOUR);
  ck_assert_uint_eq(run.entered[TREND_WARNING], 3);
}
END_TEST

/* Its first two teeth look like leaks. */
START_TEST(saw_above_all_limits_stops_warning_once_known)
{
  struct run run = begin();
  stay(&run, 3 * HOUR);
  double bytes = run.sample.bytes, began = run.sample.time;
  while (run.sample.time < began + 4 * DAY) {
    double turns = (run.sample.time - began) / (2 * HOUR);
    run.sample.bytes = bytes + 120 * MIB * (turns - floor(turns));
    add(&run);
  }
  ck_assert_uint_ge(alarms(&run), 1);
  ck_assert_uint_le(alarms(&run), 3);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
}
END_TEST

START_TEST(leak_that_stops_without_freeing_ends)
{
  struct run run = begin();
  stay(&run, 3 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  stay(&run, 12 * HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  stay(&run, 3 * DAY);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert_uint_eq(alarms(&run), 1);
}
END_TEST

START_TEST(verdict_on_an_exact_ramp_is_exact)
{
  struct run run = begin();
  run.noise = 0;
  run.sample.available = 4096 * MIB;
  stay(&run, 4 * HOUR);
  double began = run.sample.time;
  go_on(&run, 45 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  ck_assert_near(run.verdict.since, began, 4 * MINUTE);
  ck_assert_near(run.verdict.rise, 45 * MIB, 10 * MIB);
  go_on(&run, 60 * MINUTE, MIB / MINUTE); /* now it fills the window */
  ck_assert_near(run.verdict.rate, MIB / MINUTE, 1e-6 * MIB);
  ck_assert_near(run.verdict.eta, 4096 * MINUTE, 1e-3);
  ck_assert_near(run.verdict.since, began, 4 * MINUTE);
}
END_TEST

START_TEST(rate_is_known_without_an_alarm)
{
  struct run run = begin();
  run.noise = 0;
  go_on(&run, 3 * HOUR, 2 * MIB / HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert_near(run.verdict.rate, 2 * MIB / HOUR, 1e-6 * MIB);
}
END_TEST

START_TEST(warning_becomes_a_failure_when_memory_will_not_last_a_day)
{
  struct run run = begin();
  run.sample.available = 3 * 1440 * MIB;
  stay(&run, 3 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  ck_assert_uint_eq(run.entered[TREND_FAILURE], 0);
  run.sample.available = 700 * MIB;
  go_on(&run, 2 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_FAILURE);
  run.sample.bytes = 100 * MIB;
  stay(&run, 2 * HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
}
END_TEST

START_TEST(warning_becomes_a_failure_by_its_share_of_all_memory)
{
  struct run run = begin();
  run.sample.total = 2000 * MIB; /* 5 %: 100 */
  stay(&run, 3 * HOUR);
  go_on(&run, 60 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  go_on(&run, 60 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_FAILURE);
}
END_TEST

START_TEST(warning_becomes_a_failure_by_its_size)
{
  struct run run = begin();
  run.sample.available = run.sample.total = NAN;
  stay(&run, 3 * HOUR);
  go_on(&run, 6 * HOUR, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  go_on(&run, 2 * HOUR, MIB / MINUTE); /* 480 MiB */
  ck_assert_int_eq(run.verdict.state, TREND_FAILURE);
}
END_TEST

START_TEST(failure_stays_until_the_end_of_the_incident)
{
  struct run run = begin();
  run.sample.available = 700 * MIB;
  stay(&run, 3 * HOUR);
  go_on(&run, HOUR, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_FAILURE);
  run.sample.available = 1e12;
  stay(&run, 3 * HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_FAILURE);
  ck_assert_uint_eq(run.entered[TREND_FAILURE], 1);
}
END_TEST

START_TEST(without_available_and_total_there_is_a_warning_and_no_eta)
{
  struct run run = begin();
  run.sample.available = run.sample.total = NAN;
  stay(&run, 3 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  go_on(&run, HOUR, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  ck_assert(isnan(run.verdict.eta));
  ck_assert_near(run.verdict.rate, MIB / MINUTE, 0.1 * MIB / MINUTE);
}
END_TEST

START_TEST(error_larger_than_the_rise_suppresses)
{
  struct run run = begin();
  run.sample.error = 64 * MIB;
  stay(&run, 3 * HOUR);
  go_on(&run, HOUR, MIB / MINUTE);
  ck_assert_uint_eq(alarms(&run), 0);
  /* but not a rise above all errors */
  leak_until(&run, TREND_WARNING, 4 * MIB / MINUTE, 2 * HOUR);
}
END_TEST

/* A noise of a sixth of the rise is enough. */
START_TEST(noise_close_to_the_rise_suppresses)
{
  static const double noises[] = {10, 60};
  for (size_t i = 0; i < sizeof(noises) / sizeof(*noises); i++) {
    struct run run = begin();
    run.noise = noises[i] * MIB;
    stay(&run, 12 * HOUR);
    go_on(&run, 40 * MINUTE, MIB / MINUTE);
    ck_assert_uint_eq(alarms(&run), 0);
  }
}
END_TEST

/* --- steps ------------------------------------------------------------------------- */

static void jump(struct run *run, double bytes, double seconds)
{
  run->sample.bytes += bytes;
  stay(run, seconds);
}

START_TEST(jump_that_stays_is_a_step_and_then_okay)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  double at = run.sample.time;
  jump(&run, 300 * MIB, 5 * MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_STEP);
  ck_assert_near(run.verdict.since, at, 2 * MINUTE);
  ck_assert_near(run.verdict.rise, 300 * MIB, 3 * MIB);
  stay(&run, 3 * DAY);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert_uint_eq(run.entered[TREND_STEP], 1);
  ck_assert_uint_eq(run.entered[TREND_OKAY], 1);
  ck_assert_uint_eq(changes(&run), 2);
}
END_TEST

START_TEST(jump_in_two_samples_is_one_step)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  jump(&run, 200 * MIB, MINUTE);
  jump(&run, 100 * MIB, DAY);
  ck_assert_uint_eq(run.entered[TREND_STEP], 1);
  ck_assert_uint_eq(alarms(&run), 0);
}
END_TEST

START_TEST(jump_of_any_height_is_no_alarm)
{
  static const double heights[] = {2, 8, 14, 20, 26, 32, 40, 100, 1000, 8192};
  for (size_t i = 0; i < sizeof(heights) / sizeof(*heights); i++) {
    struct run run = begin();
    stay(&run, 30 * HOUR);
    jump(&run, heights[i] * MIB, 5 * DAY);
    ck_assert_msg(alarms(&run) == 0, "%.0f MiB", heights[i]);
  }
}
END_TEST

START_TEST(jump_of_a_minute_is_ignored)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  for (unsigned i = 0; i < 20; i++) {
    jump(&run, 300 * MIB, MINUTE);
    jump(&run, -300 * MIB, 30 * MINUTE);
  }
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(step_that_is_taken_back_again_and_again_is_no_alarm)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  for (unsigned i = 0; i < 20; i++) {
    jump(&run, 1000 * MIB, 3 * HOUR);
    jump(&run, -1000 * MIB, 3 * HOUR);
  }
  ck_assert_uint_eq(alarms(&run), 0);
}
END_TEST

START_TEST(step_down_and_back_up_is_no_alarm)
{
  struct run run = begin();
  run.sample.bytes = 4096 * MIB;
  stay(&run, 5 * HOUR);
  jump(&run, -2048 * MIB, 10 * HOUR);
  jump(&run, 2048 * MIB, 2 * DAY);
  ck_assert_uint_eq(alarms(&run), 0);
}
END_TEST

START_TEST(leak_after_a_step_is_found_as_quickly)
{
  static const double heights[] = {300, -300};
  for (size_t i = 0; i < sizeof(heights) / sizeof(*heights); i++) {
    struct run run = begin();
    run.sample.bytes = 1000 * MIB;
    stay(&run, 5 * HOUR);
    jump(&run, heights[i] * MIB, DAY);
    leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  }
}
END_TEST

/* The sum of the level before and the step was never reached. */
START_TEST(leak_after_a_return_to_an_old_level_is_found_as_quickly)
{
  struct run run = begin();
  run.sample.bytes = 1000 * MIB;
  stay(&run, 5 * HOUR);
  run.sample.bytes -= 300 * MIB;
  stay(&run, 3 * HOUR);
  jump(&run, 300 * MIB, 2 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
}
END_TEST

/* Up by the slope of a saw, and down at once, `turns` times. */
static void saw(struct run *run, double height, double period, int turns)
{
  double bytes = run->sample.bytes;
  for (int i = 0; i < turns; i++) {
    go_on(run, period, height / period);
    run->sample.bytes = bytes;
  }
}

/* The saw has another phase at its record, at the step, and after it. */
START_TEST(step_between_two_phases_of_a_saw_is_no_alarm)
{
  for (int part = 0; part < 6; part++) {
    struct run run = begin();
    run.sample.bytes = 1000 * MIB;
    saw(&run, 48 * MIB, 7 * HOUR, 7);
    double bytes = run.sample.bytes;
    go_on(&run, part * HOUR, 48 * MIB / (7 * HOUR));
    run.sample.bytes = bytes + 60 * MIB;
    saw(&run, 48 * MIB, 7 * HOUR, 10);
    ck_assert_msg(alarms(&run) == 0, "after %d h of a tooth", part);
  }
}
END_TEST

/* It is forgotten: a rise by less than a tooth is a leak again. */
START_TEST(saw_that_stopped_hides_no_leak)
{
  struct run run = begin();
  saw(&run, 48 * MIB, 3 * HOUR, 9);
  ck_assert_double_gt(run.trend.tooth, 44 * MIB);
  ck_assert_double_lt(run.trend.tooth, 52 * MIB);
  stay(&run, 4 * DAY);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  ck_assert_double_eq(run.trend.tooth, 0);
}
END_TEST

START_TEST(leaps_up_and_down_are_no_saw)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  for (int i = 0; i < 3; i++) {
    run.sample.bytes += 20 * MIB;
    stay(&run, 3 * HOUR);
    run.sample.bytes -= 20 * MIB;
    stay(&run, 9 * HOUR);
  }
  ck_assert_double_eq(run.trend.tooth, 0);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
}
END_TEST

START_TEST(torn_sample_does_not_hide_a_leak)
{
  static const double errors[] = {MIB, 100 * MIB};
  for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
    struct run run = begin();
    stay(&run, 5 * HOUR);
    go_on(&run, 10 * MINUTE, MIB / MINUTE);
    double bytes = run.sample.bytes;
    run.sample.bytes += 100 * MIB;
    run.sample.error = errors[i];
    add(&run);
    run.sample.bytes = bytes;
    run.sample.error = MIB;
    leak_until(&run, TREND_WARNING, MIB / MINUTE, 20 * MINUTE);
  }
}
END_TEST

/* Three shifts, a day and a half apart, each as large as a rise between days must be. */
START_TEST(shifts_of_several_days_are_no_leak)
{
  struct run run = begin();
  stay(&run, 2 * DAY);
  for (int i = 0; i < 3; i++) {
    run.sample.bytes += 19 * MIB;
    stay(&run, 16 * HOUR);
  }
  stay(&run, 3 * DAY);
  ck_assert_uint_eq(alarms(&run), 0);
}
END_TEST

START_TEST(staircase_is_a_leak_from_its_third_step_on)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  jump(&run, 40 * MIB, 30 * MINUTE);
  jump(&run, 40 * MIB, 30 * MINUTE);
  ck_assert_uint_eq(alarms(&run), 0);
  for (unsigned i = 0; i < 10 && alarms(&run) == 0; i++)
    jump(&run, 40 * MIB, 30 * MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  ck_assert_uint_eq(run.entered[TREND_WARNING], 1);
}
END_TEST

START_TEST(staircase_of_small_steps_is_a_leak)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  double began = run.sample.time;
  while (run.verdict.state == TREND_OKAY && run.sample.time < began + 6 * HOUR)
    jump(&run, 4 * MIB, 12 * MINUTE); /* 20 MiB/h */
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
}
END_TEST

/* --- time -------------------------------------------------------------------------- */

START_TEST(clock_that_goes_back_neither_hides_nor_causes_a_leak)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  run.sample.time -= HOUR;
  stay(&run, 5 * HOUR);
  ck_assert_uint_eq(changes(&run), 0);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  double since = run.verdict.since, at = run.changed_at;
  ck_assert_near(since, at - 26 * MINUTE, 8 * MINUTE);
  run.sample.time -= HOUR; /* in the middle of it */
  go_on(&run, 20 * MINUTE, MIB / MINUTE);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  ck_assert_uint_eq(alarms(&run), 1);
  /* by the present clock */
  ck_assert_near(run.verdict.since, since - HOUR, 3 * MINUTE);
}
END_TEST

START_TEST(clock_that_goes_back_within_a_leak_delays_it_a_little)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  go_on(&run, 15 * MINUTE, MIB / MINUTE);
  run.sample.time -= 30 * MINUTE;
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 20 * MINUTE);
}
END_TEST

START_TEST(clock_that_goes_forward_is_no_alarm)
{
  struct run run = begin();
  for (unsigned i = 0; i < 20; i++) {
    stay(&run, 5 * HOUR);
    run.sample.time += DAY * i / 20;
  }
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(clock_that_is_set_from_1970_restarts_from_scratch)
{
  struct run run = begin();
  run.sample.time = 0;
  stay(&run, 2 * HOUR);
  run.sample.time = epoch;
  run.sample.bytes += 500 * MIB;
  stay(&run, 3 * HOUR);
  ck_assert_uint_eq(changes(&run), 0);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  ck_assert_near(run.verdict.since, run.changed_at, 35 * MINUTE);
}
END_TEST

/* Or else the old level would hide a leak below it. */
START_TEST(a_gap_of_more_than_eight_days_restarts_from_scratch)
{
  struct run run = begin();
  run.sample.bytes = 1000 * MIB;
  stay(&run, DAY);
  run.sample.time += 9 * DAY;
  run.sample.bytes = 500 * MIB;
  stay(&run, 70 * MINUTE);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  ck_assert_uint_eq(changes(&run), 1);
}
END_TEST

START_TEST(night_of_suspension_is_a_gap)
{
  struct run run = begin();
  for (unsigned i = 0; i < 5; i++) {
    stay(&run, 14 * HOUR);
    run.sample.time += 10 * HOUR;
    run.sample.bytes += (i % 2 == 0 ? 5 : -5) * MIB;
  }
  ck_assert_uint_eq(changes(&run), 0);
  stay(&run, 2 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
}
END_TEST

START_TEST(warning_survives_a_gap)
{
  struct run run = begin();
  stay(&run, 5 * HOUR);
  leak_until(&run, TREND_WARNING, MIB / MINUTE, 30 * MINUTE);
  run.sample.time += 3 * HOUR;
  stay(&run, HOUR);
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
  ck_assert_uint_eq(alarms(&run), 1);
}
END_TEST

/* The second of two samples with one time adds nothing. */
START_TEST(repeated_samples_change_no_verdict)
{
  struct run once = begin(), twice = begin();
  once.noise = twice.noise = 0;
  for (unsigned i = 0; i < 600; i++) {
    double rise = i < 300 ? 0 : (i - 300.0) * MIB;
    once.sample.bytes = twice.sample.bytes = 100 * MIB + rise;
    add(&once);
    add(&twice);
    twice.sample.time -= twice.interval;
    add(&twice);
    ck_assert_int_eq(once.verdict.state, twice.verdict.state);
    ck_assert(once.verdict.rate == twice.verdict.rate || isnan(once.verdict.rate));
  }
  ck_assert_uint_eq(alarms(&once), 1);
  ck_assert_uint_eq(alarms(&twice), 1);
}
END_TEST

START_TEST(interval_may_change)
{
  static const double intervals[] = {10, 60, 300, 20, 120, 600};
  struct run run = begin();
  for (unsigned i = 0; i < 60; i++) {
    run.interval = intervals[i % 6];
    stay(&run, HOUR);
  }
  ck_assert_uint_eq(changes(&run), 0);
  for (unsigned i = 0; i < 30 && alarms(&run) == 0; i++) {
    run.interval = intervals[i % 5];
    go_on(&run, 15 * MINUTE, 20 * MIB / HOUR);
  }
  ck_assert_int_eq(run.verdict.state, TREND_WARNING);
}
END_TEST

START_TEST(interval_of_ten_minutes_finds_the_slower_leaks)
{
  static const double slopes[] = {20 * MIB / HOUR, MIB / HOUR},
                      limits[] = {6 * HOUR, 48 * HOUR};
  for (size_t i = 0; i < 2; i++) {
    struct run run = begin();
    run.interval = 600;
    stay(&run, 12 * HOUR);
    leak_until(&run, TREND_WARNING, slopes[i], limits[i]);
  }
}
END_TEST

/* --- everything at once ------------------------------------------------------------ */

/* Sample i of a series with everything: after day 1 two steps, a leak, its end, a gap, a
 * clock that goes back, and a staircase. A sample a minute. */
static struct trend_sample eventful(unsigned i)
{
  double bytes = 100 * MIB + (i >= 1500 ? 200 * MIB : 0) - (i >= 1700 ? 200 * MIB : 0);
  if (i >= 2000 && i < 2150)
    bytes += (i - 2000) * MIB;
  if (i >= 3000 && i < 3600)
    bytes += floor((i - 3000) / 20.0) * 7 * MIB;
  uint64_t random = i;
  bytes += MIB * random_part(&random) + (i % 700 == 0 ? 100 * MIB : 0);
  double time = epoch + i * MINUTE + (i >= 2500 ? 9 * HOUR : 0) - (i >= 2700 ? HOUR : 0);
  return (struct trend_sample){.time = time,
                               .bytes = bytes,
                               .error = MIB,
                               .available = i >= 2100 && i < 2150 ? 1e9 : 1e12,
                               .total = 2e12};
}
enum { EVENTFUL = 5000 };

static const struct trend_settings usual = {.window = TREND_WINDOW, .rise = TREND_RISE};

static bool same(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

START_TEST(scaled_settings_do_the_same_in_scaled_time)
{
  static struct trend trend, small;
  const struct trend_settings scaled = {.window = TREND_WINDOW / 128, .rise = TREND_RISE};
  unsigned changes_seen = 0;
  for (unsigned i = 0; i < EVENTFUL; i++) {
    struct trend_sample sample = eventful(i);
    struct trend_verdict a, b;
    trend_add(&trend, &usual, &sample, &a);
    /* by a power of 2, so that nothing is rounded and buckets end at the same samples */
    sample.time /= 128;
    trend_add(&small, &scaled, &sample, &b);
    ck_assert_int_eq(a.state, b.state);
    ck_assert(same(a.rate * 128, b.rate));
    ck_assert(same(a.eta / 128, b.eta));
    ck_assert(same(a.rise, b.rise));
    changes_seen += a.changed;
  }
  ck_assert_uint_ge(changes_seen, 4);
}
END_TEST

START_TEST(scaled_rise_does_the_same_with_scaled_bytes)
{
  static struct trend trend, small;
  const struct trend_settings scaled = {.window = TREND_WINDOW, .rise = TREND_RISE / 64};
  for (unsigned i = 0; i < EVENTFUL; i++) {
    struct trend_sample sample = eventful(i);
    struct trend_verdict a, b;
    trend_add(&trend, &usual, &sample, &a);
    sample.bytes /= 64;
    sample.error /= 64;
    sample.available /= 64;
    sample.total /= 64;
    trend_add(&small, &scaled, &sample, &b);
    ck_assert_int_eq(a.state, b.state);
    ck_assert(same(a.rate, b.rate * 64));
    ck_assert(same(a.rise, b.rise * 64));
  }
}
END_TEST

START_TEST(window_of_half_a_minute_finds_a_leak_of_seconds)
{
  struct run run = begin();
  run.settings.window = 30;
  run.settings.rise = 8 * MIB;
  run.interval = 0.25;
  run.noise = MIB / 8;
  run.sample.error = MIB / 2;
  stay(&run, 90);
  ck_assert_uint_eq(changes(&run), 0);
  leak_until(&run, TREND_WARNING, MIB, 15);
  run.sample.bytes = 100 * MIB;
  stay(&run, 60);
  ck_assert_int_eq(run.verdict.state, TREND_OKAY);
  ck_assert_uint_eq(alarms(&run), 1);
}
END_TEST

START_TEST(sizes_of_any_host_are_accepted)
{
  static const double sizes[] = {0, -1e9, 4e3, 6e13, 9e18};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    struct run run = begin();
    run.sample.bytes = sizes[i];
    stay(&run, 6 * HOUR);
    ck_assert_uint_eq(changes(&run), 0);
    run.sample.bytes = -sizes[i];
    stay(&run, 6 * HOUR);
  }
}
END_TEST

START_TEST(rise_is_a_share_of_memory_unless_it_is_set)
{
  static const struct {
    double total, rise;
  } machines[] = {{56 * MIB, MIB},
                  {128 * MIB, MIB},
                  {256 * MIB, 2 * MIB},
                  {1024 * MIB, 8 * MIB},
                  {3328 * MIB, 26 * MIB},
                  {24576 * MIB, 26 * MIB},
                  {4096 * 1024 * MIB, 26 * MIB},
                  {NAN, 26 * MIB}};
  const struct trend_settings by_total = {.rise = TREND_RISE_BY_TOTAL},
                              set = {.rise = 5000};
  for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
    ck_assert(trend_rise(&by_total, machines[i].total) == machines[i].rise);
    ck_assert(trend_rise(&set, machines[i].total) == 5000);
  }
}
END_TEST

/* A router whose unreclaimable slab grows by a tenth of its memory in two days, after
 * which it reboots. */
START_TEST(leak_on_a_router_is_found_before_it_reboots)
{
  const double slope = 190e3 / HOUR;
  struct run run = begin();
  run.settings.rise = TREND_RISE_BY_TOTAL;
  run.noise = 0.1 * MIB;
  run.sample.error = 0;
  run.sample.total = 240 * MIB;
  run.sample.bytes = 14 * MIB;
  stay(&run, DAY);
  leak_until(&run, TREND_WARNING, slope, 32 * HOUR);
  ck_assert_uint_eq(changes(&run), 1);
  /* The same on a large host is none. */
  run = begin();
  run.settings.rise = TREND_RISE_BY_TOTAL;
  go_on(&run, 2 * DAY, slope);
  ck_assert_uint_eq(changes(&run), 0);
}
END_TEST

START_TEST(states_have_names)
{
  ck_assert_str_eq(trend_state_name(TREND_OKAY), "okay");
  ck_assert_str_eq(trend_state_name(TREND_STEP), "step");
  ck_assert_str_eq(trend_state_name(TREND_WARNING), "warning");
  ck_assert_str_eq(trend_state_name(TREND_FAILURE), "failure");
}
END_TEST

SUITE_MAIN(
    "trend", first_sample_is_okay_without_any_number, noise_stays_okay,
    a_constant_stays_okay, single_outliers_are_ignored, daily_cycle_stays_okay,
    saw_of_48_mib_stays_okay, fall_stays_okay, rise_in_the_first_window_is_no_warning,
    leak_of_a_mib_per_minute_is_a_warning_and_its_end_okay,
    leak_of_20_mib_per_hour_is_a_warning, leak_of_a_mib_per_hour_is_a_warning,
    leak_that_returns_is_found_as_quickly, saw_above_all_limits_stops_warning_once_known,
    leak_that_stops_without_freeing_ends, verdict_on_an_exact_ramp_is_exact,
    rate_is_known_without_an_alarm,
    warning_becomes_a_failure_when_memory_will_not_last_a_day,
    warning_becomes_a_failure_by_its_share_of_all_memory,
    failure_stays_until_the_end_of_the_incident,
    without_available_and_total_there_is_a_warning_and_no_eta,
    error_larger_than_the_rise_suppresses, noise_close_to_the_rise_suppresses,
    warning_becomes_a_failure_by_its_size,
    a_gap_of_more_than_eight_days_restarts_from_scratch,
    bursts_within_a_bucket_are_ignored, jump_that_stays_is_a_step_and_then_okay,
    jump_in_two_samples_is_one_step, jump_of_any_height_is_no_alarm,
    jump_of_a_minute_is_ignored, step_that_is_taken_back_again_and_again_is_no_alarm,
    step_down_and_back_up_is_no_alarm, leak_after_a_step_is_found_as_quickly,
    leak_after_a_return_to_an_old_level_is_found_as_quickly,
    step_between_two_phases_of_a_saw_is_no_alarm, saw_that_stopped_hides_no_leak,
    leaps_up_and_down_are_no_saw, torn_sample_does_not_hide_a_leak,
    shifts_of_several_days_are_no_leak, staircase_is_a_leak_from_its_third_step_on,
    staircase_of_small_steps_is_a_leak,
    clock_that_goes_back_neither_hides_nor_causes_a_leak,
    clock_that_goes_back_within_a_leak_delays_it_a_little,
    clock_that_goes_forward_is_no_alarm,
    clock_that_is_set_from_1970_restarts_from_scratch, night_of_suspension_is_a_gap,
    warning_survives_a_gap, repeated_samples_change_no_verdict, interval_may_change,
    interval_of_ten_minutes_finds_the_slower_leaks,
    scaled_settings_do_the_same_in_scaled_time,
    scaled_rise_does_the_same_with_scaled_bytes,
    window_of_half_a_minute_finds_a_leak_of_seconds, sizes_of_any_host_are_accepted,
    rise_is_a_share_of_memory_unless_it_is_set,
    leak_on_a_router_is_found_before_it_reboots, states_have_names)
