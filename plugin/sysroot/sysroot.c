/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/sysroot/sysroot.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/sysroot/openat_root.h"
#include "pasted_text.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Whether the path, or a folder above it, is in a list separated by blanks. */
static bool is_listed(const char *list, const char *path)
{
  struct scan scan = scan_text(list, strlen(list));
  for (struct span word; (word = scan_word(&scan)).length > 0;)
    if (strncmp(path, word.at, word.length) == 0 &&
        (path[word.length] == '\0' || path[word.length] == '/'))
      return true;
  return false;
}

/* A descriptor, or -errno. Every access to a file below a root begins here. */
static int open_below(const struct sysroot *root, const char *path, int flags)
{
  int fd = root->open(root->fd, root->method, path, flags);
  bool was_denied =
      fd == -ENOENT && root->denied != NULL && is_listed(root->denied, path);
  return was_denied ? -EACCES : fd;
}

static bool holds_procfs(const struct sysroot *root)
{
  int fd = open_below(root, "proc", O_PATH | O_DIRECTORY);
  if (fd < 0)
    return false;
  struct statfs fs;
  bool procfs = fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
  close(fd);
  return procfs;
}

/* Reads the paths that the capture was denied, from the file `about`. */
static int read_denied(struct sysroot *root)
{
  enum { ABOUT_MAX = 1 << 16 };
  struct text text = {0};
  int error = sysroot_slurp_within(root, "about", ABOUT_MAX, &text);
  struct scan about = scan_text(text.bytes, error == 0 ? text.length : 0), line;
  while (scan_line(&about, &line))
    if (span_is(scan_word(&line), "denied:")) {
      size_t length = (size_t)(line.end - line.at);
      root->denied = calloc(1, length + 1);
      if (root->denied != NULL)
        memcpy(root->denied, line.at, length);
      else
        error = -ENOMEM;
      break;
    }
  text_free(&text);
  return error == -ENOMEM ? error : 0; /* other errors: the tree has no such file */
}

int sysroot_open(const char *path, struct sysroot *root)
{
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  char *copy = strdup(path);
  if (copy == NULL) {
    close(fd);
    return -ENOMEM;
  }
  for (size_t length = strlen(copy); length > 0 && copy[length - 1] == '/';)
    copy[--length] = '\0';
  struct sysroot opened = {.fd = fd,
                           .path = copy,
                           .open = openat_root,
                           .method = copy[0] == '\0' ? OPENAT_ROOT_PLAIN
                                     : openat_root_has_openat2(fd)
                                         ? OPENAT_ROOT_OPENAT2
                                         : OPENAT_ROOT_BY_COMPONENT};
  opened.live = holds_procfs(&opened);
  int error = opened.live ? 0 : read_denied(&opened);
  if (error != 0)
    sysroot_close(&opened);
  else
    *root = opened;
  return error;
}

int sysroot_dup(const struct sysroot *root, struct sysroot *out)
{
  int fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return -errno;
  struct sysroot copy = *root;
  copy.fd = fd;
  copy.path = strdup(root->path);
  copy.denied = root->denied != NULL ? strdup(root->denied) : NULL;
  if (copy.path == NULL || (copy.denied == NULL) != (root->denied == NULL)) {
    close(fd);
    free(copy.path);
    free(copy.denied);
    return -ENOMEM;
  }
  *out = copy;
  return 0;
}

void sysroot_close(struct sysroot *root)
{
  if (root->path == NULL)
    return;
  close(root->fd);
  free(root->path);
  free(root->denied);
  *root = (struct sysroot){.fd = -1};
}

static int text_grow(struct text *text)
{
  size_t capacity = text->capacity > 0 ? 2 * text->capacity : (size_t)1 << 14;
  if (capacity > SYSROOT_FILE_MAX)
    return -EFBIG;
  char *bytes = realloc(text->bytes, capacity);
  if (bytes == NULL)
    return -ENOMEM;
  text->bytes = bytes;
  text->capacity = capacity;
  return 0;
}

/* With `single`, a first read that ends with a newline before the end of the buffer gave
 * the whole file. Any other may be cut short, and the file is read to its end. */
static int slurp_fd(int fd, size_t max, bool single, struct text *text)
{
  text->length = 0;
  for (;;) {
    if (text->length > max)
      return -EFBIG;
    if (text->length == text->capacity) {
      int error = text_grow(text);
      if (error != 0)
        return error;
    }
    ssize_t n = read(fd, text->bytes + text->length, text->capacity - text->length);
    if (n == 0)
      return 0;
    if (n < 0 && errno != EINTR)
      return -errno;
    if (n < 0)
      continue;
    text->length += (size_t)n;
    if (single && text->length < text->capacity && text->bytes[text->length - 1] == '\n')
      return 0;
    single = false;
  }
}

static int check_regular(int fd)
{
  struct stat st;
  if (fstat(fd, &st) != 0)
    return -errno;
  switch (st.st_mode & S_IFMT) {
  case S_IFREG:
    return 0;
  case S_IFDIR:
    return -EISDIR;
  case S_IFSOCK:
    return -ENXIO; /* as of open(2) */
  default:
    return -ENOTSUP;
  }
}

/* Checks a file before it is opened: a captured tree may hold a device, and opening one
 * can have effects. Neither procfs nor sysfs has any. */
static int check_before_open(const struct sysroot *root, const char *path)
{
  if (root->live)
    return 0;
  int fd = open_below(root, path, O_PATH);
  if (fd < 0)
    return fd;
  int error = check_regular(fd);
  close(fd);
  return error;
}

