/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/zoneinfo.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES(count) ((uint64_t)(count)*4096)

#define CPU(number, count, threshold)                                                    \
  "    cpu: " #number "\n              count: " #count                                   \
  "\n  vm stats threshold: " #threshold "\n"

/* A zone with memory, and one without. */
#define ZONE(node, name, lines)                                                          \
  "Node " #node ", zone " #name "\n  pages free     7\n        present  9\n" lines       \
  "  start_pfn: 1\n"
#define NO_MEMORY(node, name)                                                            \
  "Node " #node ", zone " #name "\n  pages free     0\n        present  0\n"

static struct parse_error parse_error;

static struct zoneinfo parse(const char *text)
{
  struct zoneinfo zoneinfo;
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(zoneinfo_parse(scan_string(text), 4096, &zoneinfo, &parse_error), 0);
  return zoneinfo;
}

/* 6.12, shortened: the counters of the node come before the first zone, `high` is both a
 * watermark and a pcp field, the last zone is unpopulated. */
static const char new_kernel[] = "Node 0, zone      DMA\n"
                                 "  per-node stats\n"
                                 "      nr_inactive_anon 210\n"
                                 "      nr_isolated_anon 3\n"
                                 "      nr_isolated_file 4\n"
                                 "      nr_mapped    762\n"
                                 "  pages free     3776\n"
                                 "        boost    0\n"
                                 "        min      64\n"
                                 "        high     96\n"
                                 "        spanned  4095\n"
                                 "        present  3998\n"
                                 "        managed  3840\n"
                                 "        cma      0\n"
                                 "        protection: (0, 949, 949)\n"
                                 "      nr_free_pages 3776\n"
                                 "      nr_zone_inactive_anon 0\n"
                                 "  pagesets\n"
                                 "    cpu: 0\n"
                                 "              count:    1\n"
                                 "              high:     0\n"
                                 "              batch:    1\n"
                                 "              high_min: 0\n"
                                 "              high_max: 0\n"
                                 "  vm stats threshold: 8\n"
                                 "    cpu: 1\n"
                                 "              count:    20\n"
                                 "              high:     0\n"
                                 "              batch:    1\n"
                                 "  vm stats threshold: 8\n"
                                 "  node_unreclaimable:  0\n"
                                 "  start_pfn:           1\n"
                                 "Node 0, zone    DMA32\n"
                                 "  pages free     145528\n"
                                 "        present  258048\n"
                                 "        managed  244087\n"
                                 "        protection: (0, 0, 0)\n"
                                 "      nr_free_pages 145528\n"
                                 "  pagesets\n"
                                 "    cpu: 0\n"
                                 "              count: 300\n"
                                 "  vm stats threshold: 32\n"
                                 "    cpu: 1\n"
                                 "              count: 4000\n"
                                 "  vm stats threshold: 32\n"
                                 "  node_unreclaimable:  0\n"
                                 "  start_pfn:           4096\n"
                                 "Node 0, zone   Normal\n"
                                 "  pages free     0\n"
                                 "        present  0\n"
                                 "        managed  0\n"
                                 "        protection: (0, 0, 0)\n";

static void assert_is_new_kernel(const struct zoneinfo *zoneinfo)
{
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_known(zoneinfo->pcp, PAGES(4321));
  ck_assert_known(zoneinfo->free, PAGES(149304));
  ck_assert_known(zoneinfo->managed, PAGES(247927));
  ck_assert_known(zoneinfo->present, PAGES(262046));
  ck_assert_known(zoneinfo->isolated, PAGES(7));
  ck_assert_known(zoneinfo->cpus_count, 2);
  ck_assert_known(zoneinfo->node_drift, PAGES(32 * 2));
  ck_assert_known(zoneinfo->zone_drift, PAGES(8 * 2 + 32 * 2));
}

START_TEST(zones_and_cpus_are_summed)
{
  struct zoneinfo zoneinfo = parse(new_kernel);
  assert_is_new_kernel(&zoneinfo);
}
END_TEST

