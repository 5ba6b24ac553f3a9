/* SPDX-License-Identifier: MIT */
#include "decide_consumers.h"
#include "meminfo_explain/collect/completeness.h"

/* The state of a number that depends on both, of which at least one is not known. */
static struct reading neither(struct reading a, struct reading b)
{
  return reading_missing(reading_state_join(a.state, b.state));
}

/* a - b; malformed where that is below zero. */
static struct reading difference(struct reading a, struct reading b)
{
  if (!is_known(a) || !is_known(b))
    return neither(a, b);
  return a.value < b.value ? reading_missing(READING_MALFORMED)
                           : reading_known(a.value - b.value);
}

static struct reading first_known(struct reading a, struct reading b)
{
  return is_known(a) ? a : b;
}

/* --- compressed memory -------------------------------------------------------------- */

static struct decision decide_zswap(const struct sample *sample)
{
  const struct reading line = sample->meminfo.zswap;
  if (line.state != READING_ABSENT)
    return decision_certain(line, WHY(zswap_line));
  return decision_certain(decision_bounded(sample, sample->consumers.zswap_pool),
                          is_known(sample->consumers.zswap_pool) ? WHY(zswap_debugfs)
                                                                 : NULL);
}

/* nr_zspages counts the pools of zram and zswap (mm/zsmalloc.c). Where one of the two
 * does not report its pool, the rest of nr_zspages belongs to it; where both do, the rest
 * is only drift. A zswap that uses another allocator (zbud, z3fold) is not in nr_zspages,
 * which makes the rest too small and never too large. */
static struct decision decide_zsmalloc(const struct sample *sample, struct reading zswap)
{
  const struct reading zspages = sample->vmstat.nr_zspages;
  const struct reading zram = sample->consumers.zram;
  if (is_known(zram) && is_known(zswap))
    return decision_absent();
  if (!is_known(zspages))
    return decision_certain(zspages, NULL);
  uint64_t reported = zram.value + zswap.value;
  uint64_t rest = sub_sat(zspages.value, reported);
  if (rest <= sample->zoneinfo.zone_drift.value)
    return decision_absent();
  return decision_certain(decision_bounded(sample, reading_known(rest)),
                          WHY(zsmalloc_rest));
}

/* --- balloons ----------------------------------------------------------------------- */

/* Bytes in the balloon: by the events in vmstat (virtio, VMware), else by meminfo, which
 * includes all drivers but only pages of the base size. */
static struct reading balloon_pages(const struct sample *sample)
{
  struct reading pages = difference(sample->vmstat.balloon_inflate_count,
                                    sample->vmstat.balloon_deflate_count);
  uint64_t bytes;
  if (!is_known(pages))
    return pages.state == READING_ABSENT ? sample->meminfo.balloon : pages;
  if (scale(pages.value, sample->page_size, &bytes) != 0)
    return reading_missing(READING_MALFORMED);
  return reading_known(bytes);
}

/* The balloon driver, which is recognised by its own files. */
enum driver { DRIVER_NONE, DRIVER_VIRTIO, DRIVER_VMWARE, DRIVER_OTHER };

static enum driver driver_of(const struct consumers *c)
{
  if (c->virtio_deflate_on_oom_count.state != READING_ABSENT)
    return DRIVER_VIRTIO;
  if (is_known(c->vmware_current) || c->vmware_current.state == READING_MALFORMED ||
      is_known(c->vmware_loaded_count))
    return DRIVER_VMWARE;
  if (is_known(c->hyperv_balloon) || is_known(c->xen_low))
    return DRIVER_OTHER;
  return DRIVER_NONE;
}

static void decide_virtio(const struct sample *sample, struct reading pages,
                          struct decided *out)
{
  const struct reading on_oom = sample->consumers.virtio_deflate_on_oom_count;
  if (!is_known(on_oom))
    out->virtio_balloon =
        decision_certain(reading_missing(on_oom.state), WHY(virtio_unreadable));
  else if (on_oom.value > 0)
    out->virtio_balloon =
        decision_certain(decision_bounded(sample, pages), WHY(virtio_inside));
  else
    out->virtio_balloon_out = decision_certain(pages, WHY(virtio_outside));
}

/* Before 5.4 this driver counted no events, although vmstat may have the lines, at 0
 * (drivers/misc/vmw_balloon.c: vmballoon_enqueue_page_list). A kernel with a Balloon line
 * is newer. */
static struct decision decide_vmware(const struct sample *sample, struct reading pages)
{
  const struct reading current = sample->consumers.vmware_current;
  const bool counted = pages.value > 0 || is_known(sample->meminfo.balloon);
  if (is_known(current))
    return decision_certain(decision_bounded(sample, current), WHY(vmware_debugfs));
  if (is_known(pages) && counted)
    return decision_certain(decision_bounded(sample, pages), WHY(vmware_events));
  return decision_certain(neither(current, pages), WHY(vmware_unavailable));
}

