/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/kmsg.h"

#include <errno.h>

START_TEST(pages_of_the_first_chunk_are_in_the_boot_log)
{
  static const char *const logs[] = {
      "<6>[    0.012345] percpu: Embedded 53 pages/cpu s180224 r8192 d28672 u1048576\n",
      "<7>[    0.0] rcu: 2 CPUs\n<6>[    0.1] percpu: Embedded 53 pages/cpu s1 r2 d3 u4\n"
      "<6>[    0.2] Built 1 zonelists\n",
      "PERCPU: nothing\n[    0.000000] percpu: Embedded 53 pages/cpu @ffff88003fc00000 "
      "s99096 r8192 d31976 u1048576",
      "percpu: Embedded x pages/cpu\npercpu: Embedded 7 bytes\n"
      "percpu: Embedded 53 pages/cpu\n",
  };
  for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
    uint64_t pages = 0;
    ck_assert_int_eq(kmsg_percpu_pages(scan_string(logs[i]), &pages), 0);
    ck_assert_uint_eq(pages, 53);
  }
}
END_TEST

START_TEST(log_without_the_line_is_no_answer)
{
  static const char *const logs[] = {
      "",
      "\n\n",
      "<6>[    0.0] percpu: Embedded",
      "<6>[    0.0] percpu: Embedded \n53 pages/cpu\n",
      "<6>[    0.0] percpu: Embedded -3 pages/cpu\n",
      "<6>[    0.0] percpu: 53 4K pages/cpu s1 r2 d3\n", /* the page allocator: elsewhere
                                                          */
  };
  for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
    uint64_t pages = 99;
    ck_assert_int_eq(kmsg_percpu_pages(scan_string(logs[i]), &pages), -ENOENT);
  }
}
END_TEST

SUITE_MAIN("kmsg", pages_of_the_first_chunk_are_in_the_boot_log,
           log_without_the_line_is_no_answer)
