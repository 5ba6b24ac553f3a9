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

/* The releases between which the lines of meminfo differ, in order. */
enum meminfo_release {
  MEMINFO_RELEASE_2_6_18,
  MEMINFO_RELEASE_2_6_19,
  MEMINFO_RELEASE_2_6_26,
  MEMINFO_RELEASE_2_6_28,
  MEMINFO_RELEASE_2_6_32,
  MEMINFO_RELEASE_3_14,
  MEMINFO_RELEASE_4_19,
  MEMINFO_RELEASE_4_20,
  MEMINFO_RELEASE_6_1,
  MEMINFO_RELEASE_6_16,
  MEMINFO_RELEASE_7_1
};

enum meminfo_printed {
  MEMINFO_PRINTED_ALWAYS,
  MEMINFO_PRINTED_CONFIG,
  MEMINFO_PRINTED_FADING
};

struct meminfo_row {
  const char *key; /* as the kernel prints it */
  size_t key_length;
  enum meminfo_unit unit;
  enum meminfo_field inside;
  enum meminfo_printed printed;
  enum meminfo_release from; /* of `printed` */
  enum meminfo_release proves;
};
extern const struct meminfo_row meminfo_rows[MEMINFO_FIELD_COUNT];

/* The row of a key, or MEMINFO_FIELD_COUNT. Searches from `hint` on: the kernel prints in
 * the order of the rows, so the row after the last one found is nearly always right. */
enum meminfo_field meminfo_find_row(struct span key, unsigned hint);

#endif
