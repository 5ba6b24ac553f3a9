/* SPDX-License-Identifier: MIT */
#include "explain/decide.h"
#include "suite.h"

#include <stdlib.h>

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)
#define GB(n) ((uint64_t)(n) << 30)

static struct sample *sample;
static struct meminfo *m;
static struct decided decided;

/* A sample of 1 GiB in which nothing else is known. Each test runs in its own process, so
 * it starts empty. */
static void begin(void)
{
  sample = calloc(1, sizeof(*sample));
  sample->page_size = 4096;
  m = &sample->meminfo;
  m->mem_total = reading_known(GB(1));
}

static const struct decided *decide_all(void)
{
  memset(&decided, 0xff, sizeof(decided));
  decide(sample, &decided);
  return &decided;
}

static void end(void)
{
  free(sample);
}

static void assert_known(const struct decision *decision, uint64_t value, uint64_t error)
{
  ck_assert_int_eq(decision->reading.state, READING_KNOWN);
  ck_assert_uint_eq(decision->reading.value, value);
  ck_assert_uint_eq(decision->error, error);
  ck_assert(!decision->unbounded);
  ck_assert(!decision->withholds);
}

static void assert_missing(const struct decision *decision, enum reading_state state)
{
  ck_assert_int_eq(decision->reading.state, state);
  ck_assert_uint_eq(decision->reading.value, 0);
}

static void assert_why(const struct decision *decision, const char *part)
{
  ck_assert_ptr_nonnull(decision->why);
  ck_assert_msg(strstr(decision->why, part) != NULL, "\"%s\" does not say \"%s\"",
                decision->why, part);
}

START_TEST(nothing_is_known_of_an_empty_sample)
{
  begin();
  m->mem_total = reading_missing(READING_ABSENT);
  for (unsigned row = 0; row < DECISION_COUNT; row++) {
    const struct decision *decision = &decide_all()->all[row];
    ck_assert_msg(decision->reading.state == READING_ABSENT, "%s is not absent",
                  decision_name(row));
    ck_assert(!decision->withholds);
  }
  end();
}
END_TEST

START_TEST(pcp_free_is_the_sum_of_the_per_cpu_lists)
{
  begin();
  sample->zoneinfo.pcp = reading_known(MB(7));
  assert_known(&decide_all()->pcp_free, MB(7), 0);
  end();
}
END_TEST

START_TEST(unread_pcp_free_may_be_an_eighth_of_memory)
{
  static const enum reading_state states[] = {READING_ABSENT, READING_DENIED,
                                              READING_MALFORMED};
  begin();
  for (size_t i = 0; i < 3; i++) {
    sample->zoneinfo.pcp = reading_missing(states[i]);
    const struct decision *pcp = &decide_all()->pcp_free;
    assert_missing(pcp, states[i]);
    ck_assert_uint_eq(pcp->error, MB(128));
    ck_assert(!pcp->unbounded && !pcp->withholds);
  }
  end();
}
END_TEST

/* All lines around KReclaimable and SecPageTables. */
static void print_all_lines(void)
{
  struct reading *const lines[] = {&m->shmem,         &m->slab,         &m->s_reclaimable,
                                   &m->s_unreclaim,   &m->kernel_stack, &m->bounce,
                                   &m->writeback_tmp, &m->page_tables,  &m->commit_limit};
  for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
    *lines[i] = reading_known(0);
}

START_TEST(lists_of_old_kernels_are_short)
{
  begin();
  m->mem_total = reading_known(GB(400));
  m->kernel_stack = reading_known(MB(64));
  m->vmalloc_total = reading_known(GB(32) << 10);
  m->vmalloc_chunk = reading_known(GB(1));
  m->cma_total = reading_known(0);
  /* 4096 threads, a quarter of which is CPUs, each with lists of up to four zones */
  ck_assert_uint_eq(decide_all()->pcp_free.error, 4096 * KB(768));
  m->cma_total = reading_missing(READING_ABSENT); /* stacks may be of 8 KiB */
  ck_assert_uint_eq(decide_all()->pcp_free.error, 2 * 4096 * KB(768));
  sample->cpus_possible_count = reading_known(24);
  ck_assert_uint_eq(decide_all()->pcp_free.error, 24 * (4 + 3) * KB(768));
  m->vmalloc_chunk = reading_known(0); /* 4.4 to 4.19 */
  ck_assert_uint_eq(decide_all()->pcp_free.error, GB(50));
  print_all_lines();
  m->kernel_stack = reading_known(MB(64));
  ck_assert_uint_eq(decide_all()->pcp_free.error, 24 * (4 + 3) * KB(1536));
  /* Each of these lines is newer. */
  struct reading *const lines[] = {&m->sec_page_tables, &m->file_huge_pages, &m->zswap,
                                   &m->unaccepted, &m->k_reclaimable};
  for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
    *lines[i] = reading_known(0);
    ck_assert_uint_eq(decide_all()->pcp_free.error, GB(50));
    *lines[i] = reading_missing(READING_ABSENT);
  }
  end();
}
END_TEST

START_TEST(lists_of_few_pages_are_bounded_by_memory)
{
  begin();
  m->mem_total = reading_known(MB(64));
  m->vmalloc_chunk = reading_known(GB(1));
  sample->cpus_possible_count = reading_known(2);
  ck_assert_uint_eq(decide_all()->pcp_free.error, 2 * 6 * KB(24));
  end();
}
END_TEST

