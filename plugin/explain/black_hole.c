/* SPDX-License-Identifier: MIT */
#include "black_hole.h"
#include "doubt.h"
#include "drift.h"
#include "identity.h"
#include "per_cpu.h"
#include "rows.h"

/* a - b of two known amounts, or 0 where b is larger. */
static uint64_t sub_amount(struct amount a, struct amount b)
{
  return a.value > b.value ? amount_abs_diff(a, b) : 0;
}

/* Whether everything is known that an accounting cannot do without. */
static bool has_essentials(const struct sample *sample, const struct decided *decided,
                           enum accounting accounting)
{
  const struct meminfo *m = &sample->meminfo;
  const struct reading needs[ACCOUNTING_COUNT][3] = {
      [ACCOUNTING_LRU] = {m->active, m->inactive, m->mem_free},
      [ACCOUNTING_CACHE] = {m->cached, m->anon_pages, m->buffers},
      [ACCOUNTING_PSS] = {m->cached, m->mapped, m->buffers},
  };
  for (size_t i = 0; i < 3; i++)
    if (!is_known(needs[accounting][i]))
      return false;
  return is_known(m->mem_total) && is_known(m->mem_free) &&
         (accounting != ACCOUNTING_PSS || is_known(decided->pss.reading) ||
          is_known(decided->pss_anon.reading));
}

/* Terms without which the remainder is still an upper bound worth stating: none of them
 * is a large part of the memory of most machines. */
static bool is_minor(enum term term)
{
  switch (term) {
  case TERM_KERNEL_misc_reclaimable:
  case TERM_KERNEL_kernel_stack:
  case TERM_KERNEL_sec_page_tables:
  case TERM_KERNEL_quicklists:
  case TERM_KERNEL_percpu:
  case TERM_KERNEL_hugetlb:
  case TERM_KERNEL_hardware_corrupted:
  case TERM_KERNEL_bounce:
  case TERM_KERNEL_writeback_tmp:
  case TERM_KERNEL_mmap_copy:
    return true;
  default:
    return false;
  }
}

/* With `upper_bound`, minor terms that are not known count as 0. */
static struct amount remainder_of(const struct sample *sample,
                                  const struct explanation *e, enum accounting accounting,
                                  bool upper_bound)
{
  struct amount rest = {.state = READING_KNOWN,
                        .value = (int64_t)sample->meminfo.mem_total.value};
  if (e->refused != NULL || !has_essentials(sample, &e->decided, accounting))
    return (struct amount){.state = READING_ABSENT};
  for (size_t i = 0; i < TERM_COUNT; i++) {
    const struct decision *decision = decision_of(&e->decided, &term_rows[i]);
    bool vital =
        decision != NULL ? decision->withholds : e->terms[i].state == READING_MALFORMED;
    if (!is_part_of(&term_rows[i], accounting))
      continue;
    if (is_known(e->terms[i]))
      amount_add(&rest, -e->terms[i].value);
    else if (vital && !(upper_bound && is_minor((enum term)i)))
      return (struct amount){.state = READING_MALFORMED};
  }
  return rest;
}

/* Isolated pages are on no LRU list, but in the counters of the cache accounting: it is
 * the more exact where their number is not known and there is less swap cache. */
static bool is_isolated_unknown(const struct sample *sample, const struct explanation *e)
{
  const struct reading swap_cached = sample->meminfo.swap_cached;
  return !is_known(e->decided.isolated.reading) && swap_cached.state <= READING_KNOWN &&
         swap_cached.value < e->decided.isolated.error;
}

/* Whether the LRU lists, or the isolated pages, have more pages than there is room for.
 */
static bool is_lru_broken(const struct explanation *e)
{
  return identity_is_broken(&e->identities[IDENTITY_lru_lists]) ||
         identity_is_broken(&e->identities[IDENTITY_isolated]);
}

/* Whether they count pages that they do not have: the page cache and anonymous memory
 * fit. */
static bool is_lru_too_long(const struct explanation *e)
{
  const struct amount cache = e->black_hole.of[ACCOUNTING_CACHE];
  return is_lru_broken(e) && is_known(cache) && cache.value >= 0;
}

/* The lru accounting is the reference: it holds whatever is in swap, and includes pages
 * that are held only by a pin. But pages wait in per-CPU batches before they are on the
 * LRU, while the counters of the cache accounting change at once. So cache is more
 * accurate where batches and drift can explain the whole difference; and it is all there
 * is where lru is not known. */
