/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo (proc(5)): who serves the meminfo we read. */
#ifndef MEMINFO_EXPLAIN_PARSE_MOUNTINFO_H
#define MEMINFO_EXPLAIN_PARSE_MOUNTINFO_H

#include "meminfo_explain/base/scan.h"

/* Mounts of type fuse.lxcfs on PREFIX/proc/meminfo or PREFIX/proc: lxcfs gives
 * containers a meminfo that mixes figures of their cgroup with figures of the host. */
uint64_t mountinfo_count_lxcfs(struct scan text, const char *prefix);

#endif
