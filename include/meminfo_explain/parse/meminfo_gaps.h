/* SPDX-License-Identifier: MIT */
/* What is missing from a meminfo that people have cut or filtered: what is missing is not
 * 0, and not absent from the kernel either. */
#ifndef MEMINFO_EXPLAIN_PARSE_MEMINFO_GAPS_H
#define MEMINFO_EXPLAIN_PARSE_MEMINFO_GAPS_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/parse/meminfo_row.h"

#include <stdbool.h>

/* {0}: nothing is missing. */
struct meminfo_gaps {
  /* Lines that are missing, although every kernel with the other lines prints them. */
  bool lacks[MEMINFO_FIELD_COUNT];
  unsigned count;           /* of these lines */
  enum meminfo_field first; /* of these lines; undefined where there is none */
  enum meminfo_field last;  /* line of the file, in the kernel's order */
  bool broken;              /* the text says that lines were left out, or is cut off */
  /* Whether lines may be missing that nothing proves: others are missing, the text says
   * that some were left out, or it does not end as the file of a kernel with huge pages
   * does. A kernel without CONFIG_HUGETLB_PAGE has such a file as well. */
  bool open;
  /* Whether the direct map, which includes all memory, is smaller than that: a line of it
   * is missing. */
  bool short_direct_map;
};

/* Finds the gaps of a captured meminfo by its fields. Those that are not absent count as
 * lines of the file. `torn` is the field of a last line that is cut off, or
 * MEMINFO_FIELD_COUNT; `broken`
 * is as in the struct. */
struct meminfo_gaps meminfo_gaps_find(const struct reading fields[MEMINFO_FIELD_COUNT],
                                      enum meminfo_field torn, bool broken);

#endif
