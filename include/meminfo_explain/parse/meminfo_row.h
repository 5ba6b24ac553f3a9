/* SPDX-License-Identifier: MIT */
/* The rows of meminfo.def. */
#ifndef MEMINFO_EXPLAIN_PARSE_MEMINFO_ROW_H
#define MEMINFO_EXPLAIN_PARSE_MEMINFO_ROW_H

#include "meminfo_explain/base/scan.h"

#include <stddef.h>

enum meminfo_unit { MEMINFO_UNIT_COUNT, MEMINFO_UNIT_KB };

enum meminfo_field {
#define FIELD(member, key, unit, inside, ...) MEMINFO_FIELD_##member,
#include "meminfo_explain/tables/meminfo.def"
  MEMINFO_FIELD_COUNT,
  MEMINFO_FIELD_nothing = MEMINFO_FIELD_COUNT /* in the column INSIDE: not physical */
};

struct meminfo_row {
  const char *key; /* as the kernel prints it */
  size_t key_length;
  enum meminfo_unit unit;
  enum meminfo_field inside;
};
extern const struct meminfo_row meminfo_rows[MEMINFO_FIELD_COUNT];

/* The row of a key, or MEMINFO_FIELD_COUNT. Searches from `hint` on: the kernel prints in
 * the order of the rows, so the row after the last one found is nearly always right. */
enum meminfo_field meminfo_find_row(struct span key, unsigned hint);

#endif
