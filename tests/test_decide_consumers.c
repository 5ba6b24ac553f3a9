/* SPDX-License-Identifier: MIT */
#include "explain/decide.h"
#include "explain/decide_consumers.h"
#include "meminfo_explain/explain/explain.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE  ((uint64_t)4096)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

static struct sample *sample;
static struct meminfo *m;
static struct consumers *c;
static struct decided decided;
static struct explanation e;

/* A sample of 1 GiB in which nothing else is known. Each test runs in its own process, so
 * it starts empty. */
static void begin(void)
{
  sample = calloc(1, sizeof(*sample));
  sample->page_size = PAGE;
  m = &sample->meminfo;
  c = &sample->consumers;
  m->mem_total = reading_known(GB(1));
}

/* The same with all that the lru accounting needs, and 300 MiB in the black hole. */
static void begin_accounted(void)
{
  begin();
  m->mem_free = reading_known(MB(500));
  m->active = reading_known(MB(120));
  m->inactive = reading_known(MB(100));
  m->vmalloc_used = reading_known(MB(4)); /* without it the error is unbounded */
}

static void end(void)
{
  free(sample);
}

static const struct decided *decide_all(void)
{
  memset(&decided, 0xff, sizeof(decided));
  decide(sample, &decided);
  return &decided;
}

static void explain_all(void)
{
  memset(&e, 0xff, sizeof(e));
  explain(sample, &e);
}

static void assert_known(const struct decision *decision, uint64_t value)
{
  ck_assert_int_eq(decision->reading.state, READING_KNOWN);
  ck_assert_uint_eq(decision->reading.value, value);
  ck_assert(!decision->withholds);
  ck_assert(!decision->unbounded);
}

static void assert_missing(const struct decision *decision, enum reading_state state)
{
  ck_assert_int_eq(decision->reading.state, state);
  ck_assert_uint_eq(decision->reading.value, 0);
  ck_assert(!decision->withholds);
}

static void assert_why(const struct decision *decision, const char *part)
{
  ck_assert_ptr_nonnull(decision->why);
  ck_assert_msg(strstr(decision->why, part) != NULL, "\"%s\" does not say \"%s\"",
                decision->why, part);
}

static const struct reading malformed = {.state = READING_MALFORMED},
                            denied = {.state = READING_DENIED},
                            absent = {.state = READING_ABSENT};

/* --- compressed memory --------------------------------------------------------------
 */

