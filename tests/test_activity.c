/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/activity.h"

#include "suite.h"

#include <unistd.h>

static struct activity_looks looks;
static struct activity activity;

/* An event of each kind. */
static struct reading *const events[] = {
    &looks.now.vmstat.pages_allocated_count,
    &looks.now.vmstat.pgfree_count,
    &looks.now.vmstat.pgactivate_count,
    &looks.now.vmstat.pgdeactivate_count,
    &looks.now.vmstat.pglazyfree_count,
    &looks.now.vmstat.pgrefill_count,
    &looks.now.vmstat.pages_scanned_count,
    &looks.now.vmstat.compact_isolated_count,
    &looks.now.vmstat.pages_migrated_count,
    &looks.now.vmstat.unevictable_pgs_culled_count,
    &looks.now.vmstat.unevictable_pgs_rescued_count,
    &looks.now.vmstat.unevictable_pgs_mlocked_count,
    &looks.now.vmstat.unevictable_pgs_munlocked_count,
    &looks.now.vmstat.numa_local_count,
    &looks.now.vmstat.numa_other_count,
};

static void begin(void)
{
  looks = (struct activity_looks){0};
  for (size_t i = 0; i < LENGTH(events); i++)
    *events[i] = reading_known(1000);
  looks.now.is_known = true;
  looks.now.lists.cpus_count = looks.now.times.cpus_count = 2;
  looks.now.lists.state[0] = looks.now.lists.state[1] = 7;
}

/* Both CPUs are idle all the time. */
static void look(double at)
{
  const double ticks = (at - looks.now.at) * (double)sysconf(_SC_CLK_TCK);
  looks.now.times.idle[0] += (uint64_t)ticks;
  looks.now.times.idle[1] += (uint64_t)ticks;
  looks.now.at = at;
  activity_since(&looks, 6, &activity);
}

/* The first look, and one after all events have counted one more. */
static void look_twice(void)
{
  look(0);
  for (size_t i = 0; i < LENGTH(events); i++)
    events[i]->value++;
  looks.now.lists.state[1]++;
  look(10);
}

START_TEST(there_is_none_before_the_window_is_over)
{
  begin();
  for (int at = 0; at < 6; at++) {
    look(at);
    ck_assert_int_eq(activity.cpus_count.state, READING_ABSENT);
  }
  look(6);
  ck_assert_known(activity.cpus_count, 0);
  ck_assert(activity_window(1) == 6);
}
END_TEST

START_TEST(the_base_is_one_to_two_windows_old)
{
  begin();
  for (int at = 0; at < 60; at++) {
    looks.now.vmstat.pgfree_count.value++; /* one each second */
    look(at);
    if (at >= 6) {
      ck_assert_uint_ge(activity.freed_count.value, 6);
      ck_assert_uint_le(activity.freed_count.value, 11);
    }
  }
}
END_TEST

START_TEST(each_event_is_counted)
{
  begin();
  look_twice();
  ck_assert_known(activity.allocated_count, 1);
  ck_assert_known(activity.freed_count, 1);
  ck_assert_known(activity.isolated_count, 4);
  ck_assert_known(activity.locked_count, 4);
  ck_assert_known(activity.moved_count, 3 + 4 + 2 * 4);
  ck_assert_known(activity.remote_count, 1);
  ck_assert_known(activity.cpus_count, 1);
}
END_TEST

START_TEST(all_may_be_remote_where_nothing_counts_nodes)
{
  begin();
  looks.now.vmstat.numa_local_count.value--; /* as it is before look_twice() */
  look(0);
  looks.now.vmstat.pages_allocated_count.value += 5;
  look(10);
  ck_assert_known(activity.remote_count, 5);
}
END_TEST

/* Events of kernels before 4.8, or without CONFIG_VM_EVENT_COUNTERS or CONFIG_MIGRATION
 */
START_TEST(nothing_is_known_without_the_events_that_all_kernels_have)
{
  static struct reading *const needed[] = {
      &looks.now.vmstat.pages_allocated_count, &looks.now.vmstat.pgfree_count,
      &looks.now.vmstat.pgactivate_count,      &looks.now.vmstat.pages_scanned_count,
      &looks.now.vmstat.pgrefill_count,        &looks.now.vmstat.pages_migrated_count,
  };
  for (size_t i = 0; i < LENGTH(needed); i++) {
    begin();
    *needed[i] = reading_missing(READING_ABSENT);
    look(0);
    look(10);
    ck_assert_int_eq(activity.cpus_count.state, READING_ABSENT);
  }
}
END_TEST

START_TEST(an_event_that_the_kernel_lacks_has_not_happened)
{
  begin();
  looks.now.vmstat.pglazyfree_count = reading_missing(READING_ABSENT);
  look(0);
  look(10);
  ck_assert_known(activity.moved_count, 0);
}
END_TEST

START_TEST(nothing_is_known_where_an_event_goes_down_or_is_malformed)
{
  begin();
  look(0);
  looks.now.vmstat.pgdeactivate_count.value--;
  look(10);
  ck_assert_int_eq(activity.cpus_count.state, READING_ABSENT);
  looks.now.vmstat.pgdeactivate_count = reading_missing(READING_MALFORMED);
  look(20);
  ck_assert_int_eq(activity.cpus_count.state, READING_ABSENT);
}
END_TEST

START_TEST(a_look_that_failed_is_no_base)
{
  begin();
  look(0);
  looks.now.is_known = false;
  look(10);
  ck_assert_int_eq(activity.cpus_count.state, READING_ABSENT);
  looks.now.is_known = true;
  look(20);
  ck_assert_known(activity.cpus_count, 0);
}
END_TEST

START_TEST(a_cpu_with_the_same_lists_counts_by_the_time_that_it_was_busy)
{
  const uint64_t second = (uint64_t)sysconf(_SC_CLK_TCK);
  begin();
  look(0);
  looks.now.times.idle[0] -= 6 * second;
  look(10);
  ck_assert_known(activity.cpus_count, 1); /* 0.6 */
  looks.now.times.idle[0] -= 6 * second;
  looks.now.times.idle[1] -= 6 * second;
  look(20);
  ck_assert_known(activity.cpus_count, 2);               /* 1.2 */
  looks.now.times.idle[0] = looks.now.times.idle[1] = 0; /* as if reset */
  look(30);
  ck_assert_known(activity.cpus_count, 2);
}
END_TEST

START_TEST(all_are_active_where_a_file_does_not_list_the_same_cpus)
{
  static unsigned *const counts[] = {&looks.now.lists.cpus_count,
                                     &looks.now.times.cpus_count};
  for (size_t i = 0; i < LENGTH(counts); i++) {
    begin();
    look(0);
    (*counts[i])++;
    look(10);
    ck_assert_known(activity.cpus_count, looks.now.lists.cpus_count);
  }
  begin();
  looks.now.lists.too_many = true;
  look(0);
  look(10);
  ck_assert_known(activity.cpus_count, 2);
}
END_TEST

SUITE_MAIN("activity", there_is_none_before_the_window_is_over,
           the_base_is_one_to_two_windows_old, each_event_is_counted,
           all_may_be_remote_where_nothing_counts_nodes,
           nothing_is_known_without_the_events_that_all_kernels_have,
           an_event_that_the_kernel_lacks_has_not_happened,
           nothing_is_known_where_an_event_goes_down_or_is_malformed,
           a_look_that_failed_is_no_base,
           a_cpu_with_the_same_lists_counts_by_the_time_that_it_was_busy,
           all_are_active_where_a_file_does_not_list_the_same_cpus)
