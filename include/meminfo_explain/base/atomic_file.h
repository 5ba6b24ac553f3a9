/* SPDX-License-Identifier: MIT */
/* A file that gets its name once it is complete and on the disk: a reader finds the old
 * one or the new one, never half of it, whatever happens meanwhile. */
#ifndef MEMINFO_EXPLAIN_BASE_ATOMIC_FILE_H
#define MEMINFO_EXPLAIN_BASE_ATOMIC_FILE_H

#include <stddef.h>

struct atomic_file {
  int directory;
  const char *name; /* in the directory, until it is finished */
  int fd;
  int error; /* the first one, -errno; nothing is written after it */
};

/* Creates a file `name` in `directory`, mode 0600, after removing one that was left over.
 * Both arguments must stay; no other process may use that name meanwhile. 0, or -errno
 * with nothing to finish. */
int atomic_file_open(int directory, const char *name, struct atomic_file *out);

/* Appends. Errors are reported by atomic_file_finish. */
void atomic_file_write(struct atomic_file *file, const void *bytes, size_t size);

/* Renames the file to `name`, in place of what had that name; or removes it, if anything
 * failed. A symbolic link of that name is replaced, not followed. 0; or -errno, also
 * where the file has its name but the directory may not be on the disk: then a crash may
 * bring the old one back. */
int atomic_file_finish(struct atomic_file *file, const char *name);

#endif
