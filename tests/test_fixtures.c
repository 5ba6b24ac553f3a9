/* SPDX-License-Identifier: MIT */
/* Whole machines: every folder of fixtures/ with a file `about` is a test. */
#define _GNU_SOURCE
#include "golden.h"
#include "suite.h"

#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/observe.h"
#include "meminfo_explain/report/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_same_lines(const char *root, const struct lines *got)
{
  char path[600];
  snprintf(path, sizeof(path), "%s/expect.txt", root);
  char *expected = file_read(path, NULL), *rest = expected;
  for (size_t i = 0; i < got->count; i++) {
    const char *want = strsep(&rest, "\n");
    ck_assert_msg(want != NULL && strcmp(want, got->line[i]) == 0,
                  "%s:%zu: expected \"%s\", got \"%s\"", path, i + 1,
                  want != NULL ? want : "(end)", got->line[i]);
  }
  ck_assert_msg(rest == NULL || *rest == '\0', "%s: expected more: \"%s\"", path, rest);
  free(expected);
}

START_TEST(metrics_match_expect_txt)
{
  const char *root = fixture_root((size_t)_i);
  struct lines lines = {0};
  ck_assert_int_eq(golden_explain(root, &lines), 0);
  assert_same_lines(root, &lines);
  lines_free(&lines);
}
END_TEST

/* Fails for a fixture of a kernel with a new line: add a row to meminfo.def. */
START_TEST(every_meminfo_line_has_a_row)
{
  const char *root = fixture_root((size_t)_i);
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  ck_assert_int_eq(collector_open(root, &collector), 0);
  ck_assert_int_eq(collect(&collector, &(struct collect_options){0}, sample), 0);
  ck_assert_msg(sample->meminfo.others_count == 0, "%s: no row for \"%s\"", root,
                sample->meminfo.others[0].key);
  collector_close(&collector);
  free(sample);
}
END_TEST

/* Collects and explains as the plugin does by default. The caller frees the result. */
static struct explanation *explain_fixture(const char *root)
{
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  struct explanation *e = malloc(sizeof(*e));
  ck_assert_int_eq(collector_open(root, &collector), 0);
  ck_assert_int_eq(collect(&collector, &(struct collect_options){.pss = true}, sample),
                   0);
  explain(sample, e);
  collector_close(&collector);
  free(sample);
  return e;
}

START_TEST(accountings_add_up_to_mem_total)
{
  struct explanation *e = explain_fixture(fixture_root((size_t)_i));
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    if (!is_known(e->black_hole.of[m]))
      continue;
    int64_t sum = e->black_hole.of[m].value;
    for (size_t i = 0; i < TERM_COUNT; i++)
      if (is_known(e->terms[i]) &&
          (term_rows[i].view == TERM_VIEW_FREE || term_rows[i].view == TERM_VIEW_KERNEL ||
           term_rows[i].view == accounting_view(m)))
        sum += e->terms[i].value;
    ck_assert_int_eq(sum, e->terms[TERM_TOTAL_mem_total].value);
  }
  free(e);
}
END_TEST

/* The size of the black hole of most composed machines is known. Their `about` has a line
 * "truth: N bytes", and "exact: yes" if the explanation needs no guess. */
START_TEST(estimate_is_within_its_error_of_the_truth)
{
  const char *root = fixture_root((size_t)_i);
  char path[600];
  snprintf(path, sizeof(path), "%s/about", root);
  char *about = file_read(path, NULL);
  const char *line = strstr(about, "\ntruth: ");
  if (line != NULL) {
    int64_t truth = strtoll(line + strlen("\ntruth: "), NULL, 10);
    struct explanation *e = explain_fixture(root);
    const struct black_hole *hole = &e->black_hole;
    ck_assert_int_eq(hole->estimate.state, READING_KNOWN);
    if (is_known(hole->error))
      ck_assert_msg(llabs(hole->estimate.value - truth) <= (int64_t)hole->error.value,
                    "%s: %lld is not within %lld of the truth, %lld", root,
                    (long long)hole->estimate.value, (long long)hole->error.value,
                    (long long)truth);
    if (strstr(about, "\nexact: yes\n") != NULL)
      ck_assert_int_eq(hole->of[ACCOUNTING_LRU].value, truth);
    free(e);
  }
  free(about);
}
END_TEST

/* Sums over the metrics. */
struct sums {
  unsigned series;
  double free, kernel, user[ACCOUNTING_COUNT], hidden; /* of the views */
  double hole[ACCOUNTING_COUNT], hole_hidden, mem_total;
  bool hole_is_known[ACCOUNTING_COUNT];
};

