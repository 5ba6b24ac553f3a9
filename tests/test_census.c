/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/pss/census.h"

#include "hanging.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/workers/supervisor.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE_BYTES 4096
#define PATIENCE        0.5 /* seconds */
#define SMAPS_ROLLUPS   "*/smaps_rollup"

/* --- a census of a tree ----------------------------------------------------------- */

static struct census *census;
static struct census_result result;
static char *tree;

static const struct pss_scan_options any = {.period = 1};

static void write_process(unsigned pid, unsigned kb)
{
  tree_write_process(tree, (struct fake_process){.pid = pid, .anon = kb});
}

/* Processes 1 to `count`, of 8 kB each. */
static void begin(unsigned count)
{
  struct sysroot root;
  tree = tree_make();
  for (unsigned pid = 1; pid <= count; pid++)
    write_process(pid, 8);
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.open = hanging_open;
  ck_assert_int_eq(census_open(&root, PAGE_SIZE_BYTES, PATIENCE, &census), 0);
  sysroot_close(&root);
}

static void end(void)
{
  census_close(census);
  tree_remove(tree);
}

static double now(void)
{
  return clock_seconds(CLOCK_MONOTONIC);
}

/* Requests a pass now and waits for it. */
static bool passed(double seconds)
{
  census_request(census, &any, 0);
  bool through = census_wait(census, seconds);
  census_latest(census, &result);
  return through;
}

static unsigned hung_count(void)
{
  unsigned count = 0;
  for (int i = 0; i < HUNG_MAX; i++)
    count += result.hung[i].pid != 0;
  return count;
}

/* Three processes; number 2 hangs and is set aside. */
static void begin_with_one_that_hangs(void)
{
  begin(3);
  hang("proc/2/smaps_rollup");
  ck_assert(passed(30));
  ck_assert_uint_eq(hung_count(), 1);
}

/* Until all threads that hung have returned. */
static void pass_until_none_hangs(void)
{
  const double until = now() + 30;
  while (hung_count() > 0 && now() < until)
    ck_assert(passed(30));
  ck_assert_uint_eq(hung_count(), 0);
}

/* --- tests ------------------------------------------------------------------------ */

START_TEST(no_result_before_the_first_pass)
{
  count_opened(SMAPS_ROLLUPS);
  begin(3);
  census_latest(census, &result);
  ck_assert(result.passed_at == 0);
  ck_assert_int_eq(result.processes.pss.state, READING_ABSENT);
  ck_assert_uint_eq(opened(), 0);
  end();
}
END_TEST

START_TEST(a_requested_pass_is_made)
{
  begin(3);
  ck_assert(passed(30));
  ck_assert_uint_eq(result.processes.pss.value, 24 * 1024);
  ck_assert_uint_eq(result.processes.read_count.value, 3);
  ck_assert_int_eq(result.smaps.state, READING_KNOWN);
  ck_assert(result.cpu > 0);
  ck_assert(result.passed_at > 0 && result.passed_at <= now());
  ck_assert(result.oldest_at == result.passed_at);
  write_process(4, 40);
  ck_assert(passed(30));
  ck_assert_uint_eq(result.processes.pss.value, 64 * 1024);
  end();
}
END_TEST

START_TEST(a_pass_ends_shortly_before_the_requested_time)
{
  begin(3);
  ck_assert(passed(30));
  double wanted = now() + 0.6;
  census_request(census, &any, wanted);
  while (now() < wanted - 0.4) {
    double before = result.passed_at;
    census_latest(census, &result);
    ck_assert(result.passed_at == before); /* not at once */
    usleep(10 * 1000);
  }
  ck_assert(census_wait(census, 30));
  census_latest(census, &result);
  ck_assert(result.passed_at > wanted - 0.4);
  end();
}
END_TEST

