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
  /* Mappings seen. Each printed Pss line is cut to whole kB, so a sum may be short by
   * up to 1 kB per mapping: the rollup is cut once. */
  uint64_t mappings_count;
};

/* Replaces *out; fields are sums over the mappings. An empty text (a kernel thread, a
 * zombie) leaves everything absent and is no error.
 * 0, or -EBADMSG where a line we need is not of the grammar, or a sum out of range. */
int smaps_parse(struct scan text, struct smaps *out, struct parse_error *parse_error);

#endif
