/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/workers/schedule.h"

bool schedule_is_due(const struct schedule *schedule, double now, bool changed)
{
  double age = now - schedule->read_at;
  if (!schedule->read || age < 0)
    return true;
  double pause = schedule->cost / SCHEDULE_SHARE;
  if (!changed && pause < SCHEDULE_REST)
    pause = SCHEDULE_REST;
  return age >= pause;
}

void schedule_note(struct schedule *schedule, double begin, double end)
{
  *schedule = (struct schedule){
      .read = true, .read_at = end, .cost = end > begin ? end - begin : 0};
}
