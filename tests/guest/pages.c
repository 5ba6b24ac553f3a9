/* SPDX-License-Identifier: MIT */
/* usage: pages PAGES/CPUS/UNITS [NAME EVERY [PROCESS_GROUP]]
 * Counts the pages of each class in /proc/kpageflags, and prints them as JSON, in bytes.
 * `unaccounted` is the truth of tests/guest/run: the pages without a class, less those
 * that the kernel counts but does not mark. The argument is the layout of per-CPU memory
 * in the boot log: pages of each CPU in the first chunk, which is in Percpu, but not in
 * MemTotal; possible CPUs; units, all of which are in Percpu, though some may have no CPU
 * and no pages (mm/percpu.c: pcpu_nr_pages).
 * With NAME, each line on standard input is a sample: it goes to NAME.tool, and the count
 * after it to NAME.truth, while the processes of the group are stopped. The counters of
 * CPUs are refreshed at first and after so many counts; if that is more than 1, a count
 * after it goes to NAME.refreshed. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kernel-page-flags.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* include/linux/kernel-page-flags.h: not for user space, but in the file. */
enum { KPF_RESERVED_INTERNAL = 32, KPF_MAPPEDTODISK_INTERNAL = 34 };
#define FLAG(bit) (UINT64_C(1) << (bit))

/* The sum of the numbers that follow `key` in a file; 0 if there is none. */
static int64_t sum_of(const char *path, const char *key)
{
  FILE *file = fopen(path, "re");
  char line[512];
  int64_t sum = 0;
  size_t length = strlen(key);
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    const char *at = line + strspn(line, " ");
    if (strncmp(at, key, length) == 0 && (at[length] == ':' || at[length] == ' '))
      sum += strtoll(at + length + 1, NULL, 10);
  }
  if (file != NULL)
    fclose(file);
  return sum;
}

static int64_t meminfo(const char *key)
{
  return sum_of("/proc/meminfo", key) * 1024;
}

static bool has_line(const char *path, const char *text, const char *and_text)
{
  FILE *file = fopen(path, "re");
  char line[512];
  bool found = false;
  while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
    found = strstr(line, text) != NULL && strstr(line, and_text) != NULL;
  if (file != NULL)
    fclose(file);
  return found;
}

/* Whether kernel stacks are part of something else: of vmalloc (CONFIG_VMAP_STACK), where
 * the functions that allocate stacks then own areas; of slab, where they are smaller than
 * a page (kernel/fork.c: thread_stack_cache), as with the 64 KiB pages of ppc64. */
static bool stacks_are_counted(void)
{
  static const char *const owners[] = {"kernel_clone", "dup_task_struct", "copy_process",
                                       "fork_idle"};
  for (size_t i = 0; i < sizeof(owners) / sizeof(*owners); i++)
    if (has_line("/proc/vmallocinfo", owners[i], " vmalloc"))
      return true;
  return has_line("/proc/slabinfo", "thread_stack ", "");
}

/* --- classes --------------------------------------------------------------------------
 */

enum page_class {
  FREE,
  SLAB,
  HUGETLB,
  ZERO,
  LRU,
  PGTABLE,
  OFFLINE,
  HWPOISON,
  ANON,
  FILE_CACHE,
  BARE,
  CLASSES
};
static const char *const class_names[] = {"free", "slab",    "hugetlb", "zero",
                                          "lru",  "pgtable", "offline", "hwpoison",
                                          "anon", "file",    "bare"};

/* The first class that fits. Zero pages are in no counter. Tails of large folios have THP
 * and not LRU. Anonymous and cached pages that are not on a list are on their way there.
 * UPTODATE alone is no cached page: since 6.17 zsmalloc's have it (PG_movable_ops). */
static enum page_class class_of(uint64_t flags)
{
  const uint64_t swap_backed = FLAG(KPF_SWAPBACKED) | FLAG(KPF_UPTODATE);
  const uint64_t used = FLAG(KPF_REFERENCED) | FLAG(KPF_DIRTY) | FLAG(KPF_WRITEBACK);
  if (flags & FLAG(KPF_BUDDY))
    return FREE;
  if (flags & FLAG(KPF_SLAB))
    return SLAB;
  if (flags & FLAG(KPF_HUGE))
    return HUGETLB;
  if (flags & FLAG(KPF_ZERO_PAGE))
    return ZERO;
  if (flags & (FLAG(KPF_LRU) | FLAG(KPF_THP)))
    return LRU;
  if (flags & FLAG(KPF_PGTABLE))
    return PGTABLE;
  if (flags & FLAG(KPF_OFFLINE))
    return OFFLINE;
  if (flags & FLAG(KPF_HWPOISON))
    return HWPOISON;
  if ((flags & (FLAG(KPF_ANON) | FLAG(KPF_SWAPCACHE))) ||
      (flags & swap_backed) == swap_backed)
    return ANON;
  if ((flags & FLAG(KPF_MAPPEDTODISK_INTERNAL)) ||
      ((flags & FLAG(KPF_UPTODATE)) && (flags & used) != 0))
    return FILE_CACHE;
  return BARE;
}

enum { CHUNK = 1 << 16, PASSES = 5, PCP_CHANGE = 8 };
static uint64_t flags[CHUNK];

/* Counts the pages of each class, of those that have a struct page and are not reserved.
 */
