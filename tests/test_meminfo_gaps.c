/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines that a whole file has, by kernel. `!` before a key: with the value 0. */
#define LRU                                                                              \
  "Active Inactive Active(anon) Inactive(anon) Active(file) Inactive(file) Unevictable " \
  "Mlocked "
#define MIDDLE "SwapTotal SwapFree Dirty Writeback AnonPages Mapped Shmem "
#define SLAB   "Slab SReclaimable SUnreclaim KernelStack PageTables "
#define COMMIT                                                                           \
  "NFS_Unstable Bounce WritebackTmp CommitLimit Committed_AS VmallocTotal VmallocUsed "
#define HUGE  "HugePages_Total HugePages_Free HugePages_Rsvd HugePages_Surp Hugepagesize "
#define START "MemTotal MemFree MemAvailable Buffers Cached SwapCached "

static const struct {
  const char *kernel, *lines;
  bool open;
} wholes[] = {
    {"2.6.18 (RHEL 5), i686",
     "MemTotal MemFree Buffers Cached SwapCached Active Inactive HighTotal HighFree "
     "LowTotal LowFree SwapTotal SwapFree Dirty Writeback AnonPages Mapped Slab "
     "PageTables NFS_Unstable Bounce CommitLimit Committed_AS VmallocTotal VmallocUsed "
     "VmallocChunk HugePages_Total HugePages_Free HugePages_Rsvd Hugepagesize",
     false},
    {"2.6.16 (SLES 10), ia64",
     "MemTotal MemFree Buffers Cached SwapCached Active Inactive HighTotal HighFree "
     "LowTotal LowFree SwapTotal SwapFree Dirty Writeback AnonPages Mapped Slab "
     "CommitLimit Committed_AS PageTables VmallocTotal VmallocUsed VmallocChunk "
     "HugePages_Total HugePages_Free HugePages_Rsvd Hugepagesize",
     false},
    {"2.6.28, arm",
     "MemTotal MemFree Buffers Cached SwapCached Active Inactive Active(anon) "
     "Inactive(anon) Active(file) Inactive(file) SwapTotal SwapFree Dirty Writeback "
     "AnonPages Mapped Slab SReclaimable SUnreclaim PageTables " COMMIT "VmallocChunk",
     true},
    {"2.6.32 (RHEL 6)",
     "MemTotal MemFree Buffers Cached SwapCached " LRU MIDDLE SLAB COMMIT
     "VmallocChunk HardwareCorrupted AnonHugePages " HUGE "DirectMap4k DirectMap2M",
     false},
    {"3.10 (RHEL 7)",
     START LRU MIDDLE SLAB COMMIT
     "VmallocChunk Percpu HardwareCorrupted AnonHugePages CmaTotal CmaFree " HUGE
     "DirectMap4k DirectMap2M DirectMap1G",
     false},
    {"4.18 (RHEL 8)",
     START LRU MIDDLE
     "KReclaimable " SLAB COMMIT
     "!VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages "
     "ShmemPmdMapped " HUGE "Hugetlb DirectMap4k DirectMap2M DirectMap1G",
     false},
    {"4.19 of a cloud, with lines of 5.4",
     START LRU MIDDLE SLAB COMMIT
     "!VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages "
     "ShmemPmdMapped FileHugePages FilePmdMapped CmaTotal CmaFree " HUGE
     "Hugetlb DirectMap4k DirectMap2M",
     false},
    {"4.14 (Android), arm64",
     START LRU MIDDLE SLAB "ShadowCallStack " COMMIT "!VmallocChunk CmaTotal CmaFree",
     true},
    {"5.14 (RHEL 9)",
     START LRU
     "SwapTotal SwapFree Zswap Zswapped Dirty Writeback AnonPages Mapped Shmem "
     "KReclaimable " SLAB "SecPageTables " COMMIT
     "!VmallocChunk Percpu HardwareCorrupted AnonHugePages ShmemHugePages "
     "ShmemPmdMapped FileHugePages FilePmdMapped CmaTotal CmaFree Unaccepted " HUGE
     "Hugetlb DirectMap4k DirectMap2M DirectMap1G",
     false},
    {"6.12 without huge pages, arm64",
     START LRU MIDDLE "KReclaimable " SLAB "SecPageTables " COMMIT
                      "!VmallocChunk Percpu CmaTotal CmaFree",
     true},
    {"a kernel after 7.1 without the lines that are always 0",
     START LRU MIDDLE
     "KReclaimable " SLAB
     "SecPageTables CommitLimit Committed_AS VmallocTotal VmallocUsed Percpu "
     "HardwareCorrupted Balloon GPUActive GPUReclaim " HUGE "Hugetlb",
     false},
};

