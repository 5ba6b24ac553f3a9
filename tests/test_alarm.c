/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/alarm/alarm.h"

#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB(n) ((uint64_t)(n) << 20)

/* --- what the alarm hands out ------------------------------------------------------- */

static struct {
  unsigned count;
  struct {
    enum series series;
    enum trend_state state;
    char text[WATCHED_MESSAGE_SIZE];
  } of[8];
} notified;

static void take_notification(void *context, enum series series, enum trend_state state,
                              const char *text)
{
  ck_assert_ptr_eq(context, &notified);
  ck_assert_uint_lt(notified.count, LENGTH(notified.of));
  notified.of[notified.count].series = series;
  notified.of[notified.count].state = state;
  snprintf(notified.of[notified.count++].text, WATCHED_MESSAGE_SIZE, "%s", text);
}

static struct {
  unsigned count;
  struct {
    int level;
    char text[1024];
  } of[8];
} logged;

static void take_line(void *context, int level, const char *text)
{
  (void)context;
  ck_assert_uint_lt(logged.count, LENGTH(logged.of));
  logged.of[logged.count].level = level;
  snprintf(logged.of[logged.count++].text, sizeof(logged.of[0].text), "%s", text);
}

static void assert_logged_once(int level, const char *text)
{
  ck_assert_msg(logged.count == 1, "%u lines", logged.count);
  ck_assert_int_eq(logged.of[0].level, level);
  ck_assert_msg(strstr(logged.of[0].text, text) != NULL, "%s", logged.of[0].text);
  logged.count = 0;
}

/* --- a machine and its alarm -------------------------------------------------------- */

static char *tree, state_file[512], evidence_dir[512];
static struct observer *observer;
static struct alarm *the_alarm;
static double now, megabytes; /* the time, and the black hole */

static void open_alarm(double window)
{
  const struct alarm_settings settings = {
      .trend = {.window = window, .rise = TREND_RISE},
      .state_file = state_file,
      .evidence_dir = evidence_dir[0] != '\0' ? evidence_dir : NULL};
  const struct alarm_output output = {
      .logger = {.print = take_line}, .notify = take_notification, .context = &notified};
  logged.count = notified.count = 0;
  the_alarm = alarm_open(&settings, &output, observer);
  ck_assert_ptr_nonnull(the_alarm);
}

/* A tree that counts as live, so that the state is saved. */
static void begin(void)
{
  tree = tree_make();
  tree_write(tree, "proc/sys/kernel/random/boot_id",
             "01234567-89ab-cdef-0123-456789abcdef\n");
  tree_write(tree, "evidence/placeholder", "");
  snprintf(state_file, sizeof(state_file), "%s/state", tree);
  snprintf(evidence_dir, sizeof(evidence_dir), "%s/evidence", tree);
  observer = calloc(1, sizeof(*observer));
  ck_assert_int_eq(observer_open(tree, observer), 0);
  observer->collector.root.live = true;
  now = 1.7e9;
  megabytes = 20;
  open_alarm(TREND_WINDOW);
}

static void end(void)
{
  alarm_close(the_alarm);
  observer_close(observer);
  free(observer);
  tree_remove(tree);
}

static void restart(void)
{
  alarm_close(the_alarm);
  open_alarm(TREND_WINDOW);
}

static void add_sample(void)
{
  struct explanation *explanation = &observer->explanation;
  explanation->black_hole.estimate =
      amount_of(reading_known((uint64_t)(megabytes * 1048576)));
  explanation->black_hole.error = reading_known(MB(1));
  explanation->terms[TERM_TOTAL_mem_total] = amount_of(reading_known(MB(16 << 10)));
  explanation->terms[TERM_TOTAL_mem_available] = amount_of(reading_known(MB(12 << 10)));
  const struct watched_verdicts *verdicts = alarm_judge(the_alarm, now);
  ck_assert(verdicts->known[SERIES_estimate]);
  alarm_act(the_alarm, now);
  now += 60;
}

/* So many minutes; the black hole grows by `rate` MiB in each. */
static void run(unsigned minutes, double rate)
{
  for (unsigned i = 0; i < minutes; i++) {
    megabytes += rate;
    add_sample();
  }
}

