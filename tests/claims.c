/* SPDX-License-Identifier: MIT */
#include "claims.h"

#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/parse/smaps.h"
#include "report/rule_numbers.h"
#include "report/wrong_counters.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct claim {
  const struct context *part, *whole;
  const struct change *changed;
  const struct sentence *sentence;
  struct judgement *out;
};

/* --- verdicts ------------------------------------------------------------------------
 */

__attribute__((format(printf, 3, 4))) static void
judge(const struct claim *claim, enum verdict verdict, const char *format, ...)
{
  struct judgement *out = claim->out;
  va_list args;
  if (verdict <= out->verdict) /* the first of the worst */
    return;
  out->verdict = verdict;
  va_start(args, format);
  vsnprintf(out->why, sizeof(out->why), format, args);
  va_end(args);
}

/* The claim is that the number is `part`, give or take `error`. */
static void judge_number(const struct claim *claim, const char *name, struct amount part,
                         struct amount whole, double error)
{
  if (!is_known(part))
    judge(claim, VERDICT_FALSE, "%s is not known", name);
  else if (!is_known(whole))
    judge(claim, VERDICT_UNKNOWN, "the whole has no %s", name);
  else if (fabs((double)part.value - (double)whole.value) > error)
    judge(claim, VERDICT_FALSE, "%s: %s +- %s, of all files %s", name,
          format_bytes((double)part.value).text, format_bytes(error).text,
          format_bytes((double)whole.value).text);
}

static void judge_that(const struct claim *claim, bool holds, const char *what)
{
  if (!holds)
    judge(claim, VERDICT_FALSE, "%s", what);
}

static bool says(const struct claim *claim, const char *words)
{
  return strstr(claim->sentence->text, words) != NULL;
}

/* --- what no reader could know --------------------------------------------------------
 * Lines and files whose absence is that of another kernel or machine. */

struct optional {
  enum term term;
  const char *reason;
};
static const struct optional optional_terms[] = {
    {TERM_KERNEL_sec_page_tables, "SecPageTables: since 6.1"},
    {TERM_KERNEL_misc_reclaimable, "KReclaimable: since 4.20"},
    {TERM_KERNEL_quicklists, "Quicklists: CONFIG_QUICKLIST"},
    {TERM_KERNEL_hardware_corrupted, "HardwareCorrupted: CONFIG_MEMORY_FAILURE"},
    {TERM_KERNEL_percpu, "Percpu: since 4.19"},
    {TERM_KERNEL_hugetlb, "HugePages_Total: CONFIG_HUGETLB_PAGE"},
};

/* What the part lacks of all kernel terms for such reasons. */
static double optional_missing(const struct claim *claim)
{
  double sum = 0;
  for (size_t i = 0; i < sizeof(optional_terms) / sizeof(*optional_terms); i++) {
    struct amount part = term(claim->part, optional_terms[i].term);
    struct amount whole = term(claim->whole, optional_terms[i].term);
    if (part.state == READING_ABSENT && is_known(whole))
      sum += (double)whole.value;
  }
  return sum;
}

/* What drivers hold whose files are not in the part. */
static struct amount drivers_missing(const struct claim *claim)
{
  struct amount sum = {.state = READING_ABSENT};
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN &&
        term(claim->part, i).state == READING_ABSENT && is_known(term(claim->whole, i))) {
      sum.state = READING_KNOWN;
      sum.value += term(claim->whole, i).value;
    }
  return sum;
}

/* One of the LRU lists counts pages that have left it. What the tool says is that the
 * black hole is below zero, so a counter is wrong. */
static bool low_by_long_list(const struct claim *claim)
{
  const struct amount most = claim->part->explanation->black_hole.range.most;
  return is_known(imbalance(claim->whole, IDENTITY_lru_lists, 1)) && is_known(most) &&
         most.value < 0;
}

static bool any_part(const struct claim *claim)
{
  (void)claim;
  return true;
}

static uint64_t lost(struct reading whole, struct reading part)
{
  return is_known(whole) && is_known(part) ? sub_sat(whole.value, part.value)
                                           : UINT64_MAX;
}

/* VmallocUsed is read at another time, so vmallocinfo may have less. Up to 4.3 it counts
 * address space, also of areas that vmallocinfo does not list. */
static bool vmalloc_within_margin(const struct claim *claim)
{
  const struct meminfo *m = &claim->whole->sample->meminfo;
  const struct vmallocinfo *part = &claim->part->sample->vmallocinfo;
  const struct vmallocinfo *whole = &claim->whole->sample->vmallocinfo;
  const bool counts_size = is_known(m->vmalloc_chunk) && m->vmalloc_chunk.value > 0;
  return lost(whole->pages, part->pages) <= 1 << 20 ||
         (counts_size && is_known(m->vmalloc_used) &&
          lost(whole->size, part->size) <= (1 << 20) + m->vmalloc_used.value / 8);
}

/* From 4.4 to 5.2 VmallocUsed is 0. */
static bool vmalloc_uncounted(const struct claim *claim)
{
  const struct reading used = claim->whole->sample->meminfo.vmalloc_used;
  return !is_known(used) || used.value == 0;
}

/* By the bug of fixture 5.15-composed-put-pages. */
static bool vmalloc_used_low(const struct claim *claim)
{
  return claim->whole->explanation->decided.vmalloc.why == WHY(vmalloc_short);
}

/* Another file is cut as well, which shows by the numbers of this one. */
static bool vmallocinfo_is_cut(const struct claim *claim)
{
  return claim->whole->sample->sources[SOURCE_vmallocinfo].state == READING_MALFORMED &&
         is_known(claim->part->sample->sources[SOURCE_vmallocinfo]);
}

