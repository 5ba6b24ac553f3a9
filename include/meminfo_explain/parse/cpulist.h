/* SPDX-License-Identifier: MIT */
/* A list of CPUs as sysfs prints it: "0-3,8". */
#ifndef MEMINFO_EXPLAIN_PARSE_CPULIST_H
#define MEMINFO_EXPLAIN_PARSE_CPULIST_H

#include "meminfo_explain/base/scan.h"

/* Larger than any CONFIG_NR_CPUS (8192 on x86). */
#define CPULIST_CPU_MAX 65535

/* Counts the CPUs of the first line. 0, or -EBADMSG with *out untouched, also where the
 * line has no newline: it may have been longer. */
int cpulist_parse(struct scan text, uint64_t *out, struct parse_error *parse_error);

#endif
