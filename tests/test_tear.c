/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/tear.h"

#define MB(n) ((uint64_t)(n) << 20)

static struct zoneinfo zones(uint64_t managed, uint64_t free, uint64_t pcp)
{
  return (struct zoneinfo){.managed = reading_known(managed),
                           .free = reading_known(free),
                           .pcp = reading_known(pcp)};
}

static struct meminfo lines(uint64_t total, uint64_t free)
{
  struct meminfo meminfo = {0};
  meminfo.mem_total = reading_known(total);
  meminfo.mem_free = reading_known(free);
  return meminfo;
}

START_TEST(tear_is_the_change_of_free_pages_and_half_that_of_the_lists)
{
  static const struct {
    uint64_t free_before, pcp_before, free_after, pcp_after, want;
  } cases[] = {
      {MB(500), MB(20), MB(500), MB(20), 0},
      {MB(500), MB(20), MB(480), MB(20), MB(20)},
      {MB(480), MB(20), MB(500), MB(20), MB(20)},
      {MB(500), MB(20), MB(504), MB(16), MB(2)}, /* from the lists to the buddies */
      {MB(500), MB(20), MB(500), MB(26), MB(6) + MB(3)},
  };
  struct meminfo meminfo = lines(MB(1024), MB(500));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    struct zoneinfo before = zones(MB(1024), cases[i].free_before, cases[i].pcp_before);
    struct zoneinfo after = zones(MB(1024), cases[i].free_after, cases[i].pcp_after);
    struct reading tear = tear_of(&before, &meminfo, &after);
    ck_assert_int_eq(tear.state, READING_KNOWN);
    ck_assert_uint_eq(tear.value, cases[i].want);
  }
}
END_TEST

/* 128 MiB of a zone whose struct pages are being made: out of MemFree, not yet managed.
 */
START_TEST(a_section_in_transit_is_a_tear)
{
  struct zoneinfo zone = zones(MB(7000), MB(6500), MB(20));
  struct meminfo quiet = lines(MB(24000), MB(6500) + MB(17000));
  struct meminfo boot = lines(MB(24000), MB(6500) + MB(17000) - MB(1));
  struct meminfo busy = lines(MB(24000), MB(6500) + MB(17000) - MB(128));
  ck_assert_uint_eq(tear_of(&zone, &quiet, &zone).value, 0);
  ck_assert_uint_eq(tear_of(&zone, &boot, &zone).value, 0);
  ck_assert_uint_eq(tear_of(&zone, &busy, &zone).value, MB(128));
}
END_TEST

START_TEST(tear_is_not_known_without_both_zoneinfos)
{
  struct zoneinfo known = zones(MB(1024), MB(500), MB(20)), absent = {0}, denied = {0};
  denied.free = denied.pcp = reading_missing(READING_DENIED);
  struct meminfo meminfo = lines(MB(1024), MB(500));
  ck_assert_int_eq(tear_of(&known, &meminfo, &absent).state, READING_ABSENT);
  ck_assert_int_eq(tear_of(&absent, &meminfo, &known).state, READING_ABSENT);
  ck_assert_int_eq(tear_of(&denied, &meminfo, &known).state, READING_DENIED);
}
END_TEST

SUITE_MAIN("tear", tear_is_the_change_of_free_pages_and_half_that_of_the_lists,
           a_section_in_transit_is_a_tear, tear_is_not_known_without_both_zoneinfos)
