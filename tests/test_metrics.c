/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/report/metrics.h"
#include "meminfo_explain/report/publisher.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

#define MB(n)       ((uint64_t)(n) << 20)
#define METRICS_MAX 512

/* The metrics of the last publish(). */
static struct emitted {
  char view[32], instance[192];
  enum metric_type type;
  double value;
} emitted[METRICS_MAX];
static unsigned emitted_count;

static struct sample sample;
static struct explanation explanation;

static void record(void *context, const struct metric *metric)
{
  ck_assert_ptr_eq(context, &emitted_count);
  ck_assert_uint_lt(emitted_count, METRICS_MAX);
  struct emitted *slot = &emitted[emitted_count++];
  snprintf(slot->view, sizeof(slot->view), "%s", metric->view);
  snprintf(slot->instance, sizeof(slot->instance), "%s", metric->instance);
  slot->type = metric->type;
  slot->value = metric->value;
}

static struct publisher publisher;

static void publisher_begin(bool all_series)
{
  memset(&publisher, 0, sizeof(publisher));
  publisher.options = publisher_default_options();
  publisher.options.all_series = publisher.options.unknown_lines = all_series;
}

/* Records the metrics that the publisher sends for the sample. */
static void publish(const struct watched_verdicts *verdicts)
{
  publisher_note(&publisher, &sample, &explanation);
  emitted_count = 0;
  metrics_each(&sample, &explanation, &publisher, verdicts, record, &emitted_count);
}

/* Records every series of the sample, with so many names of each grouping. */
static void send_all(unsigned names)
{
  publisher_begin(true);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    publisher.options.names[i] = names;
  publish(NULL);
}

/* The sample stays valid until the next call: its groupings are the collector's. */
static void send_all_of_root(const char *root)
{
  static const struct collect_options options = {.pss = true};
  static struct collector collector;
  static bool is_open;
  if (is_open)
    collector_close(&collector);
  is_open = collector_open(root, &collector) == 0;
  ck_assert(is_open);
  ck_assert_int_eq(collect(&collector, &options, &sample), 0);
  explain(&sample, &explanation);
  send_all(10);
}

static const struct emitted *find(const char *view, enum metric_type type,
                                  const char *instance)
{
  for (unsigned i = 0; i < emitted_count; i++)
    if (emitted[i].type == type && strcmp(emitted[i].view, view) == 0 &&
        strcmp(emitted[i].instance, instance) == 0)
      return &emitted[i];
  return NULL;
}

static void assert_value(const char *view, enum metric_type type, const char *instance,
                         double value)
{
  const struct emitted *metric = find(view, type, instance);
  ck_assert_msg(metric != NULL, "%s has no %s", view, instance);
  ck_assert_msg(metric->value == value, "%s of %s is %f, not %f", instance, view,
                metric->value, value);
}