START_TEST(lists_of_5_14_are_bounded_by_the_watermarks)
{
  begin();
  print_all_lines();
  m->mem_total = reading_known(GB(64));
  sample->cpus_possible_count = reading_known(4);
  const uint64_t lists = 4 * 4 * KB(1536);
  m->k_reclaimable = reading_known(GB(1));
  m->mem_free = m->active_file = m->inactive_file = reading_known(GB(2));
  m->mem_available = reading_missing(READING_ABSENT);
  ck_assert_uint_eq(decide_all()->pcp_free.error, GB(8));
  /* The low watermarks are missing from free memory, cache and slab. */
  m->mem_available = reading_known(GB(7) - MB(300));
  ck_assert_uint_eq(decide_all()->pcp_free.error, lists + 4 * MB(100));
  m->k_reclaimable = reading_known(MB(20)); /* half of it is missing */
  m->mem_available = reading_known(GB(6) + MB(20) - MB(210));
  ck_assert_uint_eq(decide_all()->pcp_free.error, lists + 4 * MB(100));
  m->active_file = m->inactive_file = reading_known(MB(10)); /* and half of this */
  m->mem_available = reading_known(GB(2) + MB(40) - MB(120));
  ck_assert_uint_eq(decide_all()->pcp_free.error, lists + 4 * MB(100));
  m->mem_available = reading_known(0);
  ck_assert_uint_eq(decide_all()->pcp_free.error, GB(8));
  end();
}
END_TEST

START_TEST(the_number_of_cpus_has_bounds)
{
  begin();
  m->mem_total = reading_known(GB(64));
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 2048);
  m->mem_total = reading_known(MB(64));
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 8);
  m->mem_total = reading_known(GB(64));
  m->percpu = reading_known(MB(32));
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 1024);
  m->kernel_stack = reading_known(MB(8));
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 256);
  m->vmalloc_total = reading_known(GB(32) << 10);
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 128);
  assert_why(&decided.cpus_count, "KernelStack");
  sample->cpus_possible_count = reading_known(48);
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 48);
  sample->zoneinfo.cpus_count = reading_known(4);
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 4);
  sample->zoneinfo.cpus_count = sample->cpus_possible_count =
      reading_missing(READING_DENIED);
  m->kernel_stack = reading_known(KB(8));
  ck_assert_uint_eq(decide_all()->cpus_count.reading.value, 1);
  end();
}
END_TEST

START_TEST(isolated_comes_from_vmstat_then_zoneinfo_then_is_bounded)
{
  begin();
  m->inactive = reading_known(MB(80));
  const struct decision *isolated = &decide_all()->isolated;
  assert_missing(isolated, READING_ABSENT);
  ck_assert_uint_eq(isolated->error, MB(10));
  sample->zoneinfo.isolated = reading_known(KB(44));
  assert_known(&decide_all()->isolated, KB(44), 0);
  sample->vmstat.nr_isolated_anon = reading_known(KB(8));
  assert_known(&decide_all()->isolated, KB(44), 0);
  sample->vmstat.nr_isolated_file = reading_known(KB(4));
  assert_known(&decide_all()->isolated, KB(12), 0);
  sample->vmstat.nr_isolated_anon = reading_missing(READING_MALFORMED);
  assert_known(&decide_all()->isolated, KB(44), 0);
  sample->zoneinfo.isolated = reading_missing(READING_DENIED);
  assert_missing(&decide_all()->isolated, READING_MALFORMED);
  sample->vmstat.nr_isolated_anon = reading_known(KB(8));
  sample->vmstat.nr_isolated_file = reading_missing(READING_MALFORMED);
  assert_missing(&decide_all()->isolated, READING_MALFORMED);
  ck_assert_uint_eq(decided.isolated.error, MB(10));
  end();
}
END_TEST

START_TEST(a_whole_is_a_term_only_where_its_parts_are_not_printed)
{
  begin();
  m->active = reading_known(MB(30));
  m->inactive = reading_known(MB(20));
  m->slab = reading_known(MB(10));
  assert_known(&decide_all()->active, MB(30), 0);
  assert_known(&decide_all()->inactive, MB(20), 0);
  assert_known(&decide_all()->slab, MB(10), 0);
  m->active_anon = m->inactive_anon = m->s_reclaimable = reading_known(0);
  assert_missing(&decide_all()->active,
                 READING_MALFORMED); /* the other part is missing */
  ck_assert(decide_all()->active.withholds);
  m->active_file = m->inactive_file = m->s_unreclaim = reading_known(0);
  assert_missing(&decide_all()->active, READING_ABSENT);
  assert_missing(&decide_all()->inactive, READING_ABSENT);
  assert_missing(&decide_all()->slab, READING_ABSENT);
  m->active_anon = m->inactive_anon = m->s_reclaimable =
      reading_missing(READING_MALFORMED);
  assert_missing(&decide_all()->active, READING_ABSENT);
  assert_missing(&decide_all()->inactive, READING_ABSENT);
  assert_missing(&decide_all()->slab, READING_ABSENT);
  end();
}
END_TEST