START_TEST(zswap_is_its_line_where_there_is_one)
{
  begin();
  m->zswap = reading_known(MB(5));
  c->zswap_pool = reading_known(MB(7));
  assert_known(&decide_all()->zswap, MB(5));
  m->zswap = reading_known(0);
  assert_known(&decide_all()->zswap, 0);
  m->zswap = malformed; /* a malformed line is not replaced */
  assert_missing(&decide_all()->zswap, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(zswap_without_a_line_is_the_pool_in_debugfs)
{
  begin();
  assert_missing(&decide_all()->zswap, READING_ABSENT);
  c->zswap_pool = reading_known(MB(7));
  assert_known(&decide_all()->zswap, MB(7));
  assert_why(&decided.zswap, "pool_total_size");
  c->zswap_pool = reading_known(GB(1) + 1);
  assert_missing(&decide_all()->zswap, READING_MALFORMED);
  c->zswap_pool = denied;
  assert_missing(&decide_all()->zswap, READING_DENIED);
  end();
}
END_TEST

/* In MiB; a state other than known has no number. The drift is 1 MiB. */
static const struct {
  enum reading_state zspages_state, zram_state, zswap_state;
  uint64_t zspages, zram, zswap;
  enum reading_state want_state;
  uint64_t want;
} compressed[] = {
#define A READING_ABSENT
#define K READING_KNOWN
#define D READING_DENIED
#define M READING_MALFORMED
    {A, A, A, 0, 0, 0, A, 0},
    {K, A, A, 0, 0, 0, A, 0},
    {K, A, A, 40, 0, 0, K, 40},   /* neither reports its pool */
    {K, K, A, 40, 30, 0, K, 10},  /* the rest can only be zswap */
    {K, A, K, 40, 0, 40, A, 0},   /* all of it is zswap */
    {K, A, K, 40, 0, 39, A, 0},   /* except for drift */
    {K, A, K, 40, 0, 38, K, 2},   /* more than drift */
    {K, K, K, 40, 10, 30, A, 0},  /* both report their pools */
    {K, K, K, 400, 10, 30, A, 0}, /* whatever nr_zspages is */
    {K, K, K, 40, 10, 90, A, 0},  /* zswap in zbud */
    {K, A, K, 40, 0, 90, A, 0},   /* too low, never too high */
    {K, D, K, 40, 0, 10, K, 30},
    {K, M, K, 40, 0, 10, K, 30}, /* zram does not report its pool */
    {K, K, D, 40, 10, 0, K, 30},
    {K, K, M, 40, 10, 0, K, 30},
    {K, M, M, 40, 0, 0, K, 40},
    {K, M, A, 1, 0, 0, A, 0},       /* only drift */
    {K, A, A, 1024, 0, 0, K, 1024}, /* MemTotal to the byte */
    {K, A, A, 1025, 0, 0, M, 0},
    {M, A, A, 0, 0, 0, M, 0},
    {D, K, A, 0, 10, 0, D, 0},
    {M, K, K, 0, 10, 10, A, 0}, /* not used where both report their pools */
#undef A
#undef K
#undef D
#undef M
};

START_TEST(zsmalloc_is_what_neither_zram_nor_zswap_reports)
{
  for (size_t i = 0; i < LENGTH(compressed); i++) {
    begin();
    sample->zoneinfo.zone_drift = reading_known(MB(1));
    sample->vmstat.nr_zspages = (struct reading){.value = MB(compressed[i].zspages),
                                                 .state = compressed[i].zspages_state};
    c->zram = (struct reading){.value = MB(compressed[i].zram),
                               .state = compressed[i].zram_state};
    m->zswap = (struct reading){.value = MB(compressed[i].zswap),
                                .state = compressed[i].zswap_state};
    const struct reading got = decide_all()->zsmalloc.reading;
    ck_assert_msg(got.state == compressed[i].want_state &&
                      got.value == MB(compressed[i].want),
                  "case %zu: %s, %llu", i, reading_state_name(got.state),
                  (unsigned long long)got.value);
    end();
  }
}
END_TEST

START_TEST(compressed_pages_are_never_counted_twice)
{
  begin();
  sample->vmstat.nr_zspages = reading_known(MB(40));
  c->zswap_pool = reading_known(MB(10)); /* in debugfs and in its line */
  for (unsigned known = 0; known < 2; known++) {
    c->zram = known ? reading_known(MB(30)) : malformed;
    explain_all();
    ck_assert_int_eq(e.black_hole.hidden.value, MB(40));
    ck_assert_int_eq(e.terms[TERM_HIDDEN_zswap].value, MB(10));
    ck_assert_int_eq(e.terms[TERM_HIDDEN_zsmalloc].state,
                     known ? READING_ABSENT : READING_KNOWN);
  }
  end();
}
END_TEST

/* --- balloons -----------------------------------------------------------------------
 */

static void inflate(uint64_t inflated, uint64_t deflated)
{
  sample->vmstat.balloon_inflate_count = reading_known(inflated);
  sample->vmstat.balloon_deflate_count = reading_known(deflated);
}

static const enum term balloon_terms[] = {
    TERM_HIDDEN_virtio_balloon,  TERM_HIDDEN_vmware_balloon, TERM_OUTSIDE_virtio_balloon,
    TERM_OUTSIDE_hyperv_balloon, TERM_OUTSIDE_xen_balloon,   TERM_UPPER_BOUND_balloon};

/* The balloon is in this term; the others are absent. */
static void assert_balloon_only_in(enum term term, enum reading_state state,
                                   uint64_t value)
{
  explain_all();
  for (size_t i = 0; i < LENGTH(balloon_terms); i++) {
    const struct term_row *row = &term_rows[balloon_terms[i]];
    const struct amount got = e.terms[balloon_terms[i]];
    bool here = balloon_terms[i] == term;
    ck_assert_msg(got.state == (here ? state : READING_ABSENT), "%s of view %d is %s",
                  row->name, row->view, reading_state_name(got.state));
    ck_assert_int_eq(got.value, here ? (int64_t)value : 0);
  }
  bool hidden = term_rows[term].view == TERM_VIEW_HIDDEN;
  ck_assert_int_eq(e.black_hole.hidden.value, hidden ? (int64_t)value : 0);
}

static void assert_no_balloon(void)
{
  assert_balloon_only_in(TERM_UPPER_BOUND_balloon, READING_ABSENT, 0);
}

START_TEST(virtio_balloon_is_hidden_only_with_deflate_on_oom)
{
  begin();
  inflate(2500, 500);
  m->balloon = reading_known(MB(1)); /* lags behind the events: not used */
  c->virtio_deflate_on_oom_count = reading_known(1);
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_KNOWN, 2000 * PAGE);
  assert_why(&e.decided.virtio_balloon, "DEFLATE_ON_OOM");
  c->virtio_deflate_on_oom_count = reading_known(2);
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_KNOWN, 2000 * PAGE);
  c->virtio_deflate_on_oom_count = reading_known(0);
  assert_balloon_only_in(TERM_OUTSIDE_virtio_balloon, READING_KNOWN, 2000 * PAGE);
  assert_why(&e.decided.virtio_balloon_out, "without DEFLATE_ON_OOM");
  end();
}
END_TEST

START_TEST(virtio_balloon_without_features_may_be_hidden)
{
  begin();
  inflate(2500, 500);
  c->virtio_deflate_on_oom_count = denied;
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_DENIED, 0);
  assert_why(&e.decided.virtio_balloon, "unreadable");
  c->virtio_deflate_on_oom_count = malformed;
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_MALFORMED, 0);
  end();
}
END_TEST

START_TEST(virtio_balloon_without_events_is_the_balloon_line)
{
  begin();
  c->virtio_deflate_on_oom_count = reading_known(1);
  assert_no_balloon();
  m->balloon = reading_known(MB(3));
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_KNOWN, MB(3));
  sample->vmstat.balloon_inflate_count = reading_known(9); /* the other is missing */
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_KNOWN, MB(3));
  end();
}
END_TEST

START_TEST(balloon_events_that_go_backwards_are_malformed)
{
  static const uint64_t events[][2] = {{5, 6}, {0, 1}, {1, INT64_MAX}, {INT64_MAX, 0}};
  for (size_t i = 0; i < LENGTH(events); i++) {
    begin();
    m->balloon = reading_known(MB(3));
    inflate(events[i][0], events[i][1]);
    c->virtio_deflate_on_oom_count = reading_known(1);
    assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_MALFORMED, 0);
    c->virtio_deflate_on_oom_count = reading_known(0);
    assert_balloon_only_in(TERM_OUTSIDE_virtio_balloon, READING_MALFORMED, 0);
    c->virtio_deflate_on_oom_count = absent;
    c->vmware_loaded_count = reading_known(32768);
    assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_MALFORMED, 0);
    c->vmware_loaded_count = absent;
    assert_balloon_only_in(TERM_UPPER_BOUND_balloon, READING_MALFORMED, 0);
    end();
  }
}
END_TEST

