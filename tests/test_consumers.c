/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "collect/consumers.h"

#include "collect/consumer_function.h"
#include "hanging.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/workers/supervisor.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GB(n)    ((uint64_t)(n) << 30)
#define PATIENCE CONSUMERS_PATIENCE

/* --- a reader of a tree ------------------------------------------------------------- */

static char *tree;
static struct consumers_reader *reader;
static struct sample sample;

static void begin(void)
{
  tree = tree_make();
  ck_assert_int_eq(chmod(tree, 0755), 0); /* for the unprivileged user */
  memset(&sample, 0, sizeof(sample));
  sample.page_size = 4096;
  sample.meminfo.mem_total = reading_known(GB(8));
}

static void open_reader(void)
{
  struct sysroot root;
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.open = hanging_open;
  ck_assert_int_eq(consumers_open(&root, PATIENCE, &reader), 0);
  sysroot_close(&root);
}

static void collect(void)
{
  const struct consumer_inputs inputs = {.page_size = sample.page_size,
                                         .mem_total = sample.meminfo.mem_total};
  consumers_read(reader, &inputs, &sample.consumers,
                 &sample.sources[SOURCE_FIRST_CONSUMER]);
}

/* Reads the tree once. */
static void collect_once(void)
{
  open_reader();
  collect();
  consumers_close(reader);
}

/* The same, as a user whom file modes restrict. */
static void collect_unprivileged(void)
{
  become_nobody();
  collect_once();
  become_root_again();
}

static void end(void)
{
  tree_remove(tree);
}

static void deny(const char *path)
{
  ck_assert_int_eq(chmod(tree_path(tree, path), 0), 0);
}

/* So that tree_remove can list it again. */
static void allow(const char *path)
{
  ck_assert_int_eq(chmod(tree_path(tree, path), 0755), 0);
}

static void drop(const char *path)
{
  ck_assert_int_eq(remove(tree_path(tree, path)), 0);
}

static double now(void)
{
  return clock_seconds(CLOCK_MONOTONIC);
}

/* --- the rows ----------------------------------------------------------------------- */

struct filter {
  const char *beside, *except, *glob;
};
#define ALL                                                                              \
  {                                                                                      \
    NULL, NULL, NULL                                                                     \
  }
#define BESIDE(file, glob)                                                               \
  {                                                                                      \
    file, NULL, glob                                                                     \
  }
#define EXCEPT(glob)                                                                     \
  {                                                                                      \
    NULL, glob, NULL                                                                     \
  }

