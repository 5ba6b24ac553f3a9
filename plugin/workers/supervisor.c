/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/workers/supervisor.h"
#include "meminfo_explain/base/clock.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* A thread, and what it alone owns. */
struct worker {
  struct supervisor *supervisor;
  pthread_t thread;
  struct text text;
  /* Its current access; guarded by the lock. */
  uint32_t tag;
  double since; /* monotonic time; 0: there is none */
};

struct supervisor {
  struct sysroot root;
  const struct supervisor_job *job;
  void *context;
  double patience; /* seconds */

  pthread_mutex_t lock;    /* guards all that follows */
  pthread_cond_t requests; /* to the worker: there is a request, or it has to end */
  pthread_cond_t changed;  /* to others: a round has ended, or the worker has */
  struct worker *current;  /* NULL: none runs */
  unsigned threads_count;  /* that have not ended, including those that hang */
  bool closing;
  bool orphaned; /* closed: the last thread frees */
  /* Requests are numbered; the last one counts. */
  unsigned long requested, begun, ended;
  double due;      /* monotonic time to begin the next round */
  double duration; /* of the last round */
};

static double now(void)
{
  return clock_seconds(CLOCK_MONOTONIC);
}

void supervisor_lock(struct supervisor *supervisor)
{
  pthread_mutex_lock(&supervisor->lock);
}

void supervisor_unlock(struct supervisor *supervisor)
{
  pthread_mutex_unlock(&supervisor->lock);
}

/* Waits until signalled, at most until `when`. */
static void wait_until(struct supervisor *supervisor, pthread_cond_t *condition,
                       double when)
{
  struct timespec until = {.tv_sec = (time_t)when,
                           .tv_nsec = (long)((when - floor(when)) * 1e9)};
  pthread_cond_timedwait(condition, &supervisor->lock, &until);
}

static void free_synchronisation(struct supervisor *supervisor)
{
  pthread_mutex_destroy(&supervisor->lock);
  pthread_cond_destroy(&supervisor->requests);
  pthread_cond_destroy(&supervisor->changed);
}

static void supervisor_free(struct supervisor *supervisor)
{
  supervisor->job->free(supervisor->context);
  sysroot_close(&supervisor->root);
  free_synchronisation(supervisor);
  free(supervisor);
}

/* --- the worker ------------------------------------------------------------------- */

void supervisor_enter(struct worker *worker, uint32_t tag)
{
  supervisor_lock(worker->supervisor);
  worker->tag = tag;
  worker->since = now();
  supervisor_unlock(worker->supervisor);
}

bool supervisor_leave(struct worker *worker)
{
  struct supervisor *supervisor = worker->supervisor;
  supervisor_lock(supervisor);
  worker->since = 0;
  bool goes_on = supervisor->current == worker && !supervisor->closing;
  supervisor_unlock(supervisor);
  return goes_on;
}

const struct sysroot *supervisor_root(const struct supervisor *supervisor)
{
  return &supervisor->root;
}

struct text *supervisor_text(struct worker *worker)
{
  return &worker->text;
}

int supervisor_slurp(struct worker *worker, uint32_t tag, const char *path, bool single)
{
  const struct sysroot *root = &worker->supervisor->root;
  supervisor_enter(worker, tag);
  int error = single ? sysroot_slurp_single(root, path, &worker->text)
                     : sysroot_slurp(root, path, &worker->text);
  if (!supervisor_leave(worker))
    return -ECANCELED;
  return error == -ECANCELED ? -EIO : error;
}

/* With the lock, which it releases for the time of the round. */
static void run_round(struct worker *worker)
{
  struct supervisor *supervisor = worker->supervisor;
  unsigned long number = supervisor->begun = supervisor->requested;
  double start = now();
  supervisor_unlock(supervisor);
  supervisor->job->round(supervisor->context, worker);
  supervisor_lock(supervisor);
  if (supervisor->current != worker)
    return; /* replaced: another worker makes the round again */
  supervisor->duration = now() - start;
  supervisor->ended = number;
  pthread_cond_broadcast(&supervisor->changed);
}

static void *worker_main(void *argument)
{
  struct worker *worker = argument;
  struct supervisor *supervisor = worker->supervisor;
  supervisor_lock(supervisor);
  while (supervisor->current == worker && !supervisor->closing) {
    if (supervisor->begun == supervisor->requested)
      pthread_cond_wait(&supervisor->requests, &supervisor->lock);
    else if (supervisor->due > now())
      wait_until(supervisor, &supervisor->requests, supervisor->due);
    else
      run_round(worker);
  }
  if (supervisor->current == worker)
    supervisor->current = NULL;
  else
    supervisor->job->came_back(supervisor->context, worker->tag);
  supervisor->threads_count--;
  bool last = supervisor->orphaned && supervisor->threads_count == 0;
  pthread_cond_broadcast(&supervisor->changed);
  supervisor_unlock(supervisor);
  text_free(&worker->text);
  free(worker);
  if (last)
    supervisor_free(supervisor);
  return NULL;
}

