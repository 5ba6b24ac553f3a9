/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/relay.h"
#include "meminfo_explain/clock.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* A thread, and what it alone owns. */
struct runner {
  struct relay *relay;
  pthread_t thread;
  struct text text;
  /* The access it is inside; guarded by the lock. */
  uint32_t tag;
  double since; /* monotonic time; 0: none */
};

struct relay {
  struct sysroot root;
  const struct relay_work *work;
  void *context;

  pthread_mutex_t lock;   /* guards all that follows */
  pthread_cond_t asked;   /* to the runner: there is something to do */
  pthread_cond_t changed; /* to others: a round is through, or the runner ended */
  struct runner *current; /* NULL: none runs */
  unsigned threads_count; /* that have not ended, those that hang included */
  bool closing;
  bool orphaned; /* closed: the last thread frees */
  /* Requests are numbered; the last one counts. */
  unsigned long requested, begun, through;
  double due;      /* monotonic time to begin */
  double duration; /* of the last round */
};

static double now(void)
{
  return clock_seconds(CLOCK_MONOTONIC);
}

void relay_lock(struct relay *relay)
{
  pthread_mutex_lock(&relay->lock);
}

void relay_unlock(struct relay *relay)
{
  pthread_mutex_unlock(&relay->lock);
}

/* Waits until signalled, at most until `when`. */
static void wait_until(struct relay *relay, pthread_cond_t *condition, double when)
{
  struct timespec until = {.tv_sec = (time_t)when,
                           .tv_nsec = (long)((when - floor(when)) * 1e9)};
  pthread_cond_timedwait(condition, &relay->lock, &until);
}

static void free_synchronisation(struct relay *relay)
{
  pthread_mutex_destroy(&relay->lock);
  pthread_cond_destroy(&relay->asked);
  pthread_cond_destroy(&relay->changed);
}

static void relay_free(struct relay *relay)
{
  relay->work->free(relay->context);
  sysroot_close(&relay->root);
  free_synchronisation(relay);
  free(relay);
}

/* --- the runner ------------------------------------------------------------------- */

void relay_enter(struct runner *runner, uint32_t tag)
{
  relay_lock(runner->relay);
  runner->tag = tag;
  runner->since = now();
  relay_unlock(runner->relay);
}

bool relay_leave(struct runner *runner)
{
  struct relay *relay = runner->relay;
  relay_lock(relay);
  runner->since = 0;
  bool mine = relay->current == runner && !relay->closing;
  relay_unlock(relay);
  return mine;
}

const struct sysroot *relay_root(const struct relay *relay)
{
  return &relay->root;
}

struct text *relay_text(struct runner *runner)
{
  return &runner->text;
}

int relay_slurp(struct runner *runner, uint32_t tag, const char *path)
{
  relay_enter(runner, tag);
  int error = sysroot_slurp(&runner->relay->root, path, &runner->text);
  if (!relay_leave(runner))
    return -ECANCELED;
  return error == -ECANCELED ? -EIO : error;
}

/* With the lock, which it leaves for the time of the round. */
static void run_round(struct runner *runner)
{
  struct relay *relay = runner->relay;
  unsigned long number = relay->begun = relay->requested;
  double start = now();
  relay_unlock(relay);
  relay->work->round(relay->context, runner);
  relay_lock(relay);
  if (relay->current != runner)
    return; /* relieved: another one makes the round again */
  relay->duration = now() - start;
  relay->through = number;
  pthread_cond_broadcast(&relay->changed);
}

static void *runner_main(void *argument)
{
  struct runner *runner = argument;
  struct relay *relay = runner->relay;
  relay_lock(relay);
  while (relay->current == runner && !relay->closing) {
    if (relay->begun == relay->requested)
      pthread_cond_wait(&relay->asked, &relay->lock);
    else if (relay->due > now())
      wait_until(relay, &relay->asked, relay->due);
    else
      run_round(runner);
  }
  if (relay->current == runner)
    relay->current = NULL;
  else
    relay->work->came_back(relay->context, runner->tag);
  relay->threads_count--;
  bool last = relay->orphaned && relay->threads_count == 0;
  pthread_cond_broadcast(&relay->changed);
  relay_unlock(relay);
  text_free(&runner->text);
  free(runner);
  if (last)
    relay_free(relay);
  return NULL;
}

