/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <string.h>

_Static_assert(sizeof(struct process) <= PROCESS_SIZE_MAX, "10,000 of them in 2 MiB");

void process_take_smaps(struct process *p, const struct smaps *smaps)
{
  uint64_t private = smaps->private_clean.value + smaps->private_dirty.value;
  p->kind = PROCESS_READ;
  p->pss = smaps->pss.value;
  p->split = is_known(smaps->pss_anon) && is_known(smaps->pss_file) &&
             is_known(smaps->pss_shmem);
  p->part = (struct pss_split){smaps->pss_anon.value, smaps->pss_file.value,
                               smaps->pss_shmem.value};
  if (!p->split) { /* for the estimate only; it is not published */
    uint64_t anon = smaps->anonymous.value;
    p->part.anon = anon < p->pss ? anon : p->pss;
    p->part.file = p->pss - p->part.anon;
    p->part.shmem = 0;
  }
  p->shares = sub_sat(p->pss, private);
  p->swap_pss = smaps->swap_pss.value;
  p->hugetlb_private = smaps->private_hugetlb.value;
  p->hugetlb_shared = smaps->shared_hugetlb.value;
  p->mappings = (uint32_t)smaps->mappings_count;
  process_anchor(
      p, (struct statm){.resident = smaps->rss.value,
                        .shared = sub_sat(smaps->rss.value, smaps->anonymous.value)});
}

void process_take_statm(struct process *p, struct statm statm)
{
  p->shared = statm.shared;
  p->anon = statm.resident - statm.shared;
  if (p->kind == PROCESS_GUESSED)
    process_guess(p, (struct pss_split){.anon = p->anon, .file = p->shared});
}

void process_anchor(struct process *p, struct statm statm)
{
  process_take_statm(p, statm);
  p->anon_then = p->anon;
  p->shared_then = p->shared;
}

void process_guess(struct process *p, struct pss_split mapped)
{
  p->kind = PROCESS_GUESSED;
  p->pass = 0;
  p->anon = mapped.anon;
  p->shared = mapped.file + mapped.shmem;
  p->part = mapped;
  p->pss = p->anon + p->shared;
  p->swap_pss = p->hugetlb_private = p->hugetlb_shared = p->shares = 0;
  p->mappings = 0;
}

void process_reset(struct process *p)
{
  *p = (struct process){.pid = p->pid, .inode = p->inode, .born = p->born};
}

uint64_t process_rss(const struct process *p)
{
  return p->anon + p->shared;
}

bool process_has_smaps(const struct process *p)
{
  return p->identified && (p->kind == PROCESS_GUESSED || p->kind == PROCESS_READ ||
                           p->kind == PROCESS_DENIED || p->kind == PROCESS_MALFORMED);
}

uint64_t process_moved(const struct process *p)
{
  if (p->kind != PROCESS_READ)
    return process_rss(p);
  return abs_diff(p->anon, p->anon_then) + abs_diff(p->shared, p->shared_then);
}

/* The part of a whole that changed from `then` to `now`, in proportion. `whole` and
 * `then` come from different counters, which may disagree; the larger is the base, so the
 * part never changes by more than the whole. */
static uint64_t in_proportion(uint64_t part, uint64_t whole, uint64_t now, uint64_t then)
{
  uint64_t base = whole > then ? whole : then;
  if (now == then || base == 0)
    return part;
  uint64_t step = mul_div(abs_diff(now, then), part, base);
  return now > then ? part + step : sub_sat(part, step);
}

struct pss_split process_estimate(const struct process *p, uint64_t *pss)
{
  struct pss_split now = p->part;
  if (p->kind == PROCESS_READ) {
    if (p->anon > p->anon_then)
      now.anon += p->anon - p->anon_then; /* new pages are private at first */
    else
      now.anon = in_proportion(now.anon, now.anon, p->anon, p->anon_then);
    uint64_t mapped = now.file + now.shmem;
    if (mapped > 0) {
      now.file = in_proportion(now.file, mapped, p->shared, p->shared_then);
      now.shmem = in_proportion(now.shmem, mapped, p->shared, p->shared_then);
    } else {
      now.file = sub_sat(p->shared, p->shared_then);
    }
  }
  /* The difference is at most that of statm, so it fits even where the sums wrap. */
  int64_t step = (int64_t)(now.anon + now.file + now.shmem - p->part.anon - p->part.file -
                           p->part.shmem);
  *pss = step < 0 ? sub_sat(p->pss, (uint64_t)-step) : p->pss + (uint64_t)step;
  return now;
}