static const struct row {
  const char *name, *place, *paths;
  struct filter filter;
  const char *key;
  unsigned field;
  const char *unit;
  enum source source;
  size_t offset;
} rows[] = {
#define CONSUMER(name, place, opener, paths, filter, key, field, unit, ...)              \
  {#name,  #place,        paths,                                                         \
   filter, key,           field,                                                         \
   #unit,  SOURCE_##name, offsetof(struct consumers, name)},
/* test_block_queues.c has its tests. */
#define CONSUMER_TREE(...)
/* In a captured tree, a function's answer is a file like any other. */
#define CONSUMER_FUNCTION(name, place, source, function, remedy, ...)                    \
  {#name,                                                                                \
   #place,                                                                               \
   "consumers/" #name,                                                                   \
   ALL,                                                                                  \
   "",                                                                                   \
   1,                                                                                    \
   "BYTES",                                                                              \
   SOURCE_##name,                                                                        \
   offsetof(struct consumers, name)},
#include "meminfo_explain/tables/consumers.def"
};

static const struct row *row_of(enum source source)
{
  for (size_t i = 0; i < LENGTH(rows); i++)
    if (rows[i].source == source)
      return &rows[i];
  ck_abort_msg("no consumer");
}

static struct reading reading_of(const struct row *row)
{
  return *(const struct reading *)((const char *)&sample.consumers + row->offset);
}

/* The row's number and its source have the same state. */
static void assert_state(enum source source, enum reading_state want)
{
  const struct row *row = row_of(source);
  const struct source_status *status = &sample.sources[source];
  const struct reading got = reading_of(row);
  ck_assert_msg(got.state == want, "%s is %s, not %s (%s: %s, %d)", row->name,
                reading_state_name(got.state), reading_state_name(want), status->path,
                status->parse_error.cause != NULL ? status->parse_error.cause : "",
                status->error);
  ck_assert_msg(status->state == want, "the source of %s is %s, not %s", row->name,
                reading_state_name(status->state), reading_state_name(want));
  ck_assert_uint_le(got.value, want == READING_KNOWN ? INT64_MAX : 0);
}

static void assert_known(enum source source, uint64_t want)
{
  assert_state(source, READING_KNOWN);
  struct reading got = reading_of(row_of(source));
  ck_assert_msg(got.value == want, "%s is %llu, not %llu", row_of(source)->name,
                (unsigned long long)got.value, (unsigned long long)want);
}

static void assert_malformed(enum source source, const char *path, const char *cause)
{
  assert_state(source, READING_MALFORMED);
  const struct source_status *status = &sample.sources[source];
  ck_assert_str_eq(status->path, path);
  ck_assert_msg(
      status->parse_error.cause != NULL && strcmp(status->parse_error.cause, cause) == 0,
      "%s: \"%s\", not \"%s\"", path,
      status->parse_error.cause != NULL ? status->parse_error.cause : "", cause);
  ck_assert_int_eq(status->error, 0);
}

/* The access failed, and no text was parsed. */
static void assert_failed(enum source source, const char *path, int error)
{
  assert_state(source, sysroot_error_state(error));
  ck_assert_str_eq(sample.sources[source].path, path);
  ck_assert_int_eq(sample.sources[source].error, error);
  ck_assert_uint_eq(sample.sources[source].parse_error.count, 0);
}

static bool does_not_answer(const struct row *row)
{
  const struct source_status *status = &sample.sources[row->source];
  return reading_of(row).state == READING_MALFORMED &&
         status->state == READING_MALFORMED && status->error == -ETIMEDOUT;
}

/* Until all threads that hung have returned. */
static void collect_until_all_answer(void)
{
  double until = now() + 30;
  bool all;
  do {
    collect();
    all = true;
    for (size_t i = 0; i < LENGTH(rows); i++)
      all &= !does_not_answer(&rows[i]);
  } while (!all && now() < until);
}

/* --- what the kernel prints --------------------------------------------------------- */

#define VIRTIO  "sys/bus/virtio/devices/"
#define CMA     "sys/kernel/mm/cma/"
#define HEAP    "sys/kernel/dmabuf/buffers/"
#define TRACING "sys/kernel/tracing/"
#define DEBUG   "sys/kernel/debug/"
#define XEN     "sys/devices/system/xen_memory/xen_memory0/info/"

static const struct {
  const char *path, *text;
} machine[] = {
    {"sys/block/zram0/mm_stat", "    4096       74    12288        0    12288        0   "
                                "     0        0        0\n"},
    {"sys/block/zram11/mm_stat", "   65536     9000     8192        0    12288        3  "
                                 "      2        0        0\n"},
    {"sys/block/sda/mm_stat", "1 2 3\n"},
    {DEBUG "zswap/pool_total_size", "40960\n"},
    {VIRTIO "virtio0/device", "0x0001\n"}, /* a network card */
    {VIRTIO "virtio0/features",
     "1110010111111111111100000000110010000000000000000000000000000000\n"},
    {VIRTIO "virtio3/device", "0x0005\n"},
    {VIRTIO "virtio3/features",
     "0110000000000000000000000000110010000000000000000000000000000000\n"},
    {DEBUG "vmmemctl", "balloon capabilities  :             0x1e\n"
                       "used capabilities     :             0x1e\n"
                       "is resetting          :                n\n"
                       "target                :            70000\n"
                       "current               :            65536\n"},
    {"sys/module/vmw_balloon/coresize", "32768\n"},
    {DEBUG "hv-balloon", "host_version          : 2.0\n"
                         "capabilities          : 0x3 enabled hot_add\n"
                         "state                 : 1 (Initialized)\n"
                         "page_size             : 4096\n"
                         "pages_added           : 0\n"
                         "pages_onlined         : 0\n"
                         "pages_ballooned       : 71\n"
                         "total_pages_committed : 123456\n"
                         "max_dynamic_page_count: 262144\n"},
    {XEN "low_kb", "512\n"},
    {XEN "high_kb", "16\n"},
    {"proc/spl/kstat/zfs/abdstats", "7 1 0x01 21 5712 4365637283 1234567890\n"
                                    "name                            type data\n"
                                    "struct_size                     4    1023456\n"
                                    "linear_cnt                      4    17\n"
                                    "linear_data_size                4    69632\n"
                                    "scatter_cnt                     4    31\n"
                                    "scatter_data_size               4    73400320\n"
                                    "scatter_chunk_waste             4    1048576\n"},
    {DEBUG "ttm/page_pool",
     "\t --- 0--- --- 1--- --- 2---\nwc\t:        5        4        1\n"
     "uc\t:        0        0        0\n\ntotal\t:       17 of   503126\n"},
    {"sys/bus/pci/drivers/amdgpu/0000:03:00.0/mem_info_gtt_used", "26148864\n"},
    {"sys/bus/pci/drivers/amdgpu/module/mem_info_gtt_used", "1\n"},
    {DEBUG "dri/0/i915_gem_objects",
     "612 shrinkable [2 free] objects, 71303168 bytes\n"
     "system: total:0x1f0000000 bytes, available:0x1f0000000 bytes\n"},
    {DEBUG "dri/128/i915_gem_objects", /* the same card again */
     "612 shrinkable [2 free] objects, 71303168 bytes\n"},
    {HEAP "17/exporter_name", "system\n"},
    {HEAP "17/size", "1048576\n"},
    {HEAP "18/exporter_name", "i915\n"},
    {HEAP "18/size", "4194304\n"},
    {HEAP "19/exporter_name", "system-uncached\n"},
    {HEAP "19/size", "8192\n"},
    {DEBUG "dma_buf/bufinfo",
     "\nDma-buf Objects:\n"
     "size    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"
     "01048576\t00080002\t00080007\t00000002\tsystem\t00000017\t<none>\n"
     "\tAttached Devices:\n\t0000:03:00.0\nTotal 1 devices attached\n\n"
     "04194304\t00080002\t00080007\t00000002\ti915\t00000018\t<none>\n"
     "\tAttached Devices:\nTotal 0 devices attached\n\n"
     "\nTotal 2 objects, 5242880 bytes\n"},
    {"proc/net/sockstat", "sockets: used 157\n"
                          "TCP: inuse 3 orphan 0 tw 7 alloc 5 mem 11\n"
                          "UDP: inuse 2 mem 4\n"
                          "UDPLITE: inuse 0\n"
                          "RAW: inuse 0\n"
                          "FRAG: inuse 1 memory 4352\n"},
    {"proc/fs/nfsd/threads", "8\n"},
    {"proc/fs/nfsd/max_block_size", "1048576\n"},
    {TRACING "buffer_total_size_kb", "7 (expanded: 1408)\n"},
    {TRACING "instances/foo/buffer_total_size_kb", "1408\n"},
    {DEBUG "tracing/buffer_total_size_kb", "7 (expanded: 1408)\n"}, /* mounted twice */
    {DEBUG "tracing/instances/foo/buffer_total_size_kb", "1408\n"},
    {DEBUG "ramdisk_pages/ram0", "25\n"},
    {DEBUG "ramdisk_pages/ram1", "5\n"},
    {DEBUG "swiotlb/io_tlb_nslabs", "32768\n"},
    {DEBUG "swiotlb/io_tlb_transient_nslabs", "4\n"},
    {CMA "reserved/total_pages", "16384\n"},
    {CMA "reserved/available_pages", "16000\n"},
    {CMA "reserved/alloc_pages_success", "900\n"},
    {CMA "reserved/release_pages_success", "516\n"},
    {CMA "linux,cma/total_pages", "4096\n"},
    {CMA "linux,cma/available_pages", "4095\n"},
    {CMA "linux,cma/alloc_pages_success", "7\n"},
    {CMA "linux,cma/release_pages_success", "6\n"},
    {CMA "hugetlb0/total_pages", "262144\n"},
    {CMA "hugetlb0/available_pages", "0\n"},
    {CMA "hugetlb0/alloc_pages_success", "262144\n"},
    {CMA "hugetlb0/release_pages_success", "0\n"},
    {"sys/kernel/kexec_crash_size", "134217728\n"},
    {"sys/kernel/kexec_loaded", "1\n"},
    {"sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "2097152\n"},
};

/* The values, with pages of 4 KiB and of 64 KiB. */
static const struct want {
  enum source source;
  uint64_t small, large;
} wants[] = {
    {SOURCE_zram, 20480, 20480},
    {SOURCE_zswap_pool, 40960, 40960},
    {SOURCE_virtio_deflate_on_oom_count, 1, 1},
    {SOURCE_vmware_current, 65536 * 4096, 65536 * 4096},
    {SOURCE_vmware_loaded_count, 32768, 32768},
    {SOURCE_hyperv_balloon, 71 * 4096, 71 * 4096},
    {SOURCE_xen_low, 512 * 1024, 512 * 1024},
    {SOURCE_xen_high, 16 * 1024, 16 * 1024},
    {SOURCE_zfs_scatter, 73400320, 73400320},
    {SOURCE_zfs_chunk_waste, 1048576, 1048576},
    {SOURCE_zfs_linear, 69632, 69632},
    {SOURCE_ttm_pool, 17 * 4096, 17 * 65536},
    {SOURCE_amdgpu_gtt, 26148864, 26148864},
    {SOURCE_i915_gem, 71303168, 71303168},
    {SOURCE_dma_buf_heap, 1048576 + 8192, 1048576 + 8192},
    {SOURCE_dma_buf, 5242880, 5242880},
    {SOURCE_tcp_mem, 11 * 4096, 11 * 65536},
    {SOURCE_udp_mem, 4 * 4096, 4 * 65536},
    {SOURCE_frag_mem, 4352, 4352},
    {SOURCE_nfsd_threads_count, 8, 8},
    {SOURCE_nfsd_max_block, 1048576, 1048576},
    /* 7 KiB and 1408 KiB of pages that begin with a header of 16 bytes. */
    {SOURCE_ftrace_rings, (2 + 354) * 4096, (1 + 23) * 65536},
    {SOURCE_brd, 30 * 4096, 30 * 65536},
    {SOURCE_swiotlb_pool, 32768 * 2048, 32768 * 2048},
    {SOURCE_swiotlb_transient, 4 * 2048, 4 * 2048},
    {SOURCE_cma_total, 20480 * 4096ULL, 20480 * 65536ULL},
    {SOURCE_cma_available, 20095 * 4096ULL, 20095 * 65536ULL},
    {SOURCE_cma_allocated, 907 * 4096, 907 * 65536},
    {SOURCE_cma_released, 522 * 4096, 522 * 65536},
    {SOURCE_crashkernel, 134217728, 134217728},
    {SOURCE_kexec_loaded_count, 1, 1},
    {SOURCE_hpage_pmd_size, 2097152, 2097152},
};

static void write_machine(void)
{
  for (size_t i = 0; i < LENGTH(machine); i++)
    tree_write(tree, machine[i].path, machine[i].text);
}

/* Every row has the value of wants[], except those whose first path begins with `prefix`:
 * they time out. */
static void assert_machine_but(const char *prefix)
{
  for (size_t i = 0; i < LENGTH(wants); i++) {
    const struct row *row = row_of(wants[i].source);
    if (*prefix != '\0' && strncmp(row->paths, prefix, strlen(prefix)) == 0)
      ck_assert_msg(does_not_answer(row), "%s answers", row->name);
    else
      assert_known(wants[i].source,
                   sample.page_size == 4096 ? wants[i].small : wants[i].large);
  }
}

START_TEST(rows_read_the_kernels_output)
{
  for (size_t i = 0; i < LENGTH(rows); i++) {
    size_t found = 0;
    for (size_t j = 0; j < LENGTH(wants); j++)
      found += wants[j].source == rows[i].source;
    /* A fixture checks rows that are not here (test_fixtures). */
    ck_assert_msg(found <= 1, "wants[] has %zu of %s", found, rows[i].name);
  }
  static const uint64_t page_sizes[] = {4096, 65536};
  for (size_t i = 0; i < LENGTH(page_sizes); i++) {
    begin();
    write_machine();
    sample.page_size = page_sizes[i];
    collect_once();
    assert_machine_but("");
    for (size_t row = 0; row < LENGTH(rows); row++) {
      ck_assert_uint_eq(sample.sources[rows[row].source].parse_error.count, 0);
      ck_assert_str_eq(sample.sources[rows[row].source].path, "");
    }
    end();
  }
}
END_TEST

START_TEST(in_an_empty_tree_all_rows_are_absent_whatever_out_held)
{
  begin();
  memset(&sample.consumers, 0xa5, sizeof(sample.consumers));
  memset(sample.sources, 0xa5, sizeof(sample.sources));
  collect_once();
  for (size_t i = 0; i < LENGTH(rows); i++) {
    assert_state(rows[i].source, READING_ABSENT);
    ck_assert_int_eq(sample.sources[rows[i].source].error, 0);
    ck_assert_uint_eq(sample.sources[rows[i].source].parse_error.count, 0);
  }
  end();
}
END_TEST

START_TEST(a_function_is_called_for_a_live_root_only)
{
  struct sysroot root;
  uint64_t bytes = 0;
  begin();
  tree_write(tree, "consumers/page_pool", "77\n");
  collect_once();
  assert_known(SOURCE_page_pool, 77);
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.live = true;
  ck_assert_int_eq(consumers_open(&root, PATIENCE, &reader), 0);
  collect();
  assert_state(SOURCE_page_pool, sysroot_error_state(page_pool_read(4096, &bytes)));
  ck_assert_uint_ne(sample.consumers.page_pool.value, 77); /* whole pages */
  consumers_close(reader);
  sysroot_close(&root);
  end();
}
END_TEST

/* Its numbers hardly change. */
START_TEST(tree_of_a_live_root_is_not_read_for_each_sample)
{
  for (unsigned live = 0; live < 2; live++) {
    struct sysroot root;
    begin();
    tree_write(tree, "sys/block/loop0/mq/0/nr_tags", "128\n");
    ck_assert_int_eq(sysroot_open(tree, &root), 0);
    root.live = live;
    ck_assert_int_eq(consumers_open(&root, PATIENCE, &reader), 0);
    collect();
    const struct reading first = sample.consumers.block_queues;
    ck_assert(is_known(first) && first.value > 0);
    tree_write(tree, "sys/block/loop1/mq/0/nr_tags", "128\n");
    collect();
    ck_assert_known(sample.consumers.block_queues, live ? first.value : 2 * first.value);
    ck_assert_int_eq(sample.sources[SOURCE_block_queues].state, READING_KNOWN);
    consumers_close(reader);
    sysroot_close(&root);
    end();
  }
}
END_TEST

/* --- the table itself --------------------------------------------------------------- */

/* Takes the next path of both groups; false after the last. */
static bool next_path(const char **paths, char word[256])
{
  *paths += strspn(*paths, " |");
  size_t length = strcspn(*paths, " |");
  ck_assert_uint_lt(length, 256);
  snprintf(word, 256, "%.*s", (int)length, *paths);
  *paths += length;
  return length > 0;
}

/* sysroot.c: split_pattern and call_if_match. */
static void assert_pattern_fits(const char *pattern)
{
  const char *wild = strpbrk(pattern, "*?[");
  if (wild == NULL)
    return;
  const char *start = wild, *rest = strchr(wild, '/');
  while (start > pattern && start[-1] != '/')
    start--;
  rest = rest != NULL ? rest : "";
  ck_assert_msg(strpbrk(rest, "*?[") == NULL, "%s: two components", pattern);
  ck_assert_uint_lt((size_t)(start - pattern), 256);
  ck_assert_uint_lt(*rest != '\0' ? (size_t)(rest - start) : strlen(start), 64);
  ck_assert_uint_lt((size_t)(start - pattern) + NAME_MAX + strlen(rest), 640);
}

START_TEST(every_path_fits_the_buffers)
{
  for (size_t i = 0; i < LENGTH(rows); i++) {
    const char *paths = rows[i].paths, *beside = rows[i].filter.beside;
    char word[256];
    unsigned count = 0;
    for (; next_path(&paths, word); count++) {
      assert_pattern_fits(word);
      ck_assert_msg(word[0] != '/' && strstr(word, "//") == NULL, "%s", word);
      /* The path of a bad file must not be cut. */
      ck_assert_uint_lt(strlen(word), sizeof(sample.sources->path));
      ck_assert(beside == NULL || strlen(word) + NAME_MAX + 1 + strlen(beside) < 640);
    }
    ck_assert_uint_ge(count, 1);
    if (source_rows[rows[i].source].is_file)
      ck_assert_str_eq(source_rows[rows[i].source].path, rows[i].paths);
  }
}
END_TEST

START_TEST(name_and_place_of_a_row_match_its_unit)
{
  for (size_t i = 0; i < LENGTH(rows); i++) {
    const struct row *row = &rows[i];
    bool counts = strcmp(row->unit, "COUNT") == 0 || strcmp(row->unit, "BIT") == 0 ||
                  strcmp(row->unit, "FILES") == 0;
    size_t length = strlen(row->name);
    bool named = length > 6 && strcmp(row->name + length - 6, "_count") == 0;
    ck_assert_msg(counts == named, "%s", row->name); /* reading.h */
    ck_assert_msg(!counts || strcmp(row->place, "PART") == 0, "%s", row->name);
    ck_assert_msg(row->field > 0 || strcmp(row->unit, "BIT") == 0, "%s", row->name);
    ck_assert(row->filter.beside == NULL || strchr(row->filter.beside, '/') == NULL);
  }
}
END_TEST

/* A path that the pattern matches, or a word that the glob matches. */
static void match(const char *pattern, char out[256])
{
  size_t used = 0;
  for (const char *at = pattern; *at != '\0'; at++) {
    if (*at == '*')
      continue;
    out[used++] = *at == '[' ? at[1] : *at;
    if (*at == '[')
      at = strchr(at, ']');
    if (at[1] == '*' && (at[2] == '/' || at[2] == '\0' || at[2] == ':'))
      out[used++] = '0';
  }
  out[used] = '\0';
}

/* One line with `number` where the row has its field. */
static void write_line(const struct row *row, const char *path, unsigned number)
{
  char text[256] = "";
  size_t used = 0;
  unsigned word = 0;
  struct scan keys = scan_string(row->key);
  for (struct span key; (key = scan_word(&keys)).length > 0; word++)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s ", (int)key.length,
                             span_is(key, "*") ? "7" : key.at);
  for (; word + 1 < row->field; word++)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "0 ");
  snprintf(text + used, sizeof(text) - used, "%u 99\n", number);
  tree_write(tree, path, strcmp(row->unit, "BIT") == 0 ? "0010\n" : text);
}

