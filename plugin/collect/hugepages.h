/* SPDX-License-Identifier: MIT */
/* sys/kernel/mm/hugepages/hugepages-SIZEkB: huge pages, summed over their sizes. */
#ifndef MEMINFO_EXPLAIN_COLLECT_HUGEPAGES_H
#define MEMINFO_EXPLAIN_COLLECT_HUGEPAGES_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* Replaces *out; returns the status of SOURCE_hugepages. page_size is in bytes, `text` is
 * scratch. A sum is malformed if any of its files is. */
struct source_status hugepages_read(const struct sysroot *root, uint64_t page_size,
                                    struct text *text, struct hugepages *out);

#endif
