/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/growth.h"

#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MB(n) ((uint64_t)(n) << 20)

static const double window = 3600, start = 1.7e9;
static struct growth *growth;
static struct sample sample;
static char text[GROWTH_MESSAGE_SIZE];

static void begin(void)
{
  memset(&sample, 0, sizeof(sample));
  growth = growth_open();
  ck_assert_ptr_nonnull(growth);
}

/* Callers of vmalloc "a", "b" and so on, of so many MiB, largest first. */
static void set_callers(unsigned count, const unsigned megabytes[])
{
  struct vmallocinfo *info = &sample.vmallocinfo;
  info->pages = reading_known(0);
  info->callers_count = count;
  for (unsigned i = 0; i < count; i++) {
    info->callers[i] = (struct vmalloc_caller){.bytes = MB(megabytes[i])};
    snprintf(info->callers[i].symbol, sizeof(info->callers[i].symbol), "%c", 'a' + i);
    reading_add(&info->pages, MB(megabytes[i]));
    unsigned at = i;
    for (; at > 0 && megabytes[info->by_size[at - 1]] < megabytes[i]; at--)
      info->by_size[at] = info->by_size[at - 1];
    info->by_size[at] = (unsigned short)i;
  }
}

/* Of a rise by so many MiB that began an hour after the start. */
static bool message(enum series series, double megabytes)
{
  const struct trend_verdict verdict = {
      .state = TREND_WARNING, .since = start + 3600, .rise = megabytes * (1 << 20)};
  return growth_message(growth, series, &verdict, &sample, text);
}

START_TEST(the_caller_that_rose_with_vmalloc_is_named)
{
  begin();
  set_callers(3, (const unsigned[]){100, 50, 40});
  growth_note(growth, window, start, &sample);
  set_callers(3, (const unsigned[]){100, 50, 102});
  snprintf(sample.vmallocinfo.callers[2].module, 64, "m");
  ck_assert(message(SERIES_vmalloc, 100));
  ck_assert_str_eq(text, "vmalloc caller c [m] rose by 102 MiB"); /* it was not there */
  sample.vmallocinfo.callers[2].module[0] = '\0';
  ck_assert(message(SERIES_vmalloc, 60));
  ck_assert_str_eq(text, "vmalloc caller c rose by 62 MiB");
  growth_close(growth);
}
END_TEST

START_TEST(a_member_that_rose_by_too_little_or_too_much_is_not_named)
{
  begin();
  set_callers(2, (const unsigned[]){100, 50});
  growth_note(growth, window, start, &sample);
  set_callers(2, (const unsigned[]){129, 141});
  ck_assert(!message(SERIES_vmalloc, 60));
  set_callers(2, (const unsigned[]){140, 130}); /* the closer one */
  ck_assert(message(SERIES_vmalloc, 60));
  ck_assert_str_eq(text, "vmalloc caller a rose by 40 MiB");
  growth_close(growth);
}
END_TEST

START_TEST(members_explain_only_the_series_of_their_grouping)
{
  begin();
  growth_note(growth, window, start, &sample); /* nothing is known yet */
  set_callers(1, (const unsigned[]){60});
  ck_assert(!message(SERIES_vmalloc, 60));
  set_callers(1, (const unsigned[]){0});
  growth_note(growth, window, start + window / 4, &sample);
  set_callers(1, (const unsigned[]){60});
  ck_assert(message(SERIES_vmalloc, 60));
  ck_assert(!message(SERIES_estimate, 60));

  struct allocinfo *info = &sample.allocinfo;
  info->total = info->place[ALLOCINFO_BLACK_HOLE] = reading_known(MB(1));
  growth_note(growth, window, start + window / 2, &sample);
  info->sites[0] = (struct allocinfo_site){.function = "f", .bytes = MB(60)};
  info->sites_listed = 1;
  ck_assert(message(SERIES_estimate, 60));
  ck_assert_str_eq(text, "allocation site f rose by 60 MiB");
  ck_assert(message(SERIES_unexplained, 60));
  growth_close(growth);
}
END_TEST

static void set_caches(unsigned dentry, unsigned task_struct)
{
  static struct grouping_list list;
  list = (struct grouping_list){.total = reading_known(0)};
  grouping_add(&list, &(struct grouping_member){"dentry", .bytes = MB(dentry)});
  grouping_add(&list, &(struct grouping_member){"task_struct", .bytes = MB(task_struct)});
  sample.groupings[GROUPING_slab_caches] = &list;
}

