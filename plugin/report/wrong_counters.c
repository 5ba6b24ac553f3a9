/* SPDX-License-Identifier: MIT */
#include "wrong_counters.h"
#include "rule_numbers.h"

#include <stdio.h>
#include <string.h>

enum whole { UNCERTAIN, CERTAIN, PAGE_CACHE };
enum { DOUBTED_MAX = 3 };

struct row {
  enum identity identity;
  const char *part, *whole;
  enum whole kind;
  struct operand doubted[DOUBTED_MAX + 1];
  const char *consequence;
};

#define FIELD(member)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct sample, meminfo.member), .sign = 1                         \
  }
#define DECIDED(name)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct decided, name), .sign = 1, .decided = true                 \
  }
#define UNWRAP(...) __VA_ARGS__

static const struct row rows[] = {
#define WRONG(identity, part, whole, kind, doubted, consequence)                         \
  {IDENTITY_##identity, part, whole, kind, {UNWRAP doubted}, consequence},
#include "meminfo_explain/tables/wrong_counters.def"
};
#define ROWS (sizeof(rows) / sizeof(*rows))

bool has_wrong_counter(enum identity identity)
{
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].identity == identity)
      return true;
  return false;
}

static bool contains(const struct term_row *term, struct operand operand)
{
  for (size_t i = 0; i < OPERANDS_MAX && term->operands[i].sign != 0; i++)
    if (term->operands[i].offset == operand.offset &&
        term->operands[i].decided == operand.decided)
      return true;
  return false;
}

static void doubt(struct context *c, struct operand operand, struct meminfo *meminfo)
{
  for (size_t i = 0; i < TERM_COUNT; i++)
    c->doubted[i] |= contains(&term_rows[i], operand);
  if (operand.decided)
    c->doubted_decisions[operand.offset / sizeof(struct decision)] = true;
  else
    *(struct reading *)((char *)meminfo + operand.offset -
                        offsetof(struct sample, meminfo)) =
        reading_missing(READING_MALFORMED);
}

void doubt_counters(struct context *c, struct meminfo *meminfo)
{
  *meminfo = c->sample->meminfo;
  c->meminfo = meminfo;
  for (size_t i = 0; i < ROWS && is_known(c->total); i++)
    for (size_t n = 0; rows[i].doubted[n].sign != 0; n++)
      if (is_known(imbalance(c, rows[i].identity, 1)))
        doubt(c, rows[i].doubted[n], meminfo);
}

/* The LRU lists, which are other counters, have no more pages than the page cache and
 * anonymous memory: so the page cache is not larger than it says. */
static bool lru_confirms(const struct context *c)
{
  const struct identity_result *lru = &c->explanation->identities[IDENTITY_lru_cache];
  return lru->judged && (lru->holds || lru->residual.value < 0);
}

/* The sum of the operands with that sign, of those that are known. */
static double sum_of(const struct context *c, enum identity identity, int sign)
{
  double sum = 0;
  for (size_t i = 0; i < OPERANDS_MAX; i++) {
    const struct operand *operand = &identity_rows[identity].operands[i];
    if (operand->sign == 0)
      break;
    const char *base = operand->decided ? (const char *)&c->explanation->decided
                                        : (const char *)c->sample;
    const struct reading *reading = (const struct reading *)(base + operand->offset);
    if (operand->sign == sign && is_known(*reading))
      sum += (double)reading->value;
  }
  return sum;
}

static bool say_wrong(const struct context *c, const struct row *row, unsigned more,
                      struct sentence *out)
{
  double whole = sum_of(c, row->identity, 1), part = sum_of(c, row->identity, -1);
  bool sure = row->kind == CERTAIN || (row->kind == PAGE_CACHE && lru_confirms(c));
  struct formatted others = {""};
  if (more > 0)
    snprintf(others.text, sizeof(others.text), "; %u other counter%s wrong too", more,
             more > 1 ? "s are" : " is");
  return say(out, part - whole, "%s (%s) exceeds %s (%s), so %s wrong%s%s%s.", row->part,
             format_bytes(part).text, row->whole, format_bytes(whole).text,
             sure ? "it is" : "one of the two is", *row->consequence ? ": " : "",
             row->consequence, others.text);
}

bool rule_wrong_counter(const struct context *c, struct sentence *out)
{
  const struct row *worst = NULL;
  int64_t worst_residual = 0;
  unsigned count = 0;
  for (size_t i = 0; i < ROWS && is_known(c->total); i++) {
    struct amount residual = imbalance(c, rows[i].identity, 1);
    if (!is_known(residual))
      continue;
    count++;
    if (residual.value < worst_residual) {
      worst_residual = residual.value;
      worst = &rows[i];
    }
  }
  return worst != NULL && say_wrong(c, worst, count - 1, out);
}
