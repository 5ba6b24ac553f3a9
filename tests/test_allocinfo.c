/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/allocinfo.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES(count) ((uint64_t)(count)*4096)
#define HEADER       "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n"
#define HEADER_2     "allocinfo - version: 2.0\n#     <size>  <calls> <tag info>\n"

/* Too large for a stack of unknown size. */
static struct allocinfo got;
static struct vmallocinfo areas;
static struct parse_error parse_error;

static int parse_text(const char *text, const struct vmallocinfo *vmalloc)
{
  parse_error = (struct parse_error){0};
  return allocinfo_parse(scan_string(text), 4096, vmalloc, &got, &parse_error);
}

static void parse_with(const char *text, const struct vmallocinfo *vmalloc)
{
  int error = parse_text(text, vmalloc);
  ck_assert_msg(error == 0, "line %u: \"%s\": %s in %s", parse_error.line,
                parse_error.near, parse_error.cause, text);
  ck_assert_uint_eq(parse_error.count, 0);
}

static void parse(const char *text)
{
  parse_with(text, NULL);
}

static void parse_areas(const char *text)
{
  struct parse_error none = {0};
  ck_assert_int_eq(vmallocinfo_parse(scan_string(text), 4096, &areas, &none), 0);
}

/* All bytes are in this place. */
static void assert_all_in(enum allocinfo_place place, uint64_t bytes, const char *text)
{
  for (unsigned i = 0; i < ALLOCINFO_PLACE_COUNT; i++)
    ck_assert_msg(
        is_known(got.place[i]) && got.place[i].value == (i == place ? bytes : 0),
        "place %u: %llu in %s", i, (unsigned long long)got.place[i].value, text);
  ck_assert_known(got.total, bytes);
}

static void assert_malformed(void)
{
  for (size_t i = 0; i < ALLOCINFO_READINGS; i++)
    ck_assert_int_eq(got.readings[i].state, READING_MALFORMED);
  ck_assert_uint_eq(got.sites_listed, 0);
}

START_TEST(line_is_parsed_to_its_last_word)
{
  parse(HEADER "       12288        3 drivers/foo/bar.c:81 [foo] func:foo_fill \n");
  ck_assert_uint_eq(got.sites_listed, 1);
  ck_assert_str_eq(got.sites[0].function, "foo_fill");
  ck_assert_str_eq(got.sites[0].module, "foo");
  ck_assert_str_eq(got.sites[0].file, "drivers/foo/bar.c:81");
  ck_assert_uint_eq(got.sites[0].bytes, 12288);
  ck_assert_uint_eq(got.sites[0].calls_count, 3);
  ck_assert_known(got.sites_count, 1);
  ck_assert_known(got.inaccurate_count, 0);
  assert_all_in(ALLOCINFO_BLACK_HOLE, 12288, "the line");

  parse(HEADER "8192 2 mm/zsmalloc.c:980 func:alloc_zspage\n");
  ck_assert_str_eq(got.sites[0].module, "");
  ck_assert_str_eq(got.sites[0].function, "alloc_zspage");
}
END_TEST

