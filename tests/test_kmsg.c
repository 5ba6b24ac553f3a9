/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include "meminfo_explain/parse/kmsg.h"

#include <stdio.h>

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
    struct boot boot;
    kmsg_parse(scan_string(logs[i]), 4096, &boot);
    ck_assert_int_eq(boot.percpu_unit.state, READING_KNOWN);
    ck_assert_uint_eq(boot.percpu_unit.value, 53 * 4096);
  }
}
END_TEST

START_TEST(units_of_percpu_chunks_include_those_of_no_cpu)
{
  static const struct {
    const char *lines;
    uint64_t want;
  } logs[] = {
      {"<7>[    0.1] pcpu-alloc: [0] 0 1 2 - \n", 4},
      {"<7>[    0.1] pcpu-alloc: s233472 r8192 d28672 u524288 alloc=1*2097152\n"
       "<7>[    0.1] pcpu-alloc: [0] 0 1 2 - [1] 3 4 5 6\n",
       8},
      {"pcpu-alloc: [0] 00 01 02 03 [0] 04 05 -- -- \npcpu-alloc: [1] 06 07 08 09\n", 12},
  };
  char text[512];
  struct boot boot;
  for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
    snprintf(text, sizeof(text), "percpu: Embedded 53 pages/cpu\n%s", logs[i].lines);
    kmsg_parse(scan_string(text), 4096, &boot);
    ck_assert_int_eq(boot.percpu_units_count.state, READING_KNOWN);
    ck_assert_uint_eq(boot.percpu_units_count.value, logs[i].want);
    /* The first lines may be lost if the line before them is. */
    kmsg_parse(scan_string(logs[i].lines), 4096, &boot);
    ck_assert_int_eq(boot.percpu_units_count.state, READING_ABSENT);
  }
}
END_TEST

START_TEST(log_without_the_line_leaves_it_absent)
{
  static const char *const logs[] = {
      "",
      "\n\n",
      "<6>[    0.0] percpu: Embedded",
      "<6>[    0.0] percpu: Embedded \n53 pages/cpu\n",
      "<6>[    0.0] percpu: Embedded -3 pages/cpu\n",
      /* a line of the page allocator */
      "<6>[    0.0] percpu: 53 4K pages/cpu s1 r2 d3\n",
  };
  for (size_t i = 0; i < sizeof(logs) / sizeof(*logs); i++) {
    struct boot boot;
    kmsg_parse(scan_string(logs[i]), 4096, &boot);
    ck_assert_int_eq(boot.percpu_unit.state, READING_ABSENT);
    ck_assert_int_eq(boot.percpu_units_count.state, READING_ABSENT);
    ck_assert_int_eq(boot.hash_tables.state, READING_ABSENT);
    ck_assert_int_eq(boot.swiotlb.state, READING_ABSENT);
  }
}
END_TEST

START_TEST(linear_hash_tables_are_summed_except_early_ones)
{
  struct boot boot;
  kmsg_parse(
      scan_string(
          "<6>[0.1] PV qspinlock hash table entries: 256 (order: 0, 4096 bytes, linear)\n"
          "<6>[0.2] Dentry cache hash table entries: 4194304 (order: 13, 33554432 bytes, "
          "linear)\n"
          "<6>[0.2] Inode-cache hash table entries: 2097152 (order: 12, 16777216 bytes, "
          "linear)\n"
          "<6>[0.3] Mount-cache hash table entries: 65536 (order: 7, 524288 bytes, "
          "linear)\n"
          "<6>[0.4] TCP established hash table entries: 262144 (order: 9, 2097152 bytes, "
          "linear)\n"
          "<6>[0.4] TCP bind hash table entries: 65536 (order: 9, 2097152 bytes, "
          "vmalloc)\n"
          "<6>[0.4] UDP hash table entries: 16384 (order: 8, 1048576 bytes)\n"
          "<6>[0.4] VFS: Dquot-cache hash table entries: 512 (order 0, 4096 bytes)\n"
          "<6>[0.4] bad hash table entries: 1 (order: 1, x bytes, linear)\n"
          "<6>[0.4] bad hash table entries: 1 (order:"),
      4096, &boot);
  ck_assert_int_eq(boot.hash_tables.state, READING_KNOWN);
  ck_assert_uint_eq(boot.hash_tables.value, 524288 + 2097152);
}
END_TEST

START_TEST(first_line_has_the_bounce_buffers)
{
  struct boot boot;
  kmsg_parse(scan_string("<6>[0.5] software IO TLB: mapped [mem 0x00000000bbed0000-"
                         "0x00000000bfed0000] (64MB)\n"
                         "<6>[0.6] software IO TLB: mapped [mem 0x1000-0x2000] (0MB)\n"),
             4096, &boot);
  ck_assert_int_eq(boot.swiotlb.state, READING_KNOWN);
  ck_assert_uint_eq(boot.swiotlb.value, 64 << 20);
  static const char *const none[] = {
      ("software IO TLB: mapped [mem 0x1000-0x2000] (0MB)\n"
       "software IO TLB: tearing down default memory pool\n"),
      "software IO TLB: No low mem\n",
      "software IO TLB: mapped [mem 0xq-0x2000] (0MB)\n",
      "software IO TLB: mapped [mem 0x2000-0x1000] (0MB)\n",
      "software IO TLB: mapped [mem 0x1000-0xfffffffffffffffffffffff] (0MB)\n",
      "software IO TLB: mapped [mem 0x1000",
  };
  for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
    kmsg_parse(scan_string(none[i]), 4096, &boot);
    ck_assert_int_eq(boot.swiotlb.state, READING_ABSENT);
  }
}
END_TEST

START_TEST(pools_for_dma_are_summed)
{
  struct boot boot;
  kmsg_parse(
      scan_string("<6>[1.0] DMA: preallocated 512 KiB GFP_KERNEL pool for atomic "
                  "allocations\n"
                  "<6>[1.1] DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA32 pool for "
                  "atomic allocations\n"
                  "<6>[1.2] DMA: preallocated x KiB pool for atomic allocations\n"
                  "<6>[1.3] DMA: preallocated 7 KiB for somebody else\n"),
      4096, &boot);
  ck_assert_known(boot.dma_pools, 768 << 10);
}
END_TEST

START_TEST(first_line_has_the_records_of_ftrace)
{
  struct boot boot;
  kmsg_parse(scan_string("<6>[0.0] ftrace: allocating 45261 entries in 180 pages\n"
                         "<6>[0.0] ftrace: allocated x pages with 4 groups\n"
                         "<6>[0.0] ftrace: allocated 180 pages with 4 groups\n"
                         "<6>[9.0] ftrace: allocated 1 pages with 1 groups\n"),
             65536, &boot);
  ck_assert_known(boot.ftrace_records, 180 * 65536);
  kmsg_parse(scan_string("<6>[0.0] ftrace: allocating 45261 entries in 180 pages\n"),
             4096, &boot);
  ck_assert_int_eq(boot.ftrace_records.state, READING_ABSENT);
}
END_TEST

SUITE_MAIN("kmsg", pools_for_dma_are_summed, first_line_has_the_records_of_ftrace,
           pages_of_the_first_chunk_are_in_the_boot_log,
           units_of_percpu_chunks_include_those_of_no_cpu,
           log_without_the_line_leaves_it_absent,
           linear_hash_tables_are_summed_except_early_ones,
           first_line_has_the_bounce_buffers)
