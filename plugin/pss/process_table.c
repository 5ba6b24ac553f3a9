/* SPDX-License-Identifier: MIT */
#include "process_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void process_table_free(struct process_table *table)
{
  free(table->at);
  free(table->listed);
  free(table->queue);
  *table = (struct process_table){0};
}

/* The array with room for `count` elements of `size` bytes, and a quarter more; NULL,
 * with the array unchanged, where there is no memory. */
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

void process_table_begin(struct process_table *table)
{
  table->listed_count = 0;
}

int process_table_list(struct process_table *table, uint32_t pid, uint64_t inode)
{
  struct listed_process *listed = with_room(table->listed, &table->listed_capacity,
                                            table->listed_count + 1, sizeof(*listed));
  if (listed == NULL)
    return -ENOMEM;
  table->listed = listed;
  listed[table->listed_count++] =
      (struct listed_process){.pid = pid, .inode = (uint32_t)inode};
  return 0;
}

static int by_pid(const void *a, const void *b)
{
  const struct listed_process *x = a, *y = b;
  return (x->pid > y->pid) - (x->pid < y->pid);
}

/* proc lists in ascending order; a captured tree does not. */
static void sort_listed(struct process_table *table)
{
  for (size_t i = 1; i < table->listed_count; i++)
    if (table->listed[i - 1].pid > table->listed[i].pid) {
      qsort(table->listed, table->listed_count, sizeof(*table->listed), by_pid);
      return;
    }
}

/* Removes processes that are not listed any more, in place. */
static void remove_ended(struct process_table *table,
                         void (*ended)(void *context, const struct process *process),
                         void *context)
{
  size_t kept = 0, entry = 0;
  for (size_t i = 0; i < table->count; i++) {
    struct process *process = &table->at[i];
    /* All below listed_count were written: NOLINTNEXTLINE(clang-analyzer-core.*) */
    while (entry < table->listed_count && table->listed[entry].pid < process->pid)
      entry++;
    if (entry == table->listed_count || table->listed[entry].pid != process->pid) {
      ended(context, process);
      continue;
    }
    if (process->inode != table->listed[entry].inode)
      process->identified = false;
    process->inode = table->listed[entry].inode;
    if (kept != i)
      table->at[kept] = *process;
    kept++;
  }
  table->count = kept;
}

/* Adds the processes that are listed and not in the table, while all in the table are
 * listed. From the end, so that each process moves once at most. */
static void add_new(struct process_table *table)
{
  size_t old = table->count;
  for (size_t i = table->listed_count; i-- > 0;) {
    const struct listed_process *entry = &table->listed[i];
    if (old > 0 && table->at[old - 1].pid == entry->pid) {
      if (--old != i)
        table->at[i] = table->at[old];
    } else {
      table->at[i] = (struct process){
          .pid = entry->pid, .inode = entry->inode, .born = table->begun};
    }
  }
  table->count = table->listed_count;
  table->begun = true;
}

int process_table_settle(struct process_table *table,
                         void (*ended)(void *context, const struct process *process),
                         void *context)
{
  struct process *at =
      with_room(table->at, &table->capacity, table->listed_count, sizeof(*at));
  if (at == NULL)
    return -ENOMEM;
  table->at = at;
  sort_listed(table);
  remove_ended(table, ended, context);
  add_new(table);
  table->queue_count = 0;
  return 0;
}

struct process *process_table_find(const struct process_table *table, uint32_t pid)
{
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table->at[middle].pid < pid)
      low = middle + 1;
    else
      high = middle;
  }
  return low < table->count && table->at[low].pid == pid ? &table->at[low] : NULL;
}

bool process_table_moved_most(const struct process *a, const struct process *b)
{
  return process_moved(a) > process_moved(b);
}

bool process_table_oldest_first(const struct process *a, const struct process *b)
{
  return a->tried_at < b->tried_at ||
         (a->tried_at == b->tried_at && process_table_moved_most(a, b));
}

static void sift_down(struct process_table *table, size_t at, process_table_order *before)
{
  struct process **queue = table->queue;
  for (;;) {
    size_t first = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < table->queue_count && before(queue[child], queue[first]))
        first = child;
    if (first == at)
      return;
    struct process *moved = queue[at];
    queue[at] = queue[first];
    queue[first] = moved;
    at = first;
  }
}

int process_table_queue(struct process_table *table,
                        bool (*wanted)(void *context, const struct process *process),
                        void *context, process_table_order *order)
{
  struct process **queue =
      with_room(table->queue, &table->queue_capacity, table->count, sizeof(*queue));
  if (queue == NULL)
    return -ENOMEM;
  table->queue = queue;
  table->queue_count = 0;
  for (size_t i = 0; i < table->count; i++)
    if (wanted(context, &table->at[i]))
      queue[table->queue_count++] = &table->at[i];
  for (size_t i = table->queue_count / 2; i-- > 0;)
    sift_down(table, i, order);
  return 0;
}

struct process *process_table_next(struct process_table *table,
                                   process_table_order *order)
{
  if (table->queue_count == 0)
    return NULL;
  struct process *first = table->queue[0];
  table->queue[0] = table->queue[--table->queue_count];
  sift_down(table, 0, order);
  return first;
}