START_TEST(names_consist_of_lower_case_letters_digits_and_underscores)
{
  for (size_t f = 0; f < fixtures_count(); f++) {
    send_all_of_root(fixture_root(f));
    ck_assert_uint_gt(emitted_count, 20);
    for (unsigned i = 0; i < emitted_count; i++) {
      const char *names[] = {emitted[i].view, emitted[i].instance};
      for (size_t n = 0; n < 2; n++)
        ck_assert_msg(names[n][0] != '\0' &&
                          strspn(names[n], "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                              strlen(names[n]),
                      "%s: \"%s\"", fixture_root(f), names[n]);
    }
  }
}
END_TEST

START_TEST(all_names_of_a_sample_differ)
{
  for (size_t f = 0; f < fixtures_count(); f++) {
    send_all_of_root(fixture_root(f));
    for (unsigned i = 0; i < emitted_count; i++)
      ck_assert_msg(find(emitted[i].view, emitted[i].type, emitted[i].instance) ==
                        &emitted[i],
                    "%s: %s/%s occurs twice", fixture_root(f), emitted[i].view,
                    emitted[i].instance);
  }
}
END_TEST

#define BYTES    METRIC_TYPE_BYTES
#define SIGNED   METRIC_TYPE_SIGNED_BYTES
#define PERCENT  METRIC_TYPE_PERCENT
#define COUNT    METRIC_TYPE_COUNT
#define DURATION METRIC_TYPE_DURATION

/* The names that users and dashboards rely on. */
static const struct name {
  const char *view;
  enum metric_type type;
  const char *instance;
} promised[] = {
    {"total", BYTES, "mem_total"},
    {"total", BYTES, "mem_free"},
    {"total", BYTES, "pcp_free"},
    {"total", BYTES, "mem_available"},
    {"kernel", BYTES, "slab_reclaimable"},
    {"kernel", BYTES, "slab_unreclaimable"},
    {"kernel", BYTES, "misc_reclaimable"},
    {"kernel", BYTES, "vmalloc"},
    {"kernel", BYTES, "page_tables"},
    {"kernel", BYTES, "sec_page_tables"},
    {"kernel", BYTES, "percpu"},
    {"kernel", BYTES, "hugetlb"},
    {"kernel", BYTES, "bounce"},
    {"kernel", BYTES, "writeback_tmp"},
    {"user_lru", BYTES, "active_anon"},
    {"user_lru", BYTES, "inactive_anon"},
    {"user_lru", BYTES, "active_file"},
    {"user_lru", BYTES, "inactive_file"},
    {"user_lru", BYTES, "unevictable"},
    {"user_lru", BYTES, "isolated"},
    {"user_cache", BYTES, "anon_pages"},
    {"user_cache", BYTES, "cached"},
    {"user_cache", BYTES, "buffers"},
    {"user_pss", BYTES, "buffers"},
    {"user_pss", SIGNED, "unmapped_cache"},
    {"black_hole", SIGNED, "lru"},
    {"black_hole", SIGNED, "cache"},
    {"black_hole", SIGNED, "estimate"},
    {"black_hole", SIGNED, "hidden"},
    {"black_hole", SIGNED, "unexplained"},
    {"black_hole", BYTES, "error"},
    {"black_hole", PERCENT, "estimate"},
    {"vmalloc", BYTES, "kernel_clone"},
    {"vmalloc", BYTES, "other"},
    {"identity", SIGNED, "anon_lru"},
    {"identity", SIGNED, "file_lru"},
    {"identity", SIGNED, "pss_mapped_anon"},
    {"identity", SIGNED, "slab"},
    {"identity", SIGNED, "active"},
    {"identity", SIGNED, "inactive"},
    {"identity", SIGNED, "anon_huge_pages"},
    {"identity", SIGNED, "commit_limit"},
    {"identity", SIGNED, "lru_cache"},
    {"detail", BYTES, "swap_cached"},
    {"detail", BYTES, "shmem"},
    {"detail", BYTES, "mapped"},
    {"detail", BYTES, "mlocked"},
    {"detail", BYTES, "anon_huge_pages"},
    {"detail", BYTES, "kernel_stack"},
    {"detail", BYTES, "dirty_total"},
    {"detail", BYTES, "huge_free"},
    {"detail", BYTES, "huge_reserved"},
    {"detail", BYTES, "used"},
    {"detail", PERCENT, "commit"},
    {"detail", PERCENT, "direct_map_large"},
    {"quality", PERCENT, "pss_coverage"},
    {"quality", DURATION, "read"},
    {"quality", DURATION, "pss"},
    {"quality", BYTES, "pss_error"},
    {"quality", COUNT, "sources_denied"},
};

START_TEST(promised_names_exist_on_a_new_kernel)
{
  send_all_of_root(FIXTURES "/6.18-debian12-idle-24g");
  for (size_t i = 0; i < sizeof(promised) / sizeof(*promised); i++)
    ck_assert_msg(find(promised[i].view, promised[i].type, promised[i].instance) != NULL,
                  "%s has no %s", promised[i].view, promised[i].instance);
}
END_TEST

START_TEST(pss_metrics_exist_if_every_process_was_read)
{
  send_all_of_root(FIXTURES "/6.1-debian12-swap-zram");
  static const struct name names[] = {{"user_pss", BYTES, "pss_anon"},
                                      {"user_pss", BYTES, "pss_file"},
                                      {"user_pss", BYTES, "pss_shmem"},
                                      {"black_hole", SIGNED, "pss"},
                                      {"hidden", BYTES, "zram"}};
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
    ck_assert_msg(find(names[i].view, names[i].type, names[i].instance) != NULL,
                  "%s has no %s", names[i].view, names[i].instance);
}
END_TEST

START_TEST(values_equal_those_of_the_explanation)
{
  send_all_of_root(FIXTURES "/6.18-debian12-idle-24g");
  assert_value("total", BYTES, "mem_total", (double)sample.meminfo.mem_total.value);
  assert_value("total", BYTES, "pcp_free", (double)sample.zoneinfo.pcp.value);
  assert_value("black_hole", SIGNED, "estimate",
               (double)explanation.black_hole.of[ACCOUNTING_CACHE].value);
  assert_value("user_pss", SIGNED, "unmapped_cache",
               (double)sample.meminfo.cached.value - (double)sample.meminfo.mapped.value);
  assert_value("quality", COUNT, "processes_read",
               (double)sample.processes.read_count.value);
}
END_TEST

/* An empty sample: nothing is known. */
static void begin(void)
{
  memset(&sample, 0, sizeof(sample));
  memset(&explanation, 0, sizeof(explanation));
  sample.page_size = 4096;
}

START_TEST(unknown_values_are_not_sent)
{
  begin();
  explain(&sample, &explanation);
  send_all(10);
  for (unsigned i = 0; i < emitted_count; i++) {
    bool quality = strcmp(emitted[i].view, "quality") == 0;
    bool empty_sum = strcmp(emitted[i].view, "black_hole") == 0 &&
                     strcmp(emitted[i].instance, "hidden") == 0; /* of no consumer */
    ck_assert_msg(quality || empty_sum, "%s/%s", emitted[i].view, emitted[i].instance);
  }
  assert_value("quality", COUNT, "sources_denied", 0);
  assert_value("quality", COUNT, "identities_broken", 0);
  ck_assert_ptr_null(find("quality", DURATION, "pss"));
  ck_assert_ptr_null(find("quality", COUNT, "processes_read"));
}
END_TEST

START_TEST(denied_and_malformed_values_are_not_sent)
{
  static const enum reading_state states[] = {READING_ABSENT, READING_DENIED,
                                              READING_MALFORMED};
  for (size_t i = 0; i < 3; i++) {
    begin();
    sample.meminfo.shmem = reading_missing(states[i]);
    sample.vmallocinfo.pages = reading_missing(states[i]);
    sample.vmallocinfo.other_bytes = 77;
    explain(&sample, &explanation);
    send_all(10);
    ck_assert_ptr_null(find("detail", BYTES, "shmem"));
    ck_assert_ptr_null(find("vmalloc", BYTES, "other"));
  }
}
END_TEST

START_TEST(negative_share_is_sent_in_bytes_only)
{
  begin();
  explanation.black_hole.estimate = (struct amount){-4096, READING_KNOWN};
  explanation.black_hole.share = (struct percentage){-0.1, READING_KNOWN};
  send_all(10);
  assert_value("black_hole", SIGNED, "estimate", -4096);
  ck_assert_ptr_null(find("black_hole", PERCENT, "estimate"));
  explanation.black_hole.share.percent = 0;
  send_all(10);
  assert_value("black_hole", PERCENT, "estimate", 0);
}
END_TEST

START_TEST(failed_sources_and_malformed_lines_are_counted)
{
  begin();
  sample.sources[SOURCE_meminfo].state = READING_KNOWN;
  sample.sources[SOURCE_meminfo].parse_error.count = 2;
  sample.sources[SOURCE_vmallocinfo].state = READING_DENIED;
  sample.sources[SOURCE_slab_caches].state = READING_DENIED;
  sample.sources[SOURCE_vmstat].state = READING_MALFORMED;
  sample.sources[SOURCE_vmstat].parse_error.count = 5;
  sample.meminfo.others_count = 3;
  sample.read_seconds = 0.25;
  send_all(10);
  assert_value("quality", COUNT, "sources_denied", 2);
  assert_value("quality", COUNT, "sources_malformed", 1);
  assert_value("quality", COUNT, "malformed_lines", 7);
  assert_value("quality", COUNT, "meminfo_unknown_lines", 3);
  assert_value("quality", DURATION, "read", 0.25);
}
END_TEST

START_TEST(broken_identities_are_counted)
{
  begin();
  const struct amount page = {4096, READING_KNOWN}, none = {0, READING_ABSENT};
  struct identity_result *all = explanation.identities;
  all[IDENTITY_slab] = (struct identity_result){.residual = page, .judged = true};
  all[IDENTITY_active] =
      (struct identity_result){.residual = page, .judged = true, .holds = true};
  all[IDENTITY_inactive] = (struct identity_result){.residual = page};
  all[IDENTITY_managed] = (struct identity_result){.residual = none};
  send_all(10);
  assert_value("quality", COUNT, "identities_broken", 1);
  assert_value("identity", SIGNED, "slab", 4096);
  assert_value("identity", SIGNED, "inactive", 4096); /* sent even if not judged */
  ck_assert_ptr_null(find("identity", SIGNED, "managed"));
}
END_TEST

/* vmallocinfo with the given callers, largest first. */
static void set_callers(const struct vmalloc_caller *callers, unsigned count)
{
  begin();
  struct vmallocinfo *info = &sample.vmallocinfo;
  info->pages = reading_known(0);
  for (unsigned i = 0; i < count; i++) {
    info->callers[i] = callers[i];
    info->by_size[i] = (unsigned short)i;
    reading_add(&info->pages, callers[i].bytes);
  }
  info->callers_count = count;
}

static double sum_of_vmalloc(unsigned *count)
{
  double sum = 0;
  *count = 0;
  for (unsigned i = 0; i < emitted_count; i++)
    if (strcmp(emitted[i].view, "vmalloc") == 0) {
      sum += emitted[i].value;
      (*count)++;
    }
  return sum;
}

START_TEST(largest_callers_are_sent_and_the_rest_is_summed)
{
  static const struct vmalloc_caller callers[] = {{.symbol = "alpha", .bytes = MB(4)},
                                                  {.symbol = "beta", .bytes = MB(3)},
                                                  {.symbol = "gamma", .bytes = MB(2)},
                                                  {.symbol = "delta", .bytes = MB(1)}};
  for (unsigned limit = 0; limit <= 5; limit++) {
    set_callers(callers, 4);
    send_all(limit);
    unsigned count;
    ck_assert(sum_of_vmalloc(&count) == (double)MB(10));
    ck_assert_uint_eq(count, (limit < 4 ? limit : 4) + 1);
    ck_assert_int_eq(find("vmalloc", BYTES, "gamma") != NULL, limit >= 3);
  }
  send_all(2);
  assert_value("vmalloc", BYTES, "alpha", MB(4));
  assert_value("vmalloc", BYTES, "other", MB(3));
}
END_TEST

START_TEST(callers_and_other_add_up_to_pages_in_every_fixture)
{
  unsigned checked = 0;
  for (size_t f = 0; f < fixtures_count(); f++) {
    send_all_of_root(fixture_root(f));
    if (!is_known(sample.vmallocinfo.pages))
      continue;
    checked++;
    static const unsigned limits[] = {0, 1, 10, 1000};
    for (size_t i = 0; i < 4; i++) {
      unsigned count;
      send_all(limits[i]);
      ck_assert(sum_of_vmalloc(&count) == (double)sample.vmallocinfo.pages.value);
      ck_assert_uint_le(count, limits[i] + 1);
    }
  }
  ck_assert_uint_gt(checked, 10);
}
END_TEST

START_TEST(callers_beyond_the_table_are_in_other)
{
  static const struct vmalloc_caller caller = {.symbol = "alpha", .bytes = MB(4)};
  set_callers(&caller, 1);
  reading_add(&sample.vmallocinfo.pages, MB(2));
  send_all(10);
  assert_value("vmalloc", BYTES, "other", MB(2));
}
END_TEST

START_TEST(caller_is_named_by_module_and_symbol)
{
  static const struct {
    struct vmalloc_caller caller;
    const char *want;
  } cases[] = {
      {{.symbol = "kernel_clone"}, "kernel_clone"},
      {{.symbol = "xlog_alloc", .module = "xfs"}, "xfs_xlog_alloc"},
      {{.symbol = "HandleIRQ", .module = "vendor-drv"}, "vendor_drv_handleirq"},
      {{.symbol = ".dup_task_struct"}, "_dup_task_struct"},
      {{.symbol = "0xffffffffc0a81234"}, "0xffffffffc0a81234"},
      {{.symbol = "a/b?c.d"}, "a_b_c_d"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct vmalloc_caller caller = cases[i].caller;
    caller.bytes = MB(1);
    set_callers(&caller, 1);
    send_all(10);
    assert_value("vmalloc", BYTES, cases[i].want, MB(1));
  }
}
END_TEST

START_TEST(callers_of_the_same_name_are_added)
{
  static const struct vmalloc_caller callers[] = {
      {.symbol = "bar", .module = "foo", .bytes = MB(8)}, /* foo_bar */
      {.symbol = "foo.bar", .bytes = MB(4)},              /* foo_bar */
      {.symbol = "other", .bytes = MB(2)},                /* the sum's own name */
      {.symbol = "Foo_Bar", .bytes = MB(1)}};             /* foo_bar */
  set_callers(callers, 4);
  send_all(10);
  unsigned count;
  ck_assert(sum_of_vmalloc(&count) == (double)MB(15));
  ck_assert_uint_eq(count, 2);
  assert_value("vmalloc", BYTES, "foo_bar", MB(13));
  assert_value("vmalloc", BYTES, "other", MB(2));
}
END_TEST

START_TEST(name_of_maximum_length_is_sent_whole)
{
  struct vmalloc_caller caller = {.bytes = MB(1)};
  memset(caller.symbol, 's', sizeof(caller.symbol) - 1);
  memset(caller.module, 'm', sizeof(caller.module) - 1);
  set_callers(&caller, 1);
  send_all(1);
  char want[TOP_N_NAME_SIZE];
  top_n_name(caller.module, caller.symbol, want);
  ck_assert_uint_eq(strlen(want), TOP_N_NAME_SIZE - 1);
  assert_value("vmalloc", BYTES, want, MB(1));
}
END_TEST

START_TEST(unknown_lines_of_meminfo_are_sent_by_key)
{
  begin();
  sample.meminfo.others[0] =
      (struct meminfo_other){"Zoo(anon)", reading_known(77), false};
  sample.meminfo.others[1] = (struct meminfo_other){"Events", reading_known(3), true};
  sample.meminfo.others[2] =
      (struct meminfo_other){"Torn", reading_missing(READING_MALFORMED), false};
  sample.meminfo.others_count = 3;
  send_all(1);
  assert_value("detail", BYTES, "raw_zoo_anon_", 77);
  assert_value("detail", COUNT, "raw_events", 3);
  ck_assert_ptr_null(find("detail", BYTES, "raw_torn"));
}
END_TEST

/* collectd rejects a second value of a series with the same timestamp. */
START_TEST(unknown_lines_of_the_same_name_are_added)
{
  begin();
  sample.meminfo.others[0] = (struct meminfo_other){"A-b", reading_known(1), false};
  sample.meminfo.others[1] = (struct meminfo_other){"A_b", reading_known(2), true};
  sample.meminfo.others[2] = (struct meminfo_other){"a?B", reading_known(4), false};
  sample.meminfo.others[3] = (struct meminfo_other){"C-d", reading_known(8), false};
  sample.meminfo.others[4] =
      (struct meminfo_other){"C:d", reading_missing(READING_MALFORMED), false};
  sample.meminfo.others_count = 5;
  send_all(1);
  assert_value("detail", BYTES, "raw_a_b", 5);
  assert_value("detail", COUNT, "raw_a_b", 2);
  ck_assert_ptr_null(find("detail", BYTES, "raw_c_d"));
}
END_TEST

START_TEST(address_space_is_sent_by_kind)
{
  set_callers(NULL, 0);
  sample.vmallocinfo.kind_size[VMALLOC_KIND_IOREMAP] = reading_known(MB(16));
  sample.vmallocinfo.kind_size[VMALLOC_KIND_VMALLOC] = reading_known(MB(3));
  send_all(1);
  assert_value("vmalloc_space", BYTES, "ioremap", MB(16));
  assert_value("vmalloc_space", BYTES, "vmalloc", MB(3));
  ck_assert_ptr_null(find("vmalloc_space", BYTES, "user"));
  assert_value("vmalloc", BYTES, "other", 0); /* ioremap has no pages */
}
END_TEST

START_TEST(allocation_sites_are_sent_if_the_kernel_counts_them)
{
  begin();
  struct allocinfo *info = &sample.allocinfo;
  info->total = reading_known(MB(9));
  info->place[ALLOCINFO_BLACK_HOLE] = reading_known(MB(7));
  info->sites[0] = (struct allocinfo_site){
      .function = "ice_alloc_mapped_page", .module = "ice", .bytes = MB(4)};
  info->sites[1] = (struct allocinfo_site){.function = "alloc_zspage", .bytes = MB(2)};
  info->sites_listed = 2;
  explain(&sample, &explanation);
  send_all(1);
  assert_value("alloc_site", BYTES, "ice_ice_alloc_mapped_page", MB(4));
  assert_value("alloc_site", BYTES, "other", MB(3));
  assert_value("black_hole", SIGNED, "allocinfo", MB(7));
  /* All zero: memory profiling is off. */
  info->total = info->place[ALLOCINFO_BLACK_HOLE] = reading_known(0);
  explain(&sample, &explanation);
  send_all(1);
  ck_assert_ptr_null(find("alloc_site", BYTES, "other"));
  ck_assert_ptr_null(find("black_hole", SIGNED, "allocinfo"));
}
END_TEST

/* --- the default series ------------------------------------------------------------- */

static struct amount known_amount(int64_t bytes)
{
  return (struct amount){.value = bytes, .state = READING_KNOWN};
}

/* Kernels print either this term or its parts. */
static bool is_sum_of_other_terms(enum term term)
{
  return term == TERM_KERNEL_slab || term == TERM_USER_LRU_active ||
         term == TERM_USER_LRU_inactive || term == TERM_USER_PSS_pss;
}

/* More than any machine has: every term is known, the n-th with n MB. */
static void set_everything(void)
{
  static const struct vmalloc_caller callers[] = {{.symbol = "a", .bytes = MB(9)},
                                                  {.symbol = "b", .bytes = MB(8)},
                                                  {.symbol = "c", .bytes = MB(7)},
                                                  {.symbol = "d", .bytes = MB(6)},
                                                  {.symbol = "e", .bytes = MB(5)}};
  set_callers(callers, 5);
  struct black_hole *hole = &explanation.black_hole;
  const struct amount some = known_amount(4096);
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (!is_sum_of_other_terms(i))
      explanation.terms[i] = known_amount((int64_t)MB(i + 1));
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    hole->of[m] = some;
  hole->cache_low = hole->estimate = hole->floor = hole->above_floor = some;
  hole->hidden = hole->unexplained = hole->allocinfo = hole->allocinfo_difference = some;
  hole->error = hole->unexplained_error = explanation.removed = reading_known(4096);
  hole->share = explanation.pss_coverage = (struct percentage){50, READING_KNOWN};
  for (unsigned i = 0; i < IDENTITY_COUNT; i++)
    explanation.identities[i].residual = some;
  for (unsigned i = 0; i < RATIO_COUNT; i++)
    explanation.ratios[i] = (struct percentage){50, READING_KNOWN};
  sample.processes.read_count = reading_known(1);
  sample.processes.error = reading_known(1);
}

static const struct watched_verdicts *all_verdicts(void)
{
  static struct watched_verdicts verdicts;
  for (unsigned i = 0; i < SERIES_COUNT; i++) {
    verdicts.known[i] = true;
    verdicts.of[i] = (struct trend_verdict){.state = TREND_OKAY, .rate = 1, .eta = 1};
  }
  verdicts.of[SERIES_page_tables].state = TREND_WARNING;
  verdicts.of[SERIES_estimate].state = TREND_FAILURE;
  return &verdicts;
}

static unsigned count_of_view(const char *view)
{
  unsigned count = 0;
  for (unsigned i = 0; i < emitted_count; i++)
    count += strcmp(emitted[i].view, view) == 0;
  return count;
}

/* No view has more series than its share in default_series.def. */
START_TEST(default_series_stay_within_their_shares)
{
  set_everything();
  publisher_begin(false);
  publish(all_verdicts());
  ck_assert_uint_le(emitted_count, DEFAULT_SERIES_MAX);
  double hidden = 0, named = 0;
  for (unsigned i = 0; i < emitted_count; i++)
    if (strcmp(emitted[i].view, "hidden") == 0)
      named += emitted[i].value;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      hidden += (double)explanation.terms[i].value;
  ck_assert(hidden == named);
  unsigned groupings = 0, all_groupings = 0;
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    groupings += count_of_view(grouping_rows[i].view);
#define COMPLETE(view, share, alternatives)                                              \
  ck_assert_uint_le(count_of_view(#view), share);
#define LARGEST(view, share) ck_assert_uint_eq(count_of_view(#view), share);
#define GROUPINGS(share)     all_groupings = share;
#define ONCE(view, name)     NAME(view, BYTES, name)
#define NAME(view, type, name)                                                           \
  ck_assert_ptr_nonnull(find(#view, METRIC_TYPE_##type, #name));
#include "meminfo_explain/tables/default_series.def"
  ck_assert_uint_le(groupings, all_groupings);
  ck_assert_uint_eq(count_of_view("vmalloc"), 4 + 1);
}
END_TEST

START_TEST(default_series_are_a_subset_of_all_series)
{
  static struct emitted part[METRICS_MAX];
  set_everything();
  publisher_begin(false);
  publish(all_verdicts());
  const unsigned count = emitted_count;
  memcpy(part, emitted, sizeof(part));
  publisher_begin(true);
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    publisher.options.names[i] = grouping_rows[i].names;
  publish(all_verdicts());
  ck_assert_uint_gt(emitted_count, count + 64);
  ck_assert_ptr_null(find("hidden", BYTES, "other"));
  for (unsigned i = 0; i < count; i++)
    if (strcmp(part[i].view, "hidden") != 0 || strcmp(part[i].instance, "other") != 0)
      assert_value(part[i].view, part[i].type, part[i].instance, part[i].value);
}
END_TEST

START_TEST(worst_state_excludes_the_black_hole)
{
  struct watched_verdicts verdicts = *all_verdicts();
  begin();
  publisher_begin(true);
  publish(&verdicts);
  assert_value("black_hole", COUNT, "state", TREND_FAILURE);
  assert_value("trend", COUNT, "worst", TREND_WARNING);
  verdicts.known[SERIES_page_tables] = false;
  verdicts.of[SERIES_vmalloc].state = TREND_STEP;
  publish(&verdicts);
  assert_value("trend", COUNT, "worst", TREND_STEP);
  memset(verdicts.known, 0, sizeof(verdicts.known));
  verdicts.known[SERIES_estimate] = true;
  publish(&verdicts);
  ck_assert_ptr_null(find("trend", COUNT, "worst"));
}
END_TEST

START_TEST(consumer_is_sent_after_it_was_above_zero)
{
  publisher_begin(false);
  static const int64_t bytes[] = {0, 4096, 0};
  for (size_t i = 0; i < 3; i++) {
    begin();
    explanation.terms[TERM_HIDDEN_zram] = known_amount(bytes[i]);
    explanation.terms[TERM_OUTSIDE_xen_balloon] = known_amount(bytes[i]);
    explanation.terms[TERM_OUTSIDE_swiotlb] = known_amount(bytes[i]);
    publish(NULL);
    ck_assert_int_eq(find("hidden", BYTES, "zram") != NULL, i > 0);
    ck_assert_int_eq(find("outside", BYTES, "xen_balloon") != NULL, i > 0);
    ck_assert_ptr_null(find("outside", BYTES, "swiotlb"));
    ck_assert_ptr_null(find("hidden", BYTES, "other"));
    if (i > 0)
      assert_value("hidden", BYTES, "zram", (double)bytes[i]);
  }
  begin(); /* it is not sent while it is not known */
  explanation.terms[TERM_HIDDEN_zram].state = READING_DENIED;
  publish(NULL);
  ck_assert_ptr_null(find("hidden", BYTES, "zram"));
}
END_TEST

SUITE_MAIN("metrics", names_consist_of_lower_case_letters_digits_and_underscores,
           all_names_of_a_sample_differ, promised_names_exist_on_a_new_kernel,
           pss_metrics_exist_if_every_process_was_read,
           values_equal_those_of_the_explanation, unknown_values_are_not_sent,
           denied_and_malformed_values_are_not_sent, negative_share_is_sent_in_bytes_only,
           failed_sources_and_malformed_lines_are_counted, broken_identities_are_counted,
           largest_callers_are_sent_and_the_rest_is_summed,
           callers_and_other_add_up_to_pages_in_every_fixture,
           callers_beyond_the_table_are_in_other, caller_is_named_by_module_and_symbol,
           callers_of_the_same_name_are_added, name_of_maximum_length_is_sent_whole,
           unknown_lines_of_meminfo_are_sent_by_key,
           unknown_lines_of_the_same_name_are_added, address_space_is_sent_by_kind,
           allocation_sites_are_sent_if_the_kernel_counts_them,
           default_series_stay_within_their_shares,
           default_series_are_a_subset_of_all_series, worst_state_excludes_the_black_hole,
           consumer_is_sent_after_it_was_above_zero)
