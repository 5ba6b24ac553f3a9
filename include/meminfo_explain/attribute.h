/* SPDX-License-Identifier: MIT */
/* Hidden consumers of which more than one number has to be weighed: whose pages they
 * are, and in which place (consumers.def). Pure. */
#ifndef MEMINFO_EXPLAIN_ATTRIBUTE_H
#define MEMINFO_EXPLAIN_ATTRIBUTE_H

#include "meminfo_explain/decide.h"

void attribute(const struct sample *sample, struct decided *out);

#endif
