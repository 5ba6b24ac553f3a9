/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/skew.h"

struct reading skew_of(const struct zoneinfo *before, const struct zoneinfo *after)
{
  enum reading_state state =
      reading_state_join(reading_state_join(before->free.state, before->pcp.state),
                         reading_state_join(after->free.state, after->pcp.state));
  if (state != READING_KNOWN)
    return reading_missing(state);
  struct reading skew = reading_known(abs_diff(before->free.value + before->pcp.value,
                                               after->free.value + after->pcp.value));
  reading_add(&skew, abs_diff(before->pcp.value, after->pcp.value) / 2);
  return skew;
}
