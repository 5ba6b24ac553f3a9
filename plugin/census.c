/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/census.h"
#include "meminfo_explain/clock.h"
#include "meminfo_explain/tally.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A thread that walks, and what it alone owns. */
struct walker {
  struct census *census;
  pthread_t thread;
  struct text text;
  /* What it reads; guarded by the lock. */
  uint32_t pid;
  double since; /* monotonic time; 0: nothing */
};

struct census {
  struct sysroot root;
  struct walk walk; /* the current walker's, see census.h */

  pthread_mutex_t lock;   /* guards all that follows */
  pthread_cond_t asked;   /* to the walker: there is something to do */
  pthread_cond_t changed; /* to others: a pass is through, or the walker ended */
  struct walker *current; /* NULL: none runs */
  unsigned threads_count; /* that have not ended, those that hang included */
  bool closing;
  bool orphaned; /* closed: the last thread frees */
  /* Requests are numbered; the last one counts. */
  unsigned long requested, begun, through;
  struct walk_options options;
  double due;      /* monotonic time to begin */
  double duration; /* of the last pass */
  struct census_result result;
  double back_at[HUNG_MAX]; /* when hung[i] may be read again; 0: it still hangs */
};

static double now(void)
{
  return clock_seconds(CLOCK_MONOTONIC);
}

/* Waits until signalled, at most until `when`. */
static void wait_until(struct census *census, pthread_cond_t *condition, double when)
{
  struct timespec until = {.tv_sec = (time_t)when,
                           .tv_nsec = (long)((when - floor(when)) * 1e9)};
  pthread_cond_timedwait(condition, &census->lock, &until);
}

static void census_free(struct census *census)
{
  walk_free(&census->walk);
  sysroot_close(&census->root);
  pthread_mutex_destroy(&census->lock);
  pthread_cond_destroy(&census->asked);
  pthread_cond_destroy(&census->changed);
  free(census);
}

/* --- the walker ------------------------------------------------------------------- */

/* The only place where the walk may change hands. */
static int walker_slurp(void *context, uint32_t pid, const char *path)
{
  struct walker *walker = context;
  struct census *census = walker->census;
  pthread_mutex_lock(&census->lock);
  walker->pid = pid;
  walker->since = now();
  pthread_mutex_unlock(&census->lock);
  int error = sysroot_slurp(&census->root, path, &walker->text);
  pthread_mutex_lock(&census->lock);
  walker->since = 0;
  bool mine = census->current == walker && !census->closing;
  pthread_mutex_unlock(&census->lock);
  return mine ? error : -ECANCELED;
}

/* The state of the smaps of all processes: that of most. Even root is refused by some,
 * for instance by a security module. */
static enum reading_state smaps_state(const struct processes *processes)
{
  if (processes->malformed_count.value > 0)
    return READING_MALFORMED;
  if (processes->denied_count.value > processes->read_count.value)
    return READING_DENIED;
  return processes->read_count.value > 0 ? READING_KNOWN : READING_ABSENT;
}

static void summarise(const struct walk *walk, struct census_result *out)
{
  tally(walk, &out->processes, &out->oldest_at);
  out->smaps = (struct source_status){
      .error = walk->error, .fault = walk->fault, .state = smaps_state(&out->processes)};
  memcpy(out->smaps.path, walk->where, sizeof(out->smaps.path));
  if (walk->error != 0) {
    out->smaps.state = sysroot_error_state(walk->error);
    reading_fill(&out->processes.pss, PROCESSES_READINGS, out->smaps.state);
  }
  out->cpu = walk->cpu;
  out->passed_at = walk->passed_at;
}

/* Those who came back may be read again, but not at once. With the lock, by the walker.
 */
static void take_back(struct census *census)
{
  for (int i = 0; i < HUNG_MAX; i++) {
    struct hung *hung = &census->result.hung[i];
    if (hung->pid == 0 || census->back_at[i] == 0)
      continue;
    struct process *process = roster_find(&census->walk.roster, hung->pid);
    if (process != NULL)
      process->not_before = census->back_at[i];
    *hung = (struct hung){0};
    census->back_at[i] = 0;
  }
}

/* With the lock, which it leaves for the time of the pass. */
static void pass(struct walker *walker)
{
  struct census *census = walker->census;
  const struct walk_files files = {
      .slurp = walker_slurp, .context = walker, .text = &walker->text};
  const struct walk_options options = census->options;
  unsigned long number = census->begun = census->requested;
  struct census_result result;
  double start = now();
  take_back(census);
  pthread_mutex_unlock(&census->lock);
  int error = walk_pass(&census->walk, &files, &options);
  if (error != -ECANCELED)
    summarise(&census->walk, &result);
  pthread_mutex_lock(&census->lock);
  if (error == -ECANCELED)
    return;
  memcpy(result.hung, census->result.hung, sizeof(result.hung));
  census->result = result;
  census->duration = now() - start;
  census->through = number;
  pthread_cond_broadcast(&census->changed);
}

/* With the lock: the end of a walker that was given up. */
static void come_back(struct walker *walker)
{
  struct census *census = walker->census;
  for (int i = 0; i < HUNG_MAX; i++) {
    struct hung *hung = &census->result.hung[i];
    if (hung->pid == walker->pid && census->back_at[i] == 0)
      census->back_at[i] = now() + 10 * (now() - hung->since);
  }
}

