/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE
#include "meminfo_explain/report/sentences.h"

#include "suite.h"

#include <linux/capability.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)
#define PAGE  ((uint64_t)4096)
/* 1 % is a GiB. */
#define TOTAL GB(100)

static struct sample sample;
static struct explanation explanation;
static struct meminfo earlier;
static const struct meminfo *before;
static struct sentence out[RULE_COUNT];

static const struct credentials user = {.live = true, .uid = 1000, .gid = 1000};
static const struct credentials root = {
    .live = true, .root = true, .capabilities = ~UINT64_C(0) ^ 1 << CAP_SYS_CHROOT};
static const struct credentials captured = {.live = false};

/* Rules that applied in any test. Shared memory, because each test is a process. */
static bool *seen;

/* --- a machine of which nothing is to be said, but what is largest ------------------ */

static void quiet_meminfo(struct meminfo *m)
{
  *m = (struct meminfo){.others_count = 0};
  m->mem_total = reading_known(TOTAL);
  m->mem_free = reading_known(GB(60));
  m->mem_available = reading_known(GB(80));
  m->buffers = reading_known(GB(1));
  m->cached = reading_known(GB(20));
  m->shmem = reading_known(GB(1));
  m->swap_cached = reading_known(0);
  m->anon_pages = reading_known(GB(10));
  m->active = reading_known(GB(16));
  m->active_anon = reading_known(GB(6));
  m->active_file = reading_known(GB(10));
  m->inactive = reading_known(GB(15));
  m->inactive_anon = reading_known(GB(5));
  m->inactive_file = reading_known(GB(10));
  m->unevictable = reading_known(0);
  m->slab = reading_known(GB(4));
  m->s_reclaimable = reading_known(GB(2));
  m->s_unreclaim = reading_known(GB(2));
  m->kernel_stack = reading_known(MB(512));
  m->vmalloc_used = reading_known(GB(1));
  m->vmalloc_chunk = reading_known(0);
  m->page_tables = reading_known(MB(512));
  m->sec_page_tables = reading_known(0);
  m->percpu = reading_known(MB(256));
  m->hugetlb = reading_known(GB(2));
  m->swap_total = m->swap_free = reading_known(GB(8));
  m->commit_limit = reading_known(GB(57));
  m->committed_as = reading_known(GB(20));
  m->dirty = m->writeback = m->nfs_unstable = reading_known(0);
  m->direct_map_4k = reading_known(GB(1));
  m->direct_map_2m = reading_known(GB(101));
}

static void quiet_zoneinfo(struct zoneinfo *z)
{
  z->pcp = reading_known(MB(256));
  z->managed = reading_known(TOTAL);
  z->present = reading_known(GB(102));
  z->isolated = reading_known(0);
  z->node_drift = z->zone_drift = reading_known(MB(1));
  z->node_deltas_count = z->zone_deltas_count = z->cpus_count = reading_known(8);
}

static void quiet_vmallocinfo(struct vmallocinfo *info)
{
  info->pages = reading_known(GB(1));
  info->size = reading_known(GB(30));
  info->stack_pages = reading_known(MB(512));
  info->callers_count = 2;
  info->by_size[0] = 1;
  info->by_size[1] = 0;
  info->callers[0] = (struct vmalloc_caller){.symbol = "kernel_clone", .bytes = MB(512)};
  info->callers[1] =
      (struct vmalloc_caller){.symbol = "foo_alloc", .module = "foo", .bytes = MB(513)};
}

/* Explains with `hole` bytes in the black hole, by changing MemFree. */
static void explain_with(uint64_t hole)
{
  explain(&sample, &explanation);
  const struct amount lru = explanation.black_hole.of[ACCOUNTING_LRU];
  const struct amount estimate = explanation.black_hole.estimate;
  if (is_known(estimate))
    sample.meminfo.mem_free.value +=
        (uint64_t)(is_known(lru) && lru.value < 0 ? lru : estimate).value - hole;
  explain(&sample, &explanation);
}

static void explain_again(void)
{
  explain_with(MB(256));
}

/* For a test that changes some numbers of a machine and not all that belong to them. */
static void explain_without_identities(void)
{
  explain(&sample, &explanation);
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    explanation.identities[i].judged = false;
}

static void be_quiet(void)
{
  sample = (struct sample){.page_size = PAGE, .credentials = user};
  before = NULL;
  quiet_meminfo(&sample.meminfo);
  quiet_zoneinfo(&sample.zoneinfo);
  sample.zoneinfo_after = sample.zoneinfo;
  quiet_vmallocinfo(&sample.vmallocinfo);
  sample.vmstat.nr_isolated_anon = sample.vmstat.nr_isolated_file = reading_known(0);
  sample.cpus_possible_count = reading_known(8);
  sample.allocinfo_lru_then = sample.allocinfo_cache_then = reading_known(GB(31));
  sample.percpu_first_chunk = reading_known(0);
  sample.overcommit_ratio_count = reading_known(50);
  sample.overcommit_kbytes = reading_known(0);
  sample.hash_tables = reading_known(MB(16));
  explain_again();
}

static void quiet_before(void)
{
  quiet_meminfo(&earlier);
  before = &earlier;
}

/* --- asking ------------------------------------------------------------------------- */

static const struct sentence *find(enum rule rule)
{
  unsigned count = sentences_make(&sample, &explanation, before, out);
  for (unsigned i = 0; i < count; i++)
    if (out[i].rule == rule)
      return &out[i];
  return NULL;
}

static void check_says(enum rule rule, uint64_t weight, const char *text)
{
  const struct sentence *sentence = find(rule);
  ck_assert_msg(sentence != NULL, "%s does not apply", rule_rows[rule].name);
  ck_assert_str_eq(sentence->text, text);
  ck_assert_msg(sentence->weight == (double)weight, "%s weighs %.0f, not %.0f",
                rule_rows[rule].name, sentence->weight, (double)weight);
  seen[rule] = true;
}

static void check_silent(enum rule rule)
{
  const struct sentence *sentence = find(rule);
  ck_assert_msg(sentence == NULL, "%s applies: %s", rule_rows[rule].name,
                sentence != NULL ? sentence->text : "");
}

static const enum reading_state missing[] = {READING_ABSENT, READING_DENIED,
                                             READING_MALFORMED};
enum { MISSING = sizeof(missing) / sizeof(*missing) };

/* The rule does not apply where the reading is not known, whatever its value. */
static void check_needs(enum rule rule, struct reading *reading)
{
  const struct reading kept = *reading;
  for (size_t i = 0; i < MISSING; i++) {
    *reading = (struct reading){.value = kept.value, .state = missing[i]};
    check_silent(rule);
  }
  *reading = kept;
  ck_assert_ptr_nonnull(find(rule));
}

static void check_needs_amount(enum rule rule, struct amount *amount)
{
  const struct amount kept = *amount;
  for (size_t i = 0; i < MISSING; i++) {
    amount->state = missing[i];
    check_silent(rule);
  }
  *amount = kept;
  ck_assert_ptr_nonnull(find(rule));
}

/* The rule applies above `limit` only, weighs the reading and needs it. `text` is that of
 * the limit: a page more does not show. */
static void check_above(enum rule rule, struct reading *reading, uint64_t limit,
                        const char *text)
{
  *reading = reading_known(limit);
  explain_again();
  check_silent(rule);
  *reading = reading_known(limit + PAGE);
  explain_again();
  check_says(rule, limit + PAGE, text);
  for (size_t i = 0; i < MISSING; i++) {
    *reading = reading_missing(missing[i]);
    explain_again();
    check_silent(rule);
  }
}

/* The same for a number in the explanation. */
static void check_amount_above(enum rule rule, struct amount *amount, uint64_t limit,
                               const char *text)
{
  *amount = (struct amount){.value = (int64_t)limit, .state = READING_KNOWN};
  check_silent(rule);
  amount->value += (int64_t)PAGE;
  check_says(rule, limit + PAGE, text);
  check_needs_amount(rule, amount);
}

/* A number with its range: `less` and `more` are what the truth may be off by. */
static void set_range(struct amount *number, struct range *range, int64_t value,
                      uint64_t less, uint64_t more)
{
  *number = (struct amount){value, READING_KNOWN};
  range->least = (struct amount){value - (int64_t)less, READING_KNOWN};
  range->most = (struct amount){value + (int64_t)more, READING_KNOWN};
}

static void set_hole(int64_t value, uint64_t less, uint64_t more)
{
  struct black_hole *hole = &explanation.black_hole;
  set_range(&hole->estimate, &hole->range, value, less, more);
}

static void set_unexplained(int64_t value, uint64_t less, uint64_t more)
{
  struct black_hole *hole = &explanation.black_hole;
  set_range(&hole->unexplained, &hole->unexplained_range, value, less, more);
}

static struct amount *term(enum term term)
{
  return &explanation.terms[term];
}

static struct amount amount_known(uint64_t value)
{
  return (struct amount){.value = (int64_t)value, .state = READING_KNOWN};
}

/* A rule about numbers of the host does not compare them with a container's MemTotal. */
static void check_silent_if_refused(enum rule rule)
{
  explanation.refused = "it is not";
  check_silent(rule);
  explanation.refused = NULL;
  ck_assert_ptr_nonnull(find(rule));
}

START_TEST(quiet_machine_has_only_the_sentence_of_the_largest_user)
{
  be_quiet();
  ck_assert_uint_eq(sentences_make(&sample, &explanation, before, out), 1);
  ck_assert_int_eq(out[0].rule, RULE_largest);
  quiet_before();
  ck_assert_uint_eq(sentences_make(&sample, &explanation, before, out), 1);
  ck_assert_int_eq(explanation.black_hole.estimate.value, (int64_t)MB(256));
}
END_TEST

START_TEST(nothing_is_said_where_nothing_is_known)
{
  sample = (struct sample){.page_size = PAGE};
  explain(&sample, &explanation);
  ck_assert_uint_eq(sentences_make(&sample, &explanation, NULL, out), 0);
}
END_TEST

START_TEST(no_shares_are_printed_where_mem_total_is_0)
{
  be_quiet();
  sample.meminfo.mem_total = reading_known(0); /* no parser accepts that */
  sample.meminfo.swap_free = reading_known(0);
  explain(&sample, &explanation);
  unsigned count = sentences_make(&sample, &explanation, NULL, out);
  for (unsigned i = 0; i < count; i++)
    ck_assert_msg(strstr(out[i].text, "of MemTotal") == NULL, "%s", out[i].text);
  check_silent(RULE_largest);
  ck_assert_ptr_nonnull(find(RULE_swap)); /* it has a total of its own */
}
END_TEST

/* --- trust -------------------------------------------------------------------------- */

START_TEST(rule_refused)
{
  be_quiet();
  check_silent(RULE_refused);
  sample.lxcfs_count = reading_known(1);
  explain_again();
  check_says(RULE_refused, TOTAL,
             "The black hole cannot be computed: lxcfs provides proc/meminfo, which "
             "mixes a container's numbers with the host's.");
  sample.meminfo.mem_total = reading_missing(READING_MALFORMED);
  check_says(RULE_refused, 0,
             "The black hole cannot be computed: lxcfs provides proc/meminfo, which "
             "mixes a container's numbers with the host's.");
}
END_TEST

/* Takes these lines out of a captured meminfo. */
static void lose_lines(const enum meminfo_field rows[], size_t count)
{
  struct meminfo *m = &sample.meminfo;
  for (size_t i = 0; i < count; i++) {
    m->gaps.lacks[rows[i]] = true;
    m->fields[rows[i]] = reading_missing(READING_MALFORMED);
  }
  m->gaps.count = (unsigned)count;
  m->gaps.first = rows[0];
  m->gaps.last = MEMINFO_FIELD_direct_map_2m;
  m->gaps.open = count > 0;
  explain(&sample, &explanation);
}

START_TEST(rule_incomplete)
{
  static const enum meminfo_field rows[] = {
      MEMINFO_FIELD_active, MEMINFO_FIELD_anon_pages, MEMINFO_FIELD_slab,
      MEMINFO_FIELD_s_reclaimable, MEMINFO_FIELD_page_tables};
  be_quiet();
  check_silent(RULE_incomplete);
  lose_lines(rows, LENGTH(rows));
  check_says(RULE_incomplete, TOTAL,
             "meminfo is incomplete: it lacks the lines Active, AnonPages, Slab and 2 "
             "more, which its kernel prints, so the black hole cannot be computed.");
  check_silent(RULE_black_hole_unknown); /* for it says the same */
  sample.meminfo.gaps.last = MEMINFO_FIELD_inactive_anon;
  sample.meminfo.gaps.first = MEMINFO_FIELD_active_file;
  sample.meminfo.gaps.count = 24;
  check_says(
      RULE_incomplete, TOTAL,
      "meminfo is incomplete: it ends after Inactive(anon) and lacks at least 24 lines "
      "that its kernel prints, so the black hole cannot be computed.");
  be_quiet();
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_mapped}, 1);
  check_says(RULE_incomplete, 0,
             "meminfo is incomplete: it lacks the line Mapped, which its kernel prints.");
  sample.meminfo.gaps.last = MEMINFO_FIELD_anon_pages;
  check_says(
      RULE_incomplete, 0,
      "meminfo is incomplete: it ends after AnonPages and lacks at least 1 line that "
      "its kernel prints.");
}
END_TEST

static void check_mentions(enum rule rule, const char *words)
{
  const struct sentence *sentence = find(rule);
  ck_assert_msg(sentence != NULL, "%s does not apply", rule_rows[rule].name);
  ck_assert_msg(strstr(sentence->text, words) != NULL, "%s", sentence->text);
}

/* Without the lines of small terms the rest is an upper bound, not without a large one.
 */
START_TEST(small_missing_lines_leave_a_bound)
{
  static const enum meminfo_field rows[] = {
      MEMINFO_FIELD_page_tables, MEMINFO_FIELD_bounce, MEMINFO_FIELD_writeback_tmp,
      MEMINFO_FIELD_percpu};
  be_quiet();
  sample.meminfo.mem_free.value -= TOTAL / 10;
  lose_lines(&rows[1], LENGTH(rows) - 1);
  sample.meminfo.gaps.last = MEMINFO_FIELD_page_tables;
  ck_assert(!is_known(explanation.black_hole.estimate));
  ck_assert_int_ge(explanation.black_hole.range.most.value, TOTAL / 10);
  check_silent(RULE_black_hole_unknown);
  check_says(RULE_incomplete, 0,
             "meminfo is incomplete: it ends after PageTables and lacks at least 3 lines "
             "that its kernel prints.");
  check_mentions(RULE_uncertain, "Up to ");
  check_mentions(RULE_uncertain, "; meminfo ends after PageTables, so ");
  check_mentions(RULE_uncertain, "Bounce and WritebackTmp may be part of it");
  lose_lines(rows, LENGTH(rows));
  ck_assert(!is_known(explanation.black_hole.range.most));
  check_silent(RULE_uncertain);
}
END_TEST

/* Lists that count pages that have left them are no bound, but the page cache is. */
START_TEST(wrong_lists_give_no_bound)
{
  be_quiet();
  sample.meminfo.mem_free.value -= TOTAL / 10;
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_bounce}, 1);
  const struct amount most = explanation.black_hole.range.most;
  sample.meminfo.inactive.value += TOTAL / 2;
  sample.meminfo.inactive_file.value += TOTAL / 2;
  explain(&sample, &explanation);
  ck_assert_int_eq(explanation.black_hole.estimate_from, ACCOUNTING_CACHE);
  ck_assert_int_ge(explanation.black_hole.range.most.value, most.value / 2);
  sample.meminfo.anon_pages.value += TOTAL / 2;
  explain(&sample, &explanation);
  ck_assert(!is_known(explanation.black_hole.range.most));
}
END_TEST