/* Grows until the first notification. */
static void leak(void)
{
  for (unsigned minute = 0; minute < 60 && notified.count == 0; minute++)
    run(1, 1);
  ck_assert_uint_eq(notified.count, 1);
  ck_assert_int_eq(notified.of[0].state, TREND_WARNING);
}

/* Waits for a file: another thread writes it. */
static bool appears(const char *directory, const char *end_of_name)
{
  for (int tries = 0; tries < 500; tries++, usleep(10 * 1000)) {
    bool found = false;
    DIR *dir = opendir(directory);
    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
      const size_t length = strlen(entry->d_name), tail = strlen(end_of_name);
      found |= length >= tail && strcmp(entry->d_name + length - tail, end_of_name) == 0;
    }
    closedir(dir);
    if (found)
      return true;
  }
  return false;
}

/* --- notifications ------------------------------------------------------------------ */

START_TEST(a_leak_is_one_notification_with_evidence_and_its_end_another)
{
  begin();
  run(180, 0);
  ck_assert_uint_eq(notified.count, 0);
  leak();
  ck_assert_int_eq(notified.of[0].series, SERIES_estimate);
  ck_assert_ptr_nonnull(strstr(notified.of[0].text, "black hole rising: "));
  ck_assert_ptr_nonnull(strstr(notified.of[0].text, "; no known consumer rose with it"));
  ck_assert(appears(evidence_dir, "-estimate-warning.txt"));
  run(20, 1);
  megabytes = 20;
  run(90, 0);
  ck_assert_uint_eq(notified.count, 2);
  ck_assert_int_eq(notified.of[1].state, TREND_OKAY);
  ck_assert_str_eq(notified.of[1].text, "black hole no longer rising");
  ck_assert_uint_eq(logged.count, 0);
  end();
}
END_TEST

START_TEST(a_step_is_a_notification_and_its_end_is_none)
{
  begin();
  run(180, 0);
  megabytes += 300;
  run(60, 0);
  ck_assert_uint_eq(notified.count, 1);
  ck_assert_int_eq(notified.of[0].state, TREND_STEP);
  ck_assert_ptr_nonnull(strstr(notified.of[0].text, "black hole jumped by 300 MiB at "));
  end();
}
END_TEST

/* The first of two callers, of so many MiB. */
static void set_caller(unsigned size)
{
  struct vmallocinfo *info = &observer->sample.vmallocinfo;
  info->callers[0] =
      (struct vmalloc_caller){.symbol = "leak", .module = "m", .bytes = MB(size)};
  info->callers[1] = (struct vmalloc_caller){.symbol = "idle", .bytes = MB(10)};
  info->callers_count = 2;
  info->by_size[0] = 0;
  info->by_size[1] = 1;
  info->pages = reading_known(MB(size + 10));
  observer->explanation.terms[TERM_KERNEL_vmalloc] = amount_of(info->pages);
}

START_TEST(a_notification_names_the_member_that_rose)
{
  begin();
  for (unsigned minute = 0; minute < 240 && notified.count == 0; minute++) {
    set_caller(minute < 180 ? 20 : 20 + minute - 180);
    run(1, 0);
  }
  ck_assert_uint_eq(notified.count, 1);
  ck_assert_int_eq(notified.of[0].series, SERIES_vmalloc);
  const char *text = notified.of[0].text;
  ck_assert_ptr_nonnull(strstr(text, "vmalloc rising: "));
  ck_assert_msg(strstr(text, "; vmalloc caller leak [m] rose by ") != NULL, "%s", text);
  ck_assert_ptr_nonnull(strstr(text, "; run: grep pages= /proc/vmallocinfo"));
  end();
}
END_TEST

/* --- the state ---------------------------------------------------------------------- */

START_TEST(a_restart_neither_repeats_a_warning_nor_ends_it)
{
  begin();
  run(180, 0);
  leak();
  restart();
  ck_assert_uint_eq(logged.count, 0);
  run(20, 1);
  restart();
  ck_assert_uint_eq(notified.count, 0);
  megabytes = 20;
  run(90, 0);
  ck_assert_uint_eq(notified.count, 1);
  ck_assert_int_eq(notified.of[0].state, TREND_OKAY);
  end();
}
END_TEST