static bool prefers_cache(const struct sample *sample, const struct explanation *e)
{
  const struct black_hole *hole = &e->black_hole;
  struct amount lru = hole->of[ACCOUNTING_LRU], cache = hole->of[ACCOUNTING_CACHE];
  if (!is_known(cache) || !is_known(lru))
    return is_known(cache);
  if (is_lru_too_long(e))
    return true;
  if (is_isolated_unknown(sample, e))
    return sub_amount(lru, cache) <=
               e->decided.isolated.error +
                   batches_of(sample, e->decided.cpus_count.reading) &&
           sub_amount(cache, lru) <= counters_error(sample, ACCOUNTING_CACHE);
  if (has_swap_cache(sample))
    return false;
  return amount_abs_diff(lru, cache) <= batches_of(sample, sample->zoneinfo.cpus_count);
}

/* Pss comes from the page tables and does not drift. So pss is the most accurate where
 * every process was read within the last moment, and drift can explain the whole
 * difference from cache. */
static bool prefers_pss(const struct sample *sample, const struct black_hole *hole)
{
  static const double moment = 0.1; /* seconds */
  struct amount pss = hole->of[ACCOUNTING_PSS], cache = hole->of[ACCOUNTING_CACHE];
  const struct processes *p = &sample->processes;
  if (!is_known(pss) || !is_known(cache) || has_swap_cache(sample))
    return false;
  if (p->fresh_count.value < p->read_count.value || p->guessed_count.value > 0 ||
      p->new_count.value > 0 || p->unread_rss.value > 0 || p->unlisted.value > 0 ||
      p->vanished_count.value > 0 || sample->pss_age > moment)
    return false;
  return amount_abs_diff(pss, cache) <= counters_error(sample, ACCOUNTING_CACHE);
}

static enum accounting best_accounting(const struct sample *sample,
                                       const struct explanation *e)
{
  const struct black_hole *hole = &e->black_hole;
  if (prefers_pss(sample, hole))
    return ACCOUNTING_PSS;
  if (prefers_cache(sample, e))
    return ACCOUNTING_CACHE;
  return is_known(hole->of[ACCOUNTING_LRU]) ? ACCOUNTING_LRU : ACCOUNTING_PSS;
}

static struct amount moved(struct amount amount, const struct reading *by, int sign)
{
  if (is_known(amount) && is_known(*by))
    amount_add(&amount, sign * (int64_t)by->value);
  else
    amount = (struct amount){.state = READING_ABSENT};
  return amount;
}

static struct range range_of(struct amount estimate, const struct doubt *doubt)
{
  return (struct range){
      .least = doubt->less_unbounded ? (struct amount){.state = READING_ABSENT}
                                     : moved(estimate, &doubt->less, -1),
      .most = doubt->more_unbounded ? (struct amount){.state = READING_ABSENT}
                                    : moved(estimate, &doubt->more, 1),
  };
}

static struct reading error_of(const struct doubt *doubt)
{
  return doubt->less_unbounded || doubt->more_unbounded ? reading_missing(READING_ABSENT)
                                                        : doubt->either;
}

static void explain_estimate(const struct sample *sample, struct explanation *out,
                             struct doubt *doubt)
{
  struct black_hole *hole = &out->black_hole;
  hole->estimate_from = best_accounting(sample, out);
  hole->estimate = hole->of[hole->estimate_from];
  hole->share = share_of(hole->estimate, out->terms[TERM_TOTAL_mem_total]);
  if (!is_known(hole->estimate))
    return;
  *doubt = doubt_of(sample, out, hole->estimate_from);
  /* If the difference is more than batches after all, lru is right. */
  const struct amount lru = hole->of[ACCOUNTING_LRU];
  if (is_known(lru) && !is_lru_too_long(out))
    doubt_add(doubt, sub_amount(hole->estimate, lru), sub_amount(lru, hole->estimate));
  hole->error = error_of(doubt);
  hole->bounded_error = doubt->either;
  hole->noise = doubt->noise;
  hole->range = range_of(hole->estimate, doubt);
}

/* What the black hole is at most, where a minor term is not known and the estimate is not
 * therefore. */
static void explain_upper_bound(const struct sample *sample, struct explanation *out)
{
  struct black_hole *hole = &out->black_hole;
  for (unsigned m = 0; m < ACCOUNTING_COUNT && !is_known(hole->range.most); m++) {
    const struct amount rest = remainder_of(sample, out, m, true);
    const struct doubt doubt = doubt_of(sample, out, m);
    if (!is_known(rest) || (m == ACCOUNTING_LRU && is_lru_broken(out)))
      continue;
    const struct amount most = range_of(rest, &doubt).most;
    if (!is_known(most) || most.value < 0) /* something is counted twice */
      continue;
    hole->range.most = most;
    hole->estimate_from = m;
  }
}

/* The consumers in the black hole, and the rest. What they may hold in addition is at
 * most all of the rest, and so is a consumer that could not be read. */
