/* SPDX-License-Identifier: MIT */
/* The files of a sample are read one after the other while the machine runs: how far
 * apart are they? The answer is published as the metric and the decision `tear`. */
#ifndef MEMINFO_EXPLAIN_COLLECT_SKEW_H
#define MEMINFO_EXPLAIN_COLLECT_SKEW_H

#include "meminfo_explain/parse/zoneinfo.h"

/* meminfo is read between two zoneinfos. The skew bounds the error of their sum, in
 * bytes: the change of all free pages (buddy and per-CPU lists) between the two, plus
 * half the change of the per-CPU lists alone, of which the explanation takes the mean. It
 * has the state of the two zoneinfos where one of them is not known. */
struct reading skew_of(const struct zoneinfo *before, const struct zoneinfo *after);

#endif
