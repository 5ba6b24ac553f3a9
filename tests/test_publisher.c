/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/report/publisher.h"

#include <string.h>

static struct publisher publisher;
static struct sample sample;
static struct explanation explanation;

/* Two callers, one of which comes and goes: names do not flap. */
START_TEST(members_keep_their_names_from_sample_to_sample)
{
  const struct top_n *callers = &publisher.groupings[GROUPING_vmalloc_callers];
  publisher.options.names[GROUPING_vmalloc_callers] = 1;
  struct vmallocinfo *info = &sample.vmallocinfo;
  for (unsigned i = 0; i < 6; i++) {
    const bool flapping_leads = i % 2 == 1;
    info->callers[0] = (struct vmalloc_caller){.symbol = "steady", .bytes = 1024 * 4096};
    info->callers[1] = (struct vmalloc_caller){
        .symbol = "flapping", .bytes = (flapping_leads ? 1100 : 900) * 4096};
    info->callers_count = 2;
    info->by_size[0] = flapping_leads; /* largest first */
    info->by_size[1] = !flapping_leads;
    info->pages = reading_known(info->callers[0].bytes + info->callers[1].bytes);
    publisher_note(&publisher, &sample, &explanation);
    ck_assert_uint_eq(callers->shown_count, 1);
    ck_assert_str_eq(callers->shown[0].name, "steady");
    ck_assert_uint_eq(callers->shown[0].bytes, 1024 * 4096);
    ck_assert_uint_eq(callers->other_bytes, info->callers[1].bytes);
  }
}
END_TEST

/* Whether a grouping is sent, and with how many names, by set and option. */
START_TEST(names_are_those_of_the_row_unless_an_option_gives_them)
{
  static const struct {
    bool all_series;
    unsigned names, sent; /* UINT_MAX: nothing is sent */
  } cases[] = {
      {false, PUBLISHER_NAMES_BY_ROW, UINT_MAX}, {false, 0, UINT_MAX}, {false, 3, 3},
      {true, PUBLISHER_NAMES_BY_ROW, 8},         {true, 0, 0},         {true, 3, 3}};
  struct allocinfo *info = &sample.allocinfo;
  info->total = info->place[ALLOCINFO_BLACK_HOLE] = reading_known(100);
  info->sites_listed = 10;
  for (unsigned i = 0; i < info->sites_listed; i++)
    info->sites[i] =
        (struct allocinfo_site){.function = {(char)('a' + (char)i)}, .bytes = 10 - i};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    const struct top_n *sites = &publisher.groupings[GROUPING_allocation_sites];
    memset(&publisher, 0, sizeof(publisher));
    publisher.options = publisher_default_options();
    publisher.options.all_series = cases[i].all_series;
    publisher.options.names[GROUPING_allocation_sites] = cases[i].names;
    publisher_note(&publisher, &sample, &explanation);
    ck_assert_int_eq(publisher_has(&publisher, GROUPING_allocation_sites),
                     cases[i].sent != UINT_MAX);
    ck_assert_uint_eq(sites->shown_count, cases[i].sent == UINT_MAX ? 0 : cases[i].sent);
    ck_assert(publisher_has(&publisher, GROUPING_vmalloc_callers)); /* in either set */
  }
}
END_TEST

SUITE_MAIN("publisher", members_keep_their_names_from_sample_to_sample,
           names_are_those_of_the_row_unless_an_option_gives_them)
