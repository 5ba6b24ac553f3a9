/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/pss/census.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/workers/supervisor.h"
#include "pss_scan.h"
#include "totals.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct census {
  struct supervisor *supervisor;
  struct pss_scan scan; /* the worker's */
  /* Guarded by the supervisor's lock. */
  struct pss_scan_options options;
  struct census_result result;
  double back_at[HUNG_MAX]; /* when hung[i] may be read again; 0: it still hangs */
};

/* --- a pass ------------------------------------------------------------------------- */

/* An access to a file, tagged with the pid. */
static int slurp(void *context, uint32_t pid, const char *path, bool single)
{
  return supervisor_slurp(context, pid, path, single);
}

/* One state for the smaps of all processes: that of most, since a security module may
 * deny some of them even to root. */
static enum reading_state smaps_state(const struct processes *processes)
{
  if (processes->malformed_count.value > 0)
    return READING_MALFORMED;
  if (processes->denied_count.value > processes->read_count.value)
    return READING_DENIED;
  return processes->read_count.value > 0 ? READING_KNOWN : READING_ABSENT;
}

static void summarise(const struct pss_scan *scan, struct census_result *out)
{
  totals_compute(scan, &out->processes, &out->oldest_at);
  if (scan->error != 0) {
    enum reading_state state = sysroot_error_state(scan->error);
    out->smaps = (struct source_status){.error = scan->error, .state = state};
    reading_fill(&out->processes.pss, PROCESSES_READINGS, state);
  } else {
    out->smaps = (struct source_status){.error = scan->where_error,
                                        .parse_error = scan->parse_error,
                                        .state = smaps_state(&out->processes)};
    memcpy(out->smaps.path, scan->where, sizeof(out->smaps.path));
  }
  memcpy(out->denied, scan->denied, sizeof(out->denied));
  out->cpu = scan->cpu;
  out->passed_at = scan->passed_at;
}

/* Lets processes whose smaps answered be read again, but not at once. With the lock. */
static void take_back(struct census *census)
{
  for (int i = 0; i < HUNG_MAX; i++) {
    struct hung_process *hung = &census->result.hung[i];
    if (hung->pid == 0 || census->back_at[i] == 0)
      continue;
    struct process *process = process_table_find(&census->scan.table, hung->pid);
    if (process != NULL)
      process->not_before = census->back_at[i];
    *hung = (struct hung_process){0};
    census->back_at[i] = 0;
  }
}

static void pass(void *context, struct worker *worker)
{
  struct census *census = context;
  const struct pss_scan_reader files = {
      .slurp = slurp, .context = worker, .text = supervisor_text(worker)};
  struct census_result result;
  supervisor_lock(census->supervisor);
  const struct pss_scan_options options = census->options;
  take_back(census);
  supervisor_unlock(census->supervisor);
  if (pss_scan_pass(&census->scan, &files, &options) == -ECANCELED)
    return;
  summarise(&census->scan, &result);
  supervisor_lock(census->supervisor);
  memcpy(result.hung, census->result.hung, sizeof(result.hung));
  census->result = result;
  supervisor_unlock(census->supervisor);
}

/* --- processes that hang ------------------------------------------------------------ */

static bool set_aside(void *context, uint32_t pid, double since)
{
  struct census *census = context;
  int slot = 0;
  while (slot < HUNG_MAX && census->result.hung[slot].pid != 0)
    slot++;
  if (slot == HUNG_MAX || pid == 0)
    return false;
  census->result.hung[slot] = (struct hung_process){.pid = pid, .since = since};
  struct process *process = process_table_find(&census->scan.table, pid);
  if (process != NULL)
    process->not_before = INFINITY;
  return true;
}

static void came_back(void *context, uint32_t pid)
{
  struct census *census = context;
  double now = clock_seconds(CLOCK_MONOTONIC);
  for (int i = 0; i < HUNG_MAX; i++) {
    struct hung_process *hung = &census->result.hung[i];
    if (hung->pid == pid && census->back_at[i] == 0)
      census->back_at[i] = now + 10 * (now - hung->since);
  }
}

/* --- what others call --------------------------------------------------------------- */

/* Whether the pids below this root are those of our own PID namespace: then proc/self is
 * our own pid. */
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
  pss_scan_free(&census->scan);
  free(census);
}

int census_open(const struct sysroot *root, uint64_t page_size, double patience,
                struct census **out)
{
  static const struct supervisor_job job = {.name = "pss census",
                                            .round = pass,
                                            .hangs = set_aside,
                                            .came_back = came_back,
                                            .free = census_free};
  struct census *census = calloc(1, sizeof(*census));
  if (census == NULL)
    return -ENOMEM;
  int error = supervisor_open(root, &job, census, patience, &census->supervisor);
  if (error != 0) {
    free(census);
    return error;
  }
  const struct sysroot *own = supervisor_root(census->supervisor);
  census->scan = (struct pss_scan){
      .root = own, .page_size = page_size, .own_pids = has_own_pids(own)};
  *out = census;
  return 0;
}

void census_close(struct census *census)
{
  if (census != NULL)
    supervisor_close(census->supervisor);
}

void census_request(struct census *census, const struct pss_scan_options *options,
                    double when)
{
  supervisor_lock(census->supervisor);
  census->options = *options;
  supervisor_unlock(census->supervisor);
  supervisor_request(census->supervisor, when);
}

bool census_wait(struct census *census, double seconds)
{
  return supervisor_wait(census->supervisor, seconds);
}

void census_latest(struct census *census, struct census_result *out)
{
  supervisor_lock(census->supervisor);
  supervisor_check(census->supervisor);
  *out = census->result;
  supervisor_unlock(census->supervisor);
}