START_TEST(what_nothing_proves_may_be_missing)
{
  be_quiet();
  sample.meminfo.gaps = (struct meminfo_gaps){.open = true, .broken = true};
  sample.meminfo.hugetlb = reading_missing(READING_ABSENT);
  explain(&sample, &explanation);
  check_says(RULE_incomplete, 0,
             "meminfo is incomplete: lines of it were left out or cut off.");
  sample.meminfo.gaps =
      (struct meminfo_gaps){.open = true, .last = MEMINFO_FIELD_cma_free};
  check_says(
      RULE_incomplete, 0,
      "meminfo ends after CmaFree: its kernel has no huge pages, or lines are missing.");
  sample.vmstat.unevictable_pgs_culled_count = reading_known(7);
  explain(&sample, &explanation);
  check_silent(RULE_incomplete); /* no huge pages */
}
END_TEST

/* A malformed number is another cause than a missing line. */
START_TEST(black_hole_unknown_does_not_list_missing_lines)
{
  be_quiet();
  sample.meminfo.page_tables = reading_missing(READING_MALFORMED);
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_kernel_stack}, 1);
  check_says(RULE_black_hole_unknown, TOTAL,
             "The black hole cannot be computed because of malformed numbers: "
             "page_tables.");
  check_says(RULE_incomplete, 0,
             "meminfo is incomplete: it lacks the line KernelStack, which its kernel "
             "prints.");
}
END_TEST

START_TEST(rule_black_hole_unknown)
{
  be_quiet();
  check_silent(RULE_black_hole_unknown);
  sample.meminfo.mem_free = reading_missing(READING_ABSENT);
  explain(&sample, &explanation);
  check_says(RULE_black_hole_unknown, TOTAL,
             "The black hole cannot be computed: a line that it needs is missing from "
             "meminfo or malformed.");
  check_silent_if_refused(RULE_black_hole_unknown);
  be_quiet();
  sample.meminfo.page_tables = sample.meminfo.slab = sample.meminfo.s_reclaimable =
      sample.meminfo.s_unreclaim = sample.meminfo.bounce =
          reading_missing(READING_MALFORMED);
  explain(&sample, &explanation);
  check_says(RULE_black_hole_unknown, TOTAL,
             "The black hole cannot be computed because of malformed numbers: "
             "slab_reclaimable, slab_unreclaimable, misc_reclaimable and 2 more.");
}
END_TEST

START_TEST(rule_identities)
{
  be_quiet();
  sample.meminfo.slab.value += MB(2); /* two counters of 1 MiB drift each */
  explain_again();
  check_silent(RULE_identities);
  sample.meminfo.slab.value += PAGE;
  explain_again();
  check_says(
      RULE_identities, 0,
      "Some of the kernel's counters disagree, so numbers that include them may be "
      "off by as much: Slab and SReclaimable + SUnreclaim by 2.0 MiB.");
  check_silent_if_refused(RULE_identities);
  sample.meminfo.commit_limit.value -= GB(7);
  sample.meminfo.direct_map_2m.value = GB(98);
  sample.meminfo.active.value += GB(1);
  explain_again();
  check_says(
      RULE_identities, 0,
      "Some of the kernel's counters disagree, so numbers that include them may be off "
      "by "
      "as much: Active and Active(anon) + Active(file) by 1.0 GiB, Slab and SReclaimable "
      "+ SUnreclaim by 2.0 MiB and 1 more.");
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    explanation.identities[i].judged = false;
  check_silent(RULE_identities);
}
END_TEST

START_TEST(every_operand_of_an_identity_has_a_name)
{
  for (unsigned i = 0; i < IDENTITY_COUNT; i++) {
    be_quiet();
    explanation.identities[i] = (struct identity_result){
        .residual = {.value = -(int64_t)GB(1), .state = READING_KNOWN}, .judged = true};
    const struct sentence *sentence = find(RULE_identities);
    if (sentence != NULL)
      ck_assert_msg(strstr(sentence->text, "other numbers") == NULL, "%s",
                    sentence->text);
  }
}
END_TEST

/* Page cache of 21 GiB. */
START_TEST(rule_wrong_counter)
{
  be_quiet();
  sample.meminfo.dirty = reading_known(GB(21) + MB(3)); /* of drift */
  explain_again();
  check_silent(RULE_wrong_counter);
  ck_assert_ptr_nonnull(find(RULE_dirty));
  sample.meminfo.dirty = reading_known(GB(31));
  explain_again();
  check_says(
      RULE_wrong_counter, GB(10),
      "Dirty (31.0 GiB) exceeds the page cache that it is part of (21.0 GiB), so it "
      "is wrong: the kernel lost count, as 5.19-rc1 to rc4 did, and throttles "
      "writers by this number until the next boot.");
  check_silent(RULE_dirty);
  check_silent(RULE_identities);
  check_silent_if_refused(RULE_wrong_counter);
  check_needs_amount(RULE_wrong_counter,
                     &explanation.identities[IDENTITY_dirty].residual);
  /* The page cache may be larger than its counter. */
  sample.meminfo.active_file.value += GB(20);
  sample.meminfo.active.value += GB(20);
  explain_again();
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text, ", so one of the two is wrong: "));
  sample.meminfo.shmem = reading_known(GB(22));
  explain_again();
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text, "; 1 other counter is wrong too."));
  check_silent(RULE_shmem);
}
END_TEST

/* By each row of wrong_counters.def. */
START_TEST(a_counter_that_is_wrong_is_not_stated)
{
  be_quiet();
  sample.meminfo.mem_available = reading_known(GB(101));
  explain_again();
  ck_assert_ptr_nonnull(strstr(find(RULE_wrong_counter)->text,
                               "MemAvailable (101.0 GiB) exceeds MemTotal (100.0 GiB)"));
  be_quiet();
  sample.meminfo.cma_total = reading_known(GB(1));
  sample.meminfo.cma_free = reading_known(GB(9));
  explain_again();
  ck_assert_ptr_nonnull(strstr(find(RULE_wrong_counter)->text, "CmaFree (9.0 GiB)"));
  check_silent(RULE_cma_free);
  check_silent(RULE_largest);                  /* without MemFree nothing is certain */
  sample.meminfo.cma_total = reading_known(0); /* a region that it does not include */
  explain_again();
  check_silent(RULE_wrong_counter);
  ck_assert_ptr_nonnull(find(RULE_cma_free));
  be_quiet(); /* Slab of more than what is not free, beside lists that are right */
  sample.meminfo.s_unreclaim.value += GB(20);
  sample.meminfo.slab.value += GB(20);
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text, "so Slab or MemFree is too large"));
  check_silent(RULE_slab_unreclaimable);
  check_silent(RULE_largest);
  check_silent(RULE_black_hole_negative);
  be_quiet(); /* Slab above MemTotal */
  sample.meminfo.slab = reading_missing(READING_MALFORMED);
  sample.meminfo.above_total[MEMINFO_FIELD_slab] = GB(400);
  explain_again();
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text,
             "Slab (400.0 GiB) exceeds MemTotal (100.0 GiB), so it is"));
  be_quiet(); /* AnonPages that are on no list */
  sample.meminfo.anon_pages.value += GB(65);
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(strstr(find(RULE_wrong_counter)->text, "AnonPages includes"));
  ck_assert_ptr_null(strstr(find(RULE_largest)->text, "AnonPages"));
  check_silent(RULE_identities);
  be_quiet(); /* Shmem, not released memory */
  sample.meminfo.shmem = reading_known(GB(30));
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(strstr(find(RULE_wrong_counter)->text, "Shmem (30.0 GiB)"));
  check_silent(RULE_lazyfree);
  check_silent(RULE_shmem);
  be_quiet(); /* isolated pages that do not exist */
  sample.vmstat.nr_isolated_file = reading_known(GB(33));
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text,
             "The number of isolated pages (33.0 GiB) exceeds the LRU"));
  check_silent(RULE_lru_cache);
  be_quiet(); /* lists of more than what is not free */
  sample.meminfo.active.value += GB(20);
  sample.meminfo.active_file.value += GB(20);
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(find(RULE_wrong_counter));
  check_silent(RULE_lru_cache);
  be_quiet();
  sample.hugepages.total = reading_known(GB(2));
  sample.hugepages.free = reading_known(GB(3));
  sample.hugepages.reserved = reading_known(0);
  explain_again();
  check_silent(RULE_hugetlb_unused);
  ck_assert_ptr_nonnull(find(RULE_wrong_counter));
}
END_TEST

START_TEST(rule_black_hole_negative)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  set_hole(-(int64_t)GB(2), 0, GB(2));
  check_silent(RULE_black_hole_negative);
  set_hole(-(int64_t)GB(2) - (int64_t)PAGE, 0, GB(2));
  check_says(RULE_black_hole_negative, GB(2) + PAGE,
             "The parts of memory add up to 2.0 GiB (2.0 % of MemTotal) more than "
             "MemTotal, and the error is only 2.0 GiB: something is counted twice.");
  check_needs_amount(RULE_black_hole_negative, &hole->estimate);
  check_needs_amount(RULE_black_hole_negative, &hole->range.most);
  check_silent_if_refused(RULE_black_hole_negative);
  /* What is not known makes it even less. */
  hole->error = reading_missing(READING_ABSENT);
  hole->range.least = (struct amount){.state = READING_ABSENT};
  ck_assert_ptr_nonnull(find(RULE_black_hole_negative));
}
END_TEST

START_TEST(rule_hidden_exceeds)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  *term(TERM_HIDDEN_zram) = amount_known(GB(4));
  hole->hidden = amount_known(GB(5));
  set_unexplained(-(int64_t)GB(3), 0, GB(3));
  check_silent(RULE_hidden_exceeds);
  set_unexplained(-(int64_t)GB(3), 0, GB(1));
  check_says(RULE_hidden_exceeds, 0,
             "Hidden consumers report 5.0 GiB (5.0 % of MemTotal), 2.0 GiB more than the "
             "black hole can hold: one of them includes pages that are counted elsewhere "
             "(the largest is zram with 4.0 GiB).");
  check_needs_amount(RULE_hidden_exceeds, &hole->hidden);
  check_needs_amount(RULE_hidden_exceeds, &hole->unexplained_range.most);
  check_silent_if_refused(RULE_hidden_exceeds);
  set_hole(-(int64_t)GB(50), 0, 0); /* the consumers are not to blame */
  check_silent(RULE_hidden_exceeds);
}
END_TEST

START_TEST(hidden_exceeds_applies_to_what_explain_computes)
{
  be_quiet();
  sample.consumers.zram = reading_known(GB(4));
  explain_again();
  const struct sentence *sentence = find(RULE_hidden_exceeds);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_ptr_nonnull(strstr(sentence->text, "the largest is zram with 4.0 GiB"));
  explain_with(GB(4) + MB(16));
  check_silent(RULE_hidden_exceeds);
}
END_TEST

/* --- what is short, and what is large ----------------------------------------------- */

START_TEST(rule_short_of_memory)
{
  be_quiet();
  sample.meminfo.mem_available = reading_known(GB(5));
  check_silent(RULE_short_of_memory);
  sample.meminfo.mem_available = reading_known(GB(5) - PAGE);
  check_says(RULE_short_of_memory, GB(95) + PAGE,
             "Memory is low: only 5.0 GiB (5.0 % of MemTotal) is available "
             "(MemAvailable); the largest users are page cache (Cached and Buffers "
             "without Shmem) with 20.0 GiB, anonymous memory of processes (AnonPages) "
             "with 10.0 GiB, unreclaimable slab (SUnreclaim) with 2.0 GiB.");
  check_needs(RULE_short_of_memory, &sample.meminfo.mem_available);
  check_needs(RULE_short_of_memory, &sample.meminfo.mem_total);
  /* MemAvailable and the first are the container's own; slab may be the host's. */
  explanation.refused = "it is not";
  check_says(RULE_short_of_memory, GB(95) + PAGE,
             "Memory is low: only 5.0 GiB (5.0 % of MemTotal) is available "
             "(MemAvailable); the largest users are page cache (Cached and Buffers "
             "without Shmem) with 20.0 GiB, anonymous memory of processes (AnonPages) "
             "with 10.0 GiB.");
}
END_TEST

START_TEST(short_of_memory_applies_where_no_user_is_known)
{
  sample = (struct sample){.page_size = PAGE};
  sample.meminfo.mem_total = reading_known(TOTAL);
  sample.meminfo.mem_available = reading_known(0);
  before = NULL;
  explain(&sample, &explanation);
  check_says(RULE_short_of_memory, TOTAL,
             "Memory is low: only 0 B (0.0 % of MemTotal) is available (MemAvailable).");
  check_silent(RULE_largest);
}
END_TEST

START_TEST(rule_low_free)
{
  be_quiet();
  struct meminfo *m = &sample.meminfo;
  m->high_total = reading_known(GB(99));
  m->low_total = reading_known(GB(1));
  m->low_free = reading_known(GB(1) / 20 + 1);
  check_silent(RULE_low_free);
  m->low_free = reading_known(GB(1) / 20);
  check_says(RULE_low_free, GB(1),
             "Low memory, the only memory that the kernel can use for itself, is nearly "
             "exhausted: LowFree is 51.2 MiB of 1.0 GiB LowTotal.");
  check_needs(RULE_low_free, &m->high_total);
  check_needs(RULE_low_free, &m->low_total);
  check_needs(RULE_low_free, &m->low_free);
  check_silent_if_refused(RULE_low_free);
  m->high_total = reading_known(0); /* then LowFree is MemFree */
  check_silent(RULE_low_free);
}
END_TEST

START_TEST(rule_largest)
{
  be_quiet();
  sample.zoneinfo.pcp = sample.zoneinfo_after.pcp = reading_known(GB(1));
  explain(&sample, &explanation);
  sample.meminfo.mem_free = reading_known(GB(49) + PAGE);
  check_says(RULE_largest, GB(50) + PAGE,
             "Most of MemTotal (100.0 GiB) is free memory (MemFree and per-CPU lists): "
             "50.0 GiB (50.0 % of MemTotal); the largest part of the memory in use (50.0 "
             "GiB) is page cache (Cached and Buffers without Shmem): 20.0 GiB.");
  sample.meminfo.mem_free = reading_known(GB(49));
  check_says(RULE_largest, GB(50),
             "The largest part of MemTotal (100.0 GiB) is free memory (MemFree and "
             "per-CPU lists): 50.0 GiB (50.0 % of MemTotal); the largest part of the "
             "memory in use (50.0 GiB) is page cache (Cached and Buffers without Shmem): "
             "20.0 GiB.");
  for (size_t i = 0; i < MISSING; i++) {
    sample.meminfo.mem_free = (struct reading){GB(49), missing[i]};
    check_silent(RULE_largest); /* that of 20 GiB is not certainly the largest */
    sample.meminfo.cached = reading_known(GB(45));
    check_says(RULE_largest, GB(45),
               "The largest part of MemTotal (100.0 GiB) is page cache (Cached and "
               "Buffers without Shmem): 45.0 GiB (45.0 % of MemTotal).");
    sample.meminfo.cached = reading_known(GB(20));
  }
  sample.meminfo.mem_total = reading_missing(READING_MALFORMED);
  check_silent(RULE_largest);
}
END_TEST