static void write_beside(const struct row *row, const char *path)
{
  char beside[300], word[256];
  if (row->filter.beside == NULL)
    return;
  snprintf(beside, sizeof(beside), "%.*s/%s", (int)(strrchr(path, '/') - path), path,
           row->filter.beside);
  match(row->filter.glob, word);
  strcat(word, "\n");
  tree_write(tree, beside, word);
}

static uint64_t bytes_of(const struct row *row, uint64_t number)
{
  uint64_t page = sample.page_size, room = page - 16;
  static const struct {
    const char *unit;
    uint64_t bytes;
  } units[] = {
      {"BYTES", 1}, {"KB", 1024}, {"PAGES_4K", 4096}, {"SLOTS", 2048}, {"COUNT", 1}};
  for (size_t i = 0; i < LENGTH(units); i++)
    if (strcmp(row->unit, units[i].unit) == 0)
      return number * units[i].bytes;
  if (strcmp(row->unit, "PAGES") == 0)
    return number * page;
  if (strcmp(row->unit, "RING_KB") == 0)
    return (number * 1024 + room - 1) / room * page;
  ck_assert(strcmp(row->unit, "BIT") == 0 || strcmp(row->unit, "FILES") == 0);
  return 1;
}

/* A folder counts as a file. */
static bool counts_above(const struct row *row, const char *path)
{
  return strcmp(row->unit, "FILES") == 0 && strstr(path, "/instances/") != NULL;
}

