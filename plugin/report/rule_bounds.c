/* SPDX-License-Identifier: MIT */
#include "rule_bounds.h"

/* What is worth a word. */
static const double part = 0.1;

static struct stated stated(const struct context *c, enum certainty certainty,
                            const char *word, double bytes)
{
  struct stated out = {.certainty = certainty, .bytes = bytes};
  format_append(out.text.text, sizeof(out.text.text), "%s%s", word,
                certainty <= LEAST ? share_in_use(c, HOLE_PERCENT, bytes).text
                                   : share(c, bytes).text);
  return out;
}

struct stated state_number(const struct context *c, struct amount number,
                           const struct range *range)
{
  const double value = (double)number.value, least = (double)range->least.value,
               most = (double)range->most.value;
  const bool has_least = is_known(range->least), has_most = is_known(range->most);
  if (has_least && has_most && least >= (1 - part) * value && most <= (1 + part) * value)
    return stated(c, CERTAIN, "", value);
  if (has_least && least > 0)
    return stated(c, LEAST, "at least ", least);
  if (has_most)
    return stated(c, MOST, "at most ", most);
  return stated(c, GUESS, "about ", value);
}

struct stated state_black_hole(const struct context *c, const char **name)
{
  static const char *const names[] = {
      "the black hole (in no line of meminfo)", "the black hole and vmalloc",
      "the black hole and huge pages", "the black hole, vmalloc and huge pages"};
  const struct black_hole *hole = &c->explanation->black_hole;
  const struct decided *decided = &c->explanation->decided;
  const unsigned unknown = decided->vmalloc.unbounded + 2U * decided->hugetlb.unbounded;
  struct range range = hole->range;
  bool others = false;
  for (unsigned i = 0; i < DECISION_COUNT; i++)
    others |= i != DECISION_vmalloc && i != DECISION_hugetlb && decided->all[i].unbounded;
  *name = names[0];
  if (unknown > 0 && !others && is_known(range.most)) {
    range.least = amount_difference(hole->estimate, amount_of(hole->bounded_error));
    *name = names[unknown];
  }
  return state_number(c, hole->estimate, &range);
}

/* Appends "; up to 1.2 GiB of it may be NAME", then ", up to 1.2 GiB NAME". */
static void add_bound(struct clauses *out, const char *name, double bound, double bytes)
{
  if (bound < part * bytes || bound <= 0 || out->count++ >= LIST_NAMED_MAX)
    return;
  const bool all = bound >= bytes;
  format_append(out->text, sizeof(out->text), "%s%s%s%s%s", out->count > 1 ? ", " : "; ",
                all ? "all" : "up to ", all ? "" : format_bytes(bound).text,
                out->count > 1 ? all ? " of it " : " " : " of it may be ", name);
}

static void add_upper_bounds(const struct context *c, double bytes, struct clauses *out)
{
  static const struct {
    enum term term;
    const char *name;
  } owners[] = {
      {TERM_UPPER_BOUND_balloon, "a balloon (driver unknown), if that is in MemTotal"},
      {TERM_UPPER_BOUND_sockets, "socket buffers"},
      {TERM_UPPER_BOUND_amdgpu_gtt, "buffers of amdgpu"},
      {TERM_UPPER_BOUND_dma_buf, "dma-bufs"},
      {TERM_UPPER_BOUND_nfsd, "buffers of the NFS server"},
      {TERM_UPPER_BOUND_huge_zero_page, "the huge zero page"},
  };
  for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++)
    if (is_known(term(c, owners[i].term)))
      add_bound(out, owners[i].name, (double)term(c, owners[i].term).value, bytes);
}

