/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/log_damper.h"

#include "suite.h"

#include <stdio.h>

static struct log_damper damper;

static void begin(void)
{
  damper = (struct log_damper){0};
}

static enum log_damper_action problem(const char *text)
{
  return log_damper_update(&damper, text, false);
}

static enum log_damper_action transient(const char *text)
{
  return log_damper_update(&damper, text, true);
}

static enum log_damper_action clear(void)
{
  return log_damper_update(&damper, "", false);
}

/* Clear samples until the end is logged. */
static unsigned samples_to_the_end(void)
{
  for (unsigned samples = 1; samples < 1000; samples++)
    if (clear() == LOG_DAMPER_ENDS)
      return samples;
  ck_abort_msg("no end is logged");
  return 0;
}

START_TEST(nothing_wrong_is_never_logged)
{
  begin();
  for (int i = 0; i < 200; i++)
    ck_assert_int_eq(clear(), LOG_DAMPER_SILENT);
}
END_TEST

START_TEST(a_problem_is_logged_once_and_its_end_once)
{
  begin();
  ck_assert_int_eq(problem("a: denied"), LOG_DAMPER_BEGINS);
  for (int i = 0; i < 200; i++)
    ck_assert_int_eq(problem("a: denied"), LOG_DAMPER_SILENT);
  ck_assert_int_eq(clear(), LOG_DAMPER_ENDS);
  for (int i = 0; i < 200; i++)
    ck_assert_int_eq(clear(), LOG_DAMPER_SILENT);
}
END_TEST