static void decide_balloons(const struct sample *sample, struct decided *out)
{
  const struct consumers *c = &sample->consumers;
  const struct reading pages = balloon_pages(sample);
  out->virtio_balloon = out->virtio_balloon_out = out->vmware_balloon = out->balloon =
      decision_absent();
  switch (driver_of(c)) {
  case DRIVER_VIRTIO:
    decide_virtio(sample, pages, out);
    break;
  case DRIVER_VMWARE:
    out->vmware_balloon = decide_vmware(sample, pages);
    break;
  case DRIVER_OTHER:
    break; /* these have terms of their own */
  case DRIVER_NONE:
    if (pages.state > READING_KNOWN) /* its lines are missing */
      out->balloon = decision_certain(pages, NULL);
    else if (is_known(pages) && pages.value > 0)
      out->balloon = decision_certain(pages, WHY(balloon_unknown));
    else if (c->vmware_current.state == READING_DENIED)
      out->vmware_balloon = decision_certain(reading_missing(READING_DENIED), NULL);
    break;
  }
}

/* --- drivers ------------------------------------------------------------------------ */

static struct decision decide_gpu(const struct sample *sample)
{
  const struct reading reclaim = sample->meminfo.gpu_reclaim;
  struct reading used = sample->meminfo.gpu_active;
  if (used.state == READING_ABSENT && reclaim.state == READING_ABSENT)
    return decision_certain(decision_bounded(sample, sample->consumers.ttm_pool),
                            is_known(sample->consumers.ttm_pool) ? WHY(gpu_pools) : NULL);
  if (is_known(used) && is_known(reclaim))
    reading_add(&used, reclaim.value);
  else /* one without the other: the file was cut off */
    used = reading_missing(READING_MALFORMED);
  return decision_certain(decision_bounded(sample, used), WHY(gpu_lines));
}

static struct decision decide_cma(const struct sample *sample)
{
  const struct consumers *c = &sample->consumers;
  const struct reading by_pages = difference(c->cma_total, c->cma_available);
  const struct reading by_events = difference(c->cma_allocated, c->cma_released);
  if (is_known(c->cma_total) && is_known(c->cma_available))
    return decision_certain(decision_bounded(sample, by_pages), WHY(cma_pages));
  if (is_known(by_events))
    return decision_certain(decision_bounded(sample, by_events), WHY(cma_events));
  return decision_certain(neither(by_pages, by_events), NULL);
}

/* Without CONFIG_SWIOTLB_DYNAMIC (6.6) the pool never grows. With it, the boot log has
 * the size at boot, and what was added since came from the buddy allocator. */
static void decide_swiotlb(const struct sample *sample, struct decided *out)
{
  const struct reading pool = sample->consumers.swiotlb_pool;
  const struct reading boot = sample->swiotlb_boot;
  const bool dynamic = sample->consumers.swiotlb_transient.state != READING_ABSENT;
  out->swiotlb_dynamic = decision_absent();
  if (is_known(pool) && is_known(boot) && pool.value >= boot.value) {
    out->swiotlb = decision_certain(boot, WHY(swiotlb_boot_log));
    out->swiotlb_dynamic = decision_certain(
        decision_bounded(sample, difference(pool, boot)), WHY(swiotlb_added));
  } else if (is_known(pool) && dynamic) {
    out->swiotlb = decision_certain(reading_missing(READING_ABSENT), WHY(swiotlb_grown));
    out->swiotlb_dynamic.error = pool.value;
  } else {
    out->swiotlb = decision_certain(first_known(pool, boot), NULL);
  }
}

/* --- ftrace, DMA, block devices ----------------------------------------------------- */

/* Of a ring buffer, buffer_total_size_kb counts the pages that are written to, but not
 * the one that readers swap in (kernel/trace/ring_buffer.c: rb_allocate_cpu_buffer). A
 * ring buffer has two pages or more: so has the one for events that a filter may drop,
 * which is always there (kernel/trace/trace.c: temp_buffer), and so has the spare one of
 * each instance for snapshots, until it is used (max_buffer). */
static struct decision decide_ftrace(const struct sample *sample, struct reading cpus)
{
  enum { READER = 1, SMALLEST = READER + 2 };
  const struct consumers *c = &sample->consumers;
  const uint64_t instances = 1 + c->ftrace_instances_count.value;
  const uint64_t snapshots = c->ftrace_snapshot_count.value > 0 ? instances : 0;
  struct reading bytes = c->ftrace_rings, spare = reading_known(sample->page_size);
  if (!is_known(bytes))
    return decision_certain(bytes, NULL);
  spare.value *= instances * READER + SMALLEST + snapshots * SMALLEST;
  spare = decision_product(sample, cpus, spare);
  struct decision decision = decision_certain(bytes, WHY(ftrace_spare));
  if (sample->zoneinfo.cpus_count.value > 0)
    reading_add(&decision.reading, spare.value);
  else /* `cpus` is a bound */
    decision.lack = is_known(spare) ? spare.value : sample->meminfo.mem_total.value;
  decision.reading = decision_bounded(sample, decision.reading);
  return decision;
}

