/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat (fs/proc/array.c: do_task_stat), the fields that tell what a process
 * is. The name in parentheses may hold any byte, so it ends at the last ')'. */
#ifndef MEMINFO_EXPLAIN_PARSE_STAT_H
#define MEMINFO_EXPLAIN_PARSE_STAT_H

#include "meminfo_explain/base/scan.h"

#include <stdbool.h>

struct stat_line {
  char state;         /* R S D Z X ... */
  bool kernel_thread; /* PF_KTHREAD (include/linux/sched.h) */
  uint64_t parent;    /* its process number; 0 for none */
  uint64_t threads;   /* also counts a leader that ended before the others */
  uint64_t start;     /* clock ticks after boot: with the number, an identity */
  uint64_t vsize;     /* bytes of address space */
  uint64_t rss;       /* bytes; the kernel's fast, approximate figure */
  uint64_t stack;     /* where the stack starts; 0 where that is not told */
};

/* 0, or -EBADMSG with *out untouched. */
int stat_parse(struct scan text, uint64_t page_size, struct stat_line *out,
               struct parse_error *parse_error);

#endif
