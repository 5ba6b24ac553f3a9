/* SPDX-License-Identifier: MIT */
/* What to do about something that was denied. */
#ifndef MEMINFO_EXPLAIN_REPORT_REMEDY_H
#define MEMINFO_EXPLAIN_REPORT_REMEDY_H

#include "meminfo_explain/base/format.h"
#include "meminfo_explain/sysroot/credentials.h"

/* What opens it to this process, or what denies it although the process has the right:
 * "run as root or grant CAP_SYS_PTRACE". `remedy` is that of a row of sources.def; "" and
 * those that name no capability are returned as they are. */
struct formatted remedy_for(const struct credentials *who, const char *remedy);

/* The same for all that this set of capabilities would open; "" for none. */
struct formatted remedy_for_all(const struct credentials *who, uint64_t capabilities);

/* "CAP_SYS_NICE and CAP_SYS_TIME"; "other capabilities" for more than two. */
struct formatted capability_list(uint64_t capabilities);

#endif
