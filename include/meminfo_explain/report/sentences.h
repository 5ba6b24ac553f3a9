/* SPDX-License-Identifier: MIT */
/* What a number means, in sentences: the most important first. Each comes from a rule in
 * rules.def; a rule looks at one observation, and at the first one where growth is what
 * it tells. Pure. */
#ifndef MEMINFO_EXPLAIN_REPORT_SENTENCES_H
#define MEMINFO_EXPLAIN_REPORT_SENTENCES_H

#include "meminfo_explain/explain/explain.h"

enum rule {
#define RULE(name, next) RULE_##name,
#include "meminfo_explain/tables/rules.def"
  RULE_COUNT
};

struct sentence {
  enum rule rule;
  /* What it is worth being said for, in bytes of memory that it is about; a rule about
   * the trust in all other numbers weighs as much as all memory. */
  double weight;
  char text[400]; /* one sentence, with its full stop */
};

struct rule_row {
  const char *name;
  const char *next; /* a command to run, or "" */
};
extern const struct rule_row rule_rows[RULE_COUNT];

/* `before` is the meminfo of an earlier sample of the same machine, or NULL. Fills in
 * out[], heaviest first, and returns how many there are.
 *
 * No number that is not known is printed or has a say in what is. Where the explanation
 * is refused, MemTotal may be a container's and the rest the host's: nothing is said then
 * that compares the two. Names of modules, functions and lines are printed as the sample
 * has them, which is in printable ASCII. */
unsigned sentences_make(const struct sample *sample,
                        const struct explanation *explanation,
                        const struct meminfo *before, struct sentence out[RULE_COUNT]);

#endif
