/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/explain.h"
#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE  ((uint64_t)4096)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

/* --- a machine: every page of MemTotal is in exactly one population -------------------
 */

/* POPULATION(name, STEP): STEP pages are added and removed together. */
#define POPULATIONS                                                                      \
  POPULATION(free, 1)                                                                    \
  POPULATION(pcp, 1)                                                                     \
  POPULATION(anon_active, 1)                                                             \
  POPULATION(anon_inactive, 1)                                                           \
  POPULATION(anon_locked, 1)                                                             \
  POPULATION(anon_isolated, 1)                                                           \
  POPULATION(swap_cache, 1) /* unmapped, on the inactive anon list */                    \
  POPULATION(file_active, 1)                                                             \
  POPULATION(file_inactive, 1)                                                           \
  POPULATION(file_mapped, 1) /* active, mapped by the process */                         \
  POPULATION(file_isolated, 1)                                                           \
  POPULATION(ramfs, 1) /* unevictable page cache */                                      \
  POPULATION(shmem_active, 1)                                                            \
  POPULATION(shmem_mapped, 1) /* inactive */                                             \
  POPULATION(buffers_active, 1)                                                          \
  POPULATION(buffers_inactive, 1)                                                        \
  POPULATION(slab_reclaimable, 1)                                                        \
  POPULATION(slab_unreclaimable, 1)                                                      \
  POPULATION(misc_reclaimable, 1)                                                        \
  POPULATION(vmalloc, 1)                                                                 \
  POPULATION(modules, 1)                                                                 \
  POPULATION(stacks, 4)                                                                  \
  POPULATION(page_tables, 1)                                                             \
  POPULATION(sec_page_tables, 1)                                                         \
  POPULATION(percpu, 1) /* without the first chunk, which is outside MemTotal */         \
  POPULATION(huge_2m, 512)                                                               \
  POPULATION(huge_4m, 1024)                                                              \
  POPULATION(corrupted, 1)                                                               \
  POPULATION(bounce, 1)                                                                  \
  POPULATION(writeback_tmp, 1)                                                           \
  POPULATION(x, 1) /* in no line of any file */

enum {
#define POPULATION(name, step) POPULATION_##name,
  POPULATIONS
#undef POPULATION
      POPULATION_COUNT
};

struct machine {
  union {
    struct {
#define POPULATION(name, step) uint64_t name;
      POPULATIONS
#undef POPULATION
    };
    uint64_t pages[POPULATION_COUNT];
  };
  uint64_t cpus, boot_pages_per_cpu; /* of the first percpu chunk */
};

static const struct {
  const char *name;
  uint64_t step;
} populations[POPULATION_COUNT] = {
#define POPULATION(name, step) {#name, step},
    POPULATIONS
#undef POPULATION
};
static uint64_t total_pages(const struct machine *machine)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < POPULATION_COUNT; i++)
    sum += machine->pages[i];
  return sum;
}

static uint64_t anon_pages(const struct machine *a)
{
  return a->anon_active + a->anon_inactive + a->anon_locked + a->anon_isolated;
}

static uint64_t shmem(const struct machine *a)
{
  return a->shmem_active + a->shmem_mapped;
}

static uint64_t cached(const struct machine *a)
{
  return a->file_active + a->file_inactive + a->file_mapped + a->file_isolated +
         a->ramfs + shmem(a);
}

static uint64_t isolated(const struct machine *a)
{
  return a->anon_isolated + a->file_isolated;
}

static uint64_t random_next(uint64_t *state)
{
  *state ^= *state << 13; /* xorshift64 */
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static struct machine random_machine(uint64_t seed)
{
  uint64_t random = seed * 2654435761u + 88172645463325252u;
  struct machine machine = {.cpus = 0};
  for (size_t i = 0; i < POPULATION_COUNT; i++) {
    uint64_t limit = populations[i].step > 4 ? 6 : 4000;
    machine.pages[i] = populations[i].step * (random_next(&random) % limit);
  }
  machine.free += 200000;
  machine.cpus = 1 + random_next(&random) % 64;
  machine.boot_pages_per_cpu = 50 + random_next(&random) % 16;
  machine.percpu += 10 * machine.cpus;
  machine.stacks += 4; /* at least one */
  machine.vmalloc += machine.stacks;
  return machine;
}

/* --- the kernels that print it
 * ------------------------------------------------------------ */

enum vmalloc_used { VMALLOC_USED_VIRTUAL, VMALLOC_USED_ZERO, VMALLOC_USED_PAGES };

struct generation {
  const char *name;
  enum vmalloc_used vmalloc_used;
  bool vmallocinfo; /* readable */
  bool vmap_stacks; /* stacks are vmalloc areas */
  bool lines_32; /* 2.6.32: split lists and slab, Unevictable, Shmem, KernelStack ... */
  bool managed;  /* in zoneinfo */
  bool rollup;   /* smaps_rollup; with Pss_Anon and so on where `split` */
  bool split;
  bool hugetlb, percpu, k_reclaimable, sec_page_tables; /* lines */
};

static const struct generation generations[] = {
    {"2.6.18", .vmalloc_used = VMALLOC_USED_VIRTUAL},
    {"2.6.32", .vmalloc_used = VMALLOC_USED_VIRTUAL, .vmallocinfo = true,
     .lines_32 = true},
    {"3.10 unprivileged", .vmalloc_used = VMALLOC_USED_VIRTUAL, .lines_32 = true,
     .managed = true},
    {"4.4", .vmalloc_used = VMALLOC_USED_ZERO, .vmallocinfo = true, .lines_32 = true,
     .managed = true},
    {"4.19", .vmalloc_used = VMALLOC_USED_ZERO, .vmallocinfo = true, .vmap_stacks = true,
     .lines_32 = true, .managed = true, .rollup = true, .hugetlb = true, .percpu = true},
    {"5.2 unprivileged", .vmalloc_used = VMALLOC_USED_ZERO, .vmap_stacks = true,
     .lines_32 = true, .managed = true, .rollup = true, .hugetlb = true, .percpu = true,
     .k_reclaimable = true},
    {"5.4", .vmalloc_used = VMALLOC_USED_PAGES, .vmallocinfo = true, .vmap_stacks = true,
     .lines_32 = true, .managed = true, .rollup = true, .split = true, .hugetlb = true,
     .percpu = true, .k_reclaimable = true},
    {"5.4 arm", .vmalloc_used = VMALLOC_USED_PAGES, .vmallocinfo = true, .lines_32 = true,
     .managed = true, .rollup = true, .split = true, .hugetlb = true, .percpu = true,
     .k_reclaimable = true},
    {"6.18", .vmalloc_used = VMALLOC_USED_PAGES, .vmallocinfo = true, .vmap_stacks = true,
     .lines_32 = true, .managed = true, .rollup = true, .split = true, .hugetlb = true,
     .percpu = true, .k_reclaimable = true, .sec_page_tables = true},
    {"6.18 unprivileged", .vmalloc_used = VMALLOC_USED_PAGES, .vmap_stacks = true,
     .lines_32 = true, .managed = true, .rollup = true, .split = true, .hugetlb = true,
     .percpu = true, .k_reclaimable = true, .sec_page_tables = true},
};
#define GENERATIONS (sizeof(generations) / sizeof(*generations))

/* Pages that no file of this kernel shows, including x. */
static uint64_t unshown_pages(const struct machine *a, const struct generation *g)
{
  uint64_t pages = a->x;
  if (!g->vmallocinfo && g->vmalloc_used != VMALLOC_USED_PAGES)
    pages += a->vmalloc + a->modules;
  if (!g->lines_32)
    pages += a->stacks + a->huge_4m + a->corrupted + a->writeback_tmp;
  pages += g->percpu ? 0 : a->percpu;
  pages += g->k_reclaimable ? 0 : a->misc_reclaimable;
  pages += g->sec_page_tables ? 0 : a->sec_page_tables;
  return pages;
}

/* What an accounting misses of what its lines are about. */
static uint64_t missed_pages(const struct machine *a, const struct generation *g,
                             enum accounting accounting)
{
  if (accounting == ACCOUNTING_LRU)
    return g->lines_32 ? 0 : isolated(a);
  return a->swap_cache;
}

/* The first chunk is assumed to be 56 pages per CPU; this is the difference. */
static int64_t percpu_guess_error(const struct machine *a, const struct generation *g)
{
  return g->percpu ? (int64_t)a->cpus * (56 - (int64_t)a->boot_pages_per_cpu) : 0;
}

static int64_t expected_hole(const struct machine *a, const struct generation *g,
                             enum accounting accounting)
{
  return ((int64_t)(unshown_pages(a, g) + missed_pages(a, g, accounting)) +
          percpu_guess_error(a, g)) *
         (int64_t)PAGE;
}

/* --- printing it as the kernel does ---------------------------------------------------
 */

struct page_text {
  char bytes[1 << 20];
  size_t length;
};
static struct page_text out;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(out.bytes + out.length, sizeof(out.bytes) - out.length, format,
                    arguments);
  va_end(arguments);
  out.length += (size_t)n;
  ck_assert_uint_lt(out.length, sizeof(out.bytes));
}

