/* SPDX-License-Identifier: MIT */
/* From a root to a sample: reads every source once, and records its status. */
#ifndef MEMINFO_EXPLAIN_COLLECT_COLLECT_H
#define MEMINFO_EXPLAIN_COLLECT_COLLECT_H

#include "meminfo_explain/collect/activity.h"
#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/collect/snapshot.h"
#include "meminfo_explain/parse/kmsg.h"
#include "meminfo_explain/pss/census.h"
#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/workers/schedule.h"

#include <stdbool.h>

/* Bytes of Rss above which smaps is not opened by default: reading it takes 13 ms for
 * each GiB of small pages (tests/bench/run), and blocks the process's mmap_lock
 * meanwhile. */
#define COLLECT_PSS_MAX_PROCESS ((uint64_t)8 << 30)

struct collect_options {
  bool pss; /* scan the processes */
  /* Share of one CPU in percent that the scan may take. With a budget the scan runs
   * between the samples, and each sample takes its last result. 0: no limit; then each
   * sample waits for a scan of all processes. */
  double pss_budget;
  double interval; /* seconds from one sample to the next, with a budget */
  uint64_t
      pss_max_process; /* bytes of Rss above which smaps is not opened; 0: no limit */
  /* Seconds after which a file hangs, at the first sample. 0: CONSUMERS_PATIENCE (0.25 s)
   * and CENSUS_PATIENCE (5 s). */
  double consumers_patience, census_patience;
};

struct consumers_reader;

/* A source that is too expensive to read for each sample: its last reading. */
struct cached_source {
  struct schedule schedule;
  struct source_status status;
  double begin; /* monotonic time of the last look whether it is due */
};

/* The members of a FILE_GROUPING row. */
struct cached_grouping {
  struct cached_source cached;
  struct grouping_list list;
  struct reading whole_then; /* of the row, when the file was read */
};

/* Used by one thread at a time. A steady-state collect() allocates nothing. */
struct collector {
  struct sysroot root;
  struct text text; /* of the file that is being read */
  struct snapshot_texts snapshot_texts;
  struct snapshot snapshot;
  struct activity_looks looks;
  struct boot boot;                   /* from the boot log, which does not change */
  struct consumers_reader *consumers; /* NULL before the first sample */
  struct {
    struct cached_source cached;
    struct vmallocinfo info;
    struct reading used_then; /* VmallocUsed at that time */
  } vmalloc;
  struct {
    struct cached_source cached;
    struct allocinfo info;
    struct reading lru_then, cache_then; /* sample.h */
  } allocinfo;
  struct cached_grouping *groupings[GROUPING_COUNT]; /* NULL for rows without a file */
  struct reading thread_stack_count;                 /* when slabinfo was read */
  struct census *census; /* of the processes; NULL before the first sample with Pss */
};

/* 0, or -errno with *collector untouched. */
int collector_open(const char *root, struct collector *collector);
void collector_close(struct collector *collector);

/* Starts the first scan of the processes, and waits for it `seconds` at most. Nothing
 * without options->pss. 0; or -errno, and collect() will try again. */
int collector_prepare(struct collector *collector, const struct collect_options *options,
                      double seconds);

/* Replaces *out. 0, or -errno where meminfo cannot be read (-EBADMSG: the file is not a
 * meminfo); even then *out has the other sources, and out->sources the reasons. */
int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out);

#endif
