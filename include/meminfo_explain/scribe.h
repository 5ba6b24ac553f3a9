/* SPDX-License-Identifier: MIT */
/* A thread that writes what shall outlive the daemon: the alarm's state, which it reads
 * back at the next start, and evidence. A disk that hangs holds up this thread, and
 * nobody who hands something over. */
#ifndef MEMINFO_EXPLAIN_SCRIBE_H
#define MEMINFO_EXPLAIN_SCRIBE_H

#include "meminfo_explain/sysroot.h"

#ifndef SCRIBE_PATIENCE
#define SCRIBE_PATIENCE 5.0 /* seconds; a write that takes longer hangs */
#endif
#define SCRIBE_TEXTS_MAX 8 /* that wait for the disk */

enum scribe_kind { SCRIBE_STATE, SCRIBE_EVIDENCE, SCRIBE_KINDS };

struct scribe; /* opaque: it may outlive scribe_close, until the disk lets go of it */

/* Where to and as what (keep.h, evidence.h); copied. NULL: none of that. */
struct scribe_options {
  const char *state_file, *state_kind, *boot;
  size_t state_size;
  const char *evidence_dir;
};

/* Starts the thread. 0 or -errno. */
int scribe_open(const struct sysroot *root, const struct scribe_options *options,
                struct scribe **out);

/* Ends it. What still waits is not written: see scribe_wait. NULL is nothing. */
void scribe_close(struct scribe *scribe);

/* Reads the state that an earlier one wrote, before the first is handed over: as
 * keep_load (keep.h); or -EINPROGRESS where the disk does not answer within `seconds`. */
int scribe_load(struct scribe *scribe, void *state, double seconds);

/* These only hand over, and never wait. The state is copied; one that still waits is
 * replaced by it. The text becomes the scribe's, and *text an empty one, whatever comes
 * of it: 0; or, and it is thrown away, -EBUSY where too many wait, -ENAMETOOLONG for a
 * name of 64 bytes and more, -ENOENT without a directory. */
void scribe_state(struct scribe *scribe, const void *state);
int scribe_evidence(struct scribe *scribe, double time, const char *name,
                    struct text *text);

/* Waits until all is written; at most `seconds`, and not for a disk that hangs. */
bool scribe_wait(struct scribe *scribe, double seconds);

/* Of the last one that was to be written: 0 (also where none was), or -errno.
 * -EINPROGRESS where one of that kind is under way for longer than the patience, or waits
 * for such a one of either kind: there is one thread for both. */
int scribe_status(struct scribe *scribe, enum scribe_kind kind);

#endif