static const struct {
  const char *tag;
  enum allocinfo_place place;
} tags[] = {
    {"mm/slub.c:2412 func:alloc_slab_page", ALLOCINFO_SLAB},
    {"mm/filemap.c:1951 func:__filemap_get_folio", ALLOCINFO_USER},
    {"mm/readahead.c:264 func:page_cache_ra_unbounded", ALLOCINFO_USER},
    {"mm/readahead.c:186 func:ractl_alloc_folio", ALLOCINFO_USER},
    {"mm/shmem.c:1771 func:shmem_alloc_folio", ALLOCINFO_USER},
    {"mm/memory.c:1062 func:folio_prealloc", ALLOCINFO_USER},
    {"mm/memory.c:4214 func:alloc_anon_folio", ALLOCINFO_USER},
    {"mm/huge_memory.c:1159 func:vma_alloc_anon_folio_pmd", ALLOCINFO_USER},
    {"mm/huge_memory.c:1328 func:do_huge_pmd_anonymous_page", ALLOCINFO_USER},
    {"mm/khugepaged.c:1072 func:alloc_charge_folio", ALLOCINFO_USER},
    {"mm/swap_state.c:474 func:__read_swap_cache_async", ALLOCINFO_USER},
    {"mm/migrate.c:2189 func:alloc_migration_target", ALLOCINFO_MIGRATED},
    {"mm/compaction.c:1880 func:compaction_alloc", ALLOCINFO_MIGRATED},
    {"arch/arm64/mm/fault.c:986 func:vma_alloc_zeroed_movable_folio", ALLOCINFO_USER},
    {"fs/btrfs/extent_io.c:635 [btrfs] func:btrfs_alloc_page_array", ALLOCINFO_USER},
    {"arch/x86/mm/pgtable.c:33 func:pte_alloc_one", ALLOCINFO_PAGE_TABLES},
    {"mm/memory.c:441 func:__pte_alloc", ALLOCINFO_PAGE_TABLES},
    {"mm/memory.c:6281 func:__pmd_alloc", ALLOCINFO_PAGE_TABLES},
    {"mm/huge_memory.c:1161 func:__do_huge_pmd_anonymous_page", ALLOCINFO_PAGE_TABLES},
    {"drivers/iommu/amd/../iommu-pages.h:47 func:__iommu_alloc_pages",
     ALLOCINFO_PAGE_TABLES},
    {"arch/x86/kvm/../../../virt/kvm/kvm_main.c:425 [kvm] "
     "func:mmu_memory_cache_alloc_obj",
     ALLOCINFO_PAGE_TABLES},
    {"mm/percpu-vm.c:95 func:pcpu_alloc_pages", ALLOCINFO_PERCPU},
    {"mm/hugetlb.c:1966 func:alloc_buddy_hugetlb_folio", ALLOCINFO_HUGETLB},
    {"kernel/fork.c:314 func:alloc_thread_stack_node", ALLOCINFO_VMALLOC},
    {"mm/execmem.c:31 func:__execmem_alloc", ALLOCINFO_VMALLOC},
    {"mm/execmem.c:41 func:execmem_vmalloc", ALLOCINFO_VMALLOC},
    {"mm/percpu.c:513 func:pcpu_mem_zalloc", ALLOCINFO_VMALLOC},
    /* A path is found below any directory of the build, */
    {"./mm/slub.c:2412 func:alloc_slab_page", ALLOCINFO_SLAB},
    {"/usr/src/linux/mm/slub.c:2412 func:alloc_slab_page", ALLOCINFO_SLAB},
    {"./include/linux/pagemap.h:12 [zonefs] func:page_cache_alloc", ALLOCINFO_USER},
    /* but neither within a name nor by a part of it. */
    {"xmm/slub.c:2412 func:alloc_slab_page", ALLOCINFO_BLACK_HOLE},
    {"slub.c:2412 func:alloc_slab_page", ALLOCINFO_BLACK_HOLE},
    {"mm/slub.cc:2412 func:alloc_slab_page", ALLOCINFO_BLACK_HOLE},
    {"mm/slub.c:2412 func:alloc_slab_pages", ALLOCINFO_BLACK_HOLE},
    {"mm/slub.c:2412 func:alloc_slab_pag", ALLOCINFO_BLACK_HOLE},
    /* In files of allocinfo.def, functions that no counter includes. */
    {"mm/memory.c:441 func:__pte_alloc_kernel", ALLOCINFO_BLACK_HOLE},
    {"mm/huge_memory.c:220 func:get_huge_zero_page", ALLOCINFO_BLACK_HOLE},
    {"mm/huge_memory.c:220 func:get_huge_zero_folio", ALLOCINFO_BLACK_HOLE},
    {"arch/x86/mm/pgtable.c:427 func:_pgd_alloc", ALLOCINFO_BLACK_HOLE},
    {"mm/swap_state.c:652 func:init_swap_address_space", ALLOCINFO_BLACK_HOLE},
    {"kernel/fork.c:400 func:alloc_thread_stack", ALLOCINFO_BLACK_HOLE},
    {"mm/page_ext.c:271 func:alloc_page_ext", ALLOCINFO_BLACK_HOLE},
    {"net/core/page_pool.c:530 func:__page_pool_alloc_pages_slow", ALLOCINFO_BLACK_HOLE},
};

START_TEST(whole_pages_are_in_the_place_of_their_site)
{
  for (size_t i = 0; i < LENGTH(tags); i++) {
    char text[256];
    snprintf(text, sizeof(text), HEADER "20480 5 %s \n", tags[i].tag);
    parse(text);
    assert_all_in(tags[i].place, 20480, tags[i].tag);
    ck_assert_uint_eq(got.sites_listed, tags[i].place == ALLOCINFO_BLACK_HOLE);
  }
}
END_TEST

static const struct {
  const char *numbers;
  enum allocinfo_place place;
} shapes[] = {
    {"4096 1", ALLOCINFO_BLACK_HOLE},
    {"8192 1", ALLOCINFO_BLACK_HOLE},
    {"65536 4", ALLOCINFO_BLACK_HOLE},
    {"40960 3", ALLOCINFO_BLACK_HOLE}, /* orders 2, 2 and 1 */
    {"12288 2", ALLOCINFO_BLACK_HOLE},
    {"4096 2", ALLOCINFO_OBJECT}, /* 2 KiB each */
    {"4096 64", ALLOCINFO_OBJECT},
    {"12288 4", ALLOCINFO_OBJECT},
    {"4095 1", ALLOCINFO_OBJECT},
    {"4097 1", ALLOCINFO_OBJECT},
    {"192 1", ALLOCINFO_OBJECT},
    {"36736 4", ALLOCINFO_OBJECT},   /* task_struct */
    {"9792000 1", ALLOCINFO_OBJECT}, /* more than a page and not a multiple of it */
    {"4096 9223372036854775807", ALLOCINFO_OBJECT},
    {"9223372036854771712 1", ALLOCINFO_BLACK_HOLE},
};

