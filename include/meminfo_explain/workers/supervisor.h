/* SPDX-License-Identifier: MIT */
/* A worker thread for files that may hang when they are read, and its replacement when
 * one does, so that no other thread waits for them. smaps hangs while another thread
 * holds the mmap_lock of the process; a driver's file, while the driver holds its lock.
 * Nothing but the end of our own process interrupts such a read. How long a read may take
 * is set by the caller: CONSUMERS_PATIENCE (collect/consumers.h) for files of drivers,
 * CENSUS_PATIENCE (pss/census.h) for those of processes.
 *
 * A worker runs rounds on request. Each access to a file in a round stands between
 * supervisor_enter() and supervisor_leave(). When an access takes longer than the
 * patience, the worker is given up, and a new one makes the round again. When the old
 * worker's access returns at last, supervisor_leave() is false: it touches nothing and
 * ends.
 *
 * Ownership: the job's context belongs to the current worker, without a lock, except
 * during an access; then it belongs to the holder of the supervisor's lock. The lock also
 * guards the results of a round. It is never held during an access. */
#ifndef MEMINFO_EXPLAIN_WORKERS_SUPERVISOR_H
#define MEMINFO_EXPLAIN_WORKERS_SUPERVISOR_H

#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>
#include <stdint.h>

/* Opaque. It outlives supervisor_close() until its last thread ends. */
struct supervisor;
struct worker; /* one of its threads */

/* Seconds that supervisor_close() waits for the current worker to end. */
#define SUPERVISOR_CLOSE_WAIT 1.0

struct supervisor_job {
  const char *name; /* of the threads, at most 15 bytes */
  /* One round, run by the current worker, without the lock. It stores its results between
   * supervisor_lock() and supervisor_unlock(). When supervisor_leave() is false, it
   * returns at once, and touches nothing but its own stack before that. */
  void (*round)(void *context, struct worker *worker);
  /* With the lock: the access `tag`, begun at monotonic time `since`, hangs. True to
   * replace the worker; false to keep waiting, where no more accesses can be recorded. */
  bool (*hangs)(void *context, uint32_t tag, double since);
  /* With the lock: an access that hung has returned. */
  void (*came_back)(void *context, uint32_t tag);
  /* The last call, made by the last thread. */
  void (*free)(void *context);
};

/* Starts a worker, which waits for a request. An access hangs when it takes longer than
 * `patience` seconds. The job and the context must stay valid; the root is duplicated. 0,
 * or -errno with the context not freed. */
int supervisor_open(const struct sysroot *root, const struct supervisor_job *job,
                    void *context, double patience, struct supervisor **out);

/* Ends the worker and frees the context: now, or when the last hanging access returns.
 * NULL is nothing. */
void supervisor_close(struct supervisor *supervisor);

void supervisor_lock(struct supervisor *supervisor);
void supervisor_unlock(struct supervisor *supervisor);

/* Requests a round that ends by monotonic time `when`, judging by the duration of the
 * last round; a time in the past means now. Only the last request counts. */
void supervisor_request(struct supervisor *supervisor, double when);

/* Waits until the requested round has ended, at most `seconds`. True if it has. */
bool supervisor_wait(struct supervisor *supervisor, double seconds);

/* With the lock: replaces a worker that hangs. supervisor_wait() does so by itself;
 * others call this regularly. */
void supervisor_check(struct supervisor *supervisor);

/* For the round. supervisor_leave() is false where the worker was replaced or the
 * supervisor is being closed. */
void supervisor_enter(struct worker *worker, uint32_t tag);
bool supervisor_leave(struct worker *worker);
const struct sysroot *supervisor_root(const struct supervisor *supervisor);
struct text *supervisor_text(struct worker *worker); /* the worker's own */

/* Reads `path` whole into supervisor_text(), as one access. 0 or -errno as of
 * sysroot_slurp(), or sysroot_slurp_single() with `single`. -ECANCELED means that
 * supervisor_leave() was false; a file that fails with that error is reported as -EIO. */
int supervisor_slurp(struct worker *worker, uint32_t tag, const char *path, bool single);

#endif
