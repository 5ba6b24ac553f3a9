/* SPDX-License-Identifier: MIT */
/* Reads what consumers.def names, by a thread of its own (supervisor.h): a driver may
 * hold a lock for long while one asks it, and nothing else shall wait for that. */
#ifndef MEMINFO_EXPLAIN_COLLECT_CONSUMERS_H
#define MEMINFO_EXPLAIN_COLLECT_CONSUMERS_H

#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* What a row may cost: so long, so large a file, so many files. Above, it is malformed;
 * one that does not answer stays so until it does, and is not waited for again. */
#ifndef CONSUMERS_PATIENCE
#define CONSUMERS_PATIENCE 0.25 /* seconds */
#endif
#define CONSUMERS_FILE_MAX  ((size_t)1 << 20)
#define CONSUMERS_FILES_MAX 4096
/* So many rows at most may hang at a time; those behind them are then not reached. */
#define CONSUMERS_HUNG_MAX 8

struct consumers_reader; /* opaque */

/* 0 or -errno. */
int consumers_open(const struct sysroot *root, struct consumers_reader **out);
void consumers_close(struct consumers_reader *reader); /* NULL is nothing */

/* Fills in out->consumers, out->page_pool, and the status of their sources. A sum of
 * which one file is bad is malformed. *out needs mem_total and page_size. Waits for
 * CONSUMERS_PATIENCE per row that hangs, once. */
void consumers_collect(struct consumers_reader *reader, struct sample *out);

#endif
