/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/trend/watched_series.h"

#include <math.h>

#define MB ((double)(1 << 20))

static const struct trend_settings settings = {.window = TREND_WINDOW,
                                               .rise = TREND_RISE};
static struct watched_series watched;
static struct explanation explanation;
static struct watched_verdicts verdicts;
static double now;

static struct amount amount(double mb)
{
  return (struct amount){.value = (int64_t)(mb * MB), .state = READING_KNOWN};
}

static void begin(void)
{
  memset(&watched, 0, sizeof(watched));
  memset(&explanation, 0, sizeof(explanation));
  now = 1.7e9;
  explanation.terms[TERM_TOTAL_mem_total] = amount(16 << 10);
  explanation.terms[TERM_TOTAL_mem_available] = amount(12 << 10);
  explanation.black_hole.error = reading_known(1 << 20);
}

/* Adds so many minutes of a black hole that starts at `from` MiB and grows by `rate` MiB
 * a minute. Stops at a change of state, and returns whether there was one. */
static bool run(int minutes, double from, double rate, double zram_share)
{
  bool changed = false;
  for (int minute = 0; minute < minutes && !changed; minute++, now += 60) {
    double level = from + rate * minute;
    explanation.black_hole.estimate = amount(level);
    if (zram_share > 0)
      explanation.terms[TERM_HIDDEN_zram] = amount((level - from) * zram_share);
    watched_add(&watched, &settings, now, &explanation, &verdicts);
    changed = verdicts.of[SERIES_estimate].changed;
  }
  return changed;
}

static const char *message(void)
{
  static char text[256];
  watched_message(&watched, SERIES_estimate, &verdicts.of[SERIES_estimate], &explanation,
                  "", text);
  ck_assert_uint_lt(strlen(text), 256);
  ck_assert_ptr_null(strchr(text, '\n'));
  return text;
}

START_TEST(a_term_that_is_not_known_hides_no_rise)
{
  begin();
  explanation.black_hole.error = reading_known(1 << 30); /* VmallocUsed as a bound */
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(!run(60, 20, 1, 0));
  begin();
  explanation.black_hole.error = reading_known(1 << 30);
  explanation.black_hole.noise = reading_known(1 << 20);
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(run(60, 20, 1, 0));
}
END_TEST

START_TEST(the_message_of_a_rise_has_size_date_rate_and_what_to_run)
{
  begin();
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(run(60, 20, 1, 0));
  ck_assert_int_eq(verdicts.of[SERIES_estimate].state, TREND_WARNING);
  const char *text = message();
  ck_assert_ptr_nonnull(strstr(text, "black hole rising: "));
  ck_assert_ptr_nonnull(strstr(text, " MiB since 2023-11-15 01:1"));
  const struct trend_verdict *verdict = &verdicts.of[SERIES_estimate];
  ck_assert(fabs(verdict->rate * 3600 / MB - 60) < 6);
  ck_assert(fabs(verdict->eta - (12 << 10) * MB / verdict->rate) < 1);
  ck_assert_ptr_nonnull(strstr(text, " MiB/h, MemAvailable lasts "));
  ck_assert_ptr_nonnull(strstr(text, "no known consumer rose with it"));
  ck_assert_ptr_nonnull(strstr(text, "run: meminfo-explain"));
}
END_TEST

START_TEST(the_consumer_that_rose_with_it_is_named)
{
  begin();
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(run(60, 20, 1, 0.9));
  ck_assert_ptr_nonnull(strstr(message(), "; zram rose by "));
  double rise;
  ck_assert_int_eq(
      watched_culprit(&watched, &verdicts.of[SERIES_estimate], &explanation, &rise),
      TERM_HIDDEN_zram);
  ck_assert(rise > 15 * MB && rise < 30 * MB);
}
END_TEST

START_TEST(a_consumer_that_rose_by_too_little_or_too_much_is_not_blamed)
{
  static const double shares[] = {0.3, 4};
  for (size_t i = 0; i < 2; i++) {
    begin();
    ck_assert(!run(180, 20, 0, 0));
    ck_assert(run(60, 20, 1, shares[i]));
    ck_assert_ptr_nonnull(strstr(message(), "no known consumer"));
  }
}
END_TEST

