/* SPDX-License-Identifier: MIT */
/* A file that gets its name when it is complete and on the disk: whoever reads it, and
 * whatever happens meanwhile, it is the old one or the new one, and never half of it. */
#ifndef MEMINFO_EXPLAIN_BASE_ATOMIC_FILE_H
#define MEMINFO_EXPLAIN_BASE_ATOMIC_FILE_H

#include <stddef.h>

struct atomic_file {
  int directory;
  const char *name; /* in there, until it is finished */
  int fd;
  int error; /* the first one, -errno; nothing is written after it */
};

/* Begins one, mode 0600. The directory and the name, which nobody else may write
 * meanwhile, must stay. What was left over of that name is removed. 0, or -errno with
 * nothing to be finished. */
int atomic_file_open(int directory, const char *name, struct atomic_file *out);

/* What goes wrong, atomic_file_finish tells. */
void atomic_file_write(struct atomic_file *file_written, const void *bytes, size_t size);

/* Gives it its name, in place of what had it; or removes it, where anything went wrong.
 * A symbolic link of that name is replaced, not followed. 0; or -errno, also where it has
 * its name and only the directory is not on the disk: then a crash may bring the old one
 * back. */
int atomic_file_finish(struct atomic_file *file_written, const char *name);

#endif
