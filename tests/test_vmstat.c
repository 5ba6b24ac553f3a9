/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/vmstat.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>

static struct parse_error parse_error;

static struct vmstat parse(const char *text)
{
  struct vmstat vmstat;
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(vmstat_parse(scan_string(text), 4096, &vmstat, &parse_error), 0);
  return vmstat;
}

START_TEST(pages_become_bytes_and_events_stay_counts)
{
  struct vmstat vmstat = parse("nr_free_pages 100\nnr_isolated_anon 3\nnr_zspages 40\n"
                               "balloon_inflate 500\nthp_zero_page_alloc 6\n");
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_known(vmstat.nr_isolated_anon, 3 * 4096);
  ck_assert_known(vmstat.nr_zspages, 40 * 4096);
  ck_assert_known(vmstat.balloon_inflate_count, 500);
  ck_assert_known(vmstat.thp_zero_page_alloc_count, 6);
}
END_TEST

START_TEST(absent_counter_is_not_zero)
{
  struct vmstat vmstat = parse("nr_zspages 0\n");
  ck_assert_known(vmstat.nr_zspages, 0);
  for (unsigned i = 0; i < VMSTAT_FIELD_COUNT; i++)
    if (i != VMSTAT_FIELD_nr_zspages)
      ck_assert_int_eq(vmstat.fields[i].state, READING_ABSENT);
}
END_TEST

START_TEST(every_row_is_found_by_its_key_in_any_order)
{
  static const struct {
    const char *key;
    uint64_t unit;
  } rows[] = {
      {"nr_isolated_anon", 4096},
      {"nr_isolated_file", 4096},
      {"nr_zspages", 4096},
      {"nr_memmap_pages", 4096},
      {"nr_memmap_boot_pages", 4096},
      {"nr_iommu_pages", 4096},
      {"nr_kernel_file_pages", 4096},
      {"balloon_inflate", 1},
      {"balloon_deflate", 1},
      {"thp_zero_page_alloc", 1},
      {"htlb_buddy_alloc_success", 1},
      {"unevictable_pgs_culled", 1},
      {"pgalloc_normal", 1},
      {"pgfree", 1},
      {"pgactivate", 1},
      {"pgdeactivate", 1},
      {"pglazyfree", 1},
      {"pgrefill", 1},
      {"pgscan_direct", 1},
      {"compact_isolated", 1},
      {"pgmigrate_success", 1},
      {"unevictable_pgs_rescued", 1},
      {"unevictable_pgs_mlocked", 1},
      {"unevictable_pgs_munlocked", 1},
      {"numa_local", 1},
      {"numa_other", 1},
  };
  ck_assert_uint_eq(LENGTH(rows), VMSTAT_FIELD_COUNT);
  char text[1024] = "";
  size_t used = 0;
  for (unsigned i = VMSTAT_FIELD_COUNT; i-- > 0;)
    used +=
        (size_t)snprintf(text + used, sizeof(text) - used, "%s %u\n", rows[i].key, i + 1);
  struct vmstat vmstat = parse(text);
  for (unsigned i = 0; i < VMSTAT_FIELD_COUNT; i++)
    ck_assert_known(vmstat.fields[i], (i + 1) * rows[i].unit);
}
END_TEST

START_TEST(lines_of_one_sum_are_added)
{
  struct vmstat vmstat = parse("pgalloc_dma 1\npgalloc_dma32 20\npgalloc_normal 300\n"
                               "pgalloc 4000\nxpgalloc_dma 4000\npgfree 7\n");
  ck_assert_known(vmstat.pages_allocated_count, 321);
  ck_assert_known(vmstat.pgfree_count, 7);
  ck_assert_uint_eq(parse_error.count, 0);
  vmstat = parse("pgalloc_dma 9223372036854775807\npgalloc_dma32 1\n");
  ck_assert_int_eq(vmstat.pages_allocated_count.state, READING_MALFORMED);
  ck_assert_str_eq(parse_error.cause, "sum out of range");
  vmstat = parse("pgalloc_dma x\npgalloc_dma32 20\n");
  ck_assert_int_eq(vmstat.pages_allocated_count.state, READING_MALFORMED);
}
END_TEST