START_TEST(another_text_is_another_problem)
{
  begin();
  ck_assert_int_eq(problem("a: denied"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem("a: malformed"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem("a: malformed; run as root"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem("a: malformed; run as root"), LOG_DAMPER_SILENT);
}
END_TEST

START_TEST(other_numbers_are_the_same_problem)
{
  begin();
  ck_assert_int_eq(problem("a:1: bad (and 2 more); 30 MiB"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem("a:23: bad (and 456 more); 7 MiB"), LOG_DAMPER_SILENT);
  ck_assert_int_eq(problem("a:1: bad; 30 MiB"), LOG_DAMPER_SILENT);
  ck_assert_int_eq(problem("a:1: bad (and 2 more files); 30 MiB"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem("a:1: bad (and 2 more files); 30 MiB 4"), LOG_DAMPER_BEGINS);
}
END_TEST

/* The first 255 bytes are compared, as are kept. */
START_TEST(a_text_that_does_not_fit_is_the_same_problem_again)
{
  char text[600];
  begin();
  memset(text, 'a', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  ck_assert_int_eq(problem(text), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(problem(text), LOG_DAMPER_SILENT);
  ck_assert_int_eq(clear(), LOG_DAMPER_ENDS);
}
END_TEST

START_TEST(the_end_of_a_problem_that_returns_takes_ever_longer)
{
  static const unsigned want[] = {1, 2, 4, 8, 16, 32, 61, 61, 61};
  begin();
  for (size_t i = 0; i < LENGTH(want); i++) {
    ck_assert_int_eq(problem("a"), LOG_DAMPER_BEGINS);
    ck_assert_uint_eq(samples_to_the_end(), want[i]);
  }
}
END_TEST

/* An end that is put off must be without a break. */
START_TEST(a_return_before_the_end_is_logged_is_silent)
{
  begin();
  for (int i = 0; i < 4; i++) {
    ck_assert_int_eq(problem("a"), LOG_DAMPER_BEGINS);
    samples_to_the_end();
  }
  ck_assert_int_eq(problem("a"), LOG_DAMPER_BEGINS); /* 16 clear samples */
  for (int i = 0; i < 100; i++) {
    for (int j = 0; j < 15; j++)
      ck_assert_int_eq(clear(), LOG_DAMPER_SILENT);
    ck_assert_int_eq(problem("a"), LOG_DAMPER_SILENT);
  }
  ck_assert_uint_eq(samples_to_the_end(), 16);
}
END_TEST

START_TEST(a_problem_that_stayed_away_ends_at_once_again)
{
  begin();
  for (int i = 0; i < 3; i++) {
    problem("a");
    samples_to_the_end();
  }
  for (int i = 0; i < LOG_DAMPER_HOLD_MAX; i++)
    clear();
  ck_assert_int_eq(problem("a"), LOG_DAMPER_BEGINS);
  ck_assert_uint_eq(samples_to_the_end(), 1);
}
END_TEST

START_TEST(an_immediate_damper_never_puts_off_the_end)
{
  begin();
  damper.immediate = true;
  for (int i = 0; i < 20; i++) {
    ck_assert_int_eq(problem("a"), LOG_DAMPER_BEGINS);
    ck_assert_int_eq(problem("a"), LOG_DAMPER_SILENT);
    ck_assert_int_eq(problem("b"), LOG_DAMPER_BEGINS);
    ck_assert_int_eq(clear(), LOG_DAMPER_ENDS);
  }
}
END_TEST

START_TEST(a_transient_problem_is_logged_where_it_lasts)
{
  begin();
  for (int i = 0; i < 100; i++) {
    for (int j = 1; j < LOG_DAMPER_PATIENCE; j++)
      ck_assert_int_eq(transient("a"), LOG_DAMPER_SILENT);
    ck_assert_int_eq(clear(), LOG_DAMPER_SILENT);
  }
  for (int j = 1; j < LOG_DAMPER_PATIENCE; j++)
    ck_assert_int_eq(transient("a"), LOG_DAMPER_SILENT);
  ck_assert_int_eq(transient("a"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(transient("a"), LOG_DAMPER_SILENT);
  /* One that keeps coming back is not logged again. */
  for (int i = 0; i < 100; i++) {
    for (int j = 1; j < LOG_DAMPER_HOLD_MAX; j++)
      ck_assert_int_eq(clear(), LOG_DAMPER_SILENT);
    for (int j = 0; j < 2 * LOG_DAMPER_PATIENCE; j++)
      ck_assert_int_eq(transient("b"), LOG_DAMPER_SILENT);
  }
  ck_assert_uint_eq(samples_to_the_end(), LOG_DAMPER_HOLD_MAX);
}
END_TEST

START_TEST(a_lasting_problem_is_logged_although_a_transient_one_was)
{
  begin();
  for (int i = 0; i < LOG_DAMPER_PATIENCE; i++)
    transient("a");
  ck_assert_int_eq(problem("b"), LOG_DAMPER_BEGINS);
  ck_assert_int_eq(transient("a"), LOG_DAMPER_SILENT);
  ck_assert_uint_eq(samples_to_the_end(), 1);
}
END_TEST

/* --- what is printed ---------------------------------------------------------------- */

struct printed {
  int level;
  unsigned count;
  char text[2048];
};

static void print(void *context, int level, const char *text)
{
  struct printed *printed = context;
  printed->level = level;
  printed->count++;
  snprintf(printed->text, sizeof(printed->text), "%s", text);
}

START_TEST(a_problem_is_a_warning_and_its_end_information)
{
  struct printed printed = {0};
  const struct logger logger = {.print = print, .context = &printed};
  begin();
  log_damper_print(&damper, &logger, "proc/vmstat", "", false);
  ck_assert_uint_eq(printed.count, 0);
  log_damper_print(&damper, &logger, "proc/vmstat", "proc/vmstat: gone", false);
  log_damper_print(&damper, &logger, "proc/vmstat", "proc/vmstat: gone", false);
  ck_assert_uint_eq(printed.count, 1);
  ck_assert_int_eq(printed.level, LOG_WARNING);
  ck_assert_str_eq(printed.text, "proc/vmstat: gone");
  log_damper_print(&damper, &logger, "proc/vmstat", "", false);
  ck_assert_uint_eq(printed.count, 2);
  ck_assert_int_eq(printed.level, LOG_INFO);
  ck_assert_str_eq(printed.text, "proc/vmstat: recovered");
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_cut)
{
  struct printed printed = {0};
  const struct logger logger = {.print = print, .context = &printed};
  char text[3000];
  begin();
  memset(text, 'a', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  log_damper_print(&damper, &logger, "a", text, false);
  ck_assert_uint_eq(strlen(printed.text), 1023);
}
END_TEST

SUITE_MAIN("log_damper", nothing_wrong_is_never_logged,
           a_problem_is_logged_once_and_its_end_once, another_text_is_another_problem,
           other_numbers_are_the_same_problem,
           a_text_that_does_not_fit_is_the_same_problem_again,
           the_end_of_a_problem_that_returns_takes_ever_longer,
           a_return_before_the_end_is_logged_is_silent,
           a_problem_that_stayed_away_ends_at_once_again,
           an_immediate_damper_never_puts_off_the_end,
           a_transient_problem_is_logged_where_it_lasts,
           a_lasting_problem_is_logged_although_a_transient_one_was,
           a_problem_is_a_warning_and_its_end_information,
           a_line_that_does_not_fit_is_cut)
