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
  /* Number of per-CPU deltas of one counter, and the largest of one of them. */
  struct reading node_deltas_count, zone_deltas_count;
  struct reading node_threshold, zone_threshold;
  struct reading cpus_count; /* online CPUs: the most that a zone lists */
};

/* Replaces *out; sizes are pages x page_size. A field with a malformed line is malformed.
 * 0, or -EBADMSG where there is no `Node N, zone NAME` line, or a part of the file is
 * missing, which makes every sum too small: then all is malformed. Each zone has `pages
 * free` and `present`; one with memory has as many lists of CPUs as the others and
 * `start_pfn`, which comes after all that is summed; since 4.12 each node lists every
 * kind of zone, which `protection` counts. Whole zones that are missing before 4.12, and
 * whole nodes, are only seen by comparison with MemTotal (collect/completeness.h). */
int zoneinfo_parse(struct scan text, uint64_t page_size, struct zoneinfo *out,
                   struct parse_error *parse_error);

#endif
