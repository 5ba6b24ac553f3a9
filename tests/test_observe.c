/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "suite.h"

#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/explain/observe.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct collect_options no_pss = {.pss = false};

/* A machine of 1 GB with `hole` kB in the black hole and an error of a few kB; of its
 * swap `negative` kB more are free than there are. */
static void write_swap(const char *tree, unsigned hole, unsigned negative)
{
  char text[1024];
  snprintf(text, sizeof(text),
           "MemTotal: 1000000 kB\nMemFree: %u kB\nBuffers: 0 kB\nCached: 200000 kB\n"
           "SwapCached: 0 kB\nActive: 100000 kB\nInactive: 200000 kB\n"
           "Active(anon): 0 kB\nInactive(anon): 100000 kB\nActive(file): 100000 kB\n"
           "Inactive(file): 100000 kB\nUnevictable: 0 kB\nAnonPages: 100000 kB\n"
           "Mapped: 4000 kB\nSlab: 0 kB\nSReclaimable: 0 kB\nSUnreclaim: 0 kB\n"
           "PageTables: 0 kB\nBounce: 0 kB\nWritebackTmp: 0 kB\nVmallocUsed: 4 kB\n"
           "VmallocChunk: 0 kB\nPercpu: 0 kB\nKernelStack: 0 kB\nHugetlb: 0 kB\n"
           "SwapTotal: 0 kB\nCommitLimit: 500000 kB\nSwapFree: %u kB\n",
           1000000 - 300000 - 4 - hole, negative);
  /* Renamed into place, so that no reader sees a part of it. */
  tree_write(tree, "proc/meminfo.new", text);
  char from[512], to[512];
  snprintf(from, sizeof(from), "%s/proc/meminfo.new", tree);
  snprintf(to, sizeof(to), "%s/proc/meminfo", tree);
  ck_assert_int_eq(rename(from, to), 0);
}

static void write_machine(const char *tree, unsigned hole)
{
  write_swap(tree, hole, 0);
}

static char *make_machine(unsigned hole)
{
  char *tree = tree_make();
  tree_write(tree, "proc/zoneinfo",
             "Node 0, zone   Normal\n  pages free     1\n        present  260000\n"
             "        managed  250000\n  pagesets\n    cpu: 0\n"
             "              count: 0\n  vm stats threshold: 1\n  start_pfn: 1\n");
  tree_write(tree, "proc/vmstat",
             "nr_free_pages 9\nnr_isolated_anon 0\nnr_isolated_file 0\nnr_mapped "
             "1000\nnr_unstable 0\n");
  tree_write(tree, "proc/vmallocinfo", "");
  tree_write(tree, "proc/sys/vm/overcommit_ratio", "50\n");
  write_machine(tree, hole);
  return tree;
}

static struct observer observer;

static int64_t observed(void)
{
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert_int_eq(observer.explanation.black_hole.estimate.state, READING_KNOWN);
  return observer.explanation.black_hole.estimate.value / 1024;
}

START_TEST(a_quiet_machine_is_sampled_once)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  for (int i = 0; i < 6; i++) {
    ck_assert_int_eq(observed(), 5000);
    ck_assert_uint_eq(observer.sample.retries, 0);
  }
  ck_assert_int_eq(observer.explanation.black_hole.floor.value, 5000 * 1024);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(a_jump_that_stays_is_accepted_after_some_looks)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  ck_assert_int_eq(observed(), 5000);
  write_machine(tree, 90000);
  ck_assert_int_eq(observed(), 90000);
  ck_assert_uint_eq(observer.sample.retries, OBSERVE_LOOKS);
  ck_assert_int_eq(observed(), 90000);
  ck_assert_uint_eq(observer.sample.retries, 0);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

static void *calm_down(void *tree)
{
  usleep(50 * 1000);
  write_machine(tree, 5000);
  return NULL;
}