static void put_pages(const char *key, uint64_t pages)
{
  put("%s:  %8lu kB\n", key, (unsigned long)(4 * pages));
}

static void flush_to(const char *tree, const char *path)
{
  tree_write_bytes(tree, path, out.bytes, out.length);
  out.length = 0;
}

#define IOREMAP_SIZE MB(2)
#define VMAP_SIZE    MB(1)
#define PERCPU_SIZE  MB(4)

static void put_area(const char *caller, uint64_t pages)
{
  put("0x0000000000000000-0x0000000000000000 %8lu %s+0x1a/0x40 pages=%lu vmalloc "
      "N0=%lu\n",
      (unsigned long)((pages + 1) * PAGE), caller, (unsigned long)pages,
      (unsigned long)pages);
}

/* Sum of the SIZE column. */
static uint64_t area_pages(const struct machine *a, const struct generation *g)
{
  uint64_t pages =
      a->vmalloc + 2 + a->modules + 1 + (IOREMAP_SIZE + VMAP_SIZE + PERCPU_SIZE) / PAGE;
  return g->vmap_stacks ? pages + a->stacks / 4 * 5 : pages;
}

static void write_vmallocinfo(const char *tree, const struct machine *a,
                              const struct generation *g)
{
  static const char range[] = "0x0000000000000000-0x0000000000000000";
  if (!g->vmallocinfo)
    return;
  put_area("alloc_large_system_hash", a->vmalloc / 3);
  put_area("bpf_prog_alloc_no_stats", a->vmalloc - a->vmalloc / 3);
  put_area("load_module", a->modules);
  put("%s %lu acpi_os_map_iomem+0x1/0x2 phys=0xfed00000 ioremap\n", range,
      (unsigned long)IOREMAP_SIZE);
  put("%s %lu gpu_map [gpu] pages=%lu vmap\n", range, (unsigned long)VMAP_SIZE,
      (unsigned long)(VMAP_SIZE / PAGE - 1));
  put("%s %lu pcpu_get_vm_areas+0x0/0x9 vmalloc\n", range, (unsigned long)PERCPU_SIZE);
  for (uint64_t i = 0; g->vmap_stacks && i < a->stacks / 4; i++)
    put_area("dup_task_struct", 4);
  flush_to(tree, "proc/vmallocinfo");
}

static void put_lists(const struct machine *a, const struct generation *g)
{
  uint64_t active_anon = a->anon_active + a->shmem_active;
  uint64_t inactive_anon = a->anon_inactive + a->swap_cache + a->shmem_mapped;
  uint64_t active_file = a->file_active + a->file_mapped + a->buffers_active;
  uint64_t inactive_file = a->file_inactive + a->buffers_inactive;
  uint64_t unevictable = a->anon_locked + a->ramfs;
  put_pages("Active", active_anon + active_file);
  /* Before 2.6.28 unevictable pages are on the other lists. */
  put_pages("Inactive", inactive_anon + inactive_file + (g->lines_32 ? 0 : unevictable));
  if (!g->lines_32)
    return;
  put_pages("Active(anon)", active_anon);
  put_pages("Inactive(anon)", inactive_anon);
  put_pages("Active(file)", active_file);
  put_pages("Inactive(file)", inactive_file);
  put_pages("Unevictable", unevictable);
  put_pages("Mlocked", a->anon_locked);
  put_pages("Shmem", shmem(a));
}

static void put_kernel(const struct machine *a, const struct generation *g)
{
  put_pages("Slab", a->slab_reclaimable + a->slab_unreclaimable);
  put_pages("PageTables", a->page_tables);
  put_pages("Bounce", a->bounce);
  if (g->lines_32) {
    put_pages("SReclaimable", a->slab_reclaimable);
    put_pages("SUnreclaim", a->slab_unreclaimable);
    put_pages("KernelStack", a->stacks);
    put_pages("WritebackTmp", a->writeback_tmp);
    put_pages("HardwareCorrupted", a->corrupted);
  }
  if (g->k_reclaimable)
    put_pages("KReclaimable", a->slab_reclaimable + a->misc_reclaimable);
  if (g->sec_page_tables)
    put_pages("SecPageTables", a->sec_page_tables);
  if (g->percpu)
    put_pages("Percpu", a->percpu + a->cpus * a->boot_pages_per_cpu);
}

static void put_virtual(const struct machine *a, const struct generation *g)
{
  const uint64_t used[] = {[VMALLOC_USED_VIRTUAL] = area_pages(a, g),
                           [VMALLOC_USED_ZERO] = 0,
                           [VMALLOC_USED_PAGES] = a->vmalloc + a->modules +
                                                  (g->vmap_stacks ? a->stacks : 0)};
  put("VmallocTotal:   34359738367 kB\n");
  put_pages("VmallocUsed", used[g->vmalloc_used]);
  put_pages("VmallocChunk", g->vmalloc_used == VMALLOC_USED_VIRTUAL ? 8000000 : 0);
  put("HugePages_Total:   %5lu\nHugePages_Free:    0\nHugePages_Rsvd:    0\n"
      "HugePages_Surp:    0\n",
      (unsigned long)(a->huge_2m / 512));
  put("Hugepagesize:      2048 kB\n");
  uint64_t huge = a->huge_2m + (g->lines_32 ? a->huge_4m : 0);
  if (g->hugetlb)
    put_pages("Hugetlb", huge);
  /* Before 3.10 the limit included only the default size (mm/hugetlb.c:
   * hugetlb_total_pages). */
  uint64_t limited = total_pages(a) - (g->managed ? huge : a->huge_2m);
  put_pages("CommitLimit", limited * 50 / 100 + 25000);
  put_pages("Committed_AS", 2 * anon_pages(a));
  if (!g->lines_32)
    return;
  put_pages("DirectMap4k", 1000);
  put_pages("DirectMap2M", total_pages(a) + 99000);
}

static void write_meminfo(const char *tree, const struct machine *a,
                          const struct generation *g)
{
  put_pages("MemTotal", total_pages(a));
  put_pages("MemFree", a->free);
  if (g->managed)
    put_pages("MemAvailable", a->free + a->file_inactive);
  put_pages("Buffers", a->buffers_active + a->buffers_inactive);
  put_pages("Cached", cached(a));
  put_pages("SwapCached", a->swap_cache);
  put_lists(a, g);
  put_pages("SwapTotal", 25000);
  put_pages("SwapFree", 24000);
  put_pages("Dirty", a->file_active / 2);
  put_pages("Writeback", 0);
  put_pages("AnonPages", anon_pages(a));
  put_pages("Mapped", a->file_mapped + a->shmem_mapped);
  put_kernel(a, g);
  put_virtual(a, g);
  flush_to(tree, "proc/meminfo");
}

static void put_zone(const struct machine *a, const struct generation *g,
                     const char *name, uint64_t pages, uint64_t free_pages, uint64_t pcp)
{
  put("Node 0, zone %8s\n  pages free     %lu\n        min      12\n", name,
      (unsigned long)free_pages);
  put("        present  %lu\n", (unsigned long)pages + 500);
  if (g->managed)
    put("        managed  %lu\n", (unsigned long)pages);
  put("  pagesets\n");
  for (uint64_t cpu = 0; cpu < a->cpus; cpu++)
    put("    cpu: %lu\n              count: %lu\n              high:  378\n"
        "  vm stats threshold: 36\n",
        (unsigned long)cpu, (unsigned long)(cpu == 0 ? pcp : 0));
  put("  start_pfn:         %lu\n", (unsigned long)pages);
}

static void write_zoneinfo(const char *tree, const struct machine *a,
                           const struct generation *g)
{
  uint64_t total = total_pages(a);
  put_zone(a, g, "DMA32", total / 4, a->free / 4, a->pcp / 3);
  put_zone(a, g, "Normal", total - total / 4, a->free - a->free / 4, a->pcp - a->pcp / 3);
  flush_to(tree, "proc/zoneinfo");
}

static void write_hugepages(const char *tree, unsigned kb, uint64_t count)
{
  static const char *const names[] = {"nr_hugepages", "free_hugepages", "resv_hugepages"};
  for (size_t i = 0; i < 3; i++) {
    char path[128];
    snprintf(path, sizeof(path), "sys/kernel/mm/hugepages/hugepages-%ukB/%s", kb,
             names[i]);
    put("%lu\n", (unsigned long)(i == 0 ? count : 0));
    flush_to(tree, path);
  }
}

