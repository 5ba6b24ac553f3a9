/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/tear.h"

static uint64_t distance(uint64_t a, uint64_t b)
{
  return a > b ? a - b : b - a;
}

/* MemTotal that no zone manages, less MemFree that no zone lists: none, but for what is
 * on its way from one to the other. Boot leaves a little of it, far below a section. */
static uint64_t in_transit(const struct zoneinfo *zones, const struct meminfo *meminfo)
{
  static const uint64_t left_by_boot = (uint64_t)8 << 20;
  if (zones->managed.state != READING_KNOWN ||
      meminfo->mem_total.state != READING_KNOWN ||
      meminfo->mem_free.state != READING_KNOWN ||
      meminfo->mem_total.value <= zones->managed.value ||
      meminfo->mem_free.value <= zones->free.value)
    return 0;
  uint64_t total = meminfo->mem_total.value - zones->managed.value;
  uint64_t free = meminfo->mem_free.value - zones->free.value;
  return total > free + left_by_boot ? total - free : 0;
}

struct reading tear_of(const struct zoneinfo *before, const struct meminfo *meminfo,
                       const struct zoneinfo *after)
{
  enum reading_state state =
      reading_state_join(reading_state_join(before->free.state, before->pcp.state),
                         reading_state_join(after->free.state, after->pcp.state));
  if (state != READING_KNOWN)
    return reading_missing(state);
  struct reading tear = reading_known(distance(before->free.value + before->pcp.value,
                                               after->free.value + after->pcp.value));
  reading_add(&tear, distance(before->pcp.value, after->pcp.value) / 2);
  reading_add(&tear, in_transit(after, meminfo));
  return tear;
}
