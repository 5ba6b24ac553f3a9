/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/census.h"
#include "meminfo_explain/clock.h"
#include "meminfo_explain/relay.h"
#include "meminfo_explain/tally.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct census {
  struct relay *relay;
  struct walk walk; /* the relay's work */
  /* Guarded by the relay's lock. */
  struct walk_options options;
  struct census_result result;
  double back_at[HUNG_MAX]; /* when hung[i] may be read again; 0: it still hangs */
};

/* --- the walk ----------------------------------------------------------------------- */

/* The only access: by the number of the process. */
static int slurp(void *context, uint32_t pid, const char *path)
{
  return relay_slurp(context, pid, path);
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
  if (walk->error != 0) {
    enum reading_state state = sysroot_error_state(walk->error);
    out->smaps = (struct source_status){.error = walk->error, .state = state};
    reading_fill(&out->processes.pss, PROCESSES_READINGS, state);
  } else {
    out->smaps = (struct source_status){.error = walk->where_error,
                                        .fault = walk->fault,
                                        .state = smaps_state(&out->processes)};
    memcpy(out->smaps.path, walk->where, sizeof(out->smaps.path));
  }
  out->cpu = walk->cpu;
  out->passed_at = walk->passed_at;
}

/* Those who came back may be read again, but not at once. With the lock. */
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

static void pass(void *context, struct runner *runner)
{
  struct census *census = context;
  const struct walk_files files = {
      .slurp = slurp, .context = runner, .text = relay_text(runner)};
  struct census_result result;
  relay_lock(census->relay);
  const struct walk_options options = census->options;
  take_back(census);
  relay_unlock(census->relay);
  if (walk_pass(&census->walk, &files, &options) == -ECANCELED)
    return;
  summarise(&census->walk, &result);
  relay_lock(census->relay);
  memcpy(result.hung, census->result.hung, sizeof(result.hung));
  census->result = result;
  relay_unlock(census->relay);
}

/* --- who hangs ---------------------------------------------------------------------- */

static bool set_aside(void *context, uint32_t pid, double since)
{
  struct census *census = context;
  int slot = 0;
  while (slot < HUNG_MAX && census->result.hung[slot].pid != 0)
    slot++;
  if (slot == HUNG_MAX || pid == 0)
    return false;
  census->result.hung[slot] = (struct hung){.pid = pid, .since = since};
  struct process *process = roster_find(&census->walk.roster, pid);
  if (process != NULL)
    process->not_before = INFINITY;
  return true;
}

static void came_back(void *context, uint32_t pid)
{
  struct census *census = context;
  double now = clock_seconds(CLOCK_MONOTONIC);
  for (int i = 0; i < HUNG_MAX; i++) {
    struct hung *hung = &census->result.hung[i];
    if (hung->pid == pid && census->back_at[i] == 0)
      census->back_at[i] = now + 10 * (now - hung->since);
  }
}

/* --- what others call --------------------------------------------------------------- */

/* Whether process numbers below this root are those of our own PID namespace: then
 * proc/self is who we are. */
static bool has_own_pids(const struct sysroot *root)
{
  char self[16], target[16];
  if (!root->live || sysroot_read_link(root, "proc", "self", target, sizeof(target)) != 0)
    return false;
  snprintf(self, sizeof(self), "%d", (int)getpid());
  return strcmp(self, target) == 0;
}

static void census_free(void *context)
{
  struct census *census = context;
  walk_free(&census->walk);
  free(census);
}

int census_open(const struct sysroot *root, uint64_t page_size, struct census **out)
{
  static const struct relay_work work = {.name = "pss census",
                                         .patience = CENSUS_PATIENCE,
                                         .round = pass,
                                         .hangs = set_aside,
                                         .came_back = came_back,
                                         .free = census_free};
  struct census *census = calloc(1, sizeof(*census));
  if (census == NULL)
    return -ENOMEM;
  int error = relay_open(root, &work, census, &census->relay);
  if (error != 0) {
    free(census);
    return error;
  }
  const struct sysroot *own = relay_root(census->relay);
  census->walk =
      (struct walk){.root = own, .page_size = page_size, .own_pids = has_own_pids(own)};
  *out = census;
  return 0;
}

void census_close(struct census *census)
{
  if (census != NULL)
    relay_close(census->relay);
}

void census_request(struct census *census, const struct walk_options *options,
                    double when)
{
  relay_lock(census->relay);
  census->options = *options;
  relay_unlock(census->relay);
  relay_request(census->relay, when);
}

bool census_wait(struct census *census, double seconds)
{
  return relay_wait(census->relay, seconds);
}

void census_latest(struct census *census, struct census_result *out)
{
  relay_lock(census->relay);
  relay_look(census->relay);
  *out = census->result;
  relay_unlock(census->relay);
}