/* One process that maps all of AnonPages and Mapped. */
static void write_process(const char *tree, const struct machine *a,
                          const struct generation *g)
{
  uint64_t mapped = a->file_mapped + a->shmem_mapped;
  put("7 (all) S 1 7 7 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 4 99999 %lu 0\n",
      (unsigned long)(anon_pages(a) + mapped));
  flush_to(tree, "proc/7/stat");
  put("00400000-7ffff000 ---p 00000000 00:00 0    %s\n",
      g->rollup ? "[rollup]\nLocked: 0 kB" : "");
  put_pages("Rss", anon_pages(a) + mapped);
  put_pages("Pss", anon_pages(a) + mapped);
  if (g->split) {
    put_pages("Pss_Anon", anon_pages(a));
    put_pages("Pss_File", a->file_mapped);
    put_pages("Pss_Shmem", a->shmem_mapped);
  }
  flush_to(tree, g->rollup ? "proc/7/smaps_rollup" : "proc/7/smaps");
}

static void write_machine(const char *tree, const struct machine *a,
                          const struct generation *g)
{
  write_meminfo(tree, a, g);
  write_zoneinfo(tree, a, g);
  write_vmallocinfo(tree, a, g);
  write_process(tree, a, g);
  put("nr_mapped %lu\n", (unsigned long)(a->file_mapped + a->shmem_mapped));
  if (g->lines_32)
    put("nr_isolated_anon %lu\nnr_isolated_file %lu\n", (unsigned long)a->anon_isolated,
        (unsigned long)a->file_isolated);
  put("nr_free_pages %lu\nnr_unstable 0\n", (unsigned long)a->free);
  flush_to(tree, "proc/vmstat");
  put("0-%lu\n", (unsigned long)a->cpus - 1);
  flush_to(tree, "sys/devices/system/cpu/possible");
  tree_write(tree, "proc/sys/vm/overcommit_ratio", "50\n");
  if (g->percpu) /* since 3.14 */
    tree_write(tree, "proc/sys/vm/overcommit_kbytes", "0\n");
  if (g->lines_32) {
    write_hugepages(tree, 2048, a->huge_2m / 512);
    write_hugepages(tree, 4096, a->huge_4m / 1024);
  }
}

/* --- from machine to explanation ---------------------------------------------------- */

static struct sample sample;
static struct explanation explanation;

static void read_tree(const char *tree)
{
  static const struct collect_options options = {.pss = true};
  struct collector collector;
  ck_assert_int_eq(collector_open(tree, &collector), 0);
  ck_assert_int_eq(collect(&collector, &options, &sample), 0);
  collector_close(&collector);
  memset(&explanation, 0xa5, sizeof(explanation));
  explain(&sample, &explanation);
}

static void explain_machine(const char *tree, const struct machine *machine,
                            const struct generation *generation)
{
  write_machine(tree, machine, generation);
  read_tree(tree);
  ck_assert_uint_eq(sample.page_size, PAGE);
}

static void assert_conserved(const char *name)
{
  for (unsigned accounting = 0; accounting < ACCOUNTING_COUNT; accounting++) {
    struct amount hole = explanation.black_hole.of[accounting];
    if (!is_known(hole))
      continue;
    int64_t sum = hole.value;
    for (size_t i = 0; i < TERM_COUNT; i++) {
      enum term_view view = term_rows[i].view;
      if (is_known(explanation.terms[i]) &&
          (view == TERM_VIEW_FREE || view == TERM_VIEW_KERNEL ||
           view == accounting_view(accounting)))
        sum += explanation.terms[i].value;
    }
    ck_assert_msg((uint64_t)sum == sample.meminfo.mem_total.value,
                  "%s: the terms of %s and its hole sum to %ld, MemTotal is %lu", name,
                  accounting_name(accounting), (long)sum,
                  (unsigned long)sample.meminfo.mem_total.value);
  }
}

static void assert_hole(const struct machine *machine, const struct generation *g,
                        const char *what)
{
  for (unsigned accounting = 0; accounting < ACCOUNTING_COUNT; accounting++) {
    struct amount hole = explanation.black_hole.of[accounting];
    ck_assert_msg(is_known(hole), "%s, %s: %s is %s", g->name, what,
                  accounting_name(accounting), reading_state_name(hole.state));
    int64_t want = expected_hole(machine, g, accounting);
    ck_assert_msg(hole.value == want, "%s, %s: %s is %ld pages off", g->name, what,
                  accounting_name(accounting),
                  (long)((hole.value - want) / (int64_t)PAGE));
  }
}

static void check_holes(const struct generation *g)
{
  char *tree = tree_make(), what[32];
  uint64_t first = 1 + 20 * (uint64_t)(g - generations);
  for (uint64_t seed = first; seed < first + 20; seed++) {
    struct machine machine = random_machine(seed);
    explain_machine(tree, &machine, g);
    snprintf(what, sizeof(what), "seed %lu", (unsigned long)seed);
    assert_hole(&machine, g, what);
    assert_conserved(what);
    struct reading error = explanation.black_hole.error;
    if (is_known(error))
      ck_assert_int_le(labs((long)percpu_guess_error(&machine, g)) * (long)PAGE,
                       (int64_t)error.value);
  }
  tree_remove(tree);
}

START_TEST(hidden_pages_are_found_to_the_page)
{
  for (size_t i = 0; i < GENERATIONS; i++)
    check_holes(&generations[i]);
}
END_TEST

static void check_one_page_more(const struct generation *g)
{
  char *tree = tree_make();
  struct machine machine = random_machine(4711);
  explain_machine(tree, &machine, g);
  const struct black_hole before = explanation.black_hole;
  for (size_t i = 0; i < POPULATION_COUNT; i++) {
    struct machine more = machine;
    more.pages[i] += populations[i].step;
    explain_machine(tree, &more, g);
    assert_hole(&more, g, populations[i].name);
    for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
      int64_t moved = explanation.black_hole.of[m].value - before.of[m].value;
      ck_assert_msg(moved == 0 || moved == (int64_t)(populations[i].step * PAGE),
                    "%s: %s moves %s by %ld bytes", g->name, populations[i].name,
                    accounting_name(m), (long)moved);
      if (i == POPULATION_x)
        ck_assert_int_eq(moved, (int64_t)PAGE);
    }
  }
  tree_remove(tree);
}

START_TEST(one_more_page_of_any_kind_is_counted_once)
{
  for (size_t i = 0; i < GENERATIONS; i++)
    check_one_page_more(&generations[i]);
}
END_TEST

/* --- identities
 * ------------------------------------------------------------------------------ */

static void assert_residual(const struct generation *g, enum identity identity,
                            int64_t pages)
{
  struct amount residual = explanation.identities[identity].residual;
  if (is_known(residual))
    ck_assert_msg(residual.value == pages * (int64_t)PAGE, "%s: %s is %ld, not %ld pages",
                  g->name, identity_rows[identity].name, (long)(residual.value / 4096),
                  (long)pages);
}

static void check_identities(const struct generation *g)
{
  char *tree = tree_make();
  for (uint64_t seed = 1; seed <= 20; seed++) {
    struct machine a = random_machine(seed);
    a.cpus = 1; /* the tightest tolerance */
    explain_machine(tree, &a, g);
    for (size_t i = 0; i < IDENTITY_COUNT; i++)
      ck_assert_msg(
          !is_known(explanation.identities[i].residual) ||
              (explanation.identities[i].judged && explanation.identities[i].holds),
          "%s, seed %lu: %s is off by %ld, tolerance %ld", g->name, (unsigned long)seed,
          identity_rows[i].name, (long)explanation.identities[i].residual.value,
          (long)explanation.identities[i].tolerance);
    assert_residual(g, IDENTITY_anon_lru,
                    (int64_t)a.swap_cache - (int64_t)(a.anon_locked + a.anon_isolated));
    assert_residual(g, IDENTITY_file_lru, -(int64_t)(a.ramfs + a.file_isolated));
    assert_residual(g, IDENTITY_lru_cache, (int64_t)a.swap_cache);
    static const enum identity exact[] = {
        IDENTITY_pss_mapped_anon, IDENTITY_active,       IDENTITY_inactive, IDENTITY_slab,
        IDENTITY_managed,         IDENTITY_vmalloc_pages};
    for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++)
      assert_residual(g, exact[i], 0);
  }
  tree_remove(tree);
}

START_TEST(every_identity_holds_on_a_consistent_machine)
{
  for (size_t i = 0; i < GENERATIONS; i++)
    check_identities(&generations[i]);
}
END_TEST

