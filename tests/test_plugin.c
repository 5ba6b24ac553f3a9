/* SPDX-License-Identifier: MIT */
/* The built plugin in a mock of the daemon. */
#include "collectd_mock.h"
#include "suite.h"

#include "meminfo_explain/report/publisher.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define IDLE FIXTURES "/6.18-debian12-idle-24g"

static void start(const char *options)
{
  mock_load(PLUGIN);
  ck_assert_int_eq(mock_config(options), 0);
  ck_assert_int_eq(mock_init(), 0);
}

START_TEST(dispatches_what_the_fixture_expects)
{
  start("Root \"" IDLE "\"\nAllSeries true\n");
  ck_assert_int_eq(mock_read(), 0);
  struct lines lines = {0};
  mock_lines(&lines);
  char *expected = file_read(IDLE "/expect.txt", NULL), *rest = expected;
  for (size_t i = 0; i < lines.count; i++)
    ck_assert_str_eq(lines.line[i], strsep(&rest, "\n"));
  ck_assert_str_eq(rest, "");
  free(expected);
  lines_free(&lines);
  mock_shutdown();
}
END_TEST

START_TEST(all_values_of_a_sample_share_one_time)
{
  start("Root \"" IDLE "\"\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_gt(mock_dispatched_count(), 50);
  cdtime_t first = mock_dispatched_at(0)->list.time;
  ck_assert_uint_gt(first, 0);
  for (size_t i = 0; i < mock_dispatched_count(); i++) {
    ck_assert_uint_eq(mock_dispatched_at(i)->list.time, first);
    ck_assert_str_eq(mock_dispatched_at(i)->list.plugin, "meminfo_explain");
  }
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_gt(mock_dispatched_at(0)->list.time, first);
  mock_shutdown();
}
END_TEST

START_TEST(reads_this_machine_without_any_option)
{
  start("");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_nonnull(mock_find("total/bytes-mem_total"));
  ck_assert_double_gt(mock_find("total/bytes-mem_total")->value.gauge, 0);
  mock_shutdown();
}
END_TEST

START_TEST(own_types_are_registered_where_missing)
{
  start("Root \"" IDLE "\"\n");
  ck_assert_ptr_nonnull(plugin_get_ds("signed_bytes"));
  ck_assert(isnan(plugin_get_ds("signed_bytes")->ds[0].min));
  ck_assert_ptr_nonnull(plugin_get_ds("bytes_rate"));
  ck_assert_uint_eq(mock_log_count(), 0);
  mock_shutdown();
}
END_TEST

START_TEST(stock_types_are_registered_where_typesdb_lost_them)
{
  mock_load(PLUGIN);
  mock_types_forget();
  ck_assert_int_eq(mock_config("Root \"" IDLE "\"\n"), 0);
  ck_assert_int_eq(mock_init(), 0);
  ck_assert_double_eq(plugin_get_ds("bytes")->ds[0].min, 0);
  ck_assert_str_eq(plugin_get_ds("duration")->ds[0].name, "seconds");
  ck_assert_int_eq(mock_read(), 0);
  mock_shutdown();
}
END_TEST

START_TEST(foreign_definition_of_our_type_falls_back_to_gauge)
{
  mock_load(PLUGIN);
  mock_type_define("signed_bytes", "value", 0);
  ck_assert_int_eq(mock_config("Root \"" IDLE "\"\n"), 0);
  ck_assert_int_eq(mock_init(), 0);
  ck_assert_uint_eq(mock_logged("signed_bytes"), 1);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_nonnull(mock_find("black_hole/gauge-estimate"));
  ck_assert_ptr_null(mock_find("black_hole/signed_bytes-estimate"));
  mock_shutdown();
}
END_TEST

START_TEST(use_stock_types_sends_gauge)
{
  start("Root \"" IDLE "\"\nUseStockTypes true\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_nonnull(mock_find("black_hole/gauge-estimate"));
  for (size_t i = 0; i < mock_dispatched_count(); i++)
    ck_assert_str_ne(mock_dispatched_at(i)->list.type, "signed_bytes");
  mock_shutdown();
}
END_TEST

START_TEST(wrong_options_are_one_error_each_and_the_rest_applies)
{
  static const struct {
    const char *line, *named;
  } cases[] = {
      {"Bogus 1", "\"Bogus\""},
      {"Root", "\"Root\""},
      {"Root 12", "\"Root\""},
      {"Root \"\"", "\"Root\""},
      {"Pss \"maybe\"", "\"Pss\""},
      {"PssBudget 0", "\"PssBudget\""},
      {"PssBudget 101", "\"PssBudget\""},
      {"PssBudget true", "\"PssBudget\""},
      {"PssMaxProcess -1", "\"PssMaxProcess\""},
      {"PssMaxProcess 1.5", "\"PssMaxProcess\""},
      {"VmallocCallers 2.5", "\"VmallocCallers\""},
      {"VmallocCallers 1000000", "\"VmallocCallers\""},
      {"UseStockTypes 2", "\"UseStockTypes\""},
      {"AllSeries \"all\"", "\"AllSeries\""},
  };
  mock_load(PLUGIN);
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char options[512];
    snprintf(options, sizeof(options), "%s\nRoot \"" IDLE "\"\nvmalloccallers 2\n",
             cases[i].line);
    mock_log_forget();
    ck_assert_int_eq(mock_config(options), 0);
    ck_assert_msg(mock_log_count() == 1 && mock_logged(cases[i].named) == 1,
                  "%s: %zu errors", cases[i].line, mock_log_count());
    ck_assert_int_eq(mock_log_at(0)->level, LOG_ERR);
  }
  ck_assert_int_eq(mock_init(), 0);
  ck_assert_int_eq(mock_read(), 0);
  size_t callers = 0;
  for (size_t i = 0; i < mock_dispatched_count(); i++)
    callers += strcmp(mock_dispatched_at(i)->list.plugin_instance, "vmalloc") == 0;
  ck_assert_uint_eq(callers, 2 + 1); /* and `other` */
  mock_shutdown();
}
END_TEST

START_TEST(pss_false_leaves_the_processes_alone)
{
  start("Root \"" IDLE "\"\nAllSeries true\nPss false\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_null(mock_find("black_hole/signed_bytes-pss"));
  ck_assert_ptr_null(mock_find("quality/count-processes_read"));
  ck_assert_ptr_nonnull(mock_find("black_hole/signed_bytes-lru"));
  mock_shutdown();
}
END_TEST

static size_t count_of_view(const char *view)
{
  size_t count = 0;
  for (size_t i = 0; i < mock_dispatched_count(); i++)
    count += strcmp(mock_dispatched_at(i)->list.plugin_instance, view) == 0;
  return count;
}

START_TEST(the_default_set_is_sent_unless_all_series_are_asked_for)
{
  static const char *const rest[] = {
      "detail/bytes-used", "quality/duration-read", "upper_bound/bytes-sockets",
      "vmalloc_space/bytes-vmalloc", "trend/count-vmalloc"};
  for (int all = 0; all < 2; all++) {
    start(all ? "Root \"" IDLE "\"\nAllSeries true\n" : "Root \"" IDLE "\"\n");
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_int_eq(mock_dispatched_count() > DEFAULT_SERIES_MAX, all);
    ck_assert_ptr_nonnull(mock_find("black_hole/signed_bytes-estimate"));
    ck_assert_ptr_nonnull(mock_find("trend/count-worst"));
    for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
      ck_assert_msg((mock_find(rest[i]) != NULL) == all, "%s", rest[i]);
    ck_assert_uint_eq(count_of_view("vmalloc"), (all ? 8 : 4) + 1);
    mock_shutdown();
  }
}
END_TEST

/* An option that asks for names is followed in any set. */
START_TEST(what_an_option_asks_for_is_added_to_the_default_set)
{
#define PROFILED "Root \"" FIXTURES "/6.12-composed-allocinfo\"\n"
  static const struct {
    const char *options;
    size_t callers, sites;
  } cases[] = {
      {PROFILED, 4, 0},
      {PROFILED "AllocationSites 0\n", 4, 0},
      {PROFILED "AllocationSites 3\nVmallocCallers 6\n", 6, 3 + 1},
      {PROFILED "AllSeries true\nVmallocCallers 2\n", 2, 8 + 1},
      {PROFILED "AllocationSites 0\nAllSeries true\n", 8, 1},
  };
#undef PROFILED
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    start(cases[i].options);
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_uint_eq(count_of_view("vmalloc"), cases[i].callers + 1);
    ck_assert_uint_eq(count_of_view("alloc_site"), cases[i].sites);
    mock_shutdown();
  }
}
END_TEST

/* Copies of the essential files of the fixture, for a test to damage. */
static void copy_from_fixture(const char *tree, const char *file)
{
  char path[512];
  snprintf(path, sizeof(path), IDLE "/%s", file);
  size_t length;
  char *text = file_read(path, &length);
  tree_write_bytes(tree, file, text, length);
  free(text);
}

static char *damaged_tree(void)
{
  static const char *const files[] = {"proc/meminfo", "proc/zoneinfo", "proc/vmstat",
                                      "proc/vmallocinfo"};
  char *tree = tree_make();
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
    copy_from_fixture(tree, files[i]);
  return tree;
}

static void start_on_tree(const char *tree)
{
  char options[512];
  snprintf(options, sizeof(options), "Root \"%s\"\n", tree);
  start(options);
}

/* A zram device that is empty, then holds data, is reset, and is removed. */
START_TEST(a_consumer_is_sent_once_it_held_something)
{
  char *tree = damaged_tree();
  const char *const zram = "sys/block/zram0/mm_stat";
  tree_write(tree, zram, "0 0 0 0 0 0 0 0 0\n");
  start_on_tree(tree);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_null(mock_find("hidden/bytes-zram"));
  tree_write(tree, zram, "8192 4096 12288 0 12288 0 0 0 0\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_double_eq(mock_find("hidden/bytes-zram")->value.gauge, 12288);
  tree_write(tree, zram, "0 0 0 0 12288 0 0 0 0\n");
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_ptr_nonnull(mock_find("hidden/bytes-zram"));
    ck_assert_double_eq(mock_find("hidden/bytes-zram")->value.gauge, 0);
  }
  tree_write(tree, zram, "rubbish\n"); /* not 0 */
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_ptr_null(mock_find("hidden/bytes-zram"));
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

START_TEST(absent_root_fails_init_and_names_it)
{
  mock_load(PLUGIN);
  ck_assert_int_eq(mock_config("Root \"/no/such/root\"\n"), 0);
  ck_assert_int_ne(mock_init(), 0);
  ck_assert_uint_eq(mock_logged("/no/such/root"), 1);
  mock_shutdown();
}
END_TEST

START_TEST(a_problem_is_logged_once_and_its_end_once)
{
  char *tree = damaged_tree();
  start_on_tree(tree);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("vmallocinfo"), 0);

  tree_write(tree, "proc/vmallocinfo", "rubbish\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmallocinfo:1"), 1);
  ck_assert_int_eq(mock_log_at(0)->level, LOG_WARNING);
  ck_assert_ptr_nonnull(mock_find("black_hole/signed_bytes-estimate"));
  ck_assert_ptr_null(mock_find("vmalloc/bytes-other"));
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_uint_eq(mock_log_count(), 0);
  }

  copy_from_fixture(tree, "proc/vmallocinfo");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmallocinfo: recovered"), 1);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_log_count(), 0);
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

