/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/default_series.h"

#include "suite.h"

#include <string.h>

static struct default_series series;
static struct top_n_round current;
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

/* Sets the terms of a view to 1 byte, 2 bytes and so on; returns their number. */
static unsigned set_view(enum term_view view)
{
  unsigned count = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == view)
      set(i, ++count);
  return count;
}

static unsigned hidden_names_sent(void)
{
  unsigned count = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    count += term_rows[i].view == TERM_VIEW_HIDDEN && default_series_sends(&series, i);
  return count;
}

START_TEST(series_is_sent_only_after_it_was_above_zero)
{
  begin();
  set(TERM_HIDDEN_zram, 0);
  set(TERM_OUTSIDE_hyperv_balloon, 0);
  default_series_note(&series, &explanation, &current);
  ck_assert(!default_series_sends(&series, TERM_HIDDEN_zram));
  ck_assert(!default_series_sends(&series, TERM_HIDDEN_brd));
  ck_assert(!default_series_sends(&series, TERM_OUTSIDE_hyperv_balloon));
  ck_assert(default_series_sends(&series, TERM_KERNEL_bounce)); /* not a ONCE row */
  ck_assert_int_eq(default_series_other(&series).state, READING_ABSENT);
}
END_TEST

START_TEST(series_that_was_above_zero_is_always_sent)
{
  begin();
  set(TERM_HIDDEN_zram, 1);
  set(TERM_OUTSIDE_hyperv_balloon, 1);
  for (int i = 0; i < 1000; i++) {
    default_series_note(&series, &explanation, &current);
    ck_assert(default_series_sends(&series, TERM_HIDDEN_zram));
    ck_assert(default_series_sends(&series, TERM_OUTSIDE_hyperv_balloon));
    ck_assert_uint_eq(hidden_names_sent(), 1);
    set(TERM_HIDDEN_zram, 0);
    set(TERM_OUTSIDE_hyperv_balloon, 0);
  }
  memset(explanation.terms, 0, sizeof(explanation.terms)); /* the device is gone */
  default_series_note(&series, &explanation, &current);
  ck_assert(default_series_sends(&series, TERM_HIDDEN_zram));
}
END_TEST

START_TEST(denied_and_malformed_readings_do_not_count)
{
  static const enum reading_state states[] = {READING_DENIED, READING_MALFORMED,
                                              READING_ABSENT};
  begin();
  for (size_t i = 0; i < 3; i++) {
    explanation.terms[TERM_HIDDEN_zram] = (struct amount){.value = 7, .state = states[i]};
    explanation.terms[TERM_OUTSIDE_xen_balloon] = explanation.terms[TERM_HIDDEN_zram];
    default_series_note(&series, &explanation, &current);
    ck_assert(!default_series_sends(&series, TERM_HIDDEN_zram));
    ck_assert(!default_series_sends(&series, TERM_OUTSIDE_xen_balloon));
  }
}
END_TEST

/* The number of hidden consumers with a name: the share of the LARGEST row without
 * `other`. */
enum {
#define COMPLETE(view, share, alternatives)
#define LARGEST(view, share) NAMES = (share)-1
#define GROUPINGS(share)
#define ONCE(view, name)
#define NAME(view, type, name)
#include "meminfo_explain/tables/default_series.def"
};

START_TEST(smallest_consumers_are_sent_as_one_sum)
{
  begin();
  const unsigned count = set_view(TERM_VIEW_HIDDEN);
  default_series_note(&series, &explanation, &current);
  ck_assert_uint_lt(NAMES, count);
  ck_assert_uint_eq(hidden_names_sent(), NAMES);
  ck_assert_int_eq(default_series_other(&series).state, READING_KNOWN);
  const unsigned others = count - NAMES;
  ck_assert_uint_eq(default_series_other(&series).value, others * (others + 1) / 2);
  /* The sum is still sent when it is 0. */
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      set(i, 0);
  default_series_note(&series, &explanation, &current);
  ck_assert_uint_eq(hidden_names_sent(), NAMES);
  ck_assert_int_eq(default_series_other(&series).state, READING_KNOWN);
  ck_assert_uint_eq(default_series_other(&series).value, 0);
}
END_TEST

START_TEST(kernel_terms_and_balloons_displace_no_hidden_consumer)
{
  begin();
  bool sent[TERM_COUNT];
  set_view(TERM_VIEW_HIDDEN);
  default_series_note(&series, &explanation, &current);
  ck_assert_uint_eq(hidden_names_sent(), NAMES);
  for (unsigned i = 0; i < TERM_COUNT; i++)
    sent[i] = default_series_sends(&series, i);
  set_view(TERM_VIEW_KERNEL);
  set_view(TERM_VIEW_OUTSIDE);
  default_series_note(&series, &explanation, &current);
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      ck_assert_int_eq(default_series_sends(&series, i), sent[i]);
}
END_TEST

START_TEST(growing_consumer_replaces_the_smallest)
{
  begin();
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      set(i, 1 << 20);
  default_series_note(&series, &explanation, &current);
  enum term late = TERM_HIDDEN_zsmalloc; /* among equals, the last by name is not sent */
  ck_assert(!default_series_sends(&series, late));
  set(late, 2 << 20);
  default_series_note(&series, &explanation, &current);
  ck_assert(default_series_sends(&series, late));
  ck_assert_uint_eq(hidden_names_sent(), NAMES);
}
END_TEST

SUITE_MAIN("default_series", series_is_sent_only_after_it_was_above_zero,
           series_that_was_above_zero_is_always_sent,
           denied_and_malformed_readings_do_not_count,
           smallest_consumers_are_sent_as_one_sum,
           kernel_terms_and_balloons_displace_no_hidden_consumer,
           growing_consumer_replaces_the_smallest)
