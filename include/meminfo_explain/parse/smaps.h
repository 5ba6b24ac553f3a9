/* SPDX-License-Identifier: MIT */
/* /proc/PID/smaps and /proc/PID/smaps_rollup share one grammar: a header line per
 * mapping, then `Key:  123 kB` lines. The rollup (4.14) has one header. */
#ifndef MEMINFO_EXPLAIN_PARSE_SMAPS_H
#define MEMINFO_EXPLAIN_PARSE_SMAPS_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

enum smaps_field {
#define SMAP(member, key, ...) SMAPS_FIELD_##member,
#include "meminfo_explain/tables/smaps.def"
  SMAPS_FIELD_COUNT
};

struct smaps {
  union {
    struct {
#define SMAP(member, key, ...) struct reading member;
#include "meminfo_explain/tables/smaps.def"
    };
    struct reading fields[SMAPS_FIELD_COUNT];
  };
  /* Headers. Each Pss line is rounded down to whole kB, so a sum may be too low by up to
   * 1 kB per mapping. The rollup is rounded only once. */
  uint64_t mappings_count;
};

/* Replaces *out; fields are sums over the mappings. An empty text (of a kernel thread or
 * a zombie) is not an error and leaves everything absent. 0, or -EBADMSG where a line of
 * smaps.def is malformed, a sum is out of range, or mappings differ in which lines they
 * have, and a smaps_rollup has no Locked, its last line. A smaps that was cut off between
 * two mappings looks like a shorter one. */
int smaps_parse(struct scan text, struct smaps *out, struct parse_error *parse_error);

#endif