/* earlyoom's issue 208: ten lines, of which Cached is the largest number. */
START_TEST(largest_is_certain_or_not_said)
{
  static const enum meminfo_field rows[] = {MEMINFO_FIELD_anon_pages, MEMINFO_FIELD_shmem,
                                            MEMINFO_FIELD_slab,
                                            MEMINFO_FIELD_page_tables};
  be_quiet();
  sample.meminfo.mem_free = reading_known(GB(5));
  sample.meminfo.cached = reading_known(GB(60));
  sample.meminfo.mem_available = reading_known(GB(1));
  lose_lines(rows, LENGTH(rows));
  check_says(
      RULE_largest, GB(61),
      "Most of MemTotal (100.0 GiB) is page cache, tmpfs and shared memory (Cached "
      "and Buffers): 61.0 GiB (61.0 % of MemTotal).");
  check_says(RULE_short_of_memory, GB(99),
             "Memory is low: only 1.0 GiB (1.0 % of MemTotal) is available "
             "(MemAvailable); the largest user is page cache, tmpfs and shared memory "
             "(Cached and Buffers) with 61.0 GiB.");
  sample.meminfo.cached = reading_known(GB(40)); /* AnonPages may be larger */
  explain(&sample, &explanation);
  check_silent(RULE_largest);
  check_says(RULE_short_of_memory, GB(99),
             "Memory is low: only 1.0 GiB (1.0 % of MemTotal) is available "
             "(MemAvailable).");
}
END_TEST

START_TEST(the_largest_part_of_the_rest_is_said_where_it_is_certain)
{
  be_quiet();
  struct meminfo *m = &sample.meminfo;
  m->mem_free = reading_known(GB(90) - MB(256));
  m->s_unreclaim = reading_known(GB(5) + PAGE);
  m->cached = reading_known(GB(2));
  m->anon_pages = reading_known(GB(1));
  explain(&sample, &explanation);
  check_says(RULE_largest, GB(90),
             "Most of MemTotal (100.0 GiB) is free memory (MemFree and per-CPU lists): "
             "90.0 GiB (90.0 % of MemTotal); most of the memory in use (10.0 GiB) is "
             "unreclaimable slab (SUnreclaim): 5.0 GiB.");
  /* Only this is known, and the per-CPU lists are in the rest. */
  *m = (struct meminfo){.mem_total = m->mem_total,
                        .mem_free = reading_known(GB(90)),
                        .s_unreclaim = reading_known(GB(5))};
  sample.zoneinfo = sample.zoneinfo_after = (struct zoneinfo){.pcp = {0}};
  sample.vmallocinfo = (struct vmallocinfo){.pages = {0}};
  explain(&sample, &explanation);
  check_says(RULE_largest, GB(90),
             "Most of MemTotal (100.0 GiB) is free memory (MemFree): 90.0 GiB (90.0 % of "
             "MemTotal); the largest part of the memory in use (at most 10.0 GiB) is "
             "unreclaimable slab (SUnreclaim): 5.0 GiB.");
  /* What has no line here may be larger. */
  m->s_unreclaim.value -= PAGE;
  check_says(RULE_largest, GB(90),
             "Most of MemTotal (100.0 GiB) is free memory (MemFree): 90.0 GiB (90.0 % of "
             "MemTotal).");
}
END_TEST

/* Buffers is missing, so the page cache may be larger than MemFree. */
START_TEST(part_of_a_user_does_not_rank_below_another)
{
  be_quiet();
  sample.meminfo.mem_free = reading_known(GB(36));
  sample.meminfo.cached = reading_known(GB(36));
  sample.meminfo.buffers = reading_known(GB(9));
  sample.meminfo.active = reading_known(GB(30));
  sample.meminfo.active_file = reading_known(GB(24));
  sample.meminfo.inactive = reading_known(GB(25));
  sample.meminfo.inactive_file = reading_known(GB(20));
  explain(&sample, &explanation);
  ck_assert_ptr_nonnull(strstr(find(RULE_largest)->text, " is page cache"));
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_buffers}, 1);
  check_silent(RULE_largest);
}
END_TEST

START_TEST(each_user_can_be_the_largest)
{
  const struct {
    struct reading *reading;
    struct amount *amount;
    const char *name;
    bool of_host;
  } holders[] = {
      {&sample.meminfo.mem_free, NULL, "free memory", false},
      {&sample.meminfo.anon_pages, NULL, "anonymous memory of processes", false},
      {&sample.meminfo.cached, NULL, "page cache", false},
      {&sample.meminfo.shmem, NULL, "tmpfs and shared memory", false},
      {&sample.meminfo.slab, NULL, "slab", true},
      {&sample.meminfo.s_unreclaim, NULL, "unreclaimable slab", true},
      {&sample.meminfo.s_reclaimable, NULL, "reclaimable slab", true},
      {NULL, term(TERM_KERNEL_hugetlb), "huge pages", true},
      {NULL, term(TERM_KERNEL_vmalloc), "vmalloc", true},
      {NULL, term(TERM_KERNEL_page_tables), "page tables", true},
      {NULL, &explanation.black_hole.estimate, "the black hole", true},
  };
  for (size_t i = 0; i < sizeof(holders) / sizeof(*holders); i++) {
    be_quiet();
    sample.meminfo.mem_free = reading_known(GB(1));
    if (holders[i].reading == &sample.meminfo.slab) /* else its parts are users */
      sample.meminfo.s_unreclaim = sample.meminfo.s_reclaimable = (struct reading){0};
    if (holders[i].reading != NULL)
      *holders[i].reading = reading_known(GB(70));
    else
      *holders[i].amount = amount_known(GB(70));
    if (holders[i].amount == &explanation.black_hole.estimate)
      set_hole(GB(70), 0, 0);
    char want[64];
    snprintf(want, sizeof(want), "MemTotal (100.0 GiB) is %s", holders[i].name);
    const struct sentence *sentence = find(RULE_largest);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence->text, want) != NULL, "%s", sentence->text);
    explanation.refused = "it is not";
    sentence = find(RULE_largest);
    bool said = sentence != NULL && strstr(sentence->text, want) != NULL;
    ck_assert_int_eq(said, !holders[i].of_host);
  }
}
END_TEST

/* --- the black hole ----------------------------------------------------------------- */

START_TEST(rule_black_hole_owner)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  *term(TERM_HIDDEN_zram) = amount_known(MB(256));
  *term(TERM_HIDDEN_zswap) = (struct amount){(int64_t)GB(9), READING_DENIED};
  set_hole(MB(512), MB(10), MB(10));
  check_silent(RULE_black_hole_owner);
  set_hole(MB(512) + PAGE, MB(10), MB(10));
  check_says(RULE_black_hole_owner, MB(256),
             "The black hole is 512.0 MiB (0.5 % of MemTotal); its largest known owner "
             "is zram with 256.0 MiB, 50 % of it (see zramctl).");
  check_needs_amount(RULE_black_hole_owner, &hole->estimate);
  check_silent_if_refused(RULE_black_hole_owner);
  set_hole(MB(512) + PAGE, MB(200), MB(10));
  check_says(
      RULE_black_hole_owner, MB(256),
      "The black hole is at least 312.0 MiB (0.3 % of MemTotal); its largest known "
      "owner is zram with 256.0 MiB (see zramctl).");
  set_hole(MB(512) + PAGE, GB(1), MB(10));
  check_says(RULE_black_hole_owner, MB(256),
             "The black hole is at most 522.0 MiB (0.5 % of MemTotal); its largest known "
             "owner is zram with 256.0 MiB (see zramctl).");
  hole->range.most.state = READING_ABSENT;
  hole->range.least.state = READING_ABSENT;
  check_says(RULE_black_hole_owner, MB(256),
             "The black hole is about 512.0 MiB (0.5 % of MemTotal); its largest known "
             "owner is zram with 256.0 MiB (see zramctl).");
  set_hole(MB(512) + PAGE, 0, 0);
  term(TERM_HIDDEN_zram)->state = READING_MALFORMED;
  *term(TERM_HIDDEN_hash_tables) = amount_known(MB(52));
  check_says(RULE_black_hole_owner, MB(52),
             "The black hole is 512.0 MiB (0.5 % of MemTotal); its largest known owner "
             "is hash tables allocated at boot with 52.0 MiB, 10 % of it (see \"hash "
             "table entries\" in dmesg).");
  *term(TERM_HIDDEN_hash_tables) = amount_known(MB(51)); /* explains too little */
  check_silent(RULE_black_hole_owner);
  set_hole(GB(20), 0, 0); /* but 1 % of MemTotal is noticeable */
  *term(TERM_HIDDEN_hash_tables) = amount_known(GB(1) + PAGE);
  ck_assert_ptr_nonnull(find(RULE_black_hole_owner));
  *term(TERM_HIDDEN_hash_tables) = amount_known(GB(1));
  check_silent(RULE_black_hole_owner);
  *term(TERM_HIDDEN_hash_tables) = amount_known(0);
  check_silent(RULE_black_hole_owner);
}
END_TEST

START_TEST(every_hidden_term_has_a_row_in_owner_of)
{
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    if (term_rows[i].view != TERM_VIEW_HIDDEN)
      continue;
    be_quiet();
    set_hole(GB(9), 0, 0);
    *term(i) = amount_known(GB(8));
    const struct sentence *sentence = find(RULE_black_hole_owner);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence->text, "look at meminfo-explain") == NULL,
                  "%s has no row in owner_of", term_rows[i].name);
  }
}
END_TEST

static void add_site(uint64_t bytes)
{
  explanation.black_hole.allocinfo = amount_known(bytes);
  explanation.black_hole.allocinfo_difference = amount_known(0);
  sample.allocinfo.sites_listed = 1;
  sample.allocinfo.sites[0] = (struct allocinfo_site){.function = "foo_rx_refill",
                                                      .module = "foo",
                                                      .file = "drivers/foo/rx.c:81",
                                                      .bytes = bytes};
}

START_TEST(rule_unexplained)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  set_unexplained(GB(1), MB(100), MB(100));
  check_silent(RULE_unexplained);
  set_unexplained(GB(1) + PAGE, MB(100), MB(100));
  check_says(RULE_unexplained, GB(1) + PAGE,
             "No known driver accounts for 1.0 GiB (1.0 % of MemTotal) of the black "
             "hole; to see which code allocated it, use /proc/allocinfo (since Linux "
             "6.10, with CONFIG_MEM_ALLOC_PROFILING and sysctl vm.mem_profiling=1) or "
             "boot with page_owner=on.");
  check_needs_amount(RULE_unexplained, &hole->unexplained);
  check_silent_if_refused(RULE_unexplained);
  add_site(MB(900));
  check_says(RULE_unexplained, GB(1) + PAGE,
             "No known driver accounts for 1.0 GiB (1.0 % of MemTotal) of the black "
             "hole, whose largest allocation site in /proc/allocinfo is foo_rx_refill "
             "[foo] with 900.0 MiB.");
  hole->allocinfo_difference = amount_known(MB(901)); /* as large a site may be missing */
  check_says(RULE_unexplained, GB(1) + PAGE,
             "No known driver accounts for 1.0 GiB (1.0 % of MemTotal) of the black "
             "hole; the largest allocation site of what /proc/allocinfo counts is "
             "foo_rx_refill [foo] with 900.0 MiB.");
  hole->allocinfo_difference = amount_known(0);
  check_needs_amount(RULE_unexplained, &hole->unexplained_range.least);
  sample.allocinfo.sites_listed = 0; /* the option is on */
  check_says(
      RULE_unexplained, GB(1) + PAGE,
      "No known driver accounts for 1.0 GiB (1.0 % of MemTotal) of the black hole, "
      "and no allocation site in /proc/allocinfo holds whole pages.");
  sample.allocinfo.sites_listed = 1;
  set_unexplained(GB(3), GB(1), 0);
  *term(TERM_UPPER_BOUND_balloon) = amount_known(GB(5));
  *term(TERM_UPPER_BOUND_sockets) = amount_known(GB(2));
  *term(TERM_UPPER_BOUND_nfsd) = amount_known(MB(300)); /* less than a tenth */
  check_says(RULE_unexplained, GB(2),
             "No known driver accounts for at least 2.0 GiB (2.0 % of MemTotal) of the "
             "black hole, whose largest allocation site in /proc/allocinfo is "
             "foo_rx_refill [foo] with 900.0 MiB; all of it may be a balloon (driver "
             "unknown), if that is in MemTotal, up to 2.0 GiB socket buffers.");
  set_unexplained(GB(3), GB(2), 0); /* at least 1 %, which is not enough */
  check_silent(RULE_unexplained);
}
END_TEST

START_TEST(unexplained_where_files_are_missing)
{
  be_quiet();
  set_unexplained(GB(2), MB(100), MB(100));
  sample.sources[SOURCE_allocinfo].state = READING_MALFORMED;
  check_says(
      RULE_unexplained, GB(2),
      "No known driver accounts for 2.0 GiB (2.0 % of MemTotal) of the black hole; "
      "/proc/allocinfo is malformed.");
  sample.sources[SOURCE_allocinfo].state = READING_KNOWN;
  add_site(MB(204));
  check_says(RULE_unexplained, GB(2),
             "No known driver accounts for 2.0 GiB (2.0 % of MemTotal) of the black "
             "hole; the allocation sites of the black hole that /proc/allocinfo counts "
             "are all small, 204.0 MiB together.");
  be_quiet();
  set_unexplained(GB(2), MB(100), MB(100));
  sample.credentials.live = false;
  check_says(RULE_unexplained, GB(2),
             "No driver's file was captured, so the owner of 2.0 GiB (2.0 % of MemTotal) "
             "of the black hole is unknown: ZFS, zram, a balloon, graphics or another "
             "driver may hold it.");
  sample.sources[SOURCE_cpu_possible].state = READING_KNOWN; /* /sys was captured */
  check_mentions(RULE_unexplained, "No known driver accounts for ");
  sample.sources[SOURCE_cpu_possible].state = READING_ABSENT;
  sample.sources[SOURCE_FIRST_CONSUMER].state = READING_DENIED;
  check_mentions(RULE_unexplained, "No known driver accounts for ");
}
END_TEST

static void leak_pages(uint64_t bytes)
{
  explanation.black_hole.uncounted = amount_known(bytes);
  sample.allocinfo.place[ALLOCINFO_USER] = reading_known(GB(31) + bytes);
  sample.allocinfo.user_sites_listed = 1;
  sample.allocinfo.user_sites[0] =
      (struct allocinfo_site){.function = "__filemap_get_folio",
                              .file = "mm/filemap.c:1951",
                              .bytes = GB(10) + bytes};
}

START_TEST(rule_uncounted)
{
  be_quiet();
  leak_pages(MB(512));
  check_silent(RULE_uncounted);
  leak_pages(MB(512) + PAGE);
  check_says(
      RULE_uncounted, MB(512) + PAGE,
      "Allocation sites of the page cache and anonymous memory hold at least 31.5 GiB, "
      "but the LRU lists, Cached, Buffers and AnonPages count only 31.0 GiB: at least "
      "512.0 MiB (0.5 % of MemTotal) left them without being freed; the largest such "
      "site is "
      "__filemap_get_folio at mm/filemap.c:1951 with 10.5 GiB.");
  check_needs_amount(RULE_uncounted, &explanation.black_hole.uncounted);
  check_silent_if_refused(RULE_uncounted);
  /* It replaces what else is said of the same memory, if it is most of it. */
  set_unexplained(GB(5), MB(100), MB(100));
  add_site(GB(1));
  ck_assert_ptr_nonnull(find(RULE_unexplained));
  ck_assert_ptr_nonnull(find(RULE_allocinfo_site));
  leak_pages(GB(4));
  ck_assert_double_eq(find(RULE_uncounted)->weight, (double)GB(5));
  check_silent(RULE_unexplained);
  check_silent(RULE_allocinfo_site);
  sample.allocinfo.user_sites_listed = 0;
  check_silent(RULE_uncounted);
}
END_TEST

