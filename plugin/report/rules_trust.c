/* SPDX-License-Identifier: MIT */
#include "rule_numbers.h"
#include "wrong_counters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool rule_refused(const struct context *c, struct sentence *out)
{
  return c->explanation->refused != NULL &&
         say(out, everything(c), "The black hole cannot be computed: %s.",
             c->explanation->refused);
}

static bool lru_holds(const struct context *c)
{
  const struct identity_result *lru = &c->explanation->identities[IDENTITY_lru_cache];
  return lru->judged && lru->holds;
}

/* True for an imbalance that is no contradiction but memory of a known kind: pages on an
 * LRU list that are held only by a pin (rule lru_cache), MADV_FREE (rule lazyfree), a
 * counter that is known to be wrong (rules vmalloc_counter and wrong_counter). */
static bool is_explained(const struct context *c, enum identity identity)
{
  double residual = (double)c->explanation->identities[identity].residual.value;
  switch (identity) {
  case IDENTITY_anon_lru: /* what it lacks may be on other lists: MADV_FREE */
    return residual > 0 || is_known(lazyfree(c)) || lru_holds(c) ||
           has_wrong_counter(c, identity) || has_wrong_counter(c, IDENTITY_shmem_cached);
  case IDENTITY_file_lru:
    return residual > 0 || has_wrong_counter(c, identity);
  case IDENTITY_lru_cache:
    return residual > 0 || has_wrong_counter(c, IDENTITY_anon_lru) ||
           has_wrong_counter(c, IDENTITY_file_lru);
  case IDENTITY_vmalloc_pages:
    return residual < 0;
  /* rule_pss says why there is no Pss; where it is too low, processes were not read. */
  case IDENTITY_pss_mapped_anon:
    return residual < 0 || (!is_known(term(c, TERM_USER_PSS_pss)) &&
                            !is_known(term(c, TERM_USER_PSS_pss_anon)));
  case IDENTITY_managed: /* not all struct pages may be initialised yet */
    return !is_known(c->sample->meminfo.mem_free);
  case IDENTITY_direct_map: /* or a line is missing: CPUs differ in the sizes they have */
    return true;
  default:
    return has_wrong_counter(c, identity);
  }
}

/* What an operand of identities.def is called in a sentence. */
static const char *operand_name(struct operand operand)
{
  static const struct {
    struct operand operand;
    const char *name;
  } names[] = {
#define SAMPLE(member) {.offset = offsetof(struct sample, member)}
#define DECIDED(member)                                                                  \
  {                                                                                      \
    .offset = offsetof(struct decided, member), .decided = true                          \
  }
      {SAMPLE(processes.pss), "the Pss of all processes"},
      {SAMPLE(vmallocinfo.pages), "pages= in vmallocinfo"},
      {SAMPLE(vmallocinfo.module_pages), "the pages of modules in vmallocinfo"},
      {SAMPLE(modules.size), "the sizes of all modules"},
      {SAMPLE(zoneinfo.managed), "managed in zoneinfo"},
      {DECIDED(isolated), "isolated pages"},
      {DECIDED(vmalloc_physical), "VmallocUsed"},
      {DECIDED(commit_limit), "its formula"},
      {DECIDED(direct_map), "DirectMap"},
      {DECIDED(low_total), "low memory"},
      {DECIDED(huge_default), "HugePages_Total"},
  };
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    if (names[i].operand.offset == operand.offset &&
        names[i].operand.decided == operand.decided)
      return names[i].name;
  const size_t first = offsetof(struct sample, meminfo.fields);
  const size_t row = (operand.offset - first) / sizeof(struct reading);
  bool line = !operand.decided && operand.offset >= first && row < MEMINFO_FIELD_COUNT;
  return line ? meminfo_rows[row].key : "other numbers";
}

/* Appends the names of the operands with that sign: "SReclaimable + SUnreclaim". */
static void append_side(char *text, size_t size, const struct identity_row *row, int sign)
{
  const char *plus = "";
  for (size_t i = 0; i < OPERANDS_MAX && row->operands[i].sign != 0; i++)
    if (row->operands[i].sign == sign) {
      format_append(text, size, "%s%s", plus, operand_name(row->operands[i]));
      plus = " + ";
    }
}

bool rule_identities(const struct context *c, struct sentence *out)
{
  enum { NAMED_MAX = 2 };
  char text[300] = "";
  unsigned count = 0;
  for (unsigned i = 0; i < IDENTITY_COUNT && is_known(c->total); i++) {
    struct amount residual = imbalance(c, i, 1);
    if (!is_known(residual) || is_explained(c, i) || count++ >= NAMED_MAX)
      continue;
    format_append(text, sizeof(text), "%s", count > 1 ? ", " : "");
    append_side(text, sizeof(text), &identity_rows[i], 1);
    format_append(text, sizeof(text), " and ");
    append_side(text, sizeof(text), &identity_rows[i], -1);
    format_append(text, sizeof(text), " by %s",
                  format_bytes(fabs((double)residual.value)).text);
  }
  if (count > NAMED_MAX)
    format_append(text, sizeof(text), " and %u more", count - NAMED_MAX);
  return count > 0 && say(out, 0,
                          "Some of the kernel's counters disagree, so numbers that "
                          "include them may be "
                          "off by as much: %s.",
                          text);
}