START_TEST(a_consumer_that_was_large_before_and_stayed_is_not_blamed)
{
  begin();
  explanation.terms[TERM_HIDDEN_vmware_balloon] = amount(27);
  ck_assert(!run(180, 60, 0, 0));
  ck_assert(run(60, 60, 1, 0));
  ck_assert_ptr_nonnull(strstr(message(), "no known consumer"));
}
END_TEST

START_TEST(the_member_of_a_grouping_that_rose_with_it_is_named)
{
  char text[256];
  begin();
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(run(60, 20, 1, 0));
  watched_message(&watched, SERIES_estimate, &verdicts.of[SERIES_estimate], &explanation,
                  "allocation site f rose by 20 MiB", text);
  ck_assert_ptr_nonnull(strstr(text, "; allocation site f rose by 20 MiB; run: "));
  ck_assert_ptr_null(strstr(text, "no known consumer"));
}
END_TEST

START_TEST(a_step_has_a_message_of_its_own_and_ends)
{
  begin();
  ck_assert(!run(180, 20, 0, 0));
  ck_assert(run(60, 500, 0, 0));
  ck_assert_int_eq(verdicts.of[SERIES_estimate].state, TREND_STEP);
  ck_assert_ptr_nonnull(strstr(message(), "black hole jumped by 480 MiB at "));
  ck_assert(run(60, 500, 0, 0));
  ck_assert_int_eq(verdicts.of[SERIES_estimate].state, TREND_OKAY);
  ck_assert_str_eq(message(), "black hole no longer rising");
}
END_TEST

START_TEST(a_series_that_is_not_known_is_not_judged)
{
  begin();
  watched_add(&watched, &settings, now, &explanation, &verdicts);
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    ck_assert(!verdicts.known[series]);
    ck_assert(!verdicts.of[series].changed);
  }
  explanation.terms[TERM_KERNEL_vmalloc] = amount(3);
  watched_add(&watched, &settings, now + 60, &explanation, &verdicts);
  ck_assert(verdicts.known[SERIES_vmalloc]);
  ck_assert(!verdicts.known[SERIES_estimate]);
}
END_TEST

START_TEST(each_series_is_judged_by_itself_and_names_its_command)
{
  begin();
  double level = 100;
  bool warned = false;
  for (int minute = 0; minute < 300; minute++, now += 60) {
    level += minute > 180;
    explanation.black_hole.estimate = amount(20);
    explanation.terms[TERM_KERNEL_slab_unreclaimable] = amount(level);
    watched_add(&watched, &settings, now, &explanation, &verdicts);
    if (!verdicts.of[SERIES_slab_unreclaimable].changed)
      continue;
    char text[256];
    warned = true;
    watched_message(&watched, SERIES_slab_unreclaimable,
                    &verdicts.of[SERIES_slab_unreclaimable], &explanation, "", text);
    ck_assert_ptr_nonnull(strstr(text, "unreclaimable slab (SUnreclaim) rising: "));
    ck_assert_ptr_nonnull(strstr(text, "; run: slabtop"));
  }
  ck_assert(warned);
  ck_assert_int_eq(verdicts.of[SERIES_estimate].state, TREND_OKAY);
}
END_TEST

START_TEST(the_longest_message_is_cut)
{
  begin();
  const struct trend_verdict verdict = {
      .state = TREND_FAILURE, .rate = 1e18, .eta = 1e17, .since = 1e11, .rise = 1e18};
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    char text[256], member[300];
    memset(member, 'x', sizeof(member) - 1);
    member[sizeof(member) - 1] = '\0';
    watched_message(&watched, series, &verdict, &explanation, member, text);
    ck_assert_uint_eq(strlen(text), 255);
  }
}
END_TEST

SUITE_MAIN("watched_series", the_message_of_a_rise_has_size_date_rate_and_what_to_run,
           a_term_that_is_not_known_hides_no_rise,
           the_consumer_that_rose_with_it_is_named,
           a_consumer_that_rose_by_too_little_or_too_much_is_not_blamed,
           a_consumer_that_was_large_before_and_stayed_is_not_blamed,
           the_member_of_a_grouping_that_rose_with_it_is_named,
           a_step_has_a_message_of_its_own_and_ends,
           a_series_that_is_not_known_is_not_judged,
           each_series_is_judged_by_itself_and_names_its_command,
           the_longest_message_is_cut)
