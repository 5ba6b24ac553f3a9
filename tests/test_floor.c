/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/explain/floor.h"

#include <limits.h>

static struct black_hole hole;

static void learn(struct floor *floor, int64_t estimate)
{
  hole = (struct black_hole){.estimate = {.value = estimate, .state = READING_KNOWN}};
  floor_learn(floor, &hole);
}

START_TEST(nothing_is_learned_before_the_window_is_full)
{
  struct floor floor = {0};
  for (int i = 1; i < FLOOR_WINDOW; i++) {
    learn(&floor, 100);
    ck_assert_int_eq(hole.floor.state, READING_ABSENT);
    ck_assert_int_eq(hole.above_floor.state, READING_ABSENT);
  }
  learn(&floor, 130);
  ck_assert_int_eq(hole.floor.state, READING_KNOWN);
  ck_assert_int_eq(hole.floor.value, 100);
  ck_assert_int_eq(hole.above_floor.value, 30);
}
END_TEST

START_TEST(two_outliers_do_not_lower_the_floor)
{
  struct floor floor = {0};
  for (int i = 0; i < 20; i++)
    learn(&floor, 100);
  learn(&floor, -5000);
  learn(&floor, -5000);
  ck_assert_int_eq(hole.floor.value, 100);
  ck_assert_int_eq(hole.above_floor.value, -5100);
  for (int i = 0; i < 20; i++)
    learn(&floor, 100);
  ck_assert_int_eq(hole.floor.value, 100);
}
END_TEST

START_TEST(only_a_lasting_fall_moves_the_floor)
{
  struct floor floor = {0};
  for (int i = 0; i < 5; i++)
    learn(&floor, 100);
  for (int i = 0; i < 3; i++)
    learn(&floor, 60);
  ck_assert_int_eq(hole.floor.value, 60);
  for (int i = 0; i < 100; i++)
    learn(&floor, 60 + i);
  ck_assert_int_eq(hole.floor.value, 60);
  ck_assert_int_eq(hole.above_floor.value, 99);
}
END_TEST

START_TEST(an_unknown_estimate_is_ignored)
{
  struct floor floor = {0};
  for (int i = 0; i < 5; i++)
    learn(&floor, 100);
  for (int i = 0; i < 20; i++) {
    hole = (struct black_hole){.estimate = {.state = READING_MALFORMED}};
    floor_learn(&floor, &hole);
    ck_assert_int_eq(hole.floor.value, 100);
    ck_assert_int_eq(hole.above_floor.state, READING_MALFORMED);
  }
}
END_TEST

START_TEST(learning_never_ends)
{
  struct floor floor = {0};
  for (int i = 0; i < 5; i++)
    learn(&floor, 100);
  floor.seen_count = UINT_MAX - UINT_MAX % FLOOR_WINDOW - 2;
  for (int i = 0; i < 12; i++)
    learn(&floor, 50);
  ck_assert_uint_ge(floor.seen_count, FLOOR_WINDOW);
  ck_assert_int_eq(hole.floor.value, 50);
}
END_TEST

SUITE_MAIN("floor", nothing_is_learned_before_the_window_is_full,
           two_outliers_do_not_lower_the_floor, only_a_lasting_fall_moves_the_floor,
           an_unknown_estimate_is_ignored, learning_never_ends)