START_TEST(a_jump_that_passes_is_not_reported)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  ck_assert_int_eq(observed(), 5000);
  write_machine(tree, 90000);
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, calm_down, tree), 0);
  ck_assert_int_eq(observed(), 5000);
  ck_assert_uint_gt(observer.sample.retries, 0);
  pthread_join(thread, NULL);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(a_change_within_the_error_is_no_jump)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  ck_assert_int_eq(observed(), 5000);
  int64_t error = (int64_t)observer.explanation.black_hole.error.value / 1024;
  ck_assert_int_gt(error, 4);
  write_machine(tree, 5000 + (unsigned)error);
  ck_assert_int_eq(observed(), 5000 + error);
  ck_assert_uint_eq(observer.sample.retries, 0);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

/* --- identities ----------------------------------------------------------------------
 */

static const struct identity_result *const swap =
    &observer.explanation.identities[IDENTITY_swap_free];

/* A machine that is observed once, and contradicts itself from then on. */
static char *make_contradiction(bool live)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  ck_assert_int_eq(observed(), 5000);
  ck_assert(swap->judged && swap->holds);
  observer.collector.root.live = live;
  write_swap(tree, 5000, 8);
  return tree;
}

START_TEST(a_contradiction_that_stays_is_looked_at_again_once)
{
  char *tree = make_contradiction(true);
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert(swap->judged && !swap->holds);
  ck_assert_uint_eq(observer.sample.retries, OBSERVE_LOOKS);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(observe(&observer, &no_pss), 0);
    ck_assert(swap->judged && !swap->holds);
    ck_assert_uint_eq(observer.sample.retries, 0);
  }
  write_swap(tree, 5000, 0); /* mended, and broken again */
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert(swap->judged && swap->holds);
  write_swap(tree, 5000, 8);
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert_uint_eq(observer.sample.retries, OBSERVE_LOOKS);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(a_contradiction_that_passes_is_not_reported)
{
  char *tree = make_contradiction(true);
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, calm_down, tree), 0);
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  pthread_join(thread, NULL);
  ck_assert(swap->judged && swap->holds);
  ck_assert_uint_gt(observer.sample.retries, 0);
  ck_assert(!observer.broken[IDENTITY_swap_free]);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(a_captured_contradiction_is_looked_at_once)
{
  char *tree = make_contradiction(false);
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert(swap->judged && !swap->holds);
  ck_assert_uint_eq(observer.sample.retries, 0);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(an_absent_root_is_an_error)
{
  ck_assert_int_lt(observer_open("/no/such/root", &observer), 0);
}
END_TEST

START_TEST(removed_is_relative_to_the_highest_mem_total)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(unlink(tree_path(tree, "proc/zoneinfo")),
                   0); /* it would contradict a changing MemTotal */
  static const struct {
    unsigned total, removed; /* kB */
  } steps[] = {{1000000, 0}, {700000, 300000}, {1200000, 0}, {1100000, 100000}};
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
    char text[64];
    snprintf(text, sizeof(text), "MemTotal: %u kB\nMemFree: 10 kB\n", steps[i].total);
    tree_write(tree, "proc/meminfo", text);
    ck_assert_int_eq(observe(&observer, &no_pss), 0);
    ck_assert_int_eq(observer.explanation.removed.state, READING_KNOWN);
    ck_assert_uint_eq(observer.explanation.removed.value, steps[i].removed * 1024);
  }
  ck_assert_uint_eq(observer.first.mem_total.value, 1000000 * 1024);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

