/* SPDX-License-Identifier: MIT */
/* /proc/PID/statm (fs/proc/array.c: proc_pid_statm): the cheapest way to see how much
 * memory a process has mapped. All zeros where it has no address space. */
#ifndef MEMINFO_EXPLAIN_PARSE_STATM_H
#define MEMINFO_EXPLAIN_PARSE_STATM_H

#include "meminfo_explain/base/scan.h"

struct statm {
  uint64_t resident; /* bytes; off by per-CPU deltas from 6.2 to 6.15 */
  uint64_t shared; /* part of resident: files and shared memory; the rest is anonymous */
};

/* 0, or -EBADMSG with *out untouched. */
int statm_parse(struct scan text, uint64_t page_size, struct statm *out,
                struct parse_error *parse_error);

#endif
