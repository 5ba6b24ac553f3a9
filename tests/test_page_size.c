/* SPDX-License-Identifier: MIT */
#include "collect/page_size.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *slabinfo;

static uint64_t page_size(const char *meminfo, const char *vmstat, const char *zoneinfo)
{
  char *tree = tree_make();
  struct sysroot root;
  struct text text = {0};
  uint64_t size;
  tree_write(tree, "proc/meminfo", meminfo);
  if (vmstat != NULL)
    tree_write(tree, "proc/vmstat", vmstat);
  if (zoneinfo != NULL)
    tree_write(tree, "proc/zoneinfo", zoneinfo);
  if (slabinfo != NULL)
    tree_write(tree, "proc/slabinfo", slabinfo);
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  ck_assert_int_eq(page_size_of_capture(&root, &text, &size), 0);
  sysroot_close(&root);
  text_free(&text);
  tree_remove(tree);
  return size;
}

static uint64_t host_page_size(void)
{
  return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* 64 KiB pages. */
#define LINES_64K                                                                        \
  "MemTotal: 6400000 kB\nMemFree: 320064 kB\nBuffers: 192 kB\nActive: 960000 kB\n"

START_TEST(lines_of_meminfo_are_multiples_of_it)
{
  ck_assert_uint_eq(page_size(LINES_64K, NULL, NULL), 65536);
}
END_TEST

/* Two lines may be multiples by chance, and people make up round numbers. */
START_TEST(few_or_round_lines_do_not_show_it)
{
  ck_assert_uint_eq(page_size("MemTotal: 6400000 kB\nMemFree: 320064 kB\n", NULL, NULL),
                    host_page_size());
  ck_assert_uint_eq(page_size("MemTotal: 8388608 kB\nMemFree: 1048576 kB\n"
                              "Cached: 2097152 kB\nActive: 524288 kB\n",
                              NULL, NULL),
                    host_page_size());
}
END_TEST

START_TEST(zones_add_up_to_mem_total)
{
  static const char zoneinfo[] =
      "Node 0, zone DMA\n  pages free 5000\n        present 100000\n"
      "        managed  100000\n    cpu: 0\n              count: 0\n"
      "  vm stats threshold: 8\n  start_pfn: 1\n";
  ck_assert_uint_eq(
      page_size("MemTotal: 6400000 kB\nMemFree: 320064 kB\n", NULL, zoneinfo), 65536);
  /* A kernel of 4 KiB pages that is still initialising struct pages. */
  ck_assert_uint_eq(
      page_size("MemTotal: 1600000 kB\nMemFree: 1500004 kB\n", NULL, zoneinfo),
      host_page_size());
}
END_TEST

START_TEST(any_of_several_lines_of_vmstat_will_do)
{
  ck_assert_uint_eq(page_size("Active(file): 64000 kB\n", "nr_active_file 1000\n", NULL),
                    65536);
  ck_assert_uint_eq(
      page_size("PageTables: 16000 kB\n", "nr_page_table_pages 1000\n", NULL), 16384);
}
END_TEST

/* In a container, meminfo has less than vmstat. */
START_TEST(no_size_of_which_meminfo_is_no_multiple)
{
  ck_assert_uint_eq(
      page_size("MemTotal: 524288 kB\nMemFree: 300004 kB\nMapped: 8000 kB\n",
                "nr_mapped 250\n", NULL),
      host_page_size());
}
END_TEST

/* Rather than by lines of meminfo, which are multiples of more by chance. */
START_TEST(objects_of_a_slab_cache_fit_into_its_pages)
{
  static const struct {
    const char *slabinfo;
    uint64_t want;
  } cases[] = {
      {"task_struct 10 1208 7744 4 8 : tunables 0 0 0 : slabdata 302 302 0\n", 4096},
      {"a 1 100 16 100 1 : tunables 0 0 0 : slabdata 1 1 0\n"
       "thread_stack 402 416 16384 16 4 : tunables 0 0 0 : slabdata 26 26 0\n",
       65536},
      /* none of these is full enough to show it */
      {"a 1 100 16 100 1 : tunables 0 0 0 : slabdata 1 1 0\n"
       "b 0 100 64 64 1 : tunables 0 0 0 : slabdata 0 0 0\n",
       16384},
      {"not slabinfo\n", 16384},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    slabinfo = cases[i].slabinfo;
    ck_assert_uint_eq(page_size("MemTotal: 6400016 kB\nMemFree: 320064 kB\n"
                                "Buffers: 192 kB\nActive: 960000 kB\nCached: 1600 kB\n"
                                "Inactive: 48 kB\nShmem: 80 kB\nAnonPages: 160 kB\n",
                                NULL, NULL),
                      cases[i].want);
  }
}
END_TEST

SUITE_MAIN("page_size", objects_of_a_slab_cache_fit_into_its_pages,
           lines_of_meminfo_are_multiples_of_it, few_or_round_lines_do_not_show_it,
           zones_add_up_to_mem_total, any_of_several_lines_of_vmstat_will_do,
           no_size_of_which_meminfo_is_no_multiple)
