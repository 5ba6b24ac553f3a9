/* SPDX-License-Identifier: MIT */
/* One instant of a machine, as read: plain data. {0} means that nothing is known. */
#ifndef MEMINFO_EXPLAIN_SAMPLE_H
#define MEMINFO_EXPLAIN_SAMPLE_H

#include "meminfo_explain/allocinfo.h"
#include "meminfo_explain/meminfo.h"
#include "meminfo_explain/modules.h"
#include "meminfo_explain/processes.h"
#include "meminfo_explain/vmallocinfo.h"
#include "meminfo_explain/vmstat.h"
#include "meminfo_explain/zoneinfo.h"

/* sys/kernel/mm/hugepages/hugepages-SIZEkB, summed over the sizes. */
struct hugepages {
  struct reading total;    /* nr_hugepages, surplus included */
  struct reading gigantic; /* part of total: pages the buddy allocator cannot make */
  struct reading free;
  struct reading reserved; /* promised to a mapping, not yet touched */
  struct reading sizes_count;
};
#define HUGEPAGES_READINGS (sizeof(struct hugepages) / sizeof(struct reading))

struct consumers {
#define CONSUMER(name, ...) struct reading name;
#include "meminfo_explain/consumers.def"
};

enum source {
#define SOURCE(name, path, cost, remedy) SOURCE_##name,
#include "meminfo_explain/sources.def"
#define CONSUMER(name, ...) SOURCE_##name,
#include "meminfo_explain/consumers.def"
  SOURCE_COUNT
};

struct source_row {
  const char *path;   /* below the root; a pattern where several files are summed */
  const char *cost;   /* what its loss costs */
  const char *remedy; /* what opens it when denied; "" where nothing is known to */
};
extern const struct source_row source_rows[SOURCE_COUNT];

struct source_status {
  enum reading_state state;
  struct fault fault; /* bad lines; the rest of the file may still be known */
  int error;          /* errno of the access that failed, 0 if none did */
  char path[96];      /* the file at fault where the row's path is a pattern, else "" */
  bool gone;          /* absent, and was there before: not for want of such a kernel */
};

/* Notes the first file at fault, with `error` as sysroot_slurp gives it, or -EBADMSG
 * where the fault says what is wrong; the worst state of all files is the source's. */
void source_failed(struct source_status *status, const char *path, int error);

/* A process whose smaps did not answer: it is set aside until it does. */
struct hung {
  uint32_t pid; /* 0: none */
  double since; /* monotonic time, seconds */
};
/* So many at most are waited for at a time, each by a thread; then the walk rests. */
#define HUNG_MAX 8

struct sample {
  uint64_t page_size; /* bytes */
  struct meminfo meminfo;
  struct zoneinfo zoneinfo;       /* read right before meminfo */
  struct zoneinfo zoneinfo_after; /* right after vmstat */
  unsigned retries;               /* readings thrown away: torn, or a jump in X */
  struct vmstat vmstat;
  struct vmallocinfo vmallocinfo;   /* it may be older than the rest: */
  double vmalloc_age;               /* seconds */
  struct reading vmalloc_used_then; /* VmallocUsed when it was read */
  struct allocinfo allocinfo;       /* may be older as well */
  struct hugepages hugepages;
  struct modules modules;
  struct consumers consumers;
  struct reading cpus_possible_count;
  struct reading percpu_first_chunk;     /* all CPUs' part of it, by the boot log */
  struct reading overcommit_ratio_count; /* percent */
  struct reading overcommit_kbytes;      /* bytes */
  struct reading thread_stack_count;     /* objects of a slab cache of stacks */
  struct reading hash_tables;            /* of the boot, in linear pages, by its log */
  struct reading swiotlb_boot;           /* the bounce buffers of the boot, by its log */
  struct reading page_pool;              /* inflight-mem of our network namespace */
  struct reading lxcfs_count;            /* fuse.lxcfs mounts over our meminfo */
  struct processes processes;
  struct hung hung[HUNG_MAX];
  double read_seconds; /* spent on everything but the processes */
  double pss_seconds;  /* CPU time of the last pass over the processes */
  double pss_age;      /* seconds since the oldest reading in it; 0 in a captured tree */
  struct source_status sources[SOURCE_COUNT];
};

#endif
