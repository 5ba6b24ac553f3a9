/* SPDX-License-Identifier: MIT */
#include "drift.h"
#include "per_cpu.h"

#include <math.h>

/* Each delta is anywhere within +-drift/deltas (mm/vmstat.c folds it back when it reaches
 * the threshold). So this is three standard deviations of the sum of independent uniform
 * deltas, and at most the sum of all at their limits. */
double drift_error(double drift, uint64_t deltas, unsigned counters)
{
  if (deltas == 0)
    return counters * drift;
  double sigmas = drift * sqrt(3.0 * counters / (double)deltas);
  return fmin(sigmas, counters * drift);
}

bool has_swap_cache(const struct sample *sample)
{
  const struct reading cached = sample->meminfo.swap_cached;
  return cached.state > READING_KNOWN || cached.value > 0;
}

/* --- what is known of the CPUs ------------------------------------------------------ */

static bool is_activity_known(const struct sample *sample)
{
  const struct zoneinfo *z = &sample->zoneinfo;
  return is_known(sample->activity.cpus_count) && is_known(sample->cpus_isolated_count) &&
         is_known(z->node_drift) && is_known(z->zone_drift) && is_known(z->cpus_count) &&
         z->cpus_count.value > 0;
}

struct decision decide_active(const struct sample *sample)
{
  if (is_activity_known(sample))
    return decision_certain(sample->activity.cpus_count, WHY(active_lists));
  return decision_certain(decide_cpus(sample).reading, WHY(active_all));
}

struct decision decide_moved(const struct sample *sample)
{
  const struct activity *activity = &sample->activity;
  const uint64_t pages = activity->allocated_count.value > activity->freed_count.value
                             ? activity->allocated_count.value
                             : activity->freed_count.value;
  uint64_t bytes;
  if (!is_activity_known(sample) ||
      scale(pages + activity->moved_count.value, sample->page_size, &bytes) != 0)
    return decision_absent();
  return decision_certain(reading_known(bytes), WHY(moved_events));
}

/* --- which counters ----------------------------------------------------------------- */

/* Node counters: two of slab, misc reclaimable, two of page tables, and copies of FUSE;
 * for lru the five lists and two of isolated pages, else file pages, swap cache and
 * anonymous pages, or mapped ones. */
static unsigned node_counters(const struct sample *sample, enum accounting accounting)
{
  const struct meminfo *m = &sample->meminfo;
  const unsigned users = accounting == ACCOUNTING_LRU ? 7 : 3;
  return m->writeback_tmp.value > 0 ? users + 6 : users + 5;
}

/* Without those that stay as they are: there are no such pages, or no event has moved
 * any to or from there. */
static unsigned moving_counters(const struct sample *sample, enum accounting accounting)
{
  const struct meminfo *m = &sample->meminfo;
  const struct activity *activity = &sample->activity;
  unsigned counters = node_counters(sample, accounting);
  if (is_known(m->k_reclaimable) && is_known(m->s_reclaimable) &&
      m->k_reclaimable.value == m->s_reclaimable.value)
    counters--;
  if (m->sec_page_tables.state <= READING_KNOWN && m->sec_page_tables.value == 0)
    counters--;
  if (accounting != ACCOUNTING_LRU)
    return has_swap_cache(sample) ? counters : counters - 1;
  if (activity->isolated_count.value == 0)
    counters -= 2;
  return activity->locked_count.value == 0 ? counters - 1 : counters;
}

/* Zone counters: free pages, unless buddyinfo has them, and bounce pages. */
static unsigned zone_counters(const struct sample *sample)
{
  return is_free_exact(sample) ? 1 : 2;
}

static unsigned moving_zone_counters(const struct sample *sample)
{
  const struct reading bounce = sample->meminfo.bounce;
  const unsigned counters = zone_counters(sample);
  return bounce.state <= READING_KNOWN && bounce.value == 0 ? counters - 1 : counters;
}

/* --- how much ----------------------------------------------------------------------- */

/* Deltas of one counter in the sum. */
struct deltas {
  double limit; /* of one of them, in bytes */
  double cpus;  /* CPUs that change it */
  double count; /* their deltas, of several nodes or zones */
  unsigned counters;
};

/* Of a sum of that many deltas anywhere within +-limit, whose variance is limit^2 / 3
 * each, 99 % are within 2.58 standard deviations. */
static double sigmas(struct deltas deltas, unsigned counters)
{
  return deltas.limit * 2.58 * sqrt(counters * deltas.count / 3);
}

/* Deltas are independent, except that CPUs which do the same at the
 * same time may have all of their deltas of one counter at the limit. */
static double deltas_error(struct deltas deltas)
{
  if (deltas.counters == 0)
    return 0;
  return fmax(sigmas(deltas, deltas.counters),
              hypot(deltas.limit * deltas.cpus, sigmas(deltas, deltas.counters - 1)));
}

/* Deltas of CPUs that are isolated, since nothing adds them to the counters. */
static double isolated_error(const struct sample *sample, struct drift drift,
                             unsigned counters)
{
  const uint64_t all = sample->zoneinfo.cpus_count.value;
  const uint64_t isolated = least(sample->cpus_isolated_count.value, all);
  return isolated == 0 ? 0
                       : drift_error((double)mul_div(drift.bytes, isolated, all),
                                     mul_div(drift.deltas, isolated, all), counters);
}

/* A CPU changes counters of its node, unless it takes pages from another: as many are
 * given back there, and together they fill so many deltas at most. */
static double node_error(const struct sample *sample, enum accounting accounting)
{
  const struct zoneinfo *z = &sample->zoneinfo;
  const double limit = (double)z->node_threshold.value;
  const double cpus = (double)sample->activity.cpus_count.value;
  const double nodes = (double)z->node_deltas_count.value / (double)z->cpus_count.value;
  const double remote =
      2.0 * (double)sample->activity.remote_count.value * (double)sample->page_size;
  const struct deltas deltas = {
      .limit = limit,
      .cpus = cpus,
      .count = cpus + fmin(cpus * (nodes - 1), limit > 0 ? remote / limit : 0),
      .counters = moving_counters(sample, accounting),
  };
  const double moved = (double)decide_moved(sample).reading.value;
  return hypot(fmin(deltas_error(deltas), moved),
               isolated_error(sample, node_drift(sample), deltas.counters));
}

/* Free pages go to and from the lists of a CPU in batches, more often than they are
 * allocated, and to and from two zones of its node. */
static double zone_error(const struct sample *sample)
{
  const double cpus = (double)sample->activity.cpus_count.value;
  const struct deltas deltas = {.limit = (double)sample->zoneinfo.zone_threshold.value,
                                .cpus = cpus,
                                .count = 2 * cpus,
                                .counters = moving_zone_counters(sample)};
  return hypot(deltas_error(deltas),
               isolated_error(sample, zone_drift(sample), deltas.counters));
}

uint64_t counters_error(const struct sample *sample, enum accounting accounting)
{
  const struct drift node = node_drift(sample), zone = zone_drift(sample);
  double bytes;
  if (is_activity_known(sample))
    bytes = hypot(node_error(sample, accounting), zone_error(sample));
  else
    bytes = hypot(
        drift_error((double)node.bytes, node.deltas, node_counters(sample, accounting)),
        drift_error((double)zone.bytes, zone.deltas, zone_counters(sample)));
  return bytes < (double)INT64_MAX ? (uint64_t)bytes : INT64_MAX;
}