/* Writes a meminfo with these keys: 2 for MemTotal and the direct map, else 1. */
static void write_lines(const char *keys, char *out, size_t size)
{
  out[0] = '\0';
  struct scan scan = scan_string(keys);
  for (struct span key; (key = scan_word(&scan)).length > 0;) {
    bool zero = key.at[0] == '!', count = span_starts(key, "HugePages_");
    bool two = span_is(key, "MemTotal") || span_starts(key, "DirectMap");
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%.*s: %d%s\n", (int)key.length - zero,
             key.at + zero,
             zero  ? 0
             : two ? 2
                   : 1,
             count ? "" : " kB");
  }
}

static struct meminfo parse(const char *text)
{
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(meminfo_parse_captured(scan_string(text), &meminfo, &parse_error), 0);
  ck_assert_uint_eq(parse_error.count, meminfo.gaps.count > 0);
  return meminfo;
}

static const char *first_lack(const struct meminfo *meminfo)
{
  return meminfo->gaps.count > 0 ? meminfo_rows[meminfo->gaps.first].key : "";
}

START_TEST(whole_files_of_kernels_with_backported_lines_have_no_gaps)
{
  for (size_t i = 0; i < LENGTH(wholes); i++) {
    char text[4096];
    write_lines(wholes[i].lines, text, sizeof(text));
    const struct meminfo meminfo = parse(text);
    ck_assert_msg(meminfo.gaps.count == 0, "%s lacks %s", wholes[i].kernel,
                  first_lack(&meminfo));
    ck_assert_msg(meminfo.gaps.open == wholes[i].open, "%s", wholes[i].kernel);
  }
}
END_TEST

START_TEST(fixtures_are_whole)
{
  for (size_t i = 0; i < fixtures_count(); i++) {
    char path[512];
    snprintf(path, sizeof(path), "%s/proc/meminfo", fixture_root(i));
    if (strstr(path, "pasted") != NULL || strstr(path, "composed-cut") != NULL)
      continue;
    char *text = file_read(path, NULL);
    struct meminfo meminfo;
    struct parse_error parse_error = {0};
    ck_assert_int_eq(meminfo_parse_captured(scan_string(text), &meminfo, &parse_error),
                     0);
    ck_assert_msg(meminfo.gaps.count == 0, "%s lacks %s", path, first_lack(&meminfo));
    free(text);
  }
}
END_TEST

/* What the kernel printed is not absent from a part of its file, unless the part says
 * that it may lack lines. Hugetlb comes last, and only since 4.18. */
static void assert_nothing_is_absent(const struct meminfo *part,
                                     const struct meminfo *whole, const char *what)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_direct_map_4k; row++)
    ck_assert_msg(row == MEMINFO_FIELD_hugetlb ||
                      whole->fields[row].state == READING_ABSENT ||
                      part->fields[row].state != READING_ABSENT || part->gaps.open,
                  "%s: %s is absent", what, meminfo_rows[row].key);
}

START_TEST(file_cut_after_any_line_of_any_kernel_is_known_to_be_cut)
{
  for (size_t i = 0; i < LENGTH(wholes); i++) {
    char text[4096];
    write_lines(wholes[i].lines, text, sizeof(text));
    const struct meminfo whole = parse(text);
    for (char *end = text + strlen(text);
         (*end = '\0', end = strrchr(text, '\n')) != NULL;)
      if (end[1] = '\0', strchr(text, '\n') != NULL) {
        const struct meminfo part = parse(text);
        assert_nothing_is_absent(&part, &whole, wholes[i].kernel);
      }
  }
}
END_TEST

/* Lines that a kernel, or its configuration, may be without, and whose loss nothing
 * shows. */