START_TEST(whole_pages_differ_from_objects_by_bytes_and_calls)
{
  for (size_t i = 0; i < LENGTH(shapes); i++) {
    char text[256];
    snprintf(text, sizeof(text), HEADER "%s drivers/a.c:1 func:f \n", shapes[i].numbers);
    parse(text);
    assert_all_in(shapes[i].place, strtoull(shapes[i].numbers, NULL, 10), text);
    ck_assert_known(got.inaccurate_count, 0);
    /* Objects are objects even where the file has a row. */
    snprintf(text, sizeof(text), HEADER "%s mm/shmem.c:1 func:f \n", shapes[i].numbers);
    parse(text);
    ck_assert_uint_eq(got.place[ALLOCINFO_OBJECT].value != 0,
                      shapes[i].place == ALLOCINFO_OBJECT);
    ck_assert_uint_eq(got.place[ALLOCINFO_BLACK_HOLE].value, 0);
  }
}
END_TEST

START_TEST(page_size_is_that_of_the_captured_machine)
{
  parse_error = (struct parse_error){0};
  struct scan text = scan_string(HEADER "131072 2 drivers/a.c:1 func:f \n"
                                        "4096 1 drivers/a.c:2 func:f \n"
                                        "196608 4 drivers/a.c:3 func:f \n");
  ck_assert_int_eq(allocinfo_parse(text, 65536, NULL, &got, &parse_error), 0);
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], 131072);
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 4096 + 196608);
}
END_TEST

static const struct {
  const char *text, *cause;
} headers[] = {
    {"", "not a header of allocinfo"},
    {"\n", "not a header of allocinfo"},
    {"4096 1 mm/slub.c:1 func:alloc_slab_page \n", "not a header of allocinfo"},
    {"#     <size>  <calls> <tag info>\n", "not a header of allocinfo"},
    {"slabinfo - version: 2.1\n", "not a header of allocinfo"},
    {"allocinfo version: 1.0\n", "not a header of allocinfo"},
    {"allocinfo -\n", "not a header of allocinfo"},
    {"allocinfo - version:\n", "unknown version"},
    {"allocinfo - version: 3.0\n", "unknown version"},
    {"allocinfo - version: 1.1\n", "unknown version"},
    {"allocinfo - version: 1.00\n", "unknown version"},
    {"allocinfo - version: 1.0", "line is cut off at the end of the file"},
};

START_TEST(text_without_a_known_header_is_refused)
{
  for (size_t i = 0; i < LENGTH(headers); i++) {
    ck_assert_msg(parse_text(headers[i].text, NULL) == -EBADMSG, "%s", headers[i].text);
    ck_assert_str_eq(parse_error.cause, headers[i].cause);
    ck_assert_uint_eq(parse_error.line, 1);
    ck_assert_uint_eq(parse_error.count, 1);
    assert_malformed();
  }
}
END_TEST

START_TEST(column_titles_may_be_missing)
{
  parse("allocinfo - version: 1.0\n4096 1 drivers/a.c:1 func:f\n");
  ck_assert_known(got.sites_count, 1);
  parse("allocinfo - version: 2.0\n");
  ck_assert_known(got.sites_count, 0);
}
END_TEST

START_TEST(sums_are_zero_where_profiling_never_started)
{
  parse(HEADER);
  assert_all_in(ALLOCINFO_BLACK_HOLE, 0, "the header alone");
  ck_assert_known(got.sites_count, 0);
  parse(HEADER "           0        0 init/main.c:1334 func:do_initcalls \n"
               "           0        0 mm/slub.c:2412 func:alloc_slab_page \n");
  assert_all_in(ALLOCINFO_BLACK_HOLE, 0, "zeros");
  ck_assert_known(got.sites_count, 2);
  ck_assert_known(got.inaccurate_count, 0);
  ck_assert_uint_eq(got.sites_listed, 0);
}
END_TEST

