/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/grouping_list.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>

#define HEADING                                                                          \
  "slabinfo - version: 2.1\n"                                                            \
  "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : "  \
  "tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> "  \
  "<sharedavail>\n"
#define DENTRY                                                                           \
  "dentry            118044 119340    192   21    1 : tunables    0    0    0 : "        \
  "slabdata   5683   5683      0\n"
#define TASKS                                                                            \
  "task_struct          300   1200   7744    4    8 : tunables    0    0    0 : "        \
  "slabdata    300    300      0\n"

static struct grouping_list list;
static struct parse_error parse_error;

static int parse(const char *text)
{
  list = (struct grouping_list){.total = reading_known(0)};
  parse_error = (struct parse_error){0};
  return slab_caches_parse(scan_text(text, strlen(text)), 4096, &list, &parse_error);
}

START_TEST(a_cache_has_pages_objects_and_those_in_use)
{
  ck_assert_int_eq(parse(HEADING DENTRY TASKS), 0);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_uint_eq(list.count, 2);
  ck_assert_known(list.total, (5683 + 300 * 8) * 4096);
  ck_assert_str_eq(list.members[0].name, "dentry");
  const struct grouping_member *tasks = &list.members[1];
  ck_assert_str_eq(tasks->name, "task_struct");
  ck_assert_uint_eq(tasks->bytes, 300 * 8 * 4096);
  ck_assert_uint_eq(tasks->count, 1200);
  ck_assert_uint_eq(tasks->extra[0], 300);
  ck_assert_uint_eq(tasks->extra[1], 300 * 7744);
}
END_TEST

START_TEST(other_shapes_of_a_line_are_read)
{
  static const struct {
    const char *line, *name;
    uint64_t pages, active;
  } cases[] = {
      /* SLAB with statistics */
      {"size-64 7 59 64 59 1 : tunables 120 60 8 : slabdata 1 1 0 : globalstat 1 2 3 : "
       "cpustat 4 5 6 7\n",
       "size-64", 1, 7},
      /* no heading, and the end of the text behind the last number */
      {"a 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0", "a", 35, 1},
      {"my cache 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0\n", "my?cache", 35, 1},
      /* the free objects were counted after all objects */
      {"a 18446744073709551615 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0\n", "a", 35, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    ck_assert_int_eq(parse(cases[i].line), 0);
    ck_assert_uint_eq(parse_error.count, 0);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_str_eq(list.members[0].name, cases[i].name);
    ck_assert_uint_eq(list.members[0].bytes, cases[i].pages * 4096);
    ck_assert_uint_eq(list.members[0].extra[0], cases[i].active);
  }
}
END_TEST

START_TEST(a_bad_line_costs_its_cache_only)
{
  static const struct {
    const char *line, *cause;
  } cases[] = {
      {"a 1 2 3 4 : tunables 0 0 0 : slabdata 6 7 0\n", "not a line of slabinfo"},
      {"a 1 2 3 4 x : tunables 0 0 0 : slabdata 6 7 0\n", "not a line of slabinfo"},
      {"1 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0\n", "not a line of slabinfo"},
      {"a 1 2 3 4 5 : tunables 0 0 0\n", "not a line of slabinfo"},
      {"a 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 -7 0\n", "not a line of slabinfo"},
      {"a 3 2 3 4 5 : tunables 0 0 0 : slabdata 6 7 0\n",
       "more objects are active than there are"},
      {"a 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 2251799813685248 0\n",
       "number of slabs is too large"},
      {"a 4611686018427387904 4611686018427387904 3 4 5 : tunables 0 0 0 : slabdata 6 7 "
       "0\n",
       "number of objects is too large"},
      /* the 7 may be the beginning of 70 */
      {"a 1 2 3 4 5 : tunables 0 0 0 : slabdata 6 7",
       "line is cut off at the end of the file"},
      {"a 1 2", "line is cut off at the end of the file"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char text[2048];
    snprintf(text, sizeof(text), HEADING DENTRY "%s", cases[i].line);
    ck_assert_int_eq(parse(text), 0);
    ck_assert_uint_eq(parse_error.count, 1);
    ck_assert_uint_eq(parse_error.line, 4);
    ck_assert_str_eq(parse_error.cause, cases[i].cause);
    ck_assert_uint_eq(list.count, 1);
    ck_assert_known(list.total, 5683 * 4096);
  }
}
END_TEST

START_TEST(a_text_without_a_cache_is_no_slabinfo_unless_it_is_empty)
{
  ck_assert_int_eq(parse(""), 0);
  ck_assert_int_eq(parse(HEADING), 0);
  ck_assert_uint_eq(list.count, 0);
  ck_assert_int_eq(parse("MemTotal: 5 kB\n"), -EBADMSG);
  ck_assert_uint_eq(parse_error.line, 1);
}
END_TEST

SUITE_MAIN("slab_caches", a_cache_has_pages_objects_and_those_in_use,
           other_shapes_of_a_line_are_read, a_bad_line_costs_its_cache_only,
           a_text_without_a_cache_is_no_slabinfo_unless_it_is_empty)