/* With one place, at most four callers are ever shown; each one here is twice as large as
 * the one before. */
START_TEST(a_caller_without_a_series_is_logged_once)
{
  char *tree = damaged_tree(), options[512];
  snprintf(options, sizeof(options), "Root \"%s\"\nVmallocCallers 1\n", tree);
  start(options);
  for (unsigned i = 0; i < 8; i++) {
    char line[128];
    unsigned pages = 4096u << i; /* more than VmallocUsed */
    snprintf(
        line, sizeof(line),
        "0x0000000000000000-0x0000000000000000 %u caller_%u+0x1/0x2 pages=%u vmalloc\n",
        (pages + 1) * 4096, i, pages);
    tree_write(tree, "proc/vmallocinfo", line);
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_uint_eq(mock_logged("raise VmallocCallers"), i == 4);
    ck_assert_uint_eq(count_of_view("vmalloc"), 2);
  }
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

/* Comes and goes with each sample. */
START_TEST(a_problem_that_comes_and_goes_is_logged_less_and_less)
{
  char *tree = damaged_tree();
  start_on_tree(tree);
  size_t begun = 0, ended = 0;
  for (int i = 0; i < 200; i++) {
    if (i % 2 == 0)
      tree_write(tree, "proc/vmallocinfo", "rubbish\n");
    else
      copy_from_fixture(tree, "proc/vmallocinfo");
    ck_assert_int_eq(mock_read(), 0);
    begun += mock_logged("proc/vmallocinfo:1");
    ended += mock_logged("proc/vmallocinfo: recovered");
  }
  ck_assert_uint_eq(begun, 2);
  ck_assert_uint_eq(ended, 1);
  for (int i = 0; i < 10; i++) {
    ck_assert_int_eq(mock_read(), 0);
    ended += mock_logged("proc/vmallocinfo: recovered");
  }
  ck_assert_uint_eq(ended, 2);
  for (int i = 0; i < 100; i++) /* forgotten */
    ck_assert_int_eq(mock_read(), 0);
  tree_write(tree, "proc/vmallocinfo", "rubbish\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmallocinfo:1"), 1);
  copy_from_fixture(tree, "proc/vmallocinfo");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmallocinfo: recovered"), 1);
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

START_TEST(the_number_of_further_bad_lines_is_no_new_problem)
{
  static const char *const texts[] = {"rubbish\n", "rubbish\nmore\n", "rubbish\n",
                                      "rubbish\nmore\nmore\n"};
  char *tree = damaged_tree();
  start_on_tree(tree);
  size_t begun = 0;
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
    tree_write(tree, "proc/vmallocinfo", texts[i]);
    ck_assert_int_eq(mock_read(), 0);
    begun += mock_logged("proc/vmallocinfo:1");
  }
  ck_assert_uint_eq(begun, 1);
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

START_TEST(a_file_that_is_gone_is_logged_once_and_its_return_once)
{
  char *tree = damaged_tree(), *vmstat = file_read(IDLE "/proc/vmstat", NULL);
  start_on_tree(tree);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmstat"), 0);
  ck_assert_int_eq(unlink(tree_path(tree, "proc/vmstat")), 0);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmstat: No such file or directory"), 1);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_log_count(), 0);
  tree_write(tree, "proc/vmstat", vmstat);
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("proc/vmstat: recovered"), 1);
  mock_shutdown();
  free(vmstat);
  tree_remove(tree);
}
END_TEST