START_TEST(rule_allocinfo_site)
{
  be_quiet();
  check_silent(RULE_allocinfo_site);
  add_site(MB(512));
  check_silent(RULE_allocinfo_site);
  add_site(MB(512) + PAGE);
  check_says(
      RULE_allocinfo_site, MB(512) + PAGE,
      "The largest allocation site of the black hole in /proc/allocinfo is foo_rx_refill "
      "[foo] at drivers/foo/rx.c:81: 512.0 MiB (0.5 % of MemTotal).");
  explanation.black_hole.allocinfo_difference = amount_known(MB(513));
  check_says(RULE_allocinfo_site, MB(512) + PAGE,
             "The largest allocation site of what /proc/allocinfo counts in the black "
             "hole is foo_rx_refill [foo] at drivers/foo/rx.c:81: 512.0 MiB (0.5 % of "
             "MemTotal).");
  explanation.black_hole.allocinfo_difference = amount_known(0);
  /* One of vmalloc's callers, where they are not known. */
  const struct reading pages = sample.vmallocinfo.pages;
  const struct amount vmalloc = *term(TERM_KERNEL_vmalloc);
  sample.vmallocinfo.pages = reading_missing(READING_ABSENT);
  *term(TERM_KERNEL_vmalloc) = amount_known(MB(600));
  check_silent(RULE_allocinfo_site);
  sample.vmallocinfo.pages = pages;
  *term(TERM_KERNEL_vmalloc) = vmalloc;
  check_needs_amount(RULE_allocinfo_site, &explanation.black_hole.allocinfo);
  check_silent_if_refused(RULE_allocinfo_site);
  sample.allocinfo.sites[0].module[0] = '\0';
  check_says(RULE_allocinfo_site, MB(512) + PAGE,
             "The largest allocation site of the black hole in /proc/allocinfo is "
             "foo_rx_refill at drivers/foo/rx.c:81: 512.0 MiB (0.5 % of MemTotal).");
  sample.allocinfo.sites_listed = 0;
  check_silent(RULE_allocinfo_site);
}
END_TEST

START_TEST(rule_black_hole_growth)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  hole->noise = reading_known(MB(100));
  hole->above_floor = amount_known(GB(1));
  check_silent(RULE_black_hole_growth);
  hole->above_floor = amount_known(GB(1) + PAGE);
  check_says(RULE_black_hole_growth, GB(1) + PAGE,
             "The black hole is 1.0 GiB (1.0 % of MemTotal) above its lowest level since "
             "the first samples: if it keeps growing, suspect a leak in the kernel.");
  check_needs_amount(RULE_black_hole_growth, &hole->above_floor);
  check_silent_if_refused(RULE_black_hole_growth);
  hole->noise = reading_known(GB(2));
  explanation.decided.vmalloc.unbounded = true;
  check_says(RULE_black_hole_growth, GB(1) + PAGE,
             "The black hole, in which vmalloc is here, is 1.0 GiB (1.0 % of MemTotal) "
             "above its lowest level since the first samples, which its error of 2.0 GiB "
             "may explain: if it keeps growing, suspect a leak in the kernel.");
}
END_TEST

START_TEST(rule_consumers_unreadable)
{
  be_quiet();
  check_silent(RULE_consumers_unreadable);
  sample.consumers.zswap_pool = reading_missing(READING_DENIED);
  explain_with(GB(4));
  check_says(RULE_consumers_unreadable, GB(4) - MB(16),
             "The unexplained 4.0 GiB (4.0 % of MemTotal) may belong to consumers that "
             "could not be read (zswap).");
  sample.consumers.ftrace_rings = sample.consumers.brd = sample.consumers.ttm_pool =
      reading_missing(READING_MALFORMED);
  explain_with(GB(4));
  check_says(RULE_consumers_unreadable, GB(4) - MB(16),
             "The unexplained 4.0 GiB (4.0 % of MemTotal) may belong to consumers that "
             "could not be read (ftrace ring buffers, RAM disks (brd), zswap and 1 "
             "more).");
  sample.sources[SOURCE_zswap_pool].state = READING_DENIED;
  const struct sentence *sentence = find(RULE_consumers_unreadable);
  ck_assert_ptr_nonnull(strstr(sentence->text, " and 1 more); run as root."));
  sample.credentials = root;
  sentence = find(RULE_consumers_unreadable);
  ck_assert_ptr_nonnull(
      strstr(sentence->text, "; a security module or kernel lockdown denies it."));
  check_needs_amount(RULE_consumers_unreadable, &explanation.black_hole.unexplained);
  check_silent_if_refused(RULE_consumers_unreadable);
  explanation.black_hole.unexplained.value = 0;
  check_silent(RULE_consumers_unreadable);
  explain_again(); /* too little */
  check_silent(RULE_consumers_unreadable);
  sample.zoneinfo.pcp = reading_missing(READING_DENIED);
  explain_with(GB(4)); /* one sentence */
  check_silent(RULE_consumers_unreadable);
  ck_assert_ptr_nonnull(strstr(find(RULE_uncertain)->text,
                               "; consumers whose files could not be read (ftrace ring "
                               "buffers, RAM disks (brd), zswap and 1 more) may be part "
                               "of it."));
  /* A vmstat without its end does not show that there is no balloon. */
  be_quiet();
  sample.vmstat.balloon_inflate_count = sample.vmstat.balloon_deflate_count =
      reading_missing(READING_MALFORMED);
  explain_with(GB(4));
  check_says(RULE_consumers_unreadable, GB(4) - MB(16),
             "The unexplained 4.0 GiB (4.0 % of MemTotal) may belong to consumers that "
             "could not be read (a balloon).");
}
END_TEST

START_TEST(rule_uncertain)
{
  be_quiet();
  struct black_hole *hole = &explanation.black_hole;
  check_silent(RULE_uncertain);
  hole->hidden = amount_known(0);
  set_unexplained(GB(1), GB(1), MB(100));
  check_silent(RULE_uncertain);
  set_unexplained(GB(3), GB(3), MB(100));
  check_says(RULE_uncertain, GB(3),
             "Up to 3.1 GiB (3.1 % of MemTotal) is in no line of meminfo.");
  check_needs_amount(RULE_uncertain, &hole->unexplained);
  check_silent_if_refused(RULE_uncertain);
  hole->hidden = amount_known(MB(16));
  set_unexplained(GB(3), GB(2) + MB(512), 0);
  check_says(RULE_uncertain, GB(3),
             "Between 512.0 MiB and 3.0 GiB (3.0 % of MemTotal) is in no line of meminfo "
             "and of no known driver.");
  hole->unexplained_range.most.state = hole->unexplained_range.least.state =
      READING_ABSENT;
  check_says(RULE_uncertain, GB(3),
             "About 3.0 GiB (3.0 % of MemTotal) is in no line of meminfo and of no known "
             "driver; how exact that is is not known, because the files could not be "
             "read twice.");
  set_unexplained(GB(3), MB(100), MB(100)); /* then rule_unexplained says it */
  check_silent(RULE_uncertain);
}
END_TEST

START_TEST(all_that_is_unknown_fits_in_a_sentence)
{
  be_quiet();
  struct consumers *consumers = &sample.consumers;
  consumers->zswap_pool = consumers->ftrace_rings = consumers->brd = consumers->ttm_pool =
      reading_missing(READING_MALFORMED);
  sample.meminfo.vmalloc_used = reading_known(0);
  sample.vmallocinfo = (struct vmallocinfo){.callers_count = 0};
  explain_with(GB(20));
  explanation.decided.hugetlb.unbounded = true;
  *term(TERM_UPPER_BOUND_balloon) = *term(TERM_UPPER_BOUND_sockets) =
      *term(TERM_UPPER_BOUND_nfsd) = *term(TERM_UPPER_BOUND_dma_buf) =
          amount_known(GB(15) - PAGE);
  const struct sentence *sentence = find(RULE_uncertain);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_str_eq(
      sentence->text,
      "Up to 20.0 GiB (20.0 % of MemTotal) is in no line of meminfo and of no known "
      "driver; vmalloc is part of it, because /proc/vmallocinfo, which only root can "
      "read, is unavailable; huge pages may be part of it; up to 15.0 GiB of it may be "
      "a balloon (driver unknown), if that is in MemTotal, up to 15.0 GiB socket "
      "buffers, up to 15.0 GiB dma-bufs; consumers whose files could not be read (ftrace "
      "ring buffers, RAM "
      "disks (brd), zswap and 1 more) may be part of it.");
}
END_TEST

START_TEST(a_missing_file_is_named_with_the_bound)
{
  be_quiet();
  sample.zoneinfo = sample.zoneinfo_after = (struct zoneinfo){.pcp = {.value = 0}};
  sample.meminfo.vmalloc_used = reading_known(0);
  sample.vmallocinfo = (struct vmallocinfo){.callers_count = 0};
  explain_with(GB(20));
  const struct sentence *sentence = find(RULE_uncertain);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_str_eq(
      sentence->text,
      "Up to 20.0 GiB (20.0 % of MemTotal) is in no line of meminfo and of no "
      "known driver; vmalloc is part of it, because /proc/vmallocinfo, which "
      "only root can read, is unavailable; up to 12.5 GiB of it may be free "
      "pages on per-CPU lists.");
  ck_assert_ptr_null(find(RULE_unexplained));
  sample.sources[SOURCE_vmallocinfo].state = READING_MALFORMED;
  ck_assert_ptr_nonnull(strstr(find(RULE_uncertain)->text,
                               "because /proc/vmallocinfo is malformed; up to"));
  explain_with(GB(60));
  ck_assert_ptr_nonnull(
      strstr(find(RULE_largest)->text, "the black hole and vmalloc: at least 47"));
  /* VmallocUsed is address space. */
  sample.meminfo.vmalloc_used = reading_known(GB(4));
  sample.meminfo.vmalloc_chunk = reading_known(GB(1));
  explain_with(GB(4));
  sentence = find(RULE_uncertain);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_ptr_nonnull(
      strstr(sentence->text,
             "; all of it may be vmalloc (only root can read /proc/vmallocinfo)."));
}
END_TEST

START_TEST(rule_balloon_inside)
{
  be_quiet();
  *term(TERM_HIDDEN_virtio_balloon) = amount_known(0);
  check_silent(RULE_balloon_inside);
  *term(TERM_HIDDEN_virtio_balloon) = amount_known(PAGE);
  check_says(
      RULE_balloon_inside, PAGE,
      "The hypervisor has taken 4.0 KiB (under 0.1 % of MemTotal) through the "
      "virtio balloon: MemTotal still includes it, although this machine cannot use it.");
  check_needs_amount(RULE_balloon_inside, term(TERM_HIDDEN_virtio_balloon));
  be_quiet();
  sample.consumers.vmware_current = reading_known(GB(3));
  explain_with(GB(3));
  check_says(RULE_balloon_inside, GB(3),
             "The hypervisor has taken 3.0 GiB (3.0 % of MemTotal) through the VMware "
             "balloon: MemTotal still includes it, although this machine cannot use it.");
  check_silent_if_refused(RULE_balloon_inside);
}
END_TEST

START_TEST(rule_balloon_outside)
{
  static const struct {
    enum term term;
    const char *name;
  } balloons[] = {{TERM_OUTSIDE_virtio_balloon, "virtio"},
                  {TERM_OUTSIDE_hyperv_balloon, "Hyper-V"},
                  {TERM_OUTSIDE_xen_balloon, "Xen"}};
  for (size_t i = 0; i < sizeof(balloons) / sizeof(*balloons); i++) {
    char text[200];
    snprintf(text, sizeof(text),
             "The hypervisor has taken 1.0 GiB (1.0 %% of MemTotal) through the %s "
             "balloon: MemTotal no longer includes it.",
             balloons[i].name);
    be_quiet();
    check_amount_above(RULE_balloon_outside, term(balloons[i].term), GB(1), text);
    check_silent_if_refused(RULE_balloon_outside);
  }
}
END_TEST

START_TEST(rule_removed)
{
  be_quiet();
  explanation.removed = reading_known(GB(1));
  check_silent(RULE_removed);
  explanation.removed = reading_known(GB(1) + PAGE);
  check_says(RULE_removed, GB(1) + PAGE,
             "MemTotal is 1.0 GiB (1.0 % of MemTotal) below its highest value since the "
             "first sample: a balloon or hot-unplug has removed memory.");
  check_needs(RULE_removed, &explanation.removed);
  check_silent_if_refused(RULE_removed);
}
END_TEST

START_TEST(rule_zfs)
{
  be_quiet();
  check_amount_above(
      RULE_zfs, term(TERM_HIDDEN_zfs_abd), GB(5),
      "The ZFS ARC holds 5.0 GiB (5.0 % of MemTotal): it is a cache that shrinks under "
      "memory pressure, although free(1) reports it as used.");
  check_silent_if_refused(RULE_zfs);
}
END_TEST

START_TEST(rule_gpu)
{
  be_quiet();
  sample.meminfo.gpu_reclaim = reading_known(0);
  check_above(RULE_gpu, &sample.meminfo.gpu_active, GB(1),
              "Graphics drivers hold 1.0 GiB (1.0 % of MemTotal) of system memory in "
              "buffers (TTM), which are in no process's RSS.");
}
END_TEST

START_TEST(rule_sockets)
{
  be_quiet();
  check_above(RULE_sockets, &sample.consumers.tcp_mem, GB(1),
              "Socket buffers hold up to 1.0 GiB (1.0 % of MemTotal): data waiting to be "
              "sent or read.");
}
END_TEST

START_TEST(rule_kexec_loaded)
{
  be_quiet();
  sample.consumers.kexec_loaded_count = reading_known(0);
  check_silent(RULE_kexec_loaded);
  sample.consumers.kexec_loaded_count = reading_known(1);
  check_says(RULE_kexec_loaded, 0,
             "A kernel is loaded for kexec: it and its initrd are in the black hole, and "
             "no file reports their size.");
  check_needs(RULE_kexec_loaded, &sample.consumers.kexec_loaded_count);
}
END_TEST

/* --- the kernel's own --------------------------------------------------------------- */

START_TEST(rule_slab_unreclaimable)
{
  be_quiet();
  check_above(RULE_slab_unreclaimable, &sample.meminfo.s_unreclaim, GB(5),
              "Unreclaimable slab (SUnreclaim) takes 5.0 GiB (5.0 % of MemTotal).");
}
END_TEST

/* slabinfo: a cache of so many bytes, of whose objects 1000 - `idle` are in use. */
static struct grouping_list caches;

static void add_cache(const char *name, uint64_t bytes, unsigned idle)
{
  struct grouping_member cache = {.bytes = bytes, .count = 1000};
  snprintf(cache.name, sizeof(cache.name), "%s", name);
  cache.extra[0] = 1000 - idle;
  grouping_add(&caches, &cache);
  sample.groupings[GROUPING_slab_caches] = &caches;
}

