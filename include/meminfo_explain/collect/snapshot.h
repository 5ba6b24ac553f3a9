/* SPDX-License-Identifier: MIT */
/* zoneinfo, meminfo, vmstat and zoneinfo again, back to back: free pages wander between
 * what the files count, so the second zoneinfo tells how much they did. */
#ifndef MEMINFO_EXPLAIN_COLLECT_SNAPSHOT_H
#define MEMINFO_EXPLAIN_COLLECT_SNAPSHOT_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* The four are read again where their tear (skew.h) is above this, up to so many times in
 * all; the last reading stands, and says its tear. */
#define SNAPSHOT_SKEW_MAX ((uint64_t)1 << 20)
#define SNAPSHOT_ATTEMPTS 5

enum {
  SNAPSHOT_BEFORE,
  SNAPSHOT_MEMINFO,
  SNAPSHOT_VMSTAT,
  SNAPSHOT_AFTER,
  SNAPSHOT_COUNT
};

struct snapshot {
  struct text texts[SNAPSHOT_COUNT]; /* all are read before any is parsed */
};

/* Fills in zoneinfo, meminfo, vmstat, zoneinfo_after and retries of *out, which needs
 * page_size. 0, or -errno where there is no meminfo. */
int snapshot_collect(const struct sysroot *root, struct snapshot *snapshot,
                     struct sample *out);
void snapshot_free(struct snapshot *snapshot);

#endif
