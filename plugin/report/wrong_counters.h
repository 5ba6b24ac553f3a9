/* SPDX-License-Identifier: MIT */
/* Counters that exceed what they are a part of (wrong_counters.def). */
#ifndef MEMINFO_EXPLAIN_REPORT_WRONG_COUNTERS_H
#define MEMINFO_EXPLAIN_REPORT_WRONG_COUNTERS_H

#include "rules.h"

/* Sets context->meminfo to *meminfo, a copy of the sample's in which the doubted counters
 * are malformed, and marks the terms that contain one in context->doubted. Nothing is
 * doubted where the explanation is refused. */
void doubt_counters(struct context *context, struct meminfo *meminfo);

/* Whether rule_wrong_counter is about the identity, which is broken. */
bool has_wrong_counter(const struct context *context, enum identity identity);

#endif