/* Whether the machine has the line, if the operand is one. */
static bool is_printed(struct operand operand)
{
  const char *at = (const char *)&sample + operand.offset;
  return operand.decided || operand.offset < offsetof(struct sample, meminfo) ||
         operand.offset >= offsetof(struct sample, zoneinfo) ||
         is_known(*(const struct reading *)at);
}

START_TEST(a_new_kernel_has_every_identity_of_the_lines_it_prints)
{
  char *tree = tree_make();
  struct machine machine = random_machine(1);
  const struct generation *g = &generations[8];
  ck_assert_str_eq(g->name, "6.18");
  explain_machine(tree, &machine, g);
  for (size_t i = 0; i < IDENTITY_COUNT; i++) {
    bool absent = i == IDENTITY_module_images; /* a machine without modules */
    for (size_t n = 0; n < OPERANDS_MAX && identity_rows[i].operands[n].sign != 0; n++)
      absent |= !is_printed(identity_rows[i].operands[n]);
    if (absent)
      continue;
    ck_assert_msg(is_known(explanation.identities[i].residual), "%s is not known",
                  identity_rows[i].name);
  }
  tree_remove(tree);
}
END_TEST

/* --- the tables: no field is counted twice
 * ------------------------------------------------ */

/* Weights of the meminfo fields in an accounting by terms.def, on a kernel that prints
 * every line except `missing`. */
static void weigh_fields(enum accounting accounting, unsigned missing,
                         int weights[MEMINFO_FIELD_COUNT])
{
  memset(weights, 0, MEMINFO_FIELD_COUNT * sizeof(*weights));
  for (size_t i = 0; i < TERM_COUNT; i++) {
    const struct term_row *row = &term_rows[i];
    if (row->view != TERM_VIEW_FREE && row->view != TERM_VIEW_KERNEL &&
        row->view != accounting_view(accounting))
      continue;
    int of_row[MEMINFO_FIELD_COUNT] = {0};
    bool known = true;
    for (size_t k = 0; k < OPERANDS_MAX && row->operands[k].sign != 0; k++) {
      if (row->operands[k].decided)
        continue; /* see a_byte_of_a_field_changes_the_hole_by_one_byte_or_not_at_all */
      size_t field = (row->operands[k].offset - offsetof(struct sample, meminfo.fields)) /
                     sizeof(struct reading);
      ck_assert_uint_lt(field, MEMINFO_FIELD_COUNT);
      of_row[field] += row->operands[k].sign;
      known &= field != missing;
    }
    for (size_t f = 0; known && f < MEMINFO_FIELD_COUNT; f++)
      weights[f] += of_row[f];
  }
}

/* Each weight is 0 or 1, and at most one of a field and all that contain it has weight 1.
 * One exception: Mapped pages are in the sum of Pss and in Cached, so they are subtracted
 * once. */
static void assert_weights(enum accounting accounting,
                           const int weights[MEMINFO_FIELD_COUNT], const char *when)
{
  for (unsigned f = 0; f < MEMINFO_FIELD_COUNT; f++) {
    bool exempt = f == MEMINFO_FIELD_mapped && accounting == ACCOUNTING_PSS;
    ck_assert_msg(weights[f] == 0 || weights[f] == 1 || (exempt && weights[f] == -1),
                  "%s, %s: the weight of %s is %d", accounting_name(accounting), when,
                  meminfo_rows[f].key, weights[f]);
    int path = 0;
    for (unsigned at = f; at != MEMINFO_FIELD_nothing; at = meminfo_rows[at].inside)
      if (at != MEMINFO_FIELD_mem_total) /* the terms are subtracted from it */
        path += weights[at];
    ck_assert_msg(path <= 1, "%s, %s: %s is counted %d times",
                  accounting_name(accounting), when, meminfo_rows[f].key, path);
  }
}

START_TEST(no_field_is_counted_twice)
{
  int weights[MEMINFO_FIELD_COUNT];
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    for (unsigned missing = 0; missing <= MEMINFO_FIELD_COUNT; missing++) {
      weigh_fields(m, missing, weights);
      assert_weights(m, weights,
                     missing < MEMINFO_FIELD_COUNT ? meminfo_rows[missing].key
                                                   : "no line missing");
    }
}
END_TEST

START_TEST(no_hidden_consumer_is_part_of_an_accounting)
{
  int weights[MEMINFO_FIELD_COUNT];
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    weigh_fields(m, MEMINFO_FIELD_COUNT, weights);
    ck_assert_int_eq(weights[MEMINFO_FIELD_zswap], 0);
    ck_assert_int_eq(weights[MEMINFO_FIELD_gpu_active], 0);
    ck_assert_int_eq(weights[MEMINFO_FIELD_gpu_reclaim], 0);
  }
}
END_TEST

/* --- the same end to end, through the decisions
 * --------------------------------------------- */

/* How many bytes each hole loses per byte of one reading of the sample. */
static int slope(struct reading *reading, enum accounting accounting)
{
  static struct explanation moved;
  reading->value += PAGE;
  explain(&sample, &moved);
  reading->value -= PAGE;
  ck_assert_int_eq(moved.black_hole.of[accounting].state, READING_KNOWN);
  int64_t change =
      explanation.black_hole.of[accounting].value - moved.black_hole.of[accounting].value;
  ck_assert_int_eq(change % (int64_t)PAGE, 0);
  return (int)(change / (int64_t)PAGE);
}

static int slope_if_known(struct reading *reading, enum accounting accounting)
{
  return is_known(*reading) ? slope(reading, accounting) : 0;
}

/* Fields whose 0 identifies a kernel, so that one byte more is another kernel. */
static bool decides_by_being_zero(unsigned field)
{
  return (field == MEMINFO_FIELD_vmalloc_used || field == MEMINFO_FIELD_vmalloc_chunk) &&
         sample.meminfo.fields[field].value == 0;
}

static void assert_meminfo_slopes(enum accounting accounting, const char *name)
{
  int slopes[MEMINFO_FIELD_COUNT] = {0};
  for (unsigned f = 0; f < MEMINFO_FIELD_COUNT; f++)
    if (meminfo_rows[f].unit == MEMINFO_UNIT_KB && f != MEMINFO_FIELD_huge_page_size &&
        !decides_by_being_zero(f))
      slopes[f] = slope_if_known(&sample.meminfo.fields[f], accounting);
  ck_assert_int_eq(slopes[MEMINFO_FIELD_mem_total], -1);
  slopes[MEMINFO_FIELD_mem_total] = 0;
  assert_weights(accounting, slopes, name);
}

/* Readings of other files count once or not at all. */
static void assert_other_slopes(enum accounting accounting, const char *name)
{
  struct zoneinfo *z = &sample.zoneinfo;
  struct vmallocinfo *v = &sample.vmallocinfo;
  struct processes *p = &sample.processes;
  struct reading *const readings[] = {&z->pcp,
                                      &z->free,
                                      &z->present,
                                      &z->isolated,
                                      &v->pages,
                                      &v->size,
                                      &v->stack_pages,
                                      &v->module_pages,
                                      &v->percpu_size,
                                      &sample.hugepages.total,
                                      &sample.hugepages.free,
                                      &sample.hugepages.reserved,
                                      &sample.vmstat.nr_isolated_anon,
                                      &sample.vmstat.nr_isolated_file,
                                      &p->pss,
                                      &p->pss_anon,
                                      &p->pss_file,
                                      &p->pss_shmem,
                                      &p->rss,
                                      &p->swap_pss};
  for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
    if (readings[i] == &v->stack_pages && v->stack_pages.value == 0)
      continue; /* one stack decides that all stacks are in vmalloc */
    int got = slope_if_known(readings[i], accounting);
    ck_assert_msg(got == 0 || got == 1, "%s, %s: reading %zu counts %d times", name,
                  accounting_name(accounting), i, got);
  }
}

/* Two names for the same memory: exactly one of them is counted. */
static void assert_one_of(struct reading *a, struct reading *b, int want,
                          enum accounting accounting, const char *name)
{
  int got = slope_if_known(a, accounting) + slope_if_known(b, accounting);
  ck_assert_msg(got == want, "%s, %s: counted %d times, not %d", name,
                accounting_name(accounting), got, want);
}

