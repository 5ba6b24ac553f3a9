/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/explain/decision.h"

const char *decision_name(unsigned row)
{
  static const char *const names[DECISION_COUNT] = {
#define DECISION(name, ...) #name,
#include "meminfo_explain/tables/decisions.def"
  };
  return names[row];
}

const char *decision_reason(enum reason reason)
{
  static const char *const reasons[REASON_COUNT] = {
#define REASON(decision, id, why, ...) why,
#include "meminfo_explain/tables/reasons.def"
  };
  return reasons[reason];
}

struct decision decision_certain(struct reading reading, const char *why)
{
  return (struct decision){.reading = reading, .why = why};
}

struct decision decision_absent(void)
{
  return decision_certain(reading_missing(READING_ABSENT), NULL);
}

struct decision decision_unbounded(const char *why)
{
  return (struct decision){
      .reading = reading_missing(READING_ABSENT), .unbounded = true, .why = why};
}

struct reading decision_bounded(const struct sample *sample, struct reading reading)
{
  const struct reading total = sample->meminfo.mem_total;
  if (is_known(reading) && is_known(total) && reading.value > total.value)
    return reading_missing(READING_MALFORMED);
  return reading;
}

struct reading decision_product(const struct sample *sample, struct reading count,
                                struct reading unit)
{
  uint64_t bytes;
  if (!is_known(count) || !is_known(unit))
    return reading_missing(reading_state_join(count.state, unit.state));
  if (scale(count.value, unit.value, &bytes) != 0)
    return reading_missing(READING_MALFORMED);
  return decision_bounded(sample, reading_known(bytes));
}