START_TEST(key_is_not_found_inside_another)
{
  struct vmstat vmstat = parse("nr_zspages_x 5\nxnr_zspages 5\nNR_ZSPAGES 5\n"
                               "nr_memmap_boot_pages 2\nnr_zspage 5\n");
  ck_assert_int_eq(vmstat.nr_zspages.state, READING_ABSENT);
  ck_assert_int_eq(vmstat.nr_memmap_pages.state, READING_ABSENT);
  ck_assert_known(vmstat.nr_memmap_boot_pages, 8192);
}
END_TEST

static const struct {
  const char *line, *cause;
} bad[] = {
    {"nr_zspages x\n", "not a number"},
    {"nr_zspages\n", "not a number"},
    {"nr_zspages -1\n", "not a number"},
    {"nr_zspages 5\r\n", "not a number"},
    {"nr_zspages 18446744073709551615\n", "number out of range"}, /* -1, wrapped */
    {"nr_zspages 2251799813685248\n", "number out of range"},     /* 2^63 bytes */
    {"nr_zspages 1\nnr_zspages 1\n", "duplicate key"},
    {"nr_zspages 12", "line is cut off at the end of the file"},
};

START_TEST(bad_line_makes_its_counter_malformed_and_no_other)
{
  for (size_t i = 0; i < LENGTH(bad); i++) {
    char text[128];
    snprintf(text, sizeof(text), "nr_iommu_pages 7\n%s", bad[i].line);
    struct vmstat vmstat = parse(text);
    ck_assert_msg(vmstat.nr_zspages.state == READING_MALFORMED, "%s", text);
    ck_assert_known(vmstat.nr_iommu_pages, 28672);
    ck_assert_msg(strcmp(parse_error.cause, bad[i].cause) == 0, "%s", text);
    ck_assert_str_eq(parse_error.near, "nr_zspages");
    ck_assert_uint_eq(parse_error.line,
                      strchr(bad[i].line, '\n') == strrchr(bad[i].line, '\n') ? 2 : 3);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(bad_value_of_an_unknown_key_is_ignored)
{
  struct vmstat vmstat = parse("nr_dirty x\nnr_new 18446744073709551615\nnr_zspages 1\n");
  ck_assert_known(vmstat.nr_zspages, 4096);
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

START_TEST(text_without_any_number_is_refused)
{
  static const char *const texts[] = {"", "\n\n", "<html>\n", "nr_zspages\n", "12\n"};
  for (size_t i = 0; i < LENGTH(texts); i++) {
    struct vmstat vmstat;
    parse_error = (struct parse_error){0};
    ck_assert_int_eq(vmstat_parse(scan_string(texts[i]), 4096, &vmstat, &parse_error),
                     -EBADMSG);
    ck_assert_uint_ge(parse_error.count, 1);
    ck_assert_ptr_nonnull(parse_error.cause);
  }
}
END_TEST

START_TEST(page_size_is_that_of_the_captured_machine)
{
  struct vmstat vmstat;
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(vmstat_parse(scan_string("nr_zspages 3\nballoon_inflate 3\n"), 65536,
                                &vmstat, &parse_error),
                   0);
  ck_assert_known(vmstat.nr_zspages, 196608);
  ck_assert_known(vmstat.balloon_inflate_count, 3);
}
END_TEST

START_TEST(second_parse_replaces_the_first)
{
  struct vmstat vmstat;
  memset(&vmstat, 0xa5, sizeof(vmstat));
  parse_error = (struct parse_error){0};
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(
        vmstat_parse(scan_string("nr_zspages 3\n"), 4096, &vmstat, &parse_error), 0);
    ck_assert_known(vmstat.nr_zspages, 12288);
    ck_assert_int_eq(vmstat.balloon_deflate_count.state, READING_ABSENT);
  }
  ck_assert_int_eq(
      vmstat_parse(scan_string("balloon_deflate 9\n"), 4096, &vmstat, &parse_error), 0);
  ck_assert_int_eq(vmstat.nr_zspages.state, READING_ABSENT);
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

START_TEST(what_follows_a_cut_is_not_absent)
{
  static const char *const texts[] = {"nr_zspages 5\nnr_iommu_pa",
                                      "nr_zspages 5\nnr_dirty 1",
                                      "nr_zspages 5\nnr_iommu_pages 1"};
  for (size_t i = 0; i < LENGTH(texts); i++) {
    struct vmstat vmstat = parse(texts[i]);
    ck_assert_known(vmstat.nr_zspages, 20480);
    ck_assert_int_eq(vmstat.nr_iommu_pages.state, READING_MALFORMED);
    ck_assert_int_eq(vmstat.balloon_inflate_count.state, READING_MALFORMED);
    ck_assert_str_eq(parse_error.cause, "line is cut off at the end of the file");
    ck_assert_uint_eq(parse_error.line, 2);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

#define HEAD   "nr_free_pages 9\nnr_zspages 1\nnr_unevictable 0\n"
#define EVENTS "pgpgin 0\nunevictable_pgs_stranded 0\n"

static int check_whole(const char *text)
{
  struct vmstat vmstat;
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(vmstat_parse(scan_string(text), 4096, &vmstat, &parse_error), 0);
  int error = vmstat_check_whole(scan_string(text), &vmstat, &parse_error);
  ck_assert_int_eq(error == 0, parse_error.count == 0);
  ck_assert_int_eq(vmstat.balloon_inflate_count.state == READING_MALFORMED, error != 0);
  ck_assert_known(vmstat.nr_zspages, 4096);
  /* It comes before the events, which is where the text ends. */
  bool at_end = strncmp(text, HEAD, strlen(HEAD)) == 0 &&
                strstr(text, "pgpgin") != NULL &&
                strstr(parse_error.cause != NULL ? parse_error.cause : "ends", "ends");
  ck_assert_int_eq(vmstat.nr_iommu_pages.state == READING_MALFORMED,
                   error != 0 && !at_end);
  return error;
}

START_TEST(lines_that_every_kernel_has_show_what_is_missing)
{
  static const struct {
    const char *text, *cause; /* NULL for a whole file */
  } cases[] = {
      {HEAD EVENTS "nr_unstable 0\n", NULL}, /* 5.8 */
      {HEAD "nr_unstable 0\n" EVENTS, NULL}, /* before */
      {"nr_free_pages 9\nnr_zspages 1\nnr_unstable 0\npgpgin 0\n",
       NULL}, /* before 2.6.28 */
      {HEAD EVENTS, "ends before nr_unstable"},
      {"nr_zspages 1\n" EVENTS "nr_unstable 0\n",
       "begins after nr_free_pages"}, /* tail */
      {HEAD, "ends before nr_unstable"},
      {HEAD "nr_unstable 0\npgpgin 0\n", "ends before unevictable_pgs_stranded"},
      {HEAD "nr_unstable 0\nnr_written 0\n", "ends before nr_dirty_background_threshold"},
      /* Without CONFIG_VM_EVENT_COUNTERS. */
      {HEAD "nr_written 0\nnr_unstable 0\n", NULL},
      {HEAD "nr_unstable 0\nnr_written 0\nnr_dirty_background_threshold 1\n", NULL},
      {HEAD "nr_shmem_hugepages 0\nnr_unstable 0\n", "lines are missing"}, /* grep nr_ */
      {HEAD EVENTS "nr_isolated_anon 0\nnr_unstable 0\n",
       "one of a pair of lines is missing"},
      {HEAD EVENTS "balloon_deflate 0\nnr_unstable 0\n",
       "one of a pair of lines is missing"},
      {HEAD EVENTS "nr_memmap_pages 0\nnr_unstable 0\n",
       "one of a pair of lines is missing"},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    ck_assert_msg(check_whole(cases[i].text) == (cases[i].cause == NULL ? 0 : -EBADMSG),
                  "case %zu", i);
    ck_assert_pstr_eq(parse_error.cause, cases[i].cause);
  }
}
END_TEST

SUITE_MAIN("vmstat", lines_that_every_kernel_has_show_what_is_missing,
           what_follows_a_cut_is_not_absent, pages_become_bytes_and_events_stay_counts,
           absent_counter_is_not_zero, every_row_is_found_by_its_key_in_any_order,
           lines_of_one_sum_are_added, key_is_not_found_inside_another,
           bad_line_makes_its_counter_malformed_and_no_other,
           bad_value_of_an_unknown_key_is_ignored, text_without_any_number_is_refused,
           page_size_is_that_of_the_captured_machine, second_parse_replaces_the_first)
