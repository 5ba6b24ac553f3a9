/* SPDX-License-Identifier: MIT */
/* The sums over all processes: Pss, the part of it that was read, and the error. */
#ifndef MEMINFO_EXPLAIN_PSS_PROCESSES_H
#define MEMINFO_EXPLAIN_PSS_PROCESSES_H

#include "meminfo_explain/base/reading.h"

#include <stdbool.h>

/* Bytes, except for the counts. */
struct processes {
  /* Sums over all processes with an address space, except those that could not be read:
   * as read, as changed since by statm, or as estimated where smaps was not opened. */
  struct reading pss, pss_anon, pss_file, pss_shmem;
  struct reading swap_pss;
  struct reading hugetlb_private; /* huge pages mapped by one process; not in Pss */
  struct reading hugetlb_shared;  /* those mapped by several, counted for each of them */
  struct reading rss;             /* of the processes read */
  struct reading unread_rss;      /* of the processes that are denied or malformed */
  struct reading unlisted;  /* bound on what processes map that proc does not list */
  struct reading estimated; /* part of pss without a reading */
  struct reading error;     /* bound on the error of pss */
  /* The parts of the error, and what processes_settle() needs. */
  struct reading rounding; /* each printed Pss is cut to whole kB */
  struct reading stale;    /* changes since the readings: of size, of sharing, by exits */
  struct reading moved;    /* change of AnonPages and of Mapped since the scan */
  struct reading guess_error;  /* of the processes estimated without a reading */
  struct reading guessed_anon; /* what those have mapped */
  struct reading guessed_file, guessed_shmem;
  struct reading guessed_anon_most; /* the largest of them */
  struct reading guessed_shared_most;
  /* Upper bound on what the processes that were read share with others. */
  struct reading shared_anon, shared_mapped;
  struct reading anon_pages_then, mapped_then; /* of meminfo, at the time of the scan */
  /* Each process is counted once, by its kind. */
  struct reading read_count;
  struct reading guessed_count;       /* estimated without a reading */
  struct reading new_count;           /* not examined yet */
  struct reading kernel_thread_count; /* smaps is never opened */
  struct reading zombie_count;
  struct reading no_mm_count;    /* exiting: smaps opens, and is empty */
  struct reading twin_count;     /* in the address space of another: vfork, CLONE_VM */
  struct reading vanished_count; /* ended between the listing and the reading */
  struct reading denied_count;
  struct reading malformed_count;
  /* Subsets of these: */
  struct reading unsplit_count; /* read, from smaps without the parts of Pss */
  struct reading large_count;   /* above the size limit: smaps is never opened */
  struct reading fresh_count;   /* read in the last pass */
};
#define PROCESSES_READINGS (sizeof(struct processes) / sizeof(struct reading))

/* Completes the sums of a scan for a sample with these AnonPages and Mapped: adds the
 * estimates of the processes that were not read, and fills in moved, guess_error and
 * error.
 *
 * The Pss of the processes that were not read has two bounds: together they have at least
 * what the largest of them has mapped, less what others may share with it, and at most
 * the rest of AnonPages, or of Mapped, after the processes that were read. */
void processes_settle(struct processes *processes, struct reading anon_pages,
                      struct reading mapped);

/* Whether proc, which must be that of a running kernel, lists only some of the processes:
 * in a PID namespace or with hidepid, no kernel thread is among them. False until all
 * that it lists have been examined. */
bool processes_are_partial(const struct processes *processes);

/* Where only some are listed: the others map at most the rest of AnonPages and Mapped
 * after those listed. Sets unlisted to that (absent where the counters are not known),
 * and adds it to error. Called after processes_settle(). */
void processes_add_unlisted(struct processes *processes);

#endif
