/* SPDX-License-Identifier: MIT */
/* Observations, one after another: what the plugin does at each interval, and
 * meminfo-explain for each sample. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_OBSERVE_H
#define MEMINFO_EXPLAIN_EXPLAIN_OBSERVE_H

#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/explain/floor.h"

/* No counter includes free memory for up to 0.2 s while it is reported to a hypervisor
 * (mm/page_reporting.c isolates up to 32 blocks at a time), offlined or compacted for a
 * large allocation. So where an estimate differs from the last one by more than its
 * error, the sample is taken again until it does not, up to OBSERVE_LOOKS times. Each
 * time waits for OBSERVE_PAUSE_NS, or less where all pauses would take more than half of
 * the interval.
 *
 * The same where an identity is broken on a live machine, because the files are read one
 * after another while processes come and go. Only one that is broken each time, and by
 * about the same amount, is reported; the others are not judged: the memory of a large
 * process that ends is in no smaps for longer than all looks take. A counter that is
 * wrong stays wrong: an identity that was broken in the last observation is no reason to
 * look again. Nor is any after the first look where a sample takes more than OBSERVE_SLOW
 * seconds. */
#define OBSERVE_LOOKS    3
#define OBSERVE_PAUSE_NS (100 * 1000 * 1000)
#define OBSERVE_SLOW     1.0

/* Too large for a small stack. Used by one thread at a time. */
struct observer {
  struct collector collector;
  struct sample sample;           /* of the last observation */
  struct explanation explanation; /* of that sample */
  struct floor floor;
  struct amount last_estimate;
  bool broken[IDENTITY_COUNT]; /* identities, by the last observation */
  struct meminfo first;        /* of the first observation; {0} before that */
  uint64_t highest_total;      /* the highest MemTotal since observer_open */
  bool had[SOURCE_COUNT];      /* whether the source was ever known */
};

/* 0, or -errno with nothing to close. */
int observer_open(const char *root, struct observer *observer);
void observer_close(struct observer *observer);

/* Collects and explains a sample, and fills in what depends on earlier ones: the floor,
 * explanation.removed (the highest MemTotal less the present one: balloons and hot-unplug
 * take pages out of it) and which sources are gone. 0, or -errno as from collect(). */
int observe(struct observer *observer, const struct collect_options *options);

#endif
