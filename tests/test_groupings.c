/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/groupings.h"

#include "suite.h"

#include <string.h>

static struct sample sample;

START_TEST(callers_of_vmalloc_are_those_of_vmallocinfo)
{
  struct grouping_member member;
  memset(&sample, 0, sizeof(sample));
  struct vmallocinfo *info = &sample.vmallocinfo;
  ck_assert_int_eq(grouping_total(&sample, GROUPING_vmalloc_callers).state,
                   READING_ABSENT);
  info->pages = reading_known(12);
  info->callers[0] = (struct vmalloc_caller){.symbol = "small", .bytes = 4};
  info->callers[1] = (struct vmalloc_caller){
      .symbol = "large", .module = "m", .bytes = 8, .entries_count = 3};
  info->by_size[0] = 1;
  info->callers_count = 2;
  ck_assert_known(grouping_total(&sample, GROUPING_vmalloc_callers), 12);
  ck_assert(grouping_member(&sample, GROUPING_vmalloc_callers, 0, &member));
  ck_assert_str_eq(member.name, "large");
  ck_assert_str_eq(member.qualifier, "m");
  ck_assert_str_eq(member.detail, "");
  ck_assert_uint_eq(member.bytes, 8);
  ck_assert_uint_eq(member.count, 3);
  ck_assert(grouping_member(&sample, GROUPING_vmalloc_callers, 1, &member));
  ck_assert_str_eq(member.name, "small");
  ck_assert_str_eq(member.qualifier, "");
  ck_assert(!grouping_member(&sample, GROUPING_vmalloc_callers, 2, &member));
}
END_TEST

START_TEST(allocation_sites_are_absent_while_the_kernel_counts_none)
{
  struct grouping_member member;
  memset(&sample, 0, sizeof(sample));
  struct allocinfo *info = &sample.allocinfo;
  info->total = info->place[ALLOCINFO_BLACK_HOLE] = reading_known(0);
  ck_assert_int_eq(grouping_total(&sample, GROUPING_allocation_sites).state,
                   READING_ABSENT);
  ck_assert(!grouping_member(&sample, GROUPING_allocation_sites, 0, &member));
  info->total = reading_known(100);
  ck_assert_known(grouping_total(&sample, GROUPING_allocation_sites), 0);
  info->place[ALLOCINFO_BLACK_HOLE] = reading_known(60);
  info->sites[0] = (struct allocinfo_site){
      .function = "f", .module = "m", .file = "m.c:1", .bytes = 50, .calls_count = 2};
  info->sites_listed = 1;
  ck_assert_known(grouping_total(&sample, GROUPING_allocation_sites), 60);
  ck_assert(grouping_member(&sample, GROUPING_allocation_sites, 0, &member));
  ck_assert_str_eq(member.name, "f");
  ck_assert_str_eq(member.qualifier, "m");
  ck_assert_str_eq(member.detail, "m.c:1");
  ck_assert_uint_eq(member.bytes, 50);
  ck_assert_uint_eq(member.count, 2);
  info->total = info->place[ALLOCINFO_BLACK_HOLE] = reading_missing(READING_DENIED);
  ck_assert_int_eq(grouping_total(&sample, GROUPING_allocation_sites).state,
                   READING_DENIED);
}
END_TEST

SUITE_MAIN("groupings", callers_of_vmalloc_are_those_of_vmallocinfo,
           allocation_sites_are_absent_while_the_kernel_counts_none)
