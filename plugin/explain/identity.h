/* SPDX-License-Identifier: MIT */
/* Judges the rows of identities.def. */
#ifndef MEMINFO_EXPLAIN_EXPLAIN_IDENTITY_H
#define MEMINFO_EXPLAIN_EXPLAIN_IDENTITY_H

#include "meminfo_explain/explain/explain.h"

static inline bool is_broken(const struct identity_result *result)
{
  return result->judged && !result->holds;
}

/* Replaces *out. */
void explain_identity(const struct sample *sample, const struct decided *decided,
                      const struct identity_row *row, struct identity_result *out);

#endif
