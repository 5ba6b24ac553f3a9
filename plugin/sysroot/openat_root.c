/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/sysroot/openat_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef SYS_openat2
#include <linux/openat2.h>
#endif

/* --- openat2 ---------------------------------------------------------------------- */

static int open_by_openat2(int root, const char *path, int flags)
{
#ifdef SYS_openat2
  /* Magic links (proc/PID/fd, ns, cwd...) lead anywhere. */
  const struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                               .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
  return fd < 0 ? -errno : (int)fd;
#else
  (void)root, (void)path, (void)flags;
  return -ENOSYS;
#endif
}

bool openat_root_has_openat2(int root)
{
  int fd = open_by_openat2(root, ".", O_PATH | O_DIRECTORY);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

/* --- by component ----------------------------------------------------------------- */

enum { DEPTH_MAX = 64, LINKS_MAX = 40 }; /* include/linux/namei.h: MAXSYMLINKS */

/* The state of a lookup: the folders from the root to the current one, so that ".." does
 * not depend on the file system, where the folder may have been moved meanwhile. */
struct lookup {
  int root;
  int folders[DEPTH_MAX];
  unsigned depth, links;
  char rest[PATH_MAX]; /* of the path */
};

static int current(const struct lookup *lookup)
{
  return lookup->depth > 0 ? lookup->folders[lookup->depth - 1] : lookup->root;
}

static void go_up(struct lookup *lookup)
{
  if (lookup->depth > 0)
    close(lookup->folders[--lookup->depth]);
}

static void go_to_root(struct lookup *lookup)
{
  while (lookup->depth > 0)
    go_up(lookup);
}

/* 0, or -errno with the folder closed. */
static int go_down(struct lookup *lookup, int folder)
{
  if (lookup->depth == DEPTH_MAX) {
    close(folder);
    return -ENAMETOOLONG;
  }
  lookup->folders[lookup->depth++] = folder;
  return 0;
}

/* Puts the target of a link in front of the rest. 0; -EINVAL where it is not a link, or
 * another -errno. */
static int follow(struct lookup *lookup, const char *name)
{
  char path[PATH_MAX];
  const size_t rest = strlen(lookup->rest);
  ssize_t got = readlinkat(current(lookup), name, path, sizeof(path));
  if (got < 0)
    return -errno;
  if (++lookup->links > LINKS_MAX)
    return -ELOOP;
  size_t length = (size_t)got;
  if (length + 1 + rest >= sizeof(path))
    return -ENAMETOOLONG;
  if (length == 0)
    return -ENOENT;
  if (path[0] == '/')
    go_to_root(lookup);
  if (rest > 0)
    path[length++] = '/';
  memcpy(path + length, lookup->rest, rest + 1);
  memcpy(lookup->rest, path, length + rest + 1);
  return 0;
}

/* Takes the first component off the rest. False where there is none, or it is too long.
 */
static bool take_name(struct lookup *lookup, char name[NAME_MAX + 1])
{
  size_t begin = strspn(lookup->rest, "/"), length = strcspn(lookup->rest + begin, "/");
  if (length == 0 || length > NAME_MAX)
    return false;
  memcpy(name, lookup->rest + begin, length);
  name[length] = '\0';
  memmove(lookup->rest, lookup->rest + begin + length,
          strlen(lookup->rest + begin + length) + 1);
  return true;
}

static bool is_link(int fd)
{
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A descriptor, or -errno: -ELOOP or -ENOTDIR where it is a link. */
static int open_name(const struct lookup *lookup, const char *name, int flags)
{
  int fd = openat(current(lookup), name, flags | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  if ((flags & O_PATH) == 0 || !is_link(fd))
    return fd;
  close(fd); /* O_PATH opens even links */
  return -ELOOP;
}

/* Follows one component. 0, with *fd set if it was the last one; or -errno. */
static int take_step(struct lookup *lookup, const char *name, int flags, int *fd)
{
  if (strcmp(name, ".") == 0)
    return 0;
  if (strcmp(name, "..") == 0) {
    go_up(lookup);
    return 0;
  }
  bool last = lookup->rest[0] == '\0';
  int opened = open_name(lookup, name, last ? flags : O_PATH | O_DIRECTORY);
  if (opened == -ELOOP || opened == -ENOTDIR) {
    int error = follow(lookup, name);
    return error == -EINVAL ? opened : error;
  }
  if (opened < 0)
    return opened;
  if (!last)
    return go_down(lookup, opened);
  *fd = opened;
  return 0;
}

static int open_by_component(int root, const char *path, int flags)
{
  struct lookup lookup = {.root = root};
  char name[NAME_MAX + 1];
  int fd = -1;
  int length = snprintf(lookup.rest, sizeof(lookup.rest), "%s", path);
  int error = length == 0                             ? -ENOENT
              : (size_t)length >= sizeof(lookup.rest) ? -ENAMETOOLONG
                                                      : 0;
  while (error == 0 && fd < 0 && take_name(&lookup, name))
    error = take_step(&lookup, name, flags, &fd);
  if (error == 0 && fd < 0 && lookup.rest[strspn(lookup.rest, "/")] != '\0')
    error = -ENAMETOOLONG;
  if (error == 0 && fd < 0) /* the path ends at the current folder */
    fd = open_name(&lookup, ".", flags);
  go_to_root(&lookup);
  return error != 0 ? error : fd;
}

/* --- all methods ------------------------------------------------------------------ */

int openat_root(int root, enum openat_root_method method, const char *path, int flags)
{
  /* -EAGAIN: a rename or mount happened while the kernel resolved a "..". */
  enum { ATTEMPTS = 8 };
  int fd = -EAGAIN;
  if (method == OPENAT_ROOT_PLAIN) {
    fd = openat(root, path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
  }
  for (int i = 0; method == OPENAT_ROOT_OPENAT2 && fd == -EAGAIN && i < ATTEMPTS; i++)
    fd = open_by_openat2(root, path, flags);
  return fd == -EAGAIN ? open_by_component(root, path, flags) : fd;
}
