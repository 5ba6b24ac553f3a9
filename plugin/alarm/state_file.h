/* SPDX-License-Identifier: MIT */
/* Keeps a text in a file across restarts of the daemon, but not of the machine. */
#ifndef MEMINFO_EXPLAIN_ALARM_STATE_FILE_H
#define MEMINFO_EXPLAIN_ALARM_STATE_FILE_H

#include "meminfo_explain/sysroot/sysroot.h"

#include <stddef.h>

/* Of proc/sys/kernel/random/boot_id, with its final 0. */
#define STATE_FILE_BOOT_SIZE 40
/* Of the whole file: more is damaged. Five times the alarm's largest state. */
#define STATE_FILE_MAX ((size_t)1 << 20)

/* Replaces the file at once, mode 0600: a reader finds the old one or the new one, whole.
 * Uses PATH.new, which no other process may write meanwhile, and removes one that was
 * left over. A symbolic link at `path` is replaced, not followed. 0; -EINVAL for a boot
 * that is too long or a text that is too large; or -errno, with the old file as it was
 * (but see atomic_file_finish). */
int state_file_save(const char *path, const char *boot, const char *text, size_t length);

/* Reads it back. 0, with *out to be freed by text_free; -ENOENT where there is none;
 * -ESTALE where it was saved in another boot or by a version with another format, and for
 * a boot of "", which may be any; -EBADMSG where it is damaged, cut, too long, or no
 * regular file; -EPERM where its owner is neither we nor root, or others may write to it;
 * or -errno. *out is untouched but for 0. Never blocks on a FIFO, never follows a
 * symbolic link. */
int state_file_load(const char *path, const char *boot, struct text *out);

#endif
