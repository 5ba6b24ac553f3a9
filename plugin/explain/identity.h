/* SPDX-License-Identifier: MIT */
/* Judges the rows of identities.def. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_IDENTITY_H
#define MEMINFO_EXPLAIN_EXPLAIN_IDENTITY_H

#include "meminfo_explain/explain/explain.h"

/* Replaces *out. */
void explain_identity(const struct sample *sample, const struct decided *decided,
                      const struct identity_row *row, struct identity_result *out);

#endif