START_TEST(a_malformed_line_of_memory_withholds)
{
  static const struct {
    enum meminfo_field field;
    unsigned decision;
  } cases[] = {
      {MEMINFO_FIELD_active, DECISION_active},
      {MEMINFO_FIELD_inactive, DECISION_inactive},
      {MEMINFO_FIELD_slab, DECISION_slab},
      {MEMINFO_FIELD_kernel_stack, DECISION_kernel_stack},
      {MEMINFO_FIELD_percpu, DECISION_percpu},
      {MEMINFO_FIELD_hugetlb, DECISION_hugetlb},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    m->fields[cases[i].field] = reading_missing(READING_MALFORMED);
    const struct decision *decision = &decide_all()->all[cases[i].decision];
    assert_missing(decision, READING_MALFORMED);
    ck_assert_msg(decision->withholds, "%s does not withhold",
                  decision_name(cases[i].decision));
    end();
  }
}
END_TEST

/* VmallocUsed of all kernels; amounts in MB, -1 for a missing line or file. */
struct epoch_case {
  int used, chunk, pages, size; /* of VmallocUsed, VmallocChunk, vmallocinfo */
  int want;                     /* -1: absent */
  int error;                    /* MB */
  bool unbounded;
  const char *why;
};

static void set(struct reading *reading, int mb)
{
  *reading = mb < 0 ? reading_missing(READING_ABSENT) : reading_known(MB(mb));
}

static void check_epoch(const struct epoch_case *c)
{
  begin();
  set(&m->vmalloc_used, c->used);
  set(&m->vmalloc_chunk, c->chunk);
  set(&sample->vmallocinfo.pages, c->pages);
  set(&sample->vmallocinfo.size, c->size);
  const struct decision *vmalloc = &decide_all()->vmalloc;
  ck_assert_int_eq(vmalloc->reading.state, c->want < 0 ? READING_ABSENT : READING_KNOWN);
  ck_assert_uint_eq(vmalloc->reading.value, c->want < 0 ? 0 : MB(c->want));
  ck_assert_uint_eq(vmalloc->error, MB(c->error));
  ck_assert_int_eq(vmalloc->unbounded, c->unbounded);
  ck_assert(!vmalloc->withholds);
  assert_why(vmalloc, c->why);
  end();
}

