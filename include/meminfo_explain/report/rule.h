/* SPDX-License-Identifier: MIT */
/* The rules of rules.def by number, and the sentence that a rule makes. */
#ifndef MEMINFO_EXPLAIN_REPORT_RULE_H
#define MEMINFO_EXPLAIN_REPORT_RULE_H

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

#endif
