/* SPDX-License-Identifier: MIT */
/* The report: what the numbers mean, in sentences, the most important first. Each comes
 * from a rule of rules.def, which looks at one observation, or compares it with the first
 * one where it is about growth. Pure. */
#ifndef MEMINFO_EXPLAIN_REPORT_SENTENCES_H
#define MEMINFO_EXPLAIN_REPORT_SENTENCES_H

#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/rule.h"

/* Fills in out[], heaviest first, and returns the number of sentences. `before` is the
 * meminfo of an earlier sample of the same machine, or NULL.
 *
 * A number that is not known is never printed and never makes a rule apply. Where the
 * explanation is refused, MemTotal may be a container's while other lines are the host's:
 * no sentence compares the two. Names of modules, functions and lines are printed as they
 * are in the sample, that is in printable ASCII. */
unsigned sentences_make(const struct sample *sample,
                        const struct explanation *explanation,
                        const struct meminfo *before, struct sentence out[RULE_COUNT]);

#endif