START_TEST(unreclaimable_caches_are_named_with_how_much_is_in_use)
{
  be_quiet();
  caches = (struct grouping_list){.total = reading_known(0)};
  sample.meminfo.slab = reading_known(GB(12));
  sample.meminfo.s_unreclaim = reading_known(GB(10));
  sample.meminfo.s_reclaimable = reading_known(GB(2));
  add_cache("task_struct", GB(5), 1);
  add_cache("kmalloc-2k", GB(4), 970);
  add_cache("dentry", GB(1), 0);
  /* Each is larger than SReclaimable, and than the 2 GB that no cache has. */
  caches.total = sample.meminfo.slab;
  check_says(RULE_slab_unreclaimable, GB(10),
             "Unreclaimable slab (SUnreclaim) takes 10.0 GiB (10.0 % of MemTotal); its "
             "largest caches are task_struct with 5.0 GiB (99 % in use), kmalloc-2k with "
             "4.0 GiB (3 % in use).");
  /* This one may be reclaimable. One below 1 % is no answer. */
  add_cache("foo", GB(1), 999);
  add_cache("bar", MB(99), 0);
  check_says(RULE_slab_unreclaimable, GB(10),
             "Unreclaimable slab (SUnreclaim) takes 10.0 GiB (10.0 % of MemTotal); the "
             "largest caches in /proc/slabinfo that may be part of it are task_struct "
             "with 5.0 GiB (99 % in use), kmalloc-2k with 4.0 GiB (3 % in use), foo with "
             "1.0 GiB (under 1 % in use).");
  /* A part of a slabinfo: another cache may be larger. */
  caches = (struct grouping_list){.total = reading_known(0)};
  add_cache("task_struct", GB(5), 0);
  caches.total = sample.meminfo.slab;
  check_says(RULE_slab_unreclaimable, GB(10),
             "Unreclaimable slab (SUnreclaim) takes 10.0 GiB (10.0 % of MemTotal); the "
             "largest caches in /proc/slabinfo that may be part of it are task_struct "
             "with 5.0 GiB (100 % in use).");
  caches.total = reading_missing(READING_DENIED);
  caches.count = 0;
  check_says(RULE_slab_unreclaimable, GB(10),
             "Unreclaimable slab (SUnreclaim) takes 10.0 GiB (10.0 % of MemTotal); its "
             "caches are in /proc/slabinfo, which is denied.");
}
END_TEST

/* SReclaimable is no larger than what is in use beside SUnreclaim. */
START_TEST(a_cache_is_unreclaimable_where_sreclaimable_is_not_that_large)
{
  be_quiet();
  caches = (struct grouping_list){.total = reading_known(0)};
  sample.meminfo.s_reclaimable = reading_missing(READING_ABSENT);
  sample.meminfo.mem_free = reading_known(GB(90) - MB(256)); /* and per-CPU lists */
  sample.meminfo.s_unreclaim = reading_known(GB(7));
  explain_without_identities();
  add_cache("task_struct", GB(3) + PAGE, 0);
  sample.meminfo.slab = caches.total = reading_known(GB(6));
  check_says(RULE_slab_unreclaimable, GB(7),
             "Unreclaimable slab (SUnreclaim) takes 7.0 GiB (7.0 % of MemTotal); its "
             "largest caches are task_struct with 3.0 GiB (100 % in use).");
  caches.members[0].bytes = GB(3);
  check_says(RULE_slab_unreclaimable, GB(7),
             "Unreclaimable slab (SUnreclaim) takes 7.0 GiB (7.0 % of MemTotal); the "
             "largest caches in /proc/slabinfo that may be part of it are task_struct "
             "with 3.0 GiB (100 % in use).");
}
END_TEST

START_TEST(rule_slab_growth)
{
  be_quiet();
  sample.meminfo.s_unreclaim = reading_known(GB(2) + MB(64) + PAGE);
  check_silent(RULE_slab_growth); /* nothing to compare with */
  quiet_before();
  check_says(RULE_slab_growth, MB(64) + PAGE,
             "SUnreclaim has grown by 64.0 MiB (0.1 % of MemTotal) since the first "
             "sample: if it keeps growing, suspect a leak in the kernel.");
  check_needs(RULE_slab_growth, &earlier.s_unreclaim);
  check_needs(RULE_slab_growth, &sample.meminfo.s_unreclaim);
  check_silent_if_refused(RULE_slab_growth);
  sample.meminfo.s_unreclaim = reading_known(GB(2) + MB(64));
  check_silent(RULE_slab_growth);
  sample.meminfo.s_unreclaim = reading_known(GB(1)); /* it shrank */
  check_silent(RULE_slab_growth);
  /* On a small machine 1 % is less than 64 MiB. */
  sample.meminfo.mem_total = reading_known(GB(1));
  sample.meminfo.s_unreclaim = reading_known(GB(2) + GB(1) / 100);
  check_silent(RULE_slab_growth);
  sample.meminfo.s_unreclaim.value += PAGE;
  ck_assert_ptr_nonnull(find(RULE_slab_growth));
}
END_TEST

START_TEST(rule_slab_reclaimable)
{
  be_quiet();
  check_above(RULE_slab_reclaimable, &sample.meminfo.s_reclaimable, GB(20),
              "Reclaimable slab (SReclaimable), such as dentries and inodes, takes 20.0 "
              "GiB (20.0 % of MemTotal): under memory pressure, the kernel can free the "
              "objects that nothing refers to.");
  caches = (struct grouping_list){.total = reading_known(0)};
  sample.meminfo.slab = reading_known(GB(26));
  sample.meminfo.s_reclaimable = reading_known(GB(24));
  add_cache("dentry", GB(20), 0);
  add_cache("foo_inode", GB(4), 900); /* larger than SUnreclaim */
  caches.total = sample.meminfo.slab;
  check_says(RULE_slab_reclaimable, GB(24),
             "Reclaimable slab (SReclaimable), such as dentries and inodes, takes 24.0 "
             "GiB (24.0 % of MemTotal): under memory pressure, the kernel can free the "
             "objects that nothing refers to; its largest caches are dentry with 20.0 "
             "GiB, foo_inode with 4.0 GiB (10 % in use).");
}
END_TEST

/* On a machine that is mostly free, what is a large part of the rest. */
START_TEST(a_large_part_of_the_memory_in_use_is_said)
{
  be_quiet();
  sample.meminfo.mem_free = reading_known(GB(92) - MB(256));
  sample.meminfo.s_unreclaim = reading_known(GB(2) + PAGE);
  explain_without_identities();
  check_says(RULE_slab_unreclaimable, GB(2) + PAGE,
             "Unreclaimable slab (SUnreclaim) takes 2.0 GiB (2.0 % of MemTotal, 25.0 % "
             "of the memory in use).");
  check_needs(RULE_slab_unreclaimable, &sample.meminfo.mem_free);
  check_needs(RULE_slab_unreclaimable, &sample.meminfo.mem_total);
  sample.meminfo.s_unreclaim.value -= PAGE;
  check_silent(RULE_slab_unreclaimable);
  sample.meminfo.s_unreclaim.value = GB(9); /* then the lines contradict each other */
  sample.meminfo.mem_total = sample.zoneinfo.managed = reading_known(GB(1000));
  sample.zoneinfo.present = reading_known(GB(1002));
  sample.meminfo.mem_free = reading_known(GB(992));
  explain_without_identities();
  check_silent(RULE_slab_unreclaimable);
  /* An idle machine has little in use. */
  sample.meminfo.mem_free = reading_known(GB(997));
  sample.meminfo.s_unreclaim = reading_known(GB(1) - PAGE);
  explain_without_identities();
  check_silent(RULE_slab_unreclaimable);
  sample.meminfo.s_unreclaim.value += 2 * PAGE;
  ck_assert_ptr_nonnull(find(RULE_slab_unreclaimable));
}
END_TEST

START_TEST(rule_vmalloc)
{
  be_quiet();
  check_amount_above(RULE_vmalloc, term(TERM_KERNEL_vmalloc), GB(2),
                     "vmalloc holds 2.0 GiB (2.0 % of MemTotal); its largest caller is "
                     "foo_alloc [foo] with 513.0 MiB.");
  check_silent_if_refused(RULE_vmalloc);
  sample.vmallocinfo.by_size[0] = 0;
  check_says(RULE_vmalloc, GB(2) + PAGE,
             "vmalloc holds 2.0 GiB (2.0 % of MemTotal); its largest caller is "
             "kernel_clone with 512.0 MiB.");
  for (size_t i = 0; i < MISSING; i++) {
    sample.vmallocinfo.pages = reading_missing(missing[i]);
    check_says(RULE_vmalloc, GB(2) + PAGE,
               "vmalloc holds 2.0 GiB (2.0 % of MemTotal); root can see its callers in "
               "/proc/vmallocinfo.");
  }
}
END_TEST

START_TEST(rule_vmalloc_counter)
{
  be_quiet();
  sample.vmallocinfo.pages.value = GB(1) + MB(2); /* a counter's drift, and 1 MiB */
  explain_again();
  check_silent(RULE_vmalloc_counter);
  sample.vmallocinfo.pages.value += PAGE;
  explain_again();
  check_says(
      RULE_vmalloc_counter, MB(2) + PAGE,
      "VmallocUsed is 2.0 MiB (under 0.1 % of MemTotal) less than the sum of pages= in "
      "/proc/vmallocinfo, as on many kernels before 6.13, where the sum is correct.");
  check_silent(RULE_identities); /* that is what this rule explains */
  check_silent_if_refused(RULE_vmalloc_counter);
  check_needs_amount(RULE_vmalloc_counter,
                     &explanation.identities[IDENTITY_vmalloc_pages].residual);
  sample.vmallocinfo.pages.value = GB(1) - MB(8);
  explain_again();
  check_silent(RULE_vmalloc_counter);
  ck_assert_ptr_nonnull(find(RULE_identities)); /* and this is not */
}
END_TEST

START_TEST(rule_page_tables)
{
  be_quiet();
  check_above(
      RULE_page_tables, &sample.meminfo.page_tables, GB(2),
      "Page tables (PageTables) take 2.0 GiB (2.0 % of MemTotal): much memory "
      "is mapped in small pages, or by many processes each; huge pages may help.");
}
END_TEST

START_TEST(rule_sec_page_tables)
{
  be_quiet();
  check_above(RULE_sec_page_tables, &sample.meminfo.sec_page_tables, GB(1),
              "Page tables of virtual machines and IOMMUs (SecPageTables) take 1.0 GiB "
              "(1.0 % of MemTotal).");
}
END_TEST

START_TEST(rule_hugetlb_unused)
{
  be_quiet();
  sample.hugepages.free = reading_known(GB(2));
  sample.hugepages.reserved = reading_known(GB(1));
  explain_again();
  check_silent(RULE_hugetlb_unused);
  sample.hugepages.reserved = reading_known(GB(1) - MB(2));
  explain_again();
  check_says(
      RULE_hugetlb_unused, GB(1) + MB(2),
      "Free huge pages that are not reserved (HugePages_Free minus HugePages_Rsvd) take "
      "1.0 GiB (1.0 % of MemTotal): only programs that ask for huge pages can use them.");
  check_needs(RULE_hugetlb_unused, &explanation.decided.huge_free.reading);
  check_needs(RULE_hugetlb_unused, &explanation.decided.huge_reserved.reading);
  check_silent_if_refused(RULE_hugetlb_unused);
  *term(TERM_KERNEL_hugetlb) = amount_known(GB(1)); /* some are outside MemTotal */
  check_silent(RULE_hugetlb_unused);
}
END_TEST

START_TEST(rule_percpu)
{
  be_quiet();
  check_above(
      RULE_percpu, &sample.meminfo.percpu, GB(1),
      "Per-CPU data (Percpu) takes 1.0 GiB (1.0 % of MemTotal): it grows with "
      "the number of CPUs, and with that of cgroups, network devices and BPF maps.");
}
END_TEST

START_TEST(rule_kernel_stack)
{
  be_quiet();
  check_above(RULE_kernel_stack, &sample.meminfo.kernel_stack, GB(1),
              "Kernel stacks (KernelStack) take 1.0 GiB (1.0 % of MemTotal): each thread "
              "has one, of 16 KiB on most 64-bit kernels.");
}
END_TEST

START_TEST(rule_bounce)
{
  be_quiet();
  check_above(RULE_bounce, &sample.meminfo.bounce, GB(1),
              "Bounce buffers (Bounce) take 1.0 GiB (1.0 % of MemTotal): a disk driver "
              "cannot address all memory.");
}
END_TEST

START_TEST(rule_writeback_tmp)
{
  be_quiet();
  check_above(RULE_writeback_tmp, &sample.meminfo.writeback_tmp, GB(1),
              "Copies of pages that FUSE is writing back (WritebackTmp) take 1.0 GiB "
              "(1.0 % of MemTotal): a FUSE server may be slow or stuck.");
}
END_TEST

START_TEST(rule_hardware_corrupted)
{
  be_quiet();
  check_silent(RULE_hardware_corrupted);
  sample.meminfo.hardware_corrupted = reading_known(0);
  check_silent(RULE_hardware_corrupted);
  sample.meminfo.hardware_corrupted = reading_known(PAGE);
  check_says(RULE_hardware_corrupted, sample.meminfo.mem_total.value,
             "The kernel has taken 4.0 KiB (under 0.1 % of MemTotal) out of use as "
             "faulty memory (HardwareCorrupted).");
}
END_TEST

START_TEST(rule_crashkernel)
{
  be_quiet();
  check_above(RULE_crashkernel, &sample.consumers.crashkernel, GB(1),
              "The crash kernel (crashkernel=) reserves 1.0 GiB (1.0 % of MemTotal) in "
              "addition to MemTotal.");
}
END_TEST

START_TEST(rule_reserved)
{
  be_quiet();
  sample.zoneinfo.managed = sample.meminfo.mem_total;
  check_amount_above(
      RULE_reserved, term(TERM_DETAIL_reserved), GB(5),
      "MemTotal excludes 5.0 GiB (5.0 % of MemTotal) of this machine's memory: "
      "the kernel reserved it at boot (struct pages, its image, crashkernel=), or a "
      "balloon has taken it.");
  sample.zoneinfo.present = reading_known(GB(105) + PAGE);
  explain_again();
  check_silent_if_refused(RULE_reserved);
}
END_TEST

/* --- what the processes and the page cache hold ------------------------------------- */

START_TEST(rule_shmem)
{
  be_quiet();
  sample.meminfo.shmem = sample.meminfo.cached = reading_known(GB(5));
  check_silent(RULE_shmem); /* most of Cached, which is little */
  sample.meminfo.cached = reading_known(GB(5) + PAGE);
  check_says(RULE_shmem, GB(5),
             "Files on tmpfs and shared memory (Shmem) hold 5.0 GiB (5.0 % of MemTotal): "
             "this is part of Cached but cannot be dropped, only swapped out.");
  check_needs(RULE_shmem, &sample.meminfo.cached);
  sample.meminfo.cached = reading_known(GB(10));
  check_silent(RULE_shmem); /* half of it is not most of it */
  sample.meminfo.shmem = reading_known(GB(10));
  sample.meminfo.cached = reading_known(GB(30));
  check_silent(RULE_shmem);
  sample.meminfo.shmem = reading_known(GB(10) + PAGE);
  sample.meminfo.swap_total = reading_known(0);
  check_says(
      RULE_shmem, GB(10) + PAGE,
      "Files on tmpfs and shared memory (Shmem) hold 10.0 GiB (10.0 % of MemTotal): this "
      "is part of Cached but cannot be dropped, and there is no swap for it.");
  check_needs(RULE_shmem, &sample.meminfo.shmem);
  check_silent_if_refused(RULE_shmem);
}
END_TEST

START_TEST(shmem_says_nothing_of_a_swap_that_is_not_known)
{
  be_quiet();
  sample.meminfo.shmem = reading_known(GB(15));
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_swap_total}, 1);
  ck_assert_ptr_nonnull(strstr(find(RULE_shmem)->text, "but cannot be dropped."));
}
END_TEST

