/* SPDX-License-Identifier: MIT */
/* A number that is more than one line of a file, with the reason for its value and how
 * far off it may be. decisions.def lists them all. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DECISION_H
#define MEMINFO_EXPLAIN_EXPLAIN_DECISION_H

#include "meminfo_explain/collect/sample.h"

#include <stdbool.h>

struct decision {
  struct reading reading;
  uint64_t error;  /* bytes by which the reading, or counting it as 0, may be wrong */
  uint64_t excess; /* bytes by which a known reading may be too large, in addition */
  uint64_t lack;   /* the same, too small; of hidden consumers only */
  bool unbounded;  /* the error has no known bound */
  bool transient;  /* the reading is missing for now and returns by itself */
  bool withholds;  /* without this number no accounting is possible */
  const char *why; /* WHY(id); NULL where there was nothing to decide */
};

enum reason {
#define REASON(decision, id, ...) REASON_##id,
#include "meminfo_explain/tables/reasons.def"
  REASON_COUNT
};

/* The sentence of a row of reasons.def, by its id. */
#define WHY(id) decision_reason(REASON_##id)
const char *decision_reason(enum reason reason);

enum {
#define DECISION(name, ...) DECISION_##name,
#include "meminfo_explain/tables/decisions.def"
  DECISION_COUNT
};

struct decided {
  union {
    struct {
#define DECISION(name, ...) struct decision name;
#include "meminfo_explain/tables/decisions.def"
    };
    struct decision all[DECISION_COUNT]; /* the same, by DECISION_name */
  };
};

const char *decision_name(unsigned row);

/* Makes a decision with error 0. */
struct decision decision_certain(struct reading reading, const char *why);

/* Makes a decision that the number does not apply, without a reason. */
struct decision decision_absent(void);

/* Makes a decision that the number is not known, and may be anything. */
struct decision decision_unbounded(const char *why);

/* Returns the reading, or malformed where it is above MemTotal. */
struct reading decision_bounded(const struct sample *sample, struct reading reading);

/* Returns count * unit; malformed where that overflows or is above MemTotal. */
struct reading decision_product(const struct sample *sample, struct reading count,
                                struct reading unit);

#endif
