/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/reading.h"

#include "suite.h"

static const enum reading_state A = READING_ABSENT, K = READING_KNOWN, D = READING_DENIED,
                                M = READING_MALFORMED;

START_TEST(zeroed_reading_is_absent)
{
  struct reading reading = {0};
  ck_assert_int_eq(reading.state, READING_ABSENT);
}
END_TEST

START_TEST(known_zero_is_not_absent)
{
  struct reading reading = reading_known(0);
  ck_assert_int_eq(reading.state, READING_KNOWN);
  ck_assert_uint_eq(reading.value, 0);
}
END_TEST

START_TEST(every_state_has_a_name)
{
  ck_assert_str_eq(reading_state_name(READING_KNOWN), "known");
  ck_assert_str_eq(reading_state_name(READING_ABSENT), "absent");
  ck_assert_str_eq(reading_state_name(READING_DENIED), "denied");
  ck_assert_str_eq(reading_state_name(READING_MALFORMED), "malformed");
}
END_TEST

START_TEST(join_is_known_only_where_both_are_known)
{
  const struct {
    enum reading_state a, b, want;
  } cases[] = {
      {K, K, K}, {K, A, A}, {K, D, D}, {K, M, M}, {A, A, A},
      {A, D, D}, {A, M, M}, {D, D, D}, {D, M, M}, {M, M, M},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    ck_assert_int_eq(reading_state_join(cases[i].a, cases[i].b), cases[i].want);
    ck_assert_int_eq(reading_state_join(cases[i].b, cases[i].a), cases[i].want);
  }
}
END_TEST

START_TEST(adding_to_an_absent_sum_makes_it_known)
{
  struct reading sum = {0};
  reading_add(&sum, 0);
  ck_assert_int_eq(sum.state, READING_KNOWN);
  ck_assert_uint_eq(sum.value, 0);
  reading_add(&sum, 4096);
  reading_add(&sum, 8192);
  ck_assert_int_eq(sum.state, READING_KNOWN);
  ck_assert_uint_eq(sum.value, 12288);
}
END_TEST

START_TEST(sum_may_reach_the_largest_signed_number)
{
  struct reading sum = reading_known(INT64_MAX - 1);
  reading_add(&sum, 1);
  ck_assert_int_eq(sum.state, READING_KNOWN);
  ck_assert_uint_eq(sum.value, INT64_MAX);
}
END_TEST

START_TEST(sum_above_int64_max_is_malformed_and_stays_so)
{
  const uint64_t addends[] = {1, UINT64_MAX};
  for (size_t i = 0; i < 2; i++) {
    struct reading sum = reading_known(INT64_MAX);
    reading_add(&sum, addends[i]);
    ck_assert_int_eq(sum.state, READING_MALFORMED);
    reading_add(&sum, 0);
    ck_assert_int_eq(sum.state, READING_MALFORMED);
  }
}
END_TEST

START_TEST(denied_sum_stays_denied)
{
  struct reading sum = reading_missing(READING_DENIED);
  reading_add(&sum, 4096);
  ck_assert_int_eq(sum.state, READING_DENIED);
  ck_assert_uint_eq(sum.value, 0);
}
END_TEST

START_TEST(fill_sets_count_readings_and_clears_their_values)
{
  struct reading readings[3] = {reading_known(1), reading_known(2), reading_known(3)};
  reading_fill(readings, 2, READING_DENIED);
  ck_assert_int_eq(readings[0].state, READING_DENIED);
  ck_assert_uint_eq(readings[0].value, 0);
  ck_assert_int_eq(readings[1].state, READING_DENIED);
  ck_assert_int_eq(readings[2].state, READING_KNOWN);
  ck_assert_uint_eq(readings[2].value, 3);
}
END_TEST

START_TEST(a_difference_is_known_only_where_both_are_and_it_fits)
{
  const struct {
    struct amount a, b, want;
  } cases[] = {
      {{5, K}, {7, K}, {-2, K}},         {{-1, K}, {INT64_MAX, K}, {INT64_MIN, K}},
      {{-2, K}, {INT64_MAX, K}, {0, M}}, {{INT64_MAX, K}, {-1, K}, {0, M}},
      {{5, A}, {7, K}, {0, A}},          {{5, K}, {7, D}, {0, D}},
      {{5, A}, {7, M}, {0, M}},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct amount difference = amount_difference(cases[i].a, cases[i].b);
    ck_assert_int_eq(difference.state, cases[i].want.state);
    ck_assert_int_eq(difference.value, cases[i].want.value);
  }
}
END_TEST

START_TEST(sub_sat_stops_at_0)
{
  ck_assert_uint_eq(sub_sat(7, 5), 2);
  ck_assert_uint_eq(sub_sat(5, 5), 0);
  ck_assert_uint_eq(sub_sat(5, 7), 0);
  ck_assert_uint_eq(sub_sat(0, UINT64_MAX), 0);
}
END_TEST

SUITE_MAIN("reading", a_difference_is_known_only_where_both_are_and_it_fits,
           sub_sat_stops_at_0, zeroed_reading_is_absent, known_zero_is_not_absent,
           every_state_has_a_name, join_is_known_only_where_both_are_known,
           adding_to_an_absent_sum_makes_it_known,
           sum_may_reach_the_largest_signed_number,
           sum_above_int64_max_is_malformed_and_stays_so, denied_sum_stays_denied,
           fill_sets_count_readings_and_clears_their_values)
