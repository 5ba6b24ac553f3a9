/* SPDX-License-Identifier: MIT */
/* The report: what the numbers mean, in sentences, the most important first. Each comes
 * from a rule of rules.def, which looks at one observation, or compares it with the first
 * one where it is about growth. Pure. */
#ifndef MEMINFO_EXPLAIN_REPORT_SENTENCES_H
#define MEMINFO_EXPLAIN_REPORT_SENTENCES_H

#include "meminfo_explain/explain/explain.h"

enum rule {
#define RULE(name, next)                         RULE_##name,
#define ABOVE(name, percent, number, text, next) RULE_##name,
#include "meminfo_explain/tables/rules.def"
  RULE_COUNT
};

struct sentence {
  enum rule rule;
  double weight;  /* bytes of memory it is about; all of MemTotal where it is about the
                     trust in the other numbers; never below 0 */
  char text[400]; /* one sentence, with its full stop */
};

struct rule_row {
  const char *name;
  const char *next; /* a command to run, or "" */
};
extern const struct rule_row rule_rows[RULE_COUNT];

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
