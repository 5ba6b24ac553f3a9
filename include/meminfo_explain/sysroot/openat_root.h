/* SPDX-License-Identifier: MIT */
/* Opening what is below a folder as if that were "/": a link, wherever on the way and
 * however it leaves, ends up inside. Who changes the tree meanwhile does not get us out
 * either. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_OPENAT_ROOT_H
#define MEMINFO_EXPLAIN_SYSROOT_OPENAT_ROOT_H

#include <stdbool.h>

enum openat_root_method {
  OPENAT_ROOT_BY_COMPONENT, /* each part of the path is opened by itself: slower */
  OPENAT_ROOT_OPENAT2, /* openat2(2), since 5.6, unless a filter of system calls forbids
                        * it
                        */
  OPENAT_ROOT_PLAIN,   /* the folder is our own "/": every link ends up inside anyway */
};

/* Whether OPENAT_ROOT_OPENAT2 will do. */
bool openat_root_has_openat2(int root);

/* A descriptor, or -errno as open(2) gives it: -ELOOP behind forty links. `flags` as of
 * open(2), for what exists; O_CLOEXEC is implied. All ways have the same result, but for
 * proc's magic links (PID/fd, PID/cwd...), through which nothing of ours is to be found:
 * the kernel refuses them, and where the folder is "/" they lead anywhere. */
int openat_root(int root, enum openat_root_method way, const char *path, int flags);

#endif
