/* SPDX-License-Identifier: MIT */
/* Jumps to a level that stays (steps), the teeth of a saw, and levels that were left:
 * what they change in the history of a trend. */
#ifndef MEMINFO_EXPLAIN_TREND_STEP_H
#define MEMINFO_EXPLAIN_TREND_STEP_H

#include "meminfo_explain/trend/trend_data.h"

#include <stdbool.h>

/* Looks for the end of a saw's tooth and for a step in level 0, and moves history by a
 * step: upwards twice a day at most, downwards where it takes such a step back. True
 * where it moved upwards: trend->since, start and peak are those of the step. */
bool step_look_for_jump(struct trend *trend, const struct trend_settings *settings);

/* Forgets how high the series was at a level that it has left for good. */
void step_look_for_lower_level(struct trend *trend,
                               const struct trend_settings *settings);

#endif
