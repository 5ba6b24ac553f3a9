/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect/collect.h"

#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/report/diagnostic.h"
#include "suite.h"

#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- counting allocations: our malloc hides the C library's ----------------- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCATIONS_COUNTED 0
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOCATIONS_COUNTED 0
#endif
#ifndef ALLOCATIONS_COUNTED
#define ALLOCATIONS_COUNTED 1
#endif

static unsigned allocations;

#if ALLOCATIONS_COUNTED
/* dlsym(3) itself may call calloc, and copes with NULL. */
static void *libc_function(const char *name)
{
  static int searching;
  if (searching)
    return NULL;
  searching = 1;
  void *found = dlsym(RTLD_NEXT, name);
  searching = 0;
  return found;
}

void *malloc(size_t size)
{
  static void *(*next)(size_t);
  allocations++;
  if (next == NULL)
    *(void **)&next = libc_function("malloc");
  return next != NULL ? next(size) : NULL;
}

void *calloc(size_t count, size_t size)
{
  static void *(*next)(size_t, size_t);
  allocations++;
  if (next == NULL)
    *(void **)&next = libc_function("calloc");
  return next != NULL ? next(count, size) : NULL;
}

void *realloc(void *old, size_t size)
{
  static void *(*next)(void *, size_t);
  allocations++;
  if (next == NULL)
    *(void **)&next = libc_function("realloc");
  return next != NULL ? next(old, size) : NULL;
}
#endif

/* --- trees and samples -------------------------------------------------------------- */

#define MEMINFO "MemTotal: 1000000 kB\nMemFree: 500000 kB\nMapped: 4000 kB\n"
#define VMSTAT                                                                           \
  "nr_free_pages 9\nnr_mapped 1000\nnr_isolated_anon 3\nnr_isolated_file "               \
  "4\nnr_unstable 0\n"
#define ZONEINFO                                                                         \
  "Node 0, zone   Normal\n  pages free     125000\n        present  260000\n"            \
  "        managed  250000\n  pagesets\n    cpu: 0\n              count: 12\n"           \
  "  vm stats threshold: 10\n  start_pfn:           1\n"

static const char *copied_from, *copied_to;

static int copy_entry(const char *path, const struct stat *st, int type,
                      struct FTW *where)
{
  (void)where, (void)st;
  if (type == FTW_F) {
    size_t length;
    char *bytes = file_read(path, &length);
    tree_write_bytes(copied_to, path + strlen(copied_from) + 1, bytes, length);
    free(bytes);
  }
  return 0;
}

/* A throw-away copy of a fixture. */
static char *tree_of_fixture(const char *name)
{
  static char from[512];
  snprintf(from, sizeof(from), "%s/%s", FIXTURES, name);
  char *tree = tree_make();
  copied_from = from;
  copied_to = tree;
  ck_assert_int_eq(nftw(from, copy_entry, 16, FTW_PHYS), 0);
  return tree;
}

static char *tree_of_basics(void)
{
  char *tree = tree_make();
  tree_write(tree, "proc/meminfo", MEMINFO);
  tree_write(tree, "proc/vmstat", VMSTAT);
  tree_write(tree, "proc/zoneinfo", ZONEINFO);
  return tree;
}

static const struct collect_options with_pss = {.pss = true};
static const struct collect_options without_pss = {.pss = false};

/* The sample of a tree; the caller frees it. */
static struct sample *collect_tree(const char *tree, int want)
{
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  ck_assert_int_eq(collect(&collector, &with_pss, sample), want);
  collector_close(&collector);
  return sample;
}

/* --- sources ---------------------------------------------------------------------- */

#define FULL "6.1-debian12-swap-zram"

/* Sources whose file is in fixture FULL: the file, a text that is malformed, and one
 * number that comes from it. */
static const struct {
  enum source source;
  const char *file, *garbage;
  size_t reading;
} sources[] = {
    {SOURCE_zoneinfo, "proc/zoneinfo", "no zone\n",
     offsetof(struct sample, zoneinfo.pcp)},
    {SOURCE_vmstat, "proc/vmstat", "no number\n",
     offsetof(struct sample, vmstat.nr_isolated_anon)},
    {SOURCE_vmallocinfo, "proc/vmallocinfo", "no range\n",
     offsetof(struct sample, vmallocinfo.pages)},
    {SOURCE_hugepages, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "no\n",
     offsetof(struct sample, hugepages.total)},
    {SOURCE_cpu_possible, "sys/devices/system/cpu/possible", "some\n",
     offsetof(struct sample, cpus_possible_count)},
    {SOURCE_overcommit_ratio, "proc/sys/vm/overcommit_ratio", "half\n",
     offsetof(struct sample, overcommit_ratio_count)},
    {SOURCE_overcommit_kbytes, "proc/sys/vm/overcommit_kbytes", "-1\n",
     offsetof(struct sample, overcommit_kbytes)},
    {SOURCE_modules, "proc/modules", "ext4 large 1 - Live 0x0\n",
     offsetof(struct sample, modules.size)},
    {SOURCE_zram, "sys/block/zram0/mm_stat", "1 2\n",
     offsetof(struct sample, consumers.zram)},
};
#define SOURCES (sizeof(sources) / sizeof(*sources))

