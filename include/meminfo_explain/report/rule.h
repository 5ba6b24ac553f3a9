/* SPDX-License-Identifier: MIT */
/* The rules of rules.def by number, and the sentence that a rule makes. */
#ifndef MEMINFO_EXPLAIN_REPORT_RULE_H
#define MEMINFO_EXPLAIN_REPORT_RULE_H

enum rule {
#define RULE(name, ...)                         RULE_##name,
#define ABOVE(name, percent, number, text, ...) RULE_##name,
#include "meminfo_explain/tables/rules.def"
  RULE_COUNT
};

struct sentence {
  enum rule rule;
  double weight;    /* bytes of memory it is about; all of MemTotal where it is about the
                       trust in the other numbers; never below 0 */
  unsigned choice;  /* which of the commands of its row; the first unless the rule
                       chooses another */
  const char *next; /* the command to run next on the machine that it is about, or "" */
  char text[600];   /* one sentence, with its full stop */
};

enum { RULE_NEXT_MAX = 3 };

struct rule_row {
  const char *name;
  const char *next[RULE_NEXT_MAX]; /* as in rules.def; NULL after the last */
};
extern const struct rule_row rule_rows[RULE_COUNT];

#endif
