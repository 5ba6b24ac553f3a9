/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/workers/schedule.h"

static struct schedule read_at(double begin, double cost)
{
  struct schedule schedule = {0};
  schedule_note(&schedule, begin, begin + cost);
  return schedule;
}

START_TEST(what_was_never_read_is_due)
{
  const struct schedule never = {0};
  ck_assert(schedule_is_due(&never, 0, false));
  ck_assert(schedule_is_due(&never, 1e9, true));
}
END_TEST

START_TEST(what_is_cheap_is_read_whenever_it_moved)
{
  const struct schedule schedule = read_at(100, 0.003);
  ck_assert(!schedule_is_due(&schedule, 100.2, true)); /* 3 ms in 0.2 s are above 1 % */
  ck_assert(schedule_is_due(&schedule, 100.4, true));
}
END_TEST

START_TEST(what_did_not_move_rests_for_a_minute)
{
  const struct schedule schedule = read_at(100, 0.003);
  ck_assert(!schedule_is_due(&schedule, 159, false));
  ck_assert(schedule_is_due(&schedule, 161, false));
}
END_TEST

START_TEST(what_is_expensive_takes_a_hundredth_of_the_time)
{
  const struct schedule schedule = read_at(0, 2);
  for (int moved = 0; moved < 2; moved++) {
    ck_assert(!schedule_is_due(&schedule, 201, moved));
    ck_assert(schedule_is_due(&schedule, 203, moved));
  }
}
END_TEST

START_TEST(a_clock_that_went_back_makes_it_due)
{
  const struct schedule schedule = read_at(1000, 5);
  ck_assert(schedule_is_due(&schedule, 10, false));
  const struct schedule backwards = read_at(10, -3);
  ck_assert(backwards.cost == 0);
}
END_TEST

SUITE_MAIN("schedule", what_was_never_read_is_due,
           what_is_cheap_is_read_whenever_it_moved, what_did_not_move_rests_for_a_minute,
           what_is_expensive_takes_a_hundredth_of_the_time,
           a_clock_that_went_back_makes_it_due)
