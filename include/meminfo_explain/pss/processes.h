/* SPDX-License-Identifier: MIT */
/* What all processes come to: the sum of Pss, how much of it was read, and what it may be
 * off by. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESSES_H
#define MEMINFO_EXPLAIN_PSS_PROCESSES_H

#include "meminfo_explain/base/reading.h"

#include <stdbool.h>

/* Bytes, but for the counts. */
struct processes {
  /* Sums over all processes with an address space, those left out below excepted: as
   * read, as moved since by statm, or as estimated where smaps was not opened. */
  struct reading pss, pss_anon, pss_file, pss_shmem;
  struct reading swap_pss;
  struct reading hugetlb_private; /* huge pages mapped by one process; not in Pss */
  struct reading hugetlb_shared;  /* those mapped by several, once for each of them */
  struct reading rss;             /* of the processes read */
  struct reading unread_rss;      /* of those left out: denied or malformed */
  struct reading unlisted;        /* what those may map that proc does not list */
  struct reading estimated;       /* part of pss that no reading backs */
  /* What pss may be off by. */
  struct reading error;
  /* The parts of it, and what processes_settle needs. */
  struct reading rounding;    /* each Pss printed is cut to whole kB */
  struct reading stale;       /* what moved, whose sharing changed, or who ended, since */
  struct reading moved;       /* change of AnonPages and of Mapped since the walk */
  struct reading guess_error; /* of those estimated without a reading */
  struct reading guessed_anon; /* what they have mapped */
  struct reading guessed_file, guessed_shmem;
  struct reading guessed_anon_most; /* the most of any one of them */
  struct reading guessed_shared_most;
  /* What of the processes read may be shared with others, at the most. */
  struct reading shared_anon, shared_mapped;
  struct reading anon_pages_then, mapped_then; /* of meminfo, at the time of the walk */
  /* Each process is counted once, as what it is. */
  struct reading read_count;
  struct reading guessed_count;       /* estimated without a reading */
  struct reading new_count;           /* not yet looked at */
  struct reading kernel_thread_count; /* never opened */
  struct reading zombie_count;
  struct reading no_mm_count;    /* an exiting process: opens, and is empty */
  struct reading twin_count;     /* in another's address space: vfork, CLONE_VM */
  struct reading vanished_count; /* ended between the listing and the reading */
  struct reading denied_count;
  struct reading malformed_count;
  /* Of those: */
  struct reading unsplit_count; /* read, from smaps that does not tell parts of Pss */
  struct reading large_count;   /* above the limit: smaps is never opened */
  struct reading fresh_count;   /* read in the last pass */
};
#define PROCESSES_READINGS (sizeof(struct processes) / sizeof(struct reading))

/* From a walk's sums to the above, in a sample with these AnonPages and Mapped: adds the
 * estimates of those that were not read, and fills in moved, guess_error and error.
 *
 * What processes come to that were not read is bounded from both sides: together they
 * have at least what the largest has mapped, less what others may share with it, and at
 * most what is left of AnonPages, or of Mapped, when those read are taken away. */
void processes_settle(struct processes *processes, struct reading anon_pages,
                      struct reading mapped);

/* Whether proc, which must be that of a running kernel, lists only some of the processes:
 * in a PID namespace, or under hidepid, there is no kernel thread among them. False as
 * long as not all that it lists have been looked at. */
bool processes_are_partial(const struct processes *processes);

/* Where they are: the others map at most what AnonPages and Mapped leave when those
 * listed are taken away. Sets unlisted to that, absent where the counters are not known,
 * and adds it to error. After processes_settle. */
void processes_add_unlisted(struct processes *processes);

#endif
