/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/workers/budget.h"

#include "suite.h"

/* A quarter of a CPU, every 8 seconds: 2 seconds. All sums here are exact. */
static const double share = 0.25, period = 8, start = 1000;

#define ck_assert_exactly(a, b) ck_assert_msg((a) == (b), "%.17g, not %.17g", (a), (b))

/* At the start of its first period. */
static struct budget begin(void)
{
  struct budget budget = {0};
  budget_refill(&budget, share, period, start);
  return budget;
}

/* At the start of period `number`, from 0. */
static void begin_period(struct budget *budget, unsigned number)
{
  budget_refill(budget, share, period, start + number * period);
}

START_TEST(first_refill_adds_a_whole_period)
{
  struct budget budget = begin();
  ck_assert_exactly(budget.credit, 2.0);
  ck_assert(budget_affords(&budget, 2));
  ck_assert(!budget_affords(&budget, 2.0625));
}
END_TEST

START_TEST(credit_is_spent_once)
{
  struct budget budget = begin();
  budget_spend(&budget, 1.5);
  ck_assert(budget_affords(&budget, 0.5));
  ck_assert(!budget_affords(&budget, 0.5625));
  budget_spend(&budget, 0.5);
  ck_assert(budget_affords(&budget, 0));
  ck_assert(!budget_affords(&budget, 0.0625));
}
END_TEST

START_TEST(unused_credit_of_a_period_is_lost)
{
  struct budget budget = begin();
  budget_spend(&budget, 0.5);
  begin_period(&budget, 1);
  ck_assert_exactly(budget.credit, 2.0);
  begin_period(&budget, 100); /* after a long sleep */
  ck_assert_exactly(budget.credit, 2.0);
}
END_TEST

START_TEST(part_of_a_period_adds_its_part)
{
  struct budget budget = begin();
  budget_spend(&budget, 2);
  budget_refill(&budget, share, period, start + 1);
  ck_assert_exactly(budget.credit, 0.25);
  budget_refill(&budget, share, period, start + 4);
  ck_assert_exactly(budget.credit, 1.0);
}
END_TEST

START_TEST(clock_that_stands_still_adds_nothing)
{
  struct budget budget = begin();
  budget_spend(&budget, 1.5);
  for (int i = 0; i < 5; i++)
    begin_period(&budget, 0);
  ck_assert_exactly(budget.credit, 0.5);
}
END_TEST

START_TEST(debt_is_paid_back_first)
{
  struct budget budget = begin();
  budget_spend(&budget, 7); /* cost more than expected */
  static const double want[] = {-5, -3, -1, 1, 2, 2};
  for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++) {
    begin_period(&budget, i);
    ck_assert_exactly(budget.credit, want[i]);
    ck_assert(budget_affords(&budget, 0) == (want[i] >= 0));
  }
}
END_TEST

START_TEST(costly_step_is_saved_for_over_several_periods)
{
  struct budget budget = begin();
  budget_save_for(&budget, 7);
  static const double want[] = {2, 4, 6, 7, 7};
  for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++) {
    begin_period(&budget, i);
    ck_assert_exactly(budget.credit, want[i]);
    ck_assert(budget_affords(&budget, 7) == (want[i] >= 7));
  }
  budget_spend(&budget, 7);
  budget_save_for(&budget, 0);
  begin_period(&budget, 5);
  begin_period(&budget, 6);
  ck_assert_exactly(budget.credit, 2.0);
}
END_TEST

START_TEST(savings_are_lost_once_there_is_nothing_to_save_for)
{
  struct budget budget = begin();
  budget_save_for(&budget, 6);
  begin_period(&budget, 1);
  begin_period(&budget, 2);
  ck_assert_exactly(budget.credit, 6.0);
  budget_save_for(&budget, 0);
  ck_assert_exactly(budget.credit, 6.0); /* may still be spent in this period */
  begin_period(&budget, 3);
  ck_assert_exactly(budget.credit, 2.0);
}
END_TEST

START_TEST(saving_for_little_does_not_cut_a_period)
{
  struct budget budget = begin();
  budget_save_for(&budget, 0.5);
  begin_period(&budget, 1);
  ck_assert_exactly(budget.credit, 2.0);
}
END_TEST

START_TEST(share_of_zero_never_limits)
{
  struct budget budget = {0};
  ck_assert(budget_affords(&budget, 1e9));
  for (int i = 0; i < 5; i++) {
    budget_refill(&budget, 0, period, start + i);
    budget_spend(&budget, 1e9);
    ck_assert(budget_affords(&budget, 1e9));
  }
  /* and leaves no debt to a limit that comes later */
  begin_period(&budget, 1);
  ck_assert(budget_affords(&budget, 1));
}
END_TEST

START_TEST(debt_ends_with_the_limit)
{
  struct budget budget = begin();
  budget_spend(&budget, 100);
  budget_refill(&budget, 0, period, start + 1);
  ck_assert(budget_affords(&budget, 1e9));
}
END_TEST

SUITE_MAIN("budget", first_refill_adds_a_whole_period, credit_is_spent_once,
           unused_credit_of_a_period_is_lost, part_of_a_period_adds_its_part,
           clock_that_stands_still_adds_nothing, debt_is_paid_back_first,
           costly_step_is_saved_for_over_several_periods,
           savings_are_lost_once_there_is_nothing_to_save_for,
           saving_for_little_does_not_cut_a_period, share_of_zero_never_limits,
           debt_ends_with_the_limit)
