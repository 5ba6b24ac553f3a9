/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpu_times.h"

#include "suite.h"

static struct cpu_times times;

START_TEST(idle_time_is_that_with_and_without_input_and_output)
{
  cpu_times_parse(scan_string("cpu  9 9 9 1000 99 9 9 9 9 9\n"
                              "cpu0 1 2 3 400 50 6 7 8 9 10\n"
                              "cpu12 1 2 3 600 49 6\n"
                              "intr 5 6 7 8 9\ncpus 1 2 3 4 5\n"),
                  &times);
  ck_assert_uint_eq(times.cpus_count, 2);
  ck_assert_uint_eq(times.idle[0], 450);
  ck_assert_uint_eq(times.idle[12], 649);
}
END_TEST

START_TEST(other_lines_are_no_cpus)
{
  cpu_times_parse(scan_string("cpu0 1 2 3 4\ncpu1 1 2 3 4 x\ncpu2048 1 2 3 4 5\ncpu"),
                  &times);
  ck_assert_uint_eq(times.cpus_count, 0);
}
END_TEST

SUITE_MAIN("cpu_times", idle_time_is_that_with_and_without_input_and_output,
           other_lines_are_no_cpus)
