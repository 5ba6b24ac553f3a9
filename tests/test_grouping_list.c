/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/grouping_list.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct grouping_list list;

static void begin(void)
{
  memset(&list, 0, sizeof(list));
  list.total = reading_known(0);
}

static void add(const char *name, uint64_t bytes)
{
  struct grouping_member member = {.bytes = bytes};
  snprintf(member.name, sizeof(member.name), "%s", name);
  grouping_add(&list, &member);
}

START_TEST(members_are_sorted_and_equal_ones_keep_their_order)
{
  static const char *const want[] = {"d", "b", "c", "e", "a"};
  begin();
  add("a", 1);
  add("b", 5);
  add("c", 5);
  add("d", 7);
  add("e", 5);
  ck_assert_uint_eq(list.count, LENGTH(want));
  for (size_t i = 0; i < LENGTH(want); i++)
    ck_assert_str_eq(list.members[i].name, want[i]);
  ck_assert_known(list.total, 23);
}
END_TEST

START_TEST(of_too_many_members_the_largest_are_listed_and_all_are_summed)
{
  enum { COUNT = 3 * GROUPING_MEMBERS_MAX };
  begin();
  for (unsigned i = 0; i < COUNT; i++) {
    char name[16];
    unsigned bytes = i * 7919 % COUNT; /* each from 0 to COUNT - 1, in no order */
    snprintf(name, sizeof(name), "%u", bytes);
    add(name, bytes);
  }
  add("like the smallest", COUNT - GROUPING_MEMBERS_MAX);
  ck_assert_uint_eq(list.count, GROUPING_MEMBERS_MAX);
  for (unsigned i = 0; i < list.count; i++) {
    char want[16];
    snprintf(want, sizeof(want), "%u", COUNT - 1 - i);
    ck_assert_str_eq(list.members[i].name, want);
    ck_assert_uint_eq(list.members[i].bytes, COUNT - 1 - i);
  }
  ck_assert_known(list.total, COUNT * (COUNT - 1) / 2 + COUNT - GROUPING_MEMBERS_MAX);
}
END_TEST

START_TEST(a_sum_that_is_no_number_is_malformed)
{
  begin();
  add("a", INT64_MAX);
  add("b", 1);
  ck_assert_int_eq(list.total.state, READING_MALFORMED);
}
END_TEST

SUITE_MAIN("grouping_list", members_are_sorted_and_equal_ones_keep_their_order,
           of_too_many_members_the_largest_are_listed_and_all_are_summed,
           a_sum_that_is_no_number_is_malformed)
