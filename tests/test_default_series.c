/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/default_series.h"

#include "suite.h"

#include <string.h>

static struct default_series series;
static struct explanation explanation;

static void begin(void)
{
  memset(&series, 0, sizeof(series));
  memset(&explanation, 0, sizeof(explanation));
}

static void set(enum term term, int64_t bytes)
{
  explanation.terms[term] = (struct amount){.value = bytes, .state = READING_KNOWN};
}

/* Every term of a view, the first one of one byte, the next of two... */
static unsigned set_view(enum term_view view)
{
  unsigned count = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == view)
      set(i, ++count);
  return count;
}

static unsigned names_sent(void)
{
  unsigned count = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    count += term_rows[i].view == TERM_VIEW_HIDDEN && default_series_sends(&series, i);
  return count;
}

START_TEST(nobody_is_sent_before_it_held_anything)
{
  begin();
  set(TERM_HIDDEN_zram, 0);
  set(TERM_OUTSIDE_hyperv_balloon, 0);
  default_series_note(&series, &explanation);
  ck_assert(!default_series_sends(&series, TERM_HIDDEN_zram));
  ck_assert(!default_series_sends(&series, TERM_HIDDEN_brd));
  ck_assert(!default_series_sends(&series, TERM_OUTSIDE_hyperv_balloon));
  ck_assert(default_series_sends(&series, TERM_KERNEL_bounce)); /* not for us to judge */
  ck_assert_int_eq(default_series_other(&series).state, READING_ABSENT);
}
END_TEST

START_TEST(who_held_something_is_sent_for_ever)
{
  begin();
  set(TERM_HIDDEN_zram, 1);
  set(TERM_OUTSIDE_hyperv_balloon, 1);
  for (int i = 0; i < 1000; i++) {
    default_series_note(&series, &explanation);
    ck_assert(default_series_sends(&series, TERM_HIDDEN_zram));
    ck_assert(default_series_sends(&series, TERM_OUTSIDE_hyperv_balloon));
    ck_assert_uint_eq(names_sent(), 1);
    set(TERM_HIDDEN_zram, 0);
    set(TERM_OUTSIDE_hyperv_balloon, 0);
  }
  memset(explanation.terms, 0, sizeof(explanation.terms)); /* the device is gone */
  default_series_note(&series, &explanation);
  ck_assert(default_series_sends(&series, TERM_HIDDEN_zram));
}
END_TEST

START_TEST(denied_and_malformed_numbers_are_nothing_held)
{
  static const enum reading_state states[] = {READING_DENIED, READING_MALFORMED,
                                              READING_ABSENT};
  begin();
  for (size_t i = 0; i < 3; i++) {
    explanation.terms[TERM_HIDDEN_zram] = (struct amount){.value = 7, .state = states[i]};
    explanation.terms[TERM_OUTSIDE_xen_balloon] = explanation.terms[TERM_HIDDEN_zram];
    default_series_note(&series, &explanation);
    ck_assert(!default_series_sends(&series, TERM_HIDDEN_zram));
    ck_assert(!default_series_sends(&series, TERM_OUTSIDE_xen_balloon));
  }
}
END_TEST

START_TEST(without_a_place_the_smallest_are_one_sum)
{
  begin();
  set_view(TERM_VIEW_KERNEL);
  const unsigned count = set_view(TERM_VIEW_HIDDEN);
  default_series_note(&series, &explanation);
  const unsigned named = names_sent();
  ck_assert_uint_lt(named, count);
  ck_assert_int_eq(default_series_other(&series).state, READING_KNOWN);
  const unsigned others = count - named;
  ck_assert_uint_eq(default_series_other(&series).value, others * (others + 1) / 2);
  /* Their sum comes down as well. */
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      set(i, 0);
  default_series_note(&series, &explanation);
  ck_assert_uint_eq(names_sent(), named);
  ck_assert_int_eq(default_series_other(&series).state, READING_KNOWN);
  ck_assert_uint_eq(default_series_other(&series).value, 0);
}
END_TEST

START_TEST(terms_that_the_kernel_lacks_and_balloons_leave_their_places)
{
  static const enum term balloons[] = {
      TERM_OUTSIDE_virtio_balloon, TERM_OUTSIDE_hyperv_balloon, TERM_OUTSIDE_xen_balloon};
  begin();
  const unsigned count = set_view(TERM_VIEW_HIDDEN);
  default_series_note(&series, &explanation);
  ck_assert_uint_eq(names_sent(), count); /* on a kernel without any term */
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_KERNEL && i != TERM_KERNEL_slab) /* or its parts */
      set(i, 0); /* which is a series, too */
  default_series_note(&series, &explanation);
  ck_assert_uint_eq(names_sent(), 3);
  for (unsigned i = 0; i < 3; i++) {
    set(balloons[i], 1);
    default_series_note(&series, &explanation);
    ck_assert_uint_eq(names_sent(), 3 - 1 - i);
  }
}
END_TEST

START_TEST(who_grows_takes_the_place_of_the_smallest)
{
  begin();
  set_view(TERM_VIEW_KERNEL);
  explanation.terms[TERM_KERNEL_slab].state = READING_ABSENT;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      set(i, 1 << 20);
  default_series_note(&series, &explanation);
  enum term late = TERM_HIDDEN_zsmalloc;
  ck_assert(!default_series_sends(&series, late));
  set(late, 2 << 20);
  default_series_note(&series, &explanation);
  ck_assert(default_series_sends(&series, late));
  ck_assert_uint_eq(names_sent(), 3);
}
END_TEST

SUITE_MAIN("held", nobody_is_sent_before_it_held_anything,
           who_held_something_is_sent_for_ever,
           denied_and_malformed_numbers_are_nothing_held,
           without_a_place_the_smallest_are_one_sum,
           terms_that_the_kernel_lacks_and_balloons_leave_their_places,
           who_grows_takes_the_place_of_the_smallest)
