/* SPDX-License-Identifier: MIT */
/* A thread that reads files which may hang, and is relieved by another one if one does,
 * so that nothing else ever waits for it: smaps, while another thread holds the mmap_lock
 * of that process; a driver's file, while the driver holds its lock. Nothing but the end
 * of our own process can interrupt such a read.
 *
 * Who owns what. The work (the context) belongs to the one current runner, without a
 * lock, except while that runner is inside an access: then it belongs to whoever holds
 * the relay's lock. The lock guards the hand-over and what a round leaves for others, and
 * is never held during an access.
 *
 * A runner that has been inside one access for longer than the patience is given up, and
 * a new one makes the round again. When the old one comes back it finds that it is no
 * longer the current one, touches nothing, and ends. */
#ifndef MEMINFO_EXPLAIN_RELAY_H
#define MEMINFO_EXPLAIN_RELAY_H

#include "meminfo_explain/sysroot.h"

#include <stdbool.h>
#include <stdint.h>

struct relay;  /* opaque: it may outlive relay_close, until its last thread comes back */
struct runner; /* one of its threads */

#define RELAY_FAREWELL 1.0 /* seconds that relay_close waits for the runner to end */

struct relay_work {
  const char *name; /* of the threads, at most 15 bytes */
  double patience;  /* with one access, seconds */
  /* One round, by the current runner, without the lock. What it leaves for others it
   * puts down between relay_lock and relay_unlock. Where relay_leave says that it was
   * relieved, it returns, and from that moment on touches nothing but its own stack. */
  void (*round)(void *context, struct runner *runner);
  /* With the lock: the access `tag`, begun at monotonic time `since`, hangs. True to
   * relieve the runner, false to wait on: there is no room to remember one more. */
  bool (*hangs)(void *context, uint32_t tag, double since);
  /* With the lock: an access that hung has come back. */
  void (*came_back)(void *context, uint32_t tag);
  /* The last call, by the last thread. */
  void (*free)(void *context);
};

/* Starts the thread, which waits. The work and the context must stay; the root is
 * duplicated. 0, or -errno with the context not freed. */
int relay_open(const struct sysroot *root, const struct relay_work *work, void *context,
               struct relay **out);

/* Ends it, and frees the context, now or when what hangs comes back. NULL is nothing. */
void relay_close(struct relay *relay);

void relay_lock(struct relay *relay);
void relay_unlock(struct relay *relay);

/* Asks for a round that is through at monotonic time `when`, as well as the time of the
 * last one tells; a time in the past means now. The last call counts. */
void relay_request(struct relay *relay, double when);

/* Waits until the rounds requested are through; at most `seconds`. */
bool relay_wait(struct relay *relay, double seconds);

/* With the lock: relieves a runner that hangs. To be called again and again by those who
 * do not call relay_wait. */
void relay_look(struct relay *relay);

/* For the round. An access stands between enter and leave; leave is false where the
 * runner was relieved, or the relay is being closed. */
void relay_enter(struct runner *runner, uint32_t tag);
bool relay_leave(struct runner *runner);
const struct sysroot *relay_root(const struct relay *relay);
struct text *relay_text(struct runner *runner); /* the runner's own */

/* sysroot_slurp of `path` into relay_text(), as an access. -ECANCELED where relay_leave
 * is false, and only there: a file that answers that is -EIO. */
int relay_slurp(struct runner *runner, uint32_t tag, const char *path);

#endif
