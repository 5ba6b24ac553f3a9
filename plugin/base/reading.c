/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/reading.h"

static const char *const names[] = {
    [READING_KNOWN] = "known",
    [READING_ABSENT] = "absent",
    [READING_DENIED] = "denied",
    [READING_MALFORMED] = "malformed",
};

const char *reading_state_name(enum reading_state state)
{
  return names[state];
}

enum reading_state reading_state_join(enum reading_state a, enum reading_state b)
{
  if (a == READING_KNOWN)
    return b;
  if (b == READING_KNOWN)
    return a;
  return a > b ? a : b;
}

void reading_add(struct reading *sum, uint64_t value)
{
  if (sum->state == READING_DENIED || sum->state == READING_MALFORMED)
    return;
  uint64_t total;
  if (__builtin_add_overflow(sum->value, value, &total) || total > INT64_MAX)
    *sum = reading_missing(READING_MALFORMED);
  else
    *sum = reading_known(total);
}

struct amount amount_difference(struct amount a, struct amount b)
{
  struct amount difference = {.state = reading_state_join(a.state, b.state)};
  if (is_known(difference) && __builtin_sub_overflow(a.value, b.value, &difference.value))
    return (struct amount){.state = READING_MALFORMED};
  return difference;
}

void reading_fill(struct reading *first, size_t count, enum reading_state state)
{
  for (size_t i = 0; i < count; i++)
    first[i] = reading_missing(state);
}

void reading_note_sums(const struct reading *first, size_t count,
                       struct parse_error *parse_error, unsigned before)
{
  bool malformed = false;
  for (size_t i = 0; i < count; i++)
    malformed |= first[i].state == READING_MALFORMED;
  if (malformed && parse_error->count == before)
    parse_error_note(parse_error, 0, (struct span){"", 0}, "sum out of range");
}
