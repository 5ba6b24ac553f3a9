/* SPDX-License-Identifier: MIT */
/* What the kernel means by a line differs between kernels. Each such question is decided
 * here from the values in the sample, never from a version number. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DECIDE_H
#define MEMINFO_EXPLAIN_EXPLAIN_DECIDE_H

#include "meminfo_explain/collect/sample.h"

#include <stdbool.h>

struct decision {
  struct reading reading;
  uint64_t error;  /* bytes the reading, or its absence, may be wrong by */
  bool unbounded;  /* no such bound is known */
  bool transient;  /* it is missing for now, and will be known again by itself */
  bool withholds;  /* without this number there is no accounting worth showing */
  const char *why; /* one sentence; NULL where there was nothing to decide */
};

struct decided {
#define DECISION(name) struct decision name;
#include "meminfo_explain/tables/decisions.def"
};

struct decision_row {
  const char *name;
  size_t offset;
};
enum {
#define DECISION(name) DECISION_##name,
#include "meminfo_explain/tables/decisions.def"
  DECISION_COUNT
};
extern const struct decision_row decision_rows[DECISION_COUNT];

const struct decision *decision_at(const struct decided *decided, unsigned row);

/* A decision without doubt. */
struct decision decision_take(struct reading reading, const char *why);

/* Not applicable, and no word about it. */
struct decision decision_absent(void);

/* The reading, or malformed where it is above MemTotal. */
struct reading decision_bounded(const struct sample *sample, struct reading reading);

/* count * unit, bounded likewise. */
struct reading decision_product(const struct sample *sample, struct reading count,
                                struct reading unit);

void decide(const struct sample *sample, struct decided *out);

#endif