static bool is_optional(enum meminfo_field row)
{
  switch (row) {
  case MEMINFO_FIELD_mem_available:   /* before 3.14 */
  case MEMINFO_FIELD_k_reclaimable:   /* before 4.20; what it adds is 0 since 5.11 */
  case MEMINFO_FIELD_percpu:          /* before 4.19 */
  case MEMINFO_FIELD_sec_page_tables: /* before 6.1 */
  case MEMINFO_FIELD_balloon:         /* before 6.16 */
  case MEMINFO_FIELD_nfs_unstable:
  case MEMINFO_FIELD_bounce:
  case MEMINFO_FIELD_writeback_tmp:
  case MEMINFO_FIELD_vmalloc_chunk: /* 0 since 4.4 */
  case MEMINFO_FIELD_quicklists:
  case MEMINFO_FIELD_mmap_copy:
  case MEMINFO_FIELD_shadow_call_stack:
  case MEMINFO_FIELD_early_memtest_bad:
  case MEMINFO_FIELD_hardware_corrupted:
  case MEMINFO_FIELD_anon_huge_pages:
  case MEMINFO_FIELD_unaccepted:
  case MEMINFO_FIELD_hugetlb: /* before 4.18 */
    return true;
  default:
    return row >= MEMINFO_FIELD_direct_map_4k;
  }
}

/* Sums and parts of sums, which follow from other lines. */
static bool is_sum(enum meminfo_field row)
{
  return (row >= MEMINFO_FIELD_active && row <= MEMINFO_FIELD_inactive_file) ||
         (row >= MEMINFO_FIELD_slab && row <= MEMINFO_FIELD_s_unreclaim);
}

START_TEST(sum_and_part_follow_from_the_other_two_lines)
{
  struct meminfo m = parse("MemTotal: 100 kB\nActive: 7 kB\nActive(anon): 5 kB\n"
                           "Inactive(anon): 2 kB\nInactive(file): 1 kB\nSlab: 3 kB\n"
                           "SReclaimable: 4 kB\n");
  ck_assert_known(m.active_file, 2 * 1024);
  ck_assert_known(m.inactive, 3 * 1024);
  ck_assert_int_eq(m.s_unreclaim.state, READING_MALFORMED);
  ck_assert(m.gaps.lacks[MEMINFO_FIELD_active_file]);
  m = parse("MemTotal: 100 kB\nActive: 7 kB\nInactive(file): 1 kB\n");
  ck_assert_int_eq(m.active_anon.state, READING_MALFORMED);
  ck_assert_int_eq(m.inactive.state, READING_MALFORMED);
}
END_TEST

START_TEST(line_missing_from_a_kernels_file_is_malformed)
{
  for (size_t i = 0; i < LENGTH(wholes); i++) {
    char text[4096];
    write_lines(wholes[i].lines, text, sizeof(text));
    const struct meminfo whole = parse(text);
    for (unsigned row = 1; row < MEMINFO_FIELD_COUNT; row++) {
      if (!is_known(whole.fields[row]) || is_optional(row))
        continue;
      char part[4096], key[64];
      snprintf(key, sizeof(key), "\n%s: ", meminfo_rows[row].key);
      const char *at = strstr(text, key);
      snprintf(part, sizeof(part), "%.*s%s", (int)(at - text), text,
               strchr(at + 1, '\n'));
      struct meminfo stripped = parse(part);
      ck_assert_msg(stripped.fields[row].state == READING_MALFORMED || is_sum(row),
                    "%s: %s", wholes[i].kernel, meminfo_rows[row].key);
      ck_assert_msg(stripped.gaps.count == 1, "%s: %s", wholes[i].kernel,
                    meminfo_rows[row].key);
      ck_assert_uint_eq(stripped.gaps.first, row);
    }
  }
}
END_TEST

START_TEST(first_ten_lines_end_after_inactive_anon)
{
  char text[4096];
  write_lines("MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive "
              "Active(anon) Inactive(anon)",
              text, sizeof(text));
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  meminfo_parse_captured(scan_string(text), &meminfo, &parse_error);
  ck_assert_uint_eq(meminfo.gaps.last, MEMINFO_FIELD_inactive_anon);
  ck_assert_uint_eq(meminfo.gaps.first, MEMINFO_FIELD_active_file);
  ck_assert(meminfo.gaps.open);
  ck_assert_int_eq(meminfo.anon_pages.state, READING_MALFORMED);
  ck_assert_int_eq(meminfo.hugetlb.state, READING_ABSENT);
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_uint_eq(parse_error.line, 10);
  ck_assert_str_eq(parse_error.near, "Inactive(anon)");
  ck_assert_str_eq(parse_error.cause,
                   "the file ends before lines that its kernel prints");
}
END_TEST