START_TEST(hidden_balloon_above_mem_total_is_malformed_and_one_outside_is_not)
{
  begin();
  inflate(GB(1) / PAGE + 1, 0);
  c->virtio_deflate_on_oom_count = reading_known(1);
  assert_missing(&decide_all()->virtio_balloon, READING_MALFORMED);
  assert_balloon_only_in(TERM_HIDDEN_virtio_balloon, READING_MALFORMED, 0);
  c->virtio_deflate_on_oom_count = reading_known(0);
  assert_balloon_only_in(TERM_OUTSIDE_virtio_balloon, READING_KNOWN, GB(1) + PAGE);
  c->virtio_deflate_on_oom_count = absent;
  c->vmware_loaded_count = reading_known(32768); /* by events */
  assert_missing(&decide_all()->vmware_balloon, READING_MALFORMED);
  c->vmware_current = reading_known(GB(1) + 1);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_MALFORMED, 0);
  end();
}
END_TEST

START_TEST(vmware_balloon_is_what_debugfs_says)
{
  begin();
  inflate(2500, 500);
  m->balloon = reading_known(MB(1));
  c->vmware_current = reading_known(MB(12));
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, MB(12));
  c->vmware_loaded_count = reading_known(32768);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, MB(12));
  assert_why(&e.decided.vmware_balloon, "vmmemctl");
  c->vmware_current = reading_known(0);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, 0);
  end();
}
END_TEST

START_TEST(vmware_balloon_without_debugfs_is_recognised_by_the_module)
{
  begin();
  c->vmware_current = denied;
  c->vmware_loaded_count = reading_known(32768);
  inflate(2500, 500);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, 2000 * PAGE);
  assert_why(&e.decided.vmware_balloon, "debugfs vmmemctl is unavailable");
  sample->vmstat.balloon_inflate_count = absent;
  m->balloon = reading_known(MB(3));
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, MB(3));
  m->balloon = reading_known(0);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, 0);
  end();
}
END_TEST

START_TEST(vmware_driver_that_counts_no_events_is_not_an_empty_balloon)
{
  static const struct reading currents[] = {
      {.state = READING_DENIED}, {.state = READING_MALFORMED}, {.state = READING_ABSENT}};
  for (size_t i = 0; i < LENGTH(currents); i++) {
    begin();
    c->vmware_current = currents[i];
    c->vmware_loaded_count = reading_known(32768);
    assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, currents[i].state, 0);
    inflate(0, 0);
    assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, currents[i].state, 0);
    inflate(7, 7);
    assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, currents[i].state, 0);
    m->balloon = reading_known(0); /* a kernel that counts events */
    assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, 0);
    end();
  }
}
END_TEST

START_TEST(malformed_vmware_file_still_identifies_the_driver)
{
  begin();
  c->vmware_current = malformed;
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_MALFORMED, 0);
  inflate(2500, 500);
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_KNOWN, 2000 * PAGE);
  end();
}
END_TEST

START_TEST(hyperv_and_xen_balloons_are_outside_by_their_own_numbers)
{
  begin();
  inflate(2500, 500);
  m->balloon = reading_known(MB(9));
  c->hyperv_balloon = reading_known(GB(3)); /* more than MemTotal is left */
  assert_balloon_only_in(TERM_OUTSIDE_hyperv_balloon, READING_KNOWN, GB(3));
  c->hyperv_balloon = absent;
  c->xen_low = reading_known(GB(2));
  c->xen_high = reading_known(MB(4));
  assert_balloon_only_in(TERM_OUTSIDE_xen_balloon, READING_KNOWN, GB(2) + MB(4));
  c->xen_low = reading_known(0);
  c->xen_high = reading_known(0);
  assert_balloon_only_in(TERM_OUTSIDE_xen_balloon, READING_KNOWN, 0);
  end();
}
END_TEST

START_TEST(balloon_of_an_unknown_driver_is_a_bound)
{
  begin();
  inflate(2500, 500);
  assert_balloon_only_in(TERM_UPPER_BOUND_balloon, READING_KNOWN, 2000 * PAGE);
  assert_why(&e.decided.balloon, "unknown balloon driver");
  inflate(0, 0);
  assert_no_balloon();
  sample->vmstat.balloon_inflate_count = absent;
  m->balloon = reading_known(GB(2)); /* of Hyper-V, whose debugfs is denied */
  assert_balloon_only_in(TERM_UPPER_BOUND_balloon, READING_KNOWN, GB(2));
  m->balloon = reading_known(0);
  assert_no_balloon();
  end();
}
END_TEST

START_TEST(unreadable_debugfs_may_hide_a_balloon_without_events)
{
  begin();
  c->vmware_current = denied;
  assert_balloon_only_in(TERM_HIDDEN_vmware_balloon, READING_DENIED, 0);
  inflate(2500, 500);
  assert_balloon_only_in(TERM_UPPER_BOUND_balloon, READING_KNOWN, 2000 * PAGE);
  end();
}
END_TEST

/* --- drivers ------------------------------------------------------------------------
 */