static void *walker_main(void *argument)
{
  struct walker *walker = argument;
  struct census *census = walker->census;
  pthread_mutex_lock(&census->lock);
  while (census->current == walker && !census->closing) {
    if (census->begun == census->requested)
      pthread_cond_wait(&census->asked, &census->lock);
    else if (census->due > now())
      wait_until(census, &census->asked, census->due);
    else
      pass(walker);
  }
  if (census->current == walker)
    census->current = NULL;
  else
    come_back(walker);
  census->threads_count--;
  bool last = census->orphaned && census->threads_count == 0;
  pthread_cond_broadcast(&census->changed);
  pthread_mutex_unlock(&census->lock);
  text_free(&walker->text);
  free(walker);
  if (last)
    census_free(census);
  return NULL;
}

/* With the lock. 0 or -errno, with no current walker. */
static int start_walker(struct census *census)
{
  struct walker *walker = calloc(1, sizeof(*walker));
  if (walker == NULL)
    return -ENOMEM;
  walker->census = census;
  /* The daemon's signals are for its own threads. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int error = pthread_create(&walker->thread, NULL, walker_main, walker);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (error != 0) {
    free(walker);
    return -error;
  }
  pthread_setname_np(walker->thread, "pss census");
  census->current = walker;
  census->threads_count++;
  return 0;
}

/* --- who hangs -------------------------------------------------------------------- */

static int free_slot(const struct census *census)
{
  int slot = 0;
  while (slot < HUNG_MAX && census->result.hung[slot].pid != 0)
    slot++;
  return slot;
}

static bool is_hanging(const struct walker *walker)
{
  return walker != NULL && walker->since > 0 && walker->pid != 0 &&
         now() - walker->since > CENSUS_PATIENCE;
}

/* With the lock. While its walker is inside a file, the walk is ours. */
static void give_up_who_hangs(struct census *census)
{
  struct walker *walker = census->current;
  int slot = free_slot(census);
  if (is_hanging(walker) && slot < HUNG_MAX) {
    census->result.hung[slot] = (struct hung){.pid = walker->pid, .since = walker->since};
    struct process *process = roster_find(&census->walk.roster, walker->pid);
    if (process != NULL)
      process->not_before = INFINITY;
    pthread_detach(walker->thread);
    census->current = NULL;
    census->begun = census->through; /* the pass is made again */
  }
  if (census->current == NULL && !census->closing)
    start_walker(census); /* where it cannot, it is tried again the next time */
}

/* --- what others call ------------------------------------------------------------- */

/* Whether process numbers below this root are those of our own PID namespace: then
 * proc/self is who we are. */
static bool has_own_pids(const struct sysroot *root)
{
  char self[16], target[16];
  ssize_t length = readlinkat(root->fd, "proc/self", target, sizeof(target) - 1);
  if (!root->live || length < 0)
    return false;
  target[length] = '\0';
  snprintf(self, sizeof(self), "%d", (int)getpid());
  return strcmp(self, target) == 0;
}

static void init_synchronisation(struct census *census)
{
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&census->asked, &monotonic);
  pthread_cond_init(&census->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&census->lock, NULL);
}

int census_open(const struct sysroot *root, uint64_t page_size, struct census **out)
{
  struct census *census = calloc(1, sizeof(*census));
  if (census == NULL)
    return -ENOMEM;
  /* Its own: it may be needed for longer than the caller's. */
  int error = sysroot_dup(root, &census->root);
  if (error != 0) {
    free(census);
    return error;
  }
  census->walk = (struct walk){.root = &census->root,
                               .page_size = page_size,
                               .own_pids = has_own_pids(&census->root)};
  init_synchronisation(census);
  pthread_mutex_lock(&census->lock);
  error = start_walker(census);
  pthread_mutex_unlock(&census->lock);
  if (error != 0) {
    census_free(census);
    return error;
  }
  *out = census;
  return 0;
}

void census_close(struct census *census)
{
  if (census == NULL)
    return;
  pthread_mutex_lock(&census->lock);
  census->closing = true;
  pthread_cond_broadcast(&census->asked);
  struct walker *walker = census->current;
  pthread_t thread;
  if (walker != NULL)
    thread = walker->thread;
  double until = now() + CENSUS_FAREWELL;
  while (census->current != NULL && now() < until)
    wait_until(census, &census->changed, until);
  bool ended = census->current == NULL;
  bool last = census->threads_count == 0;
  census->orphaned = !last;
  pthread_mutex_unlock(&census->lock);
  if (walker != NULL)
    ended ? pthread_join(thread, NULL) : pthread_detach(thread);
  if (last)
    census_free(census);
}

void census_request(struct census *census, const struct walk_options *options,
                    double when)
{
  /* Half as much again, and what it takes to wake up. */
  static const double margin = 1.5, wake_up = 0.02;
  pthread_mutex_lock(&census->lock);
  census->options = *options;
  census->requested++;
  census->due = when - margin * census->duration - wake_up;
  pthread_cond_signal(&census->asked);
  pthread_mutex_unlock(&census->lock);
}

bool census_wait(struct census *census, double seconds)
{
  static const double step = 0.1; /* between two looks at who hangs */
  double until = now() + seconds;
  pthread_mutex_lock(&census->lock);
  unsigned long wanted = census->requested;
  bool rests = false;
  while (census->through < wanted && now() < until && !rests) {
    wait_until(census, &census->changed, fmin(until, now() + step));
    give_up_who_hangs(census);
    rests = census->current == NULL || is_hanging(census->current);
  }
  bool through = census->through >= wanted;
  pthread_mutex_unlock(&census->lock);
  return through;
}

void census_latest(struct census *census, struct census_result *out)
{
  pthread_mutex_lock(&census->lock);
  give_up_who_hangs(census);
  *out = census->result;
  pthread_mutex_unlock(&census->lock);
}