START_TEST(a_captured_tree_has_no_state)
{
  begin();
  alarm_close(the_alarm);
  ck_assert_int_eq(unlink(state_file), 0);
  observer->collector.root.live = false;
  open_alarm(TREND_WINDOW);
  run(10, 0);
  alarm_close(the_alarm);
  ck_assert_int_ne(access(state_file, F_OK), 0);
  open_alarm(TREND_WINDOW);
  ck_assert_uint_eq(logged.count, 0);
  end();
}
END_TEST

START_TEST(a_state_that_cannot_be_used_is_one_line_and_a_new_start)
{
  begin();
  run(180, 0);
  alarm_close(the_alarm);
  open_alarm(TREND_WINDOW / 2);
  assert_logged_once(LOG_INFO, "/state: from another boot, version or TrendWindow; leak "
                               "detection restarts from scratch");
  run(1, 0);
  alarm_close(the_alarm);
  open_alarm(TREND_WINDOW);
  assert_logged_once(LOG_INFO, "another boot, version or TrendWindow");
  run(1, 0);
  alarm_close(the_alarm);
  ck_assert_int_eq(chmod(state_file, 0666), 0);
  open_alarm(TREND_WINDOW);
  assert_logged_once(LOG_WARNING, "/state: owned or writable by another user, ignored; "
                                  "leak detection restarts from scratch");
  alarm_close(the_alarm);
  tree_write(tree, "state", "damage");
  open_alarm(TREND_WINDOW);
  assert_logged_once(LOG_WARNING,
                     "/state: damaged, or not a regular file; leak detection restarts "
                     "from scratch");
  run(1, 0);
  restart();
  ck_assert_uint_eq(logged.count, 0);
  end();
}
END_TEST

START_TEST(a_state_of_another_boot_is_not_used)
{
  begin();
  run(180, 0);
  alarm_close(the_alarm);
  tree_write(tree, "proc/sys/kernel/random/boot_id", "another\n");
  open_alarm(TREND_WINDOW);
  assert_logged_once(LOG_INFO, "another boot, version or TrendWindow");
  end();
}
END_TEST

/* --- the disk ----------------------------------------------------------------------- */

/* A write is reported by the sample after it. */
static void run_until_logged(void)
{
  for (int tries = 0; tries < 500 && logged.count == 0; tries++) {
    usleep(10 * 1000);
    add_sample();
  }
}

START_TEST(what_cannot_be_written_is_one_warning_and_its_end_one_line)
{
  begin();
  run(180, 0);
  ck_assert_int_eq(unlink(tree_path(tree, "evidence/placeholder")), 0);
  ck_assert_int_eq(rmdir(evidence_dir), 0);
  leak();
  run_until_logged();
  assert_logged_once(LOG_WARNING, "/evidence: cannot write: No such file or directory");
  run(30, 0);
  ck_assert_uint_eq(logged.count, 0);
  ck_assert_int_eq(mkdir(evidence_dir, 0700), 0);
  notified.count = 0;
  megabytes += 500; /* a failure: evidence again */
  run(30, 1);
  ck_assert_int_eq(notified.of[0].state, TREND_FAILURE);
  ck_assert(appears(evidence_dir, "-estimate-failure.txt"));
  run_until_logged();
  assert_logged_once(LOG_INFO, "/evidence: recovered");
  end();
}
END_TEST

SUITE_MAIN("alarm", a_leak_is_one_notification_with_evidence_and_its_end_another,
           a_step_is_a_notification_and_its_end_is_none,
           a_notification_names_the_member_that_rose,
           a_restart_neither_repeats_a_warning_nor_ends_it, a_captured_tree_has_no_state,
           a_state_that_cannot_be_used_is_one_line_and_a_new_start,
           a_state_of_another_boot_is_not_used,
           what_cannot_be_written_is_one_warning_and_its_end_one_line)
