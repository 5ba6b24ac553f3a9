/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/sentences.h"
#include "rules.h"

const struct rule_row rule_rows[RULE_COUNT] = {
#define RULE(name, next)                         {#name, next},
#define ABOVE(name, percent, number, text, next) {#name, next},
#include "meminfo_explain/tables/rules.def"
};

/* Keeps out[] sorted: heaviest first, equals in the order of the rules. */
static void insert(struct sentence out[], unsigned count, const struct sentence *sentence)
{
  for (; count > 0 && out[count - 1].weight < sentence->weight; count--)
    out[count] = out[count - 1];
  out[count] = *sentence;
}

unsigned sentences_make(const struct sample *sample,
                        const struct explanation *explanation,
                        const struct meminfo *before, struct sentence out[RULE_COUNT])
{
  struct context context = {sample, explanation, before, {.state = READING_ABSENT}};
  if (explanation->refused == NULL)
    context.total = rules_mem_total(sample);
  unsigned count = 0;
  for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
    struct sentence sentence = {.rule = rule};
    if (rules[rule](&context, &sentence))
      insert(out, count++, &sentence);
  }
  return count;
}