/* The margin of collect and pss for a smaps that was captured after stat. */
static bool smaps_within_margin(const struct claim *claim)
{
  const struct text *texts[] = {&claim->changed->whole, &claim->changed->part};
  struct smaps smaps[2];
  for (int i = 0; i < 2; i++) {
    struct parse_error ignored = {0};
    if (smaps_parse(scan_text(texts[i]->bytes, texts[i]->length), &smaps[i], &ignored) !=
        0)
      return false;
  }
  return lost(smaps[0].rss, smaps[1].rss) <= (256 << 10) + smaps[0].rss.value / 8;
}

/* Files that look whole, as of another machine, when a part is cut off. */
struct excuse {
  const char *pattern;
  bool (*applies)(const struct claim *claim);
  const char *reason;
};
static const struct excuse excuses[] = {
    {"proc/modules", any_part, "a module that is not listed is one that is not loaded"},
    {"proc/vmallocinfo", vmalloc_within_margin,
     "areas of up to 1 MiB may be new; up to 4.3, of 1/8 of VmallocUsed"},
    {"proc/vmallocinfo", vmalloc_uncounted, "from 4.4 to 5.2 no file has the sum"},
    {"proc/vmallocinfo", vmalloc_used_low, "VmallocUsed has lost pages itself"},
    {"proc/meminfo", vmallocinfo_is_cut, "a cut vmallocinfo shows by VmallocUsed"},
    {"proc/[0-9]*/smaps", smaps_within_margin,
     "up to 256 KiB + 1/8 of a process may be new"},
};

static bool is_impossible(const struct context *c)
{
  const struct amount most = c->explanation->black_hole.range.most;
  /* x86-64 has DirectMap2M. */
  if (c->meminfo->vmalloc_total.value >> 43 && is_known(c->meminfo->direct_map_4m))
    return true;
  if (is_known(most) && most.value < 0)
    return true;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if ((term_rows[i].view == TERM_VIEW_KERNEL || term_rows[i].view == TERM_VIEW_FREE) &&
        is_known(term(c, i)) && is_known(c->total) && term(c, i).value > c->total.value)
      return true;
  return false;
}

/* Before 4.18 only sysfs has huge pages of other sizes than the default. */
static bool sizes_missing(const struct claim *claim)
{
  return !is_known(claim->part->sample->meminfo.hugetlb) &&
         !is_known(claim->part->sample->hugepages.total) &&
         is_known(claim->whole->sample->hugepages.total);
}

/* VmallocUsed lost pages by a bug that only vmallocinfo shows. */
static bool vmalloc_lost(const struct claim *claim)
{
  const struct decided *part = &claim->part->explanation->decided;
  const struct decided *whole = &claim->whole->explanation->decided;
  return whole->vmalloc.why == WHY(vmalloc_short) &&
         part->vmalloc.why != whole->vmalloc.why;
}

/* Pages on the LRU in no cache, where the LRU lists are filtered out. */
static bool lru_leak_missing(const struct claim *claim)
{
  return !is_known(claim->part->explanation->black_hole.of[ACCOUNTING_LRU]) &&
         is_known(imbalance(claim->whole, IDENTITY_lru_cache, 1));
}

static bool drivers_differ(const struct claim *claim)
{
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(term(claim->part, i)) &&
        is_known(term(claim->whole, i)) &&
        term(claim->part, i).value != term(claim->whole, i).value)
      return true;
  return false;
}

/* Why no reader could know better, or NULL. */
static const char *excuse_of(const struct claim *claim)
{
  if (is_impossible(claim->whole))
    return "the numbers of the whole are impossible";
  if (claim->part->sample->page_size != claim->whole->sample->page_size)
    return "the few lines that there are show another page size";
  if (claim->sentence == NULL && !is_known(claim->part->sample->meminfo.mem_free) &&
      is_known(claim->part->sample->zoneinfo.managed))
    return "struct pages that are still being initialised show in MemFree";
  if (sizes_missing(claim))
    return "huge pages of other sizes, before 4.18 without sysfs";
  if (low_by_long_list(claim))
    return "a list that is too long shows by the sums of the others";
  if (vmalloc_lost(claim))
    return "VmallocUsed lost pages, which only vmallocinfo shows";
  if (lru_leak_missing(claim))
    return "pages on the LRU in no cache, without Active and Inactive";
  if (claim->changed == NULL && drivers_differ(claim))
    return "one of several files of a driver is missing";
  for (size_t i = 0; i < sizeof(excuses) / sizeof(*excuses) && claim->changed != NULL;
       i++)
    if (fnmatch(excuses[i].pattern, claim->changed->path, 0) == 0 &&
        excuses[i].applies(claim))
      return excuses[i].reason;
  return NULL;
}

/* Turns what is false into what is indistinguishable, if there is an excuse. */
static void excuse(const struct claim *claim)
{
  const char *reason = claim->out->verdict == VERDICT_FALSE ? excuse_of(claim) : NULL;
  if (reason == NULL)
    return;
  claim->out->verdict = VERDICT_INDISTINGUISHABLE;
  snprintf(claim->out->why, sizeof(claim->out->why), "%s", reason);
}

/* --- numbers -------------------------------------------------------------------------
 */

static const struct decision *decision_of(const struct context *c, enum term term)
{
  const struct operand first = term_rows[term].operands[0];
  if (!first.decided)
    return NULL;
  return (const struct decision *)((const char *)&c->explanation->decided + first.offset);
}

/* The error of the sum of Pss is that of its first part (decide.c: decide_pss). */
static double term_error(const struct context *c, enum term term)
{
  bool part = term == TERM_USER_PSS_pss_file || term == TERM_USER_PSS_pss_shmem;
  const struct decision *decision = decision_of(c, part ? TERM_USER_PSS_pss_anon : term);
  double error = 0;
  if (decision != NULL)
    error = (double)decision->error + (double)decision->excess + (double)decision->lack;
  /* Without buddyinfo it leaves out what is in the deltas of MemFree, which is part of
   * the error of the estimate. */
  if (term == TERM_FREE_pcp_free &&
      c->explanation->decided.pcp_free.why == WHY(pcp_free_mean))
    error += (double)bytes_or_0(c->sample->zoneinfo.zone_drift);
  return error;
}

