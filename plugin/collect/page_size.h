/* SPDX-License-Identifier: MIT */
/* The page size of a captured tree, which none of its files states. */
#ifndef MEMINFO_EXPLAIN_COLLECT_PAGE_SIZE_H
#define MEMINFO_EXPLAIN_COLLECT_PAGE_SIZE_H

#include "meminfo_explain/sysroot/sysroot.h"

/* Bytes, by what the tree has of meminfo, vmstat, slabinfo and zoneinfo; the host's page
 * size where they do not show it. *text is overwritten. 0; or -ENOMEM, where it is not
 * known and must not be guessed. */
int page_size_of_capture(const struct sysroot *root, struct text *text, uint64_t *out);

#endif