/* One file makes its row known, and no row of other files. */
static void assert_path_is_of(const struct row *row, const char *pattern, unsigned number)
{
  char path[256];
  begin();
  sample.page_size = number % 2 == 0 ? 4096 : 65536;
  match(pattern, path);
  write_line(row, path, number);
  write_beside(row, path);
  collect_once();
  assert_known(row->source, bytes_of(row, number));
  for (size_t i = 0; i < LENGTH(rows); i++)
    if (strcmp(rows[i].paths, row->paths) != 0 && !counts_above(&rows[i], path))
      assert_state(rows[i].source, READING_ABSENT);
  end();
}

START_TEST(every_path_of_a_row_is_read_in_its_unit)
{
  for (unsigned i = 0; i < LENGTH(rows); i++) {
    const char *paths = rows[i].paths;
    char word[256];
    while (next_path(&paths, word)) {
      assert_path_is_of(&rows[i], word, 100 + 2 * i);
      assert_path_is_of(&rows[i], word, 101 + 2 * i);
    }
  }
}
END_TEST

/* --- filters ------------------------------------------------------------------------ */

static const struct {
  const char *text;
  size_t length;
  bool matches;
} devices[] = {
#define DEVICE(text) text, sizeof(text) - 1
    {DEVICE("0x0005\n"), true},    {DEVICE(" 0x0005 x\n"), true},
    {DEVICE("0x0001\n"), false},   {DEVICE("0x00050\n"), false},
    {DEVICE("0x0005\r\n"), true},  {DEVICE("0x0005\0\n"), false},
    {DEVICE("x0x0005\n"), false},  {DEVICE("*\n"), false},
    {DEVICE("\n0x0005\n"), false}, {DEVICE("\xff\xff\n"), false},
};

START_TEST(beside_selects_files_by_the_first_word_of_another)
{
  for (size_t i = 0; i < LENGTH(devices); i++) {
    begin();
    tree_write_bytes(tree, VIRTIO "virtio0/device", devices[i].text, devices[i].length);
    tree_write(tree, VIRTIO "virtio0/features", "0010\n");
    collect_once();
    if (devices[i].matches)
      assert_known(SOURCE_virtio_deflate_on_oom_count, 1);
    else
      assert_state(SOURCE_virtio_deflate_on_oom_count, READING_ABSENT);
    end();
  }
}
END_TEST

START_TEST(a_long_word_in_the_file_beside_does_not_match)
{
  begin();
  char name[4096];
  memset(name, 's', sizeof(name));
  name[sizeof(name) - 1] = '\n';
  tree_write_bytes(tree, HEAP "1/exporter_name", name, sizeof(name));
  tree_write(tree, HEAP "1/size", "4096\n");
  memcpy(name, "system", 6);
  tree_write_bytes(tree, HEAP "2/exporter_name", name, sizeof(name));
  tree_write(tree, HEAP "2/size", "8192\n");
  collect_once();
  assert_known(SOURCE_dma_buf_heap, 8192); /* its beginning matches */
  end();
}
END_TEST

START_TEST(a_file_beside_that_is_cut_off_makes_the_sum_unknown)
{
  static const char *const names[] = {"", "sys", "system"};
  for (size_t i = 0; i < LENGTH(names); i++) {
    begin();
    tree_write(tree, HEAP "1/exporter_name", names[i]);
    tree_write(tree, HEAP "1/size", "4096\n");
    collect_once();
    assert_malformed(SOURCE_dma_buf_heap, HEAP "1/size",
                     "line is cut off at the end of the file beside it");
    end();
  }
}
END_TEST

START_TEST(without_the_file_beside_it_a_file_is_skipped)
{
  begin();
  tree_write(tree, HEAP "1/size", "4096\n");
  tree_write(tree, HEAP "2/size", "8192\n");
  collect_once();
  assert_state(SOURCE_dma_buf_heap, READING_ABSENT);
  tree_write(tree, HEAP "2/exporter_name", "system\n");
  collect_once();
  assert_known(SOURCE_dma_buf_heap, 8192);
  end();
}
END_TEST

