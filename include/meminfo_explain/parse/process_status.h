/* SPDX-License-Identifier: MIT */
/* Who a process is, by /proc/PID/status (fs/proc/array.c: proc_pid_status). */
#ifndef MEMINFO_EXPLAIN_PARSE_PROCESS_STATUS_H
#define MEMINFO_EXPLAIN_PARSE_PROCESS_STATUS_H

#include "meminfo_explain/base/scan.h"

/* Of 15 bytes, some of them escaped, or of a kernel thread. */
#define PROCESS_NAME_SIZE 33

struct process_status {
  char name[PROCESS_NAME_SIZE]; /* printable ASCII without blanks; "" where it has none */
  uint64_t uid[3], gid[3];      /* real, effective, saved */
  uint64_t capabilities;        /* CapPrm: bit N is capability N */
};

/* 0, or -EBADMSG with *out untouched where a line but Name is missing or malformed. */
int process_status_parse(struct scan text, struct process_status *out);

#endif
