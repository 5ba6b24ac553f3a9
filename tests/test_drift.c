/* SPDX-License-Identifier: MIT */
#include "explain/drift.h"

#include "suite.h"

#include <math.h>

#define PAGE      4096
#define PAGES(n)  ((uint64_t)(n)*PAGE)
#define THRESHOLD 84

/* 99 % of independent deltas, and, of isolated ones, three standard deviations */
#define QUOTIENT                       (2.58 * 2.58 / 3)
#define THREE(limit, counters, deltas) ((limit)*sqrt(3.0 * (counters) * (deltas)))

/* Pages: of so many counters with so many deltas, which are independent, or those of one
 * counter are at the limit on so many CPUs. */
#define ERROR(limit, cpus, counters, deltas)                                             \
  ((limit)*sqrt(fmax(QUOTIENT * (counters) * (deltas),                                   \
                     (double)(cpus) * (cpus) + QUOTIENT * ((counters)-1) * (deltas))))

static struct sample sample;

/* 96 CPUs on 4 nodes, of which 12 were active and have moved much. */
static void begin(void)
{
  struct zoneinfo *z = &sample.zoneinfo;
  struct meminfo *m = &sample.meminfo;
  sample = (struct sample){.page_size = PAGE};
  m->mem_total = reading_known((uint64_t)8 << 30);
  m->k_reclaimable = m->s_reclaimable = reading_known(PAGES(100));
  m->swap_cached = m->sec_page_tables = m->bounce = m->writeback_tmp = reading_known(0);
  z->cpus_count = z->zone_deltas_count = reading_known(96);
  z->node_deltas_count = reading_known(4 * 96);
  z->node_threshold = reading_known(PAGES(THRESHOLD));
  z->node_drift = reading_known(PAGES(THRESHOLD * 4 * 96));
  z->zone_drift = z->zone_threshold = reading_known(0); /* for the tests of nodes */
  sample.cpus_isolated_count = reading_known(0);
  for (size_t i = 0; i < ACTIVITY_READINGS; i++)
    (&sample.activity.allocated_count)[i] = reading_known(0);
  sample.activity.cpus_count = reading_known(12);
  sample.activity.allocated_count = sample.activity.freed_count = reading_known(1 << 20);
}

static void assert_error(enum accounting accounting, double pages)
{
  const double got = (double)counters_error(&sample, accounting) / PAGE;
  ck_assert_msg(fabs(got - pages) < 1, "%g pages, not %g", got, pages);
}

START_TEST(only_active_cpus_have_deltas)
{
  begin();
  /* both slabs, page tables, file and anonymous pages */
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 12, 5, 12));
  /* both slabs, page tables and four lists */
  assert_error(ACCOUNTING_LRU, ERROR(THRESHOLD, 12, 7, 12));
  sample.activity.cpus_count = reading_known(3);
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 3, 5, 3));
  ck_assert_known(decide_active(&sample).reading, 3);
}
END_TEST

START_TEST(cpus_that_do_the_same_have_all_deltas_of_a_counter_at_the_limit)
{
  begin();
  sample.activity.cpus_count = reading_known(96);
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 96, 5, 96));
}
END_TEST

START_TEST(deltas_have_no_more_pages_than_have_moved)
{
  begin();
  sample.activity.allocated_count = reading_known(30);
  sample.activity.freed_count = reading_known(40);
  sample.activity.moved_count = reading_known(7);
  assert_error(ACCOUNTING_CACHE, 47);
  ck_assert_known(decide_moved(&sample).reading, PAGES(47));
}
END_TEST

START_TEST(pages_of_other_nodes_have_deltas_of_their_own)
{
  begin();
  sample.activity.remote_count = reading_known(3 * THRESHOLD);
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 12, 5, 12 + 2 * 3));
  sample.activity.remote_count = reading_known(1 << 20);
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 12, 5, 12 * 4));
}
END_TEST

