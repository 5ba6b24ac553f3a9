/* SPDX-License-Identifier: MIT */
/* Hidden consumers of which more than one number has to be weighed: whose pages they
 * are, and in which place (consumers.def). Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DECIDE_CONSUMERS_H
#define MEMINFO_EXPLAIN_EXPLAIN_DECIDE_CONSUMERS_H

#include "meminfo_explain/explain/decide.h"

void decide_consumers(const struct sample *sample, struct decided *out);

#endif
