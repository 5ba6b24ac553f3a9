/* SPDX-License-Identifier: MIT */
#include "totals.h"

#include <math.h>

/* fs/proc/task_mmu.c cuts each printed sum to whole kB. */
static const uint64_t rounding_per_line = 1024;

static void keep_most(struct reading *most, uint64_t value)
{
  if (value > most->value)
    most->value = value;
}

/* A page that others map too adds at most half of it to Pss. So twice the difference
 * between Rss and Pss bounds what is shared. */
static uint64_t shared_at_most(uint64_t rss, uint64_t pss)
{
  uint64_t missing = sub_sat(rss, pss);
  return 2 * missing < rss ? 2 * missing : rss;
}

static void add_read(const struct process *p, struct processes *out)
{
  uint64_t pss;
  struct pss_split part = process_estimate(p, &pss);
  uint64_t moved = process_moved(p);
  reading_add(&out->pss, pss);
  reading_add(&out->pss_anon, part.anon);
  reading_add(&out->pss_file, part.file);
  reading_add(&out->pss_shmem, part.shmem);
  reading_add(&out->swap_pss, p->swap_pss);
  reading_add(&out->hugetlb_private, p->hugetlb_private);
  reading_add(&out->hugetlb_shared, p->hugetlb_shared);
  reading_add(&out->rss, process_rss(p));
  reading_add(&out->rounding, p->mappings * rounding_per_line);
  reading_add(&out->estimated, moved);
  reading_add(&out->stale, moved);
  if (p->split) {
    reading_add(&out->shared_anon, shared_at_most(p->anon_then, p->part.anon));
    reading_add(&out->shared_mapped,
                shared_at_most(p->shared_then, p->part.file + p->part.shmem));
  } else {
    uint64_t shared = shared_at_most(p->anon_then + p->shared_then, p->pss);
    reading_add(&out->shared_anon, shared);
    reading_add(&out->shared_mapped, shared);
    reading_add(&out->unsplit_count, 1);
  }
}

static void add_guessed(const struct process *p, struct processes *out)
{
  reading_add(&out->guessed_anon, p->part.anon);
  reading_add(&out->guessed_file, p->part.file);
  reading_add(&out->guessed_shmem, p->part.shmem);
  keep_most(&out->guessed_anon_most, p->part.anon);
  keep_most(&out->guessed_shared_most, p->part.file + p->part.shmem);
  if (p->large)
    reading_add(&out->large_count, 1);
}

static void add_unread(const struct process *p, struct processes *out)
{
  reading_add(&out->unread_rss, process_rss(p));
  reading_add(&out->shared_anon, p->anon);
  reading_add(&out->shared_mapped, p->shared);
}

static struct reading *counter_of(struct processes *out, enum process_kind kind)
{
  switch (kind) {
  case PROCESS_NEW:
    return &out->new_count;
  case PROCESS_GUESSED:
    return &out->guessed_count;
  case PROCESS_READ:
    return &out->read_count;
  case PROCESS_DENIED:
    return &out->denied_count;
  case PROCESS_MALFORMED:
    return &out->malformed_count;
  case PROCESS_KERNEL_THREAD:
    return &out->kernel_thread_count;
  case PROCESS_ZOMBIE:
    return &out->zombie_count;
  case PROCESS_NO_MM:
    return &out->no_mm_count;
  case PROCESS_TWIN:
    return &out->twin_count;
  case PROCESS_GONE:
    break;
  }
  return &out->vanished_count;
}

/* The largest difference between a sum now and in past passes. */
struct excursion {
  int64_t now;
  uint64_t most;
};

static void widen(struct excursion *excursion, int64_t then)
{
  const struct amount a = {.value = excursion->now}, b = {.value = then};
  uint64_t size = amount_abs_diff(a, b);
  if (size > excursion->most)
    excursion->most = size;
}

/* Extrapolates a change over `known` passes to `age` passes; UINT64_MAX on overflow. */
static uint64_t extrapolate(uint64_t size, uint32_t age, uint32_t known)
{
  if (age <= known)
    return size;
  return size / known < INT64_MAX / age ? mul_div(size, age, known) : UINT64_MAX;
}

/* Adds the error of readings made in pass `oldest` and later that other processes caused.
 */
static void add_churn(const struct pss_scan *scan, uint32_t oldest, struct reading *stale)
{
  struct excursion shared = {.now = scan->churn.shared};
  struct excursion surprise = {.now = scan->churn.surprise};
  uint32_t age = scan->pass - oldest;
  uint32_t known = age < PSS_SCAN_HISTORY ? age : PSS_SCAN_HISTORY - 1;
  for (uint32_t i = 1; i <= known; i++) {
    const struct churn *then = &scan->history[(scan->pass - i) % PSS_SCAN_HISTORY];
    widen(&shared, then->shared);
    widen(&surprise, then->surprise);
  }
  reading_add(stale, extrapolate(shared.most, age, known));
  reading_add(stale, extrapolate(surprise.most, age, known));
}

void totals_compute(const struct pss_scan *scan, struct processes *out, double *oldest_at)
{
  struct reading *readings = &out->pss;
  uint32_t oldest = scan->pass;
  for (size_t i = 0; i < PROCESSES_READINGS; i++)
    readings[i] = reading_known(0);
  *oldest_at = scan->passed_at;
  for (size_t i = 0; i < scan->table.count; i++) {
    const struct process *p = &scan->table.at[i];
    reading_add(counter_of(out, p->kind), 1);
    if (p->kind == PROCESS_READ) {
      add_read(p, out);
      reading_add(&out->fresh_count, p->pass == scan->pass);
      oldest = p->pass < oldest ? p->pass : oldest;
      *oldest_at = fmin(*oldest_at, p->tried_at);
    } else if (p->kind == PROCESS_GUESSED) {
      add_guessed(p, out);
    } else if (p->kind == PROCESS_DENIED || p->kind == PROCESS_MALFORMED) {
      add_unread(p, out);
    } else if (p->kind == PROCESS_GONE || p->kind == PROCESS_NO_MM) {
      reading_add(&out->stale, process_rss(p));
    }
  }
  add_churn(scan, oldest, &out->stale);
  out->anon_pages_then = scan->anon_pages;
  out->mapped_then = scan->mapped;
  if (out->read_count.value + out->guessed_count.value == 0) {
    reading_fill(&out->pss, 4, READING_ABSENT);
    out->estimated = out->error = reading_missing(READING_ABSENT);
  }
  if (out->read_count.value == 0)
    out->rss = out->swap_pss = out->hugetlb_private = out->hugetlb_shared =
        reading_missing(READING_ABSENT);
}
