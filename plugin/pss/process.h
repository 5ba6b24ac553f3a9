/* SPDX-License-Identifier: MIT */
/* What is known of one process: the last reading of its smaps, how much memory it has
 * mapped since, and an estimate of its Pss now. Plain data and arithmetic. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESS_H
#define MEMINFO_EXPLAIN_PSS_PROCESS_H

#include "meminfo_explain/parse/smaps.h"
#include "meminfo_explain/parse/statm.h"

#include <stdbool.h>

enum process_kind {
  PROCESS_NEW,     /* listed, not examined yet */
  PROCESS_GUESSED, /* has an address space, but smaps was not read */
  PROCESS_READ,
  PROCESS_DENIED,
  PROCESS_MALFORMED,
  PROCESS_KERNEL_THREAD,
  PROCESS_ZOMBIE,
  PROCESS_NO_MM, /* exiting: it has no address space any more */
  PROCESS_TWIN,  /* shares its parent's address space: vfork, CLONE_VM */
  PROCESS_GONE   /* ended after it was listed */
};

/* A share of memory by kind, bytes. */
struct pss_split {
  uint64_t anon, file, shmem;
};

/* There may be tens of thousands of these: at most PROCESS_SIZE_MAX bytes each. All sizes
 * are in bytes. */
struct process {
  uint32_t pid;
  uint32_t inode; /* of proc/PID: the low half, which is all that the kernel fills */
  uint32_t tid; /* the thread to read, where the leader has ended before others; else 0 */
  uint32_t pass;         /* the last pass that read smaps; 0: none */
  uint64_t start;        /* clock ticks after boot */
  uint64_t anon, shared; /* now, by statm */
  /* The reading of smaps, and statm at that time. Without a reading, pss is what the
   * process has mapped, as if it shared nothing. */
  uint64_t anon_then, shared_then;
  uint64_t pss; /* cut to whole kB by itself, so not exactly the sum of its parts */
  struct pss_split part;
  uint64_t shares; /* part of pss in pages that others map too */
  uint64_t swap_pss, hugetlb_private, hugetlb_shared;
  double tried_at;     /* monotonic time of the last attempt to read smaps; 0: never */
  double not_before;   /* monotonic time: smaps hung, and is not read before then */
  float cost;          /* CPU time of the last attempt, seconds */
  uint32_t mappings;   /* lines of Pss in the reading, each cut to whole kB */
  unsigned char kind;  /* enum process_kind */
  bool identified : 1; /* its stat was read, and belongs to this process */
  bool settled : 1;    /* a kernel thread in two passes: it stays one */
  bool born : 1;       /* started after the first pass: its memory is new since then */
  bool split : 1;      /* smaps has the parts of pss (5.3) */
  bool scanned : 1;    /* statm was read in this pass */
  bool large : 1;      /* above the size limit: smaps is never opened */
};
#define PROCESS_SIZE_MAX 176

/* Stores a reading of smaps, in which `pss` is known. */
void process_take_smaps(struct process *process, const struct smaps *smaps);

/* Stores a reading of statm. */
void process_take_statm(struct process *process, struct statm statm);

/* Stores a reading of statm as the one that later ones are compared with. */
void process_anchor(struct process *process, struct statm statm);

/* Drops the reading of smaps: Pss is estimated by what the process has mapped. */
void process_guess(struct process *process, struct pss_split mapped);

/* Forgets all but pid, inode and born. */
void process_reset(struct process *process);

uint64_t process_rss(const struct process *process);

/* Whether a process of this kind has smaps. */
bool process_has_smaps(const struct process *process);

/* How much its memory has changed since its reading; without one, all of it. */
uint64_t process_moved(const struct process *process);

/* An estimate of its Pss now, from the last reading: the anonymous part changes as that
 * of statm did, the others in proportion. Without a change, it is the reading to the
 * byte. */
struct pss_split process_estimate(const struct process *process, uint64_t *pss);

#endif