static void explain_hidden(struct explanation *out, struct doubt *doubt)
{
  struct black_hole *hole = &out->black_hole;
  bool unread = out->decided.balloon.reading.state > READING_KNOWN;
  struct reading lack = reading_known(0);
  hole->hidden.state = READING_KNOWN;
  for (size_t i = 0; i < TERM_COUNT; i++) {
    if (term_rows[i].view != TERM_VIEW_HIDDEN)
      continue;
    const struct decision *decision = decision_of(&out->decided, &term_rows[i]);
    if (is_known(out->terms[i]))
      amount_add(&hole->hidden, out->terms[i].value);
    else
      unread |= out->terms[i].state != READING_ABSENT;
    if (decision != NULL)
      doubt_add_decision(doubt, decision, true);
    if (decision != NULL && is_known(decision->reading))
      reading_add(&lack, decision->lack);
  }
  hole->unexplained = amount_difference(hole->estimate, hole->hidden);
  if (!is_known(hole->estimate)) {
    const struct amount most = amount_difference(hole->range.most, hole->hidden);
    hole->unexplained_range.most = range_of(most, doubt).most;
    return;
  }
  if (unread || !is_known(lack))
    lack.value = UINT64_MAX;
  if (hole->unexplained.value > 0)
    doubt_add(doubt, least(lack.value, (uint64_t)hole->unexplained.value), 0);
  hole->unexplained_error = error_of(doubt);
  hole->unexplained_range = range_of(hole->unexplained, doubt);
}

/* User pages that no counter has. Sites that are no row of allocinfo.def, migrated pages
 * and what was allocated before profiling began are missing, so there are more rather
 * than fewer. Both counters may lack some, but not the same ones. */
static struct amount uncounted_of(const struct sample *sample,
                                  const struct decided *decided,
                                  const struct black_hole *hole)
{
  /* Counters of the LRU lists and isolated pages, and what is allocated or freed while
   * allocinfo is read. */
  static const uint64_t counters = 7, moving = 16 << 20, moving_part = 64;
  const struct reading sites = sample->allocinfo.place[ALLOCINFO_USER];
  const struct reading lru = sample->allocinfo_lru_then;
  const struct reading cache = sample->allocinfo_cache_then;
  const uint64_t counted = lru.value + decided->isolated.reading.value > cache.value
                               ? lru.value + decided->isolated.reading.value
                               : cache.value;
  const uint64_t error = moving + sites.value / moving_part + decided->isolated.error +
                         batches_of(sample, decided->cpus_count.reading) +
                         counters * node_drift(sample).bytes;
  if (!is_known(hole->allocinfo) || !is_known(sites) || !is_known(lru) ||
      !is_known(cache) || !is_known(hole->estimate))
    return (struct amount){.state = READING_ABSENT};
  struct amount more = {.state = READING_KNOWN};
  if (sites.value <= counted || sites.value - counted <= error)
    return more;
  more.value = (int64_t)(sites.value - counted);
  /* They would be in the black hole: else the sites are wrong. */
  const struct amount most = hole->range.most;
  if (more.value > hole->estimate.value && (!is_known(most) || more.value > most.value))
    more.value = 0;
  return more;
}

/* A kernel that can count by allocation site but does not has 0 for all of them. */
static void explain_allocinfo(const struct sample *sample, const struct decided *decided,
                              struct black_hole *hole)
{
  const struct allocinfo *info = &sample->allocinfo;
  hole->allocinfo = amount_of(info->place[ALLOCINFO_BLACK_HOLE]);
  if (is_known(hole->allocinfo) && info->total.value == 0)
    hole->allocinfo = (struct amount){.state = READING_ABSENT};
  hole->uncounted = uncounted_of(sample, decided, hole);
  if (is_known(hole->uncounted))
    amount_add(&hole->allocinfo, hole->uncounted.value);
  hole->allocinfo_difference = amount_difference(hole->estimate, hole->allocinfo);
}

void explain_black_hole(const struct sample *sample, struct explanation *out)
{
  struct black_hole *hole = &out->black_hole;
  for (unsigned m = 0; m < ACCOUNTING_COUNT; m++)
    hole->of[m] = remainder_of(sample, out, m, false);
  hole->cache_low = amount_difference(hole->of[ACCOUNTING_CACHE],
                                      amount_of(sample->meminfo.swap_cached));
  struct doubt doubt = {.less = {0}};
  explain_estimate(sample, out, &doubt);
  if (!is_known(hole->estimate))
    explain_upper_bound(sample, out);
  explain_hidden(out, &doubt);
  explain_allocinfo(sample, &out->decided, hole);
}
