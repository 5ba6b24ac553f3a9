/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/completeness.h"

#include "suite.h"

#include <stdlib.h>

#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

static struct sample *sample;

/* 4 GiB in zones of 4200 MiB, half of it free. Each test runs in its own process. */
static void begin(void)
{
  sample = calloc(1, sizeof(*sample));
  sample->page_size = 4096;
  sample->meminfo.mem_total = reading_known(GB(4));
  sample->meminfo.mem_free = reading_known(GB(2));
  sample->zoneinfo.managed = reading_known(GB(4));
  sample->zoneinfo.present = reading_known(MB(4200));
  sample->zoneinfo.free = reading_known(GB(2));
  sample->zoneinfo.pcp = sample->zoneinfo_after.pcp = reading_known(MB(1));
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    sample->sources[i].state = READING_KNOWN;
}

static const char *cause_of(enum source source)
{
  const struct source_status *status = &sample->sources[source];
  bool lost = status->state == READING_MALFORMED;
  ck_assert_int_eq(lost, status->parse_error.cause != NULL);
  return lost ? status->parse_error.cause : "whole";
}

START_TEST(zones_have_all_of_mem_total)
{
  static const struct {
    uint64_t present, managed, free; /* MiB; managed 0: absent */
    const char *cause;
  } cases[] = {
      {4200, 4096, 2048, "whole"},
      {4096, 4096, 2048, "whole"},
      {4095, 4000, 2048,
       "zones are missing: their present pages add up to less than MemTotal"},
      {4200, 4033, 2048, "whole"}, /* a balloon moves */
      {4200, 4000, 2048,
       "zones are missing: their managed pages add up to less than MemTotal"},
      {4200, 3000, 952, "whole"}, /* struct pages are still being initialised */
      {4200, 3000, 1500,
       "zones are missing: their managed pages add up to less than MemTotal"},
      {4200, 5000, 2048, "whole"}, /* a container's meminfo, which is refused */
      {4040, 0, 2048, "whole"},    /* before 3.10 */
      {4000, 0, 2048,
       "zones are missing: their present pages add up to less than MemTotal"},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    begin();
    sample->zoneinfo.present = reading_known(MB(cases[i].present));
    sample->zoneinfo.managed = cases[i].managed > 0 ? reading_known(MB(cases[i].managed))
                                                    : reading_missing(READING_ABSENT);
    sample->zoneinfo.free = reading_known(MB(cases[i].free));
    completeness_of_zoneinfo(sample);
    ck_assert_str_eq(cause_of(SOURCE_zoneinfo), cases[i].cause);
    bool whole = strcmp(cases[i].cause, "whole") == 0;
    ck_assert_int_eq(is_known(sample->zoneinfo.pcp), whole);
    ck_assert_int_eq(is_known(sample->zoneinfo_after.pcp), whole);
    free(sample);
  }
}
END_TEST

static void begin_vmalloc(uint64_t used, uint64_t chunk, uint64_t pages, uint64_t size)
{
  begin();
  sample->meminfo.vmalloc_used = reading_known(used);
  sample->meminfo.vmalloc_chunk = reading_known(chunk);
  sample->vmallocinfo.pages = reading_known(pages);
  sample->vmallocinfo.size = reading_known(size);
  sample->vmallocinfo.module_pages = reading_known(0);
  sample->vmallocinfo.callers_count = 3;
}

START_TEST(areas_have_all_of_vmalloc_used)
{
  static const char pages[] =
      "areas are missing: pages= adds up to less than VmallocUsed";
  static const char size[] = "areas are missing: they add up to less than VmallocUsed";
  static const struct {
    uint64_t used, chunk, pages, size; /* MiB */
    const char *cause;
  } cases[] = {
      {64, 0, 64, 300, "whole"},  {64, 0, 63, 300, "whole"}, /* at another moment */
      {64, 0, 62, 300, pages},    {64, 0, 0, 0, pages},
      {64, 0, 80, 300, "whole"}, /* decide.c: counter_is_short */
      {64, 900, 4, 64, "whole"},  {64, 900, 4, 55, "whole"}, /* vm_map_ram */
      {64, 900, 4, 54, size},     {0, 0, 1, 2, "whole"},     /* 4.4 */
      {5000, 0, 64, 64, "whole"},                            /* wrapped */
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    begin_vmalloc(MB(cases[i].used), MB(cases[i].chunk), MB(cases[i].pages),
                  MB(cases[i].size));
    completeness_of_vmallocinfo(sample);
    ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), cases[i].cause);
    bool whole = strcmp(cases[i].cause, "whole") == 0;
    ck_assert_int_eq(is_known(sample->vmallocinfo.pages), whole);
    ck_assert_uint_eq(sample->vmallocinfo.callers_count, whole ? 3 : 0);
    free(sample);
  }
}
END_TEST

