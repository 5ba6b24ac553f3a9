/* SPDX-License-Identifier: MIT */
#include "per_cpu.h"
#include "meminfo_explain/collect/skew.h"

#define KB ((uint64_t)1 << 10)

/* --- the age of the kernel, by lines of meminfo ------------------------------------- */

static bool is_printed(struct reading line)
{
  return line.state != READING_ABSENT;
}

/* Whether the lines around KReclaimable and SecPageTables are there, so that these two
 * are not merely missing from what somebody copied. */
static bool is_complete(const struct meminfo *m)
{
  return is_printed(m->shmem) && is_printed(m->slab) && is_printed(m->s_reclaimable) &&
         is_printed(m->s_unreclaim) && is_printed(m->kernel_stack) &&
         is_printed(m->page_tables) && is_printed(m->bounce) &&
         is_printed(m->writeback_tmp) && is_printed(m->commit_limit);
}

static bool is_older_than_6_1(const struct meminfo *m)
{
  return is_complete(m) && !is_printed(m->sec_page_tables) && !is_printed(m->unaccepted);
}

/* VmallocChunk is always 0 since 4.4. */
static bool is_older_than_4_4(const struct meminfo *m)
{
  return is_known(m->vmalloc_chunk) && m->vmalloc_chunk.value > 0;
}

static bool is_older_than_4_20(const struct meminfo *m)
{
  return is_older_than_4_4(m) ||
         (is_older_than_6_1(m) && !is_printed(m->k_reclaimable) &&
          !is_printed(m->file_huge_pages) && !is_printed(m->zswap));
}

/* --- the number of CPUs, and of pairs of a CPU and a zone --------------------------- */

/* Threads, at most. A stack is of 16 KiB on 64-bit kernels, but of 8 KiB on x86 before
 * 3.15 (THREAD_SIZE), without the lines of newer kernels. */
static uint64_t threads_bound(const struct meminfo *m)
{
  const uint64_t address_space_of_32_bits = (uint64_t)4 << 30;
  const bool is_64_bit =
      is_known(m->vmalloc_total) && m->vmalloc_total.value > address_space_of_32_bits;
  const bool is_new = is_printed(m->cma_total) || is_printed(m->shmem_huge_pages) ||
                      is_printed(m->percpu) || is_printed(m->k_reclaimable);
  return m->kernel_stack.value / ((is_64_bit && is_new ? 16 : 8) * KB);
}

/* A bound on the number of CPUs from meminfo. */
struct bound {
  uint64_t cpus;
  const char *why;
};

static struct bound lower(struct bound a, uint64_t cpus, const char *why)
{
  cpus = cpus > 0 ? cpus : 1;
  return cpus < a.cpus ? (struct bound){cpus, why} : a;
}

static struct bound bound_of_meminfo(const struct meminfo *m)
{
  /* A CPU has a thread for migration, one for softirqs, and two workers or more. */
  static const uint64_t threads_per_cpu = 4;
  /* include/linux/percpu.h: PCPU_MIN_UNIT_SIZE. */
  static const uint64_t percpu_unit_min = 32 * KB;
  struct bound bound = {CPUS_MAX, WHY(cpus_unknown)};
  bound = lower(bound, m->mem_total.value / MEMORY_PER_CPU, WHY(cpus_unknown));
  if (m->kernel_stack.value > 0)
    bound = lower(bound, threads_bound(m) / threads_per_cpu, WHY(cpus_stacks));
  if (m->percpu.value > 0)
    bound = lower(bound, m->percpu.value / percpu_unit_min, WHY(cpus_percpu));
  return bound;
}

struct decision decide_cpus(const struct sample *sample)
{
  const struct reading online = sample->zoneinfo.cpus_count;
  const struct reading possible = sample->cpus_possible_count;
  if (is_known(online) && online.value > 0)
    return decision_certain(online, WHY(cpus_zoneinfo));
  if (!is_known(sample->meminfo.mem_total))
    return decision_absent();
  struct bound bound = bound_of_meminfo(&sample->meminfo);
  if (is_known(possible))
    bound = lower(bound, possible.value, WHY(cpus_possible));
  return decision_certain(reading_known(bound.cpus), bound.why);
}

/* Pairs of a CPU and a zone. A node of fewer than eight CPUs is rare, and the first has
 * two or three zones more. */
static uint64_t pairs_of(uint64_t cpus)
{
  return cpus * (4 + cpus / 8);
}

/* The number of pairs of a CPU and a zone, at most, without zoneinfo. What meminfo allows
 * is several times the true number of CPUs, which makes up for the nodes. */
static uint64_t pairs_bound(const struct sample *sample)
{
  const struct reading online = sample->zoneinfo.cpus_count;
  const struct reading possible = sample->cpus_possible_count;
  uint64_t pairs = 4 * bound_of_meminfo(&sample->meminfo).cpus;
  if (is_known(online) && online.value > 0)
    pairs = least(pairs, pairs_of(online.value));
  return is_known(possible) ? least(pairs, pairs_of(possible.value)) : pairs;
}

/* --- free pages on per-CPU lists ---------------------------------------------------- */

/* The low watermarks of all zones together, at most; MemTotal where that is not known.
 * MemAvailable is less than MemFree and what can be reclaimed by the reserves, which
 * include the high watermarks, and the low ones once more for each kind that can be
 * reclaimed, or half of it (mm/page_alloc.c: si_mem_available). */
