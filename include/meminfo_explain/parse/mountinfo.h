/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo (proc(5)), to recognise a meminfo that lxcfs provides. */
#ifndef MEMINFO_EXPLAIN_PARSE_MOUNTINFO_H
#define MEMINFO_EXPLAIN_PARSE_MOUNTINFO_H

#include "meminfo_explain/base/scan.h"

/* Counts the mounts of type fuse.lxcfs on PREFIX/proc/meminfo and PREFIX/proc. lxcfs
 * gives containers a meminfo that mixes numbers of their cgroup with numbers of the host.
 */
uint64_t mountinfo_count_lxcfs(struct scan text, const char *prefix);

#endif