START_TEST(the_slab_cache_that_rose_with_sunreclaim_is_named)
{
  begin();
  set_caches(300, 2);
  growth_note(growth, window, start, &sample);
  set_caches(300, 96);
  ck_assert(message(SERIES_slab_unreclaimable, 100));
  ck_assert_str_eq(text, "slab cache task_struct rose by 94 MiB");
  ck_assert(!message(SERIES_vmalloc, 100));
  set_caches(310, 30); /* none is most of it */
  ck_assert(!message(SERIES_slab_unreclaimable, 100));
  growth_close(growth);
}
END_TEST

START_TEST(the_last_snapshot_before_the_rise_counts)
{
  begin();
  for (unsigned quarter = 0; quarter < 3 * GROWTH_SNAPSHOTS; quarter++) {
    const double time = start + 3600 - 200 * window + quarter * window / 4;
    set_callers(1, (const unsigned[]){quarter});
    growth_note(growth, window, time, &sample);
    growth_note(growth, window, time + 1, &sample); /* too soon: not taken */
  }
  /* The rise begins after quarter 300; the ring begins with quarter 208. */
  set_callers(1, (const unsigned[]){311});
  const struct trend_verdict verdict = {
      .since = start + 3600 - 200 * window + 300.5 * 900, .rise = (double)MB(10)};
  ck_assert(growth_message(growth, SERIES_vmalloc, &verdict, &sample, text));
  ck_assert_str_eq(text, "vmalloc caller a rose by 11 MiB");
  const struct trend_verdict old = {.since = start - 300 * window,
                                    .rise = (double)MB(100)};
  ck_assert(growth_message(growth, SERIES_vmalloc, &old, &sample, text));
  ck_assert_str_eq(text, "vmalloc caller a rose by 103 MiB");
  growth_close(growth);
}
END_TEST

START_TEST(a_member_beyond_those_remembered_had_no_more_than_the_smallest)
{
  unsigned megabytes[GROWTH_MEMBERS + 1];
  begin();
  for (unsigned i = 0; i < LENGTH(megabytes); i++)
    megabytes[i] = 100 - i; /* the last one has 68, the smallest remembered 69 */
  set_callers(LENGTH(megabytes), megabytes);
  growth_note(growth, window, start, &sample);
  megabytes[GROWTH_MEMBERS] = 169;
  set_callers(LENGTH(megabytes), megabytes);
  ck_assert(message(SERIES_vmalloc, 101));
  ck_assert_ptr_nonnull(strstr(text, " rose by 100 MiB"));
  growth_close(growth);
}
END_TEST

START_TEST(without_a_rise_or_a_past_nothing_is_named)
{
  begin();
  set_callers(1, (const unsigned[]){60});
  ck_assert(!message(SERIES_vmalloc, 60)); /* no snapshot */
  set_callers(1, (const unsigned[]){0});
  growth_note(growth, window, start, &sample);
  set_callers(1, (const unsigned[]){60});
  ck_assert(!message(SERIES_vmalloc, -60));
  ck_assert(!message(SERIES_vmalloc, (double)NAN));
  struct trend_verdict verdict = {.since = (double)NAN, .rise = (double)MB(60)};
  ck_assert(!growth_message(growth, SERIES_vmalloc, &verdict, &sample, text));
  sample.vmallocinfo.callers_count = 0; /* is not known any more */
  ck_assert(!message(SERIES_vmalloc, 60));
  growth_close(growth);
  growth_close(NULL);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
  begin();
  set_callers(1, (const unsigned[]){0});
  growth_note(growth, window, start, &sample);
  set_callers(1, (const unsigned[]){60});
  memset(sample.vmallocinfo.callers[0].symbol, 's', 95);
  memset(sample.vmallocinfo.callers[0].module, 'm', 63);
  ck_assert(message(SERIES_vmalloc, 60));
  ck_assert_uint_lt(strlen(text), GROWTH_MESSAGE_SIZE - 1);
  ck_assert_ptr_nonnull(strstr(text, "m rose by 60 MiB"));
  growth_close(growth);
}
END_TEST

SUITE_MAIN("growth", the_caller_that_rose_with_vmalloc_is_named,
           a_member_that_rose_by_too_little_or_too_much_is_not_named,
           members_explain_only_the_series_of_their_grouping,
           the_slab_cache_that_rose_with_sunreclaim_is_named,
           the_last_snapshot_before_the_rise_counts,
           a_member_beyond_those_remembered_had_no_more_than_the_smallest,
           without_a_rise_or_a_past_nothing_is_named, a_long_name_is_cut)
