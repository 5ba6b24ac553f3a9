/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/explain/explain.h"
#include "decide.h"
#include "per_cpu.h"

#include <math.h>
#include <string.h>

#define PLUS(member)                                                                     \
  {                                                                                      \
    .offset = offsetof(struct sample, member), .sign = 1                                 \
  }
#define MINUS(member)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct sample, member), .sign = -1                                \
  }
#define DECIDED(name)                                                                    \
  {                                                                                      \
    .offset = offsetof(struct decided, name), .sign = 1, .decided = true                 \
  }
#define MINUS_DECIDED(name)                                                              \
  {                                                                                      \
    .offset = offsetof(struct decided, name), .sign = -1, .decided = true                \
  }

const struct term_row term_rows[TERM_COUNT] = {
#define TERM(view, name, sign, text, ...)                                                \
  {#name, TERM_VIEW_##view, TERM_SIGN_##sign, {__VA_ARGS__}},
#include "meminfo_explain/tables/terms.def"
};

/* A page may wait in the batch of lru_add and in one more (mm/swap.c), of PAGEVEC_SIZE
 * pages each: 31 since 6.12 and fewer before (include/linux/pagevec.h). */
#define LRU_BATCH_PAGES 62
#define NONE                                                                             \
  {                                                                                      \
    0                                                                                    \
  }
#define ONE_PAGE                                                                         \
  {                                                                                      \
    .pages = 1                                                                           \
  }
#define LRU_BATCHES                                                                      \
  {                                                                                      \
    .pages_per_cpu = LRU_BATCH_PAGES                                                     \
  }
#define HUGE_COUNTERS                                                                    \
  {                                                                                      \
    .huge = true                                                                         \
  }
#define BYTES(n)                                                                         \
  {                                                                                      \
    .bytes = (n)                                                                         \
  }
#define NOTHING                                                                          \
  {                                                                                      \
    .sign = 0                                                                            \
  }
#define UNWRAP(...) __VA_ARGS__

const struct identity_row identity_rows[IDENTITY_COUNT] = {
#define IDENTITY(name, relation, counters, slack, tolerance, text, ...)                  \
  {#name, IDENTITY_##relation, counters, slack, {UNWRAP tolerance}, {__VA_ARGS__}},
#include "meminfo_explain/tables/identities.def"
};

const struct ratio_row ratio_rows[RATIO_COUNT] = {
#define RATIO(view, name, part, whole, ...) {#name, TERM_VIEW_##view, part, whole},
#include "meminfo_explain/tables/ratios.def"
};

const struct hole_row hole_rows[HOLE_COUNT] = {
#define AMOUNT(name, member, ...) {#name, offsetof(struct black_hole, member), false},
#define BOUND(name, member, ...)  {#name, offsetof(struct black_hole, member), true},
#include "meminfo_explain/tables/black_hole.def"
};

struct amount hole_amount(const struct black_hole *hole, unsigned row)
{
  const char *at = (const char *)hole + hole_rows[row].offset;
  return hole_rows[row].is_bound ? amount_of(*(const struct reading *)at)
                                 : *(const struct amount *)at;
}

enum term_view accounting_view(enum accounting accounting)
{
  return (enum term_view)(TERM_VIEW_USER_LRU + accounting);
}

const char *accounting_name(enum accounting accounting)
{
  static const char *const names[] = {"lru", "cache", "pss"};
  return names[accounting];
}

static struct reading read_operand(const struct sample *sample,
                                   const struct decided *decided, struct operand operand)
{
  const char *base = operand.decided ? (const char *)decided : (const char *)sample;
  /* A decision begins with its reading. */
  return *(const struct reading *)(base + operand.offset);
}

/* a - b of two known amounts, or 0 where b is larger. */
static uint64_t sub_amount(struct amount a, struct amount b)
{
  return a.value > b.value ? amount_abs_diff(a, b) : 0;
}

static void amount_add(struct amount *sum, int64_t value)
{
  if (is_known(*sum) && __builtin_add_overflow(sum->value, value, &sum->value))
    *sum = (struct amount){.state = READING_MALFORMED};
}

static struct amount evaluate(const struct sample *sample, const struct decided *decided,
                              const struct operand operands[OPERANDS_MAX])
{
  struct amount sum = {.state = READING_KNOWN};
  for (size_t i = 0; i < OPERANDS_MAX && operands[i].sign != 0; i++) {
    struct reading reading = read_operand(sample, decided, operands[i]);
    sum.state = reading_state_join(sum.state, reading.state);
    amount_add(&sum, operands[i].sign * (int64_t)reading.value);
  }
  return is_known(sum) ? sum : (struct amount){.state = sum.state};
}

static bool is_possible(const struct sample *sample, const struct term_row *row,
                        struct amount amount)
{
  const struct reading total = sample->meminfo.mem_total;
  bool inside = row->view == TERM_VIEW_HIDDEN || row->view == TERM_VIEW_INSIDE;
  return (row->sign == TERM_SIGN_SIGNED || amount.value >= 0) &&
         (!inside || !is_known(total) || amount.value <= (int64_t)total.value);
}

static void explain_terms(const struct sample *sample, struct explanation *out)
{
  for (size_t i = 0; i < TERM_COUNT; i++) {
    struct amount amount = evaluate(sample, &out->decided, term_rows[i].operands);
    if (is_known(amount) && !is_possible(sample, &term_rows[i], amount))
      amount = (struct amount){.state = READING_MALFORMED};
    out->terms[i] = amount;
  }
}

/* Why meminfo does not describe this machine, or NULL. */
static const char *refusal(const struct sample *sample)
{
  const struct reading managed = sample->zoneinfo.managed;
  const struct reading total = sample->meminfo.mem_total;
  if (is_known(sample->lxcfs_count) && sample->lxcfs_count.value > 0)
    return "lxcfs provides proc/meminfo, which mixes a container's numbers with the "
           "host's";
  /* Older lxcfs prints 0 for Slab, and the host's value for KReclaimable, a part of it.
   */
  const struct meminfo *m = &sample->meminfo;
  if (is_known(m->slab) && m->slab.value == 0 && m->k_reclaimable.value > 0)
    return "Slab is 0 while KReclaimable is not, so proc/meminfo comes from lxcfs and "
           "not from the kernel";
  if (!is_known(managed) || !is_known(total))
    return NULL;
  /* They are equal, unless a balloon changes them between the two reads, or zones are not
   * listed (collect/completeness.h). */
  if (total.value + managed.value / 64 < managed.value)
    return "MemTotal is less than the memory that the zones in proc/zoneinfo manage, so "
           "proc/meminfo describes a container (lxcfs) or another machine";
  return NULL;
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

static bool is_part_of(const struct term_row *row, enum accounting accounting)
{
  return row->view == TERM_VIEW_FREE || row->view == TERM_VIEW_KERNEL ||
         row->view == accounting_view(accounting);
}

static const struct decision *decision_of(const struct decided *decided,
                                          const struct term_row *row)
{
  if (!row->operands[0].decided)
    return NULL;
  return (const struct decision *)((const char *)decided + row->operands[0].offset);
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

/* What `counters` counters together may be off by because of per-CPU deltas, if `deltas`
 * CPUs make each counter drift by at most `drift`. Each delta is anywhere within
 * +-drift/deltas (mm/vmstat.c folds it back when it reaches the threshold). So this is
 * three standard deviations of the sum of independent uniform deltas, and at most the sum
 * of all at their limits. */
static double drift_error(double drift, uint64_t deltas, unsigned counters)
{
  if (deltas == 0)
    return counters * drift;
  double sigmas = drift * sqrt(3.0 * counters / (double)deltas);
  return fmin(sigmas, counters * drift);
}

static uint64_t batches_of(const struct sample *sample, struct reading cpus)
{
  return cpus.value * LRU_BATCH_PAGES * sample->page_size;
}

/* What the counters of an accounting may be off by. */
static uint64_t counters_error(const struct sample *sample, enum accounting accounting)
{
  /* Node counters: two of slab, misc reclaimable, two of page tables; and for lru the
   * five lists and two of isolated pages, else file pages, swap cache and anonymous
   * pages. Zone counters: free and bounce pages. */
  static const unsigned node_counters[ACCOUNTING_COUNT] = {
      [ACCOUNTING_LRU] = 5 + 7, [ACCOUNTING_CACHE] = 5 + 3, [ACCOUNTING_PSS] = 5 + 3};
  const struct drift node = node_drift(sample), zone = zone_drift(sample);
  double bytes =
      hypot(drift_error((double)node.bytes, node.deltas, node_counters[accounting]),
            drift_error((double)zone.bytes, zone.deltas, 2));
  return bytes < (double)INT64_MAX ? (uint64_t)bytes : INT64_MAX;
}

/* Also true where that is not known. */
static bool has_swap_cache(const struct sample *sample)
{
  const struct reading cached = sample->meminfo.swap_cached;
  return cached.state > READING_KNOWN || cached.value > 0;
}

/* What an estimate of the black hole may be off by. */
struct doubt {
  struct reading less, more; /* how much smaller or larger the truth may be */
  struct reading either;     /* a bound on both: of parts that may be one or the other */
  struct reading noise;      /* of either, what may differ from sample to sample */
  bool less_unbounded, more_unbounded;
};

static void doubt_add(struct doubt *doubt, uint64_t less, uint64_t more)
{
  reading_add(&doubt->noise, less > more ? less : more);
  reading_add(&doubt->less, less);
  reading_add(&doubt->more, more);
  reading_add(&doubt->either, less > more ? less : more);
}

/* A number that is not known counts as 0, so the truth can only be smaller. Most such
 * terms move with what they hold; only per-CPU lists go up and down by themselves. */
static void doubt_add_decision(struct doubt *doubt, const struct decision *decision,
                               bool is_noise)
{
  const struct reading noise = doubt->noise;
  if (is_known(decision->reading))
    doubt_add(doubt, decision->error, decision->error + decision->excess);
  else
    doubt_add(doubt, decision->error, 0);
  if (!is_known(decision->reading) && !is_noise)
    doubt->noise = noise;
  doubt->less_unbounded |= decision->unbounded;
  doubt->more_unbounded |= decision->unbounded && is_known(decision->reading);
}

/* Pages in LRU batches and unmapped swap cache are counted by no term: without them the
 * black hole is smaller. */
static void doubt_add_user(struct doubt *doubt, const struct sample *sample,
                           const struct explanation *e, enum accounting accounting)
{
  const struct reading swap_cached = sample->meminfo.swap_cached;
  if (accounting == ACCOUNTING_LRU)
    doubt_add(doubt, batches_of(sample, e->decided.cpus_count.reading), 0);
  else if (swap_cached.state > READING_KNOWN)
    doubt->less_unbounded = true;
  else
    doubt_add(doubt, swap_cached.value, 0);
}

/* Of the counters, the tear, LRU batches or swap cache, and the decisions. */
static struct doubt doubt_of(const struct sample *sample, const struct explanation *e,
                             enum accounting accounting)
{
  struct doubt doubt = {.less = {0}};
  const uint64_t counters = counters_error(sample, accounting);
  const struct reading tear = e->decided.tear.reading;
  const struct zoneinfo *z = &sample->zoneinfo;
  doubt_add(&doubt, counters, counters);
  /* The tear is unknown where the second zoneinfo could not be read. */
  if (is_known(z->free) && is_known(z->pcp) && tear.state > READING_KNOWN)
    doubt.less_unbounded = doubt.more_unbounded = true;
  doubt_add(&doubt, tear.value, tear.value);
  doubt_add_user(&doubt, sample, e, accounting);
  for (size_t i = 0; i < TERM_COUNT; i++) {
    const struct decision *decision = decision_of(&e->decided, &term_rows[i]);
    if (decision != NULL && is_part_of(&term_rows[i], accounting))
      doubt_add_decision(&doubt, decision, decision == &e->decided.pcp_free);
  }
  return doubt;
}

static struct percentage share_of(struct amount part, struct amount whole)
{
  enum reading_state state = reading_state_join(part.state, whole.state);
  if (state == READING_KNOWN && whole.value <= 0)
    state = READING_ABSENT;
  if (state != READING_KNOWN)
    return (struct percentage){.state = state};
  return (struct percentage){.state = state,
                             .percent = 100.0 * (double)part.value / (double)whole.value};
}

/* Isolated pages are on no LRU list, but in the counters of the cache accounting: it is
 * the more exact where their number is not known and there is less swap cache. */
static bool is_isolated_unknown(const struct sample *sample, const struct explanation *e)
{
  const struct reading swap_cached = sample->meminfo.swap_cached;
  return !is_known(e->decided.isolated.reading) && swap_cached.state <= READING_KNOWN &&
         swap_cached.value < e->decided.isolated.error;
}

static bool is_broken(const struct identity_result *result)
{
  return result->judged && !result->holds;
}

/* Whether the LRU lists, or the isolated pages, have more pages than there is room for.
 */
static bool is_lru_broken(const struct explanation *e)
{
  return is_broken(&e->identities[IDENTITY_lru_lists]) ||
         is_broken(&e->identities[IDENTITY_isolated]);
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

/* The consumers in the black hole, and the rest. A consumer that could not be read may be
 * as large as all of the rest. */
static void explain_hidden(struct explanation *out, struct doubt *doubt)
{
  struct black_hole *hole = &out->black_hole;
  bool unread = out->decided.balloon.reading.state > READING_KNOWN;
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
  }
  hole->unexplained = amount_difference(hole->estimate, hole->hidden);
  if (!is_known(hole->estimate)) {
    const struct amount most = amount_difference(hole->range.most, hole->hidden);
    hole->unexplained_range.most = range_of(most, doubt).most;
    return;
  }
  if (unread && hole->unexplained.value > 0)
    doubt_add(doubt, (uint64_t)hole->unexplained.value, 0);
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

static void explain_black_hole(const struct sample *sample, struct explanation *out)
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

/* The error of an operand that is not known but bounded: it counts as 0. */
static uint64_t operand_error(const struct decided *decided, struct operand operand)
{
  if (!operand.decided)
    return 0;
  const struct decision *decision =
      (const struct decision *)((const char *)decided + operand.offset);
  bool bounded = decision->reading.state == READING_ABSENT && !decision->unbounded;
  return bounded ? decision->error : 0;
}

/* Sets the residual, and returns what unknown operands may add to it. */
static uint64_t evaluate_identity(const struct sample *sample,
                                  const struct decided *decided,
                                  const struct identity_row *row, struct amount *residual)
{
  struct operand known[OPERANDS_MAX] = {{.sign = 0}};
  uint64_t error = 0;
  for (size_t i = 0, count = 0; i < OPERANDS_MAX && row->operands[i].sign != 0; i++) {
    uint64_t more = operand_error(decided, row->operands[i]);
    if (more == 0)
      known[count++] = row->operands[i];
    error += more;
  }
  *residual = evaluate(sample, decided, known);
  return error;
}

/* What the counters of an identity may be off by. Without zoneinfo there are far fewer
 * deltas than assumed, of which not all are at their limits. */
static uint64_t identity_drift(const struct sample *sample, unsigned counters)
{
  const struct drift drift = node_drift(sample);
  if (is_known(sample->zoneinfo.node_drift))
    return counters * drift.bytes;
  return (uint64_t)drift_error((double)drift.bytes, drift.deltas, counters);
}

static void explain_identity(const struct sample *sample, const struct decided *decided,
                             const struct identity_row *row, struct identity_result *out)
{
  /* A page table has page_size / 8 entries, which map a huge page. */
  const uint64_t unit = row->slack.huge ? sample->page_size / 8 : 1;
  const uint64_t error = evaluate_identity(sample, decided, row, &out->residual);
  uint64_t pages =
      row->slack.pages + row->slack.pages_per_cpu * decided->cpus_count.reading.value;
  struct reading tolerance =
      reading_known(row->slack.bytes + pages * sample->page_size + error +
                    unit * identity_drift(sample, row->counters));
  bool all_known = true;
  for (size_t i = 0; i < OPERANDS_MAX && row->tolerance[i].sign != 0; i++) {
    struct reading allowed = read_operand(sample, decided, row->tolerance[i]);
    reading_add(&tolerance, allowed.value + operand_error(decided, row->tolerance[i]));
    all_known &= allowed.state <= READING_KNOWN;
  }
  all_known &= is_known(tolerance);
  out->tolerance = (int64_t)tolerance.value;
  out->holds =
      is_known(out->residual) && out->residual.value >= -out->tolerance &&
      (row->relation == IDENTITY_AT_LEAST || out->residual.value <= out->tolerance);
  out->judged = is_known(out->residual) && (out->holds || all_known);
}

static void explain_pss(const struct sample *sample, struct explanation *out)
{
  const struct processes *p = &sample->processes;
  if (!is_known(p->rss) || !is_known(p->unread_rss) || !is_known(p->unlisted))
    return;
  struct amount whole = amount_of(p->rss);
  const struct reading others[] = {p->unread_rss, p->unlisted, p->guessed_anon,
                                   p->guessed_file, p->guessed_shmem};
  for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
    amount_add(&whole, (int64_t)others[i].value);
  out->pss_coverage = share_of(amount_of(p->rss), whole);
}

void explain(const struct sample *sample, struct explanation *out)
{
  memset(out, 0, sizeof(*out));
  decide(sample, &out->decided);
  out->refused = refusal(sample);
  /* Neither zones nor per-CPU lists of zoneinfo are those of this meminfo. */
  if (out->refused != NULL)
    out->decided.reserved = out->decided.pcp_free = decision_absent();
  explain_terms(sample, out);
  for (size_t i = 0; i < IDENTITY_COUNT; i++)
    explain_identity(sample, &out->decided, &identity_rows[i], &out->identities[i]);
  explain_black_hole(sample, out);
  for (size_t i = 0; i < RATIO_COUNT; i++)
    out->ratios[i] =
        share_of(amount_of(read_operand(sample, &out->decided, ratio_rows[i].part)),
                 amount_of(read_operand(sample, &out->decided, ratio_rows[i].whole)));
  explain_pss(sample, out);
}
