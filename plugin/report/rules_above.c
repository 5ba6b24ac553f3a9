/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"

/* The ABOVE and IN_USE rows. */
#define LINE(member)  amount_of(c->meminfo->member)
#define TERM(name)    term(c, TERM_##name)
#define HOLE(member)  c->explanation->black_hole.member
#define DECIDED(name) decided(c, DECISION_##name)
#define RULE(name, ...)
#define ABOVE(name, percent, number, text, ...)                                          \
  bool rule_##name(const struct context *c, struct sentence *out)                        \
  {                                                                                      \
    return say_above(c, percent, number, text, out);                                     \
  }
#define IN_USE(name, percent, number, text, ...)                                         \
  bool rule_##name(const struct context *c, struct sentence *out)                        \
  {                                                                                      \
    return say_in_use(c, percent, number, text, out);                                    \
  }
#include "meminfo_explain/tables/rules.def"