/* The claim is that the number is in the range, but for the error of the whole's. */
static void judge_range(const struct claim *claim, const char *name,
                        const struct range *part, struct amount whole,
                        struct reading error)
{
  double missing = optional_missing(claim), of_whole = (double)bytes_or_0(error);
  double below = (double)part->least.value - (double)whole.value - of_whole;
  double above = (double)whole.value - of_whole - (double)part->most.value;
  if (!is_known(part->least))
    below = 0;
  if (!is_known(part->most))
    above = 0;
  if (below > 0 && below <= missing)
    judge(claim, VERDICT_INDISTINGUISHABLE, "lines of other kernels are missing");
  else if (below > 0)
    judge(claim, VERDICT_FALSE, "%s: at least %s, of all files %s +- %s", name,
          format_bytes((double)part->least.value).text,
          format_bytes((double)whole.value).text, format_bytes(of_whole).text);
  else if (above > 0)
    judge(claim, VERDICT_FALSE, "%s: at most %s, of all files %s +- %s", name,
          format_bytes((double)part->most.value).text,
          format_bytes((double)whole.value).text, format_bytes(of_whole).text);
}

static void judge_estimate(const struct claim *claim)
{
  const struct black_hole *part = &claim->part->explanation->black_hole;
  const struct black_hole *whole = &claim->whole->explanation->black_hole;
  if (!is_known(part->estimate) && !is_known(part->range.most))
    return;
  if (!is_known(whole->estimate))
    judge(claim, VERDICT_UNKNOWN, "the whole has no estimate");
  else
    judge_range(claim, "estimate", &part->range, whole->estimate, whole->error);
}

/* Without the files of some drivers, what they hold is unexplained. */
static void judge_unexplained(const struct claim *claim)
{
  const struct black_hole *part = &claim->part->explanation->black_hole;
  const struct black_hole *whole = &claim->whole->explanation->black_hole;
  if (!is_known(part->unexplained) && !is_known(part->unexplained_range.most))
    return;
  if (!is_known(whole->unexplained)) {
    judge(claim, VERDICT_UNKNOWN, "the whole has no unexplained");
    return;
  }
  struct judgement own = {.verdict = VERDICT_HOLDS}, with_drivers = own;
  struct claim of = *claim;
  struct amount more = whole->unexplained;
  const struct amount missing = drivers_missing(claim);
  of.out = &own;
  judge_range(&of, "unexplained", &part->unexplained_range, more,
              whole->unexplained_error);
  more.value += missing.value;
  of.out = &with_drivers;
  judge_range(&of, "unexplained", &part->unexplained_range, more,
              whole->unexplained_error);
  if (own.verdict == VERDICT_FALSE && is_known(missing) &&
      with_drivers.verdict == VERDICT_HOLDS)
    judge(claim, VERDICT_INDISTINGUISHABLE, "a driver's file is not captured");
  else
    judge(claim, own.verdict, "%s", own.why);
}

/* zram and zswap; the term zsmalloc has what one of them does not report. */
static struct amount compressed(const struct context *c)
{
  static const enum term pools[] = {TERM_HIDDEN_zram, TERM_HIDDEN_zswap,
                                    TERM_HIDDEN_zsmalloc};
  struct reading sum = {0};
  for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++)
    if (is_known(term(c, pools[i])))
      reading_add(&sum, (uint64_t)term(c, pools[i]).value);
  return amount_of(sum);
}

/* Sums over the processes that could be read, which are at least so much. */
static bool is_sum_of_read(enum term i)
{
  return i == TERM_DETAIL_swap_pss || i == TERM_DETAIL_hugetlb_private;
}

/* Since 6.2 stat lacks what is in per-CPU counts: so the Rss of a process whose smaps is
 * not read is off by this. */
static double stat_slack(const struct claim *claim)
{
  const struct processes *part = &claim->part->sample->processes;
  const struct processes *whole = &claim->whole->sample->processes;
  return part->read_count.value < whole->read_count.value ? 256 << 10 : 0;
}

static void judge_term(const struct claim *claim, enum term i)
{
  struct amount part = term(claim->part, i), whole = term(claim->whole, i);
  if (i == TERM_HIDDEN_zsmalloc)
    part = compressed(claim->part), whole = compressed(claim->whole);
  double error = term_error(claim->part, i) + term_error(claim->whole, i);
  if (term_rows[i].view == TERM_VIEW_USER_PSS)
    error += stat_slack(claim);
  /* VmallocUsed and vmallocinfo are not read at the same time. */
  if (i == TERM_KERNEL_vmalloc && claim->part->explanation->decided.vmalloc.why !=
                                      claim->whole->explanation->decided.vmalloc.why)
    error += (1 << 20) + (double)whole.value / 64;
  if (is_sum_of_read(i) && is_known(part) && is_known(whole) && part.value <= whole.value)
    return;
  judge_number(claim, term_rows[i].name, part, whole, error);
}

/* Broken in the part: broken in the whole as well, by as much. */
static void judge_identity(const struct claim *claim, enum identity i)
{
  const struct identity_result *part = &claim->part->explanation->identities[i];
  const struct identity_result *whole = &claim->whole->explanation->identities[i];
  if (!part->judged || part->holds)
    return;
  /* Processes were not read. */
  if (i == IDENTITY_pss_mapped_anon && part->residual.value < 0)
    return;
  if (!whole->judged || whole->holds)
    judge(claim, VERDICT_FALSE, "identity %s %s", identity_rows[i].name,
          whole->judged ? "holds" : "is not judged");
  else
    judge_number(claim, identity_rows[i].name, part->residual, whole->residual, 0);
}

/* --- rankings ------------------------------------------------------------------------
 */