static bool count_pages(int64_t count[CLASSES])
{
  int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
  ssize_t size;
  if (fd < 0)
    return false;
  memset(count, 0, CLASSES * sizeof(*count));
  while ((size = read(fd, flags, sizeof(flags))) > 0)
    for (size_t i = 0; i < (size_t)size / sizeof(*flags); i++)
      if ((flags[i] & (FLAG(KPF_NOPAGE) | FLAG(KPF_RESERVED_INTERNAL))) == 0)
        count[class_of(flags[i])]++;
  close(fd);
  return size == 0;
}

/* The pages in the lists of free pages per CPU, which have no class. */
static int64_t pcp_pages(void)
{
  return sum_of("/proc/zoneinfo", "count");
}

/* Counts again while pages move between these lists and the others. */
static bool count_calm(int64_t count[CLASSES], int64_t *pcp)
{
  memset(flags, 1, sizeof(flags)); /* allocated before anything is counted */
  for (int pass = 0; pass < PASSES; pass++) {
    int64_t before = pcp_pages();
    if (!count_pages(count))
      return false;
    int64_t after = pcp_pages();
    *pcp = (before + after) / 2;
    if (llabs(after - before) <= PCP_CHANGE)
      break;
  }
  return true;
}

static void print(FILE *out, const char *name, int64_t bytes)
{
  fprintf(out, "\"%s\": %" PRId64 ", ", name, bytes);
}

static int64_t boot_pages, cpus, units; /* of per-CPU memory */

/* Makes bytes of pages, and prints them; returns their sum. */
static int64_t print_classes(FILE *out, int64_t count[CLASSES], int64_t page)
{
  int64_t total = 0;
  for (int i = 0; i < CLASSES; i++) {
    count[i] *= page;
    total += count[i];
    print(out, class_names[i], count[i]);
  }
  print(out, "total", total);
  return total;
}

/* Counts, and prints a line. Exits on an error. */
static void print_count(FILE *out)
{
  int64_t count[CLASSES], pcp, page = sysconf(_SC_PAGESIZE);
  if (!count_calm(count, &pcp)) {
    perror("pages: /proc/kpageflags");
    exit(1);
  }
  fputs("{", out);
  int64_t total = print_classes(out, count, page);
  pcp *= page;
  int64_t vmalloc = meminfo("VmallocUsed");
  int64_t percpu = (meminfo("Percpu") / units - boot_pages * page) * cpus;
  /* kmalloc() of more than two pages: counted in Slab, but not marked. */
  int64_t large_kmalloc = meminfo("Slab") - count[SLAB];
  int64_t stacks = stacks_are_counted() ? 0 : meminfo("KernelStack");
  int64_t iommu = meminfo("SecPageTables");
  /* Balloons without DEFLATE_ON_OOM have taken their pages out of MemTotal. What is
   * freed late at boot is in MemTotal, but stays reserved (mm/memblock.c:
   * memblock_free_late). */
  int64_t outside = total - meminfo("MemTotal");
  if (count[OFFLINE] == 0 && outside > 0)
    outside = 0;
  print(out, "page", page);
  print(out, "pcp", pcp);
  print(out, "vmalloc", vmalloc);
  print(out, "percpu", percpu);
  print(out, "large_kmalloc", large_kmalloc);
  print(out, "stacks", stacks);
  print(out, "iommu", iommu);
  print(out, "outside", outside);
  fprintf(out, "\"unaccounted\": %" PRId64 "}\n",
          count[BARE] + count[ZERO] + count[OFFLINE] - pcp - vmalloc - percpu -
              large_kmalloc - stacks - iommu - outside);
  fflush(out);
}

static FILE *open_result(const char *name, const char *suffix)
{
  char path[512];
  snprintf(path, sizeof(path), "%s.%s", name, suffix);
  FILE *file = fopen(path, "we");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  return file;
}

/* Makes all CPUs add their counters to the global ones. */
static void refresh_counters(void)
{
  FILE *file = fopen("/proc/sys/vm/stat_refresh", "re");
  if (file != NULL) {
    fgetc(file);
    fclose(file);
  }
}

/* Counts after each sample on standard input. Starts no process meanwhile. */
static void follow(const char *name, long every, pid_t group)
{
  FILE *samples = open_result(name, "tool"), *truth = open_result(name, "truth");
  FILE *refreshed = open_result(name, "refreshed");
  char *line = NULL;
  size_t size = 0;
  refresh_counters();
  print_count(refreshed);
  for (long number = 1; getline(&line, &size, stdin) > 0; number++) {
    if (group > 0)
      kill(-group, SIGSTOP);
    fputs(line, samples);
    print_count(truth);
    if (number % every == 0) {
      refresh_counters();
      if (every > 1)
        print_count(refreshed);
    }
    if (group > 0)
      kill(-group, SIGCONT);
  }
  fclose(samples);
}

int main(int argc, char **argv)
{
  const char *layout = "%" SCNd64 "/%" SCNd64 "/%" SCNd64;
  long every = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
  if (argc < 2 || argc == 3 || argc > 5 || every < 1 ||
      sscanf(argv[1], layout, &boot_pages, &cpus, &units) != 3 || units == 0) {
    fprintf(stderr, "usage: pages PAGES/CPUS/UNITS [NAME EVERY [PROCESS_GROUP]]\n");
    return 2;
  }
  if (argc == 2)
    print_count(stdout);
  else
    follow(argv[2], every, argc > 4 ? (pid_t)strtol(argv[4], NULL, 10) : 0);
  return 0;
}
