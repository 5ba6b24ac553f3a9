/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "evidence_dir.h"
#include "meminfo_explain/base/atomic_file.h"
#include "meminfo_explain/base/format.h"
#include "meminfo_explain/base/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NEW_NAME "meminfo_explain.new"

/* --- names -------------------------------------------------------------------------- */

#define PREFIX "meminfo_explain-"
#define SUFFIX ".txt"
#define STAMP  "dddddddd.dddddd." /* 20261124T030000Z; d: a digit */

static bool is_name(struct span name)
{
  for (size_t i = 0; i < name.length; i++) {
    char c = name.at[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  }
  return name.length > 0;
}

static bool is_stamp(const char *at)
{
  for (size_t i = 0; i < sizeof(STAMP) - 1; i++) {
    if (STAMP[i] == 'd' ? at[i] < '0' || at[i] > '9' : at[i] != (i == 8 ? 'T' : 'Z'))
      return false;
  }
  return true;
}

/* Whether the name of a file is one that evidence_store makes. */
static bool is_ours(const char *file)
{
  size_t head = sizeof(PREFIX) - 1 + sizeof(STAMP) - 1 + 1, tail = sizeof(SUFFIX) - 1;
  size_t length = strlen(file);
  return length > head + tail && strncmp(file, PREFIX, sizeof(PREFIX) - 1) == 0 &&
         is_stamp(file + sizeof(PREFIX) - 1) && file[head - 1] == '-' &&
         is_name((struct span){file + head, length - head - tail}) &&
         strcmp(file + length - tail, SUFFIX) == 0;
}

struct ours {
  unsigned count;
  char oldest[NAME_MAX + 1];
};

/* --- the directory ------------------------------------------------------------------ */

/* Counts all but the file `except`. 0, or -errno. */
static int count_ours(int directory, const char *except, struct ours *out)
{
  *out = (struct ours){.count = 0};
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (dir == NULL) {
    int error = -errno;
    if (fd >= 0)
      close(fd);
    return error;
  }
  errno = 0;
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL; errno = 0) {
    struct stat st;
    if (!is_ours(entry->d_name) || strcmp(entry->d_name, except) == 0 ||
        fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
      continue;
    if (out->count++ == 0 || strcmp(entry->d_name, out->oldest) < 0)
      snprintf(out->oldest, sizeof(out->oldest), "%s", entry->d_name);
  }
  int error = -errno;
  closedir(dir);
  return error;
}

/* Makes room for `file`, which is there already. A name begins with the time, so the
 * first name is the oldest. */
static int remove_oldest(int directory, const char *file)
{
  struct ours files;
  for (;;) {
    int error = count_ours(directory, file, &files);
    if (error != 0 || files.count < EVIDENCE_FILES_MAX)
      return error;
    if (unlinkat(directory, files.oldest, 0) != 0)
      return -errno;
  }
}

static int check_room(int directory)
{
  struct statvfs fs;
  if (fstatvfs(directory, &fs) != 0)
    return -errno;
  /* No blocks at all: the file system does not count them (fs/libfs.c: simple_statfs;
   * tmpfs without a limit). */
  if (fs.f_blocks == 0 || fs.f_frsize == 0)
    return 0;
  uint64_t need = (uint64_t)EVIDENCE_ROOM_MIN + EVIDENCE_FILE_MAX;
  return fs.f_bavail <= need / fs.f_frsize ? -ENOSPC : 0;
}

/* Chooses a name that is not in the directory yet. 0, or -errno. */
static int choose_file(int directory, const char *stamp, const char *name,
                       char out[NAME_MAX + 1])
{
  char number[8] = "";
  for (unsigned i = 2; i < 100; i++) {
    struct stat st;
    int length =
        snprintf(out, NAME_MAX + 1, PREFIX "%s-%s%s" SUFFIX, stamp, name, number);
    if (length > NAME_MAX)
      return -ENAMETOOLONG;
    if (fstatat(directory, out, &st, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? 0 : -errno;
    snprintf(number, sizeof(number), "-%u", i);
  }
  return -EEXIST;
}

static int write_file(int directory, const char *file, const struct text *text)
{
  struct atomic_file new_file;
  int error = check_room(directory);
  if (error == 0)
    error = atomic_file_open(directory, NEW_NAME, &new_file);
  if (error != 0)
    return error;
  atomic_file_write(&new_file, text->bytes, text->length);
  return atomic_file_finish(&new_file, file);
}

/* The new one first: where it cannot be written, the others stay. */
static int add_file(int directory, const char *file, const struct text *text)
{
  int error = write_file(directory, file, text);
  if (error == 0)
    error = remove_oldest(directory, file);
  if (error != 0) /* there would be one too many */
    unlinkat(directory, file, 0);
  return error;
}

int evidence_store(const char *dir, double time, const char *name,
                   const struct text *text)
{
  const struct formatted stamp = format_utc(time, "%Y%m%dT%H%M%SZ");
  char file[NAME_MAX + 1];
  if (!is_name((struct span){name, strlen(name)}) || stamp.text[0] == '\0')
    return -EINVAL;
  int directory = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return -errno;
  int error = choose_file(directory, stamp.text, name, file);
  if (error == 0)
    error = add_file(directory, file, text);
  close(directory);
  return error;
}