START_TEST(kernels_own_file_has_no_gaps)
{
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  meminfo_parse(scan_string("MemTotal: 1 kB\nMemFree: 1 kB\nPercpu: 1 kB\n"), &meminfo,
                &parse_error);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_uint_eq(meminfo.gaps.count, 0);
  ck_assert(!meminfo.gaps.open);
  ck_assert_int_eq(meminfo.cached.state, READING_ABSENT);
}
END_TEST

/* Texts after a whole file up to Percpu, and whether lines may be missing. */
static const struct {
  const char *text;
  enum meminfo_field lacks; /* MEMINFO_FIELD_COUNT: none */
} ends[] = {
    {"Hugepagesize: 2048 kB\nHugePages_Surp: 0\n", MEMINFO_FIELD_huge_pages_total_count},
    {"HugePages_Total: 0\nHugePages_Free: 0\nHugePages_Rsvd: 0\nHugePages_Surp: 0\n"
     "Hugepagesize: 2048 kB\n",
     MEMINFO_FIELD_hugetlb},
    {"...\n", MEMINFO_FIELD_COUNT},
    {"HugePages_Tot", MEMINFO_FIELD_COUNT},
    {"CmaTotal: 1 kB\nCmaFr", MEMINFO_FIELD_cma_free},
    {"HardwareCorrupted: 1", MEMINFO_FIELD_hardware_corrupted},
};

START_TEST(end_of_the_file_shows_what_may_be_missing)
{
  for (size_t i = 0; i < LENGTH(ends); i++) {
    char text[4096];
    write_lines(START LRU MIDDLE "KReclaimable " SLAB COMMIT "!VmallocChunk Percpu", text,
                sizeof(text));
    strcat(text, ends[i].text);
    struct meminfo meminfo;
    struct parse_error parse_error = {0};
    meminfo_parse_captured(scan_string(text), &meminfo, &parse_error);
    ck_assert_msg(meminfo.gaps.open, "%s", ends[i].text);
    ck_assert_msg(ends[i].lacks == MEMINFO_FIELD_COUNT
                      ? meminfo.gaps.count == 0
                      : meminfo.gaps.lacks[ends[i].lacks],
                  "%s", ends[i].text);
  }
}
END_TEST

/* By VmallocTotal. */
START_TEST(file_of_an_x86_64_ends_with_direct_map)
{
  char text[4096], *total;
  write_lines(wholes[5].lines, text, sizeof(text));
  total = strstr(text, "VmallocTotal: 1 kB");
  char whole[5000];
  snprintf(whole, sizeof(whole), "%.*sVmallocTotal: 34359738367 kB%s",
           (int)(total - text), text, strchr(total, '\n'));
  ck_assert_uint_eq(parse(whole).gaps.count, 0);
  *strstr(whole, "DirectMap1G") = '\0';
  ck_assert_uint_eq(parse(whole).gaps.count, 0); /* the rest is all of MemTotal */
  *strstr(whole, "DirectMap2M") = '\0';
  struct meminfo meminfo = parse(whole);
  ck_assert(meminfo.gaps.lacks[MEMINFO_FIELD_direct_map_2m]);
  *strstr(whole, "DirectMap4k") = '\0';
  meminfo = parse(whole);
  ck_assert_uint_eq(meminfo.gaps.count, 2);
  ck_assert_uint_eq(meminfo.gaps.last, MEMINFO_FIELD_hugetlb);
}
END_TEST

START_TEST(direct_map_smaller_than_memory_lacks_a_line)
{
  struct meminfo meminfo =
      parse("MemTotal: 100 kB\nActive(anon): 1 kB\nVmallocTotal: 34359738367 kB\n"
            "DirectMap4k: 20 kB\nDirectMap2M: 60 kB\n");
  ck_assert(meminfo.gaps.lacks[MEMINFO_FIELD_direct_map_1g]);
}
END_TEST

SUITE_MAIN("meminfo_gaps", whole_files_of_kernels_with_backported_lines_have_no_gaps,
           fixtures_are_whole, file_cut_after_any_line_of_any_kernel_is_known_to_be_cut,
           line_missing_from_a_kernels_file_is_malformed,
           sum_and_part_follow_from_the_other_two_lines,
           first_ten_lines_end_after_inactive_anon, kernels_own_file_has_no_gaps,
           end_of_the_file_shows_what_may_be_missing,
           file_of_an_x86_64_ends_with_direct_map,
           direct_map_smaller_than_memory_lacks_a_line)
