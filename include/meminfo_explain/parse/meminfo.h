/* SPDX-License-Identifier: MIT */
/* /proc/meminfo: `Key:  123 kB`, one line each. */
#ifndef MEMINFO_EXPLAIN_PARSE_MEMINFO_H
#define MEMINFO_EXPLAIN_PARSE_MEMINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/parse/meminfo_gaps.h"
#include "meminfo_explain/parse/meminfo_row.h"

#include <stdbool.h>

/* A line without a row: of a newer kernel or a vendor's. */
struct meminfo_other {
  char key[48];
  struct reading value; /* bytes, or the bare number */
  bool is_count;        /* the line has no unit */
};
#define MEMINFO_OTHERS_MAX 64

struct meminfo {
  union {
    struct {
#define FIELD(member, key, unit, inside, ...) struct reading member;
#include "meminfo_explain/tables/meminfo.def"
    };
    struct reading fields[MEMINFO_FIELD_COUNT]; /* the same, by enum meminfo_field */
  };
  uint64_t above_total[MEMINFO_FIELD_COUNT]; /* a field malformed for that; else 0 */
  struct meminfo_other others[MEMINFO_OTHERS_MAX]; /* the first ones */
  unsigned others_count;                           /* of all, may be more */
  struct meminfo_gaps gaps; /* of a captured file; none in the kernel's own */
};

/* Replaces *out. A field is malformed where its line has no number, an unexpected unit or
 * a number out of range, occurs twice or is cut off, and where a physical field is above
 * MemTotal; *parse_error has the first of them. Lines without a row are in others[]. 0,
 * or -EBADMSG where there is no MemTotal above 0: then it is not a meminfo. */
int meminfo_parse(struct scan text, struct meminfo *out, struct parse_error *parse_error);

/* The same for a file of a captured tree, as people paste it: a prompt, a command or the
 * file's name around it, grep's prefix, line numbers, KB or KiB for kB, "..." for lines
 * that were left out (plugin/parse/meminfo_line.h). What is ambiguous is malformed.
 *
 * A file of the kernel's is whole: a line that it lacks is one that this kernel or its
 * configuration does not have, and its field is absent. A captured file may be cut or
 * filtered. A field whose line is missing although other lines prove that the kernel
 * prints it is malformed, unless it is a sum of two others or a part of one (Active,
 * Slab); out->gaps has it, and one error is noted for all of them. */
int meminfo_parse_captured(struct scan text, struct meminfo *out,
                           struct parse_error *parse_error);

#endif
