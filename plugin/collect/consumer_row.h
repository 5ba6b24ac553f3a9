/* SPDX-License-Identifier: MIT */
/* Reading one row of consumers.def: its files, or its function. */
#ifndef MEMINFO_EXPLAIN_COLLECT_CONSUMER_ROW_H
#define MEMINFO_EXPLAIN_COLLECT_CONSUMER_ROW_H

#include "kernel_structs.h"
#include "meminfo_explain/collect/sample.h"
#include "meminfo_explain/sysroot/source.h"
#include "meminfo_explain/sysroot/sysroot.h"

/* The limits of one row: the size of a file, and the number of files. Above either it is
 * malformed. */
#define CONSUMER_FILE_MAX  ((size_t)1 << 20)
#define CONSUMER_FILES_MAX 4096

/* What all rows are computed with. */
struct consumer_inputs {
  uint64_t page_size;       /* bytes */
  struct reading mem_total; /* no consumer within MemTotal is larger */
  bool cma;                 /* whether memory for DMA may be in CMA regions */
  struct kernel_structs structs;
};

struct consumer_result {
  struct reading sum;
  uint64_t excess, lack; /* bytes by which a known sum may be too large, or too small */
  struct source_status status;
};

/* Whether the row is computed from many files, whose numbers hardly change: it need not
 * be read for each sample. */
bool consumer_row_is_tree(unsigned row);

/* Reads row `row`, below CONSUMER_COUNT; `text` is scratch. A sum is malformed if any of
 * its files is. In a captured tree the answer of a function is the number in the file
 * "consumers/NAME". */
struct consumer_result consumer_row_read(unsigned row,
                                         const struct consumer_inputs *inputs,
                                         const struct sysroot *root, struct text *text);

#endif