static const struct {
  const char *line, *cause;
} bad[] = {
    {"\n", "size is not a number"},
    {"x 1 a.c:1 func:f\n", "size is not a number"},
    {"4.0M 1 a.c:1 func:f\n", "size is not a number"},
    {"- 1 a.c:1 func:f\n", "size is not a number"},
    {"--4096 1 a.c:1 func:f\n", "size is not a number"},
    {"+4096 1 a.c:1 func:f\n", "size is not a number"},
    {"9223372036854775808 1 a.c:1 func:f\n", "size is not a number"},
    {"-9223372036854775808 1 a.c:1 func:f\n", "size is not a number"},
    {"18446744073709551616 1 a.c:1 func:f\n", "size is not a number"},
    {"99999999999999999999999 1 a.c:1 func:f\n", "size is not a number"},
    {"4096\n", "number of calls is not a number"},
    {"4096 a.c:1 func:f\n", "number of calls is not a number"},
    {"4096 18446744073709551616 a.c:1 func:f\n", "number of calls is not a number"},
    {"4096 18446744069999999999 a.c:1 func:f\n", "number of calls is not a number"},
    {"4096 184467440737095516150 a.c:1 func:f\n", "number of calls is not a number"},
    {"4096 184467440700000000001 a.c:1 func:f\n", "number of calls is not a number"},
    {"4096 1\n", "no file:line"},
    {"4096 1 a.c func:f\n", "no file:line"},
    {"4096 1 a.c: func:f\n", "no file:line"},
    {"4096 1 :1 func:f\n", "no file:line"},
    {"4096 1 a.c:x func:f\n", "no file:line"},
    {"4096 1 func:f\n", "no file:line"},
    {"4096 1 a.c:1\n", "no func:name"},
    {"4096 1 a.c:1 [m]\n", "no func:name"},
    {"4096 1 a.c:1 func:\n", "no func:name"},
    {"4096 1 a.c:1 f\n", "no func:name"},
    {"4096 1 a.c:1 [] func:f\n", "no func:name"},
    {"4096 1 a.c:1 [m func:f\n", "no func:name"},
    {"4096 1 a.c:1 [m] [n] func:f\n", "no func:name"},
    {"4096 1 a.c:1 func:f 17\n", "unexpected word"},
    {"4096 1 a.c:1 func:f [m]\n", "unexpected word"},
    {"4096 1 a.c:1 func:f accurate\n", "unexpected word"},
    {"4096 1 a.c:1 func:f accurate:\n", "unexpected word"},
    {"4096 1 a.c:1 func:f :no\n", "unexpected word"},
    {"4096 1 a.c:1 func:f 4096 1 b.c:2 func:g\n", "unexpected word"},
    {"0 0 a.c:1 f\n", "no func:name"}, /* lines of zeros are checked too */
    {"# 1\n", "size is not a number"},
    {"4096 1 a.c:1 func:f", "line is cut off at the end of the file"},
};

START_TEST(one_bad_line_makes_every_sum_malformed)
{
  for (size_t i = 0; i < LENGTH(bad); i++) {
    char text[512];
    snprintf(text, sizeof(text), HEADER "8192 1 drivers/b.c:1 func:g\n%s", bad[i].line);
    ck_assert_msg(parse_text(text, NULL) == -EBADMSG, "%s", bad[i].line);
    ck_assert_msg(strcmp(parse_error.cause, bad[i].cause) == 0, "%s: %s", bad[i].line,
                  parse_error.cause);
    ck_assert_uint_eq(parse_error.line, 4);
    ck_assert_uint_eq(parse_error.count, 1);
    assert_malformed();
  }
}
END_TEST

START_TEST(bad_lines_are_counted_and_the_first_is_reported)
{
  ck_assert_int_eq(
      parse_text(HEADER "1 1 a.c:1 func:f\nfirst\n1 1 a.c:1 func:f\nnext\n", NULL),
      -EBADMSG);
  ck_assert_uint_eq(parse_error.count, 2);
  ck_assert_uint_eq(parse_error.line, 4);
  ck_assert_str_eq(parse_error.near, "first");
}
END_TEST

START_TEST(counter_below_zero_counts_as_0_and_is_inaccurate)
{
  parse(HEADER "-4096 18446744073709551615 mm/filemap.c:3787 func:do_read_cache_folio \n"
               "-1946730496 18446744073709076340 drivers/a.c:1 func:f \n"
               "8192 18446744073709551615 drivers/a.c:2 func:f \n"
               "-8192 2 drivers/a.c:3 func:f \n"
               "4096 1 drivers/a.c:4 func:f \n");
  assert_all_in(ALLOCINFO_BLACK_HOLE, 8192 + 4096, "negative ones");
  ck_assert_known(got.sites_count, 5);
  ck_assert_known(got.inaccurate_count, 4);
  ck_assert_uint_eq(got.sites_listed, 2);
  ck_assert_uint_eq(got.sites[0].calls_count, 0);
}
END_TEST

START_TEST(bytes_without_a_call_are_inaccurate)
{
  parse(HEADER "10547565210 0 mm/compaction.c:1880 func:compaction_alloc \n"
               "8192 0 mm/compaction.c:1880 func:compaction_alloc \n"
               "0 3 drivers/a.c:1 func:f \n");
  ck_assert_known(got.inaccurate_count, 2);
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 10547565210);
  ck_assert_known(got.place[ALLOCINFO_MIGRATED], 8192);
}
END_TEST

START_TEST(attributes_of_version_2_may_follow)
{
  parse(HEADER_2 "4096 1 drivers/a.c:1 [m] func:f accurate:no \n"
                 "4096 1 drivers/a.c:2 func:f accurate:yes \n"
                 "4096 1 drivers/a.c:3 func:f node_mask:0-3 accurate:no\n"
                 "0 0 drivers/a.c:4 func:f accurate:no\n"
                 "-4096 1 drivers/a.c:5 func:f accurate:no\n"
                 "4096 1 drivers/a.c:6 func:accurate:no\n");
  ck_assert_known(got.inaccurate_count, 4);
  ck_assert_known(got.sites_count, 6);
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], PAGES(4));
}
END_TEST

