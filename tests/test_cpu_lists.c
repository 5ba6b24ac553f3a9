/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpu_lists.h"

#include "suite.h"

#include <stdio.h>

static struct cpu_lists before, after;

#define LIST(cpu, count, high)                                                           \
  "    cpu: " cpu "\n              count:    " count "\n              high:     " high   \
  "\n              batch:    63\n  vm stats threshold: 42\n"

/* Two zones; CPUs 0 and 7 are online. */
#define ZONES(count0, count7, high7)                                                     \
  "Node 0, zone    DMA32\n  pages free     3\n        high     96\n  pagesets\n" LIST(   \
      "0", "5", "0")                                                                     \
      LIST("7", count7, high7) "  start_pfn: 1\nNode 0, zone   Normal\n"                 \
                               "        high     9\n" LIST("0", count0, "0")             \
                                   LIST("7", "8", "0")

/* The number of CPUs whose state differs. */
static unsigned changed(const char *first, const char *second)
{
  cpu_lists_parse(scan_string(first), &before);
  cpu_lists_parse(scan_string(second), &after);
  unsigned count = 0;
  for (size_t i = 0; i < CPU_LISTS_MAX; i++)
    count += before.state[i] != after.state[i];
  return count;
}

START_TEST(a_cpu_has_changed_where_one_of_its_lists_has)
{
  const char *first = ZONES("10", "4", "20");
  ck_assert_uint_eq(changed(first, first), 0);
  ck_assert_uint_eq(before.cpus_count, 2);
  ck_assert_uint_eq(changed(first, ZONES("11", "4", "20")), 1);
  ck_assert_uint_eq(changed(first, ZONES("10", "5", "20")), 1);
  ck_assert_uint_eq(changed(first, ZONES("10", "4", "21")), 1);
  ck_assert_uint_eq(changed(first, ZONES("11", "5", "21")), 2);
}
END_TEST

START_TEST(what_belongs_to_a_zone_is_no_part_of_a_list)
{
  ck_assert_uint_eq(
      changed("Node 0, zone DMA\n" LIST("0", "1",
                                        "0") "Node 0, zone DMA32\n high: 4\n count: 3\n",
              "Node 0, zone DMA\n" LIST("0", "1",
                                        "0") "Node 0, zone DMA32\n high: 5\n count: 9\n"),
      0);
}
END_TEST

START_TEST(cpus_are_counted_once_up_to_the_highest_number)
{
  const char *text = LIST("0", "1", "0") LIST("2047", "1", "0") LIST("0", "1", "0");
  changed("", text);
  ck_assert_uint_eq(before.cpus_count, 0);
  ck_assert_uint_eq(after.cpus_count, 2);
  ck_assert(!after.too_many);
  changed(LIST("2048", "1", "0"), "cpu: x\n");
  ck_assert(before.too_many && after.too_many);
}
END_TEST

SUITE_MAIN("cpu_lists", a_cpu_has_changed_where_one_of_its_lists_has,
           what_belongs_to_a_zone_is_no_part_of_a_list,
           cpus_are_counted_once_up_to_the_highest_number)
