/* SPDX-License-Identifier: MIT */
/* The learned floor of the black hole. Part of it is a constant of the boot (hash tables,
 * the huge zero page, drivers' rings); what matters is what comes on top. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_FLOOR_H
#define MEMINFO_EXPLAIN_EXPLAIN_FLOOR_H

#include "meminfo_explain/explain/explain.h"

/* The floor is the least median of so many consecutive estimates: two outliers among
 * them cannot lower it. */
#define FLOOR_WINDOW 5

/* {0} has learned nothing yet. */
struct floor {
  int64_t recent[FLOOR_WINDOW]; /* a ring */
  uint64_t seen_count;          /* of all estimates */
  struct amount value;          /* absent until the first window is full */
};

/* Learns from hole->estimate, if it is known, and fills in hole->floor and
 * hole->above_floor. */
void floor_learn(struct floor *floor, struct black_hole *hole);

#endif
