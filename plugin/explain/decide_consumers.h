/* SPDX-License-Identifier: MIT */
/* The hidden consumers whose size or place (consumers.def) follows from more than one
 * number. Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DECIDE_CONSUMERS_H
#define MEMINFO_EXPLAIN_EXPLAIN_DECIDE_CONSUMERS_H

#include "meminfo_explain/explain/decision.h"

/* Sets the decisions of decisions.def that are marked as hidden consumers. */
void decide_consumers(const struct sample *sample, struct decided *out);

#endif
