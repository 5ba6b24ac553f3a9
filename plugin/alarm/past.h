/* SPDX-License-Identifier: MIT */
/* Explanations of the last day, for evidence: what the machine looked like before a rise.
 */
#ifndef MEMINFO_EXPLAIN_ALARM_PAST_H
#define MEMINFO_EXPLAIN_ALARM_PAST_H

#include "meminfo_explain/explain/explain.h"

struct past; /* opaque */

/* NULL where there is no memory. */
struct past *past_open(void);
void past_close(struct past *past);

/* Keeps the explanation, made at `time`, if the last one kept is older by `window`
 * seconds, or is from a time after it: the clock went back. */
void past_add(struct past *past, double window, double time,
              const struct explanation *explanation);

/* The last one kept before `since`, or else the first of all; NULL where there is none.
 * Valid until the next past_add. */
const struct explanation *past_before(const struct past *past, double since);

#endif
