/* SPDX-License-Identifier: MIT */
/* What the kernel means by a line differs between kernels. decide() answers each such
 * question from the values in the sample, never from a version number. Pure. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_DECIDE_H
#define MEMINFO_EXPLAIN_EXPLAIN_DECIDE_H

#include "meminfo_explain/explain/decision.h"

/* Replaces *out. */
void decide(const struct sample *sample, struct decided *out);

#endif
