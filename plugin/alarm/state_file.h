/* SPDX-License-Identifier: MIT */
/* Keeps a block of plain data in a file across restarts of the daemon, but not of the
 * machine. */
#ifndef MEMINFO_EXPLAIN_ALARM_STATE_FILE_H
#define MEMINFO_EXPLAIN_ALARM_STATE_FILE_H

#include <stddef.h>

#define STATE_FILE_BOOT_SIZE                                                             \
  40                            /* of proc/sys/kernel/random/boot_id, with its final 0   \
                                 */
#define STATE_FILE_KIND_SIZE 32 /* likewise */

/* Writes the file anew: complete, or as it was; mode 0600. `kind` names the layout of the
 * data, with its version. By way of PATH.new, which nobody else may write meanwhile; one
 * that was left over is removed. A symbolic link at `path` is replaced, not followed. 0;
 * -EINVAL for a kind or boot that is too long; or -errno. */
int state_file_save(const char *path, const char *kind, const char *boot,
                    const void *data, size_t size);

/* Reads it back. 0; -ENOENT where there is none; -ESTALE where it is of another boot, or
 * of another kind or size (an older version's), and for a boot of "", which may be any;
 * -EBADMSG where it is damaged, too short or too long, or no regular file; -EPERM where
 * somebody else may have written it, neither us nor root; or -errno.
 * *data is untouched but for 0. Never blocks on a FIFO, never follows a symbolic link. */
int state_file_load(const char *path, const char *kind, const char *boot, void *data,
                    size_t size);

#endif