/* With the lock. 0; or -errno, with no current worker. */
static int start_worker(struct supervisor *supervisor)
{
  struct worker *worker = calloc(1, sizeof(*worker));
  if (worker == NULL)
    return -ENOMEM;
  worker->supervisor = supervisor;
  /* The daemon's own threads handle its signals. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int error = pthread_create(&worker->thread, NULL, worker_main, worker);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (error != 0) {
    free(worker);
    return -error;
  }
  pthread_setname_np(worker->thread, supervisor->job->name);
  supervisor->current = worker;
  supervisor->threads_count++;
  return 0;
}

/* --- workers that hang ------------------------------------------------------------ */

static bool is_hanging(const struct supervisor *supervisor)
{
  const struct worker *worker = supervisor->current;
  return worker != NULL && worker->since > 0 &&
         now() - worker->since > supervisor->patience;
}

void supervisor_check(struct supervisor *supervisor)
{
  struct worker *worker = supervisor->current;
  /* During its access, the context is ours. */
  if (is_hanging(supervisor) &&
      supervisor->job->hangs(supervisor->context, worker->tag, worker->since)) {
    pthread_detach(worker->thread);
    supervisor->current = NULL;
    supervisor->begun = supervisor->ended; /* the round is made again */
  }
  if (supervisor->current == NULL && !supervisor->closing)
    start_worker(supervisor); /* where that fails, the next check tries again */
}

/* --- what others call ------------------------------------------------------------- */

static void init_synchronisation(struct supervisor *supervisor)
{
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&supervisor->requests, &monotonic);
  pthread_cond_init(&supervisor->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&supervisor->lock, NULL);
}

int supervisor_open(const struct sysroot *root, const struct supervisor_job *job,
                    void *context, double patience, struct supervisor **out)
{
  struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
  if (supervisor == NULL)
    return -ENOMEM;
  /* A duplicate, since a worker that hangs may need it after the caller has closed its
   * own.
   */
  int error = sysroot_dup(root, &supervisor->root);
  if (error != 0) {
    free(supervisor);
    return error;
  }
  supervisor->job = job;
  supervisor->context = context;
  supervisor->patience = patience;
  init_synchronisation(supervisor);
  supervisor_lock(supervisor);
  error = start_worker(supervisor);
  supervisor_unlock(supervisor);
  if (error != 0) {
    sysroot_close(&supervisor->root);
    free_synchronisation(supervisor);
    free(supervisor);
    return error;
  }
  *out = supervisor;
  return 0;
}

void supervisor_close(struct supervisor *supervisor)
{
  if (supervisor == NULL)
    return;
  supervisor_lock(supervisor);
  supervisor->closing = true;
  pthread_cond_broadcast(&supervisor->requests);
  struct worker *worker = supervisor->current;
  pthread_t thread;
  if (worker != NULL)
    thread = worker->thread;
  double until = now() + SUPERVISOR_CLOSE_WAIT;
  while (supervisor->current != NULL && now() < until)
    wait_until(supervisor, &supervisor->changed, until);
  bool ended = supervisor->current == NULL;
  bool last = supervisor->threads_count == 0;
  supervisor->orphaned = !last;
  supervisor_unlock(supervisor);
  if (worker != NULL)
    ended ? pthread_join(thread, NULL) : pthread_detach(thread);
  if (last)
    supervisor_free(supervisor);
}

void supervisor_request(struct supervisor *supervisor, double when)
{
  /* A round may take longer than the last one, and a thread has to wake up. */
  static const double margin = 1.5, wake_up = 0.02;
  supervisor_lock(supervisor);
  supervisor->requested++;
  supervisor->due = when - margin * supervisor->duration - wake_up;
  pthread_cond_signal(&supervisor->requests);
  supervisor_unlock(supervisor);
}

bool supervisor_wait(struct supervisor *supervisor, double seconds)
{
  const double step = fmin(0.1, supervisor->patience / 5); /* between two checks */
  double until = now() + seconds;
  supervisor_lock(supervisor);
  unsigned long wanted = supervisor->requested;
  bool stuck = false;
  while (supervisor->ended < wanted && now() < until && !stuck) {
    wait_until(supervisor, &supervisor->changed, fmin(until, now() + step));
    /* Determined before the check: after it, the new worker may hang already. */
    const struct worker *hanging = is_hanging(supervisor) ? supervisor->current : NULL;
    supervisor_check(supervisor);
    stuck = supervisor->current == NULL || supervisor->current == hanging;
  }
  bool ended = supervisor->ended >= wanted;
  supervisor_unlock(supervisor);
  return ended;
}
