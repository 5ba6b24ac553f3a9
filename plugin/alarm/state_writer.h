/* SPDX-License-Identifier: MIT */
/* A thread that writes what shall outlive the daemon: the alarm's state, which it reads
 * back at the next start, and evidence. A disk that hangs holds up this thread, and
 * nobody who hands something over. */
#ifndef MEMINFO_EXPLAIN_ALARM_STATE_WRITER_H
#define MEMINFO_EXPLAIN_ALARM_STATE_WRITER_H

#include "meminfo_explain/sysroot/sysroot.h"

#ifndef STATE_WRITER_PATIENCE
#define STATE_WRITER_PATIENCE 5.0 /* seconds; a write that takes longer hangs */
#endif
#define STATE_WRITER_QUEUE_MAX 8 /* that wait for the disk */

enum state_writer_kind { STATE_WRITER_STATE, STATE_WRITER_EVIDENCE, STATE_WRITER_KINDS };

struct state_writer; /* opaque: it may outlive state_writer_close, until the disk lets go
                        of it */

/* Where to and as what (state_file.h, evidence.h); copied. NULL: none of that. */
struct state_writer_options {
  const char *state_file, *state_kind, *boot;
  size_t state_size;
  const char *evidence_dir;
};

/* Starts the thread. 0 or -errno. */
int state_writer_open(const struct sysroot *root,
                      const struct state_writer_options *options,
                      struct state_writer **out);

/* Ends it. What still waits is not written: see state_writer_wait. NULL is nothing. */
void state_writer_close(struct state_writer *state_writer);

/* Reads the state that an earlier one wrote, before the first is handed over: as
 * state_file_load (state_file.h); or -EINPROGRESS where the disk does not answer within
 * `seconds`. */
int state_writer_load(struct state_writer *state_writer, void *state, double seconds);

/* These only hand over, and never wait. The state is copied; one that still waits is
 * replaced by it. The text becomes the state_writer's, and *text an empty one, whatever
 * comes of it: 0; or, and it is thrown away, -EBUSY where too many wait, -ENAMETOOLONG
 * for a name of 64 bytes and more, -ENOENT without a directory. */
void state_writer_state(struct state_writer *state_writer, const void *state);
int state_writer_evidence(struct state_writer *state_writer, double time,
                          const char *name, struct text *text);

/* Waits until all is written; at most `seconds`, and not for a disk that hangs. */
bool state_writer_wait(struct state_writer *state_writer, double seconds);

/* Of the last one that was to be written: 0 (also where none was), or -errno.
 * -EINPROGRESS where one of that kind is under way for longer than the patience, or waits
 * for such a one of either kind: there is one thread for both. */
int state_writer_status(struct state_writer *state_writer, enum state_writer_kind kind);

#endif