struct user {
  const char *mark; /* in the sentence */
  struct amount amount;
};
enum {
  USERS = 11,
  USER_CACHE = 2,
  USER_SHMEM,
  USER_HUGETLB = 7,
  USER_VMALLOC,
  USER_BLACK_HOLE = 10
};

static void users_of(const struct context *c, struct user out[USERS])
{
  const struct meminfo *m = &c->sample->meminfo;
  struct reading free_pages = m->mem_free;
  struct amount pcp = term(c, TERM_FREE_pcp_free);
  if (is_known(free_pages) && is_known(pcp))
    reading_add(&free_pages, (uint64_t)pcp.value);
  const bool split = is_known(m->s_reclaimable) && is_known(m->s_unreclaim);
  const struct amount absent = {.state = READING_ABSENT};
  const struct user users[USERS] = {
      {"(MemFree", amount_of(free_pages)},
      {"(AnonPages)", amount_of(m->anon_pages)},
      {"(Cached and Buffers without Shmem)", cache_without_shmem(m)},
      {"(Shmem)", amount_of(m->shmem)},
      {"(Slab)", split ? absent : amount_of(m->slab)},
      {"(SUnreclaim)", amount_of(m->s_unreclaim)},
      {"(SReclaimable)", amount_of(m->s_reclaimable)},
      {"(Hugetlb)", term(c, TERM_KERNEL_hugetlb)},
      {" vmalloc:", term(c, TERM_KERNEL_vmalloc)},
      {"(PageTables)", term(c, TERM_KERNEL_page_tables)},
      {"the black hole", c->explanation->black_hole.estimate},
  };
  memcpy(out, users, sizeof(users));
}

/* Where the sentence names the user, or NULL. In a list "with" follows. */
static const char *named_at(const struct claim *claim, const struct user *user)
{
  const char *text = claim->sentence->text, *at = strstr(text, user->mark);
  if (at == NULL && strcmp(user->mark, " vmalloc:") == 0)
    return strstr(text, " vmalloc with ");
  return at;
}

/* Whether the sentence names the user together with the black hole. */
static bool is_in_black_hole(const struct claim *claim, unsigned user)
{
  return says(claim, "the black hole, vmalloc and huge pages") ||
         says(claim, user == USER_VMALLOC   ? "the black hole and vmalloc"
                     : user == USER_HUGETLB ? "the black hole and huge pages"
                                            : "\n");
}

static void add_to_black_hole(const struct claim *claim, struct user users[USERS],
                              unsigned user)
{
  if (!is_in_black_hole(claim, user))
    return;
  if (is_known(users[user].amount))
    users[USER_BLACK_HOLE].amount.value += users[user].amount.value;
  users[user].amount.state = READING_ABSENT;
  users[user].mark = "\n"; /* in no sentence */
}

/* Makes one user of those that the sentence takes together. */
static void combine(const struct claim *claim, struct user users[USERS])
{
  const struct meminfo *m = claim->whole->meminfo;
  add_to_black_hole(claim, users, USER_VMALLOC);
  add_to_black_hole(claim, users, USER_HUGETLB);
  if (says(claim, "(Cached without Shmem)"))
    users[USER_CACHE].mark = "(Cached without Shmem)";
  if (!says(claim, "page cache, tmpfs and shared memory"))
    return;
  struct reading cache = m->cached;
  if (is_known(cache) && is_known(m->buffers))
    reading_add(&cache, m->buffers.value);
  users[USER_CACHE] =
      (struct user){"page cache, tmpfs and shared memory", amount_of(cache)};
  users[USER_SHMEM] = (struct user){"\n", {.state = READING_ABSENT}};
}

/* The users that the sentence names are the largest of the whole, in this order. */
static void judge_ranking(const struct claim *claim, bool with_free)
{
  struct user users[USERS];
  users_of(claim->whole, users);
  combine(claim, users);
  for (unsigned i = 0; i < USERS; i++) {
    const char *named = named_at(claim, &users[i]);
    if (named == NULL)
      continue;
    if (!is_known(users[i].amount)) {
      judge(claim, VERDICT_UNKNOWN, "the whole has no %s", users[i].mark);
      continue;
    }
    for (unsigned k = with_free ? 0 : 1; k < USERS; k++) {
      const char *other = named_at(claim, &users[k]);
      bool ranked_below = other == NULL || other > named;
      if (k != i && is_known(users[k].amount) && ranked_below &&
          users[k].amount.value > users[i].amount.value)
        judge(claim, VERDICT_FALSE, "%s is larger than %s: %s > %s", users[k].mark,
              users[i].mark, format_bytes((double)users[k].amount.value).text,
              format_bytes((double)users[i].amount.value).text);
    }
  }
}

/* The numbers of the users that the sentence names. */
static void judge_user_numbers(const struct claim *claim)
{
  struct user part[USERS], whole[USERS];
  users_of(claim->part, part);
  users_of(claim->whole, whole);
  for (unsigned i = 0; i < USERS; i++) {
    double error = 0;
    if (i == 0)
      error = term_error(claim->part, TERM_FREE_pcp_free);
    else if (i == USER_HUGETLB)
      error = term_error(claim->part, TERM_KERNEL_hugetlb);
    else if (i == USER_VMALLOC)
      error = term_error(claim->part, TERM_KERNEL_vmalloc);
    if (i == USER_VMALLOC && says(claim, "the black hole and vmalloc"))
      continue; /* its number is of both */
    if (says(claim, whole[i].mark) && i == USER_BLACK_HOLE)
      judge_estimate(claim);
    else if (says(claim, whole[i].mark) && !is_in_black_hole(claim, i))
      judge_number(claim, whole[i].mark, part[i].amount, whole[i].amount, error);
  }
}

/* --- rules: one claim_NAME each -------------------------------------------------------
 */

/* ABOVE rows: the same expression of the whole. The errors of what the expression uses
 * are summed in `noted`. */
static double noted;

