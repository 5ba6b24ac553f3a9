/* SPDX-License-Identifier: MIT */
/* One instant of a machine, as read: plain data. {0} means that nothing is known. */
#ifndef MEMINFO_EXPLAIN_COLLECT_SAMPLE_H
#define MEMINFO_EXPLAIN_COLLECT_SAMPLE_H

#include "meminfo_explain/collect/activity.h"
#include "meminfo_explain/parse/allocinfo.h"
#include "meminfo_explain/parse/grouping_list.h"
#include "meminfo_explain/parse/meminfo.h"
#include "meminfo_explain/parse/modules.h"
#include "meminfo_explain/parse/vmallocinfo.h"
#include "meminfo_explain/parse/vmstat.h"
#include "meminfo_explain/parse/zoneinfo.h"
#include "meminfo_explain/pss/census.h"
#include "meminfo_explain/pss/processes.h"
#include "meminfo_explain/sysroot/credentials.h"
#include "meminfo_explain/sysroot/source.h"

/* sys/kernel/mm/hugepages/hugepages-SIZEkB, summed over the sizes. */
struct hugepages {
  struct reading total;    /* nr_hugepages, surplus included */
  struct reading gigantic; /* part of total: pages the buddy allocator cannot make */
  struct reading free;
  struct reading reserved; /* promised to a mapping, not yet touched */
  struct reading sizes_count;
};
#define HUGEPAGES_READINGS (sizeof(struct hugepages) / sizeof(struct reading))

/* The numbers of consumers.def, by name and by row: row N is source
 * SOURCE_FIRST_CONSUMER + N. Bytes, unless the name ends in _count. */
enum { CONSUMER_COUNT = SOURCE_COUNT - SOURCE_FIRST_CONSUMER };
struct consumers {
  union {
    struct {
#define CONSUMER(name, ...) struct reading name;
#include "meminfo_explain/tables/consumers.def"
    };
    struct reading rows[CONSUMER_COUNT];
  };
  /* Bytes by which a known row may be too large, or too small. */
  struct {
    uint64_t excess, lack;
  } bounds[CONSUMER_COUNT];
};
#define CONSUMER_ROW(name) (SOURCE_##name - SOURCE_FIRST_CONSUMER)

struct sample {
  uint64_t page_size;             /* bytes */
  struct credentials credentials; /* with which all of it was read */
  struct meminfo meminfo;
  struct zoneinfo zoneinfo;       /* read right before buddyinfo and meminfo */
  struct reading buddy_free;      /* free pages by buddyinfo */
  struct zoneinfo zoneinfo_after; /* read right after vmstat */
  unsigned retries; /* snapshots read again: for their skew, or after a jump */
  struct vmstat vmstat;
  struct vmallocinfo vmallocinfo;   /* may be older than the rest */
  struct reading vmalloc_used_then; /* VmallocUsed when it was read */
  struct allocinfo allocinfo;       /* may be older than the rest */
  /* When it was read: Active + Inactive + Unevictable, and Cached + Buffers + AnonPages +
   * SwapCached. */
  struct reading allocinfo_lru_then, allocinfo_cache_then;
  struct hugepages hugepages;
  struct modules modules;
  struct consumers consumers;
  /* Of FILE_GROUPING rows, else NULL; owned by the collector until its next sample. */
  const struct grouping_list *groupings[GROUPING_COUNT];
  struct activity activity; /* since an earlier sample of a live machine */
  struct reading cpus_possible_count;
  struct reading cpus_isolated_count; /* which keep their deltas */
  struct reading percpu_first_chunk;  /* of all CPUs, by the boot log */
  struct reading percpu_units_count;  /* of a chunk, with spare ones, by the boot log */
  struct reading overcommit_ratio_count; /* percent */
  struct reading overcommit_kbytes;      /* bytes */
  struct reading thread_stack_count;     /* objects of a slab cache of stacks */
  struct reading hash_tables;         /* made at boot, in linear pages, by the boot log */
  struct reading swiotlb_boot;        /* bounce buffers made at boot, by the boot log */
  struct reading dma_pools_boot;      /* pools for atomic DMA, by the boot log */
  struct reading ftrace_records_boot; /* of traceable functions, by the boot log */
  struct reading lxcfs_count;         /* fuse.lxcfs mounts over our meminfo */
  struct processes processes;
  struct hung_process hung[HUNG_MAX];
  struct denied_process denied[DENIED_MAX]; /* largest first */
  double read_seconds;                      /* for everything but the processes */
  double pss_seconds; /* CPU time of the last pass over the processes */
  double pss_age;     /* seconds since the oldest reading in it; 0 in a captured tree */
  struct source_status sources[SOURCE_COUNT];
};

#endif
