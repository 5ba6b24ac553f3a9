/* SPDX-License-Identifier: MIT */
/* The floor of the black hole. Part of the black hole is constant from boot on (hash
 * tables, the huge zero page, drivers' rings); what matters is what is above that. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_FLOOR_H
#define MEMINFO_EXPLAIN_EXPLAIN_FLOOR_H

#include "meminfo_explain/explain/explain.h"

/* The floor is the lowest median of this many consecutive estimates, so that two outliers
 * among them cannot lower it. */
#define FLOOR_WINDOW 5

/* {0} at the start. */
struct floor {
  int64_t recent[FLOOR_WINDOW]; /* ring buffer */
  uint64_t seen_count;          /* estimates so far */
  struct amount value;          /* absent until the first window is full */
};

/* Takes hole->estimate, if it is known, and sets hole->floor and hole->above_floor. */
void floor_learn(struct floor *floor, struct black_hole *hole);

#endif
