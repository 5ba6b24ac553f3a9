/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int draft_open(int directory, const char *name, struct draft *out)
{
  if (unlinkat(directory, name, 0) != 0 && errno != ENOENT)
    return -errno;
  int fd =
      openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return -errno;
  *out = (struct draft){.directory = directory, .name = name, .fd = fd};
  return 0;
}

void draft_write(struct draft *draft, const void *bytes, size_t size)
{
  const char *at = bytes;
  while (size > 0 && draft->error == 0) {
    ssize_t n = write(draft->fd, at, size);
    if (n > 0) {
      at += n;
      size -= (size_t)n;
    } else if (n < 0 && errno != EINTR) {
      draft->error = -errno;
    }
  }
}

/* Keeps the first error. */
static void note(struct draft *draft, int status)
{
  if (status != 0 && draft->error == 0)
    draft->error = -errno;
}

int draft_finish(struct draft *draft, const char *name)
{
  if (draft->error == 0)
    note(draft, fsync(draft->fd));
  /* A file over the network may fail as late as here. */
  note(draft, close(draft->fd));
  if (draft->error == 0)
    note(draft, renameat(draft->directory, draft->name, draft->directory, name));
  if (draft->error != 0) {
    unlinkat(draft->directory, draft->name, 0);
    return draft->error;
  }
  /* EINVAL: a file system that cannot, and then need not. */
  return fsync(draft->directory) != 0 && errno != EINVAL ? -errno : 0;
}