static int slurp(const struct sysroot *root, const char *path, size_t max, bool single,
                 struct text *text)
{
  int error = check_before_open(root, path);
  if (error != 0)
    return error;
  /* O_NONBLOCK: should it be a FIFO by now, it opens at once instead of waiting. */
  int fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return fd;
  bool procfs = root->live && strncmp(path, "proc/", 5) == 0; /* has regular files only */
  error = procfs ? 0 : check_regular(fd);
  if (error == 0)
    error = slurp_fd(fd, max, single, text);
  close(fd);
  if (error == 0 && !root->live)
    text->length = pasted_text_clean(text->bytes, text->length);
  return error;
}

int sysroot_slurp(const struct sysroot *root, const char *path, struct text *text)
{
  return slurp(root, path, SYSROOT_FILE_MAX, false, text);
}

int sysroot_slurp_within(const struct sysroot *root, const char *path, size_t max,
                         struct text *text)
{
  return slurp(root, path, max, false, text);
}

int sysroot_slurp_single(const struct sysroot *root, const char *path, struct text *text)
{
  return slurp(root, path, SYSROOT_FILE_MAX, true, text);
}

int sysroot_read_link(const struct sysroot *root, const char *directory, const char *name,
                      char *out, size_t size)
{
  int fd = open_below(root, directory, O_PATH | O_DIRECTORY);
  if (fd < 0)
    return fd;
  ssize_t length = readlinkat(fd, name, out, size);
  int error = length < 0 ? -errno : (size_t)length == size ? -ENAMETOOLONG : 0;
  close(fd);
  if (error == 0)
    out[length] = '\0';
  return error;
}

void text_free(struct text *text)
{
  free(text->bytes);
  *text = (struct text){0};
}

/* The pattern split around the component that holds wildcards. */
struct split {
  char parent[256]; /* "" where the wildcards come first */
  char wild[64];
  const char *rest; /* with its leading '/', or "" */
};

static int split_pattern(const char *pattern, struct split *split)
{
  size_t wildcard = strcspn(pattern, "*?[");
  size_t start = wildcard;
  while (start > 0 && pattern[start - 1] != '/')
    start--;
  size_t length = strcspn(pattern + start, "/");
  if (start >= sizeof(split->parent) || length >= sizeof(split->wild))
    return -ENAMETOOLONG;
  memcpy(split->parent, pattern, start);
  split->parent[start] = '\0';
  memcpy(split->wild, pattern + start, length);
  split->wild[length] = '\0';
  split->rest = pattern + start + length;
  return 0;
}

/* The kernel's struct (include/linux/dirent.h). C libraries have it under various names,
 * or not at all. */
struct linux_dirent64 {
  uint64_t d_ino;
  int64_t d_off;
  unsigned short d_reclen;
  unsigned char d_type;
  char d_name[];
};

/* Calls the callback for each entry of a directory. Uses getdents64 with a buffer on the
 * stack, since opendir allocates one. */
static int each_entry(const struct sysroot *root, const char *directory,
                      int (*callback)(void *context, const struct linux_dirent64 *entry),
                      void *context)
{
  int fd = open_below(root, directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0)
    return fd;
  _Alignas(struct linux_dirent64) char buffer[8192];
  int result = 0;
  long n = 0;
  while (result == 0 && (n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
    for (long at = 0; result == 0 && at < n;) {
      const struct linux_dirent64 *entry = (const struct linux_dirent64 *)(buffer + at);
      at += entry->d_reclen;
      result = callback(context, entry);
    }
  }
  if (n < 0)
    result = -errno;
  close(fd);
  return result;
}

struct each {
  struct split split;
  int (*callback)(void *context, const char *path);
  void *context;
};

static int call_if_match(void *context, const struct linux_dirent64 *entry)
{
  const struct each *each = context;
  const struct split *split = &each->split;
  if (fnmatch(split->wild, entry->d_name, FNM_PERIOD) != 0)
    return 0;
  char path[640];
  int length =
      snprintf(path, sizeof(path), "%s%s%s", split->parent, entry->d_name, split->rest);
  if (length < 0 || (size_t)length >= sizeof(path))
    return -ENAMETOOLONG;
  return each->callback(each->context, path);
}

int sysroot_each(const struct sysroot *root, const char *pattern,
                 int (*callback)(void *context, const char *path), void *context)
{
  struct each each = {.callback = callback, .context = context};
  int error = split_pattern(pattern, &each.split);
  if (error != 0)
    return error;
  const char *parent = each.split.parent[0] != '\0' ? each.split.parent : ".";
  return each_entry(root, parent, call_if_match, &each);
}

struct each_number {
  int (*callback)(void *context, uint32_t number, uint64_t inode);
  void *context;
};

static int call_if_number(void *context, const struct linux_dirent64 *entry)
{
  const struct each_number *each = context;
  uint32_t number = 0;
  for (const char *at = entry->d_name; *at != '\0'; at++) {
    uint32_t digit = (uint32_t)(*at - '0');
    if (digit > 9 || number > (INT32_MAX - digit) / 10 || (number == 0 && digit == 0))
      return 0;
    number = 10 * number + digit;
  }
  return each->callback(each->context, number, entry->d_ino);
}

int sysroot_each_number(const struct sysroot *root, const char *directory,
                        int (*callback)(void *context, uint32_t number, uint64_t inode),
                        void *context)
{
  struct each_number each = {callback, context};
  return each_entry(root, directory, call_if_number, &each);
}

enum reading_state sysroot_error_state(int error)
{
  switch (error) {
  case 0:
    return READING_KNOWN;
  case -ENOENT:
  case -ENOTDIR:
  case -ESRCH:
    return READING_ABSENT;
  case -EACCES:
  case -EPERM:
    return READING_DENIED;
  default:
    return READING_MALFORMED;
  }
}