static void assert_same_memory_counts_once(enum accounting accounting,
                                           const struct generation *g)
{
  struct meminfo *m = &sample.meminfo;
  bool vmalloc = g->vmallocinfo || g->vmalloc_used == VMALLOC_USED_PAGES;
  if (g->vmalloc_used == VMALLOC_USED_ZERO) /* any other value changes the decision */
    ck_assert_int_eq(slope_if_known(&sample.vmallocinfo.pages, accounting), vmalloc);
  else
    assert_one_of(&m->vmalloc_used, &sample.vmallocinfo.pages, vmalloc, accounting,
                  "vmalloc");
  if (g->lines_32) { /* before that, it is a number of pages */
    assert_one_of(&m->hugetlb, &sample.hugepages.total, 1, accounting, "huge pages");
    assert_one_of(&sample.vmstat.nr_isolated_anon, &sample.zoneinfo.isolated,
                  accounting == ACCOUNTING_LRU, accounting, "isolated pages");
    bool elsewhere = g->vmap_stacks && vmalloc;
    ck_assert_int_eq(slope(&m->kernel_stack, accounting), elsewhere ? 0 : 1);
  }
  int slab = slope(&m->slab, accounting);
  ck_assert_int_eq(slab, g->lines_32 ? 0 : 1);
  assert_one_of(&sample.processes.pss, &sample.processes.pss_anon,
                accounting == ACCOUNTING_PSS, accounting, "private pages");
  assert_one_of(&sample.processes.pss, &sample.processes.pss_file,
                accounting == ACCOUNTING_PSS, accounting, "mapped files");
  assert_one_of(&sample.processes.pss, &sample.processes.pss_shmem,
                accounting == ACCOUNTING_PSS, accounting, "mapped shmem");
}

static void check_slopes(const struct generation *g)
{
  char *tree = tree_make();
  struct machine machine = random_machine(1969);
  explain_machine(tree, &machine, g);
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    assert_meminfo_slopes(m, g->name);
    assert_other_slopes(m, g->name);
    assert_same_memory_counts_once(m, g);
  }
  tree_remove(tree);
}

START_TEST(a_byte_of_a_field_changes_the_hole_by_one_byte_or_not_at_all)
{
  for (size_t i = 0; i < GENERATIONS; i++)
    check_slopes(&generations[i]);
}
END_TEST

/* --- samples by hand
 * --------------------------------------------------------------------------- */

/* 1 GiB, explained down to 10 MB in all three accountings. */
static void begin(void)
{
  memset(&sample, 0, sizeof(sample));
  sample.page_size = PAGE;
  const struct {
    struct reading *reading;
    unsigned mb;
  } values[] = {
      {&sample.meminfo.mem_total, 1024},
      {&sample.meminfo.mem_free, 700},
      {&sample.meminfo.active, 100},
      {&sample.meminfo.active_anon, 60},
      {&sample.meminfo.active_file, 40},
      {&sample.meminfo.inactive, 80},
      {&sample.meminfo.inactive_anon, 50},
      {&sample.meminfo.inactive_file, 30},
      {&sample.meminfo.unevictable, 0},
      {&sample.meminfo.anon_pages, 100},
      {&sample.meminfo.cached, 75},
      {&sample.meminfo.shmem, 10},
      {&sample.meminfo.buffers, 5},
      {&sample.meminfo.mapped, 30},
      {&sample.meminfo.slab, 70},
      {&sample.meminfo.s_reclaimable, 40},
      {&sample.meminfo.s_unreclaim, 30},
      {&sample.meminfo.vmalloc_used, 50},
      {&sample.meminfo.page_tables, 10},
      {&sample.meminfo.hugetlb, 0},
      {&sample.zoneinfo.pcp, 4},
      {&sample.zoneinfo.managed, 1024},
      {&sample.zoneinfo.free, 700},
      {&sample.vmstat.nr_isolated_anon, 0},
      {&sample.vmstat.nr_isolated_file, 0},
      {&sample.processes.pss, 130},
      {&sample.processes.pss_anon, 100},
      {&sample.processes.pss_file, 25},
      {&sample.processes.pss_shmem, 5},
      {&sample.processes.rss, 190},
      {&sample.processes.unread_rss, 0},
      {&sample.processes.unlisted, 0},
      {&sample.processes.error, 0},
  };
  for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
    *values[i].reading = reading_known(MB(values[i].mb));
  sample.zoneinfo.node_drift = reading_known(1000);
  sample.zoneinfo.zone_drift = reading_known(100);
  sample.zoneinfo.cpus_count = reading_known(2);
}

static const struct black_hole *hole(void)
{
  explain(&sample, &explanation);
  return &explanation.black_hole;
}

static void assert_amount(struct amount amount, int64_t value)
{
  ck_assert_int_eq(amount.state, READING_KNOWN);
  ck_assert_int_eq(amount.value, value);
}

START_TEST(the_hole_is_mem_total_minus_all_terms)
{
  begin();
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    assert_amount(hole()->of[m], MB(10));
  assert_conserved("by hand");
  assert_amount(hole()->estimate, MB(10));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_PSS);
  ck_assert(hole()->share.percent > 0.9765 && hole()->share.percent < 0.9766);
  assert_amount(hole()->hidden, 0);
  assert_amount(hole()->unexplained, MB(10));
  ck_assert_ptr_null(explanation.refused);
}
END_TEST

START_TEST(conservation_holds_to_the_byte_on_every_fixture)
{
  for (size_t i = 0; i < fixtures_count(); i++) {
    read_tree(fixture_root(i));
    const struct black_hole *of = hole();
    bool bounded = is_known(of->of[ACCOUNTING_LRU]) ||
                   (sample.meminfo.gaps.count > 0 && is_known(of->range.most));
    ck_assert_int_eq(bounded, explanation.refused == NULL);
    assert_conserved(fixture_root(i));
  }
}
END_TEST

START_TEST(the_error_is_the_sum_of_the_bounds_that_apply)
{
  begin();
  sample.meminfo.swap_cached = reading_known(PAGE); /* then lru is the best */
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
  /* 12 node counters and 2 zone counters at their limits, the two kinds independent; two
   * batches of 31 pages on each of 2 CPUs */
  uint64_t lru = 12001 + 2 * 62 * PAGE;
  ck_assert_int_eq(hole()->error.state, READING_KNOWN);
  ck_assert_uint_eq(hole()->error.value, lru);
  sample.meminfo.percpu = reading_known(MB(3));
  sample.cpus_possible_count = reading_known(4);
  ck_assert_uint_eq(hole()->error.value, lru + 4 * 100000);
  begin();
  sample.meminfo.active = reading_missing(READING_ABSENT); /* then cache is the best */
  sample.meminfo.swap_cached = reading_known(MB(2));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  ck_assert_uint_eq(hole()->error.value, 8002 + MB(2));
}
END_TEST

START_TEST(drift_of_many_cpus_is_three_sigma_and_not_the_worst_case)
{
  begin();
  sample.zoneinfo.zone_drift = reading_known(0);
  sample.zoneinfo.node_drift = reading_known(MB(4));
  sample.zoneinfo.node_deltas_count = reading_known(96);
  /* 8 counters of 96 deltas each: 4 MB x sqrt(3 x 8 / 96) */
  ck_assert_uint_eq(hole()->error.value, MB(2));
  sample.zoneinfo.node_deltas_count = reading_known(0);
  ck_assert_uint_eq(hole()->error.value, MB(32));
}
END_TEST

START_TEST(the_tear_of_the_sample_is_part_of_the_error)
{
  begin();
  uint64_t before = hole()->error.value;
  sample.zoneinfo_after = sample.zoneinfo;
  sample.zoneinfo_after.free.value += MB(3);
  ck_assert_uint_eq(hole()->error.value, before + MB(3));
}
END_TEST

START_TEST(without_the_second_zoneinfo_no_bound_is_known)
{
  static const enum reading_state states[] = {READING_MALFORMED, READING_DENIED};
  for (size_t i = 0; i < LENGTH(states); i++) {
    begin();
    sample.zoneinfo_after.free = reading_missing(states[i]);
    sample.zoneinfo_after.pcp = reading_missing(states[i]);
    ck_assert_int_eq(hole()->estimate.state, READING_KNOWN);
    ck_assert_int_eq(hole()->error.state, READING_ABSENT);
  }
}
END_TEST

START_TEST(without_valid_thresholds_the_number_of_cpus_bounds_the_drift)
{
  struct reading *const drifts[] = {&sample.zoneinfo.zone_drift,
                                    &sample.zoneinfo.node_drift};
  for (size_t i = 0; i < LENGTH(drifts); i++) {
    begin();
    uint64_t error = hole()->error.value;
    *drifts[i] = reading_missing(READING_MALFORMED);
    ck_assert_int_eq(hole()->error.state, READING_KNOWN);
    ck_assert_uint_gt(hole()->error.value, error);
    ck_assert_uint_lt(hole()->error.value, error + MB(2));
  }
}
END_TEST