START_TEST(an_unreadable_file_beside_makes_the_sum_unknown)
{
  begin();
  tree_write(tree, HEAP "1/exporter_name", "system\n");
  tree_write(tree, HEAP "1/size", "4096\n");
  tree_write(tree, HEAP "2/exporter_name", "i915\n");
  tree_write(tree, HEAP "2/size", "8192\n");
  deny(HEAP "2/exporter_name");
  collect_unprivileged();
  assert_failed(SOURCE_dma_buf_heap, HEAP "2/size", -EACCES);
  drop(HEAP "2/exporter_name");
  ck_assert_int_eq(mkfifo(tree_path(tree, HEAP "2/exporter_name"), 0644), 0);
  collect_once();
  assert_failed(SOURCE_dma_buf_heap, HEAP "2/size", -ENOTSUP);
  drop(HEAP "2/exporter_name");
  ck_assert_int_eq(mkdir(tree_path(tree, HEAP "2/exporter_name"), 0755), 0);
  collect_once();
  assert_failed(SOURCE_dma_buf_heap, HEAP "2/size", -EISDIR);
  end();
}
END_TEST

START_TEST(excepted_files_are_never_opened)
{
  begin();
  tree_write(tree, CMA "hugetlb0/total_pages", "x\n");
  tree_write(tree, CMA "hugetlb1/total_pages", "5\n");
  deny(CMA "hugetlb1/total_pages");
  collect_unprivileged();
  assert_state(SOURCE_cma_total, READING_ABSENT);
  tree_write(tree, CMA "myhugetlb/total_pages", "3\n");
  collect_unprivileged();
  assert_known(SOURCE_cma_total, 3 * 4096);
  end();
}
END_TEST

static const struct {
  const char *features;
  uint64_t want;
  bool malformed;
} features[] = {
    {"0010\n", 1, false},  {"1101111\n", 0, false}, {"001", 1, false},
    {"001 x\n", 1, false}, {"000\n", 0, false},     {"00\n", 0, true},
    {"", 0, true},         {"\n0010\n", 0, true},   {"0012\n", 0, true},
    {"0x4\n", 0, true},    {"001\r\n", 1, false},   {"-010\n", 0, true},
};

START_TEST(bit_is_a_character_of_the_first_word)
{
  for (size_t i = 0; i < LENGTH(features); i++) {
    begin();
    tree_write(tree, VIRTIO "virtio0/device", "0x0005\n");
    tree_write(tree, VIRTIO "virtio0/features", features[i].features);
    collect_once();
    if (features[i].malformed)
      assert_malformed(SOURCE_virtio_deflate_on_oom_count, VIRTIO "virtio0/features",
                       "not a string of bits");
    else
      assert_known(SOURCE_virtio_deflate_on_oom_count, features[i].want);
    end();
  }
}
END_TEST