START_TEST(a_process_that_hangs_is_set_aside_and_the_others_are_read)
{
  begin(20);
  hang("proc/8/smaps_rollup");
  ck_assert(passed(30));
  ck_assert_uint_eq(hung_count(), 1);
  ck_assert_uint_eq(result.hung[0].pid, 8);
  ck_assert(result.hung[0].since <= now() - PATIENCE);
  ck_assert_uint_eq(result.processes.read_count.value, 19);
  ck_assert_uint_eq(result.processes.guessed_count.value, 1);
  /* From now on no pass waits for it. */
  count_opened(SMAPS_ROLLUPS);
  double start = now();
  for (int i = 0; i < 5; i++)
    ck_assert(passed(30));
  ck_assert(now() - start < PATIENCE);
  ck_assert_uint_eq(opened(), 5 * 19);
  ck_assert_uint_eq(hung_count(), 1);
  let_go();
  end();
}
END_TEST

START_TEST(reading_the_result_never_waits)
{
  begin(3);
  hang("proc/2/smaps_rollup");
  census_request(census, &any, 0);
  wait_for_hanging(1);
  double start = now();
  for (int i = 0; i < 1000; i++)
    census_latest(census, &result);
  ck_assert(now() - start < PATIENCE / 2);
  ck_assert_uint_eq(hung_count(), 0);
  let_go();
  ck_assert(census_wait(census, 30));
  census_latest(census, &result);
  ck_assert_uint_eq(result.processes.read_count.value, 3);
  ck_assert_uint_eq(hung_count(), 0);
  end();
}
END_TEST

START_TEST(a_process_that_hung_is_read_again_later)
{
  begin_with_one_that_hangs();
  let_go();
  double back = now();
  pass_until_none_hangs();
  ck_assert_uint_eq(result.processes.guessed_count.value, 1);
  count_opened(SMAPS_ROLLUPS);
  ck_assert(passed(30));
  ck_assert_uint_eq(opened(), 2);
  /* After ten times the time that it hung. */
  while (result.processes.read_count.value < 3 && now() < back + 60) {
    usleep(100 * 1000);
    ck_assert(passed(30));
  }
  ck_assert_uint_eq(result.processes.read_count.value, 3);
  ck_assert(now() - back > 9 * PATIENCE);
  end();
}
END_TEST

START_TEST(a_process_that_hangs_is_estimated_from_its_last_reading)
{
  begin(3);
  ck_assert(passed(30));
  hang("proc/2/smaps_rollup");
  write_process(2, 48);
  ck_assert(passed(30));
  ck_assert_uint_eq(hung_count(), 1);
  ck_assert_uint_eq(result.processes.read_count.value, 3);
  ck_assert_uint_eq(result.processes.fresh_count.value, 2);
  ck_assert_uint_eq(result.processes.pss.value, (8 + 48 + 8) * 1024);
  ck_assert_uint_eq(result.processes.estimated.value, 40 * 1024);
  ck_assert_uint_eq(result.processes.stale.value, 40 * 1024);
  let_go();
  end();
}
END_TEST

START_TEST(a_process_that_hangs_and_ends_is_forgotten)
{
  begin_with_one_that_hangs();
  tree_remove_process(tree, 2);
  ck_assert(passed(30));
  ck_assert_uint_eq(hung_count(), 1); /* its thread still waits */
  ck_assert_uint_eq(result.processes.read_count.value, 2);
  ck_assert_uint_eq(result.processes.guessed_count.value, 0);
  let_go();
  pass_until_none_hangs();
  end();
}
END_TEST

START_TEST(when_too_many_hang_the_census_pauses)
{
  begin(HUNG_MAX + 2);
  ck_assert(passed(30));
  hang(SMAPS_ROLLUPS);
  ck_assert(!passed(60));
  ck_assert_uint_eq(hung_count(), HUNG_MAX);
  ck_assert_uint_eq(result.processes.pss.value, (HUNG_MAX + 2) * 8 * 1024);
  ck_assert(!census_wait(census, 60)); /* at once */
  let_go();
  for (int i = 0; i < 100 && !census_wait(census, 60); i++)
    usleep(10 * 1000);
  pass_until_none_hangs();
  end();
}
END_TEST

START_TEST(close_does_not_wait_for_processes_that_hang)
{
  begin_with_one_that_hangs();
  double start = now();
  census_close(census); /* the worker that hangs is left behind */
  ck_assert(now() - start < SUPERVISOR_CLOSE_WAIT / 2);
  let_go();
  usleep(200 * 1000); /* until it has freed the rest */
  tree_remove(tree);
}
END_TEST

