/* SPDX-License-Identifier: MIT */
/* /proc/zoneinfo (mm/vmstat.c: zoneinfo_show_print): what meminfo leaves out, above all
 * the free pages parked on per-CPU lists, which MemFree does not count. */
#ifndef MEMINFO_EXPLAIN_PARSE_ZONEINFO_H
#define MEMINFO_EXPLAIN_PARSE_ZONEINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

struct zoneinfo {
  struct reading pcp;     /* sum of `count:` over zones and CPUs */
  struct reading free;    /* sum of `pages free` */
  struct reading managed; /* 3.10 and later; sums to MemTotal */
  struct reading present;
  struct reading isolated; /* nr_isolated_*: per zone before 4.9, per node after */
  /* Most a node (zone) counter can be off by, for one counter: pages held back in the
   * CPUs' deltas, `vm stats threshold` x CPUs, summed over nodes (zones). */
  struct reading node_drift, zone_drift;
  /* Number of CPUs' deltas behind that bound, for one counter. */
  struct reading node_deltas_count, zone_deltas_count;
  struct reading cpus_count; /* online: most that any zone lists */
};

/* Replaces *out; sizes are pages x page_size. A field with one bad line is malformed.
 * 0, or -EBADMSG where there is no `Node N, zone NAME` line, or the file ends within a
 * line: all is malformed then, since what was cut off is missing in every sum. */
int zoneinfo_parse(struct scan text, uint64_t page_size, struct zoneinfo *out,
                   struct parse_error *parse_error);

#endif
