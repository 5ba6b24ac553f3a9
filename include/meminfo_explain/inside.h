/* SPDX-License-Identifier: MIT */
/* Opening what is below a folder as if that were "/": a link, wherever on the way and
 * however it leaves, ends up inside. Who changes the tree meanwhile does not get us out
 * either. */
#ifndef MEMINFO_EXPLAIN_INSIDE_H
#define MEMINFO_EXPLAIN_INSIDE_H

#include <stdbool.h>

/* Whether the kernel can do this by itself: openat2(2), since 5.6, unless a filter of
 * system calls does not let us. */
bool inside_kernel_can(int root);

/* A descriptor, or -errno as open(2) gives it: -ELOOP behind forty links. `flags` as of
 * open(2), for what exists; O_CLOEXEC is implied. Where the kernel cannot, each part of
 * the path is opened by itself: slower, and with the same result. */
int inside_open(int root, bool kernel_can, const char *path, int flags);

#endif