static struct amount note_term(const struct context *c, enum term i)
{
  noted += term_error(c, i);
  return term(c, i);
}

static struct amount note_decision(const struct decision *decision)
{
  noted += (double)decision->error;
  return amount_of(decision->reading);
}

#define LINE(member)  amount_of(c->sample->meminfo.member)
#define TERM(name)    note_term(c, TERM_##name)
#define DECIDED(name) note_decision(&c->explanation->decided.name)
#define RULE(name, ...)
#define CLAIM(name, number, judge_numbers, ...)                                          \
  static struct amount number_##name(const struct context *c)                            \
  {                                                                                      \
    return number;                                                                       \
  }                                                                                      \
  static void claim_##name(const struct claim *claim)                                    \
  {                                                                                      \
    noted = 0;                                                                           \
    struct amount part = number_##name(claim->part);                                     \
    struct amount whole = number_##name(claim->whole);                                   \
    judge_numbers(__VA_ARGS__, #name, part, whole);                                      \
  }
#define ABOVE(name, percent, number, ...) CLAIM(name, number, judge_above, claim)
#define IN_USE(name, percent, number, ...)                                               \
  CLAIM(name, number, judge_in_use, claim, percent)

static void judge_above(const struct claim *claim, const char *name, struct amount part,
                        struct amount whole)
{
  if (says(claim, "up to") && is_known(part) && is_known(whole) &&
      part.value >= whole.value)
    return;
  if (says(claim, "at least") && is_known(part) && is_known(whole) &&
      part.value <= whole.value)
    return;
  judge_number(claim, name, part, whole, noted);
  if (is_known(part) && !says(claim, share(claim->part, (double)part.value).text))
    judge(claim, VERDICT_FALSE, "the sentence has another number");
}

/* Also of the memory in use, which is less where the part has no zoneinfo. */
static void judge_in_use(const struct claim *claim, double percent, const char *name,
                         struct amount part, struct amount whole)
{
  struct amount in_use = memory_in_use(claim->part),
                of_whole = memory_in_use(claim->whole);
  judge_number(claim, name, part, whole, noted);
  if (!is_known(part))
    return;
  if (!says(claim, share_in_use(claim->part, percent, (double)part.value).text))
    judge(claim, VERDICT_FALSE, "the sentence has another number");
  if (says(claim, "of the memory in use") && is_known(of_whole))
    judge_that(claim,
               says(claim, "at least") ? in_use.value >= of_whole.value
                                       : in_use.value == of_whole.value,
               "more or less memory is in use");
}

#include "meminfo_explain/tables/rules.def"

static void claim_refused(const struct claim *claim)
{
  judge_that(claim, claim->whole->explanation->refused != NULL,
             "the whole is not refused");
}

/* Lines that are said to be missing are lines of the whole file. */
static void claim_incomplete(const struct claim *claim)
{
  const struct meminfo *part = &claim->part->sample->meminfo;
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (part->gaps.lacks[row] && !whole->gaps.lacks[row] &&
        whole->fields[row].state == READING_ABSENT)
      judge(claim, VERDICT_FALSE, "no file has a line %s", meminfo_rows[row].key);
  if (says(claim, "cannot be computed"))
    judge_that(claim, !is_known(claim->part->explanation->black_hole.estimate),
               "it is computed");
}

static void claim_black_hole_unknown(const struct claim *claim)
{
  const struct source_status *meminfo = &claim->part->sample->sources[SOURCE_meminfo];
  const struct source_status *sysfs = &claim->part->sample->sources[SOURCE_hugepages];
  if (says(claim, "because of malformed numbers"))
    judge_that(claim, meminfo->parse_error.count > 0 || !is_known(*sysfs),
               "no line is malformed");
  else
    judge_that(claim, !is_known(claim->part->explanation->black_hole.estimate),
               "it is computed");
}

static void claim_identities(const struct claim *claim)
{
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    if (is_known(imbalance(claim->part, i, 1)) && !has_wrong_counter(claim->part, i))
      judge_identity(claim, i);
}

static void claim_wrong_counter(const struct claim *claim)
{
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    if (is_known(imbalance(claim->part, i, 1)) && has_wrong_counter(claim->part, i))
      judge_identity(claim, i);
}

static void claim_black_hole_negative(const struct claim *claim)
{
  const struct black_hole *whole = &claim->whole->explanation->black_hole;
  judge_that(claim,
             is_known(whole->estimate) && is_known(whole->range.most) &&
                 whole->range.most.value < 0,
             "nothing is counted twice");
  judge_estimate(claim);
}

static void claim_hidden_exceeds(const struct claim *claim)
{
  const struct black_hole *whole = &claim->whole->explanation->black_hole;
  judge_that(claim,
             is_known(whole->unexplained) &&
                 -(double)whole->unexplained.value >
                     (double)bytes_or_0(whole->unexplained_error),
             "the black hole can hold the consumers");
}

static void claim_short_of_memory(const struct claim *claim)
{
  judge_number(claim, "MemAvailable",
               amount_of(claim->part->sample->meminfo.mem_available),
               amount_of(claim->whole->sample->meminfo.mem_available), 0);
  judge_ranking(claim, false);
  judge_user_numbers(claim);
}

static void claim_low_free(const struct claim *claim)
{
  const struct meminfo *part = &claim->part->sample->meminfo;
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  judge_number(claim, "LowTotal", amount_of(part->low_total), amount_of(whole->low_total),
               0);
  judge_number(claim, "LowFree", amount_of(part->low_free), amount_of(whole->low_free),
               0);
}

static void claim_largest(const struct claim *claim)
{
  struct user users[USERS];
  judge_ranking(claim, true);
  judge_user_numbers(claim);
  users_of(claim->whole, users);
  combine(claim, users);
  const char *second = strstr(claim->sentence->text, "; ");
  for (unsigned i = 0; i < USERS; i++) {
    const char *named = named_at(claim, &users[i]);
    const bool first = named != NULL && (second == NULL || named < second);
    if (named == NULL || !is_known(users[i].amount) ||
        !is_known(memory_in_use(claim->whole)) ||
        !says(claim, first ? "Most of MemTotal" : "most of the memory in use"))
      continue;
    if (!first && !is_known(memory_in_use(claim->whole)))
      continue;
    judge_that(claim,
               exceeds(users[i].amount, MOST_PERCENT,
                       first ? rules_mem_total(claim->whole->sample)
                             : memory_in_use(claim->whole)),
               "it is less than half");
  }
}

static void claim_black_hole_owner(const struct claim *claim)
{
  enum term part = largest_hidden(claim->part), whole = largest_hidden(claim->whole);
  judge_estimate(claim);
  if (part == TERM_COUNT || whole == TERM_COUNT)
    return;
  judge_term(claim, part);
  if (is_known(term(claim->part, whole)))
    judge_that(claim, part == whole, "another owner is larger");
  else if (term(claim->part, whole).state == READING_ABSENT)
    judge(claim, VERDICT_INDISTINGUISHABLE, "the file of %s is not captured",
          term_rows[whole].name);
}

static void judge_site(const struct claim *claim)
{
  const struct allocinfo *part = &claim->part->sample->allocinfo;
  const struct allocinfo *whole = &claim->whole->sample->allocinfo;
  if (part->sites_listed == 0 || !says(claim, part->sites[0].function) ||
      says(claim, "what /proc/allocinfo counts"))
    return;
  if (whole->sites_listed == 0)
    judge(claim, VERDICT_UNKNOWN, "the whole has no sites");
  else
    judge_that(claim,
               strcmp(part->sites[0].file, whole->sites[0].file) == 0 &&
                   part->sites[0].bytes == whole->sites[0].bytes,
               "another site is the largest");
}

static void claim_unexplained(const struct claim *claim)
{
  judge_unexplained(claim);
  judge_site(claim);
}

static void claim_lru_cache(const struct claim *claim)
{
  judge_in_use(claim, 0.5, "lru_cache", uncached(claim->part), uncached(claim->whole));
}

static void claim_uncounted(const struct claim *claim)
{
  const struct explanation *whole = claim->whole->explanation;
  const struct explanation *part = claim->part->explanation;
  const struct amount at_least = part->black_hole.uncounted;
  const struct amount of_whole = whole->black_hole.uncounted;
  if (!is_known(at_least) || !is_known(of_whole) || at_least.value > of_whole.value)
    judge_number(claim, "uncounted", at_least, of_whole,
                 (double)part->decided.isolated.error);
}

static void claim_allocinfo_site(const struct claim *claim)
{
  judge_site(claim);
}

static void claim_consumers_unreadable(const struct claim *claim)
{
  judge_unexplained(claim);
}

/* The words agree with the range that is judged. */
static void claim_uncertain(const struct claim *claim)
{
  const struct range *range = &claim->part->explanation->black_hole.unexplained_range;
  judge_unexplained(claim);
  if (says(claim, "Up to ") || says(claim, "Between "))
    judge_that(claim,
               is_known(range->most) &&
                   says(claim, format_bytes((double)range->most.value).text),
               "the sentence has another bound");
  if (says(claim, "vmalloc"))
    judge_that(claim, !is_known(term(claim->part, TERM_KERNEL_vmalloc)),
               "vmalloc is known");
}

static void claim_black_hole_growth(const struct claim *claim)
{
  judge(claim, VERDICT_FALSE, "growth, from one sample");
}

static void claim_balloon_inside(const struct claim *claim)
{
  static const enum term balloons[] = {TERM_HIDDEN_vmware_balloon,
                                       TERM_HIDDEN_virtio_balloon};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++)
    if (says(claim, owner_of(balloons[i]).name))
      judge_term(claim, balloons[i]);
}

