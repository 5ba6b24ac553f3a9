/* SPDX-License-Identifier: MIT */
/* Sources of which several files hold one number each: consumers.def, and the huge pages
 * of each size. */
#ifndef MEMINFO_EXPLAIN_CONSUMERS_H
#define MEMINFO_EXPLAIN_CONSUMERS_H

#include "meminfo_explain/sample.h"
#include "meminfo_explain/sysroot.h"

/* Fill in out->consumers and out->hugepages, and the status of their sources. A sum of
 * which one file is bad is malformed; *out needs mem_total and page_size. `text` is
 * scratch. */
void consumers_collect(const struct sysroot *root, struct text *text, struct sample *out);
void hugepages_collect(const struct sysroot *root, struct text *text, struct sample *out);

#endif
