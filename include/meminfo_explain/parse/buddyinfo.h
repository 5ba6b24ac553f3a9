/* SPDX-License-Identifier: MIT */
/* /proc/buddyinfo (mm/vmstat.c: frag_show_print): free blocks of each size. Unlike
 * MemFree they have no per-CPU deltas. */
#ifndef MEMINFO_EXPLAIN_PARSE_BUDDYINFO_H
#define MEMINFO_EXPLAIN_PARSE_BUDDYINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

/* Sets *out to the free bytes of all zones that are listed. 0, or -EBADMSG with *out
 * malformed. */
int buddyinfo_parse(struct scan text, uint64_t page_size, struct reading *out,
                    struct parse_error *parse_error);

#endif