static void claim_balloon_outside(const struct claim *claim)
{
  if (says(claim, "virtio"))
    judge_term(claim, TERM_OUTSIDE_virtio_balloon);
  if (says(claim, "Hyper-V"))
    judge_term(claim, TERM_OUTSIDE_hyperv_balloon);
  if (says(claim, "Xen"))
    judge_term(claim, TERM_OUTSIDE_xen_balloon);
}

static void claim_kexec_loaded(const struct claim *claim)
{
  judge_that(claim, bytes_or_0(claim->whole->sample->consumers.kexec_loaded_count) > 0,
             "no kernel is loaded");
}

static void judge_grown(const struct claim *claim)
{
  judge(claim, VERDICT_FALSE, "growth, from one sample");
}

/* Each cache that is named has this size; and where they are called the largest, no other
 * cache that is surely of that part of Slab is larger than the smallest of them. */
static void judge_caches(const struct claim *claim, struct reading other_part)
{
  struct grouping_member part, whole;
  uint64_t least = UINT64_MAX;
  char named[128];
  for (unsigned n = 0;
       grouping_member(claim->part->sample, GROUPING_slab_caches, n, &part); n++) {
    snprintf(named, sizeof(named), " %.32s with ", part.name);
    if (!says(claim, named))
      continue;
    bool found = false;
    for (unsigned k = 0;
         grouping_member(claim->whole->sample, GROUPING_slab_caches, k, &whole); k++)
      found |= strcmp(part.name, whole.name) == 0 && part.bytes == whole.bytes;
    judge_that(claim, found, "a cache has another size");
    least = part.bytes < least ? part.bytes : least;
  }
  for (unsigned k = 0;
       says(claim, "its largest caches") &&
       grouping_member(claim->whole->sample, GROUPING_slab_caches, k, &whole);
       k++) {
    snprintf(named, sizeof(named), " %.32s with ", whole.name);
    judge_that(claim,
               says(claim, named) || whole.bytes <= least || !is_known(other_part) ||
                   whole.bytes <= other_part.value || strcmp(whole.name, "dentry") == 0,
               "another cache is larger");
  }
}