static void add_to_sums(void *context, const struct metric *metric)
{
  struct sums *sums = context;
  sums->series++;
  if (strcmp(metric->view, "kernel") == 0)
    sums->kernel += metric->value;
  else if (strcmp(metric->view, "hidden") == 0)
    sums->hidden += metric->value;
  else if (strcmp(metric->instance, "mem_free") == 0 ||
           strcmp(metric->instance, "pcp_free") == 0)
    sums->free += metric->value;
  else if (strcmp(metric->instance, "mem_total") == 0)
    sums->mem_total = metric->value;
  const bool hole =
      strcmp(metric->view, "black_hole") == 0 && metric->type == METRIC_TYPE_SIGNED_BYTES;
  if (hole && strcmp(metric->instance, "hidden") == 0)
    sums->hole_hidden = metric->value;
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    if (strcmp(metric->view, view_name(accounting_view(m))) == 0)
      sums->user[m] += metric->value;
    if (hole && strcmp(metric->instance, accounting_name(m)) == 0) {
      sums->hole[m] = metric->value;
      sums->hole_is_known[m] = true;
    }
  }
}

/* With the largest number of series: the floor is known, every watched series rises, and
 * every known consumer was above zero. */
START_TEST(default_series_are_bounded_and_add_up)
{
  static const struct collect_options options = {.pss = true};
  static struct publisher publisher;
  struct observer *observer = malloc(sizeof(*observer));
  ck_assert_int_eq(observer_open(fixture_root((size_t)_i), observer), 0);
  for (int i = 0; i < FLOOR_WINDOW; i++)
    ck_assert_int_eq(observe(observer, &options), 0);
  memset(&publisher, 0, sizeof(publisher));
  publisher.options = publisher_default_options();
  struct explanation above_zero = observer->explanation;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    above_zero.terms[i].value++;
  publisher_note(&publisher, &observer->sample, &above_zero);
  publisher_note(&publisher, &observer->sample, &observer->explanation);
  struct watched_verdicts verdicts;
  for (unsigned i = 0; i < SERIES_COUNT; i++) {
    verdicts.known[i] = true;
    verdicts.of[i] =
        (struct trend_verdict){.state = TREND_FAILURE, .rate = 1e6, .eta = 3600};
  }
  struct sums sums = {0};
  metrics_each(&observer->sample, &observer->explanation, &publisher, &verdicts,
               add_to_sums, &sums);
  ck_assert_uint_le(sums.series, DEFAULT_SERIES_MAX);
  ck_assert(sums.hidden == sums.hole_hidden);
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    if (sums.hole_is_known[m])
      ck_assert(sums.mem_total == sums.free + sums.kernel + sums.user[m] + sums.hole[m]);
  observer_close(observer);
  free(observer);
}
END_TEST

/* Terms that are read from the boot log or BTF, which captured trees do not have. */
static bool is_in_no_tree(enum term term)
{
  return term == TERM_HIDDEN_hash_tables || term == TERM_HIDDEN_swiotlb_dynamic ||
         term == TERM_HIDDEN_integrity_pool;
}

/* Some fixture has the file of each row of consumers.def, and some fixture has a value
 * above zero for each term of a consumer. */
START_TEST(every_consumer_is_known_in_some_fixture)
{
  static bool read[SOURCE_COUNT], above_zero[TERM_COUNT];
  struct sample *sample = malloc(sizeof(*sample));
  struct explanation *e = malloc(sizeof(*e));
  for (size_t f = 0; f < fixtures_count(); f++) {
    struct collector collector;
    ck_assert_int_eq(collector_open(fixture_root(f), &collector), 0);
    ck_assert_int_eq(collect(&collector, &(struct collect_options){0}, sample), 0);
    explain(sample, e);
    collector_close(&collector);
    for (unsigned i = 0; i < SOURCE_COUNT; i++)
      read[i] |= is_known(sample->sources[i]);
    for (unsigned i = 0; i < TERM_COUNT; i++)
      above_zero[i] |= is_known(e->terms[i]) && e->terms[i].value > 0;
  }
  read[SOURCE_integrity_pool] = true; /* BTF */
#define CONSUMER(name, ...) ck_assert_msg(read[SOURCE_##name], "no fixture has " #name);
#include "meminfo_explain/tables/consumers.def"
  for (unsigned i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view >= TERM_VIEW_HIDDEN && term_rows[i].view < TERM_VIEW_DETAIL)
      ck_assert_msg(above_zero[i] || is_in_no_tree(i), "%s is above zero in no fixture",
                    term_rows[i].name);
  free(sample);
  free(e);
}
END_TEST

int main(void)
{
  int count = (int)fixtures_count();
  if (count == 0) {
    fprintf(stderr, "no fixtures in " FIXTURES "\n");
    return EXIT_FAILURE;
  }
  Suite *suite = suite_create("fixtures");
  TCase *tcase = tcase_create("fixtures");
  tcase_add_loop_test(tcase, metrics_match_expect_txt, 0, count);
  /* The other tests run the same code again, which valgrind makes slow. */
  if (getenv("UNDER_VALGRIND") == NULL) {
    tcase_add_loop_test(tcase, every_meminfo_line_has_a_row, 0, count);
    tcase_add_loop_test(tcase, accountings_add_up_to_mem_total, 0, count);
    tcase_add_loop_test(tcase, estimate_is_within_its_error_of_the_truth, 0, count);
    tcase_add_loop_test(tcase, default_series_are_bounded_and_add_up, 0, count);
    tcase_add_test(tcase, every_consumer_is_known_in_some_fixture);
  }
  suite_add_tcase(suite, tcase);
  return suite_execute(suite);
}
