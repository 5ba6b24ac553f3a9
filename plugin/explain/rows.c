/* SPDX-License-Identifier: MIT */
#include "rows.h"

#define PLUS(member)                                                                     \
  {                                                                                      \
    .offset = offsetof(struct sample, member), .sign = 1                                 \
  }
#define MINUS(member)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct sample, member), .sign = -1                                \
  }
#define DECIDED(name)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct decided, name), .sign = 1, .decided = true                 \
  }
#define MINUS_DECIDED(name)                                                              \
  {                                                                                      \
    .offset = offsetof(struct decided, name), .sign = -1, .decided = true                \
  }

const struct term_row term_rows[TERM_COUNT] = {
#define TERM(view, name, sign, text, ...)                                                \
  {#name, TERM_VIEW_##view, TERM_SIGN_##sign, {__VA_ARGS__}},
#include "meminfo_explain/tables/terms.def"
};

#define NONE                                                                             \
  {                                                                                      \
    0                                                                                    \
  }
#define ONE_PAGE                                                                         \
  {                                                                                      \
    .pages = 1                                                                           \
  }
#define LRU_BATCHES                                                                      \
  {                                                                                      \
    .pages_per_cpu = LRU_BATCH_PAGES                                                     \
  }
#define HUGE_COUNTERS                                                                    \
  {                                                                                      \
    .huge = true                                                                         \
  }
#define BYTES(n)                                                                         \
  {                                                                                      \
    .bytes = (n)                                                                         \
  }
#define NOTHING                                                                          \
  {                                                                                      \
    .sign = 0                                                                            \
  }
#define UNWRAP(...) __VA_ARGS__

const struct identity_row identity_rows[IDENTITY_COUNT] = {
#define IDENTITY(name, relation, counters, slack, tolerance, text, ...)                  \
  {#name, IDENTITY_##relation, counters, slack, {UNWRAP tolerance}, {__VA_ARGS__}},
#include "meminfo_explain/tables/identities.def"
};

const struct ratio_row ratio_rows[RATIO_COUNT] = {
#define RATIO(view, name, part, whole, ...) {#name, TERM_VIEW_##view, part, whole},
#include "meminfo_explain/tables/ratios.def"
};

const struct hole_row hole_rows[HOLE_COUNT] = {
#define AMOUNT(name, member, ...) {#name, offsetof(struct black_hole, member), false},
#define BOUND(name, member, ...)  {#name, offsetof(struct black_hole, member), true},
#include "meminfo_explain/tables/black_hole.def"
};

struct amount hole_amount(const struct black_hole *hole, unsigned row)
{
  const char *at = (const char *)hole + hole_rows[row].offset;
  return hole_rows[row].is_bound ? amount_of(*(const struct reading *)at)
                                 : *(const struct amount *)at;
}

enum term_view accounting_view(enum accounting accounting)
{
  return (enum term_view)(TERM_VIEW_USER_LRU + accounting);
}

const char *accounting_name(enum accounting accounting)
{
  static const char *const names[] = {"lru", "cache", "pss"};
  return names[accounting];
}

struct reading read_operand(const struct sample *sample, const struct decided *decided,
                            struct operand operand)
{
  const char *base = operand.decided ? (const char *)decided : (const char *)sample;
  /* A decision begins with its reading. */
  return *(const struct reading *)(base + operand.offset);
}

struct amount evaluate(const struct sample *sample, const struct decided *decided,
                       const struct operand operands[OPERANDS_MAX])
{
  struct amount sum = {.state = READING_KNOWN};
  for (size_t i = 0; i < OPERANDS_MAX && operands[i].sign != 0; i++) {
    struct reading reading = read_operand(sample, decided, operands[i]);
    sum.state = reading_state_join(sum.state, reading.state);
    amount_add(&sum, operands[i].sign * (int64_t)reading.value);
  }
  return is_known(sum) ? sum : (struct amount){.state = sum.state};
}

void amount_add(struct amount *sum, int64_t value)
{
  if (is_known(*sum) && __builtin_add_overflow(sum->value, value, &sum->value))
    *sum = (struct amount){.state = READING_MALFORMED};
}

struct percentage share_of(struct amount part, struct amount whole)
{
  enum reading_state state = reading_state_join(part.state, whole.state);
  if (state == READING_KNOWN && whole.value <= 0)
    state = READING_ABSENT;
  if (state != READING_KNOWN)
    return (struct percentage){.state = state};
  return (struct percentage){.state = state,
                             .percent = 100.0 * (double)part.value / (double)whole.value};
}

const struct decision *decision_of(const struct decided *decided,
                                   const struct term_row *row)
{
  if (!row->operands[0].decided)
    return NULL;
  return (const struct decision *)((const char *)decided + row->operands[0].offset);
}