/* 2.6.24 and before: a hot and a cold list per CPU, no managed, no counters. */
START_TEST(hot_and_cold_list_of_a_cpu_are_one_cpu)
{
  struct zoneinfo zoneinfo = parse("Node 0, zone      DMA\n"
                                   "  pages free     5410\n"
                                   "        min      181\n"
                                   "        active   367\n"
                                   "        inactive 720\n"
                                   "        scanned  0 (a: 0 i: 0)\n"
                                   "        spanned  8192\n"
                                   "        present  8192\n"
                                   "        protection: (0, 0, 0, 0)\n"
                                   "  pagesets\n"
                                   "    cpu: 0 pcp: 0\n"
                                   "              count: 2\n"
                                   "              high:  6\n"
                                   "              batch: 1\n"
                                   "    cpu: 0 pcp: 1\n"
                                   "              count: 1\n"
                                   "              high:  2\n"
                                   "              batch: 1\n"
                                   "  vm stats threshold: 4\n"
                                   "  all_unreclaimable: 0\n"
                                   "  prev_priority:     12\n"
                                   "  start_pfn:         196608\n");
  ck_assert_known(zoneinfo.pcp, PAGES(3));
  ck_assert_known(zoneinfo.free, PAGES(5410));
  ck_assert_known(zoneinfo.present, PAGES(8192));
  ck_assert_known(zoneinfo.cpus_count, 1);
  ck_assert_known(zoneinfo.zone_drift, PAGES(4));
  ck_assert_int_eq(zoneinfo.managed.state, READING_ABSENT);
  ck_assert_int_eq(zoneinfo.isolated.state, READING_ABSENT);
}
END_TEST

/* Before 4.9 each zone has its own isolated pages. */
START_TEST(isolated_pages_of_zones_are_summed)
{
  struct zoneinfo zoneinfo = parse(ZONE(0, DMA,
                                        "    nr_isolated_anon 1\n"
                                        "    nr_isolated_file 20\n" CPU(0, 1, 2))
                                       ZONE(0, Normal,
                                            "    nr_isolated_anon 300\n"
                                            "    nr_isolated_file 4000\n" CPU(0, 1, 2)));
  ck_assert_known(zoneinfo.isolated, PAGES(4321));
}
END_TEST

START_TEST(absent_field_is_not_zero)
{
  struct zoneinfo zoneinfo = parse(NO_MEMORY(0, Normal));
  ck_assert_int_eq(zoneinfo.pcp.state, READING_ABSENT);
  ck_assert_int_eq(zoneinfo.managed.state, READING_ABSENT);
  ck_assert_int_eq(zoneinfo.isolated.state, READING_ABSENT);
  ck_assert_int_eq(zoneinfo.cpus_count.state, READING_ABSENT);
}
END_TEST

/* Node 0 has two zones with memory, nodes 1 and 2 one each, node 3 none. */
/* clang-format off */
static const char nodes[] =
    ZONE(0, DMA32, CPU(0, 1, 12) CPU(1, 1, 12)) ZONE(0, Normal, CPU(0, 1, 36) CPU(1, 1, 36))
    NO_MEMORY(0, Movable)
    ZONE(1, Normal, CPU(0, 1, 42) CPU(1, 1, 42)) NO_MEMORY(1, Device)
    ZONE(2, Normal, CPU(0, 1, 5) CPU(1, 1, 5))
    NO_MEMORY(3, Normal);
/* clang-format on */

START_TEST(drift_is_the_largest_threshold_of_each_node_times_cpus)
{
  struct zoneinfo zoneinfo = parse(nodes);
  ck_assert_known(zoneinfo.node_drift, PAGES((36 + 42 + 5) * 2));
  ck_assert_known(zoneinfo.zone_drift, PAGES((12 + 36 + 42 + 5) * 2));
  ck_assert_known(zoneinfo.node_threshold, PAGES(42));
  ck_assert_known(zoneinfo.zone_threshold, PAGES(42));
  ck_assert_known(zoneinfo.cpus_count, 2);
  ck_assert_known(zoneinfo.pcp, PAGES(8));
}
END_TEST