START_TEST(only_the_sum_that_overflows_is_malformed)
{
  ck_assert_int_eq(parse_text(HEADER "9223372036854771712 1 drivers/a.c:1 func:f\n"
                                     "8192 1 drivers/a.c:2 func:f\n"
                                     "4096 1 mm/slub.c:2 func:alloc_slab_page\n",
                              NULL),
                   0);
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_str_eq(parse_error.cause, "sum out of range");
  ck_assert_int_eq(got.place[ALLOCINFO_BLACK_HOLE].state, READING_MALFORMED);
  ck_assert_int_eq(got.total.state, READING_MALFORMED);
  ck_assert_known(got.place[ALLOCINFO_SLAB], 4096);
  ck_assert_known(got.sites_count, 3);
  ck_assert_uint_eq(got.sites_listed, 2);
}
END_TEST

#define AREA(size, caller, pages)                                                        \
  "0x0-0x0 " #size " " caller " pages=" #pages " vmalloc N0=" #pages "\n"

START_TEST(memory_of_a_vmalloc_caller_is_in_vmalloc)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4) AREA(12288, "g.isra.0+0x1/0x2 [m]", 2));
  parse_with(HEADER "16384 4 drivers/a.c:1 func:f\n", &areas);
  assert_all_in(ALLOCINFO_VMALLOC, PAGES(4), "no more than there");
  ck_assert_uint_eq(got.sites_listed, 0);

  parse_with(HEADER "8192 2 drivers/a.c:1 func:f\n", &areas);
  assert_all_in(ALLOCINFO_VMALLOC, PAGES(2), "less than there");

  parse_with(HEADER "32768 6 drivers/a.c:1 func:f\n", &areas);
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(4));
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], PAGES(4));
  ck_assert_known(got.total, PAGES(8));
  ck_assert_uint_eq(got.sites[0].bytes, PAGES(4));
  ck_assert_uint_eq(got.sites[0].calls_count, 2);

  parse_with(HEADER "8192 2 drivers/a.c:1 [m] func:g\n", &areas);
  assert_all_in(ALLOCINFO_VMALLOC, PAGES(2), "in a module");
}
END_TEST

START_TEST(function_of_another_module_is_not_the_caller)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4) AREA(12288, "g+0x1/0x2 [m]", 2));
  parse_with(HEADER "8192 2 drivers/a.c:1 [m] func:f\n"
                    "8192 2 drivers/a.c:1 [n] func:g\n"
                    "8192 2 drivers/a.c:1 func:g\n"
                    "8192 2 drivers/a.c:1 func:ff\n",
             &areas);
  assert_all_in(ALLOCINFO_BLACK_HOLE, PAGES(8), "others");
}
END_TEST

START_TEST(array_of_pages_at_the_site_of_vmalloc_is_an_object)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4) AREA(20480, "f+0x1/0x2", 4));
  parse_with(HEADER "32832 10 drivers/a.c:1 func:f\n", &areas); /* 2 * (16384 + 32) */
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(8));
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 64);
  /* 128 arrays add up to a page but are objects. */
  parse_with(HEADER "36864 136 drivers/a.c:1 func:f\n", &areas);
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(8));
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 4096);
}
END_TEST

START_TEST(sites_of_one_caller_share_what_it_holds)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4));
  parse_with(HEADER "12288 3 drivers/a.c:1 func:f\n"
                    "12288 3 drivers/a.c:2 func:f\n"
                    "12288 3 drivers/a.c:3 func:f\n",
             &areas);
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(4));
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], PAGES(5));
  ck_assert_uint_eq(got.sites_listed, 2);
  ck_assert_str_eq(got.sites[0].file, "drivers/a.c:3");
  ck_assert_uint_eq(got.sites[1].bytes, PAGES(2));
}
END_TEST

START_TEST(small_objects_of_a_caller_take_nothing_of_its_areas)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4));
  parse_with(HEADER "512 4 drivers/a.c:1 func:f\n", &areas);
  assert_all_in(ALLOCINFO_OBJECT, 512, "less than a page");
}
END_TEST

START_TEST(caller_of_a_long_name_is_found)
{
  char name[201], text[1024];
  memset(name, 'n', 200);
  name[200] = '\0';
  snprintf(text, sizeof(text), "0x0-0x0 8192 %s+0x1/0x2 [%s] pages=1 vmalloc\n", name,
           name);
  parse_areas(text);
  snprintf(text, sizeof(text), HEADER "4096 1 drivers/a.c:1 [%s] func:%s\n", name, name);
  parse_with(text, &areas);
  assert_all_in(ALLOCINFO_VMALLOC, 4096, text);
}
END_TEST

/* Enough that some share a slot of any hash table, and one more than fit. */
START_TEST(each_of_many_callers_is_found)
{
  static char text[65536], sites[65536];
  size_t used = 0, sites_used = (size_t)snprintf(sites, sizeof(sites), HEADER);
  for (unsigned i = 0; i < VMALLOC_CALLERS_MAX + 1; i++) {
    used += (size_t)snprintf(text + used, sizeof(text) - used,
                             "0x1-0x2 8192 probe+0x1/0x2 [m%u] pages=1 vmalloc\n", i);
    sites_used += (size_t)snprintf(sites + sites_used, sizeof(sites) - sites_used,
                                   "8192 2 drivers/m%u.c:7 [m%u] func:probe\n", i, i);
  }
  parse_areas(text);
  parse_with(sites, &areas);
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(VMALLOC_CALLERS_MAX));
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], PAGES(VMALLOC_CALLERS_MAX + 2));
  ck_assert_uint_eq(got.sites[0].bytes, PAGES(2)); /* the one that did not fit */
  ck_assert_str_eq(got.sites[0].module, "m256");
}
END_TEST