START_TEST(counters_that_move_are_counted)
{
  static struct reading *const more_of_lru[] = {&sample.activity.locked_count,
                                                &sample.meminfo.sec_page_tables,
                                                &sample.meminfo.k_reclaimable};
  begin();
  for (unsigned i = 0; i < LENGTH(more_of_lru); i++) {
    *more_of_lru[i] = reading_known(PAGES(1));
    assert_error(ACCOUNTING_LRU, ERROR(THRESHOLD, 12, 8 + i, 12));
  }
  sample.activity.isolated_count = reading_known(1);
  assert_error(ACCOUNTING_LRU, ERROR(THRESHOLD, 12, 12, 12));
  sample.meminfo.writeback_tmp = reading_known(PAGE);
  assert_error(ACCOUNTING_LRU, ERROR(THRESHOLD, 12, 13, 12));
  begin();
  sample.meminfo.swap_cached = reading_known(PAGE);
  assert_error(ACCOUNTING_CACHE, ERROR(THRESHOLD, 12, 6, 12));
}
END_TEST

START_TEST(isolated_cpus_keep_theirs_whatever_they_do)
{
  begin();
  sample.activity.cpus_count = reading_known(0);
  assert_error(ACCOUNTING_CACHE, 0);
  sample.cpus_isolated_count = reading_known(24);
  assert_error(ACCOUNTING_CACHE, THREE(THRESHOLD, 5, 24 * 4));
  sample.cpus_isolated_count = reading_known(3 * 96); /* by three files */
  assert_error(ACCOUNTING_CACHE, THREE(THRESHOLD, 5, 96 * 4));
}
END_TEST

START_TEST(free_pages_move_in_batches_whatever_is_allocated)
{
  begin();
  sample.activity.allocated_count = sample.activity.freed_count = reading_known(0);
  sample.zoneinfo.zone_threshold = reading_known(PAGES(70));
  assert_error(ACCOUNTING_CACHE, ERROR(70, 12, 1, 2 * 12));
  sample.activity.cpus_count = reading_known(2);
  assert_error(ACCOUNTING_CACHE, ERROR(70, 2, 1, 2 * 2));
  sample.meminfo.bounce = reading_known(PAGE);
  assert_error(ACCOUNTING_CACHE, ERROR(70, 2, 2, 2 * 2));
}
END_TEST

START_TEST(free_pages_have_no_error_where_buddyinfo_has_them)
{
  begin();
  sample.activity.allocated_count = sample.activity.freed_count = reading_known(0);
  sample.zoneinfo.zone_threshold = reading_known(PAGES(70));
  sample.zoneinfo.zone_drift = reading_known(PAGES(70 * 96));
  sample.zoneinfo.free = sample.zoneinfo.pcp = reading_known(0);
  sample.zoneinfo_after = sample.zoneinfo;
  sample.meminfo.mem_free = reading_known(PAGES(10000));
  sample.buddy_free = reading_known(PAGES(10000 + 70 * 96));
  assert_error(ACCOUNTING_CACHE, 0);
  sample.meminfo.bounce = reading_known(PAGE);
  assert_error(ACCOUNTING_CACHE, ERROR(70, 12, 1, 2 * 12));
  sample.buddy_free.value += PAGE; /* more than deltas explain */
  assert_error(ACCOUNTING_CACHE, ERROR(70, 12, 2, 2 * 12));
}
END_TEST

START_TEST(all_cpus_count_where_the_activity_is_not_known)
{
  static struct reading *const needed[] = {
      &sample.activity.cpus_count, &sample.cpus_isolated_count,
      &sample.zoneinfo.node_drift, &sample.zoneinfo.zone_drift};
  for (size_t i = 0; i < LENGTH(needed); i++) {
    begin();
    *needed[i] = reading_missing(READING_ABSENT);
    ck_assert_known(decide_active(&sample).reading, 96);
    ck_assert_int_eq(decide_moved(&sample).reading.state, READING_ABSENT);
  }
  begin();
  sample.activity.cpus_count = reading_missing(READING_ABSENT);
  assert_error(ACCOUNTING_CACHE, THREE(THRESHOLD, 8, 4 * 96));
  assert_error(ACCOUNTING_LRU, THREE(THRESHOLD, 12, 4 * 96));
}
END_TEST

SUITE_MAIN("drift", only_active_cpus_have_deltas,
           cpus_that_do_the_same_have_all_deltas_of_a_counter_at_the_limit,
           deltas_have_no_more_pages_than_have_moved,
           pages_of_other_nodes_have_deltas_of_their_own, counters_that_move_are_counted,
           isolated_cpus_keep_theirs_whatever_they_do,
           free_pages_move_in_batches_whatever_is_allocated,
           free_pages_have_no_error_where_buddyinfo_has_them,
           all_cpus_count_where_the_activity_is_not_known)