static struct reading reading_at(const struct sample *sample, size_t offset)
{
  return *(const struct reading *)((const char *)sample + offset);
}

/* Collects the tree; all of sources[] must be known, except sources[except], which must
 * be in `state`. */
static void assert_all_known_but(const char *tree, size_t except,
                                 enum reading_state state)
{
  struct sample *sample = collect_tree(tree, 0);
  for (size_t i = 0; i < SOURCES; i++) {
    enum reading_state want = i == except ? state : READING_KNOWN;
    const char *got = reading_state_name(sample->sources[sources[i].source].state);
    ck_assert_msg(sample->sources[sources[i].source].state == want, "%s: %s is %s",
                  sources[i].file, source_rows[sources[i].source].path, got);
    ck_assert_msg(reading_at(sample, sources[i].reading).state == want,
                  "%s: the number is %s", sources[i].file,
                  reading_state_name(reading_at(sample, sources[i].reading).state));
  }
  ck_assert_int_eq(sample->sources[SOURCE_meminfo].state, READING_KNOWN);
  free(sample);
}

START_TEST(every_source_of_a_whole_machine_is_known)
{
  char *tree = tree_of_fixture(FULL);
  assert_all_known_but(tree, SOURCES, READING_KNOWN);
  tree_remove(tree);
}
END_TEST

