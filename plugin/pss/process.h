/* SPDX-License-Identifier: MIT */
/* What is known of one process: its last reading of smaps, how much memory it has mapped
 * since, and what it is estimated to come to now. Plain data and arithmetic. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESS_H
#define MEMINFO_EXPLAIN_PSS_PROCESS_H

#include "meminfo_explain/parse/smaps.h"
#include "meminfo_explain/parse/statm.h"

#include <stdbool.h>

enum process_kind {
  PROCESS_NEW,     /* listed, and nothing else is known of it */
  PROCESS_GUESSED, /* has an address space of which smaps was not read */
  PROCESS_READ,
  PROCESS_DENIED,
  PROCESS_MALFORMED,
  PROCESS_KERNEL_THREAD,
  PROCESS_ZOMBIE,
  PROCESS_NO_MM, /* about to end */
  PROCESS_TWIN,  /* lives in its parent's address space: vfork, CLONE_VM */
  PROCESS_GONE   /* ended after it was listed */
};

/* A share of memory by kind, bytes. */
struct pss_split {
  uint64_t anon, file, shmem;
};

/* There may be tens of thousands: at most PROCESS_SIZE_MAX bytes each. Sizes in bytes. */
struct process {
  uint32_t pid;
  uint32_t inode; /* of proc/PID: the low half, all that the kernel fills */
  uint32_t tid;   /* the thread to ask, where the leader ended before the others; or 0 */
  uint32_t pass;  /* the pass that last read smaps; 0: none */
  uint64_t start; /* clock ticks after boot */
  /* By statm, now. Of a process that is estimated: all of it. */
  uint64_t anon, shared;
  /* The reading, and what statm said then. Where there is none, pss is what the process
   * would come to if it shared nothing. */
  uint64_t anon_then, shared_then;
  uint64_t pss; /* cut to whole kB by itself, so not to the byte the sum of its parts */
  struct pss_split part;
  uint64_t shares; /* of pss, in pages that others map too */
  uint64_t swap_pss, hugetlb_private, hugetlb_shared;
  double asked_at;     /* monotonic time of the last try to read smaps; 0: never */
  double not_before;   /* monotonic time: smaps hung, and is left alone until then */
  float cost;          /* CPU time of that try, seconds */
  uint32_t mappings;   /* lines of Pss in the reading, each cut to whole kB */
  unsigned char kind;  /* enum process_kind */
  bool identified : 1; /* its stat was read, and is of this process */
  bool settled : 1;    /* a kernel thread seen twice: it will stay one */
  bool born : 1;       /* since the walk began: its memory was not there before */
  bool split : 1;      /* smaps tells the parts of pss (5.3) */
  bool scanned : 1;    /* statm was asked in this pass, and answered */
  bool large : 1;      /* above the limit: never opened */
};
#define PROCESS_SIZE_MAX 176

/* Takes a reading. `pss` is known in it. */
void process_take_smaps(struct process *process, const struct smaps *smaps);

/* Takes what statm says now. */
void process_take_statm(struct process *process, struct statm statm);

/* statm, and not smaps, is what a later statm shall be compared with. */
void process_anchor(struct process *process, struct statm statm);

/* Without a reading: it comes to what it has mapped. */
void process_guess(struct process *process, struct pss_split mapped);

/* Forgets everything but the number. */
void process_reset(struct process *process);

uint64_t process_rss(const struct process *process);

/* Whether smaps of it is to be read, as far as it goes by what it is. */
bool process_has_smaps(const struct process *process);

/* By how much its memory moved since its reading; all of it, where there is none. */
uint64_t process_moved(const struct process *process);

/* What its Pss is now: the reading, its anonymous part moved with that of statm page by
 * page, the others in proportion. Without movement, the reading to the byte. */
struct pss_split process_estimate(const struct process *process, uint64_t *pss);

#endif