/* Waits for the file: another thread writes it. */
static bool is_saved(const char *path)
{
  for (int tries = 500; tries > 0; tries--) {
    if (access(path, F_OK) == 0)
      return true;
    usleep(10 * 1000);
  }
  return false;
}

START_TEST(the_state_is_saved_although_the_clock_went_back)
{
  const cdtime_t now = DOUBLE_TO_CDTIME_T(1.8e9),
                 year = DOUBLE_TO_CDTIME_T(365 * 86400.0);
  start("Pss false\nTrendWindow 1\nStateFile \"state\"\n");
  for (int i = 0; i < 2; i++) {
    mock_time(i == 0 ? now : now - year);
    ck_assert(unlink("state") == 0 || errno == ENOENT);
    usleep(100 * 1000); /* a little more than a twelfth of the window */
    ck_assert_int_eq(mock_read(), 0);
    ck_assert(is_saved("state"));
  }
  mock_shutdown();
}
END_TEST

START_TEST(the_state_of_another_window_is_not_used)
{
  static const struct {
    unsigned window, restarts, samples;
  } starts[] = {{1, 0, 0}, {2, 0, 1}, {2, 0, 1}, {1, 1, 1}, {2, 1, 1}};
  char *tree = tree_make(), options[600];
  for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
    snprintf(options, sizeof(options),
             "Pss false\nTrendWindow %u\nStateFile \"%s/state\"\n", starts[i].window,
             tree);
    start(options);
    ck_assert_uint_eq(mock_logged("restarts from scratch"), starts[i].restarts);
    if (starts[i].samples > 0)
      ck_assert_int_eq(mock_read(), 0);
    mock_shutdown();
  }
  tree_remove(tree);
}
END_TEST

