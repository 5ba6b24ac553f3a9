/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int atomic_file_open(int directory, const char *name, struct atomic_file *out)
{
  if (unlinkat(directory, name, 0) != 0 && errno != ENOENT)
    return -errno;
  int fd =
      openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  *out = (struct atomic_file){.directory = directory, .name = name, .fd = fd};
  return 0;
}

void atomic_file_write(struct atomic_file *file_written, const void *bytes, size_t size)
{
  const char *at = bytes;
  while (size > 0 && file_written->error == 0) {
    ssize_t n = write(file_written->fd, at, size);
    if (n > 0) {
      at += n;
      size -= (size_t)n;
    } else if (n < 0 && errno != EINTR) {
      file_written->error = -errno;
    }
  }
}

/* Keeps the first error. */
static void note(struct atomic_file *file_written, int status)
{
  if (status != 0 && file_written->error == 0)
    file_written->error = -errno;
}

int atomic_file_finish(struct atomic_file *file_written, const char *name)
{
  if (file_written->error == 0)
    note(file_written, fsync(file_written->fd));
  /* A file over the network may fail as late as here. */
  note(file_written, close(file_written->fd));
  if (file_written->error == 0)
    note(file_written, renameat(file_written->directory, file_written->name,
                                file_written->directory, name));
  if (file_written->error != 0) {
    unlinkat(file_written->directory, file_written->name, 0);
    return file_written->error;
  }
  /* EINVAL: a file system that cannot, and then need not. */
  return fsync(file_written->directory) != 0 && errno != EINVAL ? -errno : 0;
}