START_TEST(gpu_is_both_lines_or_the_pools_of_ttm)
{
  begin();
  assert_missing(&decide_all()->gpu, READING_ABSENT);
  c->ttm_pool = reading_known(MB(7));
  assert_known(&decide_all()->gpu, MB(7));
  assert_why(&decided.gpu, "no GPUActive line");
  c->ttm_pool = denied;
  assert_missing(&decide_all()->gpu, READING_DENIED);
  c->ttm_pool = reading_known(GB(1) + 1);
  assert_missing(&decide_all()->gpu, READING_MALFORMED);
  m->gpu_active = reading_known(MB(30)); /* the pool is in GPUReclaim */
  m->gpu_reclaim = reading_known(MB(7));
  c->ttm_pool = reading_known(MB(7));
  assert_known(&decide_all()->gpu, MB(37));
  assert_why(&decided.gpu, "GPUActive + GPUReclaim");
  m->gpu_active = reading_known(GB(1) - MB(7));
  assert_known(&decide_all()->gpu, GB(1));
  m->gpu_active = reading_known(GB(1) - MB(7) + 1);
  assert_missing(&decide_all()->gpu, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(one_gpu_line_without_the_other_is_malformed)
{
  begin();
  c->ttm_pool = reading_known(MB(7));
  m->gpu_active = reading_known(MB(30));
  assert_missing(&decide_all()->gpu, READING_MALFORMED);
  m->gpu_reclaim = malformed;
  assert_missing(&decide_all()->gpu, READING_MALFORMED);
  m->gpu_active = absent;
  m->gpu_reclaim = reading_known(MB(7));
  assert_missing(&decide_all()->gpu, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(cma_is_pages_that_are_not_available)
{
  begin();
  c->cma_total = reading_known(MB(64));
  c->cma_available = reading_known(MB(60));
  c->cma_allocated = reading_known(MB(900));
  c->cma_released = reading_known(MB(100));
  assert_known(&decide_all()->cma, MB(4));
  assert_why(&decided.cma, "total_pages");
  c->cma_available = reading_known(MB(64));
  assert_known(&decide_all()->cma, 0);
  c->cma_available = reading_known(MB(64) + PAGE);
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  c->cma_total = reading_known(GB(3));
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(cma_by_events_may_have_moved_more_than_mem_total)
{
  begin();
  c->cma_allocated = reading_known(GB(900));
  assert_missing(&decide_all()->cma, READING_ABSENT); /* before 6.9 */
  c->cma_released = reading_known(GB(900) - MB(8));
  assert_known(&decide_all()->cma, MB(8));
  assert_why(&decided.cma, "alloc_pages_success");
  c->cma_released = reading_known(GB(900) + PAGE);
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  c->cma_released = reading_known(GB(898));
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(cma_that_cannot_be_read_is_not_absent)
{
  begin();
  c->cma_total = reading_known(MB(64));
  c->cma_available = malformed;
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  c->cma_allocated = reading_known(MB(90)); /* cma_released is still missing */
  assert_missing(&decide_all()->cma, READING_MALFORMED);
  c->cma_available = denied;
  assert_missing(&decide_all()->cma, READING_DENIED);
  c->cma_released = reading_known(MB(80));
  assert_known(&decide_all()->cma, MB(10));
  end();
}
END_TEST

START_TEST(swiotlb_that_cannot_grow_is_outside)
{
  begin();
  assert_missing(&decide_all()->swiotlb, READING_ABSENT);
  assert_missing(&decide_all()->swiotlb_dynamic, READING_ABSENT);
  sample->swiotlb_boot = reading_known(MB(64));
  assert_known(&decide_all()->swiotlb, MB(64));
  c->swiotlb_pool = denied; /* the boot log is readable, debugfs is not */
  c->swiotlb_transient = denied;
  assert_known(&decide_all()->swiotlb, MB(64));
  assert_missing(&decide_all()->swiotlb_dynamic, READING_ABSENT);
  c->swiotlb_transient = absent;
  c->swiotlb_pool = reading_known(MB(32)); /* it has freed what it did not need */
  assert_known(&decide_all()->swiotlb, MB(32));
  assert_missing(&decide_all()->swiotlb_dynamic, READING_ABSENT);
  sample->swiotlb_boot = absent;
  assert_known(&decide_all()->swiotlb, MB(32));
  assert_missing(&decide_all()->swiotlb_dynamic, READING_ABSENT);
  end();
}
END_TEST

START_TEST(growth_of_swiotlb_is_inside)
{
  begin();
  for (unsigned listed = 0; listed < 2;
       listed++) { /* with the file of 6.9, and without */
    c->swiotlb_transient = listed ? reading_known(0) : absent;
    c->swiotlb_pool = reading_known(MB(70));
    sample->swiotlb_boot = reading_known(MB(64));
    assert_known(&decide_all()->swiotlb, MB(64));
    assert_known(&decided.swiotlb_dynamic, MB(6));
    sample->swiotlb_boot = reading_known(MB(70));
    assert_known(&decide_all()->swiotlb, MB(70));
    assert_known(&decided.swiotlb_dynamic, 0);
    c->swiotlb_pool = reading_known(GB(1) + MB(71));
    assert_missing(&decide_all()->swiotlb_dynamic, READING_MALFORMED);
    c->swiotlb_pool = malformed;
    assert_known(&decide_all()->swiotlb, MB(70));
    assert_missing(&decided.swiotlb_dynamic, READING_ABSENT);
  }
  end();
}
END_TEST

START_TEST(swiotlb_of_unknown_initial_size_has_no_place)
{
  begin();
  c->swiotlb_transient = reading_known(0);
  c->swiotlb_pool = reading_known(MB(70));
  assert_missing(&decide_all()->swiotlb, READING_ABSENT);
  assert_missing(&decided.swiotlb_dynamic, READING_ABSENT);
  assert_why(&decided.swiotlb, "may have grown");
  sample->swiotlb_boot =
      reading_known(MB(70) + 1); /* the pool is never smaller than at boot */
  assert_missing(&decide_all()->swiotlb, READING_ABSENT);
  assert_missing(&decided.swiotlb_dynamic, READING_ABSENT);
  end();
}
END_TEST

/* --- ftrace, DMA, block devices ----------------------------------------------------- */

START_TEST(each_cpu_has_spare_pages_of_ring_buffers)
{
  begin();
  assert_missing(&decide_all()->ftrace, READING_ABSENT);
  c->ftrace_rings = reading_known(MB(1));
  sample->zoneinfo.cpus_count = absent;
  sample->cpus_possible_count = reading_known(4);
  assert_known(&decide_all()->ftrace, MB(1));
  ck_assert_uint_eq(decided.ftrace.lack, 4 * (1 + 3) * PAGE); /* on each of them */
  sample->zoneinfo.cpus_count = reading_known(8);
  assert_known(&decide_all()->ftrace, MB(1) + 8 * (1 + 3) * PAGE);
  c->ftrace_snapshot_count = reading_known(1);
  assert_known(&decide_all()->ftrace, MB(1) + 8 * (1 + 3 + 3) * PAGE);
  c->ftrace_instances_count = reading_known(2);
  assert_known(&decide_all()->ftrace, MB(1) + 8 * (3 + 3 + 9) * PAGE);
  c->ftrace_rings = denied;
  assert_missing(&decide_all()->ftrace, READING_DENIED);
  end();
}
END_TEST

START_TEST(file_comes_before_the_boot_log)
{
  begin();
  assert_missing(&decide_all()->ftrace_records, READING_ABSENT);
  sample->ftrace_records_boot = reading_known(MB(1));
  c->ftrace_records_now = denied;
  assert_known(&decide_all()->ftrace_records, MB(1));
  assert_why(&decided.ftrace_records, "without modules");
  c->ftrace_records_now = reading_known(MB(2));
  assert_known(&decide_all()->ftrace_records, MB(2));
  c->ftrace_records_now = denied;
  sample->ftrace_records_boot = absent;
  assert_missing(&decide_all()->ftrace_records, READING_DENIED);
  end();
}
END_TEST

START_TEST(memory_that_no_zone_manages_was_lost_at_boot)
{
  begin();
  sample->meminfo.mem_total = reading_known(GB(1));
  sample->meminfo.mem_free = reading_known(MB(600));
  sample->zoneinfo.free = reading_known(MB(600) - PAGE);
  sample->zoneinfo.managed = reading_known(GB(1));
  assert_missing(&decide_all()->boot_leak, READING_ABSENT);
  sample->zoneinfo.managed = reading_known(GB(1) + PAGE); /* a balloon was deflated */
  assert_missing(&decide_all()->boot_leak, READING_ABSENT);
  sample->zoneinfo.managed = reading_known(GB(1) - 6 * PAGE);
  assert_known(&decide_all()->boot_leak, 6 * PAGE);
  assert_why(&decided.boot_leak, "boot code freed it");
  sample->zoneinfo.managed =
      reading_known(GB(1) - MB(128)); /* and free: not listed yet */
  sample->zoneinfo.free = reading_known(MB(600) - MB(128));
  assert_missing(&decide_all()->boot_leak, READING_ABSENT);
  sample->zoneinfo.managed = denied;
  assert_missing(&decide_all()->boot_leak, READING_ABSENT);
  end();
}
END_TEST

START_TEST(pools_for_dma_may_be_in_cma)
{
  begin();
  c->dma_pools_now = reading_known(MB(3));
  assert_known(&decide_all()->dma_pools, MB(3));
  c->cma_allocated = reading_known(MB(90));
  c->cma_released = reading_known(MB(90));
  assert_known(&decide_all()->dma_pools, MB(3)); /* no pages of CMA are in use */
  c->cma_released = reading_known(MB(80));
  assert_missing(&decide_all()->dma_pools, READING_ABSENT);
  assert_why(&decided.dma_pools, "CMA");
  end();
}
END_TEST

START_TEST(bounds_of_block_queues_widen_what_is_unexplained)
{
  begin();
  c->block_queues = reading_known(MB(48));
  c->bounds[CONSUMER_ROW(block_queues)].excess = MB(12);
  c->bounds[CONSUMER_ROW(block_queues)].lack = MB(3);
  assert_known(&decide_all()->block_queues, MB(48));
  ck_assert_uint_eq(decided.block_queues.excess, MB(12));
  ck_assert_uint_eq(decided.block_queues.lack, MB(3));
  c->block_queues = reading_known(GB(1) + 1);
  assert_missing(&decide_all()->block_queues, READING_MALFORMED);
  ck_assert_uint_eq(decided.block_queues.lack, 0);
  end();
}
END_TEST

/* --- bounds -------------------------------------------------------------------------
 */

START_TEST(huge_zero_page_is_one_or_none)
{
  begin();
  sample->vmstat.thp_zero_page_alloc_count = reading_known(3);
  assert_missing(&decide_all()->huge_zero_page, READING_ABSENT);
  c->hpage_pmd_size = reading_known(MB(2));
  assert_known(&decide_all()->huge_zero_page, MB(2));
  assert_why(&decided.huge_zero_page, "may have been freed since");
  sample->vmstat.thp_zero_page_alloc_count = reading_known(0);
  assert_known(&decide_all()->huge_zero_page, 0);
  sample->vmstat.thp_zero_page_alloc_count = absent;
  assert_missing(&decide_all()->huge_zero_page, READING_ABSENT);
  end();
}
END_TEST

START_TEST(nfsd_is_a_buffer_for_each_thread)
{
  begin();
  c->nfsd_threads_count = reading_known(8);
  assert_missing(&decide_all()->nfsd, READING_ABSENT);
  c->nfsd_max_block = denied;
  assert_missing(&decide_all()->nfsd, READING_DENIED);
  c->nfsd_max_block = reading_known(MB(1));
  assert_known(&decide_all()->nfsd,
               8 * (MB(1) + 4 * PAGE)); /* one page for the head, three in reserve */
  sample->page_size = 16 * PAGE;
  assert_known(&decide_all()->nfsd, 8 * (MB(1) + 64 * PAGE));
  sample->page_size = PAGE;
  c->nfsd_threads_count = reading_known(1024);
  assert_missing(&decide_all()->nfsd, READING_MALFORMED);
  c->nfsd_threads_count = reading_known(INT64_MAX);
  assert_missing(&decide_all()->nfsd, READING_MALFORMED);
  c->nfsd_max_block = reading_known(((uint64_t)1 << 44) - 4 * PAGE);
  c->nfsd_threads_count = reading_known((uint64_t)1 << 20); /* 2^64 wraps to 0 */
  assert_missing(&decide_all()->nfsd, READING_MALFORMED);
  c->nfsd_max_block = reading_known(INT64_MAX); /* overflows with the head */
  c->nfsd_threads_count = reading_known(0);
  assert_missing(&decide_all()->nfsd, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(sockets_are_the_sum_of_the_known_protocols)
{
  begin();
  assert_missing(&decide_all()->sockets, READING_ABSENT);
  c->tcp_mem = reading_known(MB(3));
  assert_known(&decide_all()->sockets, MB(3));
  c->frag_mem = reading_known(5);
  assert_known(&decide_all()->sockets, MB(3) + 5);
  c->udp_mem = reading_known(MB(1));
  assert_known(&decide_all()->sockets, MB(4) + 5);
  c->udp_mem = reading_known(INT64_MAX);
  assert_missing(&decide_all()->sockets, READING_MALFORMED);
  c->udp_mem = malformed; /* a partial sum is not a bound */
  assert_missing(&decide_all()->sockets, READING_MALFORMED);
  c->udp_mem = denied;
  assert_missing(&decide_all()->sockets, READING_DENIED);
  end();
}
END_TEST

/* --- what remains of the black hole -------------------------------------------------
 */

static int64_t sum_of_hidden(void)
{
  int64_t sum = 0;
  for (size_t i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(e.terms[i]))
      sum += e.terms[i].value;
  return sum;
}

START_TEST(hidden_is_the_sum_of_the_known_hidden_terms)
{
  begin_accounted();
  c->zram = reading_known(MB(1));
  c->brd = reading_known(MB(2));
  m->zswap = reading_known(MB(4));
  c->cma_total = reading_known(MB(64));
  c->cma_available = reading_known(MB(56));
  c->zfs_scatter = reading_known(MB(10));
  c->zfs_chunk_waste = reading_known(MB(6));
  sample->consumers.page_pool = reading_known(MB(32));
  explain_all();
  ck_assert_int_eq(e.black_hole.estimate.value, MB(300));
  ck_assert_int_eq(e.black_hole.hidden.value, MB(63));
  ck_assert_int_eq(e.black_hole.hidden.value, sum_of_hidden());
  ck_assert_int_eq(e.black_hole.unexplained.value, MB(300 - 63));
  c->zfs_chunk_waste = absent; /* the term is absent without it */
  explain_all();
  ck_assert_int_eq(e.black_hole.hidden.value, MB(47));
  end();
}
END_TEST

START_TEST(hidden_term_above_mem_total_is_malformed_and_not_subtracted)
{
  begin_accounted();
  c->zram = reading_known(MB(1));
  c->zfs_scatter = reading_known(MB(1020));
  c->zfs_chunk_waste = reading_known(MB(4));
  sample->vmstat.nr_memmap_pages = reading_known(GB(1) + PAGE);
  explain_all();
  ck_assert_int_eq(e.terms[TERM_HIDDEN_zfs_abd].value, GB(1));
  ck_assert_int_eq(e.terms[TERM_HIDDEN_memmap].state, READING_MALFORMED);
  ck_assert_int_eq(e.black_hole.hidden.value, GB(1) + MB(1));
  c->zfs_chunk_waste = reading_known(MB(4) + 1);
  explain_all();
  ck_assert_int_eq(e.terms[TERM_HIDDEN_zfs_abd].state, READING_MALFORMED);
  ck_assert_int_eq(e.black_hole.hidden.value, MB(1));
  end();
}
END_TEST

START_TEST(inside_outside_and_upper_bound_are_never_subtracted)
{
  begin_accounted();
  c->zfs_linear = reading_known(MB(1));
  c->crashkernel = reading_known(MB(4));
  c->hyperv_balloon = reading_known(MB(8));
  c->amdgpu_gtt = reading_known(MB(16));
  c->dma_buf = reading_known(MB(32));
  c->tcp_mem = reading_known(MB(64));
  c->nfsd_threads_count = reading_known(8);
  c->nfsd_max_block = reading_known(MB(1));
  sample->swiotlb_boot = reading_known(MB(64));
  sample->vmstat.nr_iommu_pages = reading_known(MB(1));
  sample->vmstat.nr_memmap_boot_pages = reading_known(MB(16));
  explain_all();
  ck_assert_int_eq(e.terms[TERM_INSIDE_zfs_linear].value, MB(1));
  ck_assert_int_eq(e.terms[TERM_OUTSIDE_swiotlb].value, MB(64));
  ck_assert_int_eq(e.terms[TERM_UPPER_BOUND_sockets].value, MB(64));
  ck_assert_int_eq(e.black_hole.hidden.value, 0);
  ck_assert_int_eq(e.black_hole.hidden.state, READING_KNOWN);
  ck_assert_int_eq(e.black_hole.unexplained.value, MB(300));
  end();
}
END_TEST

/* Explains the sample as it is. */
static uint64_t unexplained_error(void)
{
  explain_all();
  ck_assert_int_eq(e.black_hole.error.state, READING_KNOWN);
  ck_assert_int_eq(e.black_hole.unexplained_error.state, READING_KNOWN);
  return e.black_hole.unexplained_error.value - e.black_hole.error.value;
}

START_TEST(hidden_consumer_that_cannot_be_read_may_be_all_that_is_unexplained)
{
  begin_accounted();
  c->zram = reading_known(MB(100));
  ck_assert_uint_eq(unexplained_error(), 0); /* absent consumers add no error */
  c->ftrace_rings = denied;
  ck_assert_uint_eq(unexplained_error(), MB(200));
  c->brd = malformed; /* counted once */
  ck_assert_uint_eq(unexplained_error(), MB(200));
  c->ftrace_rings = c->brd = absent;
  ck_assert_uint_eq(unexplained_error(), 0);
  c->cma_total = reading_known(MB(64));
  c->cma_available = malformed; /* also by a decision */
  ck_assert_uint_eq(unexplained_error(), MB(200));
  end();
}
END_TEST

START_TEST(unreadable_consumer_elsewhere_adds_no_error)
{
  begin_accounted();
  c->zfs_linear = malformed;
  c->crashkernel = denied;
  c->hyperv_balloon = denied;
  c->dma_buf = denied;
  c->amdgpu_gtt = malformed;
  c->tcp_mem = malformed;
  c->nfsd_threads_count = denied;
  c->swiotlb_pool = denied;
  ck_assert_uint_eq(unexplained_error(), 0);
  end();
}
END_TEST

START_TEST(unreadable_consumer_adds_no_error_where_nothing_is_unexplained)
{
  begin_accounted();
  c->zram = reading_known(MB(300));
  c->ftrace_rings = denied;
  ck_assert_uint_eq(unexplained_error(), 0);
  c->zram = reading_known(MB(301)); /* below zero: no error is added */
  ck_assert_uint_eq(unexplained_error(), 0);
  ck_assert_int_eq(e.black_hole.unexplained.value, -(int64_t)MB(1));
  end();
}
END_TEST

START_TEST(without_an_estimate_hidden_is_known_and_unexplained_is_not)
{
  begin();
  c->zram = reading_known(MB(3));
  c->ftrace_rings = denied;
  explain_all();
  ck_assert_int_ne(e.black_hole.estimate.state, READING_KNOWN);
  ck_assert_int_eq(e.black_hole.hidden.state, READING_KNOWN);
  ck_assert_int_eq(e.black_hole.hidden.value, MB(3));
  ck_assert_int_ne(e.black_hole.unexplained.state, READING_KNOWN);
  ck_assert_int_ne(e.black_hole.unexplained_error.state, READING_KNOWN);
  end();
}
END_TEST

/* --- whatever is read ---------------------------------------------------------------
 */

static uint64_t random_next(uint64_t *state)
{
  *state ^= *state << 13; /* xorshift64 */
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

/* In any state; mostly of a plausible size, sometimes of any possible size. */
static struct reading random_reading(uint64_t *random)
{
  static const uint64_t odd[] = {0, 1, INT64_MAX, INT64_MAX - 1};
  enum reading_state state = (enum reading_state)(random_next(random) % 4);
  if (random_next(random) % 2 == 0)
    state = READING_KNOWN;
  if (state != READING_KNOWN)
    return reading_missing(state);
  switch (random_next(random) % 8) {
  case 0:
    return reading_known(odd[random_next(random) % LENGTH(odd)]);
  case 1:
    return reading_known(random_next(random) >> (1 + random_next(random) % 63));
  default:
    return reading_known(random_next(random) % MB(64));
  }
}

static void random_sample(uint64_t *random)
{
  struct reading *consumers = (struct reading *)c;
  for (size_t i = 0; i < CONSUMER_COUNT; i++) {
    consumers[i] = random_reading(random);
    c->bounds[i].excess = random_next(random) % MB(64);
    c->bounds[i].lack = random_next(random) % MB(64);
  }
  for (size_t i = 0; i < VMSTAT_FIELD_COUNT; i++)
    sample->vmstat.fields[i] = random_reading(random);
  for (size_t i = 0; i < MEMINFO_FIELD_COUNT; i++)
    m->fields[i] = random_reading(random);
  sample->consumers.page_pool = random_reading(random);
  sample->hash_tables = random_reading(random);
  sample->swiotlb_boot = random_reading(random);
  sample->dma_pools_boot = random_reading(random);
  sample->ftrace_records_boot = random_reading(random);
  sample->zoneinfo.zone_drift = random_reading(random);
  sample->page_size = PAGE << random_next(random) % 5;
  if (random_next(random) % 16 != 0)
    m->mem_total = reading_known(GB(1));
}

static void assert_hidden_is_sane(unsigned round)
{
  const struct amount hidden = e.black_hole.hidden;
  int64_t sum = 0;
  bool overflows = false;
  for (size_t i = 0; i < TERM_COUNT; i++) {
    ck_assert_msg((unsigned)e.terms[i].state <= READING_MALFORMED, "round %u", round);
    if (term_rows[i].view == TERM_VIEW_HIDDEN && is_known(e.terms[i])) {
      ck_assert_msg(e.terms[i].value >= 0, "round %u: %s", round, term_rows[i].name);
      ck_assert_msg(!is_known(m->mem_total) ||
                        e.terms[i].value <= (int64_t)m->mem_total.value,
                    "round %u: %s is more than MemTotal", round, term_rows[i].name);
      overflows |= __builtin_add_overflow(sum, e.terms[i].value, &sum);
    }
  }
  ck_assert_int_eq(hidden.state, overflows ? READING_MALFORMED : READING_KNOWN);
  ck_assert_msg(overflows || hidden.value == sum, "round %u: %lld, not %lld", round,
                (long long)hidden.value, (long long)sum);
}

/* The unexplained rest and its error. */
static void assert_remainder_is_sane(unsigned round)
{
  const struct black_hole *hole = &e.black_hole;
  if (is_known(hole->unexplained))
    ck_assert_msg(hole->unexplained.value == hole->estimate.value - hole->hidden.value,
                  "round %u", round);
  if (!is_known(hole->unexplained_error))
    return;
  ck_assert_msg(hole->unexplained_error.value >= hole->error.value, "round %u", round);
  for (size_t i = 0; i < TERM_COUNT; i++)
    if (term_rows[i].view == TERM_VIEW_HIDDEN && e.terms[i].state >= READING_DENIED)
      ck_assert_msg(hole->unexplained.value <= 0 || hole->unexplained_error.value >=
                                                        (uint64_t)hole->unexplained.value,
                    "round %u: %s could not be read", round, term_rows[i].name);
}

START_TEST(hidden_is_always_the_sum_and_at_most_mem_total)
{
  begin();
  uint64_t random = 20090401;
  unsigned accounted = 0;
  for (unsigned round = 0; round < 20000; round++) {
    random_sample(&random);
    explain_all();
    assert_hidden_is_sane(round);
    assert_remainder_is_sane(round);
    accounted += is_known(e.black_hole.unexplained_error);
  }
  ck_assert_uint_gt(accounted, 100); /* otherwise nothing was tested */
  end();
}
END_TEST

START_TEST(a_balloon_is_always_in_one_place)
{
  begin();
  uint64_t random = 88172645463325252u;
  unsigned found = 0;
  for (unsigned round = 0; round < 20000; round++) {
    random_sample(&random);
    /* One machine has one hypervisor. */
    if (round % 3 != 0)
      c->virtio_deflate_on_oom_count = absent;
    if (round % 3 != 1)
      c->vmware_current = c->vmware_loaded_count = absent;
    if (round % 3 != 2)
      c->xen_low = c->xen_high = absent;
    c->hyperv_balloon = absent;
    explain_all();
    unsigned places = 0;
    for (size_t i = 0; i < LENGTH(balloon_terms); i++)
      places += e.terms[balloon_terms[i]].state == READING_KNOWN;
    ck_assert_msg(places <= 1, "round %u: %u places", round, places);
    found += places;
  }
  ck_assert_uint_gt(found, 1000);
  end();
}
END_TEST

SUITE_MAIN(
    "decide_consumers", each_cpu_has_spare_pages_of_ring_buffers,
    file_comes_before_the_boot_log, pools_for_dma_may_be_in_cma,
    memory_that_no_zone_manages_was_lost_at_boot,
    bounds_of_block_queues_widen_what_is_unexplained,
    zswap_is_its_line_where_there_is_one, zswap_without_a_line_is_the_pool_in_debugfs,
    zsmalloc_is_what_neither_zram_nor_zswap_reports,
    compressed_pages_are_never_counted_twice,
    virtio_balloon_is_hidden_only_with_deflate_on_oom,
    virtio_balloon_without_features_may_be_hidden,
    virtio_balloon_without_events_is_the_balloon_line,
    balloon_events_that_go_backwards_are_malformed,
    hidden_balloon_above_mem_total_is_malformed_and_one_outside_is_not,
    vmware_balloon_is_what_debugfs_says,
    vmware_balloon_without_debugfs_is_recognised_by_the_module,
    vmware_driver_that_counts_no_events_is_not_an_empty_balloon,
    malformed_vmware_file_still_identifies_the_driver,
    hyperv_and_xen_balloons_are_outside_by_their_own_numbers,
    balloon_of_an_unknown_driver_is_a_bound,
    unreadable_debugfs_may_hide_a_balloon_without_events,
    gpu_is_both_lines_or_the_pools_of_ttm, one_gpu_line_without_the_other_is_malformed,
    cma_is_pages_that_are_not_available, cma_by_events_may_have_moved_more_than_mem_total,
    cma_that_cannot_be_read_is_not_absent, swiotlb_that_cannot_grow_is_outside,
    growth_of_swiotlb_is_inside, swiotlb_of_unknown_initial_size_has_no_place,
    huge_zero_page_is_one_or_none, nfsd_is_a_buffer_for_each_thread,
    sockets_are_the_sum_of_the_known_protocols,
    hidden_is_the_sum_of_the_known_hidden_terms,
    hidden_term_above_mem_total_is_malformed_and_not_subtracted,
    inside_outside_and_upper_bound_are_never_subtracted,
    hidden_consumer_that_cannot_be_read_may_be_all_that_is_unexplained,
    unreadable_consumer_elsewhere_adds_no_error,
    unreadable_consumer_adds_no_error_where_nothing_is_unexplained,
    without_an_estimate_hidden_is_known_and_unexplained_is_not,
    hidden_is_always_the_sum_and_at_most_mem_total, a_balloon_is_always_in_one_place)