START_TEST(only_an_unusable_meminfo_fails_the_read)
{
  char *tree = damaged_tree();
  start_on_tree(tree);
  static const char *const others[] = {"proc/zoneinfo", "proc/vmstat",
                                       "proc/vmallocinfo"};
  for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
    tree_write(tree, others[i], "\x01\xff rubbish");
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_ptr_nonnull(mock_find("total/bytes-mem_free"));
  }
  tree_write(tree, "proc/meminfo", "<html>\n");
  ck_assert_int_ne(mock_read(), 0);
  ck_assert_uint_ge(mock_logged("proc/meminfo"), 1);
  ck_assert_ptr_null(mock_find("black_hole/signed_bytes-estimate"));
  mock_shutdown();
  tree_remove(tree);
}
END_TEST

START_TEST(the_refusal_of_lxcfs_is_logged_once)
{
  start("Root \"" FIXTURES "/5.15-composed-lxcfs\"\n");
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_logged("lxcfs"), 1);
  ck_assert_ptr_null(mock_find("black_hole/signed_bytes-estimate"));
  ck_assert_ptr_nonnull(mock_find("total/bytes-mem_total"));
  ck_assert_int_eq(mock_read(), 0);
  ck_assert_uint_eq(mock_log_count(), 0);
  mock_shutdown();
}
END_TEST

