/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/workers/schedule.h"

#include "suite.h"

static struct schedule read_at(double begin, double cost)
{
  struct schedule schedule = {0};
  schedule_note(&schedule, begin, begin + cost);
  return schedule;
}

START_TEST(never_read_is_due)
{
  const struct schedule never = {0};
  ck_assert(schedule_is_due(&never, 0, false));
  ck_assert(schedule_is_due(&never, 1e9, true));
}
END_TEST

START_TEST(cheap_file_is_read_whenever_it_changed)
{
  const struct schedule schedule = read_at(100, 0.003);
  ck_assert(!schedule_is_due(&schedule, 100.2, true)); /* 3 ms in 0.2 s are above 1 % */
  ck_assert(schedule_is_due(&schedule, 100.4, true));
}
END_TEST

START_TEST(unchanged_file_is_read_once_a_minute)
{
  const struct schedule schedule = read_at(100, 0.003);
  ck_assert(!schedule_is_due(&schedule, 159, false));
  ck_assert(schedule_is_due(&schedule, 161, false));
}
END_TEST

START_TEST(expensive_file_takes_a_hundredth_of_the_time)
{
  const struct schedule schedule = read_at(0, 2);
  for (int moved = 0; moved < 2; moved++) {
    ck_assert(!schedule_is_due(&schedule, 201, moved));
    ck_assert(schedule_is_due(&schedule, 203, moved));
  }
}
END_TEST

START_TEST(clock_that_went_back_makes_it_due)
{
  const struct schedule schedule = read_at(1000, 5);
  ck_assert(schedule_is_due(&schedule, 10, false));
  const struct schedule backwards = read_at(10, -3);
  ck_assert(backwards.cost == 0);
}
END_TEST

SUITE_MAIN("schedule", never_read_is_due, cheap_file_is_read_whenever_it_changed,
           unchanged_file_is_read_once_a_minute,
           expensive_file_takes_a_hundredth_of_the_time,
           clock_that_went_back_makes_it_due)
