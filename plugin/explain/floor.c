/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/explain/floor.h"

static int64_t median(const int64_t values[FLOOR_WINDOW])
{
  for (unsigned i = 0; i < FLOOR_WINDOW; i++) {
    unsigned below = 0, equal = 0;
    for (unsigned j = 0; j < FLOOR_WINDOW; j++) {
      below += values[j] < values[i];
      equal += values[j] == values[i];
    }
    if (below <= FLOOR_WINDOW / 2 && below + equal > FLOOR_WINDOW / 2)
      return values[i];
  }
  return values[0]; /* one of them is the median */
}

static void learn(struct floor *floor, int64_t estimate)
{
  floor->recent[floor->seen_count++ % FLOOR_WINDOW] = estimate;
  if (floor->seen_count < FLOOR_WINDOW)
    return;
  int64_t middle = median(floor->recent);
  if (!is_known(floor->value) || middle < floor->value.value)
    floor->value = (struct amount){.value = middle, .state = READING_KNOWN};
}

void floor_learn(struct floor *floor, struct black_hole *hole)
{
  if (is_known(hole->estimate))
    learn(floor, hole->estimate.value);
  hole->floor = floor->value;
  hole->above_floor = amount_difference(hole->estimate, floor->value);
}
