/* SPDX-License-Identifier: MIT */
/* sys/kernel/mm/hugepages/hugepages-SIZEkB: huge pages of each size. */
#ifndef MEMINFO_EXPLAIN_COLLECT_HUGEPAGES_H
#define MEMINFO_EXPLAIN_COLLECT_HUGEPAGES_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* Fills in out->hugepages and the status of its source. A sum of which one file is bad is
 * malformed. *out needs page_size; `text` is scratch. */
void hugepages_collect(const struct sysroot *root, struct text *text, struct sample *out);

#endif
