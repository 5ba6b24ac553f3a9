/* SPDX-License-Identifier: MIT */
#include "pss/process_table.h"

#include "suite.h"

#include <stdlib.h>

/* Processes that ended, by the last update. */
struct ended {
  struct process at[100];
  size_t count;
};

static void note_ended(void *context, const struct process *process)
{
  struct ended *ended = context;
  ck_assert_uint_lt(ended->count, LENGTH(ended->at));
  ended->at[ended->count++] = *process;
}

static struct ended ended;

static void update(struct process_table *table, const struct listed_process *list,
                   size_t count)
{
  ended.count = 0;
  process_table_begin(table);
  for (size_t i = 0; i < count; i++)
    ck_assert_int_eq(process_table_list(table, list[i].pid, list[i].inode), 0);
  ck_assert_int_eq(process_table_settle(table, note_ended, &ended), 0);
}

/* With pids for inodes. */
#define UPDATE(table, ...)                                                               \
  do {                                                                                   \
    const uint32_t pids[] = {__VA_ARGS__};                                               \
    struct listed_process list[LENGTH(pids)];                                            \
    for (size_t i = 0; i < LENGTH(pids); i++)                                            \
      list[i] = (struct listed_process){pids[i], pids[i]};                               \
    update(table, list, LENGTH(pids));                                                   \
  } while (0)

#define ck_assert_pids(table, ...)                                                       \
  do {                                                                                   \
    const uint32_t pids[] = {__VA_ARGS__};                                               \
    ck_assert_uint_eq((table)->count, LENGTH(pids));                                     \
    for (size_t i = 0; i < LENGTH(pids); i++)                                            \
      ck_assert_uint_eq((table)->at[i].pid, pids[i]);                                    \
  } while (0)

START_TEST(empty_table_has_no_process)
{
  struct process_table table = {0};
  ck_assert_ptr_null(process_table_find(&table, 1));
  ck_assert_ptr_null(process_table_next(&table, process_table_moved_most));
  update(&table, NULL, 0);
  ck_assert_uint_eq(table.count, 0);
  ck_assert_ptr_null(process_table_find(&table, 0));
  process_table_free(&table);
  process_table_free(&table);
}
END_TEST

START_TEST(listing_in_any_order_is_sorted)
{
  struct process_table table = {0};
  UPDATE(&table, 30, 2, 4194304, 1, 100);
  ck_assert_pids(&table, 1, 2, 30, 100, 4194304);
  UPDATE(&table, 100, 30, 7, 1);
  ck_assert_pids(&table, 1, 7, 30, 100);
  ck_assert_uint_eq(ended.count, 2);
  process_table_free(&table);
}
END_TEST

START_TEST(find_returns_listed_processes_only)
{
  struct process_table table = {0};
  for (uint32_t count = 0; count < 20; count++) {
    process_table_begin(&table);
    for (uint32_t i = 0; i < count; i++)
      ck_assert_int_eq(process_table_list(&table, 10 + 2 * i, i), 0);
    ck_assert_int_eq(process_table_settle(&table, note_ended, &ended), 0);
    for (uint32_t pid = 8; pid < 12 + 2 * count; pid++) {
      struct process *found = process_table_find(&table, pid);
      if (pid >= 10 && pid < 10 + 2 * count && pid % 2 == 0)
        ck_assert_ptr_eq(found, &table.at[(pid - 10) / 2]);
      else
        ck_assert_ptr_null(found);
    }
  }
  process_table_free(&table);
}
END_TEST

START_TEST(processes_after_the_first_update_are_born_since)
{
  struct process_table table = {0};
  UPDATE(&table, 5, 9);
  UPDATE(&table, 1, 5, 7, 9, 10);
  for (size_t i = 0; i < table.count; i++) {
    const struct process *p = &table.at[i];
    ck_assert(p->born == (p->pid != 5 && p->pid != 9));
    ck_assert_uint_eq(p->inode, p->pid);
    ck_assert_int_eq(p->kind, PROCESS_NEW);
  }
  process_table_free(&table);
}
END_TEST

/* The first update was empty: procfs was mounted later. */
START_TEST(an_empty_update_counts_as_the_first)
{
  struct process_table table = {0};
  update(&table, NULL, 0);
  UPDATE(&table, 5);
  ck_assert(table.at[0].born);
  process_table_free(&table);
}
END_TEST