static void claim_slab_unreclaimable(const struct claim *claim)
{
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  judge_number(claim, "SUnreclaim", amount_of(claim->part->sample->meminfo.s_unreclaim),
               amount_of(whole->s_unreclaim), 0);
  judge_caches(claim, whole->s_reclaimable);
}

static void claim_slab_reclaimable(const struct claim *claim)
{
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  judge_number(claim, "SReclaimable",
               amount_of(claim->part->sample->meminfo.s_reclaimable),
               amount_of(whole->s_reclaimable), 0);
  judge_caches(claim, whole->s_unreclaim);
}

static void claim_slab_growth(const struct claim *claim)
{
  judge_grown(claim);
}

static void claim_shmem_growth(const struct claim *claim)
{
  judge_grown(claim);
}

static void claim_vmalloc(const struct claim *claim)
{
  const struct vmallocinfo *part = &claim->part->sample->vmallocinfo;
  const struct vmallocinfo *whole = &claim->whole->sample->vmallocinfo;
  judge_term(claim, TERM_KERNEL_vmalloc);
  if (!says(claim, "largest caller"))
    return;
  const struct vmalloc_caller *a = &part->callers[part->by_size[0]];
  const struct vmalloc_caller *b = &whole->callers[whole->by_size[0]];
  if (whole->callers_count == 0)
    judge(claim, VERDICT_UNKNOWN, "the whole has no callers");
  else
    judge_that(claim, strcmp(a->symbol, b->symbol) == 0 && a->bytes == b->bytes,
               "another caller is the largest, or it holds more");
}

static void claim_direct_map(const struct claim *claim)
{
  const struct decided *decided = &claim->whole->explanation->decided;
  const struct reading all = decided->direct_map.reading;
  const struct reading large = decided->direct_map_large.reading;
  if (!is_known(all) || !is_known(large))
    judge(claim, VERDICT_UNKNOWN, "the whole lacks lines");
  else
    judge_that(claim, says(claim, format_bytes((double)(all.value - large.value)).text),
               "more or less is in small pages");
}

static void claim_hardware_corrupted(const struct claim *claim)
{
  judge_term(claim, TERM_KERNEL_hardware_corrupted);
}

static void claim_shmem(const struct claim *claim)
{
  const struct reading swap = claim->whole->sample->meminfo.swap_total;
  judge_number(claim, "Shmem", amount_of(claim->part->sample->meminfo.shmem),
               amount_of(claim->whole->sample->meminfo.shmem), 0);
  if (says(claim, "there is no swap"))
    judge_that(claim, is_known(swap) && swap.value == 0, "there is swap");
  if (says(claim, "only swapped out"))
    judge_that(claim, !is_known(swap) || swap.value > 0, "there is no swap");
}

static void claim_swap(const struct claim *claim)
{
  judge_number(claim, "swap used", term(claim->part, TERM_DETAIL_swap_used),
               term(claim->whole, TERM_DETAIL_swap_used), 0);
  judge_number(claim, "SwapTotal", amount_of(claim->part->sample->meminfo.swap_total),
               amount_of(claim->whole->sample->meminfo.swap_total), 0);
}

static void claim_commit(const struct claim *claim)
{
  const struct meminfo *part = &claim->part->sample->meminfo;
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  judge_number(claim, "CommitLimit", amount_of(part->commit_limit),
               amount_of(whole->commit_limit), 0);
  judge_number(claim, "Committed_AS", amount_of(part->committed_as),
               amount_of(whole->committed_as), 0);
}

static void claim_pss(const struct claim *claim)
{
  if (says(claim, "malformed"))
    judge_that(claim,
               claim->part->sample->sources[SOURCE_smaps].parse_error.count > 0 ||
                   claim->part->sample->sources[SOURCE_smaps].state == READING_MALFORMED,
               "no smaps is malformed");
  if (says(claim, "takes root"))
    judge_that(claim, bytes_or_0(claim->part->sample->processes.denied_count) > 0,
               "nothing is denied");
}

static void claim_unlisted(const struct claim *claim)
{
  judge_that(claim, bytes_or_0(claim->whole->sample->processes.unlisted) > 0,
             "nothing hides processes");
}

static void claim_hung(const struct claim *claim)
{
  judge(claim, VERDICT_FALSE, "nothing hangs in a captured tree");
}

static void claim_no_mem_available(const struct claim *claim)
{
  judge_that(claim, claim->part->sample->meminfo.mem_available.state == READING_ABSENT,
             "there is a line MemAvailable");
}

/* The files of a directory of sysfs are read together. */
static bool is_beside(const char *a, const char *b)
{
  const size_t length = (size_t)(strrchr(a, '/') - a) + 1;
  return strcmp(a, b) == 0 || (strncmp(a, "sys/", 4) == 0 && strncmp(a, b, length) == 0 &&
                               strchr(b + length, '/') == NULL);
}

static bool is_missing(const struct source_status *status)
{
  const char *cause = status->parse_error.cause;
  return status->error == -ENOENT ||
         (cause != NULL && strcmp(cause, "no such file") == 0);
}

/* Only the file that was changed may have become malformed, or one that is read with it.
 */
static void claim_sources_malformed(const struct claim *claim)
{
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    const struct source_status *part = &claim->part->sample->sources[i];
    const struct source_status *whole = &claim->whole->sample->sources[i];
    const char *path = part->path[0] != '\0' ? part->path : source_rows[i].path;
    if (part->state == READING_MALFORMED && whole->state != READING_MALFORMED &&
        !is_missing(part) &&
        (claim->changed == NULL || !is_beside(path, claim->changed->path)))
      judge(claim, VERDICT_FALSE, "%s is not malformed", path);
  }
}

