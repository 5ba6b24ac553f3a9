/* SPDX-License-Identifier: MIT */
/* The rules of rules.def as functions. */
#ifndef MEMINFO_EXPLAIN_REPORT_RULES_H
#define MEMINFO_EXPLAIN_REPORT_RULES_H

#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/rule.h"

struct context {
  const struct sample *sample;
  const struct explanation *explanation;
  /* meminfo of the sample. A counter that cannot be right is malformed in it, and the
   * terms that contain one are doubted (wrong_counters.def): no rule states them. */
  const struct meminfo *meminfo;
  bool doubted[TERM_COUNT], doubted_decisions[DECISION_COUNT];
  const struct meminfo *before; /* of an earlier sample, or NULL */
  /* MemTotal where it is this machine's. Absent where the explanation is refused: then
   * some lines are a container's and others the host's, and no rule may compare them. */
  struct amount total;
};

/* MemTotal whoever provides it; absent where it is 0. */
struct amount rules_mem_total(const struct sample *sample);

/* Returns whether the rule applies; if so, sets the text and the weight of *out. */
typedef bool rule_function(const struct context *context, struct sentence *out);
#define RULE(name, ...)                         rule_function rule_##name;
#define ABOVE(name, percent, number, text, ...) rule_function rule_##name;
#include "meminfo_explain/tables/rules.def"

extern rule_function *const rules[RULE_COUNT];

#endif