/* As on a live machine whose VmallocUsed counts pages. */
START_TEST(vmallocinfo_is_read_again_when_vmalloc_used_moved)
{
  char *tree = make_machine(5000);
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  observer.collector.root.live = true;
  tree_write(tree, "proc/vmallocinfo", "0x0-0x0 8192 a+0x1/0x2 pages=1 vmalloc\n");
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert_uint_eq(observer.sample.vmallocinfo.pages.value, 4096);
  const double pause = observer.collector.vmalloc.cached.schedule.cost / SCHEDULE_SHARE;
  usleep((useconds_t)(pause * 1e6) + 1000);
  tree_write(tree, "proc/vmallocinfo", "0x0-0x0 12288 a+0x1/0x2 pages=2 vmalloc\n");
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert_uint_eq(observer.sample.vmallocinfo.pages.value,
                    4096); /* of the first reading */
  ck_assert(observer.sample.sources[SOURCE_vmallocinfo].age > 0);
  ck_assert_int_eq(observer.sample.sources[SOURCE_vmallocinfo].state, READING_KNOWN);
  observer.collector.vmalloc.used_then.value += 4096; /* VmallocUsed has changed since */
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert_uint_eq(observer.sample.vmallocinfo.pages.value, 8192);
  ck_assert(observer.sample.sources[SOURCE_vmallocinfo].age == 0);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

#define CACHE_OF_PAGES(pages) "a 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 " #pages " 0\n"

static uint64_t observed_slab_cache(void)
{
  struct grouping_member member;
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert(grouping_member(&observer.sample, GROUPING_slab_caches, 0, &member));
  return member.bytes;
}

/* As on a live machine. */
START_TEST(slabinfo_is_read_again_when_slab_moved)
{
  char *tree = make_machine(5000);
  tree_write(tree, "proc/slabinfo", CACHE_OF_PAGES(1));
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  observer.collector.root.live = true;
  ck_assert_uint_eq(observed_slab_cache(), 4096);
  struct cached_grouping *caches = observer.collector.groupings[GROUPING_slab_caches];
  const double pause = caches->cached.schedule.cost / SCHEDULE_SHARE;
  usleep((useconds_t)(pause * 1e6) + 1000);
  tree_write(tree, "proc/slabinfo", CACHE_OF_PAGES(2));
  ck_assert_uint_eq(observed_slab_cache(), 4096); /* of the first reading */
  ck_assert(observer.sample.sources[SOURCE_slab_caches].age > 0);
  caches->whole_then.value += 4096; /* Slab has changed since */
  ck_assert_uint_eq(observed_slab_cache(), 8192);
  ck_assert(observer.sample.sources[SOURCE_slab_caches].age == 0);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

/* In a PID namespace proc has no kernel thread, so some processes were not read. */
START_TEST(processes_of_a_pid_namespace_are_partial)
{
  for (int kernel_thread = 0; kernel_thread < 2; kernel_thread++) {
    char *tree = make_machine(5000);
    tree_write(tree, "proc/meminfo",
               "MemTotal: 100000 kB\nMemFree: 5000 kB\nAnonPages: 900 kB\nMapped: 200 "
               "kB\n");
    tree_write_process(tree, (struct fake_process){.pid = 1, .anon = 64, .file = 36});
    if (kernel_thread)
      tree_write(tree, "proc/2/stat",
                 "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 2 0 0");
    ck_assert_int_eq(observer_open(tree, &observer), 0);
    observer.collector.root.live = true;
    ck_assert_int_eq(observe(&observer, &(struct collect_options){.pss = true}), 0);
    const struct processes *p = &observer.sample.processes;
    ck_assert_known(p->kernel_thread_count, (unsigned)kernel_thread);
    ck_assert_known(p->unlisted, kernel_thread ? 0 : (1100 - 100) * 1024);
    ck_assert_uint_eq(p->error.value > 1000 * 1024, !kernel_thread);
    ck_assert(kernel_thread ? observer.explanation.pss_coverage.percent == 100
                            : observer.explanation.pss_coverage.percent < 9.2);
    observer_close(&observer);
    tree_remove(tree);
  }
}
END_TEST

/* A file that disappears was a driver's, or proc was unmounted. */
START_TEST(a_source_that_was_known_before_is_gone)
{
  const char *const zram = "sys/block/zram0/mm_stat";
  char *tree = make_machine(5000);
  const struct source_status *sources = observer.sample.sources;
  tree_write(tree, zram, "8192 4096 12288 0 12288 0 0 0 0\n");
  ck_assert_int_eq(observer_open(tree, &observer), 0);
  observed();
  ck_assert_int_eq(sources[SOURCE_modules].state, READING_ABSENT);
  ck_assert(!sources[SOURCE_modules].gone);
  ck_assert(!sources[SOURCE_vmstat].gone);
  ck_assert_int_eq(sources[SOURCE_zram].state, READING_KNOWN);
  ck_assert_int_eq(unlink(tree_path(tree, "proc/vmstat")), 0);
  ck_assert_int_eq(unlink(tree_path(tree, zram)), 0);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(observe(&observer, &no_pss), 0);
    ck_assert(sources[SOURCE_vmstat].gone);
    ck_assert_int_eq(sources[SOURCE_zram].state, READING_ABSENT);
    ck_assert(!sources[SOURCE_zram].gone);
  }
  tree_write(tree, "proc/vmstat",
             "nr_free_pages 9\nnr_isolated_anon 0\nnr_isolated_file 0\nnr_mapped "
             "1000\nnr_unstable 0\n");
  observed();
  ck_assert(!sources[SOURCE_vmstat].gone);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

/* Pauses between samples. */
static double waited; /* seconds */
static void (*during_pause)(void);
int __real_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
  waited += (double)time->tv_sec + (double)time->tv_nsec / 1e9;
  if (during_pause != NULL)
    during_pause();
  return __real_nanosleep(time, left);
}

/* Swap holds in the second of four looks. */
static const char *changing;
static unsigned pauses;

static void change(void)
{
  write_swap(changing, 5000, pauses++ == 0 ? 0 : 8);
}

START_TEST(an_identity_that_held_in_one_look_is_not_judged)
{
  const struct identity_result *limit =
      &observer.explanation.identities[IDENTITY_commit_limit];
  char *tree = make_contradiction(true);
  tree_write(tree, "proc/sys/vm/overcommit_ratio", "90\n");
  changing = tree;
  during_pause = change;
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  during_pause = NULL;
  ck_assert_uint_eq(pauses, OBSERVE_LOOKS);
  ck_assert(limit->judged && !limit->holds);
  ck_assert(is_known(swap->residual) && !swap->judged);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

static void grow(void)
{
  write_swap(changing, 5000, 8U << 2 * ++pauses);
}

START_TEST(an_identity_broken_by_another_amount_in_each_look_is_not_judged)
{
  char *tree = make_contradiction(true);
  changing = tree;
  pauses = 0;
  during_pause = grow;
  ck_assert_int_eq(observe(&observer, &no_pss), 0);
  ck_assert(is_known(swap->residual) && !swap->judged);
  during_pause = NULL;
  ck_assert_uint_eq(pauses, OBSERVE_LOOKS);
  ck_assert_int_eq(observe(&observer, &no_pss), 0); /* it has stopped growing */
  ck_assert(swap->judged && !swap->holds);
  observer_close(&observer);
  tree_remove(tree);
}
END_TEST

START_TEST(looks_take_half_of_the_interval_at_most)
{
  static const struct {
    double interval, waited; /* seconds */
  } cases[] = {{0, 0.3}, {10, 0.3}, {0.6, 0.3}, {0.1, 0.05}, {0.01, 0.005}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    const struct collect_options options = {.interval = cases[i].interval};
    char *tree = make_machine(5000);
    ck_assert_int_eq(observer_open(tree, &observer), 0);
    observed();
    write_machine(tree, 90000);
    waited = 0;
    ck_assert_int_eq(observe(&observer, &options), 0);
    ck_assert_uint_eq(observer.sample.retries, OBSERVE_LOOKS);
    ck_assert_double_eq_tol(waited, cases[i].waited, 1e-6);
    observer_close(&observer);
    tree_remove(tree);
  }
}
END_TEST

SUITE_MAIN("observe", a_contradiction_that_stays_is_looked_at_again_once,
           a_contradiction_that_passes_is_not_reported,
           a_captured_contradiction_is_looked_at_once,
           an_identity_that_held_in_one_look_is_not_judged,
           processes_of_a_pid_namespace_are_partial,
           a_source_that_was_known_before_is_gone,
           looks_take_half_of_the_interval_at_most,
           an_identity_broken_by_another_amount_in_each_look_is_not_judged,
           removed_is_relative_to_the_highest_mem_total,
           vmallocinfo_is_read_again_when_vmalloc_used_moved,
           slabinfo_is_read_again_when_slab_moved, a_quiet_machine_is_sampled_once,
           a_jump_that_stays_is_accepted_after_some_looks,
           a_jump_that_passes_is_not_reported, a_change_within_the_error_is_no_jump,
           an_absent_root_is_an_error)