/* With the lock. 0 or -errno, with no current runner. */
static int start_runner(struct relay *relay)
{
  struct runner *runner = calloc(1, sizeof(*runner));
  if (runner == NULL)
    return -ENOMEM;
  runner->relay = relay;
  /* The daemon's signals are for its own threads. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int error = pthread_create(&runner->thread, NULL, runner_main, runner);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (error != 0) {
    free(runner);
    return -error;
  }
  pthread_setname_np(runner->thread, relay->work->name);
  relay->current = runner;
  relay->threads_count++;
  return 0;
}

/* --- who hangs -------------------------------------------------------------------- */

static bool is_hanging(const struct relay *relay)
{
  const struct runner *runner = relay->current;
  return runner != NULL && runner->since > 0 &&
         now() - runner->since > relay->work->patience;
}

void relay_look(struct relay *relay)
{
  struct runner *runner = relay->current;
  /* While its runner is inside an access, the work is ours. */
  if (is_hanging(relay) &&
      relay->work->hangs(relay->context, runner->tag, runner->since)) {
    pthread_detach(runner->thread);
    relay->current = NULL;
    relay->begun = relay->through; /* the round is made again */
  }
  if (relay->current == NULL && !relay->closing)
    start_runner(relay); /* where it cannot, it is tried again the next time */
}

/* --- what others call ------------------------------------------------------------- */

static void init_synchronisation(struct relay *relay)
{
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&relay->asked, &monotonic);
  pthread_cond_init(&relay->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&relay->lock, NULL);
}

int relay_open(const struct sysroot *root, const struct relay_work *work, void *context,
               struct relay **out)
{
  struct relay *relay = calloc(1, sizeof(*relay));
  if (relay == NULL)
    return -ENOMEM;
  /* Its own: it may be needed for longer than the caller's. */
  int error = sysroot_dup(root, &relay->root);
  if (error != 0) {
    free(relay);
    return error;
  }
  relay->work = work;
  relay->context = context;
  init_synchronisation(relay);
  relay_lock(relay);
  error = start_runner(relay);
  relay_unlock(relay);
  if (error != 0) {
    sysroot_close(&relay->root);
    free_synchronisation(relay);
    free(relay);
    return error;
  }
  *out = relay;
  return 0;
}

void relay_close(struct relay *relay)
{
  if (relay == NULL)
    return;
  relay_lock(relay);
  relay->closing = true;
  pthread_cond_broadcast(&relay->asked);
  struct runner *runner = relay->current;
  pthread_t thread;
  if (runner != NULL)
    thread = runner->thread;
  double until = now() + RELAY_FAREWELL;
  while (relay->current != NULL && now() < until)
    wait_until(relay, &relay->changed, until);
  bool ended = relay->current == NULL;
  bool last = relay->threads_count == 0;
  relay->orphaned = !last;
  relay_unlock(relay);
  if (runner != NULL)
    ended ? pthread_join(thread, NULL) : pthread_detach(thread);
  if (last)
    relay_free(relay);
}

void relay_request(struct relay *relay, double when)
{
  /* Half as much again, and what it takes to wake up. */
  static const double margin = 1.5, wake_up = 0.02;
  relay_lock(relay);
  relay->requested++;
  relay->due = when - margin * relay->duration - wake_up;
  pthread_cond_signal(&relay->asked);
  relay_unlock(relay);
}

bool relay_wait(struct relay *relay, double seconds)
{
  const double step = fmin(0.1, relay->work->patience / 5); /* between two looks */
  double until = now() + seconds;
  relay_lock(relay);
  unsigned long wanted = relay->requested;
  bool rests = false;
  while (relay->through < wanted && now() < until && !rests) {
    wait_until(relay, &relay->changed, fmin(until, now() + step));
    /* Told before the look: by the time after it, one more may have begun to hang. */
    const struct runner *hanging = is_hanging(relay) ? relay->current : NULL;
    relay_look(relay);
    rests = relay->current == NULL || relay->current == hanging;
  }
  bool through = relay->through >= wanted;
  relay_unlock(relay);
  return through;
}
