/* SPDX-License-Identifier: MIT */
/* /proc/meminfo: `Key:  123 kB`, one line each. */
#ifndef MEMINFO_EXPLAIN_PARSE_MEMINFO_H
#define MEMINFO_EXPLAIN_PARSE_MEMINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <stdbool.h>

enum meminfo_unit { MEMINFO_UNIT_COUNT, MEMINFO_UNIT_KB };

enum meminfo_field {
#define FIELD(member, key, unit, inside, ...) MEMINFO_FIELD_##member,
#include "meminfo_explain/tables/meminfo.def"
  MEMINFO_FIELD_COUNT,
  MEMINFO_FIELD_nothing = MEMINFO_FIELD_COUNT /* INSIDE column: not physical */
};

struct meminfo_row {
  const char *key; /* as the kernel prints it */
  size_t key_length;
  enum meminfo_unit unit;
  enum meminfo_field inside;
};
extern const struct meminfo_row meminfo_rows[MEMINFO_FIELD_COUNT];

/* A line no row knows: a newer kernel, or a vendor's. */
struct meminfo_other {
  char key[48];
  struct reading value; /* bytes for kB lines, else as it stands */
  bool is_count;        /* as it stands */
};
#define MEMINFO_OTHERS_KEPT 64

struct meminfo {
  union {
    struct {
#define FIELD(member, key, unit, inside, ...) struct reading member;
#include "meminfo_explain/tables/meminfo.def"
    };
    struct reading fields[MEMINFO_FIELD_COUNT]; /* the same, by enum meminfo_field */
  };
  struct meminfo_other others[MEMINFO_OTHERS_KEPT]; /* the first so many */
  unsigned others_count;                            /* of all */
};

/* Replaces *out. A field is malformed where its line has no number, an unexpected unit,
 * a number out of range, a twin, an end without newline, or, for a physical field, more
 * than MemTotal; *parse_error then tells the first such line. Lines that fit no row are
 * kept in others[]. 0, or -EBADMSG where there is no MemTotal above 0: that is not a
 * meminfo. */
int meminfo_parse(struct scan text, struct meminfo *out, struct parse_error *parse_error);

#endif