START_TEST(free_pages_in_deltas_are_free)
{
  begin();
  sample.zoneinfo_after = sample.zoneinfo;
  sample.zoneinfo.zone_drift = reading_known(MB(1));
  sample.buddy_free = reading_known(sample.meminfo.mem_free.value + MB(1));
  assert_amount(hole()->of[ACCOUNTING_LRU], MB(9));
  assert_amount(explanation.terms[TERM_FREE_pcp_free], MB(5));
  sample.buddy_free.value -= MB(2);
  assert_amount(hole()->of[ACCOUNTING_LRU], MB(11));
  assert_amount(explanation.terms[TERM_FREE_pcp_free], MB(3));
  assert_conserved("buddyinfo");
  sample.buddy_free.value -= PAGE; /* some may be isolated */
  assert_amount(hole()->of[ACCOUNTING_LRU], MB(10));
  /* fewer than MemFree counts, and none on lists */
  sample.buddy_free.value += PAGE;
  sample.zoneinfo.pcp = sample.zoneinfo_after.pcp = reading_known(0);
  hole();
  assert_amount(explanation.terms[TERM_FREE_pcp_free], 0);
  ck_assert_uint_eq(explanation.decided.pcp_free.error, MB(1));
  /* Unaccepted is part of MemFree and on no free list. */
  begin();
  sample.zoneinfo_after = sample.zoneinfo;
  sample.meminfo.unaccepted = reading_known(MB(100));
  sample.buddy_free = reading_known(sample.meminfo.mem_free.value - MB(100));
  assert_amount(hole()->of[ACCOUNTING_LRU], MB(10));
  ck_assert_str_eq(explanation.decided.pcp_free.why, WHY(pcp_free_buddy));
}
END_TEST

START_TEST(the_mean_of_the_per_cpu_lists_is_free)
{
  begin();
  sample.zoneinfo_after = sample.zoneinfo;
  sample.zoneinfo_after.pcp.value += MB(2);
  assert_amount(hole()->estimate, MB(9));
}
END_TEST

START_TEST(the_estimate_is_lru_where_batches_do_not_explain_the_gap)
{
  begin();
  uint64_t batches = 2 * 62 * PAGE;
  sample.processes.pss = reading_missing(READING_ABSENT);
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  uint64_t error = hole()->error.value;
  sample.meminfo.anon_pages.value -= batches;
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  ck_assert_uint_eq(hole()->error.value, error + batches); /* lru may be right */
  sample.meminfo.anon_pages.value -= PAGE;
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
  sample.meminfo.anon_pages.value += 2 * batches + PAGE;
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  sample.meminfo.anon_pages.value += PAGE;
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
}
END_TEST

START_TEST(swap_cache_makes_the_cache_accounting_an_interval)
{
  begin();
  ck_assert_int_eq(hole()->cache_low.state, READING_ABSENT);
  sample.meminfo.swap_cached = reading_known(MB(3));
  assert_amount(hole()->of[ACCOUNTING_CACHE], MB(10));
  assert_amount(hole()->cache_low, MB(7));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
}
END_TEST

START_TEST(an_unknown_swap_cache_is_not_taken_as_0)
{
  begin();
  sample.meminfo.swap_cached = reading_missing(READING_MALFORMED);
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
  ck_assert_int_eq(hole()->error.state, READING_KNOWN);
  sample.meminfo.active = reading_missing(READING_ABSENT);
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  ck_assert_int_eq(hole()->estimate.state, READING_KNOWN);
  ck_assert_int_eq(hole()->error.state, READING_ABSENT);
}
END_TEST

START_TEST(a_denied_zoneinfo_widens_the_error_by_an_eighth_of_mem_total)
{
  begin();
  reading_fill(&sample.zoneinfo.pcp, sizeof(sample.zoneinfo) / sizeof(struct reading),
               READING_DENIED);
  assert_amount(hole()->estimate, MB(14)); /* includes the per-CPU lists */
  ck_assert_int_eq(hole()->error.state, READING_KNOWN);
  ck_assert_uint_ge(hole()->error.value, MB(128));
  /* The lists can only make the black hole smaller. */
  ck_assert_int_lt(hole()->range.least.value, (int64_t)MB(14) - (int64_t)MB(128));
  ck_assert_int_gt(hole()->range.most.value, MB(14));
  ck_assert_int_lt(hole()->range.most.value, MB(14) + (int64_t)MB(120));
}
END_TEST

START_TEST(a_leak_on_the_lru_shows_without_zoneinfo)
{
  begin();
  reading_fill(&sample.zoneinfo.pcp, sizeof(sample.zoneinfo) / sizeof(struct reading),
               READING_ABSENT);
  hole();
  const struct identity_result *lru = &explanation.identities[IDENTITY_lru_cache];
  ck_assert(lru->judged && lru->holds);
  ck_assert_int_lt(lru->tolerance, MB(100));
  sample.meminfo.active.value += MB(200);
  sample.meminfo.active_file.value += MB(200);
  hole();
  ck_assert(lru->judged && !lru->holds);
}
END_TEST

START_TEST(no_error_bound_is_known_where_vmalloc_is_not)
{
  begin();
  sample.meminfo.vmalloc_used = reading_known(0);
  assert_amount(hole()->estimate, MB(60));
  ck_assert_int_eq(hole()->error.state, READING_ABSENT);
  ck_assert_int_eq(hole()->range.least.state, READING_ABSENT);
  ck_assert_int_eq(hole()->unexplained_range.least.state, READING_ABSENT);
  /* Whatever vmalloc is, the black hole is not larger. */
  assert_amount(hole()->range.most, (int64_t)(MB(60) + hole()->bounded_error.value));
}
END_TEST

START_TEST(address_space_bounds_an_unknown_vmalloc)
{
  begin();
  ck_assert_int_eq(hole()->error.state, READING_KNOWN);
  uint64_t before = hole()->error.value, noise = hole()->noise.value;
  ck_assert_uint_eq(noise, before);
  sample.meminfo.vmalloc_chunk = reading_known(MB(900));
  assert_amount(hole()->estimate, MB(60));
  ck_assert_uint_eq(hole()->error.value, before + MB(50));
  ck_assert_uint_eq(hole()->noise.value, noise); /* a rise of vmalloc is a rise */
  sample.zoneinfo.pcp = reading_missing(READING_DENIED);
  ck_assert_uint_ge(hole()->noise.value, noise + explanation.decided.pcp_free.error);
}
END_TEST

START_TEST(the_estimate_is_lru_then_cache_then_pss)
{
  begin();
  sample.meminfo.anon_pages.value += MB(1); /* 10, 9 and 8 MB are left */
  sample.processes.pss_anon.value += MB(2);
  assert_amount(hole()->estimate, MB(10));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_LRU);
  sample.meminfo.inactive = reading_missing(READING_ABSENT);
  assert_amount(hole()->estimate, MB(9));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_CACHE);
  sample.meminfo.anon_pages = reading_missing(READING_ABSENT);
  assert_amount(hole()->estimate, MB(8));
  ck_assert_int_eq(hole()->estimate_from, ACCOUNTING_PSS);
  sample.processes.pss = reading_missing(READING_ABSENT);
  ck_assert_int_eq(hole()->estimate.state, READING_ABSENT);
  ck_assert_int_eq(hole()->error.state, READING_ABSENT);
  ck_assert_int_eq(hole()->unexplained.state, READING_ABSENT);
  ck_assert_int_eq(hole()->share.state, READING_ABSENT);
}
END_TEST

START_TEST(a_negative_hole_stays_negative)
{
  begin();
  sample.meminfo.page_tables = reading_known(MB(50));
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    assert_amount(hole()->of[m], -(int64_t)MB(30));
  assert_amount(hole()->estimate, -(int64_t)MB(30));
  ck_assert(hole()->share.percent < -2.92 && hole()->share.percent > -2.93);
  assert_conserved("negative");
}
END_TEST

START_TEST(an_accounting_without_its_essentials_is_absent)
{
  enum { LRU = 1, CACHE = 2, PSS = 4 };
  static const struct {
    enum meminfo_field field;
    unsigned left;
  } cases[] = {
      {MEMINFO_FIELD_mem_total, 0},
      {MEMINFO_FIELD_mem_free, 0},
      {MEMINFO_FIELD_active, CACHE | PSS},
      {MEMINFO_FIELD_inactive, CACHE | PSS},
      {MEMINFO_FIELD_cached, LRU},
      {MEMINFO_FIELD_buffers, LRU},
      {MEMINFO_FIELD_anon_pages, LRU | PSS},
      {MEMINFO_FIELD_mapped, LRU | CACHE},
      {MEMINFO_FIELD_page_tables, LRU | CACHE | PSS}, /* a kernel without the line */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    sample.meminfo.fields[cases[i].field] = reading_missing(READING_ABSENT);
    for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
      ck_assert_msg(hole()->of[m].state ==
                        ((cases[i].left >> m & 1) != 0 ? READING_KNOWN : READING_ABSENT),
                    "without %s, %s is %s", meminfo_rows[cases[i].field].key,
                    accounting_name(m), reading_state_name(hole()->of[m].state));
  }
}
END_TEST

