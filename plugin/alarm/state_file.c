/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "state_file.h"
#include "meminfo_explain/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file:
 *
 *   meminfo_explain state 1
 *   boot 01234567-89ab-cdef-0123-456789abcdef
 *   the text
 *   sum 0123456789abcdef
 *
 * The first line names the format; all formats of ours begin with MAGIC. */
#define MAGIC "meminfo_explain "

struct header {
  char text[96];
  size_t length;
  bool has_boot;
};

/* The last line. */
struct trailer {
  char text[32];
};
enum { TRAILER_LENGTH = sizeof("sum 0123456789abcdef\n") - 1 };

/* FNV-1a, 64 bits: against damage, not attackers. Each step can be undone, so that no
 * change of a single byte goes unseen. */
static uint64_t sum_add(uint64_t sum, const char *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
    sum = (sum ^ (unsigned char)bytes[i]) * 1099511628211u;
  return sum;
}
static const uint64_t sum_of_nothing = 14695981039346656037u;

static struct trailer trailer_make(uint64_t sum)
{
  struct trailer trailer;
  snprintf(trailer.text, sizeof(trailer.text), "sum %016" PRIx64 "\n", sum);
  return trailer;
}

/* 0, or -EINVAL for a boot that does not fit. */
static int header_make(const char *boot, struct header *out)
{
  if (strlen(boot) >= STATE_FILE_BOOT_SIZE)
    return -EINVAL;
  out->length =
      (size_t)snprintf(out->text, sizeof(out->text), MAGIC "state 1\nboot %s\n", boot);
  out->has_boot = boot[0] != '\0';
  return 0;
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

static int write_to(const struct place *place, const struct header *header,
                    const char *text, size_t length)
{
  struct atomic_file file;
  int error = atomic_file_open(place->directory, place->new_name, &file);
  if (error != 0)
    return error;
  uint64_t sum = sum_add(sum_of_nothing, header->text, header->length);
  const struct trailer trailer = trailer_make(sum_add(sum, text, length));
  atomic_file_write(&file, header->text, header->length);
  atomic_file_write(&file, text, length);
  atomic_file_write(&file, trailer.text, TRAILER_LENGTH);
  return atomic_file_finish(&file, place->name);
}

int state_file_save(const char *path, const char *boot, const char *text, size_t length)
{
  struct header header;
  struct place place;
  int error = header_make(boot, &header);
  if (error != 0)
    return error;
  if (length > STATE_FILE_MAX - header.length - TRAILER_LENGTH)
    return -EINVAL;
  error = place_open(path, &place);
  if (error != 0)
    return error;
  error = write_to(&place, &header, text, length);
  close(place.directory);
  return error;
}

/* --- reading ---------------------------------------------------------------------- */

/* 0; -EBADMSG where the file ends before. */
static int read_all(int fd, char *at, size_t size)
{
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

/* Whether the file ends with the sum of all before it, behind a header. */
static bool is_whole(const char *file, size_t size, size_t header_length)
{
  if (size < header_length + TRAILER_LENGTH)
    return false;
  const size_t summed = size - TRAILER_LENGTH;
  const struct trailer trailer = trailer_make(sum_add(sum_of_nothing, file, summed));
  return memcmp(file + summed, trailer.text, TRAILER_LENGTH) == 0;
}

static bool begins_with(const char *file, size_t size, const char *text, size_t length)
{
  return size >= length && memcmp(file, text, length) == 0;
}

/* Leaves the text of the file alone in *file. */
static int take_text(struct text *file, const struct header *header)
{
  const size_t first_line = strcspn(header->text, "\n") + 1;
  if (!begins_with(file->bytes, file->length, MAGIC, sizeof(MAGIC) - 1))
    return -EBADMSG;
  if (!begins_with(file->bytes, file->length, header->text, first_line))
    return -ESTALE; /* it may be summed in another way */
  if (!is_whole(file->bytes, file->length, first_line))
    return -EBADMSG;
  if (!header->has_boot || file->length < header->length + TRAILER_LENGTH ||
      !begins_with(file->bytes, file->length, header->text, header->length))
    return -ESTALE;
  file->length -= header->length + TRAILER_LENGTH;
  memmove(file->bytes, file->bytes + header->length, file->length);
  return 0;
}

static int read_file(int fd, const struct header *header, struct text *out)
{
  struct stat st;
  if (fstat(fd, &st) != 0)
    return -errno;
  if (st.st_size > (off_t)STATE_FILE_MAX)
    return -EBADMSG;
  const size_t size = (size_t)st.st_size;
  struct text file = {.bytes = malloc(size + 1), .length = size, .capacity = size + 1};
  if (file.bytes == NULL)
    return -ENOMEM;
  int error = read_all(fd, file.bytes, file.length);
  if (error == 0)
    error = take_text(&file, header);
  if (error == 0)
    *out = file;
  else
    text_free(&file);
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

int state_file_load(const char *path, const char *boot, struct text *out)
{
  struct header header;
  int error = header_make(boot, &header);
  if (error != 0)
    return error;
  int fd = open_regular(path);
  if (fd < 0)
    return fd;
  error = read_file(fd, &header, out);
  close(fd);
  return error;
}