START_TEST(mem_available_that_is_missing_is_not_absent_from_the_kernel)
{
  be_quiet();
  lose_lines(&(const enum meminfo_field){MEMINFO_FIELD_mapped}, 1);
  sample.meminfo.mem_available = reading_missing(READING_ABSENT);
  check_silent(RULE_no_mem_available);
}
END_TEST

START_TEST(rule_shmem_growth)
{
  be_quiet();
  struct meminfo *m = &sample.meminfo;
  m->cached = reading_known(GB(20) + MB(80));
  m->shmem = reading_known(GB(1) + MB(40) + PAGE);
  check_silent(RULE_shmem_growth); /* nothing to compare with */
  quiet_before();
  check_says(RULE_shmem_growth, MB(40) + PAGE,
             "Cached has grown by 80.0 MiB since the first sample, and Shmem, which is "
             "part of it and cannot be dropped, by 40.0 MiB (under 0.1 % of MemTotal).");
  check_needs(RULE_shmem_growth, &m->cached);
  check_needs(RULE_shmem_growth, &m->shmem);
  check_needs(RULE_shmem_growth, &earlier.cached);
  check_needs(RULE_shmem_growth, &earlier.shmem);
  check_silent_if_refused(RULE_shmem_growth);
  m->shmem = reading_known(GB(1) + MB(40)); /* half is not most */
  check_silent(RULE_shmem_growth);
  m->cached = reading_known(GB(20) + MB(64));
  m->shmem = reading_known(GB(1) + MB(64));
  check_silent(RULE_shmem_growth);
  m->cached.value += PAGE;
  ck_assert_ptr_nonnull(find(RULE_shmem_growth));
  m->cached = reading_known(GB(10)); /* both shrank */
  m->shmem = reading_known(MB(1));
  check_silent(RULE_shmem_growth);
}
END_TEST

START_TEST(rule_unevictable)
{
  be_quiet();
  check_above(
      RULE_unevictable, &sample.meminfo.unevictable, GB(20),
      "Unevictable memory takes 20.0 GiB (20.0 % of MemTotal): pages that can be neither "
      "swapped out nor dropped, such as those of mlock(2), ramfs and locked shared "
      "memory.");
}
END_TEST

START_TEST(rule_lru_cache)
{
  be_quiet();
  sample.meminfo.unevictable = reading_known(MB(512));
  explain_again();
  check_silent(RULE_lru_cache);
  sample.meminfo.unevictable = reading_known(MB(512) + PAGE);
  explain_again();
  check_says(RULE_lru_cache, MB(512) + PAGE,
             "The LRU lists hold 512.0 MiB (0.5 % of MemTotal) that is in no cache and "
             "mapped by no process: unmapped parts of huge pages, pages pinned by a "
             "driver, or leaked pages.");
  check_silent(RULE_identities);
  check_silent_if_refused(RULE_lru_cache);
  leak_pages(0); /* nothing beyond the LRU lists */
  explanation.black_hole.allocinfo = amount_known(0);
  check_says(RULE_lru_cache, MB(512) + PAGE,
             "The LRU lists hold 512.0 MiB (0.5 % of MemTotal) that is in no cache and "
             "mapped by no process: unmapped parts of huge pages, pages pinned by a "
             "driver, or leaked pages; the largest allocation site of such pages is "
             "__filemap_get_folio at mm/filemap.c:1951 with 10.0 GiB.");
  ck_assert_uint_eq(find(RULE_lru_cache)->choice, 1);
  sample.allocinfo.user_sites_listed = 0;
  check_needs_amount(RULE_lru_cache,
                     &explanation.identities[IDENTITY_lru_cache].residual);
  sample.meminfo.swap_cached = reading_known(MB(512)); /* which is on the LRU too */
  explain_again();
  check_silent(RULE_lru_cache);
  /* Fewer pages on the LRU than in the caches are a contradiction. */
  be_quiet();
  sample.meminfo.cached.value += GB(1);
  explain_again();
  check_silent(RULE_lru_cache);
  ck_assert_ptr_nonnull(
      strstr(find(RULE_wrong_counter)->text, "The sum of Cached and Buffers (22.0 GiB)"));
}
END_TEST

static void free_lazily(uint64_t bytes)
{
  be_quiet();
  sample.meminfo.inactive_anon.value -= bytes;
  sample.meminfo.inactive_file.value += bytes;
  explain_again();
}

START_TEST(rule_lazyfree)
{
  free_lazily(GB(1));
  check_silent(RULE_lazyfree);
  free_lazily(GB(1) + PAGE);
  check_says(RULE_lazyfree, GB(1) + PAGE,
             "Processes have released about 1.0 GiB (1.0 % of MemTotal) with MADV_FREE: "
             "RSS and AnonPages include it until the kernel reclaims it.");
  check_silent(RULE_identities);
  check_silent_if_refused(RULE_lazyfree);
  explanation.identities[IDENTITY_anon_lru].judged = false;
  check_silent(RULE_lazyfree);
  /* Anonymous pages missing from all lists are a contradiction. */
  be_quiet();
  sample.meminfo.inactive_anon.value -= GB(2);
  sample.meminfo.inactive.value -= GB(2);
  explain_again();
  check_silent(RULE_lazyfree);
  ck_assert_ptr_nonnull(strstr(find(RULE_wrong_counter)->text,
                               "The sum of AnonPages and Shmem (11.0 GiB)"));
}
END_TEST

START_TEST(rule_dirty)
{
  be_quiet();
  sample.meminfo.writeback = reading_known(GB(4));
  sample.meminfo.dirty = reading_known(GB(6));
  explain_again();
  check_silent(RULE_dirty);
  sample.meminfo.dirty = reading_known(GB(6) + PAGE);
  explain_again();
  check_says(RULE_dirty, GB(10) + PAGE,
             "Page cache waiting to be written (Dirty and Writeback) takes 10.0 GiB "
             "(10.0 % of MemTotal): it cannot be dropped until then.");
  check_needs_amount(RULE_dirty, term(TERM_DETAIL_dirty_total));
  check_silent_if_refused(RULE_dirty);
}
END_TEST

START_TEST(rule_swap)
{
  be_quiet();
  sample.meminfo.swap_free = reading_known(GB(4));
  explain_again();
  check_silent(RULE_swap);
  sample.meminfo.swap_free = reading_known(GB(4) - PAGE);
  explain_again();
  check_says(RULE_swap, GB(4) + PAGE,
             "More than half of the swap is used: 4.0 GiB of 8.0 GiB (50.0 %).");
  check_needs_amount(RULE_swap, term(TERM_DETAIL_swap_used));
  check_needs(RULE_swap, &sample.meminfo.swap_total);
  sample.meminfo.swap_total = sample.meminfo.swap_free = reading_known(0);
  explain_again();
  check_silent(RULE_swap);
}
END_TEST

START_TEST(rule_pcp_free)
{
  be_quiet();
  check_amount_above(RULE_pcp_free, term(TERM_FREE_pcp_free), GB(1),
                     "Per-CPU lists hold 1.0 GiB (1.0 % of MemTotal) of free memory that "
                     "MemFree does not count: other tools report it as used.");
  check_silent_if_refused(RULE_pcp_free);
}
END_TEST

START_TEST(rule_cma_free)
{
  be_quiet();
  check_above(RULE_cma_free, &sample.meminfo.cma_free, GB(5),
              "Free memory in CMA regions (CmaFree) comes to 5.0 GiB (5.0 % of "
              "MemTotal): processes can use it, but most of the kernel cannot.");
}
END_TEST

/* --- notes -------------------------------------------------------------------------- */

START_TEST(rule_direct_map)
{
  be_quiet();
  sample.meminfo.direct_map_4k = sample.meminfo.direct_map_2m = reading_known(GB(64));
  explain_again();
  check_silent(RULE_direct_map);
  sample.meminfo.direct_map_2m = reading_known(GB(32));
  sample.meminfo.direct_map_4k = reading_known(GB(96));
  explain_again();
  check_says(RULE_direct_map, GB(96) / 512,
             "96.0 GiB of the kernel's direct map is in small pages, which costs TLB "
             "entries and about 192.0 MiB of page tables.");
  sample.meminfo.direct_map_1g = reading_known(GB(8)); /* which may be cut off */
  explain_again();
  check_says(RULE_direct_map, GB(96) / 512,
             "96.0 GiB of the kernel's direct map is in small pages, which costs TLB "
             "entries and about 192.0 MiB of page tables.");
  check_needs(RULE_direct_map, &explanation.decided.direct_map.reading);
  explanation.ratios[RATIO_DETAIL_direct_map_large].percent = 49.99;
  ck_assert_ptr_nonnull(find(RULE_direct_map));
  for (size_t i = 0; i < MISSING; i++) {
    explanation.ratios[RATIO_DETAIL_direct_map_large].state = missing[i];
    check_silent(RULE_direct_map);
  }
}
END_TEST

START_TEST(rule_commit)
{
  be_quiet();
  sample.meminfo.committed_as = reading_known(GB(57));
  check_silent(RULE_commit);
  sample.meminfo.committed_as = reading_known(GB(57) + PAGE);
  check_says(RULE_commit, 0,
             "Committed_AS (57.0 GiB) is above CommitLimit (57.0 GiB): with "
             "vm.overcommit_memory=2 further allocations fail; otherwise the limit is "
             "not enforced.");
  check_needs(RULE_commit, &sample.meminfo.committed_as);
  check_needs(RULE_commit, &sample.meminfo.commit_limit);
}
END_TEST

START_TEST(rule_pss)
{
  be_quiet();
  check_silent(RULE_pss); /* Pss was not asked for */
  struct processes *p = &sample.processes;
  p->pss = p->pss_anon = p->pss_file = p->pss_shmem = reading_known(GB(9));
  p->rss = reading_known(GB(9));
  p->unread_rss = reading_known(GB(1));
  p->denied_count = reading_known(3);
  p->unlisted = reading_known(0);
  p->error = p->moved = p->guess_error = p->stale = reading_known(GB(100));
  p->new_count = p->guessed_count = reading_known(0);
  p->moved = p->guess_error = p->stale = reading_known(0);
  explain_again();
  check_silent(RULE_pss); /* 90 % of Rss */
  p->rss.value -= MB(512);
  explain_again();
  check_says(RULE_pss, GB(1),
             "Pss was read for only 89.5 % of process memory: 3 processes deny reading "
             "their smaps; run as "
             "root or grant CAP_SYS_PTRACE.");
  p->denied_count = reading_known(0);
  check_says(RULE_pss, GB(1),
             "Pss was read for only 89.5 % of process memory: the smaps of the rest is "
             "malformed.");
  p->guessed_anon = p->guessed_file = reading_known(GB(1) / 2 + PAGE);
  check_says(RULE_pss, GB(1),
             "Pss was read for only 89.5 % of process memory: the rest is estimated "
             "(processes too large to read, hung, or not read yet).");
  p->guessed_anon = p->guessed_file = reading_known(0);
  p->denied_count = reading_known(3);
  explanation.pss_coverage.percent = 89.99;
  ck_assert_ptr_nonnull(find(RULE_pss));
  explanation.pss_coverage.state = READING_ABSENT;
  check_silent(RULE_pss);
  p->unread_rss = reading_known(GB(1) + PAGE);
  explain_again();
  check_says(
      RULE_pss, GB(1) + PAGE,
      "The total Pss of all processes is not available: processes that could not be read "
      "hold more than 1 % of memory: 3 processes deny reading their smaps; run as root "
      "or grant "
      "CAP_SYS_PTRACE.");
  p->unread_rss = reading_known(GB(1) + PAGE);
  p->new_count = reading_known(1);
  explain_again();
  check_says(RULE_pss, GB(1) + PAGE,
             "The total Pss of all processes is not available: not every process has "
             "been read yet.");
}
END_TEST

/* Pss of 9 GiB, of which `unread` is not read. */
static void deny_smaps(uint64_t unread, unsigned count)
{
  struct processes *p = &sample.processes;
  p->pss = p->pss_anon = p->pss_file = p->pss_shmem = reading_known(GB(9) - unread);
  p->rss = reading_known(GB(9) - unread);
  p->unread_rss = reading_known(unread);
  p->denied_count = reading_known(count);
  p->unlisted = p->new_count = p->guessed_count = reading_known(0);
  p->error = p->moved = p->guess_error = p->stale = reading_known(0);
  explain_again();
  explanation.pss_coverage = (struct percentage){.percent = 80, .state = READING_KNOWN};
}

static void check_pss(const char *text)
{
  char want[400];
  snprintf(want, sizeof(want), "Pss was read for only 80.0 %% of process memory: %s",
           text);
  const struct sentence *sentence = find(RULE_pss);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_str_eq(sentence->text, want);
}

START_TEST(processes_of_other_users_that_deny_their_smaps_are_named)
{
  static const uint64_t nice = 1 << CAP_SYS_NICE;
  be_quiet();
  deny_smaps(MB(900), 3);
  struct denied_process *denied = sample.denied;
  denied[0] = (struct denied_process){1, DENIAL_OWNER, MB(500), 0, "systemd"};
  denied[1] = (struct denied_process){22, DENIAL_OWNER, MB(300), nice, "a?b"};
  denied[2] = (struct denied_process){333, DENIAL_OWNER, MB(90), 0, "small"};
  check_pss(
      "PID 1 (systemd), PID 22 (a?b) deny reading their smaps to other users without "
      "CAP_SYS_PTRACE; 1 other does too; run as root or grant "
      "CAP_SYS_PTRACE.");
  denied[1].reason = DENIAL_CAPABILITIES;
  check_pss("PID 1 (systemd) denies reading its smaps to other users without "
            "CAP_SYS_PTRACE; 2 others "
            "do too; run as root or grant CAP_SYS_PTRACE.");
}
END_TEST

/* One process of 900 MiB denies it. */
static struct denied_process *one_denies(enum denial reason, uint64_t lacks,
                                         struct credentials who)
{
  be_quiet();
  deny_smaps(MB(900), 1);
  sample.denied[0] = (struct denied_process){1, reason, MB(900), lacks, "systemd"};
  sample.credentials = who;
  return sample.denied;
}

START_TEST(a_process_that_holds_more_capabilities_is_named_with_them)
{
  struct credentials bare = root;
  bare.capabilities = 0;
  struct denied_process *denied =
      one_denies(DENIAL_CAPABILITIES, 1 << CAP_SYS_NICE, bare);
  check_pss("PID 1 (systemd) denies reading its smaps: it holds CAP_SYS_NICE, which this "
            "process lacks; "
            "grant CAP_SYS_PTRACE.");
  denied[0].lacks = ~UINT64_C(0);
  check_pss("PID 1 (systemd) denies reading its smaps: it holds capabilities that this "
            "process lacks; "
            "grant CAP_SYS_PTRACE.");
  denied[0].reason = DENIAL_OTHER;
  check_pss("PID 1 (systemd) denies reading its smaps for a reason other than "
            "capabilities (it is not "
            "dumpable, or a security module or a user namespace); grant CAP_SYS_PTRACE.");
}
END_TEST

