/* SPDX-License-Identifier: MIT */
/* A thread that writes what shall outlive the daemon: the alarm's state, which it reads
 * back at the next start, and evidence. A disk that hangs blocks this thread and nothing
 * else. */
#ifndef MEMINFO_EXPLAIN_ALARM_STATE_WRITER_H
#define MEMINFO_EXPLAIN_ALARM_STATE_WRITER_H

#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/trend/watched_series.h"

#define STATE_WRITER_QUEUE_MAX 8 /* that wait for the disk */

enum state_writer_kind { STATE_WRITER_STATE, STATE_WRITER_EVIDENCE, STATE_WRITER_KINDS };

struct state_writer; /* opaque: it may outlive state_writer_close, until the disk responds
                      */

/* What writes and reads: 0 or -errno each. In a test, what takes as long as it wants. */
struct state_writer_disk {
  int (*save)(const char *path, const char *boot, const struct watched_series *watched);
  int (*load)(const char *path, const char *boot, struct watched_series *out);
  int (*store)(const char *dir, double time, const char *name, const struct text *text);
};

/* The real one: watched_state.h in a file of state_file.h, and evidence_store. */
extern const struct state_writer_disk state_writer_disk;

/* All strings are copied. */
struct state_writer_options {
  const char *state_file, *boot;        /* NULL: no state (state_file.h: boot) */
  const char *evidence_dir;             /* NULL: no evidence */
  double patience;                      /* seconds; a write that takes longer hangs */
  const struct state_writer_disk *disk; /* must stay */
};

/* Starts the thread. 0 or -errno. */
int state_writer_open(const struct sysroot *root,
                      const struct state_writer_options *options,
                      struct state_writer **out);

/* Ends it. What still waits is not written: see state_writer_wait. NULL is nothing. */
void state_writer_close(struct state_writer *state_writer);

/* Reads the state that an earlier one wrote, before the first is handed over. 0; -errno
 * of state_file_load or watched_state_parse; -ENOENT also without a state_file;
 * -EINPROGRESS where the disk does not respond within `seconds`. *out is untouched but
 * for 0. */
int state_writer_load(struct state_writer *state_writer, struct watched_series *out,
                      double seconds);

/* Both only hand over, and never wait. The state is copied, and replaces one that still
 * waits. The text becomes the writer's, and *text an empty one, whatever the result: 0;
 * or -EBUSY where too many wait, -ENAMETOOLONG for a name of 64 bytes and more, -ENOENT
 * without a directory, and then it is dropped. */
void state_writer_state(struct state_writer *state_writer,
                        const struct watched_series *watched);
int state_writer_evidence(struct state_writer *state_writer, double time,
                          const char *name, struct text *text);

/* Waits until all is written; at most `seconds`, and not for a disk that hangs. */
bool state_writer_wait(struct state_writer *state_writer, double seconds);

/* Of the last write of that kind: 0 (also where there was none), or -errno. -EINPROGRESS
 * where one of that kind hangs, or waits behind one that does: there is one thread for
 * both kinds. */
int state_writer_status(struct state_writer *state_writer, enum state_writer_kind kind);

#endif