/* The number that a file has now, or else that the boot log has. */
static struct decision now_or_at_boot(const struct sample *sample, struct reading now,
                                      const char *why_now, struct reading boot,
                                      const char *why_boot)
{
  if (is_known(now))
    return decision_certain(decision_bounded(sample, now), why_now);
  if (is_known(boot))
    return decision_certain(decision_bounded(sample, boot), why_boot);
  return decision_certain(neither(now, boot), NULL);
}

/* Before these pools take pages of the buddy allocator they take some of the default CMA
 * region (kernel/dma/pool.c: atomic_pool_expand). */
static struct decision decide_dma_pools(const struct sample *sample, struct reading cma)
{
  if (is_known(cma) && cma.value > 0)
    return decision_certain(reading_missing(READING_ABSENT), WHY(dma_pools_cma));
  return now_or_at_boot(sample, sample->consumers.dma_pools_now, WHY(dma_pools_file),
                        sample->dma_pools_boot, WHY(dma_pools_boot_log));
}

static struct decision decide_block_queues(const struct sample *sample)
{
  const struct consumers *c = &sample->consumers;
  struct decision decision =
      decision_certain(decision_bounded(sample, c->block_queues), NULL);
  if (is_known(decision.reading)) {
    decision.why = WHY(block_queues_tags);
    decision.excess = c->bounds[CONSUMER_ROW(block_queues)].excess;
    decision.lack = c->bounds[CONSUMER_ROW(block_queues)].lack;
  }
  return decision;
}

/* --- boot --------------------------------------------------------------------------- */

/* memblock_free_late() adds its pages to MemTotal, but memblock_free_pages() drops those
 * whose struct pages are initialised later (CONFIG_DEFERRED_STRUCT_PAGE_INIT;
 * mm/memblock.c, mm/mm_init.c). Callers are s390 (smp_reinit_ipl_cpu) and EFI
 * (efi_free_boot_services). */
static struct decision decide_boot_leak(const struct sample *sample)
{
  const struct reading total = sample->meminfo.mem_total;
  const struct reading managed = sample->zoneinfo.managed;
  if (!is_known(total) || !is_known(managed) || total.value <= managed.value ||
      is_known(completeness_unlisted(sample)))
    return decision_absent();
  return decision_certain(reading_known(total.value - managed.value),
                          WHY(boot_leak_zones));
}

/* --- bounds ------------------------------------------------------------------------- */

static struct decision decide_huge_zero_page(const struct sample *sample)
{
  const struct reading events = sample->vmstat.thp_zero_page_alloc_count;
  const struct reading size = sample->consumers.hpage_pmd_size;
  if (!is_known(events) || !is_known(size))
    return decision_absent();
  /* There is only one at a time (mm/huge_memory.c: get_huge_zero_page). */
  return decision_certain(reading_known(events.value > 0 ? size.value : 0),
                          events.value > 0 ? WHY(huge_zero_page_allocated) : NULL);
}

/* The sum of those that are known; not known where one is denied or malformed. */
static struct reading sum_present(const struct reading parts[], size_t count)
{
  struct reading sum = {0};
  for (size_t i = 0; i < count; i++)
    if (is_known(parts[i]))
      reading_add(&sum, parts[i].value);
    else if (parts[i].state != READING_ABSENT)
      return reading_missing(parts[i].state);
  return sum;
}

/* Each thread has pages for the largest payload, one for the head of the message and
 * three in reserve (net/sunrpc/svc.c: svc_init_buffer; sunrpc/svc.h: svc_serv_maxpages).
 */
static struct reading nfsd_bound(const struct sample *sample)
{
  struct reading per_thread = sample->consumers.nfsd_max_block;
  if (is_known(per_thread))
    reading_add(&per_thread, 4 * sample->page_size);
  return decision_product(sample, sample->consumers.nfsd_threads_count, per_thread);
}

void decide_consumers(const struct sample *sample, struct decided *out)
{
  const struct consumers *c = &sample->consumers;
  const struct reading sockets[] = {c->tcp_mem, c->udp_mem, c->frag_mem};
  out->zswap = decide_zswap(sample);
  out->zsmalloc = decide_zsmalloc(sample, out->zswap.reading);
  decide_balloons(sample, out);
  out->gpu = decide_gpu(sample);
  out->cma = decide_cma(sample);
  decide_swiotlb(sample, out);
  out->ftrace = decide_ftrace(sample, out->cpus_count.reading);
  out->ftrace_records =
      now_or_at_boot(sample, c->ftrace_records_now, WHY(ftrace_records_file),
                     sample->ftrace_records_boot, WHY(ftrace_records_boot_log));
  out->dma_pools = decide_dma_pools(sample, out->cma.reading);
  out->block_queues = decide_block_queues(sample);
  out->boot_leak = decide_boot_leak(sample);
  out->huge_zero_page = decide_huge_zero_page(sample);
  out->nfsd = decision_certain(nfsd_bound(sample), NULL);
  out->sockets =
      decision_certain(sum_present(sockets, sizeof(sockets) / sizeof(*sockets)), NULL);
}
