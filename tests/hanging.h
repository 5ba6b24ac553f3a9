/* SPDX-License-Identifier: MIT */
/* Files that hang when they are opened, or cannot be opened: for a struct sysroot whose
 * member `open` is hanging_open, and for others that call hanging_pass. Paths are given
 * as a pattern of fnmatch(3), in which * matches slashes too. */
#ifndef MEMINFO_EXPLAIN_TESTS_HANGING_H
#define MEMINFO_EXPLAIN_TESTS_HANGING_H

#include "meminfo_explain/sysroot/openat_root.h"

int hanging_open(int root, enum openat_root_method method, const char *path, int flags);

/* The same for other ways to open a file: hangs if `path` is to hang. 0, or -errno where
 * it is to fail. */
int hanging_pass(const char *path);

/* From now on these hang, and no others. */
void hang(const char *paths);

/* Ends that, and waits until no thread hangs any more. */
void let_go(void);

/* Threads that hang. */
unsigned hanging(void);
void wait_for_hanging(unsigned count);

/* From now on these cannot be opened, for -errno. */
void refuse(const char *paths, int error);

/* Counts from now on how often these are opened, or would be. */
void count_opened(const char *paths);
unsigned opened(void);

#endif