START_TEST(a_missing_file_makes_its_source_absent_and_no_other)
{
  for (size_t i = 0; i < SOURCES; i++) {
    if (sources[i].source == SOURCE_hugepages)
      continue; /* a folder: see below */
    char *tree = tree_of_fixture(FULL);
    ck_assert_int_eq(unlink(tree_path(tree, sources[i].file)), 0);
    assert_all_known_but(tree, i, READING_ABSENT);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_denied_file_makes_its_source_denied_and_no_other)
{
  for (size_t i = 0; i < SOURCES; i++) {
    char *tree = tree_of_fixture(FULL);
    ck_assert_int_eq(chmod(tree_path(tree, sources[i].file), 0), 0);
    ck_assert_int_eq(chmod(tree, 0755), 0);
    become_nobody();
    assert_all_known_but(tree, i, READING_DENIED);
    become_root_again();
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_bad_text_makes_its_source_malformed_and_no_other)
{
  for (size_t i = 0; i < SOURCES; i++) {
    char *tree = tree_of_fixture(FULL), line[512];
    tree_write(tree, sources[i].file, sources[i].garbage);
    assert_all_known_but(tree, i, READING_MALFORMED);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_uint_eq(sample->sources[sources[i].source].parse_error.count, 1);
    ck_assert(diagnostic_of_source(sample, sources[i].source, line, sizeof(line)));
    ck_assert_msg(strncmp(line, sources[i].file, strlen(sources[i].file)) == 0,
                  "\"%s\" does not name %s", line, sources[i].file);
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_fifo_in_place_of_any_file_is_malformed_and_does_not_block)
{
  for (size_t i = 0; i < SOURCES; i++) {
    char *tree = tree_of_fixture(FULL);
    const char *path = tree_path(tree, sources[i].file);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0644), 0);
    assert_all_known_but(tree, i, READING_MALFORMED);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_bad_number_is_not_reported_as_denied)
{
  static const struct {
    const char *file, *text, *want;
    enum source source;
  } cases[] = {
      {"proc/sys/vm/overcommit_kbytes", "9223372036854775807\n",
       "proc/sys/vm/overcommit_kbytes: number out of range; CommitLimit is not checked",
       SOURCE_overcommit_kbytes},
      {"proc/sys/vm/overcommit_kbytes", "",
       "proc/sys/vm/overcommit_kbytes: line not found; CommitLimit is not checked",
       SOURCE_overcommit_kbytes},
      {"sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "9223372036854775807\n",
       "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages: number out of range; "
       "before Linux 4.18, huge pages of other sizes than the default are unknown",
       SOURCE_hugepages},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_of_basics(), line[512];
    tree_write(tree, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
    tree_write(tree, "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "0\n");
    tree_write(tree, cases[i].file, cases[i].text);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert(diagnostic_of_source(sample, cases[i].source, line, sizeof(line)));
    ck_assert_str_eq(line, cases[i].want);
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_huge_page_size_of_2_to_the_64_does_not_wrap)
{
  char *tree = tree_of_basics(), line[512];
  tree_write(tree, "sys/kernel/mm/hugepages/hugepages-18014398509481984kB/nr_hugepages",
             "1\n");
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_int_eq(sample->hugepages.total.state, READING_MALFORMED);
  ck_assert(diagnostic_of_source(sample, SOURCE_hugepages, line, sizeof(line)));
  ck_assert_ptr_nonnull(strstr(line, "hugepages-18014398509481984kB: "));
  free(sample);
  tree_remove(tree);
}
END_TEST

/* --- meminfo ---------------------------------------------------------------------- */

START_TEST(without_meminfo_the_rest_is_still_read)
{
  char *tree = tree_of_basics();
  ck_assert_int_eq(unlink(tree_path(tree, "proc/meminfo")), 0);
  struct sample *sample = collect_tree(tree, -ENOENT);
  ck_assert_int_eq(sample->sources[SOURCE_meminfo].state, READING_ABSENT);
  ck_assert_int_eq(sample->meminfo.mem_total.state, READING_ABSENT);
  ck_assert_int_eq(sample->sources[SOURCE_zoneinfo].state, READING_KNOWN);
  ck_assert_uint_eq(sample->zoneinfo.managed.value / sample->page_size, 250000);
  ck_assert_uint_eq(sample->vmstat.nr_isolated_anon.value / sample->page_size, 3);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_bad_meminfo_is_an_error_and_the_rest_is_still_read)
{
  char *tree = tree_of_basics();
  tree_write(tree, "proc/meminfo", "404 Not Found\n");
  struct sample *sample = collect_tree(tree, -EBADMSG);
  ck_assert_int_eq(sample->sources[SOURCE_meminfo].state, READING_MALFORMED);
  ck_assert_uint_eq(sample->sources[SOURCE_meminfo].parse_error.line, 1);
  ck_assert_int_eq(sample->sources[SOURCE_zoneinfo].state, READING_KNOWN);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_denied_meminfo_is_eacces)
{
  char *tree = tree_of_basics();
  ck_assert_int_eq(chmod(tree_path(tree, "proc/meminfo"), 0), 0);
  ck_assert_int_eq(chmod(tree, 0755), 0);
  become_nobody();
  struct sample *sample = collect_tree(tree, -EACCES);
  ck_assert_int_eq(sample->sources[SOURCE_meminfo].state, READING_DENIED);
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++)
    ck_assert_int_eq(sample->meminfo.fields[i].state, READING_DENIED);
  become_root_again();
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_missing_root_leaves_the_collector_untouched)
{
  struct collector collector = {.boot.percpu_unit = {.value = 42}};
  ck_assert_int_eq(collector_open("/nonexistent/meminfo_explain", &collector), -ENOENT);
  ck_assert_uint_eq(collector.boot.percpu_unit.value, 42);
}
END_TEST

START_TEST(in_an_empty_root_nothing_is_known)
{
  char *tree = tree_make();
  struct sample *sample = collect_tree(tree, -ENOENT);
  for (unsigned i = 0; i < SOURCE_COUNT; i++)
    ck_assert_int_eq(sample->sources[i].state, READING_ABSENT);
  free(sample);
  tree_remove(tree);
}
END_TEST

/* --- page size -------------------------------------------------------------------- */

START_TEST(page_size_of_a_captured_tree_follows_from_its_files)
{
  static const struct {
    unsigned mapped_kb, nr_mapped, want;
  } cases[] = {
      {4000, 1000, 4096},   {16000, 1000, 16384},
      {64000, 1000, 65536}, {256000, 1000, 262144}, /* hexagon */
      {64000, 1200, 65536}, {64000, 800, 65536},    /* read at two instants */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_of_basics(), text[128];
    snprintf(text, sizeof(text), "MemTotal: 640000 kB\nMapped: %u kB\n",
             cases[i].mapped_kb);
    tree_write(tree, "proc/meminfo", text);
    snprintf(text, sizeof(text),
             "nr_free_pages 9\nnr_mapped %u\nnr_isolated_file 7\nnr_isolated_anon "
             "7\nnr_unstable 0\n",
             cases[i].nr_mapped);
    tree_write(tree, "proc/vmstat", text);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_uint_eq(sample->page_size, cases[i].want);
    ck_assert_known(sample->vmstat.nr_isolated_file, 7ull * cases[i].want);
    ck_assert_known(sample->zoneinfo.pcp, 12ull * cases[i].want);
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(without_these_files_the_page_size_is_the_hosts)
{
  static const char *const vmstats[] = {"nr_isolated_file 7\n", "nr_mapped 0\n",
                                        "nr_mapped 1\n", "nr_mapped 99999999\n"};
  for (size_t i = 0; i < sizeof(vmstats) / sizeof(*vmstats); i++) {
    char *tree = tree_of_basics();
    tree_write(tree, "proc/vmstat", vmstats[i]);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_uint_eq(sample->page_size, (uint64_t)sysconf(_SC_PAGESIZE));
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

#define CACHE(name) name " 60 64 16384 4 1 : tunables 0 0 0 : slabdata 16 16 0\n"

START_TEST(slabinfo_has_stacks_only_where_they_are_smaller_than_a_page)
{
  static const struct {
    const char *mapped, *slabinfo;
    enum reading_state count;
  } cases[] = {
      {"4000", CACHE("thread_stack"), READING_ABSENT},
      {"64000", CACHE("thread_stack"), READING_KNOWN},
      {"64000", CACHE("thread_info"), READING_KNOWN},
      {"64000", CACHE("dentry") CACHE("kmem_cache"), READING_ABSENT},
      {"64000", CACHE("dentry"), READING_MALFORMED}, /* its end is missing */
      {"64000", CACHE("dentry") "thread_stack 60\n", READING_MALFORMED},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_of_basics(), text[128];
    snprintf(text, sizeof(text), "MemTotal: 64000000 kB\nMapped: %s kB\n",
             cases[i].mapped);
    tree_write(tree, "proc/meminfo", text);
    tree_write(tree, "proc/slabinfo", cases[i].slabinfo);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_int_eq(sample->sources[SOURCE_slab_caches].state, READING_KNOWN);
    ck_assert_int_eq(sample->thread_stack_count.state, cases[i].count);
    ck_assert_uint_eq(sample->thread_stack_count.value,
                      cases[i].count == READING_KNOWN ? 64 : 0);
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

/* --- sums over files -------------------------------------------------------------- */

static void write_hugepages(const char *tree, unsigned kb, unsigned total, unsigned free_,
                            unsigned reserved)
{
  const struct {
    const char *name;
    unsigned count;
  } files[] = {
      {"nr_hugepages", total}, {"free_hugepages", free_}, {"resv_hugepages", reserved}};
  for (size_t i = 0; i < 3; i++) {
    char path[128], text[32];
    snprintf(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%ukB/%s", kb,
             files[i].name);
    snprintf(text, sizeof(text), "%u\n", files[i].count);
    tree_write(tree, path, text);
  }
}

START_TEST(huge_pages_are_summed_over_their_sizes)
{
  char *tree = tree_of_basics();
  write_hugepages(tree, 2048, 100, 40, 10);
  write_hugepages(tree, 1048576, 3, 2, 1);
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_int_eq(sample->sources[SOURCE_hugepages].state, READING_KNOWN);
  ck_assert_known(sample->hugepages.sizes_count, 2);
  ck_assert_known(sample->hugepages.total, (100ull << 21) + (3ull << 30));
  ck_assert_known(sample->hugepages.free, (40ull << 21) + (2ull << 30));
  ck_assert_known(sample->hugepages.reserved, (10ull << 21) + (1ull << 30));
  free(sample);
  tree_remove(tree);
}
END_TEST

/* A captured tree may have any names. */
START_TEST(names_without_a_huge_page_size_are_ignored)
{
  static const char *const names[] = {"x",     "",          "-2048", "+2048",
                                      " 2048", "2048\033k", "2k",    "0x800"};
  char *tree = tree_of_basics(), path[160];
  write_hugepages(tree, 2048, 100, 40, 10);
  for (size_t i = 0; i < LENGTH(names); i++) {
    snprintf(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%skB/nr_hugepages",
             names[i]);
    tree_write(tree, path, "5\n");
  }
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_known(sample->hugepages.sizes_count, 1);
  ck_assert_known(sample->hugepages.total, 100ull << 21);
  free(sample);

  const char *huge = "sys/kernel/mm/hugepages/hugepages-18014398509481985kB";
  snprintf(path, sizeof(path), "%s/nr_hugepages", huge);
  tree_write(tree, path, "1\n"); /* 2^54 + 1 kB would wrap around to 1024 bytes */
  sample = collect_tree(tree, 0);
  ck_assert_int_eq(sample->hugepages.total.state, READING_MALFORMED);
  ck_assert_int_eq(sample->sources[SOURCE_hugepages].state, READING_MALFORMED);
  ck_assert_str_eq(sample->sources[SOURCE_hugepages].path, huge);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_missing_file_of_one_size_makes_the_sum_malformed)
{
  char *tree = tree_of_basics();
  static const unsigned sizes[] = {64, 2048, 32768, 1048576};
  for (size_t i = 0; i < 4; i++)
    write_hugepages(tree, sizes[i], 1, 1, 0);
  ck_assert_int_eq(
      unlink(tree_path(tree, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")),
      0);
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_int_eq(sample->hugepages.total.state, READING_MALFORMED);
  ck_assert_known(sample->hugepages.free, (64 + 2048 + 32768 + 1048576) * 1024ull);
  ck_assert_str_eq(sample->sources[SOURCE_hugepages].path,
                   "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(zram_devices_are_summed)
{
  char *tree = tree_of_basics();
  tree_write(tree, "sys/block/zram0/mm_stat", "  900 300  4096 0 5000 0 0 0\n");
  tree_write(tree, "sys/block/zram11/mm_stat", "  900 300 12288 0 5000 0 0 0\n");
  tree_write(tree, "sys/block/sda/mm_stat", "  900 300 99999 0 5000 0 0 0\n");
  tree_write(tree, "sys/block/zram2/size", "no mm_stat: going away\n");
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_known(sample->consumers.zram, 16384);
  ck_assert_int_eq(sample->sources[SOURCE_zram].state, READING_KNOWN);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_bad_zram_device_makes_the_sum_malformed_in_any_order)
{
  for (unsigned bad = 0; bad < 4; bad++) {
    char *tree = tree_of_basics(), path[64], want[64];
    for (unsigned i = 0; i < 4; i++) {
      snprintf(path, sizeof(path), "sys/block/zram%u/mm_stat", i);
      tree_write(tree, path, i == bad ? "0 0 n/a 0\n" : "0 0 4096 0\n");
    }
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_int_eq(sample->consumers.zram.state, READING_MALFORMED);
    ck_assert_int_eq(sample->sources[SOURCE_zram].state, READING_MALFORMED);
    snprintf(want, sizeof(want), "sys/block/zram%u/mm_stat", bad);
    ck_assert_str_eq(sample->sources[SOURCE_zram].path, want);
    ck_assert_str_eq(sample->sources[SOURCE_zram].parse_error.near, "n/a");
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_consumer_above_mem_total_is_malformed)
{
  static const struct {
    const char *first, *second;
    enum reading_state want;
  } cases[] = {
      {"0 0 1024000000\n", "0 0 0\n", READING_KNOWN}, /* MemTotal to the byte */
      {"0 0 1024000001\n", "0 0 0\n", READING_MALFORMED},
      {"0 0 600000000\n", "0 0 600000000\n", READING_MALFORMED},
      {"0 0 9223372036854775807\n", "0 0 9223372036854775807\n", READING_MALFORMED},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_of_basics();
    tree_write(tree, "sys/block/zram0/mm_stat", cases[i].first);
    tree_write(tree, "sys/block/zram1/mm_stat", cases[i].second);
    struct sample *sample = collect_tree(tree, 0);
    ck_assert_int_eq(sample->consumers.zram.state, cases[i].want);
    if (cases[i].want == READING_MALFORMED)
      ck_assert_str_eq(sample->sources[SOURCE_zram].parse_error.cause, "above MemTotal");
    free(sample);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(consumers_are_read_in_their_own_units)
{
  char *tree = tree_of_basics();
  tree_write(tree, "proc/spl/kstat/zfs/abdstats",
             "7 1 0x01 21 5712 3 4\nname                            type data\n"
             "struct_size                     4    568\n"
             "scatter_data_size               4    80000\n"
             "scatter_chunk_waste             4    700\n");
  tree_write(tree, "sys/kernel/debug/vmmemctl",
             "balloon capabilities:   0x1e\ntarget:  99 pages\ncurrent:  25 pages\n");
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_known(sample->consumers.zfs_scatter, 80000);
  ck_assert_known(sample->consumers.zfs_chunk_waste, 700);
  ck_assert_known(sample->consumers.vmware_current, 25 * 4096);
  ck_assert_int_eq(sample->consumers.zram.state, READING_ABSENT);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(lxcfs_mounts_are_counted)
{
  struct sample *sample = collect_tree(FIXTURES "/5.15-composed-lxcfs", 0);
  ck_assert_known(sample->lxcfs_count, 1);
  free(sample);
  sample = collect_tree(FIXTURES "/" FULL, 0);
  ck_assert_known(sample->lxcfs_count, 0);
  free(sample);
}
END_TEST

/* --- the same again ----------------------------------------------------------------- */

static void assert_same_reading(const struct reading *a, const struct reading *b,
                                size_t count)
{
  for (size_t i = 0; i < count; i++) {
    ck_assert_int_eq(a[i].state, b[i].state);
    ck_assert_uint_eq(a[i].value, b[i].value);
  }
}

START_TEST(a_second_collect_gives_the_same_whatever_out_held)
{
  struct collector collector;
  struct sample *first = malloc(sizeof(*first)), *second = malloc(sizeof(*second));
  memset(second, 0xa5, sizeof(*second));
  ck_assert_int_eq(collector_open(FIXTURES "/" FULL, &collector), 0);
  ck_assert_int_eq(collect(&collector, &with_pss, first), 0);
  ck_assert_int_eq(collect(&collector, &with_pss, second), 0);
  assert_same_reading(first->meminfo.fields, second->meminfo.fields, MEMINFO_FIELD_COUNT);
  assert_same_reading(first->vmstat.fields, second->vmstat.fields, VMSTAT_FIELD_COUNT);
  assert_same_reading(&first->zoneinfo.pcp, &second->zoneinfo.pcp,
                      sizeof(first->zoneinfo) / sizeof(struct reading));
  assert_same_reading(&first->vmallocinfo.pages, &second->vmallocinfo.pages,
                      VMALLOCINFO_READINGS);
  assert_same_reading(&first->hugepages.total, &second->hugepages.total,
                      HUGEPAGES_READINGS);
  assert_same_reading(&first->processes.pss, &second->processes.pss, PROCESSES_READINGS);
  ck_assert_uint_eq(first->vmallocinfo.callers_count, second->vmallocinfo.callers_count);
  for (unsigned i = 0; i < SOURCE_COUNT; i++) {
    ck_assert_int_eq(first->sources[i].state, second->sources[i].state);
    ck_assert_uint_eq(first->sources[i].parse_error.count,
                      second->sources[i].parse_error.count);
  }
  collector_close(&collector);
  free(first);
  free(second);
}
END_TEST

START_TEST(a_steady_state_collect_allocates_nothing)
{
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  unsigned before = allocations;
  ck_assert_int_eq(collector_open(FIXTURES "/" FULL, &collector), 0);
  ck_assert_int_eq(collect(&collector, &with_pss, sample), 0);
  if (ALLOCATIONS_COUNTED && getenv("UNDER_VALGRIND") == NULL)
    ck_assert_uint_gt(allocations, before); /* the counting works */
  before = allocations;
  int error = 0;
  for (unsigned i = 0; i < 3; i++)
    error |= collect(&collector, &with_pss, sample);
  unsigned after = allocations;
  ck_assert_uint_eq(after, before);
  ck_assert_int_eq(error, 0);
  collector_close(&collector);
  free(sample);
}
END_TEST

/* --- the census of the processes -------------------------------------------------- */

/* The first pass is made on request, the next long after the test. */
static const struct collect_options by_budget = {
    .pss = true, .pss_budget = 100, .interval = 3600};
static const double patience = 30; /* seconds; a pass over a small tree takes none */

START_TEST(with_a_budget_a_sample_takes_the_last_result)
{
  char *tree = tree_of_basics();
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  tree_write(tree, "proc/7/smaps_rollup",
             "0-1 ---p 0 0:0 0 [rollup]\nLocked: 0 kB\nPss: 5 kB\n");
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  collector_prepare(&collector, &by_budget, patience);
  ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
  ck_assert_uint_eq(sample->processes.pss.value, 5 * 1024);
  ck_assert_int_eq(sample->sources[SOURCE_smaps].state, READING_KNOWN);
  ck_assert(sample->pss_seconds > 0);
  double spent = sample->pss_seconds;
  tree_write(tree, "proc/7/smaps_rollup",
             "0-1 ---p 0 0:0 0 [rollup]\nLocked: 0 kB\nPss: 9 kB\n");
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
    ck_assert_uint_eq(sample->processes.pss.value, 5 * 1024); /* unchanged */
    ck_assert(sample->pss_seconds == spent);
  }
  ck_assert_int_eq(collect(&collector, &with_pss, sample), 0); /* a scan of its own */
  ck_assert_uint_eq(sample->processes.pss.value, 9 * 1024);
  collector_close(&collector);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(before_the_first_pass_processes_are_absent)
{
  const struct collect_options later = {
      .pss = true, .pss_budget = 1e-9, .interval = 3600};
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  ck_assert_int_eq(collector_open(FIXTURES "/" FULL, &collector), 0);
  ck_assert_int_eq(collect(&collector, &later, sample), 0);
  ck_assert_int_eq(sample->processes.pss.state, READING_ABSENT);
  ck_assert_int_eq(sample->processes.read_count.state, READING_ABSENT);
  ck_assert_int_eq(sample->processes.error.state, READING_ABSENT);
  ck_assert(sample->pss_age == 0);
  collector_close(&collector);
  free(sample);
}
END_TEST

START_TEST(memory_mapped_after_the_scan_adds_to_its_error)
{
  char *tree = tree_of_basics();
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  tree_write(tree, "proc/7/smaps_rollup",
             "0-1 ---p 0 0:0 0 [rollup]\nLocked: 0 kB\nPss: 5 kB\n");
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  tree_write(tree, "proc/meminfo",
             "MemTotal: 1000 kB\nAnonPages: 100 kB\nMapped: 50 kB\n");
  collector_prepare(&collector, &by_budget, patience);
  ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
  ck_assert_uint_eq(sample->processes.moved.value, 0);
  ck_assert_uint_eq(sample->processes.error.value, 1024); /* cut to whole kB */
  tree_write(tree, "proc/meminfo",
             "MemTotal: 1000 kB\nAnonPages: 107 kB\nMapped: 48 kB\n");
  ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
  ck_assert_uint_eq(sample->processes.moved.value, 9 * 1024); /* +7, -2 */
  ck_assert_uint_eq(sample->processes.error.value, 10 * 1024);
  tree_write(tree, "proc/meminfo",
             "MemTotal: 1000 kB\nAnonPages: 90 kB\nMapped: 50 kB\n");
  ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
  ck_assert_uint_eq(sample->processes.moved.value, 10 * 1024);
  tree_write(tree, "proc/meminfo", "MemTotal: 1000 kB\nMapped: 50 kB\n");
  ck_assert_int_eq(collect(&collector, &by_budget, sample), 0);
  ck_assert_int_eq(sample->processes.moved.state, READING_MALFORMED);
  collector_close(&collector);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(without_pss_no_process_is_opened)
{
  char *tree = tree_of_basics();
  tree_write(tree, "proc/7/stat", "garbage");
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  ck_assert_int_eq(collect(&collector, &without_pss, sample), 0);
  ck_assert_int_eq(sample->sources[SOURCE_smaps].state, READING_ABSENT);
  ck_assert_int_eq(sample->processes.malformed_count.state, READING_ABSENT);
  collector_close(&collector);
  free(sample);
  tree_remove(tree);
}
END_TEST

START_TEST(a_malformed_process_is_named_in_the_sources)
{
  char *tree = tree_of_basics(), line[256];
  tree_write(tree, "proc/7/stat", "");
  tree_write(tree, "proc/7/smaps_rollup", "garbage");
  struct sample *sample = collect_tree(tree, 0);
  ck_assert_int_eq(sample->sources[SOURCE_smaps].state, READING_MALFORMED);
  ck_assert(diagnostic_of_source(sample, SOURCE_smaps, line, sizeof(line)));
  ck_assert_str_eq(line, "proc/7/stat:1: no name in parentheses (and 1 more); "
                         "the pss accounting is incomplete");
  free(sample);
  tree_remove(tree);
}
END_TEST

/* --- damage ----------------------------------------------------------------------- */

static uint64_t random_next(uint64_t *state)
{
  *state ^= *state << 13; /* xorshift64 */
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static size_t random_below(uint64_t *state, size_t limit)
{
  return limit == 0 ? 0 : (size_t)(random_next(state) % limit);
}

/* Overwrites some bytes, half of them with bytes that such files have, and sometimes cuts
 * the text. */
static size_t mutate(char *text, size_t length, uint64_t *random)
{
  static const char likely[] = "0123456789 \n:-kBZ[]=\t";
  size_t changes = 1 + random_below(random, 12);
  for (size_t i = 0; i < changes && length > 0; i++) {
    size_t at = random_below(random, length);
    text[at] = random_below(random, 2) != 0
                   ? likely[random_below(random, sizeof(likely) - 1)]
                   : (char)random_below(random, 256);
  }
  return random_below(random, 8) == 0 ? random_below(random, length) : length;
}

static void assert_states_and_ranges(const struct reading *readings, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    ck_assert_int_le(readings[i].state, READING_MALFORMED);
    ck_assert_uint_le(readings[i].value, INT64_MAX);
    if (!is_known(readings[i]))
      ck_assert_uint_eq(readings[i].value, 0);
  }
}

static void assert_sane(const struct sample *sample)
{
  static struct explanation e;
  assert_states_and_ranges(sample->meminfo.fields, MEMINFO_FIELD_COUNT);
  assert_states_and_ranges(sample->vmstat.fields, VMSTAT_FIELD_COUNT);
  assert_states_and_ranges(&sample->zoneinfo.pcp,
                           sizeof(sample->zoneinfo) / sizeof(struct reading));
  assert_states_and_ranges(&sample->vmallocinfo.pages, VMALLOCINFO_READINGS);
  assert_states_and_ranges(&sample->hugepages.total, HUGEPAGES_READINGS);
  assert_states_and_ranges(&sample->processes.pss, PROCESSES_READINGS);
  explain(sample, &e);
  if (!is_known(sample->meminfo.mem_total))
    for (unsigned i = 0; i < ACCOUNTING_COUNT; i++)
      ck_assert_int_ne(e.black_hole.of[i].state, READING_KNOWN);
}

START_TEST(a_thousand_damaged_trees_never_crash)
{
  static const char *const files[] = {
      "proc/meminfo",
      "proc/zoneinfo",
      "proc/vmstat",
      "proc/vmallocinfo",
      "proc/modules",
      "proc/self/mountinfo",
      "proc/1/stat",
      "proc/1/smaps_rollup",
      "proc/sys/vm/overcommit_kbytes",
      "sys/devices/system/cpu/possible",
      "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
      "sys/block/zram0/mm_stat"};
  char *tree = tree_of_fixture(FULL);
  struct collector collector;
  struct sample *sample = malloc(sizeof(*sample));
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  uint64_t random = 20090401;
  for (unsigned i = 0; i < 1000; i++) {
    const char *file = files[i % (sizeof(files) / sizeof(*files))];
    size_t length;
    char *whole = file_read(tree_path(tree, file), &length), *text = malloc(length + 1);
    memcpy(text, whole, length);
    tree_write_bytes(tree, file, text, mutate(text, length, &random));
    int error = collect(&collector, &with_pss, sample);
    ck_assert_msg(error == 0 || error == -EBADMSG, "%s: error %d", file, error);
    assert_sane(sample);
    tree_write_bytes(tree, file, whole, length);
    free(text);
    free(whole);
  }
  collector_close(&collector);
  free(sample);
  tree_remove(tree);
}
END_TEST

SUITE_MAIN("collect", every_source_of_a_whole_machine_is_known,
           a_missing_file_makes_its_source_absent_and_no_other,
           a_denied_file_makes_its_source_denied_and_no_other,
           a_bad_text_makes_its_source_malformed_and_no_other,
           a_fifo_in_place_of_any_file_is_malformed_and_does_not_block,
           a_bad_number_is_not_reported_as_denied,
           a_huge_page_size_of_2_to_the_64_does_not_wrap,
           without_meminfo_the_rest_is_still_read,
           a_bad_meminfo_is_an_error_and_the_rest_is_still_read,
           a_denied_meminfo_is_eacces, a_missing_root_leaves_the_collector_untouched,
           in_an_empty_root_nothing_is_known,
           page_size_of_a_captured_tree_follows_from_its_files,
           without_these_files_the_page_size_is_the_hosts,
           slabinfo_has_stacks_only_where_they_are_smaller_than_a_page,
           huge_pages_are_summed_over_their_sizes,
           a_missing_file_of_one_size_makes_the_sum_malformed,
           names_without_a_huge_page_size_are_ignored, zram_devices_are_summed,
           a_bad_zram_device_makes_the_sum_malformed_in_any_order,
           a_consumer_above_mem_total_is_malformed, consumers_are_read_in_their_own_units,
           lxcfs_mounts_are_counted, a_second_collect_gives_the_same_whatever_out_held,
           a_steady_state_collect_allocates_nothing,
           with_a_budget_a_sample_takes_the_last_result,
           before_the_first_pass_processes_are_absent,
           memory_mapped_after_the_scan_adds_to_its_error,
           without_pss_no_process_is_opened, a_malformed_process_is_named_in_the_sources,
           a_thousand_damaged_trees_never_crash)