START_TEST(threshold_that_kswapd_has_lowered_does_not_count)
{
  /* 2 GiB, 8 CPUs: 2 x 4 x (1 + 5) */
  struct zoneinfo zoneinfo =
      parse("Node 0, zone Normal\n  pages free 7\n  present 600000\n"
            "  managed 524288\n" CPU(0, 1, 3) CPU(1, 1, 3) CPU(2, 1, 3) CPU(3, 1, 3)
                CPU(4, 1, 3) CPU(5, 1, 3) CPU(6, 1, 3) CPU(7, 1, 3) "  start_pfn: 1\n");
  ck_assert_known(zoneinfo.node_threshold, PAGES(48));
  ck_assert_known(zoneinfo.node_drift, PAGES(48 * 8));
  ck_assert_known(zoneinfo.zone_drift, PAGES(48 * 8));
  /* without CONFIG_SMP there are no deltas */
  zoneinfo = parse("Node 0, zone Normal\n  pages free 7\n  present 600000\n"
                   "    cpu: 0\n count: 3\n  start_pfn: 1\n");
  ck_assert_known(zoneinfo.node_drift, 0);
}
END_TEST

START_TEST(largest_threshold_of_a_zone_counts)
{
  struct zoneinfo zoneinfo =
      parse(ZONE(0, Normal, CPU(0, 0, 7) CPU(1, 0, 125) CPU(2, 0, 9)));
  ck_assert_known(zoneinfo.zone_drift, PAGES(125 * 3));
}
END_TEST

START_TEST(impossible_threshold_makes_the_drift_malformed)
{
  static const char *const texts[] = {
      ZONE(0, Normal, CPU(0, 0, 126)),
      ZONE(0, Normal, CPU(0, 0, 18446744073709551615)),
      ZONE(0, Normal, CPU(0, 0, -1)),
  };
  for (size_t i = 0; i < LENGTH(texts); i++) {
    struct zoneinfo zoneinfo;
    struct parse_error seen = {0};
    ck_assert_int_eq(zoneinfo_parse(scan_string(texts[i]), 4096, &zoneinfo, &seen), 0);
    ck_assert_str_eq(seen.cause, "not a valid threshold");
    ck_assert_int_eq(zoneinfo.zone_drift.state, READING_MALFORMED);
    ck_assert_int_eq(zoneinfo.node_drift.state, READING_MALFORMED);
    ck_assert_known(zoneinfo.cpus_count, 1);
  }
}
END_TEST

START_TEST(page_size_is_that_of_the_captured_machine)
{
  struct zoneinfo zoneinfo;
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(zoneinfo_parse(scan_string(nodes), 65536, &zoneinfo, &parse_error), 0);
  ck_assert_known(zoneinfo.pcp, 8 * 65536);
  ck_assert_known(zoneinfo.node_drift, 166 * 65536);
}
END_TEST

START_TEST(count_may_follow_any_number_of_blanks)
{
  struct zoneinfo zoneinfo = parse(ZONE(
      0, Normal,
      "cpu: 0\ncount: 1\n  count:20\n cpu: 1\n\tcount:\t300\n cpu: 2\n  count:    4000\n"
      "vm stats threshold: 1\nvm stats threshold: 1\n\tvm stats threshold:   1\n"));
  ck_assert_known(zoneinfo.pcp, PAGES(4301)); /* "count:20" is another word */
}
END_TEST

START_TEST(similar_words_are_ignored)
{
  struct zoneinfo zoneinfo = parse(ZONE(0, Normal,
                                        "  pages scanned  20\n"
                                        "      nr_free_pages 300\n"
                                        "      free 300\n"
                                        "      free_cma 300\n"
                                        "      count 300\n"
                                        "      nr_isolated 300\n"
                                        "      high:  300\n"
                                        "      presents 300\n"
                                        "  vm stats: 30\n"));
  ck_assert_known(zoneinfo.free, PAGES(7));
  ck_assert_int_eq(zoneinfo.pcp.state, READING_ABSENT);
  ck_assert_int_eq(zoneinfo.isolated.state, READING_ABSENT);
  ck_assert_known(zoneinfo.present, PAGES(9));
  ck_assert_known(zoneinfo.zone_drift, 0);
}
END_TEST