/* Whatever is not known would make it even smaller. */
bool rule_black_hole_negative(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct amount most = hole->range.most;
  if (!is_known(c->total) || !is_known(hole->estimate) || !is_known(most) ||
      most.value >= 0 || has_wrong_counter(c, IDENTITY_lru_lists))
    return false;
  return say(out, -(double)hole->estimate.value,
             "The parts of memory add up to %s more than MemTotal, and the error is only "
             "%s: something is counted twice.",
             share(c, -(double)hole->estimate.value).text,
             format_bytes((double)most.value - (double)hole->estimate.value).text);
}

bool rule_hidden_exceeds(const struct context *c, struct sentence *out)
{
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct amount most = hole->unexplained_range.most;
  struct sentence unused;
  enum term largest = largest_hidden(c);
  if (!is_known(c->total) || !is_known(hole->hidden) || !is_known(most) ||
      most.value >= 0 || largest == TERM_COUNT ||
      rule_black_hole_negative(c, &unused)) /* then the consumers are not to blame */
    return false;
  return say(out, 0,
             "Hidden consumers report %s, %s more than the black hole can hold: one of "
             "them includes pages that are counted elsewhere (the largest is %s with "
             "%s).",
             share(c, (double)hole->hidden.value).text,
             format_bytes(-(double)most.value).text, owner_of(largest).name,
             format_bytes((double)term(c, largest).value).text);
}

/* The file that failed, or the first that the row's pattern names. */
static struct formatted source_path(const struct source_status *status, unsigned row)
{
  const char *path = status->path[0] != '\0' ? status->path : source_rows[row].path;
  struct formatted first;
  int length = (int)(source_rows[row].is_file ? strcspn(path, " |") : strlen(path));
  snprintf(first.text, sizeof(first.text), "%.*s", length, path);
  return first;
}

/* ": CAUSE (line 3, "WORD")", as far as they are known; "" without a cause. */
static struct formatted cause_of(const struct parse_error *error)
{
  struct formatted cause = {.text = ""};
  if (error->cause == NULL)
    return cause;
  format_append(cause.text, sizeof(cause.text), ": %s", error->cause);
  struct formatted line = {.text = ""}, near = {.text = ""};
  if (error->line > 0)
    format_append(line.text, sizeof(line.text), "line %u", error->line);
  if (error->near[0] != '\0')
    format_append(near.text, sizeof(near.text), "%s\"%s\"", error->line > 0 ? ", " : "",
                  error->near);
  if (line.text[0] != '\0' || near.text[0] != '\0')
    format_append(cause.text, sizeof(cause.text), " (%s%s)", line.text, near.text);
  return cause;
}

bool rule_sources_malformed(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  struct formatted cause = {.text = ""}, before = {.text = ""};
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    const struct source_status *status = &c->sample->sources[i];
    if (status->state != READING_MALFORMED)
      continue;
    if (list.count == 0)
      cause = cause_of(&status->parse_error);
    const struct formatted path = source_path(status, i);
    if (strcmp(path.text, before.text) != 0) /* rows of the same file are neighbours */
      list_add(&list, "%s", path.text);
    before = path;
  }
  return list.count > 0 &&
         say(out, 0, "Malformed: %s%s%s%s.", list.text, list_rest(&list).text,
             cause.text[0] != '\0' && list.count > 1 ? "; the first" : "", cause.text);
}

bool rule_sources_denied(const struct context *c, struct sentence *out)
{
  struct list list = {.count = 0};
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    if (c->sample->sources[i].state == READING_DENIED)
      list_add(&list, "%s", source_path(&c->sample->sources[i], i).text);
  if (c->sample->hash_tables.state == READING_DENIED)
    list_add(&list, "the boot log (CAP_SYSLOG)");
  choose_by_credentials(c, out);
  const struct formatted remedy = remedy_for_denied(c->sample, 0, SOURCE_COUNT);
  return list.count > 0 &&
         say(out, 0, "Permission denied: %s%s%s%s.", list.text, list_rest(&list).text,
             remedy.text[0] != '\0' ? "; " : "", remedy.text);
}

/* Weighs nothing, because it is not known what the lines count. */
bool rule_unknown_lines(const struct context *c, struct sentence *out)
{
  const struct meminfo *m = c->meminfo;
  struct list list = {.count = 0};
  for (unsigned i = 0; i < m->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    const struct meminfo_other *other = &m->others[i];
    if (is_known(other->value) && !other->is_count)
      list_add(&list, "%s with %s", other->key,
               format_bytes((double)other->value.value).text);
    else
      list_add(&list, "%s", other->key);
  }
  list.count = m->others_count;
  return list.count > 0 &&
         say(out, 0,
             "This program does not know some lines of /proc/meminfo (%s%s): what they "
             "count may be in the black hole.",
             list.text, list_rest(&list).text);
}