/* On the machine itself no file is cut off, but stacks come and go. */
START_TEST(a_busy_machine_has_a_wider_margin)
{
  begin_vmalloc(MB(64), 0, MB(62), MB(300));
  sample->credentials.live = true;
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), "whole");
  sample->vmallocinfo.pages = reading_known(MB(61));
  completeness_of_vmallocinfo(sample);
  ck_assert(!is_known(sample->vmallocinfo.pages));
  free(sample);
}
END_TEST

START_TEST(vmalloc_used_is_that_of_the_time_when_areas_were_listed)
{
  begin_vmalloc(MB(90), 0, MB(60), MB(300));
  sample->vmalloc_used_then = reading_known(MB(60));
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), "whole");
  free(sample);
}
END_TEST

/* Where VmallocUsed is always 0. */
START_TEST(areas_have_all_of_the_modules)
{
  begin_vmalloc(0, 0, MB(60), MB(300));
  sample->modules.size = reading_known(MB(20));
  sample->vmallocinfo.module_pages = reading_known(MB(19));
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), "whole");
  sample->vmallocinfo.module_pages = reading_known(MB(19) - 1);
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(
      cause_of(SOURCE_vmallocinfo),
      "areas are missing: those of modules add up to less than /proc/modules");
  free(sample);
}
END_TEST

START_TEST(several_cpus_have_areas_of_per_cpu_data)
{
  begin_vmalloc(0, 0, MB(60), MB(300));
  sample->vmallocinfo.percpu_size = reading_known(0);
  sample->zoneinfo.cpus_count = reading_known(1);
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), "whole");
  sample->zoneinfo.cpus_count = reading_known(2);
  sample->vmallocinfo.percpu_size = reading_known(1 << 20);
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo), "whole");
  sample->vmallocinfo.percpu_size = reading_known(0);
  completeness_of_vmallocinfo(sample);
  ck_assert_str_eq(cause_of(SOURCE_vmallocinfo),
                   "areas are missing: those of per-CPU data");
  free(sample);
}
END_TEST

START_TEST(a_file_that_is_not_known_stays_as_it_is)
{
  begin_vmalloc(MB(64), 0, 0, 0);
  sample->zoneinfo.present = reading_missing(READING_DENIED);
  sample->sources[SOURCE_zoneinfo].state = READING_DENIED;
  sample->sources[SOURCE_vmallocinfo].state = READING_DENIED;
  completeness_of_zoneinfo(sample);
  completeness_of_vmallocinfo(sample);
  ck_assert_int_eq(sample->sources[SOURCE_zoneinfo].state, READING_DENIED);
  ck_assert_int_eq(sample->sources[SOURCE_vmallocinfo].state, READING_DENIED);
  free(sample);
}
END_TEST

START_TEST(at_least_as_many_cpus_are_possible_as_are_online)
{
  begin();
  sample->zoneinfo.cpus_count = reading_known(4);
  sample->cpus_possible_count = reading_known(4);
  completeness_of_cpus(sample);
  ck_assert_str_eq(cause_of(SOURCE_cpu_possible), "whole");
  sample->cpus_possible_count = reading_known(3);
  completeness_of_cpus(sample);
  ck_assert_str_eq(cause_of(SOURCE_cpu_possible), "fewer CPUs than zoneinfo lists");
  ck_assert_int_eq(sample->cpus_possible_count.state, READING_MALFORMED);
  free(sample);
}
END_TEST

SUITE_MAIN("completeness", zones_have_all_of_mem_total, areas_have_all_of_vmalloc_used,
           a_busy_machine_has_a_wider_margin,
           vmalloc_used_is_that_of_the_time_when_areas_were_listed,
           areas_have_all_of_the_modules, several_cpus_have_areas_of_per_cpu_data,
           a_file_that_is_not_known_stays_as_it_is,
           at_least_as_many_cpus_are_possible_as_are_online)