START_TEST(stacks_and_modules_are_recognised_by_site)
{
  static const char text[] =
      HEADER "32832 10 kernel/fork.c:314 func:alloc_thread_stack_node \n"
             "77952 20 mm/execmem.c:31 func:__execmem_alloc \n"
             "8192 2 kernel/fork.c:1706 func:copy_process \n"
             "8192 2 kernel/module/main.c:2742 func:load_module \n";
  parse_areas(AREA(20480, "copy_process+0x1/0x2", 4) AREA(20480, "kernel_clone", 4)
                  AREA(81920, "load_module+0x1/0x2", 19));
  const struct vmallocinfo *const either[] = {NULL, &areas};
  for (size_t i = 0; i < LENGTH(either); i++) {
    parse_with(text, either[i]);
    ck_assert_known(got.place[ALLOCINFO_VMALLOC], 32832 + 77952);
    /* The names of their callers are sites of others. */
    ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], PAGES(4));
  }
}
END_TEST

START_TEST(site_with_a_row_takes_nothing_of_a_caller)
{
  parse_areas(AREA(20480, "f+0x1/0x2", 4));
  parse_with(HEADER "8192 2 mm/shmem.c:1 func:f\n16384 4 drivers/a.c:2 func:f\n", &areas);
  ck_assert_known(got.place[ALLOCINFO_USER], PAGES(2));
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], PAGES(4));
}
END_TEST

START_TEST(malformed_vmallocinfo_has_no_callers)
{
  struct parse_error none = {0};
  ck_assert_int_eq(vmallocinfo_parse(scan_string(AREA(20480, "f+0x1/0x2", 4) "bad\n"),
                                     4096, &areas, &none),
                   -EBADMSG);
  parse_with(HEADER "16384 4 drivers/a.c:1 func:f\n", &areas);
  assert_all_in(ALLOCINFO_BLACK_HOLE, PAGES(4), "all of it");
}
END_TEST

/* `count` sites of 1 to `count` pages in some order. Returns their bytes. */
static uint64_t write_sites(unsigned count, unsigned stride, char *text, size_t size)
{
  uint64_t bytes = 0;
  size_t used = (size_t)snprintf(text, size, HEADER);
  for (unsigned i = 0; i < count; i++) {
    unsigned pages = i * stride % count + 1;
    used += (size_t)snprintf(text + used, size - used,
                             "%u 1 drivers/a.c:%u func:f\n"
                             "%u 9 mm/slub.c:1 func:alloc_slab_page\n"
                             "0 0 drivers/a.c:9999 func:f\n",
                             pages * 4096, pages, 9 * 4096);
    bytes += PAGES(pages);
  }
  return bytes;
}

START_TEST(largest_sites_are_sorted)
{
  static const struct {
    unsigned count, stride, listed;
  } cases[] = {{211, 1, 64}, {211, 210, 64}, {211, 60, 64}, {64, 63, 64},
               {65, 1, 64},  {65, 64, 64},   {3, 2, 3}};
  static char text[65536];
  for (size_t c = 0; c < LENGTH(cases); c++) {
    unsigned count = cases[c].count;
    uint64_t bytes = write_sites(count, cases[c].stride, text, sizeof(text));
    parse(text);
    ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], bytes);
    ck_assert_known(got.sites_count, 3 * count);
    ck_assert_uint_eq(got.sites_listed, cases[c].listed);
    for (unsigned i = 0; i < got.sites_listed; i++) {
      char file[32];
      snprintf(file, sizeof(file), "drivers/a.c:%u", count - i);
      ck_assert_uint_eq(got.sites[i].bytes, PAGES(count - i));
      ck_assert_str_eq(got.sites[i].file, file);
    }
  }
}
END_TEST

START_TEST(equal_sites_are_in_the_order_of_the_file)
{
  static char text[16384];
  size_t used = (size_t)snprintf(text, sizeof(text), HEADER);
  for (unsigned i = 0; i < ALLOCINFO_SITES_MAX + 9; i++)
    used += (size_t)snprintf(text + used, sizeof(text) - used,
                             "4096 1 drivers/a.c:%u func:f\n", i + 1);
  parse(text);
  ck_assert_uint_eq(got.sites_listed, ALLOCINFO_SITES_MAX);
  ck_assert_str_eq(got.sites[0].file, "drivers/a.c:1");
  ck_assert_str_eq(got.sites[63].file, "drivers/a.c:64");
  snprintf(text + used, sizeof(text) - used, "8192 1 drivers/b.c:1 func:f\n");
  parse(text);
  ck_assert_uint_eq(got.sites_listed, ALLOCINFO_SITES_MAX);
  ck_assert_str_eq(got.sites[0].file, "drivers/b.c:1");
  ck_assert_str_eq(got.sites[1].file, "drivers/a.c:1");
  ck_assert_str_eq(got.sites[63].file, "drivers/a.c:63");
}
END_TEST