START_TEST(bits_of_several_files_are_counted)
{
  begin();
  tree_write(tree, VIRTIO "virtio0/device", "0x0005\n");
  tree_write(tree, VIRTIO "virtio0/features", "0010\n");
  tree_write(tree, VIRTIO "virtio1/device", "0x0005\n");
  tree_write(tree, VIRTIO "virtio1/features", "0000\n");
  tree_write(tree, VIRTIO "virtio2/device", "0x0002\n");
  tree_write(tree, VIRTIO "virtio2/features", "no balloon\n");
  collect_once();
  assert_known(SOURCE_virtio_deflate_on_oom_count, 1);
  tree_write(tree, VIRTIO "virtio1/features", "0011\n");
  collect_once();
  assert_known(SOURCE_virtio_deflate_on_oom_count, 2);
  tree_write(tree, VIRTIO "virtio1/features", "0\n");
  collect_once();
  assert_state(SOURCE_virtio_deflate_on_oom_count, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(bits_do_not_continue_in_the_text_of_an_earlier_file)
{
  /* Fills the buffer, so that it has bits after those of the next file. */
  const size_t size = 4 * CONSUMER_FILE_MAX;
  char *zeros = malloc(size);
  memset(zeros, '0', size);
  begin();
  tree_write(tree, VIRTIO "virtio0/device", "0x0005\n");
  tree_write_bytes(tree, VIRTIO "virtio0/features", zeros, size);
  open_reader();
  collect();
  assert_failed(SOURCE_virtio_deflate_on_oom_count, VIRTIO "virtio0/features", -EFBIG);
  tree_write(tree, VIRTIO "virtio0/features",
             "00100000"); /* longer than the other file */
  collect();
  assert_known(SOURCE_virtio_deflate_on_oom_count, 1);
  tree_write(tree, VIRTIO "virtio0/features", "00");
  collect();
  assert_state(SOURCE_virtio_deflate_on_oom_count, READING_MALFORMED);
  consumers_close(reader);
  free(zeros);
  end();
}
END_TEST

/* --- alternatives ------------------------------------------------------------------- */

#define TOP       "buffer_total_size_kb"
#define PAYLOAD_2 "7\n"  /* two pages of 4 KiB */
#define PAYLOAD_3 "11\n" /* three */

START_TEST(second_group_is_read_only_if_all_of_the_first_are_absent)
{
  begin();
  tree_write(tree, DEBUG "tracing/" TOP, PAYLOAD_2);
  tree_write(tree, DEBUG "tracing/instances/a/" TOP, PAYLOAD_2);
  collect_once();
  assert_known(SOURCE_ftrace_rings, 4 * 4096);
  tree_write(tree, TRACING "instances/b/" TOP, PAYLOAD_3); /* of the first group */
  collect_once();
  assert_known(SOURCE_ftrace_rings, 3 * 4096);
  tree_write(tree, TRACING TOP, "many\n");
  collect_once();
  assert_malformed(SOURCE_ftrace_rings, TRACING TOP, "not a number");
  deny(TRACING TOP);
  collect_unprivileged();
  assert_failed(SOURCE_ftrace_rings, TRACING TOP, -EACCES);
  end();
}
END_TEST

START_TEST(group_whose_directory_is_closed_is_not_absent)
{
  begin();
  tree_write(tree, TRACING TOP, PAYLOAD_2);
  tree_write(tree, DEBUG "tracing/" TOP, PAYLOAD_2);
  deny("sys/kernel/tracing");
  collect_unprivileged();
  assert_failed(SOURCE_ftrace_rings, TRACING TOP, -EACCES);
  allow("sys/kernel/tracing");
  end();
}
END_TEST

START_TEST(instances_are_summed_without_their_expanded_sizes)
{
  begin();
  tree_write(tree, TRACING TOP, "7 (expanded: 1408)\n");
  collect_once();
  assert_known(SOURCE_ftrace_rings, 2 * 4096);
  tree_write(tree, TRACING "instances/a/" TOP, PAYLOAD_3);
  tree_write(tree, TRACING "instances/b/" TOP, "0\n");
  tree_write(tree, TRACING "instances/c/other", "no such file in here\n");
  collect_once();
  assert_known(SOURCE_ftrace_rings, 5 * 4096);
  tree_write(tree, TRACING "instances/b/" TOP, "(expanded: 7)\n");
  collect_once();
  assert_malformed(SOURCE_ftrace_rings, TRACING "instances/b/" TOP, "not a number");
  end();
}
END_TEST

/* --- bad files ---------------------------------------------------------------------- */

#define BUFINFO DEBUG "dma_buf/bufinfo"

static const struct {
  enum source source;
  const char *path, *text;
  const char *cause; /* NULL: known */
  uint64_t want;
} texts[] = {
    /* A key of several words, after lines that begin alike. */
    {SOURCE_dma_buf, BUFINFO,
     "Total 3 devices attached\n\nTotal 0 devices attached\n\nTotal 9 objects, 77 "
     "bytes\n",
     NULL, 77},
    {SOURCE_dma_buf, BUFINFO, "Total 3 devices attached\n", "line not found", 0},
    {SOURCE_dma_buf, BUFINFO, "Total objects, 3 77 bytes\n", "line not found", 0},
    {SOURCE_dma_buf, BUFINFO, "Total 9 objects 77 bytes\n", "line not found", 0},
    {SOURCE_dma_buf, BUFINFO, "SubTotal 9 objects, 77 bytes\n", "line not found", 0},
    {SOURCE_dma_buf, BUFINFO, "Total 9 objects, many bytes\n", "not a number", 0},
    {SOURCE_dma_buf, BUFINFO, "Total 9 objects,\n", "not a number", 0},
    {SOURCE_dma_buf, BUFINFO, "", "line not found", 0},
    /* Cut off: a number at the very end may continue. */
    {SOURCE_dma_buf, BUFINFO, "Total 9 objects, 77",
     "line is cut off at the end of the file", 0},
    {SOURCE_dma_buf, BUFINFO, "Total 9 objects, 77 by", NULL, 77},
    {SOURCE_dma_buf, BUFINFO, "Total 9 obj", "line not found", 0},
    {SOURCE_tcp_mem, "proc/net/sockstat", "TCP: inuse 3 orphan 0 tw 7 alloc 5 mem 1",
     "line is cut off at the end of the file", 0},
    {SOURCE_zram, "sys/block/zram0/mm_stat", "4096 74 122",
     "line is cut off at the end of the file", 0},
    {SOURCE_zram, "sys/block/zram0/mm_stat", "4096 74 12288 0 12", NULL, 12288},
    {SOURCE_zram, "sys/block/zram0/mm_stat", "4096 74", "not a number", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "4096",
     "line is cut off at the end of the file", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "", "line not found", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "\n4096\n", "not a number", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "-1\n", "not a number", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "0x1000\n", "not a number", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "18446744073709551615\n",
     "number out of range", 0},
    {SOURCE_crashkernel, "sys/kernel/kexec_crash_size", "9223372036854775807\n", NULL,
     INT64_MAX},
    {SOURCE_vmware_current, DEBUG "vmmemctl", "current : 2251799813685248\n",
     "number out of range", 0}, /* 2^63 bytes */
    {SOURCE_vmware_current, DEBUG "vmmemctl", "target : 1\n", "line not found", 0},
    {SOURCE_ftrace_rings, TRACING TOP, "9007199254740992\n", "number out of range", 0},
};

START_TEST(bad_number_is_malformed_and_its_file_named)
{
  for (size_t i = 0; i < LENGTH(texts); i++) {
    begin();
    tree_write(tree, texts[i].path, texts[i].text);
    tree_write(tree, DEBUG "ramdisk_pages/ram0", "3\n");
    collect_once();
    if (texts[i].cause != NULL)
      assert_malformed(texts[i].source, texts[i].path, texts[i].cause);
    else
      assert_known(texts[i].source, texts[i].want);
    assert_known(SOURCE_brd, 3 * 4096);
    end();
  }
}
END_TEST

START_TEST(closed_file_or_directory_denies_only_its_rows)
{
  begin();
  write_machine();
  deny("sys/block/zram0/mm_stat");
  deny("sys/kernel/debug");
  collect_unprivileged();
  assert_failed(SOURCE_zram, "sys/block/zram0/mm_stat", -EACCES);
  assert_failed(SOURCE_vmware_current, DEBUG "vmmemctl", -EACCES);
  assert_failed(SOURCE_brd, DEBUG "ramdisk_pages/ram*", -EACCES);
  for (size_t i = 0; i < LENGTH(wants); i++) {
    const char *paths = row_of(wants[i].source)->paths;
    if (strncmp(paths, DEBUG, sizeof(DEBUG) - 1) == 0)
      assert_state(wants[i].source, READING_DENIED);
    else if (wants[i].source != SOURCE_zram)
      assert_known(wants[i].source, wants[i].small);
  }
  allow("sys/kernel/debug");
  end();
}
END_TEST

START_TEST(malformed_outweighs_denied_and_the_first_bad_file_is_named)
{
  begin();
  tree_write(tree, "sys/block/zram0/mm_stat", "0 0 1\n");
  tree_write(tree, "sys/block/zram1/mm_stat", "0 0 2\n");
  tree_write(tree, "sys/block/zram2/mm_stat", "0 0 x\n");
  deny("sys/block/zram1/mm_stat");
  collect_unprivileged();
  assert_state(SOURCE_zram, READING_MALFORMED);
  const char *path = sample.sources[SOURCE_zram].path;
  int error = sample.sources[SOURCE_zram].error;
  ck_assert(strcmp(path, error == 0 ? "sys/block/zram2/mm_stat"
                                    : "sys/block/zram1/mm_stat") == 0);
  end();
}
END_TEST

START_TEST(file_that_vanishes_while_listed_is_not_an_error)
{
  begin();
  write_machine();
  open_reader();
  refuse("*zram11/mm_stat", -ENOENT);
  collect();
  assert_known(SOURCE_zram, 12288);
  ck_assert_uint_eq(sample.sources[SOURCE_zram].parse_error.count, 0);
  ck_assert_str_eq(sample.sources[SOURCE_zram].path, "");
  refuse("*exporter_name", -ENOENT);
  collect();
  assert_state(SOURCE_dma_buf_heap, READING_ABSENT);
  refuse("*/mm_stat", -ENOENT);
  collect();
  assert_state(SOURCE_zram, READING_ABSENT);
  consumers_close(reader);
  end();
}
END_TEST

static const struct {
  enum source source;
  const char *path;
  const char *text[2]; /* at MemTotal of 1000000 bytes, and just above */
  bool bounded;
} places[] = {
    {SOURCE_zram, "sys/block/zram0/mm_stat", {"0 0 1000000\n", "0 0 1000001\n"}, true},
    {SOURCE_zfs_linear,
     "proc/spl/kstat/zfs/abdstats",
     {"linear_data_size 4 1000000\n", "linear_data_size 4 1000001\n"},
     true},
    {SOURCE_crashkernel,
     "sys/kernel/kexec_crash_size",
     {"1000000\n", "1000001\n"},
     false},
    {SOURCE_amdgpu_gtt,
     "sys/bus/pci/drivers/amdgpu/0:0/mem_info_gtt_used",
     {"1000000\n", "1000001\n"},
     false},
    {SOURCE_zswap_pool, DEBUG "zswap/pool_total_size", {"1000000\n", "1000001\n"}, false},
};

START_TEST(only_hidden_and_inside_rows_are_bounded_by_mem_total)
{
  for (size_t i = 0; i < 2 * LENGTH(places); i++) {
    const size_t place = i / 2, above = i % 2;
    begin();
    sample.meminfo.mem_total = reading_known(1000000);
    tree_write(tree, places[place].path, places[place].text[above]);
    collect_once();
    if (above != 0 && places[place].bounded)
      assert_malformed(places[place].source, places[place].path, "above MemTotal");
    else
      assert_known(places[place].source, 1000000 + above);
    sample.meminfo.mem_total = reading_missing(READING_ABSENT); /* without a bound */
    collect_once();
    assert_known(places[place].source, 1000000 + above);
    end();
  }
}
END_TEST

START_TEST(sum_above_mem_total_is_malformed_even_if_its_parts_are_below)
{
  begin();
  sample.meminfo.mem_total = reading_known(1000000);
  tree_write(tree, "sys/block/zram0/mm_stat", "0 0 600000\n");
  tree_write(tree, "sys/block/zram1/mm_stat", "0 0 400000\n");
  collect_once();
  assert_known(SOURCE_zram, 1000000);
  tree_write(tree, "sys/block/zram1/mm_stat", "0 0 400001\n");
  collect_once();
  assert_state(SOURCE_zram, READING_MALFORMED);
  ck_assert_str_eq(sample.sources[SOURCE_zram].parse_error.cause, "above MemTotal");
  end();
}
END_TEST

START_TEST(sum_out_of_range_is_malformed)
{
  begin();
  for (unsigned i = 0; i < 3; i++) {
    char path[96];
    snprintf(path, sizeof(path), "sys/bus/pci/drivers/amdgpu/0:%u/mem_info_gtt_used", i);
    tree_write(tree, path, "9223372036854775807\n");
  }
  collect_once();
  assert_state(SOURCE_amdgpu_gtt, READING_MALFORMED);
  const struct source_status *status = &sample.sources[SOURCE_amdgpu_gtt];
  ck_assert_str_eq(status->parse_error.cause, "number out of range");
  ck_assert_str_ne(status->path, "");
  end();
}
END_TEST

/* --- bounds ------------------------------------------------------------------------- */

START_TEST(file_above_the_size_limit_affects_only_its_row)
{
  begin();
  write_machine();
  drop("sys/block/zram11/mm_stat");
  char *text = malloc(CONSUMER_FILE_MAX + 1);
  memset(text, ' ', CONSUMER_FILE_MAX + 1);
  memcpy(text, "0 0 20480 0\n", 12);
  text[CONSUMER_FILE_MAX - 1] = '\n';
  tree_write_bytes(tree, "sys/block/zram0/mm_stat", text, CONSUMER_FILE_MAX);
  open_reader();
  collect();
  assert_machine_but("");
  tree_write_bytes(tree, "sys/block/zram0/mm_stat", text, CONSUMER_FILE_MAX + 1);
  collect();
  assert_failed(SOURCE_zram, "sys/block/zram0/mm_stat", -EFBIG);
  for (size_t i = 0; i < LENGTH(wants); i++)
    if (wants[i].source != SOURCE_zram)
      assert_known(wants[i].source, wants[i].small);
  consumers_close(reader);
  free(text);
  end();
}
END_TEST

/* Without the file, so that they cost little. */
static void make_zrams(unsigned from, unsigned to)
{
  char path[64];
  for (unsigned i = from; i < to; i++) {
    snprintf(path, sizeof(path), "sys/block/zram%u", i);
    ck_assert_int_eq(mkdir(tree_path(tree, path), 0755), 0);
  }
}

START_TEST(more_files_than_the_limit_affect_only_their_row)
{
  begin();
  tree_write(tree, "sys/block/zram0/mm_stat", "0 0 4096\n");
  tree_write(tree, DEBUG "ramdisk_pages/ram0", "3\n");
  make_zrams(1, CONSUMER_FILES_MAX);
  open_reader();
  collect_until_all_answer(); /* so many may take longer than the patience */
  assert_known(SOURCE_zram, 4096);
  make_zrams(CONSUMER_FILES_MAX, CONSUMER_FILES_MAX + 1);
  collect_until_all_answer();
  assert_failed(SOURCE_zram, "sys/block/zram*/mm_stat", -E2BIG);
  assert_known(SOURCE_brd, 3 * 4096);
  consumers_close(reader);
  end();
}
END_TEST

START_TEST(irregular_files_are_malformed_and_do_not_block)
{
  static const char path[] = "sys/block/zram0/mm_stat";
  static const int errors[] = {-ENOTSUP, -EISDIR, -ENXIO, -ELOOP};
  for (size_t i = 0; i < LENGTH(errors); i++) {
    begin();
    write_machine();
    drop(path);
    const char *full = tree_path(tree, path);
    const int made[] = {i == 0 ? mkfifo(full, 0644) : 0, i == 1 ? mkdir(full, 0755) : 0,
                        i == 2 ? mknod(full, S_IFSOCK | 0644, 0) : 0,
                        i == 3 ? symlink("mm_stat", full) : 0};
    ck_assert_int_eq(made[i], 0);
    collect_once();
    assert_failed(SOURCE_zram, path, errors[i]);
    assert_known(SOURCE_zswap_pool, 40960);
    assert_known(SOURCE_hpage_pmd_size, 2097152);
    end();
  }
}
END_TEST

/* The name of a device reaches logs and terminals through its path. */
START_TEST(path_of_a_bad_file_is_printable)
{
  begin();
  write_machine();
  tree_write(tree, "sys/block/zram\033[2J\nerror: \342\200\256x\377/mm_stat", "bad\n");
  collect_once();
  assert_malformed(SOURCE_zram, "sys/block/zram?[2J?error:????x?/mm_stat",
                   "not a number");
  end();
}
END_TEST

START_TEST(file_in_place_of_a_directory_is_absent)
{
  begin();
  tree_write(tree, "sys/block", "a file\n");
  tree_write(tree, "sys/kernel/debug", "a file\n");
  collect_once();
  for (size_t i = 0; i < LENGTH(rows); i++)
    assert_state(rows[i].source, READING_ABSENT);
  end();
}
END_TEST

/* --- what hangs --------------------------------------------------------------------- */

/* Seconds that a sample may take, and one more for the machine that runs the test. */
static const double most = (CONSUMERS_HUNG_MAX + 1) * 2 * PATIENCE + 1;

/* A reader of a tree with all rows. */
static void begin_with_machine(void)
{
  begin();
  write_machine();
  open_reader();
}

START_TEST(row_that_hangs_times_out_and_the_others_are_read)
{
  begin_with_machine();
  hang("sys/block/zram0*");
  double start = now();
  collect();
  ck_assert(now() - start >= PATIENCE);
  ck_assert(now() - start < most);
  assert_machine_but("sys/block/");
  ck_assert_uint_eq(hanging(), 1);
  let_go();
  consumers_close(reader);
  end();
}
END_TEST

START_TEST(row_that_hangs_is_waited_for_only_once)
{
  begin_with_machine();
  hang("sys/block/zram0*");
  count_opened("sys/block/zram0*");
  collect();
  ck_assert_uint_eq(opened(), 1);
  double start = now();
  for (int i = 0; i < 5; i++) {
    collect();
    assert_machine_but("sys/block/");
  }
  ck_assert(now() - start < 5 * PATIENCE);
  ck_assert_uint_eq(opened(), 1);
  ck_assert_uint_eq(hanging(), 1);
  let_go();
  consumers_close(reader);
  end();
}
END_TEST

START_TEST(row_that_answers_again_is_read_again)
{
  begin_with_machine();
  collect();
  assert_machine_but("");
  hang("sys/block/zram0*");
  collect();
  assert_machine_but("sys/block/"); /* not the number of the sample before */
  tree_write(tree, "sys/block/zram0/mm_stat", "0 0 4096 0\n");
  let_go();
  collect_until_all_answer();
  assert_known(SOURCE_zram, 4096 + 8192);
  hang("sys/block/zram0*"); /* and is waited for again */
  count_opened("sys/block/zram0*");
  collect();
  assert_machine_but("sys/block/");
  ck_assert_uint_eq(opened(), 1);
  let_go();
  consumers_close(reader);
  end();
}
END_TEST

START_TEST(directory_that_hangs_affects_only_its_row)
{
  begin_with_machine();
  hang("sys/bus/pci/drivers/amdgpu/*");
  collect();
  assert_machine_but("sys/bus/pci/");
  let_go();
  collect_until_all_answer();
  assert_machine_but("");
  consumers_close(reader);
  end();
}
END_TEST

START_TEST(several_rows_may_hang_at_a_time)
{
  begin_with_machine();
  unsigned of_cma = 0;
  for (size_t i = 0; i < LENGTH(rows); i++)
    of_cma += strncmp(rows[i].paths, CMA, sizeof(CMA) - 1) == 0;
  ck_assert_uint_gt(of_cma, 1);
  ck_assert_uint_le(of_cma, CONSUMERS_HUNG_MAX);
  hang(CMA "*");
  collect();
  assert_machine_but(CMA);
  ck_assert_uint_eq(hanging(), of_cma);
  let_go();
  collect_until_all_answer();
  assert_machine_but("");
  consumers_close(reader);
  end();
}
END_TEST

/* Each row has timed out, or has its present value; rows below `prefix` have timed out.
 */
static void assert_nothing_stale(const char *prefix)
{
  for (size_t i = 0; i < LENGTH(wants); i++) {
    const struct row *row = row_of(wants[i].source);
    if (does_not_answer(row))
      continue;
    ck_assert_msg(strncmp(row->paths, prefix, strlen(prefix)) != 0, "%s", row->name);
    if (wants[i].source == SOURCE_zfs_linear)
      assert_known(SOURCE_zfs_linear, 5);
    else if (strcmp(row->paths, row_of(SOURCE_zfs_linear)->paths) != 0)
      assert_known(wants[i].source, wants[i].small);
  }
}

static const char zfs_now[] = "scatter_data_size 4 5\nscatter_chunk_waste 4 5\n"
                              "linear_data_size 4 5\n";

START_TEST(when_too_many_hang_the_rest_times_out_and_nothing_is_stale)
{
  begin_with_machine();
  collect();
  assert_machine_but("");
  tree_write(tree, "proc/spl/kstat/zfs/abdstats", zfs_now);
  hang("sys/*");
  double start = now();
  collect();
  ck_assert(now() - start >= (CONSUMERS_HUNG_MAX + 1) * PATIENCE);
  ck_assert(now() - start < most);
  assert_nothing_stale("sys/");
  ck_assert_uint_eq(hanging(), CONSUMERS_HUNG_MAX + 1);
  start = now();
  collect(); /* at once: the current worker hangs */
  ck_assert(now() - start < CONSUMERS_HUNG_MAX * PATIENCE);
  for (size_t i = 0; i < LENGTH(rows); i++)
    ck_assert_msg(does_not_answer(&rows[i]), "%s answers", rows[i].name);
  ck_assert_uint_eq(hanging(), CONSUMERS_HUNG_MAX + 1);
  write_machine();
  let_go();
  collect_until_all_answer();
  assert_machine_but("");
  consumers_close(reader);
  end();
}
END_TEST

/* --- closing ------------------------------------------------------------------------ */

static unsigned open_files(void)
{
  unsigned count = 0;
  DIR *directory = opendir("/proc/self/fd");
  ck_assert_ptr_nonnull(directory);
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

/* The last thread closes the root. */
static void assert_all_is_freed(unsigned files_before)
{
  double until = now() + 30;
  while (open_files() != files_before && now() < until)
    usleep(1000);
  ck_assert_uint_eq(open_files(), files_before);
  usleep(50 * 1000); /* until the thread has ended */
}

START_TEST(close_does_not_wait_for_rows_that_hang_and_frees_later)
{
  begin();
  write_machine();
  unsigned before = open_files();
  open_reader();
  hang("sys/block/zram0*");
  collect();
  double start = now();
  consumers_close(reader); /* the worker that hangs is left behind */
  ck_assert(now() - start < SUPERVISOR_CLOSE_WAIT / 2);
  ck_assert_uint_gt(open_files(), before);
  let_go();
  assert_all_is_freed(before);
  end();
}
END_TEST

START_TEST(close_waits_a_second_for_a_current_worker_that_hangs)
{
  begin();
  write_machine();
  unsigned before = open_files();
  open_reader();
  hang("sys/*");
  collect();
  ck_assert_uint_eq(hanging(), CONSUMERS_HUNG_MAX + 1);
  double start = now();
  consumers_close(reader);
  ck_assert(now() - start < 1.5 * SUPERVISOR_CLOSE_WAIT);
  let_go();
  assert_all_is_freed(before);
  end();
}
END_TEST

START_TEST(close_frees_at_once_when_no_row_hangs_any_more)
{
  begin();
  write_machine();
  unsigned before = open_files();
  open_reader();
  hang("sys/block/zram0*");
  collect();
  let_go();
  collect_until_all_answer();
  assert_machine_but("");
  consumers_close(reader);
  ck_assert_uint_eq(open_files(), before);
  consumers_close(NULL); /* does nothing */
  end();
}
END_TEST

SUITE_MAIN("consumers", rows_read_the_kernels_output,
           in_an_empty_tree_all_rows_are_absent_whatever_out_held,
           a_function_is_called_for_a_live_root_only,
           tree_of_a_live_root_is_not_read_for_each_sample, every_path_fits_the_buffers,
           name_and_place_of_a_row_match_its_unit,
           every_path_of_a_row_is_read_in_its_unit,
           beside_selects_files_by_the_first_word_of_another,
           a_long_word_in_the_file_beside_does_not_match,
           a_file_beside_that_is_cut_off_makes_the_sum_unknown,
           without_the_file_beside_it_a_file_is_skipped,
           an_unreadable_file_beside_makes_the_sum_unknown,
           excepted_files_are_never_opened, bit_is_a_character_of_the_first_word,
           bits_of_several_files_are_counted,
           bits_do_not_continue_in_the_text_of_an_earlier_file,
           second_group_is_read_only_if_all_of_the_first_are_absent,
           group_whose_directory_is_closed_is_not_absent,
           instances_are_summed_without_their_expanded_sizes,
           bad_number_is_malformed_and_its_file_named,
           closed_file_or_directory_denies_only_its_rows,
           malformed_outweighs_denied_and_the_first_bad_file_is_named,
           file_that_vanishes_while_listed_is_not_an_error,
           only_hidden_and_inside_rows_are_bounded_by_mem_total,
           sum_above_mem_total_is_malformed_even_if_its_parts_are_below,
           sum_out_of_range_is_malformed, file_above_the_size_limit_affects_only_its_row,
           more_files_than_the_limit_affect_only_their_row,
           irregular_files_are_malformed_and_do_not_block,
           path_of_a_bad_file_is_printable, file_in_place_of_a_directory_is_absent,
           row_that_hangs_times_out_and_the_others_are_read,
           row_that_hangs_is_waited_for_only_once, row_that_answers_again_is_read_again,
           directory_that_hangs_affects_only_its_row, several_rows_may_hang_at_a_time,
           when_too_many_hang_the_rest_times_out_and_nothing_is_stale,
           close_does_not_wait_for_rows_that_hang_and_frees_later,
           close_waits_a_second_for_a_current_worker_that_hangs,
           close_frees_at_once_when_no_row_hangs_any_more)