START_TEST(ended_processes_are_reported_and_removed)
{
  struct process_table table = {0};
  UPDATE(&table, 1, 2, 3, 4, 5);
  for (size_t i = 0; i < table.count; i++)
    table.at[i].start = 100 + table.at[i].pid;
  UPDATE(&table, 2, 4);
  ck_assert_uint_eq(ended.count, 3);
  for (size_t i = 0; i < 3; i++) {
    ck_assert_uint_eq(ended.at[i].pid, 1 + 2 * i);
    ck_assert_uint_eq(ended.at[i].start, 101 + 2 * i);
  }
  ck_assert_pids(&table, 2, 4);
  ck_assert_uint_eq(table.at[0].start, 102);
  ck_assert_uint_eq(table.at[1].start, 104);
  UPDATE(&table, 1, 2, 3);
  ck_assert_uint_eq(ended.count, 1);
  ck_assert_uint_eq(process_table_find(&table, 1)->start, 0);
  ck_assert_uint_eq(process_table_find(&table, 2)->start, 102);
  update(&table, NULL, 0);
  ck_assert_uint_eq(ended.count, 3);
  ck_assert_uint_eq(table.count, 0);
  process_table_free(&table);
}
END_TEST

START_TEST(a_changed_inode_is_not_identified)
{
  struct process_table table = {0};
  UPDATE(&table, 1, 2, 3);
  for (size_t i = 0; i < table.count; i++) {
    table.at[i].identified = true;
    table.at[i].start = 99;
  }
  update(&table, (const struct listed_process[]){{1, 1}, {2, 77}, {3, 3}}, 3);
  ck_assert_uint_eq(ended.count, 0);
  for (size_t i = 0; i < table.count; i++) {
    ck_assert(table.at[i].identified == (table.at[i].pid != 2));
    ck_assert_uint_eq(table.at[i].start, 99); /* until stat is read */
  }
  ck_assert_uint_eq(table.at[1].inode, 77);
  process_table_free(&table);
}
END_TEST

/* The kernel fills no more than that. */
START_TEST(only_the_low_half_of_an_inode_counts)
{
  struct process_table table = {0};
  for (uint64_t high = 0; high < 2; high++) {
    process_table_begin(&table);
    ck_assert_int_eq(process_table_list(&table, 1, high << 32 | 5), 0);
    ck_assert_int_eq(process_table_settle(&table, note_ended, &ended), 0);
    ck_assert_uint_eq(table.at[0].inode, 5);
    ck_assert(table.at[0].identified == (high == 1));
    table.at[0].identified = true;
  }
  process_table_free(&table);
}
END_TEST

START_TEST(steady_state_allocates_nothing)
{
  struct process_table table = {0};
  struct listed_process list[200];
  for (uint32_t i = 0; i < LENGTH(list); i++)
    list[i] = (struct listed_process){i + 1, i};
  update(&table, list, LENGTH(list));
  const struct process_table before = table;
  for (size_t count = 0; count < LENGTH(list); count++)
    update(&table, list + count % 7, LENGTH(list) - count % 7);
  ck_assert_ptr_eq(table.at, before.at);
  ck_assert_ptr_eq(table.listed, before.listed);
  ck_assert_uint_eq(table.capacity, before.capacity);
  process_table_free(&table);
}
END_TEST