static const struct {
  const char *line, *cause;
} bad_counts[] = {
    {"  count: x\n", "not a number"},
    {"  count: -4\n", "not a number"},
    {"  count: 12-4\n", "not a number"},
    {"  count:\n", "not a number"},
    {"  count: 4\r\n", "not a number"},
    {"  count: 18446744073709551612\n", "number out of range"},
    {"  count: 2251799813685248\n", "number out of range"}, /* 2^63 bytes */
};

START_TEST(bad_line_makes_its_field_malformed_and_no_other)
{
  for (size_t i = 0; i < LENGTH(bad_counts); i++) {
    char text[256];
    snprintf(text, sizeof(text),
             ZONE(0, Normal,
                  CPU(0, 1, 1) "    cpu: 1\n%s"
                               "  vm stats threshold: 1\n"),
             bad_counts[i].line);
    struct zoneinfo zoneinfo = parse(text);
    ck_assert_msg(zoneinfo.pcp.state == READING_MALFORMED, "%s", text);
    ck_assert_known(zoneinfo.free, PAGES(7));
    ck_assert_msg(strcmp(parse_error.cause, bad_counts[i].cause) == 0, "%s", text);
    ck_assert_str_eq(parse_error.near, "count:");
    ck_assert_uint_eq(parse_error.line, 8);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(malformed_sum_stays_so)
{
  struct zoneinfo zoneinfo = parse(ZONE(
      0, Normal,
      " cpu: 0\n  count: x\n  managed  y\n" CPU(1, 1, 1) "  vm stats threshold: 1\n"));
  ck_assert_int_eq(zoneinfo.pcp.state, READING_MALFORMED);
  ck_assert_int_eq(zoneinfo.managed.state, READING_MALFORMED);
  ck_assert_uint_eq(parse_error.count, 2);
  ck_assert_uint_eq(parse_error.line, 5);
}
END_TEST

START_TEST(text_without_a_zone_is_refused)
{
  static const char *const texts[] = {"",
                                      "\n",
                                      "<html>\n",
                                      "Node\n",
                                      "Node x, zone DMA\n",
                                      "  pages free 5\n  count: 1\n"};
  for (size_t i = 0; i < LENGTH(texts); i++) {
    struct zoneinfo zoneinfo;
    parse_error = (struct parse_error){0};
    ck_assert_int_eq(zoneinfo_parse(scan_string(texts[i]), 4096, &zoneinfo, &parse_error),
                     -EBADMSG);
    ck_assert_str_eq(parse_error.cause, "no line of the form `Node N, zone NAME'");
    ck_assert_uint_eq(parse_error.line, 0);
  }
}
END_TEST

/* Only the rest of a zone without memory adds nothing. */
START_TEST(text_that_is_cut_off_anywhere_has_no_sum)
{
  size_t first_line = strcspn(new_kernel, "\n");
  const char *last_used = strstr(new_kernel, "        present  0\n");
  const size_t enough = (size_t)(last_used - new_kernel) + strlen("        present  0");
  for (size_t length = first_line; length < sizeof(new_kernel) - 1; length++) {
    char *text =
        malloc(length); /* its own block, so that a sanitizer sees reads beyond it */
    memcpy(text, new_kernel, length);
    struct zoneinfo zoneinfo;
    parse_error = (struct parse_error){0};
    int error = zoneinfo_parse(scan_text(text, length), 4096, &zoneinfo, &parse_error);
    free(text);
    if (error == 0) {
      ck_assert_uint_ge(length, enough);
      ck_assert_known(zoneinfo.pcp, PAGES(4321));
      ck_assert_known(zoneinfo.present, PAGES(262046));
      continue;
    }
    ck_assert_int_eq(zoneinfo.pcp.state, READING_MALFORMED);
    ck_assert_int_eq(zoneinfo.managed.state, READING_MALFORMED);
    ck_assert_int_eq(zoneinfo.cpus_count.state, READING_MALFORMED);
  }
}
END_TEST

/* Lines that the sums need, and those that show that a zone is whole. */
START_TEST(text_without_one_of_its_lines_has_no_sum)
{
  static const char *const needed[] = {"Node",    "pages",      "present",
                                       "managed", "count:",     "cpu:",
                                       "vm",      "start_pfn:", "nr_isolated_anon"};
  struct scan all = scan_string(new_kernel), line;
  while (scan_line(&all, &line)) {
    char text[sizeof(new_kernel)];
    snprintf(text, sizeof(text), "%.*s%s", (int)(line.at - new_kernel), new_kernel,
             all.at);
    struct scan words = line;
    struct span key = scan_word(&words);
    bool is_needed = false;
    for (size_t i = 0; i < LENGTH(needed); i++)
      is_needed |= span_is(key, needed[i]);
    struct zoneinfo zoneinfo;
    parse_error = (struct parse_error){0};
    int error = zoneinfo_parse(scan_string(text), 4096, &zoneinfo, &parse_error);
    ck_assert_msg(!is_needed || error == -EBADMSG, "without line %u", line.line);
    if (error == 0)
      assert_is_new_kernel(&zoneinfo);
  }
}
END_TEST

START_TEST(a_gap_is_named)
{
  static const struct {
    const char *text, *zone, *cause;
    unsigned line;
  } cases[] = {
      {ZONE(0, DMA, CPU(0, 1, 1)) "Node 0, zone Normal\n  pages free     7\n", "Normal",
       "lines of this zone are missing", 9},
      {ZONE(0, DMA, "        protection: (0, 5)\n      nr_free_pages 7\n" CPU(0, 1, 1)),
       "DMA", "zones of its node are missing", 9},
      {ZONE(0, DMA, CPU(0, 1, 1)) ZONE(0, Normal, CPU(0, 1, 1) CPU(1, 1, 1)), "Normal",
       "lines of zones are missing", 17},
      {ZONE(0, DMA, "        managed  8\n" CPU(0, 1, 1)) ZONE(0, Normal, CPU(0, 1, 1)),
       "Normal", "lines of zones are missing", 15},
      {ZONE(0, DMA, CPU(0, 1, 1)) ZONE(0, Normal, "    cpu: 0\n  count: 1\n"), "Normal",
       "lines of zones are missing", 13},
      {CPU(1, 1, 1) ZONE(0, DMA, CPU(0, 1, 1)), "", "the first lines are missing", 3},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct zoneinfo zoneinfo;
    parse_error = (struct parse_error){0};
    ck_assert_int_eq(
        zoneinfo_parse(scan_string(cases[i].text), 4096, &zoneinfo, &parse_error),
        -EBADMSG);
    ck_assert_str_eq(parse_error.cause, cases[i].cause);
    ck_assert_str_eq(parse_error.near, cases[i].zone);
    ck_assert_uint_eq(parse_error.line, cases[i].line);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(second_parse_replaces_the_first)
{
  struct zoneinfo zoneinfo;
  memset(&zoneinfo, 0xa5, sizeof(zoneinfo));
  for (int i = 0; i < 2; i++) {
    parse_error = (struct parse_error){0};
    ck_assert_int_eq(
        zoneinfo_parse(scan_string(new_kernel), 4096, &zoneinfo, &parse_error), 0);
    assert_is_new_kernel(&zoneinfo);
  }
}
END_TEST

SUITE_MAIN("zoneinfo", zones_and_cpus_are_summed, hot_and_cold_list_of_a_cpu_are_one_cpu,
           isolated_pages_of_zones_are_summed, absent_field_is_not_zero,
           drift_is_the_largest_threshold_of_each_node_times_cpus,
           threshold_that_kswapd_has_lowered_does_not_count,
           largest_threshold_of_a_zone_counts,
           impossible_threshold_makes_the_drift_malformed,
           page_size_is_that_of_the_captured_machine,
           count_may_follow_any_number_of_blanks, similar_words_are_ignored,
           bad_line_makes_its_field_malformed_and_no_other, malformed_sum_stays_so,
           text_without_a_zone_is_refused, text_that_is_cut_off_anywhere_has_no_sum,
           text_without_one_of_its_lines_has_no_sum, a_gap_is_named,
           second_parse_replaces_the_first)
