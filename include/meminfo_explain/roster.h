/* SPDX-License-Identifier: MIT */
/* All processes known, ascending by number, kept up to date with proc's own listing. */
#ifndef MEMINFO_EXPLAIN_ROSTER_H
#define MEMINFO_EXPLAIN_ROSTER_H

#include "meminfo_explain/process.h"

#include <stddef.h>

struct roster_entry {
  uint32_t pid, inode;
};

/* {0} is empty. Grows by a quarter, and is reused: a steady state allocates nothing. */
struct roster {
  struct process *at;
  size_t count, capacity;
  bool begun; /* has been updated once: who comes now was born since */
  struct roster_entry *listed;
  size_t listed_count, listed_capacity;
  struct process **queue; /* a heap; valid until the next update */
  size_t queue_count, queue_capacity;
};

void roster_free(struct roster *roster);

/* To update: begin, list each process, and settle. Who is not listed has ended: settle
 * calls left(context, process) for it and forgets it. A listed process whose inode is
 * another than before is no longer `identified`. 0 or -ENOMEM, which leaves the roster
 * as it was. */
void roster_begin(struct roster *roster);
int roster_list(struct roster *roster, uint32_t pid, uint64_t inode);
int roster_settle(struct roster *roster,
                  void (*left)(void *context, const struct process *process),
                  void *context);

/* NULL if there is none. */
struct process *roster_find(const struct roster *roster, uint32_t pid);

/* Whether a comes before b. */
typedef bool roster_order(const struct process *a, const struct process *b);

/* First who moved most; first who was asked longest ago, of several who moved most. */
bool roster_moved_most(const struct process *a, const struct process *b);
bool roster_asked_first(const struct process *a, const struct process *b);

/* Queues all that are wanted. 0 or -ENOMEM. */
int roster_queue(struct roster *roster,
                 bool (*wanted)(void *context, const struct process *process),
                 void *context, roster_order *order);

/* Takes the first of the queue; NULL when it is empty. */
struct process *roster_next(struct roster *roster, roster_order *order);

#endif
