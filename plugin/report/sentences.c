/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/sentences.h"
#include "rules.h"
#include "wrong_counters.h"

#include <string.h>

const struct rule_row rule_rows[RULE_COUNT] = {
#define RULE(name, ...)                         {#name, {__VA_ARGS__}},
#define ABOVE(name, percent, number, text, ...) {#name, {__VA_ARGS__}},
#include "meminfo_explain/tables/rules.def"
};

/* The command as this machine's reader runs it: sudo is for a user who is not root. */
static const char *next_of(const struct credentials *who, const struct sentence *sentence)
{
  static const char sudo[] = "sudo ";
  const char *command = rule_rows[sentence->rule].next[sentence->choice];
  bool user = who->live && !who->root;
  bool skipped = !user && strncmp(command, sudo, strlen(sudo)) == 0;
  return skipped ? command + strlen(sudo) : command;
}

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
  struct context context = {
      .sample = sample, .explanation = explanation, .before = before};
  struct meminfo meminfo;
  if (explanation->refused == NULL)
    context.total = rules_mem_total(sample);
  doubt_counters(&context, &meminfo);
  unsigned count = 0;
  for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
    struct sentence sentence = {.rule = rule};
    if (!rules[rule](&context, &sentence))
      continue;
    sentence.next = next_of(&sample->credentials, &sentence);
    insert(out, count++, &sentence);
  }
  return count;
}
