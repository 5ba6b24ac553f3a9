/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat (fs/proc/array.c: do_task_stat), the fields that identify a
 * process. The name in parentheses can have any bytes, so it ends at the last ')'. */
#ifndef MEMINFO_EXPLAIN_PARSE_STAT_H
#define MEMINFO_EXPLAIN_PARSE_STAT_H

#include "meminfo_explain/base/scan.h"

#include <stdbool.h>

struct stat_line {
  char state;         /* R S D Z X ... */
  bool kernel_thread; /* PF_KTHREAD (include/linux/sched.h) */
  uint64_t parent;    /* PID; 0 for none */
  uint64_t threads;   /* includes a leader that ended before the others */
  uint64_t start;     /* clock ticks after boot; unique together with the PID */
  uint64_t vsize;     /* bytes of address space */
  uint64_t rss;       /* bytes; approximate */
  uint64_t stack;     /* address of its start; 0 where it is not shown */
};

/* 0, or -EBADMSG with *out untouched. */
int stat_parse(struct scan text, uint64_t page_size, struct stat_line *out,
               struct parse_error *parse_error);

#endif
