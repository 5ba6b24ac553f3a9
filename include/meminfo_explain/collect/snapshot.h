/* SPDX-License-Identifier: MIT */
/* zoneinfo, buddyinfo, meminfo, vmstat and zoneinfo again, read back to back. Free pages
 * move between what these files count while they are read; the two zoneinfos show how
 * much. */
#ifndef MEMINFO_EXPLAIN_COLLECT_SNAPSHOT_H
#define MEMINFO_EXPLAIN_COLLECT_SNAPSHOT_H

#include "meminfo_explain/parse/buddyinfo.h"
#include "meminfo_explain/parse/meminfo.h"
#include "meminfo_explain/parse/vmstat.h"
#include "meminfo_explain/parse/zoneinfo.h"
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* All files are read again while their skew (skew.h) is above SNAPSHOT_SKEW_MAX
 * bytes, up to SNAPSHOT_ATTEMPTS times. The last attempt counts, whatever its skew. */
#define SNAPSHOT_SKEW_MAX ((uint64_t)1 << 20)
#define SNAPSHOT_ATTEMPTS 5

struct snapshot {
  struct zoneinfo zoneinfo;  /* read right before the others */
  struct reading buddy_free; /* read right before meminfo */
  struct meminfo meminfo;
  struct vmstat vmstat;
  struct zoneinfo zoneinfo_after; /* read right after vmstat */
  struct source_status zoneinfo_status, buddyinfo_status, meminfo_status, vmstat_status;
  unsigned retries; /* attempts that were thrown away */
};

/* The texts of one attempt: all files are read before any is parsed. {0} is empty; the
 * memory is reused. */
struct snapshot_texts {
  struct text zoneinfo, buddyinfo, meminfo, vmstat, zoneinfo_after;
};

/* Replaces *out; page_size is in bytes. 0, or -errno where there is no meminfo (-EBADMSG:
 * the file is not a meminfo); even then *out holds the other files. */
int snapshot_read(const struct sysroot *root, uint64_t page_size,
                  struct snapshot_texts *texts, struct snapshot *out);
void snapshot_texts_free(struct snapshot_texts *texts);

#endif
