/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "state_file.h"
#include "meminfo_explain/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the file begins with; the data follows. Without padding, so that each byte is
 * under one of the two sums: damage to the header is told before its size is believed. */
struct header {
  char magic[24];
  char kind[STATE_FILE_KIND_SIZE]; /* filled up with zeros */
  char boot[STATE_FILE_BOOT_SIZE];
  uint64_t size;
  uint64_t data_sum;
  uint64_t sum; /* of all before it */
};
_Static_assert(sizeof(struct header) ==
                   24 + STATE_FILE_KIND_SIZE + STATE_FILE_BOOT_SIZE + 24,
               "padding would not be under the sum");

static const char magic[24] = "meminfo_explain keep 1\n";

/* FNV-1a, 64 bits: against damage, not attackers. Each step can be undone, so that no
 * change of a single byte goes unseen. */
static uint64_t sum_of(const void *bytes, size_t size)
{
  const unsigned char *at = bytes;
  uint64_t sum = 14695981039346656037u;
  for (size_t i = 0; i < size; i++)
    sum = (sum ^ at[i]) * 1099511628211u;
  return sum;
}

/* 0, or -EINVAL for names that do not fit. */
static int header_make(const char *kind, const char *boot, size_t size,
                       struct header *out)
{
  if (strlen(kind) >= sizeof(out->kind) || strlen(boot) >= sizeof(out->boot))
    return -EINVAL;
  memset(out, 0, sizeof(*out));
  memcpy(out->magic, magic, sizeof(magic));
  memcpy(out->kind, kind, strlen(kind));
  memcpy(out->boot, boot, strlen(boot));
  out->size = size;
  return 0;
}

static uint64_t header_sum(const struct header *header)
{
  return sum_of(header, offsetof(struct header, sum));
}

/* --- writing ---------------------------------------------------------------------- */

/* A path as its directory and the names in there. */
struct place {
  int directory;
  const char *name;
  char new_name[NAME_MAX + 1];
};

static int place_open(const char *path, struct place *out)
{
  char directory[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  if (length >= sizeof(directory))
    return -ENAMETOOLONG;
  memcpy(directory, path, length);
  directory[length] = '\0';
  out->name = path + length;
  int n = snprintf(out->new_name, sizeof(out->new_name), "%s.new", out->name);
  if (n < 0 || (size_t)n >= sizeof(out->new_name))
    return -ENAMETOOLONG;
  out->directory = open(length > 0 ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return out->directory < 0 ? -errno : 0;
}

int state_file_save(const char *path, const char *kind, const char *boot,
                    const void *data, size_t size)
{
  struct header header;
  struct place place;
  struct atomic_file file_written;
  int error = header_make(kind, boot, size, &header);
  if (error != 0)
    return error;
  header.data_sum = sum_of(data, size);
  header.sum = header_sum(&header);
  error = place_open(path, &place);
  if (error != 0)
    return error;
  error = atomic_file_open(place.directory, place.new_name, &file_written);
  if (error == 0) {
    atomic_file_write(&file_written, &header, sizeof(header));
    atomic_file_write(&file_written, data, size);
    error = atomic_file_finish(&file_written, place.name);
  }
  close(place.directory);
  return error;
}

/* --- reading ---------------------------------------------------------------------- */

/* 0; -EBADMSG where the file ends before. */
static int read_all(int fd, void *bytes, size_t size)
{
  char *at = bytes;
  while (size > 0) {
    ssize_t n = read(fd, at, size);
    if (n == 0)
      return -EBADMSG;
    if (n < 0 && errno != EINTR)
      return -errno;
    if (n > 0) {
      at += n;
      size -= (size_t)n;
    }
  }
  return 0;
}

static int read_header(int fd, const struct header *want, struct header *out)
{
  int error = read_all(fd, out, sizeof(*out));
  if (error != 0)
    return error;
  if (memcmp(out->magic, magic, sizeof(magic)) != 0 || out->sum != header_sum(out))
    return -EBADMSG;
  bool same = out->size == want->size &&
              memcmp(out->kind, want->kind, sizeof(want->kind)) == 0 &&
              memcmp(out->boot, want->boot, sizeof(want->boot)) == 0;
  return same && want->boot[0] != '\0' ? 0 : -ESTALE;
}

/* By way of memory of our own: half of a damaged file must not be left in *data. */
static int read_data(int fd, const struct header *header, void *data, size_t size)
{
  struct stat st;
  if (fstat(fd, &st) != 0)
    return -errno;
  if ((uint64_t)st.st_size - sizeof(*header) != size)
    return -EBADMSG;
  void *copy = malloc(size > 0 ? size : 1);
  if (copy == NULL)
    return -ENOMEM;
  int error = read_all(fd, copy, size);
  if (error == 0 && sum_of(copy, size) != header->data_sum)
    error = -EBADMSG;
  if (error == 0 && size > 0)
    memcpy(data, copy, size);
  free(copy);
  return error;
}

/* A sum can be computed by anybody: in a directory that others may write to, what is not
 * ours alone is theirs. */
static int check_file(int fd)
{
  struct stat st;
  if (fstat(fd, &st) != 0)
    return -errno;
  if (!S_ISREG(st.st_mode))
    return -EBADMSG;
  bool ours = st.st_uid == geteuid() || st.st_uid == 0;
  return ours && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 ? 0 : -EPERM;
}

/* A descriptor, or -errno. */
static int open_regular(const char *path)
{
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) /* ELOOP: a symbolic link; ENXIO: a socket */
    return errno == ELOOP || errno == ENXIO ? -EBADMSG : -errno;
  int error = check_file(fd);
  if (error == 0)
    return fd;
  close(fd);
  return error;
}

int state_file_load(const char *path, const char *kind, const char *boot, void *data,
                    size_t size)
{
  struct header want, header;
  int error = header_make(kind, boot, size, &want);
  if (error != 0)
    return error;
  int fd = open_regular(path);
  if (fd < 0)
    return fd;
  error = read_header(fd, &want, &header);
  if (error == 0)
    error = read_data(fd, &header, data, size);
  close(fd);
  return error;
}