START_TEST(close_waits_a_second_for_a_current_worker_that_hangs)
{
  begin(3);
  hang("proc/2/smaps_rollup");
  census_request(census, &any, 0);
  wait_for_hanging(1);
  double start = now();
  census_close(census);
  ck_assert(now() - start < 1.5 * SUPERVISOR_CLOSE_WAIT);
  let_go();
  usleep(200 * 1000);
  tree_remove(tree);
}
END_TEST

START_TEST(a_fifo_does_not_hang_and_is_malformed)
{
  begin(3);
  const char *path = tree_path(tree, "proc/2/smaps_rollup");
  ck_assert_int_eq(remove(path), 0);
  ck_assert_int_eq(mkfifo(path, 0644), 0);
  double start = now();
  ck_assert(passed(30));
  ck_assert(now() - start < PATIENCE);
  ck_assert_uint_eq(hung_count(), 0);
  ck_assert_uint_eq(result.processes.malformed_count.value, 1);
  ck_assert_str_eq(result.smaps.path, "proc/2/smaps_rollup");
  ck_assert_int_eq(result.smaps.state, READING_MALFORMED);
  end();
}
END_TEST

/* This errno tells a pass that the scan was taken away. */
START_TEST(a_file_that_fails_with_ecanceled_is_malformed)
{
  begin(3);
  refuse("proc/2/smaps_rollup", -ECANCELED);
  ck_assert(passed(30));
  ck_assert_uint_eq(result.processes.read_count.value, 2);
  ck_assert_uint_eq(result.processes.malformed_count.value, 1);
  ck_assert_int_eq(result.smaps.error, -EIO);
  refuse("proc", -ECANCELED);
  ck_assert(passed(30)); /* and no pass hangs */
  end();
}
END_TEST

START_TEST(a_proc_that_cannot_be_listed_is_an_error)
{
  struct sysroot root;
  tree = tree_make();
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.open = hanging_open;
  ck_assert_int_eq(census_open(&root, PAGE_SIZE_BYTES, PATIENCE, &census), 0);
  sysroot_close(&root);
  ck_assert(passed(30));
  ck_assert_int_eq(result.smaps.error, -ENOENT);
  ck_assert_int_eq(result.smaps.state, READING_ABSENT);
  ck_assert_int_eq(result.processes.pss.state, READING_ABSENT);
  ck_assert_int_eq(result.processes.read_count.state, READING_ABSENT);
  end();
}
END_TEST

START_TEST(a_later_listing_error_replaces_an_older_parse_error)
{
  begin(3);
  tree_write(tree, "proc/2/smaps_rollup", "no smaps\n");
  ck_assert(passed(30));
  ck_assert_uint_gt(result.smaps.parse_error.count, 0);
  char *proc = strdup(tree_path(tree, "proc"));
  ck_assert_int_eq(rename(proc, tree_path(tree, "gone")), 0);
  free(proc);
  ck_assert(passed(30));
  ck_assert_int_eq(result.smaps.error, -ENOENT);
  ck_assert_uint_eq(result.smaps.parse_error.count, 0);
  ck_assert_str_eq(result.smaps.path, "");
  end();
}
END_TEST

START_TEST(close_of_null_does_nothing)
{
  census_close(NULL);
}
END_TEST

SUITE_MAIN("census", no_result_before_the_first_pass, a_requested_pass_is_made,
           a_pass_ends_shortly_before_the_requested_time,
           a_process_that_hangs_is_set_aside_and_the_others_are_read,
           reading_the_result_never_waits, a_process_that_hung_is_read_again_later,
           a_process_that_hangs_is_estimated_from_its_last_reading,
           a_process_that_hangs_and_ends_is_forgotten,
           when_too_many_hang_the_census_pauses,
           close_does_not_wait_for_processes_that_hang,
           close_waits_a_second_for_a_current_worker_that_hangs,
           a_fifo_does_not_hang_and_is_malformed,
           a_file_that_fails_with_ecanceled_is_malformed,
           a_proc_that_cannot_be_listed_is_an_error,
           a_later_listing_error_replaces_an_older_parse_error,
           close_of_null_does_nothing)
