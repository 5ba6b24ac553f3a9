/* SPDX-License-Identifier: MIT */
/* The kernel log, for the one figure that is nowhere else. */
#ifndef MEMINFO_EXPLAIN_KMSG_H
#define MEMINFO_EXPLAIN_KMSG_H

#include "meminfo_explain/scan.h"

/* Takes N of the boot message `percpu: Embedded N pages/cpu ...` (mm/percpu.c:
 * pcpu_embed_first_chunk): the pages of each CPU in the first percpu chunk.
 * 0, or -ENOENT where the log has no such line (any more). */
int kmsg_percpu_pages(struct scan text, uint64_t *out);

#endif
