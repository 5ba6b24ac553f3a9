/* SPDX-License-Identifier: MIT */
#include "wrong_counters.h"
#include "rule_numbers.h"

#include <stdio.h>
#include <string.h>

enum whole { UNCERTAIN, CERTAIN, PAGE_CACHE };
enum when { ALWAYS, LRU_LONG, LRU_FITS, LRU_SHORT };
enum { DOUBTED_MAX = 5 };

struct row {
  enum identity identity;
  enum when when;
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
#define ABOVE_TOTAL(member, consequence)
#define WRONG(identity, when, part, whole, kind, doubted, consequence)                   \
  {IDENTITY_##identity, when, part, whole, kind, {UNWRAP doubted}, consequence},
#include "meminfo_explain/tables/wrong_counters.def"
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static const char *const above_total[MEMINFO_FIELD_COUNT] = {
#define ABOVE_TOTAL(member, consequence) [MEMINFO_FIELD_##member] = consequence,
#define WRONG(identity, when, part, whole, kind, doubted, consequence)
#include "meminfo_explain/tables/wrong_counters.def"
};

static bool applies(const struct context *c, const struct row *row)
{
  const struct amount residual = imbalance(c, row->identity, 1);
  const int64_t lru = imbalance(c, IDENTITY_lru_cache, 1).value; /* 0 if it holds */
  if (!is_known(c->total) || !is_known(residual) || residual.value >= 0)
    return false;
  switch (row->when) {
  case LRU_LONG:
    return lru > 0;
  case LRU_FITS:
    return lru <= 0;
  case LRU_SHORT:
    return lru < 0 && !is_known(imbalance(c, IDENTITY_shmem_cached, 1));
  default:
    return true;
  }
}

bool has_wrong_counter(const struct context *c, enum identity identity)
{
  for (size_t i = 0; i < ROWS; i++)
    if (rows[i].identity == identity && applies(c, &rows[i]))
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
  for (size_t i = 0; i < ROWS; i++)
    for (size_t n = 0; applies(c, &rows[i]) && rows[i].doubted[n].sign != 0; n++)
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

/* What exceeds its whole by most. */
struct worst {
  const char *part, *whole, *consequence;
  double part_bytes, whole_bytes;
  bool sure;
  unsigned count; /* of all */
};

static void take_worse(struct worst *worst, const struct worst *other)
{
  const unsigned count = worst->count + 1;
  if (count == 1 ||
      other->part_bytes - other->whole_bytes > worst->part_bytes - worst->whole_bytes)
    *worst = *other;
  worst->count = count;
}

static void look_at_rows(const struct context *c, struct worst *worst)
{
  for (size_t i = 0; i < ROWS; i++) {
    const struct row *row = &rows[i];
    const struct worst wrong = {.part = row->part,
                                .whole = row->whole,
                                .consequence = row->consequence,
                                .part_bytes = sum_of(c, row->identity, -1),
                                .whole_bytes = sum_of(c, row->identity, 1),
                                .sure = row->kind == CERTAIN ||
                                        (row->kind == PAGE_CACHE && lru_confirms(c))};
    if (applies(c, row))
      take_worse(worst, &wrong);
  }
}

static void look_above_total(const struct context *c, struct worst *worst)
{
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++) {
    const uint64_t bytes = c->sample->meminfo.above_total[i];
    const struct worst wrong = {.part = meminfo_rows[i].key,
                                .whole = "MemTotal",
                                .consequence = above_total[i] ? above_total[i] : "",
                                .part_bytes = (double)bytes,
                                .whole_bytes = (double)c->total.value,
                                .sure = true};
    if (bytes > 0)
      take_worse(worst, &wrong);
  }
}

bool rule_wrong_counter(const struct context *c, struct sentence *out)
{
  struct worst worst = {.count = 0};
  struct formatted others = {""};
  if (!is_known(c->total))
    return false;
  look_at_rows(c, &worst);
  look_above_total(c, &worst);
  if (worst.count > 1)
    snprintf(others.text, sizeof(others.text), "; %u other counter%s wrong too",
             worst.count - 1, worst.count > 2 ? "s are" : " is");
  return worst.count > 0 &&
         say(out, worst.part_bytes - worst.whole_bytes,
             "%s (%s) exceeds %s (%s), so %s wrong%s%s%s.", worst.part,
             format_bytes(worst.part_bytes).text, worst.whole,
             format_bytes(worst.whole_bytes).text,
             worst.sure ? "it is" : "one of the two is", *worst.consequence ? ": " : "",
             worst.consequence, others.text);
}