static uint32_t next_random(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

/* What is expected of each pid. */
static struct expected {
  bool present, born, identified;
  uint32_t inode;
  uint64_t start; /* unique to each process */
} model[100];

static void shuffle(uint64_t *random, struct listed_process *list, size_t count)
{
  for (size_t i = count; i > 1; i--) {
    size_t other = next_random(random) % i;
    struct listed_process entry = list[i - 1];
    list[i - 1] = list[other];
    list[other] = entry;
  }
}

/* Ends some processes, starts some, replaces some, and lists those that exist. */
static size_t change(uint64_t *random, struct listed_process *list, bool begun,
                     size_t *gone)
{
  uint32_t one_in = 1 + next_random(random) % 20;
  size_t count = 0;
  *gone = 0;
  for (uint32_t pid = 0; pid < LENGTH(model); pid++) {
    struct expected *expected = &model[pid];
    if (next_random(random) % one_in == 0) {
      *gone += expected->present;
      *expected = (struct expected){
          .present = !expected->present, .born = begun, .inode = next_random(random)};
    } else if (expected->present && next_random(random) % 16 == 0) {
      expected->inode++;
      expected->identified = false;
    }
    if (expected->present)
      list[count++] = (struct listed_process){pid, expected->inode};
  }
  if (next_random(random) % 2 == 0)
    shuffle(random, list, count);
  return count;
}

START_TEST(random_updates_match_a_naive_model)
{
  struct process_table table = {0};
  struct listed_process list[LENGTH(model)];
  uint64_t random = 1, last_start = 0;
  for (int round = 0; round < 3000; round++) {
    size_t gone, count = change(&random, list, round > 0, &gone);
    update(&table, list, count);
    ck_assert_uint_eq(table.count, count);
    ck_assert_uint_eq(ended.count, gone);
    for (size_t i = 0; i < gone; i++)
      ck_assert_msg(!model[ended.at[i].pid].present, "%u left", ended.at[i].pid);
    for (size_t i = 0; i < count; i++) {
      struct process *p = &table.at[i];
      struct expected *expected = &model[p->pid];
      ck_assert(i == 0 || table.at[i - 1].pid < p->pid);
      ck_assert(expected->present && p->inode == expected->inode);
      ck_assert(p->born == expected->born && p->identified == expected->identified);
      ck_assert_uint_eq(p->start, expected->start);
      p->identified = expected->identified = true;
      if (p->start == 0)
        p->start = expected->start = ++last_start;
    }
  }
  process_table_free(&table);
}
END_TEST

static bool is_odd(void *context, const struct process *process)
{
  ck_assert_ptr_null(context);
  return process->pid % 2 == 1;
}

static bool is_any(void *context, const struct process *process)
{
  (void)process;
  ++*(unsigned *)context;
  return true;
}

START_TEST(queue_has_the_wanted_processes)
{
  struct process_table table = {0};
  UPDATE(&table, 1, 2, 3, 4, 5);
  for (size_t i = 0; i < table.count; i++) {
    table.at[i].tried_at = 10 - (double)i;
    table.at[i].anon = 10 - i;
  }
  ck_assert_int_eq(process_table_queue(&table, is_odd, NULL, process_table_oldest_first),
                   0);
  for (uint32_t i = 0; i < 3; i++)
    ck_assert_uint_eq(process_table_next(&table, process_table_oldest_first)->pid,
                      5 - 2 * i);
  ck_assert_ptr_null(process_table_next(&table, process_table_oldest_first));
  ck_assert_ptr_null(process_table_next(&table, process_table_oldest_first));

  ck_assert_int_eq(process_table_queue(&table, is_odd, NULL, process_table_moved_most),
                   0);
  ck_assert_uint_eq(process_table_next(&table, process_table_moved_most)->pid, 1);
  /* a new queue replaces the rest of it, and an update empties it */
  unsigned calls = 0;
  ck_assert_int_eq(process_table_queue(&table, is_any, &calls, process_table_moved_most),
                   0);
  ck_assert_uint_eq(calls, 5);
  ck_assert_uint_eq(table.queue_count, 5);
  UPDATE(&table, 1, 2);
  ck_assert_ptr_null(process_table_next(&table, process_table_moved_most));
  process_table_free(&table);
}
END_TEST

START_TEST(orders_are_strict)
{
  struct process still = {.kind = PROCESS_READ, .anon = 900, .anon_then = 900};
  struct process moved = {.kind = PROCESS_READ, .anon = 20, .shared = 4};
  ck_assert(process_table_moved_most(&moved, &still) &&
            !process_table_moved_most(&still, &moved));
  ck_assert(!process_table_moved_most(&moved, &moved));
  still.tried_at = 1;
  ck_assert(process_table_oldest_first(&moved, &still) &&
            !process_table_oldest_first(&still, &moved));
  ck_assert(!process_table_oldest_first(&still, &still));
}
END_TEST

/* Takes all of a queue: each once, and in order. */
static void drain(struct process_table *table, process_table_order *order)
{
  unsigned calls = 0;
  ck_assert_int_eq(process_table_queue(table, is_any, &calls, order), 0);
  for (size_t i = 0; i < table->count; i++)
    table->at[i].tid = 0;
  struct process *last = NULL, *next;
  size_t count = 0;
  for (; (next = process_table_next(table, order)) != NULL; count++) {
    ck_assert(last == NULL || !order(next, last));
    ck_assert_uint_eq(next->tid++, 0);
    last = next;
  }
  ck_assert_uint_eq(count, table->count);
}

START_TEST(queue_is_in_order_with_ties)
{
  struct process_table table = {0};
  uint64_t random = 3;
  for (uint32_t count = 0; count < 200; count++) {
    process_table_begin(&table);
    for (uint32_t pid = 1; pid <= count; pid++)
      ck_assert_int_eq(process_table_list(&table, pid, pid), 0);
    ck_assert_int_eq(process_table_settle(&table, note_ended, &ended), 0);
    uint32_t values = 1 + next_random(&random) % 50; /* 1: all are tied */
    for (size_t i = 0; i < count; i++) {
      table.at[i].anon = next_random(&random) % values;
      table.at[i].tried_at = next_random(&random) % values;
    }
    drain(&table, process_table_moved_most);
    drain(&table, process_table_oldest_first);
  }
  process_table_free(&table);
}
END_TEST

SUITE_MAIN("process_table", empty_table_has_no_process, listing_in_any_order_is_sorted,
           find_returns_listed_processes_only,
           processes_after_the_first_update_are_born_since,
           an_empty_update_counts_as_the_first, ended_processes_are_reported_and_removed,
           a_changed_inode_is_not_identified, only_the_low_half_of_an_inode_counts,
           steady_state_allocates_nothing, random_updates_match_a_naive_model,
           queue_has_the_wanted_processes, orders_are_strict, queue_is_in_order_with_ties)
