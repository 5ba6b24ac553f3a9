/* SPDX-License-Identifier: MIT */
/* How a sentence states a number of the black hole that may be off, and whose it may be.
 */
#ifndef MEMINFO_EXPLAIN_REPORT_RULE_BOUNDS_H
#define MEMINFO_EXPLAIN_REPORT_RULE_BOUNDS_H

#include "rule_numbers.h"

/* Of MemTotal: below it, a number is stated with its share of the memory in use. */
#define HOLE_PERCENT 1

enum certainty {
  CERTAIN, /* off by a tenth at most */
  LEAST,   /* what the number is at least */
  MOST,    /* what it is at most */
  GUESS    /* it has no bound */
};

struct stated {
  enum certainty certainty;
  double bytes;          /* the number, or the bound */
  struct formatted text; /* "1.2 GiB (7.7 % of MemTotal)", "at least 1.0 GiB (...)" */
};

/* States a known number. */
struct stated state_number(const struct context *c, struct amount number,
                           const struct range *range);

/* States the estimate, which is known. What is not known makes it smaller; together with
 * that it has a lower bound. Then sets *name to name both, else to that of the estimate.
 */
struct stated state_black_hole(const struct context *c, const char **name);

/* Parts of a sentence, each begun by "; ". */
struct clauses {
  char text[360];
  unsigned count; /* of the owners that are named */
};

/* What has an upper bound of a tenth of `bytes` or more, and may be part of them or not:
 * "; up to 1.2 GiB of it may be socket buffers". With `unknown`, also the terms that are
 * not known. */
struct clauses possible_owners(const struct context *c, double bytes, bool unknown);

#endif
