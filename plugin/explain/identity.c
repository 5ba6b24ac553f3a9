/* SPDX-License-Identifier: MIT */
#include "identity.h"
#include "doubt.h"
#include "drift.h"
#include "per_cpu.h"
#include "rows.h"

/* The error of an operand that is not known but bounded: it counts as 0. */
static uint64_t operand_error(const struct decided *decided, struct operand operand)
{
  if (!operand.decided)
    return 0;
  const struct decision *decision =
      (const struct decision *)((const char *)decided + operand.offset);
  bool bounded = decision->reading.state == READING_ABSENT && !decision->unbounded;
  return bounded ? decision->error : 0;
}

/* Sets the residual, and returns what unknown operands may add to it. */
static uint64_t evaluate_identity(const struct sample *sample,
                                  const struct decided *decided,
                                  const struct identity_row *row, struct amount *residual)
{
  struct operand known[OPERANDS_MAX] = {{.sign = 0}};
  uint64_t error = 0;
  for (size_t i = 0, count = 0; i < OPERANDS_MAX && row->operands[i].sign != 0; i++) {
    uint64_t more = operand_error(decided, row->operands[i]);
    if (more == 0)
      known[count++] = row->operands[i];
    error += more;
  }
  *residual = evaluate(sample, decided, known);
  return error;
}

/* What the counters of an identity may be off by. Without zoneinfo there are far fewer
 * deltas than assumed, and not all of them are at their limits. */
static uint64_t identity_drift(const struct sample *sample, unsigned counters)
{
  const struct drift drift = node_drift(sample);
  if (is_known(sample->zoneinfo.node_drift))
    return counters * drift.bytes;
  return (uint64_t)drift_error((double)drift.bytes, drift.deltas, counters);
}

void explain_identity(const struct sample *sample, const struct decided *decided,
                      const struct identity_row *row, struct identity_result *out)
{
  /* A page table has page_size / 8 entries, which map a huge page. */
  const uint64_t unit = row->slack.huge ? sample->page_size / 8 : 1;
  const uint64_t error = evaluate_identity(sample, decided, row, &out->residual);
  uint64_t pages =
      row->slack.pages + row->slack.pages_per_cpu * decided->cpus_count.reading.value;
  struct reading tolerance =
      reading_known(row->slack.bytes + pages * sample->page_size + error +
                    unit * identity_drift(sample, row->counters));
  bool all_known = true;
  for (size_t i = 0; i < OPERANDS_MAX && row->tolerance[i].sign != 0; i++) {
    struct reading allowed = read_operand(sample, decided, row->tolerance[i]);
    reading_add(&tolerance, allowed.value + operand_error(decided, row->tolerance[i]));
    all_known &= allowed.state <= READING_KNOWN;
  }
  all_known &= is_known(tolerance);
  out->tolerance = (int64_t)tolerance.value;
  out->holds =
      is_known(out->residual) && out->residual.value >= -out->tolerance &&
      (row->relation == IDENTITY_AT_LEAST || out->residual.value <= out->tolerance);
  out->judged = is_known(out->residual) && (out->holds || all_known);
}