START_TEST(lines_of_one_function_are_separate_sites)
{
  parse(HEADER "4096 1 drivers/a.c:7 func:f\n8192 1 drivers/a.c:9 func:f\n"
               "4096 1 include/linux/h.h:3 func:g\n4096 1 include/linux/h.h:3 func:g\n");
  ck_assert_uint_eq(got.sites_listed, 4);
  ck_assert_str_eq(got.sites[0].file, "drivers/a.c:9");
  ck_assert_str_eq(got.sites[1].file, "drivers/a.c:7");
}
END_TEST

START_TEST(long_names_are_cut_and_a_path_at_its_front)
{
  char name[201], text[1024];
  memset(name, 'n', 200);
  name[200] = '\0';
  snprintf(text, sizeof(text), HEADER "4096 1 %s/end.c:12 [%s] func:%s\n", name, name,
           name);
  parse(text);
  ck_assert_uint_eq(strlen(got.sites[0].function), sizeof(got.sites[0].function) - 1);
  ck_assert_uint_eq(strlen(got.sites[0].module), sizeof(got.sites[0].module) - 1);
  ck_assert_uint_eq(strlen(got.sites[0].file), sizeof(got.sites[0].file) - 1);
  ck_assert_str_eq(strchr(got.sites[0].file, '/'), "/end.c:12");
}
END_TEST

START_TEST(arbitrary_bytes_are_neither_numbers_nor_printed)
{
  static const char nul[] = HEADER "40\00096 1 drivers/a.c:1 func:f\n";
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(
      allocinfo_parse(scan_text(nul, sizeof(nul) - 1), 4096, NULL, &got, &parse_error),
      -EBADMSG);
  assert_malformed();
  static const char name[] = HEADER "4096 1 d\033[2J.c:1 [\xff\x7f] func:f\001\000g\n";
  parse_error = (struct parse_error){0};
  ck_assert_int_eq(
      allocinfo_parse(scan_text(name, sizeof(name) - 1), 4096, NULL, &got, &parse_error),
      0);
  ck_assert_str_eq(got.sites[0].file, "d?[2J.c:1");
  ck_assert_str_eq(got.sites[0].module, "??");
  ck_assert_str_eq(got.sites[0].function, "f??g");
}
END_TEST

START_TEST(line_of_a_million_bytes_is_one_line)
{
  enum { LONG = 1000000 };
  static char text[LONG + 200];
  size_t used = (size_t)snprintf(text, sizeof(text), HEADER "4096 1 ");
  memset(text + used, 'd', LONG);
  memcpy(text + used + LONG, ":1 func:f\n", 11);
  parse(text);
  ck_assert_uint_eq(strlen(got.sites[0].file), sizeof(got.sites[0].file) - 1);
  memset(text + used - 7, '9', 7);
  ck_assert_int_eq(parse_text(text, NULL), -EBADMSG);
  ck_assert_uint_eq(parse_error.count, 1);
}
END_TEST

static const char machine[] =
    HEADER_2 "      155648       20 mm/slub.c:2412 func:alloc_slab_page \n"
             "      142848      744 fs/dcache.c:1645 func:__d_alloc accurate:no \n"
             "       24576        3 drivers/b.c:4 [b] func:g \n"
             "           0        0 init/main.c:1334 func:do_initcalls \n"
             "        8192        2 drivers/a.c:1 func:f \n";

static void assert_is_machine(void)
{
  ck_assert_known(got.place[ALLOCINFO_SLAB], 155648);
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 142848);
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], 32768);
  ck_assert_known(got.place[ALLOCINFO_USER], 0);
  ck_assert_known(got.total, 331264);
  ck_assert_known(got.sites_count, 5);
  ck_assert_known(got.inaccurate_count, 1);
  ck_assert_uint_eq(got.sites_listed, 2);
  ck_assert_str_eq(got.sites[0].function, "g");
  ck_assert_str_eq(got.sites[1].function, "f");
}

START_TEST(second_parse_replaces_the_first)
{
  memset(&got, 0xa5, sizeof(got));
  parse(machine);
  assert_is_machine();
  parse(machine);
  assert_is_machine();
  ck_assert_int_eq(parse_text("bad\n", NULL), -EBADMSG);
  assert_malformed();
  parse(machine);
  assert_is_machine();
}
END_TEST

/* A file cut off between two lines looks like a shorter one. Cut off within a line, it
 * has no numbers, but no wrong ones either. */
