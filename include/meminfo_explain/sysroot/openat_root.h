/* SPDX-License-Identifier: MIT */
/* Opens a path below a folder as if the folder were "/": no link in the path leads out of
 * it, even while another process changes the tree. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_OPENAT_ROOT_H
#define MEMINFO_EXPLAIN_SYSROOT_OPENAT_ROOT_H

#include <stdbool.h>

enum openat_root_method {
  OPENAT_ROOT_BY_COMPONENT, /* opens each component of the path by itself: slower */
  OPENAT_ROOT_OPENAT2, /* openat2(2), since 5.6, unless a seccomp filter forbids it */
  OPENAT_ROOT_PLAIN,   /* the folder is our own "/", which no link leaves */
};

/* Whether OPENAT_ROOT_OPENAT2 works. */
bool openat_root_has_openat2(int root);

/* A descriptor, or -errno of open(2); -ELOOP after forty links. `flags` are those of
 * open(2) for an existing file; O_CLOEXEC is implied. All methods have the same result,
 * except for the magic links of proc (PID/fd, PID/cwd...), which no path of ours needs:
 * openat2 refuses them, and OPENAT_ROOT_PLAIN follows them anywhere. */
int openat_root(int root, enum openat_root_method method, const char *path, int flags);

#endif