START_TEST(what_denies_its_smaps_to_root_is_no_lack_of_capabilities)
{
  struct denied_process *denied = one_denies(DENIAL_OTHER, 1 << CAP_SYS_CHROOT, root);
  check_pss("PID 1 (systemd) denies reading its smaps for a reason other than "
            "capabilities (a security "
            "module or a user namespace): this process has CAP_SYS_PTRACE, although not "
            "CAP_SYS_CHROOT, which it holds.");
  denied[0].lacks = 0;
  check_pss("PID 1 (systemd) denies reading its smaps for a reason other than "
            "capabilities (a security "
            "module or a user namespace).");
  sample.credentials.contained = true;
  denied[0].reason = DENIAL_NAMESPACE;
  check_pss("PID 1 (systemd) denies reading its smaps to a process in another user "
            "namespace; run as root outside of this user namespace.");
  sample.credentials = captured;
  denied[0] = (struct denied_process){.pid = 1, .reason = DENIAL_CAPTURE};
  check_pss("the capture has no smaps of PID 1; capture as root.");
}
END_TEST

START_TEST(a_denied_process_never_comes_before_the_owner_of_the_black_hole)
{
  be_quiet();
  sample.consumers.zram = reading_known(GB(3));
  deny_smaps(GB(4), 1);
  explain_with(GB(6));
  sample.denied[0] = (struct denied_process){1, DENIAL_OTHER, GB(4), 0, "init"};
  unsigned count = sentences_make(&sample, &explanation, before, out);
  unsigned owner = count, unexplained = count, pss = count;
  for (unsigned i = 0; i < count; i++) {
    owner = out[i].rule == RULE_black_hole_owner ? i : owner;
    unexplained = out[i].rule == RULE_unexplained ? i : unexplained;
    pss = out[i].rule == RULE_pss ? i : pss;
  }
  ck_assert(owner < pss && unexplained < pss && pss < count);
  ck_assert(out[pss].weight > 0);
  deny_smaps(GB(1) - PAGE, 1); /* under 1 % of MemTotal: a note */
  ck_assert(find(RULE_pss)->weight == 0);
}
END_TEST

START_TEST(rule_unlisted)
{
  be_quiet();
  struct processes *p = &sample.processes;
  p->pss = p->pss_anon = p->pss_file = p->pss_shmem = reading_known(GB(9));
  p->rss = reading_known(GB(9));
  p->unread_rss = p->unlisted = reading_known(0);
  p->error = reading_known(GB(100));
  p->new_count = p->guessed_count = p->denied_count = reading_known(0);
  p->moved = p->guess_error = p->stale = reading_known(0);
  explain_again();
  check_silent(RULE_unlisted);
  p->unlisted = reading_known(GB(1));
  explain_again();
  explanation.pss_coverage.percent = 89.5;
  check_says(RULE_unlisted, GB(1),
             "Pss was read for only 89.5 % of process memory: a PID namespace or hidepid "
             "hides the rest.");
  check_silent(RULE_pss);
  p->unlisted = reading_known(GB(2));
  explain_again();
  check_says(RULE_unlisted, GB(2),
             "The total Pss of all processes is not available: processes hidden by a PID "
             "namespace or hidepid map more than 1 % of memory; read the host's proc "
             "(Root, --root) or grant CAP_SYS_PTRACE.");
  check_silent(RULE_pss);
}
END_TEST

START_TEST(rule_hung)
{
  be_quiet();
  sample.hung[2].pid = 1234;
  check_says(RULE_hung, 0,
             "Reading smaps hangs for PID 1234, probably because the mmap_lock is held.");
  sample.hung[3].pid = 4294967295;
  sample.hung[4].pid = 7;
  sample.hung[5].pid = 8;
  check_says(RULE_hung, 0,
             "Reading smaps hangs for PID 1234, 4294967295, 7 and 1 more, probably "
             "because the mmap_lock is held.");
}
END_TEST

START_TEST(rule_no_mem_available)
{
  be_quiet();
  struct meminfo *m = &sample.meminfo;
  m->mem_free = reading_known(GB(50));
  m->mem_available = reading_missing(READING_ABSENT);
  check_says(
      RULE_no_mem_available, 0,
      "meminfo has no line MemAvailable (of Linux 3.14 and later); free memory and page "
      "cache without Shmem come to 70.0 GiB (70.0 % of MemTotal).");
  check_needs(RULE_no_mem_available, &m->mem_free);
  check_needs(RULE_no_mem_available, &m->cached);
  check_needs(RULE_no_mem_available, &m->buffers);
  check_needs(RULE_no_mem_available, &m->shmem);
  check_silent_if_refused(RULE_no_mem_available);
  m->mem_available = reading_missing(READING_MALFORMED); /* it has one */
  check_silent(RULE_no_mem_available);
}
END_TEST

START_TEST(rule_sources_malformed)
{
  be_quiet();
  sample.sources[SOURCE_modules].state = READING_MALFORMED;
  check_says(RULE_sources_malformed, 0, "Malformed: proc/modules.");
  sample.sources[SOURCE_vmstat].state = READING_MALFORMED;
  struct parse_error *error = &sample.sources[SOURCE_vmstat].parse_error;
  error->cause = "not a number";
  sample.sources[SOURCE_page_pool].state = READING_MALFORMED;
  sample.sources[SOURCE_zram].state = READING_MALFORMED;
  check_says(RULE_sources_malformed, 0,
             "Malformed: proc/vmstat, proc/modules, sys/block/zram*/mm_stat and 1 more; "
             "the first: not a number.");
  error->line = 7;
  check_says(RULE_sources_malformed, 0,
             "Malformed: proc/vmstat, proc/modules, sys/block/zram*/mm_stat and 1 more; "
             "the first: not a number (line 7).");
  strcpy(error->near, "nr_zspages");
  check_says(RULE_sources_malformed, 0,
             "Malformed: proc/vmstat, proc/modules, sys/block/zram*/mm_stat and 1 more; "
             "the first: not a number (line 7, \"nr_zspages\").");
  error->line = 0;
  sample.sources[SOURCE_zram].state = sample.sources[SOURCE_modules].state =
      sample.sources[SOURCE_page_pool].state = READING_KNOWN;
  check_says(RULE_sources_malformed, 0,
             "Malformed: proc/vmstat: not a number (\"nr_zspages\").");
  sample.sources[SOURCE_tcp_mem].state = sample.sources[SOURCE_udp_mem].state =
      READING_MALFORMED; /* the same file */
  check_says(RULE_sources_malformed, 0,
             "Malformed: proc/vmstat, proc/net/sockstat; the first: not a number "
             "(\"nr_zspages\").");
  sample.sources[SOURCE_tcp_mem].state = sample.sources[SOURCE_udp_mem].state =
      READING_KNOWN;
  sample.sources[SOURCE_zram].state = sample.sources[SOURCE_modules].state =
      sample.sources[SOURCE_page_pool].state = READING_MALFORMED;
  sample.sources[SOURCE_vmstat].state = READING_DENIED;
  check_says(
      RULE_sources_malformed, 0,
      "Malformed: proc/modules, sys/block/zram*/mm_stat, netlink netdev page-pool-get.");
}
END_TEST

START_TEST(rule_sources_denied)
{
  be_quiet();
  sample.sources[SOURCE_vmallocinfo].state = READING_DENIED;
  sample.sources[SOURCE_modules].state = READING_MALFORMED;
  check_says(RULE_sources_denied, 0, "Permission denied: proc/vmallocinfo; run as root.");
  sample.sources[SOURCE_ftrace_rings].state = READING_DENIED;
  sample.sources[SOURCE_brd].state = READING_DENIED;
  sample.sources[SOURCE_swiotlb_pool].state = READING_DENIED;
  strcpy(sample.sources[SOURCE_brd].path, "sys/kernel/debug/ramdisk_pages/ram7");
  check_says(
      RULE_sources_denied, 0,
      "Permission denied: proc/vmallocinfo, sys/kernel/tracing/buffer_total_size_kb, "
      "sys/kernel/debug/ramdisk_pages/ram7 and 1 more; run as root.");
  be_quiet();
  sample.hash_tables = reading_missing(READING_DENIED);
  check_says(RULE_sources_denied, 0,
             "Permission denied: the boot log (CAP_SYSLOG); run as root.");
  sample.sources[SOURCE_smaps].state = READING_DENIED;
  sample.credentials = root;
  sample.credentials.capabilities = 0;
  check_says(RULE_sources_denied, 0,
             "Permission denied: proc/PID/smaps_rollup, the boot log (CAP_SYSLOG); grant "
             "CAP_SYS_PTRACE and CAP_SYSLOG.");
  sample.credentials.contained = true;
  check_says(
      RULE_sources_denied, 0,
      "Permission denied: proc/PID/smaps_rollup, the boot log (CAP_SYSLOG); run as "
      "root outside of this user namespace.");
  sample.credentials = captured;
  check_says(RULE_sources_denied, 0,
             "Permission denied: proc/PID/smaps_rollup, the boot log (CAP_SYSLOG); "
             "capture as root.");
  sample.credentials = root;
  sample.hash_tables = reading_known(MB(16));
  check_says(RULE_sources_denied, 0,
             "Permission denied: proc/PID/smaps_rollup; a security module or a user "
             "namespace denies it.");
}
END_TEST

static void add_line(const char *key, struct reading value, bool is_count)
{
  struct meminfo_other *other = &sample.meminfo.others[sample.meminfo.others_count++];
  *other = (struct meminfo_other){.value = value, .is_count = is_count};
  snprintf(other->key, sizeof(other->key), "%s", key);
}

START_TEST(rule_unknown_lines)
{
  be_quiet();
  add_line("ION_heap", reading_known(GB(3)), false);
  check_says(RULE_unknown_lines, 0,
             "This program does not know some lines of /proc/meminfo (ION_heap with 3.0 "
             "GiB): what they count may be in the black hole.");
  add_line("Things", reading_known(12), true);
  add_line("Broken", (struct reading){GB(3), READING_MALFORMED}, false);
  add_line("Fourth", reading_known(GB(3)), false);
  check_says(
      RULE_unknown_lines, 0,
      "This program does not know some lines of /proc/meminfo (ION_heap with 3.0 GiB, "
      "Things, Broken and 1 more): what they count may be in the black hole.");
  sample.meminfo.others_count = MEMINFO_OTHERS_MAX + 9; /* more than fit */
  ck_assert_ptr_nonnull(strstr(find(RULE_unknown_lines)->text, " and 70 more"));
}
END_TEST

/* --- all of them -------------------------------------------------------------------- */

START_TEST(heaviest_comes_first_and_equals_in_order_of_rules)
{
  be_quiet();
  sample.meminfo.page_tables = reading_known(GB(7));
  sample.meminfo.cma_free = reading_known(GB(7));
  sample.meminfo.s_unreclaim = reading_known(GB(9)); /* breaks an identity too */
  sample.meminfo.committed_as = reading_known(GB(90));
  sample.consumers.kexec_loaded_count = reading_known(1);
  explain_again();
  static const enum rule want[] = {RULE_largest,      RULE_slab_unreclaimable,
                                   RULE_page_tables,  RULE_cma_free,
                                   RULE_kexec_loaded, RULE_commit,
                                   RULE_identities};
  unsigned count = sentences_make(&sample, &explanation, NULL, out);
  ck_assert_uint_eq(count, sizeof(want) / sizeof(*want));
  for (unsigned i = 0; i < count; i++)
    ck_assert_str_eq(rule_rows[out[i].rule].name, rule_rows[want[i]].name);
}
END_TEST

START_TEST(longest_names_fit_in_a_sentence)
{
  be_quiet();
  add_site(GB(9));
  struct allocinfo_site *site = &sample.allocinfo.sites[0];
  memset(site->function, 'f', sizeof(site->function) - 1);
  memset(site->module, 'm', sizeof(site->module) - 1);
  memset(site->file, 'x', sizeof(site->file) - 1);
  struct vmalloc_caller *caller = &sample.vmallocinfo.callers[1];
  memset(caller->symbol, '%', sizeof(caller->symbol) - 1);
  memset(caller->module, 's', sizeof(caller->module) - 1);
  for (int i = 0; i < 9; i++)
    add_line("AVeryLongKeyThatAVendorOfPhonesMadeUpForItsKern", reading_known(GB(1)), 0);
  set_unexplained(GB(9), 0, 0);
  *term(TERM_KERNEL_vmalloc) = amount_known(GB(9));
  static const enum rule rules[] = {RULE_allocinfo_site, RULE_unexplained, RULE_vmalloc,
                                    RULE_unknown_lines};
  for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
    const struct sentence *sentence = find(rules[i]);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_uint_lt(strlen(sentence->text) + 1, sizeof(sentence->text));
    ck_assert_int_eq(sentence->text[strlen(sentence->text) - 1], '.');
  }
  ck_assert_ptr_nonnull(strstr(find(RULE_vmalloc)->text, caller->symbol));
}
END_TEST

START_TEST(sentence_that_is_cut_ends_with_a_full_stop)
{
  static char reason[1000];
  be_quiet();
  memset(reason, 'r', sizeof(reason) - 1);
  explanation.refused = reason;
  const struct sentence *sentence = find(RULE_refused);
  ck_assert_uint_eq(strlen(sentence->text), sizeof(sentence->text) - 1);
  ck_assert_str_eq(strrchr(sentence->text, 'r'), "r.");
}
END_TEST

START_TEST(sizes_are_printed_in_the_unit_that_fits)
{
  static const struct {
    uint64_t bytes;
    const char *text;
  } sizes[] = {
      {1, " 1 B "},
      {1023, " 1023 B "},
      {1024, " 1.0 KiB "},
      {MB(1) - 1, " 1.0 MiB "},
      {MB(1) - 60, " 1023.9 KiB "},
      {GB(1) - 1, " 1.0 GiB "},
      {INT64_MAX, " 8.0 EiB "},
  };
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    be_quiet();
    *term(TERM_HIDDEN_vmware_balloon) = amount_known(sizes[i].bytes);
    const struct sentence *sentence = find(RULE_balloon_inside);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence->text, sizes[i].text) != NULL, "%s", sentence->text);
  }
}
END_TEST

static void check_next(enum rule rule, struct credentials who, const char *next)
{
  sample.credentials = who;
  const struct sentence *sentence = find(rule);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_str_eq(sentence->next, next);
}

START_TEST(sudo_is_for_a_user_who_is_not_root)
{
  be_quiet();
  sample.sources[SOURCE_vmallocinfo].state = READING_DENIED;
  check_next(RULE_sources_denied, user, "sudo meminfo-explain");
  check_next(RULE_sources_denied, root,
             "grep -s . /sys/kernel/security/lockdown /sys/kernel/security/lsm; "
             "grep Cap /proc/self/status");
  check_next(RULE_sources_denied, captured, "meminfo-explain # as root, on that machine");
  sample.meminfo.hardware_corrupted = reading_known(PAGE);
  explain_again();
  static const char command[] = "sudo dmesg | grep -iE 'hardware error|memory failure'";
  check_next(RULE_hardware_corrupted, user, command);
  check_next(RULE_hardware_corrupted, root, command + strlen("sudo "));
  check_next(RULE_hardware_corrupted, captured, command + strlen("sudo "));
  for (unsigned i = 0; i < RULE_COUNT; i++)
    for (unsigned k = 0; k < RULE_NEXT_MAX && rule_rows[i].next[k] != NULL; k++) {
      const char *next = rule_rows[i].next[k];
      ck_assert_ptr_null(*next == '\0' ? NULL : strstr(next + 1, "sudo "));
    }
}
END_TEST

START_TEST(allocinfo_is_the_command_where_the_kernel_has_it)
{
  static const char command[] = "cat /proc/allocinfo 2>/dev/null | sort -rn | head -n 20";
  be_quiet();
  explain_with(GB(2));
  const struct sentence *sentence = find(RULE_unexplained);
  ck_assert_ptr_nonnull(sentence);
  ck_assert_ptr_nonnull(strstr(sentence->next, "/proc/config.gz"));
  sample.sources[SOURCE_allocinfo].state = READING_KNOWN;
  check_next(RULE_unexplained, root, command);
  sample.sources[SOURCE_allocinfo].state = READING_DENIED;
  sentence = find(RULE_unexplained);
  ck_assert_str_eq(sentence->next, command);
}
END_TEST

