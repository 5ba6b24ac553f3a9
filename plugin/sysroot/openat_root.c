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

/* --- by the kernel ---------------------------------------------------------------- */

static int open_by_kernel(int root, const char *path, int flags)
{
#ifdef SYS_openat2
  /* Without magic links (proc/PID/fd, ns, cwd...): they lead anywhere. */
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
  int fd = open_by_kernel(root, ".", O_PATH | O_DIRECTORY);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

/* --- by hand ---------------------------------------------------------------------- */

enum { DEPTH_MAX = 64, LINKS_MAX = 40 }; /* include/linux/namei.h: MAXSYMLINKS */

/* Where we are: the folders on the way, so that ".." needs not ask the file system, in
 * which the folder may have been moved meanwhile. */
struct way {
  int root;
  int folders[DEPTH_MAX];
  unsigned depth, links;
  char rest[PATH_MAX]; /* that is still to be gone */
};

static int here(const struct way *way)
{
  return way->depth > 0 ? way->folders[way->depth - 1] : way->root;
}

static void go_up(struct way *way)
{
  if (way->depth > 0)
    close(way->folders[--way->depth]);
}

static void go_back(struct way *way)
{
  while (way->depth > 0)
    go_up(way);
}

/* 0, or -errno with the folder closed. */
static int go_down(struct way *way, int folder)
{
  if (way->depth == DEPTH_MAX) {
    close(folder);
    return -ENAMETOOLONG;
  }
  way->folders[way->depth++] = folder;
  return 0;
}

/* Puts the target of a link before the rest. 0, -EINVAL where it is no link, -errno. */
static int follow(struct way *way, const char *name)
{
  char path[PATH_MAX];
  const size_t rest = strlen(way->rest);
  ssize_t got = readlinkat(here(way), name, path, sizeof(path));
  if (got < 0)
    return -errno;
  if (++way->links > LINKS_MAX)
    return -ELOOP;
  size_t length = (size_t)got;
  if (length + 1 + rest >= sizeof(path))
    return -ENAMETOOLONG;
  if (length == 0)
    return -ENOENT;
  if (path[0] == '/')
    go_back(way);
  if (rest > 0)
    path[length++] = '/';
  memcpy(path + length, way->rest, rest + 1);
  memcpy(way->rest, path, length + rest + 1);
  return 0;
}

/* Takes the first part off the rest. False where there is none, or it does not fit. */
static bool take_name(struct way *way, char name[NAME_MAX + 1])
{
  size_t begin = strspn(way->rest, "/"), length = strcspn(way->rest + begin, "/");
  if (length == 0 || length > NAME_MAX)
    return false;
  memcpy(name, way->rest + begin, length);
  name[length] = '\0';
  memmove(way->rest, way->rest + begin + length, strlen(way->rest + begin + length) + 1);
  return true;
}

static bool is_link(int fd)
{
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A descriptor, or -errno: -ELOOP or -ENOTDIR where it is a link. */
static int open_name(const struct way *way, const char *name, int flags)
{
  int fd = openat(here(way), name, flags | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  if ((flags & O_PATH) == 0 || !is_link(fd))
    return fd;
  close(fd); /* O_PATH opens even links */
  return -ELOOP;
}

/* Goes one part further. 0; -errno; or with *fd what the path is for. */
static int take_step(struct way *way, const char *name, int flags, int *fd)
{
  if (strcmp(name, ".") == 0)
    return 0;
  if (strcmp(name, "..") == 0) {
    go_up(way);
    return 0;
  }
  bool last = way->rest[0] == '\0';
  int opened = open_name(way, name, last ? flags : O_PATH | O_DIRECTORY);
  if (opened == -ELOOP || opened == -ENOTDIR) {
    int error = follow(way, name);
    return error == -EINVAL ? opened : error;
  }
  if (opened < 0)
    return opened;
  if (!last)
    return go_down(way, opened);
  *fd = opened;
  return 0;
}

static int open_by_hand(int root, const char *path, int flags)
{
  struct way way = {.root = root};
  char name[NAME_MAX + 1];
  int fd = -1;
  int length = snprintf(way.rest, sizeof(way.rest), "%s", path);
  int error = length == 0                          ? -ENOENT
              : (size_t)length >= sizeof(way.rest) ? -ENAMETOOLONG
                                                   : 0;
  while (error == 0 && fd < 0 && take_name(&way, name))
    error = take_step(&way, name, flags, &fd);
  if (error == 0 && fd < 0 && way.rest[strspn(way.rest, "/")] != '\0')
    error = -ENAMETOOLONG;
  if (error == 0 && fd < 0) /* the path ends with a folder that we are in */
    fd = open_name(&way, ".", flags);
  go_back(&way);
  return error != 0 ? error : fd;
}

/* --- either ----------------------------------------------------------------------- */

int openat_root(int root, enum openat_root_method way, const char *path, int flags)
{
  /* -EAGAIN: something was renamed or mounted while the kernel went up by "..". */
  enum { PATIENCE = 8 };
  int fd = -EAGAIN;
  if (way == OPENAT_ROOT_PLAIN) {
    fd = openat(root, path, flags | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
  }
  for (int i = 0; way == OPENAT_ROOT_OPENAT2 && fd == -EAGAIN && i < PATIENCE; i++)
    fd = open_by_kernel(root, path, flags);
  return fd == -EAGAIN ? open_by_hand(root, path, flags) : fd;
}