START_TEST(vmalloc_is_decided_by_what_the_numbers_can_be)
{
  static const struct epoch_case cases[] = {
      /* up to 4.3: address space, by VmallocChunk */
      {90, 800, 20, 95, 20, 0, false, "address space"},
      {90, 800, 90, 95, 90, 0, false, "address space"},
      {90, 800, -1, -1, -1, 90, false, "address space and vmallocinfo is unavailable"},
      /* address space, because it is closer to the sum of sizes */
      {90, 0, 20, 95, 20, 0, false, "address space"},
      {90, -1, 20, 95, 20, 0, false, "address space"},
      /* more than MemTotal without VmallocChunk is a counter wrapped below zero */
      {1025, 0, -1, -1, -1, 0, true, "vmalloc is in the black hole"},
      {1025, 0, 20, 30, 20, 0, false, "unusable"},
      {1025, -1, 20, 30, 20, 0, false, "address space"},
      /* 4.4 to 5.2: always 0 */
      {0, 0, 20, 95, 20, 0, false, "always 0"},
      {0, 0, -1, -1, -1, 0, true, "vmalloc is in the black hole"},
      /* since 5.3: pages */
      {20, 0, 20, 95, 20, 0, false, "counts pages"},
      {24, 0, 20, 95, 24, 0, false, "counts pages"},
      {1024, 0, -1, -1, 1024, 0, false, "counts pages"},
      {20, 0, -1, -1, 20, 0, false, "counts pages"},
      /* the counter lost pages (VM_MAP_PUT_PAGES) */
      {64, 0, 65, 95, 64, 0, false, "counts pages"},
      {64, 0, 67, 95, 67, 0, false, "below the sum"},
      {1, 0, 20, 95, 20, 0, false, "below the sum"},
      /* no VmallocUsed at all */
      {-1, -1, 20, 95, 20, 0, false, "unusable"},
      {-1, -1, -1, -1, -1, 0, true, "vmalloc is in the black hole"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    check_epoch(&cases[i]);
}
END_TEST

START_TEST(a_difference_of_a_few_stacks_is_ignored)
{
  begin();
  uint64_t pages = MB(64), slack = MB(1) + MB(64) / 64;
  sample->vmallocinfo.pages = reading_known(pages);
  sample->vmallocinfo.size = reading_known(MB(200));
  m->vmalloc_used = reading_known(pages - slack);
  assert_known(&decide_all()->vmalloc, pages - slack, 0);
  m->vmalloc_used = reading_known(pages - slack - 1);
  assert_known(&decide_all()->vmalloc, pages, 0);
  end();
}
END_TEST

START_TEST(a_wrapped_vmalloc_counter_is_replaced_by_the_sum_of_pages)
{
  begin();
  m->vmalloc_used = reading_missing(READING_MALFORMED);
  sample->vmallocinfo.pages = reading_known(MB(20));
  sample->vmallocinfo.size = reading_known(MB(30));
  assert_known(&decide_all()->vmalloc, MB(20), 0);
  assert_why(&decided.vmalloc, "unusable");
  sample->vmallocinfo.pages = reading_missing(READING_DENIED);
  assert_missing(&decide_all()->vmalloc, READING_DENIED);
  ck_assert(decided.vmalloc.unbounded);
  end();
}
END_TEST

START_TEST(without_vmalloc_chunk_a_copy_does_not_show_what_vmalloc_used_is)
{
  begin();
  m->vmalloc_used = reading_known(MB(20));
  m->vmalloc_chunk = reading_missing(READING_MALFORMED);
  const struct decision *vmalloc = &decide_all()->vmalloc;
  assert_missing(vmalloc, READING_ABSENT);
  ck_assert_uint_eq(vmalloc->error, MB(20));
  ck_assert(!vmalloc->unbounded);
  assert_why(vmalloc, "VmallocChunk is missing");
  m->k_reclaimable = reading_known(MB(1));
  assert_known(&decide_all()->vmalloc, MB(20), 0);
  end();
}
END_TEST

START_TEST(only_vmalloc_used_that_counts_pages_enters_the_identity)
{
  begin();
  m->vmalloc_used = reading_known(MB(20));
  assert_known(&decide_all()->vmalloc_physical, MB(20), 0);
  m->vmalloc_chunk = reading_known(MB(700));
  assert_missing(&decide_all()->vmalloc_physical, READING_ABSENT);
  m->vmalloc_chunk = m->vmalloc_used = reading_known(0);
  assert_missing(&decide_all()->vmalloc_physical, READING_ABSENT);
  end();
}
END_TEST

/* KernelStack with what is known of vmalloc and slab; amounts in MB, -1: missing. */
struct stack_case {
  int stack, used, pages, stack_pages, thread_stacks;
  int want, error; /* -1: absent, because the stacks are in another term */
  const char *why;
};

static void check_stack(const struct stack_case *c)
{
  begin();
  set(&m->kernel_stack, c->stack);
  set(&m->vmalloc_used, c->used);
  set(&sample->vmallocinfo.pages, c->pages);
  set(&sample->vmallocinfo.size, c->pages);
  set(&sample->vmallocinfo.stack_pages, c->stack_pages);
  if (c->thread_stacks >= 0)
    sample->thread_stack_count = reading_known((uint64_t)c->thread_stacks);
  const struct decision *stack = &decide_all()->kernel_stack;
  ck_assert_int_eq(stack->reading.state, c->want < 0 ? READING_ABSENT : READING_KNOWN);
  ck_assert_uint_eq(stack->reading.value, c->want < 0 ? 0 : MB(c->want));
  ck_assert_uint_eq(stack->error, MB(c->error));
  if (c->why != NULL)
    assert_why(stack, c->why);
  else
    ck_assert_ptr_null(stack->why);
  end();
}

START_TEST(kernel_stacks_are_a_term_only_where_no_other_term_holds_them)
{
  static const struct stack_case cases[] = {
      {-1, 20, 20, 4, -1, -1, 0, NULL},
      {4, 20, 20, 4, -1, -1, 0, "stacks are in vmalloc"},
      {4, 0, 20, 1, -1, -1, 0, "stacks are in vmalloc"},
      {4, 20, 20, 0, -1, 4, 0, "vmallocinfo lists none"},
      {4, 0, 20, 0, -1, 4, 0, "vmallocinfo lists none"},
      /* vmalloc is not counted, so stacks in it are not counted either */
      {4, 0, -1, -1, -1, 4, 0, "cannot be counted twice"},
      {4, -1, -1, -1, -1, 4, 0, "cannot be counted twice"},
      {4, 3, -1, -1, -1, 4, 3, "smaller than KernelStack"},
      {4, 4, -1, -1, -1, -1, 4, "assumed to be in vmalloc"},
      {4, 20, -1, -1, -1, -1, 4, "assumed to be in vmalloc"},
      /* 64 KiB pages: objects of a slab cache, whatever vmalloc says */
      {4, 20, 20, 0, 60, -1, 0, "a slab cache"},
      {4, 0, -1, -1, 60, -1, 0, "a slab cache"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    check_stack(&cases[i]);
}
END_TEST

START_TEST(the_boot_log_has_the_exact_first_chunk)
{
  begin();
  m->percpu = reading_known(MB(3));
  sample->cpus_possible_count = reading_known(2);
  sample->percpu_first_chunk = reading_known(MB(1));
  assert_known(&decide_all()->percpu, MB(2), 0);
  assert_why(&decided.percpu, "boot log");
  sample->percpu_first_chunk = reading_known(MB(4));
  assert_known(&decide_all()->percpu, 0, 0);
  /* 8 units may have been allocated for 6 CPUs */
  sample->percpu_first_chunk = reading_known(MB(1));
  sample->cpus_possible_count = reading_known(6);
  assert_known(&decide_all()->percpu, MB(2), MB(3) / 4);
  sample->percpu_units_count = reading_known(8);
  assert_known(&decide_all()->percpu, MB(3) / 8 * 6 - MB(1), 0);
  assert_why(&decided.percpu, "units of no CPU");
  sample->percpu_units_count = reading_known(6);
  assert_known(&decide_all()->percpu, MB(2), 0);
  /* a part of the lines */
  sample->percpu_units_count = reading_known(5);
  assert_known(&decide_all()->percpu, MB(2), MB(3) / 4);
  end();
}
END_TEST

START_TEST(a_stack_smaller_than_a_page_is_in_slab)
{
  begin();
  sample->page_size = 65536;
  m->vmalloc_used = reading_known(MB(20));
  sample->vmallocinfo.pages = sample->vmallocinfo.size = reading_known(MB(20));
  m->kernel_stack = reading_known(5 * 16384);
  assert_missing(&decide_all()->kernel_stack, READING_ABSENT);
  assert_why(&decided.kernel_stack, "not a multiple of the page size");
  /* whole pages by chance: a term, unless slabinfo shows otherwise or is denied */
  m->kernel_stack = reading_known(8 * 16384);
  assert_known(&decide_all()->kernel_stack, 8 * 16384, 0);
  sample->thread_stack_count = reading_missing(READING_DENIED);
  assert_known(&decide_all()->kernel_stack, 8 * 16384, 8 * 16384);
  sample->thread_stack_count = reading_known(8);
  assert_missing(&decide_all()->kernel_stack, READING_ABSENT);
  end();
}
END_TEST

START_TEST(without_an_mmu_vmalloc_is_in_slab)
{
  begin();
  m->vmalloc_used = m->vmalloc_chunk = reading_known(0);
  m->mmap_copy = reading_known(MB(3));
  assert_missing(&decide_all()->vmalloc, READING_ABSENT);
  ck_assert(!decided.vmalloc.unbounded);
  ck_assert_uint_eq(decided.vmalloc.error, 0);
  end();
}
END_TEST

START_TEST(gigantic_pages_of_a_kernel_without_managed_are_outside)
{
  begin();
  sample->hugepages.total = reading_known(MB(192));
  sample->hugepages.gigantic = reading_known(MB(128));
  sample->hugepages.sizes_count = reading_known(2);
  sample->zoneinfo.free = reading_known(MB(100));
  sample->zoneinfo.managed = reading_known(MB(1024));
  assert_known(&decide_all()->hugetlb, MB(192), 0);
  sample->zoneinfo.managed = reading_missing(READING_MALFORMED);
  assert_known(&decide_all()->hugetlb, MB(192), 0);
  sample->zoneinfo.managed = reading_missing(READING_ABSENT);
  assert_known(&decide_all()->hugetlb, MB(64), MB(128));
  end();
}
END_TEST

/* HugePages_Free is of the default size only. */
START_TEST(free_huge_pages_are_not_known_where_there_are_other_sizes)
{
  begin();
  m->huge_pages_total_count = reading_known(3);
  m->huge_pages_free_count = reading_known(2);
  m->huge_pages_rsvd_count = reading_known(1);
  m->huge_page_size = reading_known(MB(2));
  m->hugetlb = reading_known(MB(6));
  assert_known(&decide_all()->huge_free, MB(4), 0);
  assert_known(&decide_all()->huge_reserved, MB(2), 0);
  m->hugetlb = reading_known(MB(7));
  assert_missing(&decide_all()->huge_free, READING_ABSENT);
  assert_missing(&decide_all()->huge_reserved, READING_ABSENT);
  sample->hugepages.free = reading_known(MB(5));
  assert_known(&decide_all()->huge_free, MB(5), 0);
  end();
}
END_TEST

START_TEST(percpu_is_counted_without_its_boot_part)
{
  static const struct {
    uint64_t percpu, cpus, want, error;
  } cases[] = {
      {MB(4), 2, MB(4) - 2 * 56 * 4096, 200000},
      {MB(40), 64, MB(40) - 64 * 56 * 4096, 6400000},
      {2 * 56 * 4096, 2, 0, 200000},
      {2 * 56 * 4096 - 4096, 2, 0, 200000}, /* less than the assumed size: not below 0 */
      {100000, 2, 0, 100000},               /* the error is never above the whole */
      {0, 2, 0, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    m->percpu = reading_known(cases[i].percpu);
    sample->cpus_possible_count = reading_known(cases[i].cpus);
    assert_known(&decide_all()->percpu, cases[i].want, cases[i].error);
    end();
  }
}
END_TEST

START_TEST(percpu_without_the_number_of_cpus_counts_as_it_is)
{
  begin();
  m->percpu = reading_known(MB(4));
  assert_known(&decide_all()->percpu, MB(4), 0);
  ck_assert_uint_eq(decided.percpu.excess, MB(4)); /* it may all be the first chunk */
  m->percpu = reading_known(MB(900));
  assert_known(&decide_all()->percpu, MB(900), 0);
  ck_assert_uint_eq(decided.percpu.excess, 2048 * (56 * 4096 + 100000));
  sample->zoneinfo.cpus_count = reading_known(2);
  assert_known(&decide_all()->percpu, MB(900) - 2 * 56 * 4096, 200000);
  ck_assert_uint_eq(decided.percpu.excess, 2048 * (56 * 4096 + 100000));
  end();
}
END_TEST

START_TEST(hugetlb_is_the_line_then_sysfs_then_the_default_size)
{
  begin();
  m->huge_pages_total_count = reading_known(3);
  m->huge_page_size = reading_known(MB(2));
  assert_known(&decide_all()->hugetlb, MB(6), 0);
  assert_why(&decided.hugetlb, "HugePages_Total x Hugepagesize");
  sample->hugepages.total = reading_known(MB(100));
  sample->hugepages.sizes_count = reading_known(2);
  assert_known(&decide_all()->hugetlb, MB(100), 0);
  assert_why(&decided.hugetlb, "over all sizes");
  m->hugetlb = reading_known(MB(70));
  assert_known(&decide_all()->hugetlb, MB(70), 0);
  assert_why(&decided.hugetlb, "the Hugetlb line");
  assert_known(&decided.huge_default, MB(6), 0);
  end();
}
END_TEST

START_TEST(sysfs_without_any_size_leaves_the_default_size)
{
  begin();
  m->huge_pages_total_count = reading_known(3);
  m->huge_page_size = reading_known(MB(2));
  static const enum reading_state states[] = {READING_ABSENT, READING_DENIED,
                                              READING_MALFORMED};
  for (size_t i = 0; i < 3; i++) {
    reading_fill(&sample->hugepages.total, HUGEPAGES_READINGS, states[i]);
    assert_known(&decide_all()->hugetlb, MB(6), 0);
  }
  end();
}
END_TEST

START_TEST(huge_pages_above_mem_total_are_malformed_and_withhold)
{
  begin();
  m->huge_page_size = reading_known(MB(2));
  static const uint64_t counts[] = {513, (uint64_t)1 << 42, INT64_MAX};
  for (size_t i = 0; i < 3; i++) {
    m->huge_pages_total_count = reading_known(counts[i]);
    assert_missing(&decide_all()->hugetlb, READING_MALFORMED);
    ck_assert(decided.hugetlb.withholds);
    assert_missing(&decided.huge_default, READING_MALFORMED);
  }
  m->huge_pages_total_count = reading_known(512);
  assert_known(&decide_all()->hugetlb, GB(1), 0);
  sample->hugepages.total = reading_known(GB(1) + 1);
  sample->hugepages.sizes_count = reading_known(2);
  assert_missing(&decide_all()->hugetlb, READING_MALFORMED);
  ck_assert(decided.hugetlb.withholds);
  end();
}
END_TEST

START_TEST(parts_of_mem_total_are_at_most_mem_total)
{
  begin();
  m->percpu = reading_known(GB(1) + 1);
  sample->cpus_possible_count = reading_known(2);
  assert_missing(&decide_all()->percpu, READING_MALFORMED);
  ck_assert(decided.percpu.withholds);
  sample->vmallocinfo.pages = reading_known(GB(1) + 1);
  assert_missing(&decide_all()->vmalloc, READING_MALFORMED);
  ck_assert(decided.vmalloc.unbounded);
  sample->hugepages.total = reading_known(GB(3));
  sample->hugepages.gigantic = reading_known(GB(1));
  sample->zoneinfo.free = reading_known(MB(100)); /* without managed: before 3.10 */
  assert_missing(&decide_all()->hugetlb, READING_MALFORMED);
  ck_assert(decided.hugetlb.withholds);
  end();
}
END_TEST

START_TEST(free_and_reserved_huge_pages_include_all_sizes_with_sysfs)
{
  begin();
  m->huge_pages_free_count = reading_known(2);
  m->huge_pages_rsvd_count = reading_known(1);
  m->huge_page_size = reading_known(MB(2));
  assert_known(&decide_all()->huge_free, MB(4), 0);
  assert_known(&decided.huge_reserved, MB(2), 0);
  assert_why(&decided.huge_free, "default size only");
  assert_why(&decided.huge_reserved, "default size only");
  sample->hugepages.free = reading_known(MB(90));
  sample->hugepages.reserved = reading_known(MB(30));
  assert_known(&decide_all()->huge_free, MB(90), 0);
  assert_known(&decided.huge_reserved, MB(30), 0);
  end();
}
END_TEST

/* Processes that map all of AnonPages and Mapped, 100 MB in all, and were all read. */
static void begin_with_processes(void)
{
  begin();
  m->anon_pages = reading_known(MB(70));
  m->mapped = reading_known(MB(30));
  struct processes *p = &sample->processes;
  for (size_t i = 0; i < PROCESSES_READINGS; i++)
    (&p->pss)[i] = reading_known(0);
  p->pss = reading_known(MB(100));
  p->pss_anon = reading_known(MB(70));
  p->pss_file = reading_known(MB(25));
  p->pss_shmem = reading_known(MB(5));
  p->error = reading_known(KB(90));
  p->read_count = reading_known(90);
}

static void assert_pss_withheld(enum reading_state state, const char *why)
{
  const struct decision *const all[] = {&decided.pss, &decided.pss_anon,
                                        &decided.pss_file, &decided.pss_shmem};
  for (size_t i = 0; i < 4; i++) {
    assert_missing(all[i], state);
    assert_why(all[i], why);
  }
}

START_TEST(pss_is_split_where_every_process_splits_it)
{
  begin_with_processes();
  assert_known(&decide_all()->pss_anon, MB(70), KB(90));
  assert_known(&decided.pss_file, MB(25), 0);
  assert_known(&decided.pss_shmem, MB(5), 0);
  assert_missing(&decided.pss, READING_ABSENT);
  end();
}
END_TEST

START_TEST(pss_is_one_term_where_it_is_not_split)
{
  begin_with_processes();
  reading_fill(&sample->processes.pss_anon, 3, READING_ABSENT);
  assert_known(&decide_all()->pss, MB(100), KB(90));
  assert_missing(&decided.pss_anon, READING_ABSENT);
  assert_missing(&decided.pss_file, READING_ABSENT);
  assert_missing(&decided.pss_shmem, READING_ABSENT);
  end();
}
END_TEST

START_TEST(pss_is_withheld_when_it_may_be_off_by_more_than_a_hundredth)
{
  static const struct {
    size_t offset;
    bool by_privilege;
    const char *why;
  } cases[] = {
      {offsetof(struct processes, unread_rss), true, "could not be read"},
      {offsetof(struct processes, unlisted), true, "a PID namespace"},
      {offsetof(struct processes, moved), false, "mapped or unmapped since"},
      {offsetof(struct processes, guess_error), false, "estimates"},
      {offsetof(struct processes, stale), false, "out of date"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin_with_processes();
    struct reading *bound =
        (struct reading *)((char *)&sample->processes + cases[i].offset);
    *bound = reading_known(GB(1) / 100);
    assert_known(&decide_all()->pss_anon, MB(70), KB(90));
    bound->value++;
    decide_all();
    assert_pss_withheld(READING_ABSENT, cases[i].why);
    sample->processes.denied_count = reading_known(1);
    decide_all();
    assert_pss_withheld(cases[i].by_privilege ? READING_DENIED : READING_ABSENT,
                        cases[i].why);
    end();
  }
}
END_TEST

START_TEST(pss_is_withheld_when_the_missing_sum_is_out_of_range)
{
  begin_with_processes();
  sample->processes.unread_rss = reading_missing(READING_MALFORMED);
  decide_all();
  assert_pss_withheld(READING_ABSENT, "could not be read");
  sample->processes.unread_rss = reading_known(0);
  sample->processes.stale = reading_missing(READING_MALFORMED);
  decide_all();
  assert_pss_withheld(READING_ABSENT, "out of date");
  end();
}
END_TEST

START_TEST(pss_is_withheld_until_every_process_has_been_read)
{
  begin_with_processes();
  sample->processes.new_count = reading_known(1);
  decide_all();
  assert_pss_withheld(READING_ABSENT, "read yet");
  end();
}
END_TEST

START_TEST(pss_is_withheld_when_unseen_processes_map_more_than_a_hundredth)
{
  begin_with_processes();
  uint64_t most = MB(30) + KB(90) + GB(1) / 100;
  m->mapped = reading_known(most);
  assert_known(&decide_all()->pss_anon, MB(70), KB(90));
  m->mapped = reading_known(most + 1);
  decide_all();
  assert_pss_withheld(READING_ABSENT, "a PID namespace");
  /* or that is not known */
  m->mapped = reading_known(most);
  sample->processes.unlisted = reading_missing(READING_ABSENT);
  decide_all();
  assert_pss_withheld(READING_ABSENT, "a PID namespace");
  end();
}
END_TEST

START_TEST(pss_of_no_process_is_absent_or_denied)
{
  begin();
  decide_all();
  assert_pss_withheld(READING_ABSENT, "no process was read");
  sample->processes.denied_count = reading_known(12);
  decide_all();
  assert_pss_withheld(READING_DENIED, "no process was read");
  end();
}
END_TEST

START_TEST(the_commit_limit_follows_the_ratio_without_huge_pages)
{
  static const struct {
    uint64_t total, hugetlb, swap, ratio, want;
  } cases[] = {
      {GB(1), 0, 0, 50, MB(512)},
      {GB(1), 0, MB(100), 50, MB(612)},
      {GB(1), MB(24), MB(100), 50, MB(600)},
      {GB(1), 0, 0, 100, GB(1)},
      {GB(1), 0, 0, 0, 0},
      {GB(1), 0, 0, 150, MB(1536)},
      /* 262147 pages x 37 / 100 = 96994.39 pages: cut to pages */
      {GB(1) + KB(12), 0, 0, 37, (uint64_t)96994 * 4096},
      {GB(1), GB(1), MB(3), 50, MB(3)},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    m->mem_total = reading_known(cases[i].total);
    m->hugetlb = reading_known(cases[i].hugetlb);
    m->swap_total = reading_known(cases[i].swap);
    sample->overcommit_ratio_count = reading_known(cases[i].ratio);
    assert_known(&decide_all()->commit_limit, cases[i].want, 0);
    sample->overcommit_kbytes = reading_known(0); /* 0: the ratio applies */
    assert_known(&decide_all()->commit_limit, cases[i].want, 0);
    end();
  }
}
END_TEST

START_TEST(the_commit_limit_follows_kbytes_where_they_are_set)
{
  begin();
  m->swap_total = reading_known(MB(100));
  sample->overcommit_ratio_count = reading_known(50);
  sample->overcommit_kbytes = reading_known(MB(200) + KB(3));
  assert_known(&decide_all()->commit_limit, MB(300), 0);
  end();
}
END_TEST

START_TEST(the_commit_limit_is_not_guessed)
{
  begin();
  m->swap_total = reading_known(0);
  assert_missing(&decide_all()->commit_limit, READING_ABSENT);
  sample->overcommit_ratio_count = reading_known(50);
  m->swap_total = reading_missing(READING_ABSENT);
  assert_missing(&decide_all()->commit_limit, READING_ABSENT);
  m->swap_total = reading_known(0);
  sample->overcommit_ratio_count = reading_missing(READING_DENIED);
  assert_missing(&decide_all()->commit_limit, READING_DENIED);
  sample->overcommit_ratio_count = reading_known(INT64_MAX);
  assert_missing(&decide_all()->commit_limit, READING_MALFORMED);
  sample->overcommit_ratio_count = reading_known(50);
  sample->overcommit_kbytes = reading_missing(READING_MALFORMED);
  assert_missing(&decide_all()->commit_limit, READING_MALFORMED);
  end();
}
END_TEST

START_TEST(the_direct_map_is_the_sum_of_its_lines_and_large_above_the_base_page)
{
  static const struct {
    uint64_t page_size;
    int mb_4k, mb_64k, mb_1m, mb_2m, mb_1g;
    int want, want_large;
  } cases[] = {
      {4096, 10, -1, -1, 200, 4096, 4306, 4296}, /* x86-64 */
      {4096, 10, -1, -1, 0, -1, 10, 0},
      {4096, 10, -1, 300, -1, -1, 310, 300},    /* s390 */
      {65536, 0, 20, 0, 300, 1024, 1344, 1324}, /* ppc64 */
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    sample->page_size = cases[i].page_size;
    set(&m->direct_map_4k, cases[i].mb_4k);
    set(&m->direct_map_64k, cases[i].mb_64k);
    set(&m->direct_map_1m, cases[i].mb_1m);
    set(&m->direct_map_2m, cases[i].mb_2m);
    set(&m->direct_map_1g, cases[i].mb_1g);
    assert_known(&decide_all()->direct_map, MB(cases[i].want), 0);
    assert_known(&decided.direct_map_large, MB(cases[i].want_large), 0);
    end();
  }
}
END_TEST

START_TEST(low_memory_is_all_memory_where_there_is_no_high)
{
  begin();
  assert_known(&decide_all()->low_total, GB(1), 0);
  m->low_total = reading_known(MB(800));
  assert_known(&decide_all()->low_total, MB(800), 0);
  end();
}
END_TEST

START_TEST(memory_that_no_zone_lists_yet_is_missing_from_total_and_free)
{
  static const struct {
    int total, free, managed, zone_free;
    int want; /* MB; -1: absent */
  } cases[] = {
      {1024, 700, 1024, 700, -1}, /* nothing is missing */
      {1024, 700, 524, 200, 500}, /* struct pages are still being initialised */
      {1024, 700, 524, 210, 500}, /* 10 MB apart: not read at the same time */
      {1024, 700, 524, 217, -1},  /* more than 1/64 apart */
      {1024, 700, 524, 700, -1},  /* missing from one side: another machine's */
      {1024, 700, 1024, 200, -1}, {1024, 700, 2048, 900, -1}, {1024, 700, -1, 200, -1},
      {1024, 700, 524, -1, -1},   {1024, -1, 524, 200, -1},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    begin();
    set(&m->mem_total, cases[i].total);
    set(&m->mem_free, cases[i].free);
    set(&sample->zoneinfo.managed, cases[i].managed);
    set(&sample->zoneinfo.free, cases[i].zone_free);
    const struct decision *unlisted = &decide_all()->zones_unlisted;
    if (cases[i].want < 0)
      assert_missing(unlisted, READING_ABSENT);
    else
      assert_known(unlisted, MB(cases[i].want), 0);
    end();
  }
}
END_TEST

START_TEST(decisions_are_found_by_their_row)
{
  ck_assert_str_eq(decision_name(DECISION_pcp_free), "pcp_free");
  ck_assert_str_eq(decision_name(DECISION_zones_unlisted), "zones_unlisted");
  ck_assert_ptr_eq(&decided.all[DECISION_pcp_free], &decided.pcp_free);
  ck_assert_ptr_eq(&decided.all[DECISION_hugetlb], &decided.hugetlb);
  ck_assert_ptr_eq(&decided.all[DECISION_zones_unlisted], &decided.zones_unlisted);
}
END_TEST

SUITE_MAIN(
    "decide", nothing_is_known_of_an_empty_sample,
    pcp_free_is_the_sum_of_the_per_cpu_lists, unread_pcp_free_may_be_an_eighth_of_memory,
    lists_of_old_kernels_are_short, lists_of_few_pages_are_bounded_by_memory,
    lists_of_5_14_are_bounded_by_the_watermarks, the_number_of_cpus_has_bounds,
    isolated_comes_from_vmstat_then_zoneinfo_then_is_bounded,
    a_whole_is_a_term_only_where_its_parts_are_not_printed,
    a_malformed_line_of_memory_withholds, vmalloc_is_decided_by_what_the_numbers_can_be,
    a_difference_of_a_few_stacks_is_ignored,
    a_wrapped_vmalloc_counter_is_replaced_by_the_sum_of_pages,
    without_vmalloc_chunk_a_copy_does_not_show_what_vmalloc_used_is,
    only_vmalloc_used_that_counts_pages_enters_the_identity,
    kernel_stacks_are_a_term_only_where_no_other_term_holds_them,
    the_boot_log_has_the_exact_first_chunk, a_stack_smaller_than_a_page_is_in_slab,
    without_an_mmu_vmalloc_is_in_slab,
    gigantic_pages_of_a_kernel_without_managed_are_outside,
    free_huge_pages_are_not_known_where_there_are_other_sizes,
    percpu_is_counted_without_its_boot_part,
    percpu_without_the_number_of_cpus_counts_as_it_is,
    hugetlb_is_the_line_then_sysfs_then_the_default_size,
    sysfs_without_any_size_leaves_the_default_size,
    huge_pages_above_mem_total_are_malformed_and_withhold,
    parts_of_mem_total_are_at_most_mem_total,
    free_and_reserved_huge_pages_include_all_sizes_with_sysfs,
    pss_is_split_where_every_process_splits_it, pss_is_one_term_where_it_is_not_split,
    pss_is_withheld_when_it_may_be_off_by_more_than_a_hundredth,
    pss_is_withheld_when_the_missing_sum_is_out_of_range,
    pss_is_withheld_until_every_process_has_been_read,
    pss_is_withheld_when_unseen_processes_map_more_than_a_hundredth,
    pss_of_no_process_is_absent_or_denied,
    the_commit_limit_follows_the_ratio_without_huge_pages,
    the_commit_limit_follows_kbytes_where_they_are_set, the_commit_limit_is_not_guessed,
    the_direct_map_is_the_sum_of_its_lines_and_large_above_the_base_page,
    low_memory_is_all_memory_where_there_is_no_high,
    memory_that_no_zone_lists_yet_is_missing_from_total_and_free,
    decisions_are_found_by_their_row)