static void claim_sources_denied(const struct claim *claim)
{
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    if (claim->part->sample->sources[i].state == READING_DENIED &&
        claim->whole->sample->sources[i].state != READING_DENIED &&
        claim->whole->sample->sources[i].state != READING_KNOWN)
      judge(claim, VERDICT_FALSE, "%s is not denied", source_rows[i].path);
}

static void claim_unknown_lines(const struct claim *claim)
{
  const struct meminfo *part = &claim->part->sample->meminfo;
  const struct meminfo *whole = &claim->whole->sample->meminfo;
  for (unsigned i = 0; i < part->others_count && i < MEMINFO_OTHERS_MAX; i++) {
    bool found = false;
    for (unsigned k = 0; k < whole->others_count && k < MEMINFO_OTHERS_MAX; k++)
      found |= strcmp(part->others[i].key, whole->others[k].key) == 0;
    if (!found)
      judge(claim, VERDICT_FALSE, "no line %s", part->others[i].key);
  }
}

/* --- what each text must satisfy ------------------------------------------------------
 */

/* Rules whose numbers are not part of MemTotal. */
static bool is_outside(enum rule rule)
{
  switch (rule) {
  case RULE_balloon_outside:
  case RULE_crashkernel:
  case RULE_reserved:
  case RULE_removed:
  case RULE_hidden_exceeds:
    return true;
  default:
    return false;
  }
}

static void judge_text(const struct claim *claim)
{
  static const char *const never[] = {"nan",    "inf ", "-0 ", "-0.0",
                                      "(null)", "  ",   "-1 %"};
  const char *text = claim->sentence->text;
  for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
    if (says(claim, never[i]))
      judge(claim, VERDICT_FALSE, "the text has \"%s\"", never[i]);
  for (const char *at = text; (at = strstr(at, " %")) != NULL; at++) {
    const char *number = at;
    while (number > text && strchr("0123456789.-", number[-1]) != NULL)
      number--;
    double percent = strtod(number, NULL);
    if (number == at || percent < 0)
      judge(claim, VERDICT_FALSE, "no number, or one below zero, before \"%%\"");
    else if (percent > 100 && !is_outside(claim->sentence->rule))
      judge(claim, VERDICT_FALSE, "%g %%", percent);
  }
  for (const char *at = text; (at = strstr(at, "iB")) != NULL; at++) {
    const char *number = at - 1;
    while (number > text && strchr("0123456789. ", number[-1]) != NULL)
      number--;
    if (number > text && number[-1] == '-')
      judge(claim, VERDICT_FALSE, "a size below zero");
  }
}

/* --- all -----------------------------------------------------------------------------
 */

typedef void claim_function(const struct claim *claim);
static claim_function *const claims[RULE_COUNT] = {
#define RULE(name, ...)  claim_##name,
#define ABOVE(name, ...) claim_##name,
#include "meminfo_explain/tables/rules.def"
};

static struct context context_of(const struct machine *machine)
{
  const struct observer *o = &machine->observer;
  struct context c = {.sample = &o->sample,
                      .explanation = &o->explanation,
                      .meminfo = &o->sample.meminfo};
  if (c.explanation->refused == NULL)
    c.total = rules_mem_total(c.sample);
  return c;
}

bool claim_is_impossible(const struct machine *whole)
{
  const struct context c = context_of(whole);
  return is_impossible(&c);
}

struct judgement claim_judge(const struct machine *part, const struct machine *whole,
                             const struct change *changed,
                             const struct sentence *sentence)
{
  struct judgement out = {.verdict = VERDICT_HOLDS};
  const struct context a = context_of(part), b = context_of(whole);
  const struct claim claim = {&a, &b, changed, sentence, &out};
  judge_text(&claim);
  claims[sentence->rule](&claim);
  excuse(&claim);
  return out;
}

/* Judging the numbers. */
struct numbers {
  struct claim claim;
  void (*callback)(void *context, const char *name, const struct judgement *judgement);
  void *context;
  unsigned count;
};

static void begin(struct numbers *numbers)
{
  *numbers->claim.out = (struct judgement){.verdict = VERDICT_HOLDS};
}

static void end(struct numbers *numbers, const char *kind, const char *name)
{
  char full[100];
  excuse(&numbers->claim);
  snprintf(full, sizeof(full), "%s %s", kind, name);
  numbers->callback(numbers->context, full, numbers->claim.out);
  numbers->count++;
}

static void judge_black_hole(struct numbers *numbers)
{
  begin(numbers);
  judge_estimate(&numbers->claim);
  end(numbers, "black hole", "estimate");
  begin(numbers);
  judge_unexplained(&numbers->claim);
  end(numbers, "black hole", "unexplained");
}

static void judge_terms(struct numbers *numbers)
{
  static const char *const views[] = {"total",      "free",     "kernel", "user_lru",
                                      "user_cache", "user_pss", "hidden", "inside",
                                      "outside",    "upper",    "detail"};
  const struct claim *claim = &numbers->claim;
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    if (!is_known(term(claim->part, i)) || !is_known(term(claim->whole, i)))
      continue;
    begin(numbers);
    judge_term(claim, i);
    end(numbers, views[term_rows[i].view], term_rows[i].name);
  }
}

static void judge_identities(struct numbers *numbers)
{
  const struct identity_result *of = numbers->claim.part->explanation->identities;
  for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
    if (!of[i].judged || of[i].holds)
      continue;
    begin(numbers);
    judge_identity(&numbers->claim, i);
    end(numbers, "identity", identity_rows[i].name);
  }
}

unsigned claim_judge_numbers(const struct machine *part, const struct machine *whole,
                             const struct change *changed,
                             void (*callback)(void *context, const char *name,
                                              const struct judgement *judgement),
                             void *context)
{
  const struct context a = context_of(part), b = context_of(whole);
  struct judgement out;
  struct numbers numbers = {{&a, &b, changed, NULL, &out}, callback, context, 0};
  judge_black_hole(&numbers);
  judge_terms(&numbers);
  judge_identities(&numbers);
  return numbers.count;
}