START_TEST(every_command_is_valid_shell)
{
  for (unsigned i = 0; i < RULE_COUNT; i++) {
    ck_assert_ptr_nonnull(rule_rows[i].next[0]);
    for (unsigned j = 0; j < i; j++)
      ck_assert_str_ne(rule_rows[i].name, rule_rows[j].name);
    for (unsigned k = 0; k < RULE_NEXT_MAX && rule_rows[i].next[k] != NULL; k++) {
      char command[512]; /* parsed by a shell, not run: tests/commands runs them */
      int length = snprintf(command, sizeof(command), "sh -n <<'EOF'\n%s\nEOF",
                            rule_rows[i].next[k]);
      ck_assert_int_lt(length, (int)sizeof(command));
      ck_assert_msg(system(command) == 0, "%s", rule_rows[i].next[k]);
    }
  }
}
END_TEST

/* --- whatever there is -------------------------------------------------------------- */

static uint64_t random_state;

static uint64_t random_next(void)
{
  random_state ^= random_state << 13; /* xorshift64 */
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static uint64_t random_value(void)
{
  static const uint64_t limits[] = {1, 100, MB(64), GB(1), GB(30), TOTAL};
  unsigned kind = (unsigned)(random_next() % 40);
  if (kind == 0)
    return (uint64_t)INT64_MAX - random_next() % 3;
  return random_next() % limits[kind % (sizeof(limits) / sizeof(*limits))];
}

static struct reading random_reading(void)
{
  unsigned kind = (unsigned)(random_next() % 8);
  return kind < MISSING ? reading_missing(missing[kind]) : reading_known(random_value());
}

/* All readings of the sample. */
static const struct block {
  void *first;
  size_t count;
} blocks[] = {
#define READINGS(member)                                                                 \
  {                                                                                      \
    &sample.member, sizeof(sample.member) / sizeof(struct reading)                       \
  }
    {sample.meminfo.fields, MEMINFO_FIELD_COUNT},
    READINGS(zoneinfo),
    READINGS(buddy_free),
    READINGS(zoneinfo_after),
    {sample.vmstat.fields, VMSTAT_FIELD_COUNT},
    {&sample.vmallocinfo.pages, VMALLOCINFO_READINGS},
    READINGS(vmalloc_used_then),
    {sample.allocinfo.readings, ALLOCINFO_READINGS},
    READINGS(allocinfo_lru_then),
    READINGS(allocinfo_cache_then),
    READINGS(hugepages),
    READINGS(modules),
    READINGS(consumers),
    READINGS(activity),
    READINGS(cpus_possible_count),
    READINGS(cpus_isolated_count),
    READINGS(percpu_first_chunk),
    READINGS(percpu_units_count),
    READINGS(overcommit_ratio_count),
    READINGS(overcommit_kbytes),
    READINGS(thread_stack_count),
    READINGS(hash_tables),
    READINGS(swiotlb_boot),
    READINGS(lxcfs_count),
    READINGS(processes),
};
enum { BLOCKS = sizeof(blocks) / sizeof(*blocks) };

static void fill_name(char *name, size_t size)
{
  size_t length = (size_t)(random_next() % size);
  for (size_t i = 0; i < length; i++)
    name[i] = (char)('!' + random_next() % ('~' - '!' + 1));
  name[length] = '\0';
}

static void random_denied(void)
{
  static const struct credentials *const who[] = {&user, &root, &captured};
  sample.credentials = *who[random_next() % 3];
  for (unsigned i = 0; i < DENIED_MAX; i++) {
    struct denied_process *denied = &sample.denied[i];
    *denied = (struct denied_process){.pid = random_next() % 3 == 0 ? 0 : 4294967295,
                                      .reason = random_next() % DENIAL_COUNT,
                                      .rss = random_value(),
                                      .lacks = random_next()};
    fill_name(denied->name, sizeof(denied->name) - 1);
  }
}

static void random_tables(void)
{
  struct vmallocinfo *info = &sample.vmallocinfo;
  info->callers_count = (unsigned)(random_next() % 4);
  for (unsigned i = 0; i < info->callers_count; i++) {
    fill_name(info->callers[i].symbol, sizeof(info->callers[i].symbol));
    fill_name(info->callers[i].module, sizeof(info->callers[i].module));
    info->callers[i].bytes = random_value();
    info->by_size[i] = (unsigned short)(info->callers_count - 1 - i);
  }
  caches = (struct grouping_list){.total = random_reading()};
  for (uint64_t i = random_next() % 5; i > 0 && is_known(caches.total); i--) {
    char name[96];
    fill_name(name, sizeof(name));
    add_cache(name, random_value() >> 3, (unsigned)(random_next() % 1001));
  }
  sample.groupings[GROUPING_slab_caches] = &caches;
  sample.allocinfo.sites_listed = (unsigned)(random_next() % 2);
  sample.allocinfo.user_sites_listed = (unsigned)(random_next() % 2);
  struct allocinfo_site *site = &sample.allocinfo.sites[0];
  fill_name(site->function, sizeof(site->function));
  fill_name(site->module, sizeof(site->module));
  fill_name(site->file, sizeof(site->file));
  site->bytes = random_value();
  sample.meminfo.others_count = (unsigned)(random_next() % (2 * MEMINFO_OTHERS_MAX));
  for (unsigned i = 0; i < MEMINFO_OTHERS_MAX; i++) {
    fill_name(sample.meminfo.others[i].key, sizeof(sample.meminfo.others[i].key));
    sample.meminfo.others[i].value = random_reading();
  }
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    sample.sources[i].state = (enum reading_state)(random_next() % 4);
    fill_name(sample.sources[i].path, sizeof(sample.sources[i].path));
  }
  random_denied();
  for (unsigned i = 0; i < HUNG_MAX; i++)
    sample.hung[i].pid = random_next() % 3 == 0 ? (uint32_t)random_next() : 0;
}

/* A quiet machine in which a few or all readings are random. */
static void random_gaps(void)
{
  struct meminfo *m = &sample.meminfo;
  m->gaps.broken = random_next() % 8 == 0;
  m->gaps.last = random_next() % MEMINFO_FIELD_COUNT;
  for (unsigned row = MEMINFO_FIELD_COUNT; row-- > 1;) {
    m->gaps.lacks[row] =
        m->fields[row].state == READING_MALFORMED && random_next() % 4 == 0;
    m->gaps.count += m->gaps.lacks[row];
    if (m->gaps.lacks[row])
      m->gaps.first = row;
  }
  m->gaps.open = m->gaps.broken || m->gaps.count > 0;
}

static void random_machine(uint64_t seed)
{
  random_state = seed * UINT64_C(2654435761) + UINT64_C(88172645463325252);
  be_quiet();
  unsigned rate = 1 + (unsigned)(random_next() % 20);
  for (size_t i = 0; i < BLOCKS; i++)
    for (size_t j = 0; j < blocks[i].count; j++)
      if (random_next() % rate == 0)
        ((struct reading *)blocks[i].first)[j] = random_reading();
  if (random_next() % 2 == 0)
    sample.lxcfs_count = reading_missing(READING_ABSENT);
  random_tables();
  random_gaps();
  quiet_before();
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++)
    if (random_next() % rate == 0)
      earlier.fields[i] = random_reading();
  if (random_next() % 8 == 0) /* else both hardly ever grow together */
    earlier.cached = earlier.shmem = reading_known(0);
  explain(&sample, &explanation);
  explanation.removed = random_reading();
  if (random_next() % 2 == 0)
    explanation.black_hole.above_floor = amount_known(random_value());
  if (is_known(explanation.black_hole.allocinfo) &&
      is_known(sample.allocinfo.place[ALLOCINFO_USER]) && random_next() % 2 == 0)
    explanation.black_hole.uncounted = amount_known(random_value());
}

static const uint64_t poison = UINT64_C(0x0dead0dead0dead0);

static void poison_reading(struct reading *reading)
{
  if (!is_known(*reading))
    reading->value = poison;
}

static void poison_amount(struct amount *amount)
{
  if (!is_known(*amount))
    amount->value = (int64_t)poison;
}

static void poison_explanation(void)
{
  struct black_hole *hole = &explanation.black_hole;
  struct amount *const amounts[] = {&hole->of[0],
                                    &hole->of[1],
                                    &hole->of[2],
                                    &hole->cache_low,
                                    &hole->estimate,
                                    &hole->floor,
                                    &hole->above_floor,
                                    &hole->hidden,
                                    &hole->unexplained,
                                    &hole->uncounted,
                                    &hole->allocinfo,
                                    &hole->allocinfo_difference,
                                    &hole->range.least,
                                    &hole->range.most,
                                    &hole->unexplained_range.least,
                                    &hole->unexplained_range.most};
  for (size_t i = 0; i < sizeof(amounts) / sizeof(*amounts); i++)
    poison_amount(amounts[i]);
  poison_reading(&hole->error);
  poison_reading(&hole->unexplained_error);
  poison_reading(&hole->bounded_error);
  poison_reading(&hole->noise);
  poison_reading(&explanation.removed);
  for (unsigned i = 0; i < TERM_COUNT; i++)
    poison_amount(term(i));
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    poison_amount(&explanation.identities[i].residual);
  for (unsigned i = 0; i < RATIO_COUNT; i++)
    if (!is_known(explanation.ratios[i]))
      explanation.ratios[i].percent = 7777777;
  if (!is_known(explanation.pss_coverage))
    explanation.pss_coverage.percent = -7777777;
  if (!is_known(hole->share))
    hole->share.percent = 7777777;
  for (unsigned i = 0; i < DECISION_COUNT; i++)
    poison_reading(&explanation.decided.all[i].reading);
}

/* Replaces the values of numbers that are not known. */
static void poison_all(void)
{
  for (size_t i = 0; i < BLOCKS; i++)
    for (size_t j = 0; j < blocks[i].count; j++)
      poison_reading(&((struct reading *)blocks[i].first)[j]);
  for (unsigned i = 0; i < MEMINFO_OTHERS_MAX; i++)
    poison_reading(&sample.meminfo.others[i].value);
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++)
    poison_reading(&earlier.fields[i]);
  if (!is_known(sample.vmallocinfo.pages))
    sample.vmallocinfo.callers[0].bytes = poison;
  if (!is_known(explanation.black_hole.allocinfo))
    sample.allocinfo.sites[0].bytes = sample.allocinfo.user_sites[0].bytes = poison;
  poison_explanation();
}

static void check_sentences(const struct sentence *sentences, unsigned count)
{
  bool used[RULE_COUNT] = {false};
  ck_assert_uint_le(count, RULE_COUNT);
  for (unsigned i = 0; i < count; i++) {
    const struct sentence *s = &sentences[i];
    size_t length = strnlen(s->text, sizeof(s->text));
    ck_assert_uint_gt(length, 20);
    ck_assert_uint_lt(length, sizeof(s->text));
    ck_assert_msg(s->text[length - 1] == '.', "%s", s->text);
    ck_assert(s->rule < RULE_COUNT && !used[s->rule]);
    ck_assert_ptr_nonnull(s->next);
    used[s->rule] = true;
    ck_assert_msg(isfinite(s->weight) && s->weight >= 0, "%s weighs %f", s->text,
                  s->weight);
    if (i == 0)
      continue;
    ck_assert(s[-1].weight >= s->weight);
    ck_assert(s[-1].weight > s->weight || s[-1].rule < s->rule);
  }
}

START_TEST(values_that_are_not_known_are_never_used)
{
  static struct sentence poisoned[RULE_COUNT];
  unsigned applied[RULE_COUNT] = {0};
  for (uint64_t seed = 1; seed <= 8000; seed++) {
    random_machine(seed);
    unsigned count = sentences_make(&sample, &explanation, before, out);
    check_sentences(out, count);
    poison_all();
    ck_assert_uint_eq(sentences_make(&sample, &explanation, before, poisoned), count);
    for (unsigned i = 0; i < count; i++) {
      ck_assert_str_eq(out[i].text, poisoned[i].text);
      ck_assert_int_eq(out[i].rule, poisoned[i].rule);
      ck_assert(out[i].weight == poisoned[i].weight);
      applied[out[i].rule]++;
    }
  }
  /* Otherwise the loop has proven nothing about the rule. */
  for (unsigned i = 0; i < RULE_COUNT; i++)
    ck_assert_msg(applied[i] > 0, "%s never applies to random machines",
                  rule_rows[i].name);
}
END_TEST

START_TEST(every_rule_applied_in_some_test)
{
  if (getenv("CK_RUN_CASE") != NULL)
    return; /* the other tests do not run */
  for (unsigned i = 0; i < RULE_COUNT; i++)
    ck_assert_msg(seen[i], "no test makes %s apply", rule_rows[i].name);
}
END_TEST

int main(void)
{
  const TTest *const tests[] = {
  /* A rule without a test of its name does not compile. */
#define RULE(name, ...)                         rule_##name,
#define ABOVE(name, percent, number, text, ...) rule_##name,
#include "meminfo_explain/tables/rules.def"
      quiet_machine_has_only_the_sentence_of_the_largest_user,
      nothing_is_said_where_nothing_is_known,
      no_shares_are_printed_where_mem_total_is_0,
      every_operand_of_an_identity_has_a_name,
      a_counter_that_is_wrong_is_not_stated,
      hidden_exceeds_applies_to_what_explain_computes,
      short_of_memory_applies_where_no_user_is_known,
      unreclaimable_caches_are_named_with_how_much_is_in_use,
      a_cache_is_unreclaimable_where_sreclaimable_is_not_that_large,
      a_large_part_of_the_memory_in_use_is_said,
      the_largest_part_of_the_rest_is_said_where_it_is_certain,
      each_user_can_be_the_largest,
      every_hidden_term_has_a_row_in_owner_of,
      heaviest_comes_first_and_equals_in_order_of_rules,
      longest_names_fit_in_a_sentence,
      sentence_that_is_cut_ends_with_a_full_stop,
      sizes_are_printed_in_the_unit_that_fits,
      processes_of_other_users_that_deny_their_smaps_are_named,
      a_process_that_holds_more_capabilities_is_named_with_them,
      what_denies_its_smaps_to_root_is_no_lack_of_capabilities,
      a_denied_process_never_comes_before_the_owner_of_the_black_hole,
      sudo_is_for_a_user_who_is_not_root,
      allocinfo_is_the_command_where_the_kernel_has_it,
      every_command_is_valid_shell,
      values_that_are_not_known_are_never_used,
      a_missing_file_is_named_with_the_bound,
      all_that_is_unknown_fits_in_a_sentence,
      small_missing_lines_leave_a_bound,
      wrong_lists_give_no_bound,
      unexplained_where_files_are_missing,
      what_nothing_proves_may_be_missing,
      black_hole_unknown_does_not_list_missing_lines,
      largest_is_certain_or_not_said,
      part_of_a_user_does_not_rank_below_another,
      shmem_says_nothing_of_a_swap_that_is_not_known,
      mem_available_that_is_missing_is_not_absent_from_the_kernel,
      every_rule_applied_in_some_test, /* the last */
  };
  seen = mmap(NULL, RULE_COUNT * sizeof(*seen), PROT_READ | PROT_WRITE,
              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (seen == MAP_FAILED)
    return EXIT_FAILURE;
  return suite_run("sentences", tests, sizeof(tests) / sizeof(*tests));
}
