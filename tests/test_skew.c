/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/skew.h"

#include "suite.h"

#define MB(n) ((uint64_t)(n) << 20)

static struct zoneinfo zones(uint64_t free, uint64_t pcp)
{
  return (struct zoneinfo){.free = reading_known(free), .pcp = reading_known(pcp)};
}

START_TEST(skew_is_the_change_of_free_pages_and_half_that_of_the_lists)
{
  static const struct {
    uint64_t free_before, pcp_before, free_after, pcp_after, want;
  } cases[] = {
      {MB(500), MB(20), MB(500), MB(20), 0},
      {MB(500), MB(20), MB(480), MB(20), MB(20)},
      {MB(480), MB(20), MB(500), MB(20), MB(20)},
      {MB(500), MB(20), MB(504), MB(16),
       MB(2)}, /* from the per-CPU lists to the buddy allocator */
      {MB(500), MB(20), MB(500), MB(26), MB(6) + MB(3)},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct zoneinfo before = zones(cases[i].free_before, cases[i].pcp_before);
    struct zoneinfo after = zones(cases[i].free_after, cases[i].pcp_after);
    struct reading skew = skew_of(&before, &after);
    ck_assert_int_eq(skew.state, READING_KNOWN);
    ck_assert_uint_eq(skew.value, cases[i].want);
  }
}
END_TEST

START_TEST(skew_needs_both_zoneinfos)
{
  struct zoneinfo known = zones(MB(500), MB(20)), absent = {0}, denied = {0};
  denied.free = denied.pcp = reading_missing(READING_DENIED);
  ck_assert_int_eq(skew_of(&known, &absent).state, READING_ABSENT);
  ck_assert_int_eq(skew_of(&absent, &known).state, READING_ABSENT);
  ck_assert_int_eq(skew_of(&denied, &known).state, READING_DENIED);
}
END_TEST

SUITE_MAIN("skew", skew_is_the_change_of_free_pages_and_half_that_of_the_lists,
           skew_needs_both_zoneinfos)