START_TEST(text_cut_off_within_a_line_has_no_sum)
{
  size_t header = strcspn(machine, "\n") + 1;
  for (size_t length = 0; length < sizeof(machine) - 1; length++) {
    char *text =
        malloc(length + 1); /* its own block, so that a sanitizer sees reads beyond it */
    memcpy(text, machine, length);
    text = realloc(text, length > 0 ? length : 1);
    parse_error = (struct parse_error){0};
    int error = allocinfo_parse(scan_text(text, length), 4096, NULL, &got, &parse_error);
    bool whole_lines = length >= header && text[length - 1] == '\n';
    /* Column titles alone are not malformed. */
    bool titles = length > header && length < sizeof(HEADER_2) - 1;
    free(text);
    ck_assert_msg(error == (whole_lines || titles ? 0 : -EBADMSG), "%zu: %d", length,
                  error);
    if (error != 0)
      assert_malformed();
    else
      ck_assert_uint_le(got.total.value, 331264);
  }
}
END_TEST

START_TEST(fixture_has_the_sums_that_it_was_composed_of)
{
  parse_areas(AREA(20480, "kernel_clone+0xc2/0x430",
                   4) AREA(180224, "bpf_prog_alloc_no_stats+0x4b/0x190", 43)
                  AREA(3149824, "alloc_large_system_hash+0x1b1/0x290", 768)
                      AREA(20480, "gen_pool_add_owner+0x3e/0xc0", 4)
                          AREA(102400, "n_tty_open+0x1a/0xa0", 24)
                              AREA(24580096, "disksize_store+0x6d/0x160 [zram]", 6000));
  char *text = file_read(FIXTURES "/6.12-composed-allocinfo/proc/allocinfo", NULL);
  parse_with(text, &areas);
  free(text);
  ck_assert_known(got.sites_count, 122);
  ck_assert_known(got.inaccurate_count, 0);
  ck_assert_known(got.place[ALLOCINFO_SLAB], PAGES(24920 + 3184));
  ck_assert_known(got.place[ALLOCINFO_USER], 1550127104);
  ck_assert_known(got.place[ALLOCINFO_MIGRATED], 364544);
  ck_assert_uint_eq(got.user_sites_listed, ALLOCINFO_USER_SITES_MAX);
  for (unsigned i = 1; i < got.user_sites_listed; i++)
    ck_assert(got.user_sites[i - 1].bytes >= got.user_sites[i].bytes);
  ck_assert_known(got.place[ALLOCINFO_PAGE_TABLES], 28594176);
  ck_assert_known(got.place[ALLOCINFO_PERCPU], PAGES(1096));
  ck_assert_known(got.place[ALLOCINFO_HUGETLB], 32 << 21);
  /* Includes bioset_init: 87 objects of a page each, which look like pages. */
  ck_assert_known(got.place[ALLOCINFO_BLACK_HOLE], 366166016);
  /* zram_meta_alloc was inlined: its pages count as objects, as do arrays of pages. */
  uint64_t arrays = 43 * 8 + 4 * 8 + 12 * 16;
  ck_assert_known(got.place[ALLOCINFO_VMALLOC], 47788200 - 24625248 - arrays);
  ck_assert_known(got.place[ALLOCINFO_OBJECT], 102003096 + 24625248 + arrays);
  ck_assert_known(got.total, 2281755200);
  static const char *const largest[] = {"__page_pool_alloc_pages_slow",
                                        "ttm_pool_alloc_page", "alloc_page_ext",
                                        "alloc_zspage"};
  for (size_t i = 0; i < LENGTH(largest); i++)
    ck_assert_str_eq(got.sites[i].function, largest[i]);
  ck_assert_uint_eq(got.sites_listed, 23);
}
END_TEST

SUITE_MAIN(
    "allocinfo", line_is_parsed_to_its_last_word,
    whole_pages_are_in_the_place_of_their_site,
    whole_pages_differ_from_objects_by_bytes_and_calls,
    page_size_is_that_of_the_captured_machine, text_without_a_known_header_is_refused,
    column_titles_may_be_missing, sums_are_zero_where_profiling_never_started,
    one_bad_line_makes_every_sum_malformed,
    bad_lines_are_counted_and_the_first_is_reported,
    counter_below_zero_counts_as_0_and_is_inaccurate, bytes_without_a_call_are_inaccurate,
    attributes_of_version_2_may_follow, only_the_sum_that_overflows_is_malformed,
    memory_of_a_vmalloc_caller_is_in_vmalloc,
    function_of_another_module_is_not_the_caller,
    array_of_pages_at_the_site_of_vmalloc_is_an_object,
    sites_of_one_caller_share_what_it_holds,
    small_objects_of_a_caller_take_nothing_of_its_areas, caller_of_a_long_name_is_found,
    each_of_many_callers_is_found, stacks_and_modules_are_recognised_by_site,
    site_with_a_row_takes_nothing_of_a_caller, malformed_vmallocinfo_has_no_callers,
    largest_sites_are_sorted, equal_sites_are_in_the_order_of_the_file,
    lines_of_one_function_are_separate_sites, long_names_are_cut_and_a_path_at_its_front,
    arbitrary_bytes_are_neither_numbers_nor_printed, line_of_a_million_bytes_is_one_line,
    second_parse_replaces_the_first, text_cut_off_within_a_line_has_no_sum,
    fixture_has_the_sums_that_it_was_composed_of)