static uint64_t watermarks_bound(const struct meminfo *m)
{
  if (!is_known(m->mem_available) || m->mem_available.value == 0 ||
      !is_known(m->mem_free) || !is_known(m->active_file) ||
      !is_known(m->inactive_file) || !is_known(m->k_reclaimable))
    return m->mem_total.value;
  const uint64_t cache = m->active_file.value + m->inactive_file.value;
  const uint64_t slab = m->k_reclaimable.value;
  const uint64_t lacking =
      sub_sat(m->mem_free.value + cache + slab, m->mem_available.value);
  /* reserves + min(cache / 2, low) + min(slab / 2, low), and low <= reserves */
  uint64_t all = lacking / 3, one = sub_sat(lacking, least(cache, slab) / 2) / 2;
  uint64_t none = sub_sat(lacking, cache / 2 + slab / 2);
  if (all <= least(cache, slab) / 2)
    return all;
  return one <= (cache > slab ? cache : slab) / 2 ? one : none;
}

/* A list keeps six batches: a batch is 1/4096 of the zone, rounded to a power of two, up
 * to 128 KiB, since 4.19 256 KiB (mm/page_alloc.c: zone_batchsize). Since 5.14 the lists
 * of the CPUs of a node keep the low watermark of a zone, or four batches each, and since
 * 6.8 up to 1/8 of the zone (zone_highsize). Other nodes have lists as long. */
static uint64_t lists_bound(const struct sample *sample)
{
  const struct meminfo *m = &sample->meminfo;
  const uint64_t most = m->mem_total.value / 8, pairs = pairs_bound(sample);
  const bool old = is_older_than_4_20(m);
  const uint64_t batch = is_older_than_4_4(m) ? 128 * KB : 256 * KB;
  if (!old && !is_older_than_6_1(m))
    return most;
  const uint64_t cpus = decide_cpus(sample).reading.value;
  uint64_t bytes = least(pairs * 6 * batch, most);
  if (m->mem_total.value / 4096 < batch) /* else that is no bound */
    bytes = least(bytes, cpus * (m->mem_total.value / 4096 * 3 / 2) * 6);
  const uint64_t low = old ? 0 : least(watermarks_bound(m), most);
  return least(bytes + 4 * low, most);
}

/* MemFree includes memory that is not accepted yet, which is on no free list
 * (mm/page_alloc.c: accept_page). */
static uint64_t buddy_free(const struct sample *sample)
{
  return sample->buddy_free.value + sample->meminfo.unaccepted.value;
}

bool is_free_exact(const struct sample *sample)
{
  const struct reading drift = sample->zoneinfo.zone_drift;
  const struct reading skew = skew_of(&sample->zoneinfo, &sample->zoneinfo_after);
  const struct reading mem_free = sample->meminfo.mem_free;
  return is_known(sample->buddy_free) && is_known(mem_free) && is_known(drift) &&
         is_known(skew) && sample->meminfo.unaccepted.state <= READING_KNOWN &&
         abs_diff(buddy_free(sample), mem_free.value) <= drift.value + skew.value;
}

static struct decision pcp_free_with_deltas(const struct sample *sample, uint64_t lists)
{
  const uint64_t all = lists + buddy_free(sample),
                 counted = sample->meminfo.mem_free.value;
  return (struct decision){.reading = reading_known(sub_sat(all, counted)),
                           .error = sub_sat(counted, all),
                           .why = WHY(pcp_free_buddy)};
}

struct decision decide_pcp_free(const struct sample *sample)
{
  struct reading before = decision_bounded(sample, sample->zoneinfo.pcp);
  struct reading after = decision_bounded(sample, sample->zoneinfo_after.pcp);
  if (is_known(before) && is_known(after)) {
    uint64_t pages = (before.value + after.value) / sample->page_size;
    uint64_t mean = pages / 2 * sample->page_size;
    return is_free_exact(sample)
               ? pcp_free_with_deltas(sample, mean)
               : decision_certain(reading_known(mean), WHY(pcp_free_mean));
  }
  if (is_known(before))
    return decision_certain(before, WHY(pcp_free_before));
  const uint64_t error = lists_bound(sample);
  return (struct decision){.reading = reading_missing(before.state),
                           .error = error,
                           .why = error < sample->meminfo.mem_total.value / 8
                                      ? WHY(pcp_free_bounded)
                                      : WHY(pcp_free_unavailable)};
}

/* --- per-CPU deltas of counters ----------------------------------------------------- */

/* mm/vmstat.c: calculate_normal_threshold, for a zone of all memory. */
static uint64_t threshold_bound(const struct sample *sample)
{
  static const uint64_t most = 125;
  uint64_t cpus = decide_cpus(sample).reading.value;
  uint64_t units = sample->meminfo.mem_total.value >> 27;
  unsigned cpus_bits = 0, units_bits = 0;
  for (; cpus > 0; cpus >>= 1)
    cpus_bits++;
  for (; units > 0; units >>= 1)
    units_bits++;
  return least(most, (uint64_t)2 * cpus_bits * (1 + units_bits));
}

static struct drift drift_of(const struct sample *sample, struct reading drift,
                             struct reading deltas)
{
  if (is_known(drift))
    return (struct drift){drift.value, deltas.value};
  const uint64_t pairs = pairs_bound(sample);
  return (struct drift){threshold_bound(sample) * pairs * sample->page_size, pairs};
}

struct drift node_drift(const struct sample *sample)
{
  const struct zoneinfo *z = &sample->zoneinfo;
  return drift_of(sample, z->node_drift, z->node_deltas_count);
}

struct drift zone_drift(const struct sample *sample)
{
  const struct zoneinfo *z = &sample->zoneinfo;
  return drift_of(sample, z->zone_drift, z->zone_deltas_count);
}
