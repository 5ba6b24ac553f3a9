/* SPDX-License-Identifier: MIT */
/* One observation after another: what the plugin does at each interval, and
 * meminfo-explain for each of its samples. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_OBSERVE_H
#define MEMINFO_EXPLAIN_EXPLAIN_OBSERVE_H

#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/explain/floor.h"

/* Free memory leaves every counter for up to 0.2 s while it is reported to a hypervisor
 * (mm/page_reporting.c isolates up to 32 blocks at a time), offlined or compacted for a
 * large allocation. So where the estimate differs from the last one by more than its
 * error, it is looked at again: so many times, so far apart, until it does not; closer
 * where that would take more than half of the interval. */
#define OBSERVE_LOOKS    3
#define OBSERVE_PAUSE_NS (100 * 1000 * 1000)

struct observe_options {
  struct collect_options collect;
};

/* Too large for a small stack. Used by one thread at a time. */
struct observer {
  struct collector collector;
  struct sample sample;           /* the last observation */
  struct explanation explanation; /* of it */
  struct floor floor;
  struct amount last_estimate;
  struct meminfo first;   /* of the first observation; {0} before it */
  uint64_t highest_total; /* MemTotal has been so high since observer_open */
  bool had[SOURCE_COUNT]; /* the source was there once */
};

/* 0, or -errno with nothing to close. */
int observer_open(const char *root, struct observer *observer);
void observer_close(struct observer *observer);

/* Collects, explains, and fills in what needs a memory: the floor, explanation.removed
 * (balloons and hot-unplug take pages out of MemTotal), which files are gone. 0, or
 * -errno as collect() gives it. */
int observe(struct observer *observer, const struct observe_options *options);

#endif
