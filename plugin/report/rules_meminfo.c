/* SPDX-License-Identifier: MIT */
/* What is missing from meminfo, and what does not follow therefore. */
#include "rule_numbers.h"

#include <stdio.h>

/* Decisions that are not known where a line is not. */
static const struct {
  unsigned decision;
  enum meminfo_field line;
} decision_lines[] = {
    {DECISION_active, MEMINFO_FIELD_active},
    {DECISION_inactive, MEMINFO_FIELD_inactive},
    {DECISION_slab, MEMINFO_FIELD_slab},
    {DECISION_kernel_stack, MEMINFO_FIELD_kernel_stack},
    {DECISION_percpu, MEMINFO_FIELD_percpu},
};

static bool is_of_missing_line(const struct context *c, struct operand operand)
{
  const struct meminfo_gaps *gaps = &c->sample->meminfo.gaps;
  if (operand.decided) {
    const size_t decision = operand.offset / sizeof(struct decision);
    for (size_t i = 0; i < sizeof(decision_lines) / sizeof(*decision_lines); i++)
      if (decision_lines[i].decision == decision)
        return gaps->lacks[decision_lines[i].line];
    return false;
  }
  const size_t first = offsetof(struct sample, meminfo.fields);
  const size_t row = (operand.offset - first) / sizeof(struct reading);
  return operand.offset >= first && row < MEMINFO_FIELD_COUNT && gaps->lacks[row];
}

/* The terms that are malformed for another reason than a missing line. */
static struct list malformed_terms(const struct context *c)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    bool missing = false;
    for (unsigned k = 0; k < OPERANDS_MAX && term_rows[i].operands[k].sign != 0; k++)
      missing |= is_of_missing_line(c, term_rows[i].operands[k]);
    if (!missing && term(c, i).state == READING_MALFORMED &&
        term_rows[i].view >= TERM_VIEW_FREE && term_rows[i].view <= TERM_VIEW_USER_PSS)
      list_add(&list, "%s", term_rows[i].name);
  }
  return list;
}

/* Whether the black hole is not known because lines are missing, and for no other reason.
 */
static bool is_lost_to_gaps(const struct context *c)
{
  return is_known(c->total) && !is_known(c->explanation->black_hole.estimate) &&
         c->sample->meminfo.gaps.count > 0 && malformed_terms(c).count == 0;
}

/* "ends after X and lacks 2 lines", "lacks the lines X, Y". */
static struct list what_is_missing(const struct meminfo_gaps *gaps)
{
  struct list lines = {.count = 0}, out = {.count = 0};
  const bool one = gaps->count == 1;
  if (gaps->first > gaps->last) {
    format_append(out.text, sizeof(out.text),
                  "ends after %s and lacks at least %u line%s that its kernel prints",
                  meminfo_rows[gaps->last].key, gaps->count, one ? "" : "s");
    return out;
  }
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (gaps->lacks[row])
      list_add(&lines, "%s", meminfo_rows[row].key);
  format_append(out.text, sizeof(out.text),
                "lacks the line%s %s%s, which its kernel prints", one ? "" : "s",
                lines.text, list_rest(&lines).text);
  return out;
}

bool rule_incomplete(const struct context *c, struct sentence *out)
{
  const struct meminfo_gaps *gaps = &c->sample->meminfo.gaps;
  const bool lost =
      is_lost_to_gaps(c) && !is_known(c->explanation->black_hole.range.most);
  if (gaps->count > 0)
    return say(out, lost ? everything(c) : 0, "meminfo is incomplete: it %s%s.",
               what_is_missing(gaps).text,
               lost ? ", so the black hole cannot be computed" : "");
  if (gaps->broken)
    return say(out, 0, "meminfo is incomplete: lines of it were left out or cut off.");
  return c->explanation->decided.hugetlb.why == WHY(hugetlb_cut) &&
         say(out, 0,
             "meminfo ends after %s: its kernel has no huge pages, or lines are missing.",
             meminfo_rows[gaps->last].key);
}

bool rule_black_hole_unknown(const struct context *c, struct sentence *out)
{
  if (!is_known(c->total) || is_known(c->explanation->black_hole.estimate) ||
      is_lost_to_gaps(c))
    return false;
  const struct list list = malformed_terms(c);
  if (list.count == 0)
    return say(out, everything(c),
               "The black hole cannot be computed: a line that it needs is missing from "
               "meminfo or malformed.");
  const bool bounded = is_known(c->explanation->black_hole.range.most);
  return say(out, everything(c), "The black hole %s because of malformed numbers: %s%s.",
             bounded ? "has only an upper bound" : "cannot be computed", list.text,
             list_rest(&list).text);
}
