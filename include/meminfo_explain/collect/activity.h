/* SPDX-License-Identifier: MIT */
/* What has happened since an earlier look at the same machine, for a bound on the per-CPU
 * deltas of counters.
 *
 * A CPU adds what it changes to the counters at the latest when a delta passes the
 * threshold, else every vm.stat_interval (1 s): its own work does (mm/vmstat.c:
 * vmstat_update), an idle CPU does before its tick stops (quiet_vmstat), and one that
 * became idle without that work is found by vmstat_shepherd. That is a deferrable work,
 * which waits until its CPU wakes; the watchdog wakes each CPU every 4 s
 * (kernel/watchdog.c: sample_period). So all deltas that are older than two intervals and
 * 4 s have been added, except those of isolated CPUs, which the shepherd skips
 * (cpu_is_isolated, since 6.4). What is younger is no more than what has moved since. */
#ifndef MEMINFO_EXPLAIN_COLLECT_ACTIVITY_H
#define MEMINFO_EXPLAIN_COLLECT_ACTIVITY_H

#include "meminfo_explain/parse/cpu_lists.h"
#include "meminfo_explain/parse/cpu_times.h"
#include "meminfo_explain/parse/vmstat.h"

/* All known or none. Numbers of pages, but for the CPUs. */
struct activity {
  struct reading allocated_count, freed_count;
  struct reading moved_count;    /* from one LRU list to another, or isolated */
  struct reading isolated_count; /* part of it: taken off the LRU for the moment */
  struct reading locked_count;   /* part of it: to or from the unevictable list */
  struct reading remote_count;   /* allocated from a node other than the CPU's */
  /* CPUs whose lists of free pages have changed. One that has given back all pages that
   * it took has also taken them out of its deltas, unless the kernel has added these to
   * the counters in between: such a CPU counts by the share of time that it was busy. */
  struct reading cpus_count;
};
#define ACTIVITY_READINGS (sizeof(struct activity) / sizeof(struct reading))

struct activity_look {
  double at; /* monotonic time */
  bool is_known;
  struct vmstat vmstat;
  struct cpu_lists lists;
  struct cpu_times times;
};

/* {0} has not looked yet. */
struct activity_looks {
  struct activity_look base; /* what to compare with */
  struct activity_look next; /* the base, once it is old enough */
  struct activity_look now;
};

/* Seconds after which all deltas have been added to the counters. */
double activity_window(double stat_interval);

/* looks->now has been filled in: sets *out to what happened since the base, or to absent
 * where there is none that is `window` seconds old. */
void activity_since(struct activity_looks *looks, double window, struct activity *out);

#endif
