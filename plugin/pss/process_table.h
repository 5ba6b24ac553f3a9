/* SPDX-License-Identifier: MIT */
/* All known processes in ascending order of pid, updated from the listing of proc. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESS_TABLE_H
#define MEMINFO_EXPLAIN_PSS_PROCESS_TABLE_H

#include "process.h"

#include <stddef.h>

struct listed_process {
  uint32_t pid, inode;
};

/* {0} is empty. Grows by a quarter, and is reused: a steady state allocates nothing. */
struct process_table {
  struct process *at;
  size_t count, capacity;
  bool begun; /* has been updated before: processes added now are born since */
  struct listed_process *listed;
  size_t listed_count, listed_capacity;
  struct process **queue; /* a heap; valid until the next update */
  size_t queue_count, queue_capacity;
};

void process_table_free(struct process_table *table);

/* To update: begin, list each process, and settle. A process that is not listed has
 * ended: settle calls ended(context, process) for it and removes it. A listed process
 * whose inode has changed is no longer `identified`. 0; or -ENOMEM, with the table
 * unchanged. */
void process_table_begin(struct process_table *table);
int process_table_list(struct process_table *table, uint32_t pid, uint64_t inode);
int process_table_settle(struct process_table *table,
                         void (*ended)(void *context, const struct process *process),
                         void *context);

/* NULL if there is none. */
struct process *process_table_find(const struct process_table *table, uint32_t pid);

/* Whether a comes before b. */
typedef bool process_table_order(const struct process *a, const struct process *b);

/* The largest change since the reading first; or the oldest attempt first, and among
 * equal ones the largest change. */
bool process_table_moved_most(const struct process *a, const struct process *b);
bool process_table_oldest_first(const struct process *a, const struct process *b);

/* Queues all processes that are wanted. 0 or -ENOMEM. */
int process_table_queue(struct process_table *table,
                        bool (*wanted)(void *context, const struct process *process),
                        void *context, process_table_order *order);

/* Takes the first of the queue; NULL when it is empty. */
struct process *process_table_next(struct process_table *table,
                                   process_table_order *order);

#endif
