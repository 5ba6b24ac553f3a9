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

void atomic_file_write(struct atomic_file *file, const void *bytes, size_t size)
{
  const char *at = bytes;
  while (size > 0 && file->error == 0) {
    ssize_t n = write(file->fd, at, size);
    if (n > 0) {
      at += n;
      size -= (size_t)n;
    } else if (n < 0 && errno != EINTR) {
      file->error = -errno;
    }
  }
}

/* Remembers errno, unless there was an error before. */
static void note_error(struct atomic_file *file, int status)
{
  if (status != 0 && file->error == 0)
    file->error = -errno;
}

int atomic_file_finish(struct atomic_file *file, const char *name)
{
  if (file->error == 0)
    note_error(file, fsync(file->fd));
  /* A write to a network file system may fail only here. */
  note_error(file, close(file->fd));
  if (file->error == 0)
    note_error(file, renameat(file->directory, file->name, file->directory, name));
  if (file->error != 0) {
    unlinkat(file->directory, file->name, 0);
    return file->error;
  }
  /* EINVAL: the file system does not support it. */
  return fsync(file->directory) != 0 && errno != EINVAL ? -errno : 0;
}