START_TEST(a_malformed_addend_withholds_every_accounting_it_is_part_of)
{
  int weights[MEMINFO_FIELD_COUNT];
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++) {
    weigh_fields(m, MEMINFO_FIELD_COUNT, weights);
    weights[MEMINFO_FIELD_percpu] = weights[MEMINFO_FIELD_hugetlb] =
        weights[MEMINFO_FIELD_kernel_stack] = 1; /* decided */
    for (unsigned f = 0; f < MEMINFO_FIELD_COUNT; f++) {
      if (weights[f] == 0)
        continue;
      begin();
      sample.meminfo.fields[f] = reading_missing(READING_MALFORMED);
      ck_assert_msg(!is_known(hole()->of[m]), "%s is malformed, and %s is shown",
                    meminfo_rows[f].key, accounting_name(m));
    }
  }
}
END_TEST

START_TEST(a_term_below_zero_is_malformed_unless_it_is_signed)
{
  begin();
  sample.meminfo.k_reclaimable = reading_known(MB(39)); /* below SReclaimable */
  hole();
  ck_assert_int_eq(explanation.terms[TERM_KERNEL_misc_reclaimable].state,
                   READING_MALFORMED);
  begin();
  sample.meminfo.mapped = reading_known(MB(80)); /* above Cached */
  sample.processes.pss_file = reading_known(MB(75));
  sample.processes.pss = reading_known(MB(180));
  assert_amount(hole()->of[ACCOUNTING_PSS], MB(10));
  assert_amount(explanation.terms[TERM_USER_PSS_unmapped_cache], -(int64_t)MB(5));
}
END_TEST

START_TEST(hidden_consumers_reduce_only_unexplained)
{
  begin();
  sample.consumers.zram = reading_known(MB(3));
  sample.meminfo.zswap = reading_known(MB(2));
  sample.consumers.zfs_scatter = reading_known(MB(1)); /* the other operand is absent */
  assert_amount(hole()->estimate, MB(10));
  assert_amount(hole()->hidden, MB(5));
  assert_amount(hole()->unexplained, MB(5));
  sample.consumers.zfs_chunk_waste = reading_known(MB(7));
  assert_amount(hole()->hidden, MB(13));
  assert_amount(hole()->unexplained, -(int64_t)MB(3));
}
END_TEST

START_TEST(a_meminfo_of_lxcfs_is_refused)
{
  read_tree(FIXTURES "/5.15-composed-lxcfs");
  ck_assert_ptr_nonnull(explanation.refused);
  ck_assert_ptr_nonnull(strstr(explanation.refused, "lxcfs"));
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    ck_assert_int_eq(explanation.black_hole.of[m].state, READING_ABSENT);
  ck_assert_int_eq(explanation.black_hole.estimate.state, READING_ABSENT);
  begin();
  sample.lxcfs_count = reading_known(0);
  assert_amount(hole()->estimate, MB(10));
  sample.lxcfs_count = reading_known(1);
  ck_assert_int_eq(hole()->estimate.state, READING_ABSENT);
}
END_TEST

START_TEST(no_slab_beside_some_k_reclaimable_is_refused)
{
  begin();
  sample.meminfo.slab = sample.meminfo.s_reclaimable = sample.meminfo.s_unreclaim =
      reading_known(0);
  sample.meminfo.k_reclaimable = reading_known(0); /* SLOB on an old kernel */
  ck_assert_int_eq(hole()->estimate.state, READING_KNOWN);
  sample.meminfo.k_reclaimable = reading_known(PAGE);
  ck_assert_int_eq(hole()->estimate.state, READING_ABSENT);
  ck_assert_ptr_nonnull(strstr(explanation.refused, "lxcfs"));
}
END_TEST

START_TEST(a_mem_total_below_the_zones_is_refused)
{
  static const struct {
    uint64_t managed, zone_free;
    bool refused;
  } cases[] = {
      {GB(1), MB(700), false},
      {MB(1009), MB(700), false}, /* a balloon between two reads */
      {MB(1039), MB(700), false},
      {MB(1000), MB(700), false}, /* zones are missing: collect/completeness.h */
      {MB(1050), MB(700), true},
      {GB(64), MB(700), true}, /* the host's zones */
      {MB(16), MB(700), false},
      {MB(624), MB(300), false}, /* 400 MB in no zone yet, and free */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    sample.zoneinfo.managed = reading_known(cases[i].managed);
    sample.zoneinfo.free = reading_known(cases[i].zone_free);
    enum reading_state state = hole()->estimate.state;
    ck_assert_msg((explanation.refused != NULL) == cases[i].refused, "case %zu", i);
    ck_assert_int_eq(state, cases[i].refused ? READING_ABSENT : READING_KNOWN);
  }
  begin(); /* before 3.10 zones have no managed */
  sample.zoneinfo.managed = reading_missing(READING_ABSENT);
  assert_amount(hole()->estimate, MB(10));
}
END_TEST

/* 180 MB of user pages by both counters. */
START_TEST(user_sites_beyond_the_counters_are_uncounted)
{
  static const struct {
    unsigned sites, uncounted; /* MB */
  } cases[] = {{10, 0}, {180, 0}, {196, 0}, {230, 50}, {390, 210}, {391, 0}};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    begin();
    sample.meminfo.mem_free = sample.zoneinfo.free = reading_known(MB(500));
    sample.zoneinfo_after = sample.zoneinfo;
    sample.allocinfo_lru_then = sample.allocinfo_cache_then = reading_known(MB(180));
    sample.allocinfo.place[ALLOCINFO_USER] = reading_known(MB(cases[i].sites));
    sample.allocinfo.place[ALLOCINFO_BLACK_HOLE] = reading_known(MB(1));
    sample.allocinfo.total = reading_known(MB(900));
    assert_amount(hole()->estimate, MB(210)); /* which has all that is uncounted */
    assert_amount(hole()->uncounted, (int64_t)MB(cases[i].uncounted));
    assert_amount(hole()->allocinfo, (int64_t)MB(cases[i].uncounted + 1));
  }
  sample.allocinfo.place[ALLOCINFO_USER] = reading_known(MB(300));
  assert_amount(hole()->uncounted, MB(120));
  sample.allocinfo_lru_then = reading_known(MB(250)); /* the larger one counts */
  assert_amount(hole()->uncounted, MB(50));
  sample.allocinfo_cache_then = reading_missing(READING_MALFORMED);
  ck_assert(!is_known(hole()->uncounted));
  assert_amount(hole()->allocinfo, MB(1));
}
END_TEST

