/* SPDX-License-Identifier: MIT */
/* A thread that reads files which may hang, and is replaced by another one if one does,
 * so that nothing else ever waits for it: smaps, while another thread holds the mmap_lock
 * of that process; a driver's file, while the driver holds its lock. Nothing but the end
 * of our own process can interrupt such a read.
 *
 * Who owns what. The work (the context) belongs to the one current worker, without a
 * lock, except while that runner is inside an access: then it belongs to whoever holds
 * the relay's lock. The lock guards the hand-over and what a round leaves for others, and
 * is never held during an access.
 *
 * A runner that has been inside one access for longer than the patience is given up, and
 * a new one makes the round again. When the old one comes back it finds that it is no
 * longer the current one, touches nothing, and ends. */
#ifndef MEMINFO_EXPLAIN_WORKERS_SUPERVISOR_H
#define MEMINFO_EXPLAIN_WORKERS_SUPERVISOR_H

#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>
#include <stdint.h>

struct supervisor; /* opaque: it may outlive supervisor_close, until its last thread comes
                      back */
struct worker;     /* one of its threads */

#define SUPERVISOR_CLOSE_WAIT                                                            \
  1.0 /* seconds that supervisor_close waits for the runner to end */

struct supervisor_job {
  const char *name; /* of the threads, at most 15 bytes */
  /* One round, by the current worker, without the lock. What it leaves for others it
   * puts down between supervisor_lock and supervisor_unlock. Where supervisor_leave says
   * that it was replaced, it returns, and from that moment on touches nothing but its own
   * stack. */
  void (*round)(void *context, struct worker *worker);
  /* With the lock: the access `tag`, begun at monotonic time `since`, hangs. True to
   * replace the worker, false to wait on: there is no room to remember one more. */
  bool (*hangs)(void *context, uint32_t tag, double since);
  /* With the lock: an access that hung has come back. */
  void (*came_back)(void *context, uint32_t tag);
  /* The last call, by the last thread. */
  void (*free)(void *context);
};

/* Starts the thread, which waits for a request. An access hangs when it takes longer than
 * `patience` seconds. The job and the context must stay; the root is duplicated. 0, or
 * -errno with the context not freed. */
int supervisor_open(const struct sysroot *root, const struct supervisor_job *job,
                    void *context, double patience, struct supervisor **out);

/* Ends it, and frees the context, now or when what hangs comes back. NULL is nothing. */
void supervisor_close(struct supervisor *supervisor);

void supervisor_lock(struct supervisor *supervisor);
void supervisor_unlock(struct supervisor *supervisor);

/* Asks for a round that is through at monotonic time `when`, as well as the time of the
 * last one tells; a time in the past means now. The last call counts. */
void supervisor_request(struct supervisor *supervisor, double when);

/* Waits until the rounds requested are through; at most `seconds`. */
bool supervisor_wait(struct supervisor *supervisor, double seconds);

/* With the lock: relieves a runner that hangs. To be called again and again by those who
 * do not call supervisor_wait. */
void supervisor_look(struct supervisor *supervisor);

/* For the round. An access stands between enter and leave; leave is false where the
 * runner was replaced, or the relay is being closed. */
void supervisor_enter(struct worker *worker, uint32_t tag);
bool supervisor_leave(struct worker *worker);
const struct sysroot *supervisor_root(const struct supervisor *supervisor);
struct text *supervisor_text(struct worker *worker); /* the runner's own */

/* sysroot_slurp of `path` into supervisor_text(), as an access. -ECANCELED where
 * supervisor_leave is false, and only there: a file that answers that is -EIO. */
int supervisor_slurp(struct worker *worker, uint32_t tag, const char *path);

#endif
