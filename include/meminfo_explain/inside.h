/* SPDX-License-Identifier: MIT */
/* Opening what is below a folder as if that were "/": a link, wherever on the way and
 * however it leaves, ends up inside. Who changes the tree meanwhile does not get us out
 * either. */
#ifndef MEMINFO_EXPLAIN_INSIDE_H
#define MEMINFO_EXPLAIN_INSIDE_H

#include <stdbool.h>

enum inside_way {
  INSIDE_BY_HAND,   /* each part of the path is opened by itself: slower */
  INSIDE_BY_KERNEL, /* openat2(2), since 5.6, unless a filter of system calls forbids it
                     */
  INSIDE_IS_ALL,    /* the folder is our own "/": every link ends up inside anyway */
};

/* Whether INSIDE_BY_KERNEL will do. */
bool inside_kernel_can(int root);

/* A descriptor, or -errno as open(2) gives it: -ELOOP behind forty links. `flags` as of
 * open(2), for what exists; O_CLOEXEC is implied. All ways have the same result, but for
 * proc's magic links (PID/fd, PID/cwd...), through which nothing of ours is to be found:
 * the kernel refuses them, and where the folder is "/" they lead anywhere. */
int inside_open(int root, enum inside_way way, const char *path, int flags);

#endif