START_TEST(an_identity_is_broken_beyond_its_tolerance)
{
  static const struct {
    int64_t slab; /* beyond the sum of its parts */
    bool holds;
  } cases[] = {{0, true}, {2000, true}, {-2000, true}, {2001, false}, {-2001, false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    sample.meminfo.slab.value += (uint64_t)cases[i].slab;
    hole();
    const struct identity_result *slab = &explanation.identities[IDENTITY_slab];
    assert_amount(slab->residual, cases[i].slab);
    ck_assert_int_eq(slab->tolerance, 2000);
    ck_assert(slab->judged);
    ck_assert_int_eq(slab->holds, cases[i].holds);
  }
}
END_TEST

START_TEST(an_inequality_is_broken_on_one_side_only)
{
  static const struct {
    uint64_t shmem; /* Cached is 75 MB */
    bool holds;
  } cases[] = {{0, true}, {MB(75), true}, {MB(75) + 2000, true}, {MB(75) + 2001, false}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    sample.meminfo.shmem = reading_known(cases[i].shmem);
    hole();
    const struct identity_result *result = &explanation.identities[IDENTITY_shmem_cached];
    assert_amount(result->residual, (int64_t)MB(75) - (int64_t)cases[i].shmem);
    ck_assert_int_eq(result->holds, cases[i].holds);
  }
}
END_TEST

START_TEST(an_identity_with_a_missing_line_is_not_known)
{
  begin();
  sample.meminfo.slab = reading_missing(READING_ABSENT);
  hole();
  const struct identity_result *slab = &explanation.identities[IDENTITY_slab];
  ck_assert_int_eq(slab->residual.state, READING_ABSENT);
  ck_assert(!slab->judged);
  ck_assert(!slab->holds);
}
END_TEST

START_TEST(drift_is_bounded_where_zoneinfo_is_not_known)
{
  begin();
  sample.meminfo.slab.value += 2001; /* two counters drift */
  sample.meminfo.active.value += 1;  /* one snapshot: no drift */
  reading_fill(&sample.zoneinfo.pcp, sizeof(sample.zoneinfo) / sizeof(struct reading),
               READING_DENIED);
  hole();
  const struct identity_result *all = explanation.identities;
  assert_amount(all[IDENTITY_slab].residual, 2001);
  ck_assert(all[IDENTITY_slab].judged && all[IDENTITY_slab].holds);
  assert_amount(all[IDENTITY_active].residual, 1);
  ck_assert(all[IDENTITY_active].judged && !all[IDENTITY_active].holds);
  ck_assert_int_gt(all[IDENTITY_slab].tolerance, 2000);
  sample.meminfo.slab.value += (uint64_t)all[IDENTITY_slab].tolerance;
  hole();
  ck_assert(all[IDENTITY_slab].judged && !all[IDENTITY_slab].holds);
}
END_TEST

/* Isolated pages may be up to an eighth of Inactive. */
START_TEST(an_operand_that_is_bounded_widens_the_tolerance)
{
  begin();
  hole();
  const struct identity_result *lru = &explanation.identities[IDENTITY_lru_cache];
  const int64_t tolerance = lru->tolerance;
  sample.vmstat.nr_isolated_anon = sample.vmstat.nr_isolated_file =
      sample.zoneinfo.isolated = reading_missing(READING_ABSENT);
  hole();
  ck_assert(is_known(lru->residual) && lru->judged);
  ck_assert_int_eq(lru->tolerance,
                   tolerance + (int64_t)sample.meminfo.inactive.value / 8);
  sample.vmstat.nr_isolated_anon = reading_missing(READING_DENIED);
  hole();
  ck_assert(!is_known(lru->residual));
}
END_TEST

START_TEST(a_residual_is_not_judged_where_its_tolerance_is_not_known)
{
  static const struct {
    enum reading_state state;
    bool judged;
  } cases[] = {
      {READING_ABSENT, true}, {READING_DENIED, false}, {READING_MALFORMED, false}};
  const struct identity_result *result = &explanation.identities[IDENTITY_anon_lru];
  for (size_t i = 0; i < LENGTH(cases); i++) {
    begin();
    hole();
    ck_assert(result->judged && result->holds);
    sample.meminfo.anon_pages.value += MB(40);
    sample.meminfo.unevictable = reading_missing(cases[i].state);
    hole();
    ck_assert_int_eq(result->residual.state, READING_KNOWN);
    ck_assert(!result->holds);
    ck_assert_int_eq(result->judged, cases[i].judged);
  }
}
END_TEST

START_TEST(coverage_is_the_resident_share_of_the_processes_read)
{
  begin();
  sample.processes.unread_rss = reading_known(MB(10));
  hole();
  ck_assert_int_eq(explanation.pss_coverage.state, READING_KNOWN);
  ck_assert(explanation.pss_coverage.percent == 95.0); /* 190 of 200 MB */
  sample.processes.guessed_anon = reading_known(MB(100));
  sample.processes.guessed_file = reading_known(MB(50));
  sample.processes.guessed_shmem = reading_known(MB(30));
  hole();
  ck_assert(explanation.pss_coverage.percent == 50.0); /* 190 of 380 MB */
  sample.processes.unlisted = reading_known(MB(380));
  hole();
  ck_assert(explanation.pss_coverage.percent == 25.0); /* 190 of 760 MB */
  sample.processes.unlisted = reading_missing(READING_ABSENT);
  hole();
  ck_assert_int_eq(explanation.pss_coverage.state, READING_ABSENT);
  sample.processes.unlisted = reading_known(0);
  sample.processes.rss = reading_missing(READING_ABSENT);
  hole();
  ck_assert_int_eq(explanation.pss_coverage.state, READING_ABSENT);
}
END_TEST

START_TEST(ratios_need_both_sides_and_a_whole_above_0)
{
  begin();
  sample.meminfo.committed_as = reading_known(MB(300));
  sample.meminfo.commit_limit = reading_known(MB(200));
  hole();
  ck_assert(explanation.ratios[RATIO_DETAIL_commit].percent == 150.0);
  sample.meminfo.commit_limit = reading_known(0);
  hole();
  ck_assert_int_eq(explanation.ratios[RATIO_DETAIL_commit].state, READING_ABSENT);
  sample.meminfo.commit_limit = reading_missing(READING_MALFORMED);
  hole();
  ck_assert_int_eq(explanation.ratios[RATIO_DETAIL_commit].state, READING_MALFORMED);
}
END_TEST

START_TEST(the_largest_numbers_do_not_overflow)
{
  begin();
  for (unsigned f = 0; f < MEMINFO_FIELD_COUNT; f++)
    sample.meminfo.fields[f] = reading_known(INT64_MAX);
  for (size_t i = 0; i < PROCESSES_READINGS; i++)
    (&sample.processes.pss)[i] = reading_known(INT64_MAX);
  for (unsigned f = 0; f < VMSTAT_FIELD_COUNT; f++)
    sample.vmstat.fields[f] = reading_known(INT64_MAX);
  sample.zoneinfo.managed = sample.zoneinfo.free = sample.zoneinfo.pcp =
      reading_known(INT64_MAX);
  sample.consumers.zram = sample.consumers.brd = reading_known(INT64_MAX);
  sample.cpus_possible_count = reading_known(65536);
  sample.overcommit_ratio_count = reading_known(INT64_MAX);
  ck_assert_int_eq(hole()->of[ACCOUNTING_LRU].state, READING_MALFORMED);
  ck_assert_int_eq(hole()->of[ACCOUNTING_CACHE].state, READING_MALFORMED);
  ck_assert_int_ne(hole()->of[ACCOUNTING_PSS].state, READING_KNOWN);
  ck_assert_int_eq(hole()->hidden.state, READING_MALFORMED);
  ck_assert_int_eq(hole()->unexplained.state, READING_MALFORMED);
}
END_TEST

START_TEST(nothing_is_explained_from_an_empty_sample)
{
  memset(&sample, 0, sizeof(sample));
  sample.page_size = PAGE;
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    ck_assert_int_eq(hole()->of[m].state, READING_ABSENT);
  for (size_t i = 0; i < TERM_COUNT; i++)
    ck_assert_int_eq(explanation.terms[i].state, READING_ABSENT);
  for (size_t i = 0; i < IDENTITY_COUNT; i++)
    ck_assert_int_eq(explanation.identities[i].residual.state, READING_ABSENT);
  ck_assert_ptr_null(explanation.refused);
}
END_TEST

SUITE_MAIN("explain", user_sites_beyond_the_counters_are_uncounted,
           hidden_pages_are_found_to_the_page, one_more_page_of_any_kind_is_counted_once,
           every_identity_holds_on_a_consistent_machine,
           a_new_kernel_has_every_identity_of_the_lines_it_prints,
           no_field_is_counted_twice, no_hidden_consumer_is_part_of_an_accounting,
           a_byte_of_a_field_changes_the_hole_by_one_byte_or_not_at_all,
           the_hole_is_mem_total_minus_all_terms,
           conservation_holds_to_the_byte_on_every_fixture,
           the_error_is_the_sum_of_the_bounds_that_apply,
           drift_of_many_cpus_is_three_sigma_and_not_the_worst_case,
           the_tear_of_the_sample_is_part_of_the_error,
           without_the_second_zoneinfo_no_bound_is_known,
           without_valid_thresholds_the_number_of_cpus_bounds_the_drift,
           free_pages_in_deltas_are_free, the_mean_of_the_per_cpu_lists_is_free,
           the_estimate_is_lru_where_batches_do_not_explain_the_gap,
           swap_cache_makes_the_cache_accounting_an_interval,
           an_unknown_swap_cache_is_not_taken_as_0,
           a_denied_zoneinfo_widens_the_error_by_an_eighth_of_mem_total,
           no_error_bound_is_known_where_vmalloc_is_not,
           a_leak_on_the_lru_shows_without_zoneinfo,
           address_space_bounds_an_unknown_vmalloc,
           the_estimate_is_lru_then_cache_then_pss, a_negative_hole_stays_negative,
           an_accounting_without_its_essentials_is_absent,
           a_malformed_addend_withholds_every_accounting_it_is_part_of,
           a_term_below_zero_is_malformed_unless_it_is_signed,
           hidden_consumers_reduce_only_unexplained, a_meminfo_of_lxcfs_is_refused,
           no_slab_beside_some_k_reclaimable_is_refused,
           a_mem_total_below_the_zones_is_refused,
           an_identity_is_broken_beyond_its_tolerance,
           an_inequality_is_broken_on_one_side_only,
           an_identity_with_a_missing_line_is_not_known,
           drift_is_bounded_where_zoneinfo_is_not_known,
           an_operand_that_is_bounded_widens_the_tolerance,
           a_residual_is_not_judged_where_its_tolerance_is_not_known,
           coverage_is_the_resident_share_of_the_processes_read,
           ratios_need_both_sides_and_a_whole_above_0,
           the_largest_numbers_do_not_overflow, nothing_is_explained_from_an_empty_sample)
