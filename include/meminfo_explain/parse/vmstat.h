/* SPDX-License-Identifier: MIT */
/* /proc/vmstat: `key 123`, one line each. */
#ifndef MEMINFO_EXPLAIN_PARSE_VMSTAT_H
#define MEMINFO_EXPLAIN_PARSE_VMSTAT_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

enum vmstat_field {
#define STAT(member, key, unit, ...) VMSTAT_FIELD_##member,
#include "meminfo_explain/tables/vmstat.def"
  VMSTAT_FIELD_COUNT
};

struct vmstat {
  union {
    struct {
#define STAT(member, key, unit, ...) struct reading member;
#include "meminfo_explain/tables/vmstat.def"
    };
    struct reading fields[VMSTAT_FIELD_COUNT];
  };
};

/* Replaces *out. A counter that wrapped below zero is malformed. 0, or -EBADMSG where no
 * line has the form `key number`. */
int vmstat_parse(struct scan text, uint64_t page_size, struct vmstat *out,
                 struct parse_error *parse_error);

/* Looks for lines that every kernel has with those that the text has, of which *out was
 * parsed. 0; or -EBADMSG where some are missing: then fields that were absent are
 * malformed. Before 5.8 nothing shows that a file was cut off between
 * unevictable_pgs_stranded and its end. */
int vmstat_check_whole(struct scan text, struct vmstat *out,
                       struct parse_error *parse_error);

#endif
