/* SPDX-License-Identifier: MIT */
/* MemTotal less the terms of each accounting, and who has the rest. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_BLACK_HOLE_H
#define MEMINFO_EXPLAIN_EXPLAIN_BLACK_HOLE_H

#include "meminfo_explain/explain/explain.h"

/* Sets out->black_hole but for the floor. Takes the decisions, the refusal, the terms and
 * the identities from *out. */
void explain_black_hole(const struct sample *sample, struct explanation *out);

#endif