static void add_unknown_terms(const struct context *c, double bytes, struct clauses *out)
{
  const struct {
    unsigned decision;
    const char *name;
  } parts[] = {{DECISION_vmalloc, c->sample->credentials.root
                                      ? "vmalloc"
                                      : "vmalloc (only root can read /proc/vmallocinfo)"},
               {DECISION_pcp_free, "free pages on per-CPU lists"},
               {DECISION_kernel_stack, "kernel stacks"},
               {DECISION_isolated, "isolated pages"}};
  const bool is_lru = c->explanation->black_hole.estimate_from == ACCOUNTING_LRU;
  for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
    const struct decision *decision = &c->explanation->decided.all[parts[i].decision];
    if (!is_known(decision->reading) && !decision->unbounded &&
        (is_lru || parts[i].decision != DECISION_isolated))
      add_bound(out, parts[i].name, (double)decision->error, bytes);
  }
  if (!is_lru)
    add_bound(out, "swap cache", (double)bytes_or_0(c->sample->meminfo.swap_cached),
              bytes);
}

/* Terms whose lines a captured meminfo lacks, or may lack. */
static const struct {
  enum term term;
  unsigned decision;
  const char *name;
} line_terms[] = {
    {TERM_KERNEL_hugetlb, DECISION_hugetlb, "huge pages"},
    {TERM_KERNEL_percpu, DECISION_percpu, "per-CPU data"},
    {TERM_KERNEL_kernel_stack, DECISION_kernel_stack, "KernelStack"},
    {TERM_KERNEL_misc_reclaimable, DECISION_COUNT, "KReclaimable"},
    {TERM_KERNEL_sec_page_tables, DECISION_COUNT, "SecPageTables"},
    {TERM_KERNEL_bounce, DECISION_COUNT, "Bounce"},
    {TERM_KERNEL_writeback_tmp, DECISION_COUNT, "WritebackTmp"},
    {TERM_KERNEL_hardware_corrupted, DECISION_COUNT, "HardwareCorrupted"},
};
enum { LINE_TERMS = sizeof(line_terms) / sizeof(*line_terms) };

static bool is_line_missing(const struct context *c, size_t i)
{
  const unsigned decision = line_terms[i].decision;
  return term(c, line_terms[i].term).state == READING_MALFORMED ||
         (decision < DECISION_COUNT && c->explanation->decided.all[decision].unbounded);
}

/* "; meminfo ends after PageTables, so vmalloc, huge pages and Bounce may be part of it"
 */
static void add_missing_lines(const struct context *c, bool vmalloc, struct clauses *out)
{
  const struct meminfo_gaps *gaps = &c->meminfo->gaps;
  const char *names[LINE_TERMS + 1] = {"vmalloc"};
  size_t count = vmalloc;
  for (size_t i = 0; i < LINE_TERMS; i++)
    if (is_line_missing(c, i))
      names[count++] = line_terms[i].name;
  if (count == 0)
    return;
  format_append(out->text, sizeof(out->text), "; ");
  if (gaps->count > 0 && gaps->first > gaps->last)
    format_append(out->text, sizeof(out->text), "meminfo ends after %s, so ",
                  meminfo_rows[gaps->last].key);
  for (size_t i = 0; i < count; i++)
    format_append(out->text, sizeof(out->text), "%s%s",
                  i == 0           ? ""
                  : i == count - 1 ? " and "
                                   : ", ",
                  names[i]);
  format_append(out->text, sizeof(out->text), " may be part of it");
}

struct clauses possible_owners(const struct context *c, double bytes, bool unknown)
{
  const struct decided *decided = &c->explanation->decided;
  struct clauses out = {.count = 0};
  const bool vmalloc = unknown && decided->vmalloc.unbounded;
  const bool lacks_vmalloc =
      vmalloc && c->meminfo->gaps.lacks[MEMINFO_FIELD_vmalloc_used];
  if (vmalloc && !lacks_vmalloc)
    format_append(out.text, sizeof(out.text),
                  "; vmalloc is part of it, because /proc/vmallocinfo%s",
                  c->sample->sources[SOURCE_vmallocinfo].state == READING_MALFORMED
                      ? " is malformed"
                      : ", which only root can read, is unavailable");
  if (unknown)
    add_missing_lines(c, lacks_vmalloc, &out);
  add_upper_bounds(c, bytes, &out);
  if (unknown)
    add_unknown_terms(c, bytes, &out);
  return out;
}