START_TEST(an_unknown_line_is_logged_once_and_sent_on_demand)
{
  char *tree = tree_make(), options[600];
  tree_write(tree, "proc/meminfo",
             "MemTotal: 1000 kB\nMemFree: 500 kB\nNewThing: 12 kB\nNewCount: 3\n");
  for (int asked = 0; asked < 2; asked++) {
    snprintf(options, sizeof(options), "Root \"%s\"\nAllSeries true\n%s", tree,
             asked ? "ReportUnknownLines true\n" : "");
    start(options);
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_uint_eq(mock_logged("\"NewThing\""), 1);
    ck_assert_uint_eq(mock_logged("\"NewCount\""), 1);
    for (size_t i = 0; i < mock_log_count(); i++)
      if (strstr(mock_log_at(i)->text, "NewThing") != NULL)
        ck_assert_int_eq(mock_log_at(i)->level, LOG_INFO);
    ck_assert_int_eq(mock_find("detail/bytes-raw_newthing") != NULL, asked);
    ck_assert_int_eq(mock_find("detail/count-raw_newcount") != NULL, asked);
    ck_assert_double_eq(mock_find("quality/count-meminfo_unknown_lines")->value.gauge, 2);
    ck_assert_int_eq(mock_read(), 0);
    ck_assert_uint_eq(mock_logged("NewThing"), 0);
    mock_shutdown();
  }
  tree_remove(tree);
}
END_TEST

SUITE_MAIN("plugin", a_problem_that_comes_and_goes_is_logged_less_and_less,
           the_number_of_further_bad_lines_is_no_new_problem,
           a_file_that_is_gone_is_logged_once_and_its_return_once,
           the_state_is_saved_although_the_clock_went_back,
           the_state_of_another_window_is_not_used,
           an_unknown_line_is_logged_once_and_sent_on_demand,
           dispatches_what_the_fixture_expects, all_values_of_a_sample_share_one_time,
           reads_this_machine_without_any_option, own_types_are_registered_where_missing,
           stock_types_are_registered_where_typesdb_lost_them,
           foreign_definition_of_our_type_falls_back_to_gauge,
           use_stock_types_sends_gauge,
           the_default_set_is_sent_unless_all_series_are_asked_for,
           what_an_option_asks_for_is_added_to_the_default_set,
           a_consumer_is_sent_once_it_held_something,
           wrong_options_are_one_error_each_and_the_rest_applies,
           pss_false_leaves_the_processes_alone, absent_root_fails_init_and_names_it,
           a_problem_is_logged_once_and_its_end_once,
           a_caller_without_a_series_is_logged_once,
           only_an_unusable_meminfo_fails_the_read, the_refusal_of_lxcfs_is_logged_once)
