/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void roster_free(struct roster *roster)
{
  free(roster->at);
  free(roster->listed);
  free(roster->queue);
  *roster = (struct roster){0};
}

/* The array, with room for `count` elements of `size` bytes; NULL, with the array as it
 * was, where there is no memory. By a quarter: what is reserved and never touched costs
 * nothing. */
static void *with_room(void *array, size_t *capacity, size_t count, size_t size)
{
  if (array != NULL && count <= *capacity)
    return array;
  size_t wanted = count + count / 4 + 64;
  void *grown = realloc(array, wanted * size);
  if (grown != NULL)
    *capacity = wanted;
  return grown;
}

void roster_begin(struct roster *roster)
{
  roster->listed_count = 0;
}

int roster_list(struct roster *roster, uint32_t pid, uint64_t inode)
{
  struct roster_entry *listed = with_room(roster->listed, &roster->listed_capacity,
                                          roster->listed_count + 1, sizeof(*listed));
  if (listed == NULL)
    return -ENOMEM;
  roster->listed = listed;
  listed[roster->listed_count++] =
      (struct roster_entry){.pid = pid, .inode = (uint32_t)inode};
  return 0;
}

static int by_pid(const void *a, const void *b)
{
  const struct roster_entry *x = a, *y = b;
  return (x->pid > y->pid) - (x->pid < y->pid);
}

/* proc lists in order; a captured tree does not. */
static void sort_listed(struct roster *roster)
{
  for (size_t i = 1; i < roster->listed_count; i++)
    if (roster->listed[i - 1].pid > roster->listed[i].pid) {
      qsort(roster->listed, roster->listed_count, sizeof(*roster->listed), by_pid);
      return;
    }
}

/* Keeps those who are still listed, in place. */
static void forget_who_left(struct roster *roster,
                            void (*left)(void *context, const struct process *process),
                            void *context)
{
  size_t kept = 0, entry = 0;
  for (size_t i = 0; i < roster->count; i++) {
    struct process *process = &roster->at[i];
    /* All below listed_count were written: NOLINTNEXTLINE(clang-analyzer-core.*) */
    while (entry < roster->listed_count && roster->listed[entry].pid < process->pid)
      entry++;
    if (entry == roster->listed_count || roster->listed[entry].pid != process->pid) {
      left(context, process);
      continue;
    }
    if (process->inode != roster->listed[entry].inode)
      process->identified = false;
    process->inode = roster->listed[entry].inode;
    if (kept != i)
      roster->at[kept] = *process;
    kept++;
  }
  roster->count = kept;
}

/* All who are in the roster are listed. From the end, so that each moves but once. */
static void let_in_who_came(struct roster *roster)
{
  size_t old = roster->count;
  for (size_t i = roster->listed_count; i-- > 0;) {
    const struct roster_entry *entry = &roster->listed[i];
    if (old > 0 && roster->at[old - 1].pid == entry->pid) {
      if (--old != i)
        roster->at[i] = roster->at[old];
    } else {
      roster->at[i] = (struct process){
          .pid = entry->pid, .inode = entry->inode, .born = roster->begun};
    }
  }
  roster->count = roster->listed_count;
  roster->begun = true;
}

int roster_settle(struct roster *roster,
                  void (*left)(void *context, const struct process *process),
                  void *context)
{
  struct process *at =
      with_room(roster->at, &roster->capacity, roster->listed_count, sizeof(*at));
  if (at == NULL)
    return -ENOMEM;
  roster->at = at;
  sort_listed(roster);
  forget_who_left(roster, left, context);
  let_in_who_came(roster);
  roster->queue_count = 0;
  return 0;
}

struct process *roster_find(const struct roster *roster, uint32_t pid)
{
  size_t low = 0, high = roster->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (roster->at[middle].pid < pid)
      low = middle + 1;
    else
      high = middle;
  }
  return low < roster->count && roster->at[low].pid == pid ? &roster->at[low] : NULL;
}

bool roster_moved_most(const struct process *a, const struct process *b)
{
  return process_moved(a) > process_moved(b);
}

bool roster_asked_first(const struct process *a, const struct process *b)
{
  return a->asked_at < b->asked_at ||
         (a->asked_at == b->asked_at && roster_moved_most(a, b));
}

static void sift_down(struct roster *roster, size_t at, roster_order *before)
{
  struct process **queue = roster->queue;
  for (;;) {
    size_t first = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < roster->queue_count && before(queue[child], queue[first]))
        first = child;
    if (first == at)
      return;
    struct process *moved = queue[at];
    queue[at] = queue[first];
    queue[first] = moved;
    at = first;
  }
}

int roster_queue(struct roster *roster,
                 bool (*wanted)(void *context, const struct process *process),
                 void *context, roster_order *order)
{
  struct process **queue =
      with_room(roster->queue, &roster->queue_capacity, roster->count, sizeof(*queue));
  if (queue == NULL)
    return -ENOMEM;
  roster->queue = queue;
  roster->queue_count = 0;
  for (size_t i = 0; i < roster->count; i++)
    if (wanted(context, &roster->at[i]))
      queue[roster->queue_count++] = &roster->at[i];
  for (size_t i = roster->queue_count / 2; i-- > 0;)
    sift_down(roster, i, order);
  return 0;
}

struct process *roster_next(struct roster *roster, roster_order *order)
{
  if (roster->queue_count == 0)
    return NULL;
  struct process *first = roster->queue[0];
  roster->queue[0] = roster->queue[--roster->queue_count];
  sift_down(roster, 0, order);
  return first;
}
