/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/activity.h"

#include <math.h>
#include <unistd.h>

double activity_window(double stat_interval)
{
  static const double watchdog_period = 4;
  return 2 * stat_interval + watchdog_period;
}

/* Adds what a counter of events has counted. One that the kernel does not have has
 * counted nothing; one that went down was reset. */
static void add(struct reading *sum, struct reading before, struct reading after)
{
  if (before.state > READING_KNOWN || after.state > READING_KNOWN ||
      before.state != after.state || before.value > after.value)
    *sum = reading_missing(READING_MALFORMED);
  else
    reading_add(sum, after.value - before.value);
}

/* Without these events the others mean nothing. Before 4.8 LRU lists were counted by zone
 * and not by node, and so was pgrefill. */
static bool has_events(const struct vmstat *vmstat)
{
  return is_known(vmstat->pages_allocated_count) && is_known(vmstat->pgfree_count) &&
         is_known(vmstat->pgactivate_count) && is_known(vmstat->pages_scanned_count) &&
         is_known(vmstat->pgrefill_count) && is_known(vmstat->pages_migrated_count);
}

#define ADD(sum, event) add(&out->sum, before->event, after->event)

static void count_events(const struct vmstat *before, const struct vmstat *after,
                         struct activity *out)
{
  if (!has_events(before) || !has_events(after))
    return;
  ADD(allocated_count, pages_allocated_count);
  ADD(freed_count, pgfree_count);
  ADD(isolated_count, pages_scanned_count);
  ADD(isolated_count, pgrefill_count);
  ADD(isolated_count, compact_isolated_count);
  ADD(isolated_count, pages_migrated_count);
  ADD(locked_count, unevictable_pgs_culled_count);
  ADD(locked_count, unevictable_pgs_rescued_count);
  ADD(locked_count, unevictable_pgs_mlocked_count);
  ADD(locked_count, unevictable_pgs_munlocked_count);
  ADD(moved_count, pgactivate_count);
  ADD(moved_count, pgdeactivate_count);
  ADD(moved_count, pglazyfree_count);
  ADD(remote_count, numa_other_count);
  reading_add(&out->moved_count, out->locked_count.value);
  reading_add(&out->moved_count, 2 * out->isolated_count.value); /* off and on */
  /* With vm.numa_stat=0 (4.14) no allocation is counted. */
  if (before->numa_local_count.value == after->numa_local_count.value)
    out->remote_count = out->allocated_count;
}

/* The share of time that a CPU was not idle. */
static double busy_share(const struct activity_look *before,
                         const struct activity_look *after, size_t cpu)
{
  const double seconds = after->at - before->at;
  const double ticks = (double)after->times.idle[cpu] - (double)before->times.idle[cpu];
  const double idle = ticks / (double)sysconf(_SC_CLK_TCK);
  return fmin(fmax(1 - idle / seconds, 0), 1);
}

/* All, where they are not the same CPUs. */
static uint64_t count_active(const struct activity_look *before,
                             const struct activity_look *after)
{
  const struct cpu_lists *lists = &after->lists;
  const bool known = !before->lists.too_many && !lists->too_many &&
                     before->lists.cpus_count == lists->cpus_count &&
                     before->times.cpus_count == lists->cpus_count &&
                     after->times.cpus_count == lists->cpus_count;
  double active = 0;
  for (size_t cpu = 0; cpu < CPU_LISTS_MAX && known; cpu++) {
    if (lists->state[cpu] == 0)
      continue;
    active += lists->state[cpu] != before->lists.state[cpu]
                  ? 1
                  : busy_share(before, after, cpu);
  }
  return known ? (uint64_t)ceil(active) : lists->cpus_count;
}

static bool all_known(const struct activity *activity)
{
  const struct reading *readings = &activity->allocated_count;
  for (size_t i = 0; i < ACTIVITY_READINGS; i++)
    if (!is_known(readings[i]))
      return false;
  return true;
}

void activity_since(struct activity_looks *looks, double window, struct activity *out)
{
  const struct activity_look *now = &looks->now, *base = &looks->base;
  memset(out, 0, sizeof(*out));
  if (!now->is_known)
    return;
  if (!looks->next.is_known) {
    looks->next = *now;
  } else if (now->at - looks->next.at >= window) {
    looks->base = looks->next;
    looks->next = *now;
  }
  if (!base->is_known || now->at - base->at < window)
    return;
  count_events(&base->vmstat, &now->vmstat, out);
  out->cpus_count = reading_known(count_active(base, now));
  if (!all_known(out))
    memset(out, 0, sizeof(*out));
}
