/* SPDX-License-Identifier: MIT */
/* Files that hang when they are opened, or cannot be: for suites that are linked
 * with --wrap=openat_root, or for those of ours with --wrap=atomic_file_open and
 * state_file_load. Paths are told by a pattern as of fnmatch(3), in which * stands for
 * slashes too. */
#ifndef MEMINFO_EXPLAIN_TESTS_HANGING_H
#define MEMINFO_EXPLAIN_TESTS_HANGING_H

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
