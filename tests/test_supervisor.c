/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/workers/supervisor.h"

#include "meminfo_explain/base/clock.h"
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define PATIENCE 0.5 /* seconds */
#define LONG     30.0

/* --- a job whose access may hang ---------------------------------------------------- */

enum { TAG = 7 };

/* Guarded by `lock`, which the supervisor does not have. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct state {
  bool is_gated, takes_hangs;
  unsigned rounds, gated, ended, replaced; /* counts; `ended` of whole rounds */
  unsigned hangs, came_back, frees;
} state;
static bool signals_are_blocked;
static struct supervisor *supervisor;

static void add(unsigned *count)
{
  pthread_mutex_lock(&lock);
  ++*count;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

static unsigned get(const unsigned *count)
{
  pthread_mutex_lock(&lock);
  unsigned value = *count;
  pthread_mutex_unlock(&lock);
  return value;
}

static void wait_for(const unsigned *count, unsigned value)
{
  pthread_mutex_lock(&lock);
  while (*count < value)
    pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static void set_gate(bool is_gated)
{
  pthread_mutex_lock(&lock);
  state.is_gated = is_gated;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

/* The access: hangs while the gate is closed, but only once per closing. */
static void access_file(void)
{
  pthread_mutex_lock(&lock);
  state.rounds++;
  if (state.is_gated && state.gated == 0) {
    state.gated++;
    pthread_cond_broadcast(&changed);
    while (state.is_gated)
      pthread_cond_wait(&changed, &lock);
  }
  pthread_mutex_unlock(&lock);
}

static void do_round(void *context, struct worker *worker)
{
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, NULL, &blocked);
  signals_are_blocked = sigismember(&blocked, SIGTERM) == 1;
  supervisor_enter(worker, TAG);
  access_file();
  if (supervisor_leave(worker))
    add(&((struct state *)context)->ended);
  else
    add(&((struct state *)context)->replaced);
}

static bool note_hanging(void *context, uint32_t tag, double since)
{
  struct state *job = context;
  ck_assert_uint_eq(tag, TAG);
  ck_assert(since <= clock_seconds(CLOCK_MONOTONIC) - PATIENCE);
  add(&job->hangs);
  return job->takes_hangs;
}

static void note_back(void *context, uint32_t tag)
{
  ck_assert_uint_eq(tag, TAG);
  add(&((struct state *)context)->came_back);
}

static void note_free(void *context)
{
  add(&((struct state *)context)->frees);
}

static void begin(bool is_gated, bool takes_hangs)
{
  static const struct supervisor_job job = {.name = "test",
                                            .round = do_round,
                                            .hangs = note_hanging,
                                            .came_back = note_back,
                                            .free = note_free};
  struct sysroot root;
  state = (struct state){.is_gated = is_gated, .takes_hangs = takes_hangs};
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_int_eq(supervisor_open(&root, &job, &state, PATIENCE, &supervisor), 0);
  sysroot_close(&root);
}

static bool make_round(double seconds)
{
  supervisor_request(supervisor, 0);
  return supervisor_wait(supervisor, seconds);
}

static void close_and_wait(void)
{
  supervisor_close(supervisor);
  wait_for(&state.frees, 1);
}

/* --- tests -------------------------------------------------------------------------- */

START_TEST(a_round_is_made_on_request_only)
{
  begin(false, true);
  usleep(50 * 1000);
  ck_assert_uint_eq(get(&state.rounds), 0);
  ck_assert(make_round(LONG));
  ck_assert(make_round(LONG));
  ck_assert_uint_eq(get(&state.rounds), 2);
  ck_assert_uint_eq(get(&state.ended), 2);
  ck_assert(signals_are_blocked);
  close_and_wait();
  ck_assert_uint_eq(state.frees, 1);
}
END_TEST

START_TEST(a_round_waits_until_it_is_due)
{
  begin(false, true);
  double due = clock_seconds(CLOCK_MONOTONIC) + 0.3;
  supervisor_request(supervisor, due);
  ck_assert(!supervisor_wait(supervisor, 0.1));
  ck_assert_uint_eq(get(&state.rounds), 0);
  ck_assert(supervisor_wait(supervisor, LONG));
  ck_assert(clock_seconds(CLOCK_MONOTONIC) > due - 0.2);
  close_and_wait();
}
END_TEST

START_TEST(a_worker_that_hangs_is_replaced_and_the_round_made_again)
{
  begin(true, true);
  double start = clock_seconds(CLOCK_MONOTONIC);
  ck_assert(make_round(LONG));
  ck_assert(clock_seconds(CLOCK_MONOTONIC) - start >= PATIENCE);
  ck_assert_uint_eq(get(&state.hangs), 1);
  ck_assert_uint_eq(get(&state.rounds), 2);
  ck_assert_uint_eq(get(&state.ended), 1);
  ck_assert_uint_eq(get(&state.came_back), 0);
  set_gate(false);
  wait_for(&state.came_back, 1);
  ck_assert_uint_eq(get(&state.replaced), 1); /* it ended without a result */
  ck_assert(make_round(LONG));
  ck_assert_uint_eq(get(&state.ended), 2);
  close_and_wait();
}
END_TEST

START_TEST(a_worker_that_may_not_be_replaced_is_waited_for)
{
  begin(true, false);
  ck_assert(!make_round(LONG)); /* gives up when the job says so */
  ck_assert_uint_ge(get(&state.hangs), 1);
  ck_assert_uint_eq(get(&state.rounds), 1);
  set_gate(false);
  ck_assert(supervisor_wait(supervisor, LONG));
  ck_assert_uint_eq(get(&state.ended), 1);
  ck_assert_uint_eq(get(&state.came_back), 0); /* it was never replaced */
  close_and_wait();
}
END_TEST

START_TEST(check_replaces_a_worker_without_waiting)
{
  begin(true, true);
  supervisor_request(supervisor, 0);
  wait_for(&state.gated, 1);
  double until = clock_seconds(CLOCK_MONOTONIC) + LONG;
  while (get(&state.ended) == 0 && clock_seconds(CLOCK_MONOTONIC) < until) {
    supervisor_lock(supervisor);
    supervisor_check(supervisor);
    supervisor_unlock(supervisor);
    usleep(1000);
  }
  ck_assert_uint_eq(get(&state.ended), 1);
  set_gate(false);
  close_and_wait();
}
END_TEST

START_TEST(the_last_thread_frees_after_close)
{
  begin(true, true);
  ck_assert(make_round(LONG)); /* one thread hangs, and is replaced */
  double start = clock_seconds(CLOCK_MONOTONIC);
  supervisor_close(supervisor);
  ck_assert(clock_seconds(CLOCK_MONOTONIC) - start < SUPERVISOR_CLOSE_WAIT / 2);
  ck_assert_uint_eq(get(&state.frees), 0);
  set_gate(false);
  wait_for(&state.frees, 1);
  ck_assert_uint_eq(get(&state.frees), 1);
}
END_TEST

START_TEST(close_waits_a_while_for_a_current_worker_that_hangs)
{
  begin(true, true);
  supervisor_request(supervisor, 0);
  wait_for(&state.gated, 1);
  double start = clock_seconds(CLOCK_MONOTONIC);
  supervisor_close(supervisor);
  double seconds = clock_seconds(CLOCK_MONOTONIC) - start;
  ck_assert(seconds >= SUPERVISOR_CLOSE_WAIT && seconds < 2 * SUPERVISOR_CLOSE_WAIT);
  ck_assert_uint_eq(get(&state.frees), 0);
  set_gate(false);
  wait_for(&state.frees, 1);
  ck_assert_uint_eq(get(&state.replaced), 1); /* leave is false after close */
}
END_TEST

SUITE_MAIN("supervisor", a_round_is_made_on_request_only, a_round_waits_until_it_is_due,
           a_worker_that_hangs_is_replaced_and_the_round_made_again,
           a_worker_that_may_not_be_replaced_is_waited_for,
           check_replaces_a_worker_without_waiting, the_last_thread_frees_after_close,
           close_waits_a_while_for_a_current_worker_that_hangs)
