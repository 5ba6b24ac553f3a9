/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/report/publisher.h"

/* Two callers, one of which comes and goes: names do not flap. */
START_TEST(callers_keep_their_names_from_sample_to_sample)
{
  static const struct publisher_options one = {.vmalloc_callers = 1};
  static struct observer observer;
  static struct publisher publisher;
  struct vmallocinfo *info = &observer.sample.vmallocinfo;
  for (unsigned i = 0; i < 6; i++) {
    const bool flapping_leads = i % 2 == 1;
    info->callers[0] = (struct vmalloc_caller){.symbol = "steady", .bytes = 1024 * 4096};
    info->callers[1] = (struct vmalloc_caller){
        .symbol = "flapping", .bytes = (flapping_leads ? 1100 : 900) * 4096};
    info->callers_count = 2;
    info->by_size[0] = flapping_leads; /* largest first */
    info->by_size[1] = !flapping_leads;
    publisher_note(&publisher, &observer, &one);
    ck_assert_uint_eq(publisher.callers.shown_count, 1);
    ck_assert_str_eq(publisher.callers.shown[0].name, "steady");
    ck_assert_uint_eq(publisher.callers.shown[0].bytes, 1024 * 4096);
  }
}
END_TEST

SUITE_MAIN("publisher", callers_keep_their_names_from_sample_to_sample)
