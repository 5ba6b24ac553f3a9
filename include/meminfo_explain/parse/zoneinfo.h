/* SPDX-License-Identifier: MIT */
/* /proc/zoneinfo (mm/vmstat.c: zoneinfo_show_print): numbers that meminfo does not have,
 * above all the free pages on per-CPU lists, which MemFree does not count. */
#ifndef MEMINFO_EXPLAIN_PARSE_ZONEINFO_H
#define MEMINFO_EXPLAIN_PARSE_ZONEINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

struct zoneinfo {
  struct reading pcp;     /* sum of `count:` over zones and CPUs */
  struct reading free;    /* sum of `pages free` */
  struct reading managed; /* since 3.10; adds up to MemTotal */
  struct reading present;
  struct reading isolated; /* nr_isolated_*, per zone before 4.9 and per node since */
  /* What one node (zone) counter can be off by, because of pages in per-CPU deltas: `vm
   * stats threshold` x CPUs, summed over nodes (zones). */
  struct reading node_drift, zone_drift;
  /* Number of per-CPU deltas of one counter. */
  struct reading node_deltas_count, zone_deltas_count;
  struct reading cpus_count; /* online CPUs: the most that a zone lists */
};

/* Replaces *out; sizes are pages x page_size. A field with a malformed line is malformed.
 * 0, or -EBADMSG where there is no `Node N, zone NAME` line, or the last line is cut off:
 * then all is malformed, because the rest of the file is missing from every sum. */
int zoneinfo_parse(struct scan text, uint64_t page_size, struct zoneinfo *out,
                   struct parse_error *parse_error);

#endif
