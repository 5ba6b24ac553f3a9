/* SPDX-License-Identifier: MIT */
#include "decide.h"
#include "decide_consumers.h"
#include "drift.h"
#include "meminfo_explain/collect/completeness.h"
#include "meminfo_explain/collect/skew.h"
#include "per_cpu.h"

#include <string.h>

/* Decides for a line of meminfo. If it is malformed, an unknown amount is missing from
 * every accounting. */
static struct decision take_line(struct reading reading, const char *why)
{
  return (struct decision){
      .reading = reading, .withholds = reading.state == READING_MALFORMED, .why = why};
}

static struct decision decide_isolated(const struct sample *sample)
{
  const struct vmstat *vmstat = &sample->vmstat;
  if (is_known(vmstat->nr_isolated_anon) && is_known(vmstat->nr_isolated_file)) {
    struct reading sum = vmstat->nr_isolated_anon;
    reading_add(&sum, vmstat->nr_isolated_file.value);
    return decision_certain(sum, WHY(isolated_vmstat));
  }
  if (is_known(sample->zoneinfo.isolated))
    return decision_certain(sample->zoneinfo.isolated, WHY(isolated_zoneinfo));
  /* Reclaim stops isolating at 1/8 of the inactive list (mm/vmscan.c:
   * too_many_isolated). */
  return (struct decision){
      .reading = reading_missing(reading_state_join(vmstat->nr_isolated_anon.state,
                                                    vmstat->nr_isolated_file.state)),
      .error = sample->meminfo.inactive.value / 8,
      .why = WHY(isolated_unavailable)};
}

/* Percpu counts units without pages (mm/percpu.c: pcpu_nr_pages): each allocation has a
 * fixed number of slots for units, of which up to a quarter belongs to no CPU
 * (pcpu_build_alloc_info). With a power of two of CPUs there are none, unless they are
 * divided unevenly among nodes (5 and 3), which is not checked. */
static uint64_t spare_units_error(uint64_t cpus, uint64_t percpu)
{
  return (cpus & (cpus - 1)) == 0 ? 0 : percpu / 4;
}

/* The first chunk, which is outside MemTotal (mm/percpu.c: pcpu_setup_first_chunk), has a
 * unit for each possible CPU. "Embedded N pages/cpu" in the boot log was 50 to 65 pages
 * of 4 KiB on all machines seen. */
static const uint64_t boot_unit = 56 * 4096, boot_unit_error = 100 * 1000;

/* Percpu without the online CPUs' part of the first chunk; all of it, where they are not
 * known either. The other possible CPUs' part is all of the rest at most. */
static struct decision percpu_of_unknown_cpus(const struct sample *sample,
                                              uint64_t percpu)
{
  const uint64_t most = CPUS_MAX * (boot_unit + boot_unit_error);
  const struct reading online = sample->zoneinfo.cpus_count;
  const uint64_t cpus = online.value;
  const uint64_t counted = sub_sat(percpu, cpus * boot_unit);
  return (struct decision){
      .reading = reading_known(counted),
      .error = cpus * boot_unit_error < percpu ? cpus * boot_unit_error : percpu,
      .excess = counted < most ? counted : most,
      .why = cpus > 0 ? WHY(percpu_online) : WHY(percpu_cpus_unknown)};
}

/* Whether the file may end before the Percpu line of its kernel. VmallocChunk above 0 is
 * of a kernel before 4.4, without that line. */
static bool may_lack_percpu(const struct meminfo *meminfo)
{
  return meminfo->percpu.state == READING_ABSENT && meminfo->gaps.open &&
         (meminfo->gaps.last < MEMINFO_FIELD_percpu || meminfo->gaps.count > 0) &&
         meminfo->vmalloc_chunk.value == 0;
}

/* By the boot log: without the first chunk, and without spare units, if their number is
 * known. */
static struct decision percpu_of_boot_log(const struct sample *sample, uint64_t percpu,
                                          uint64_t spare)
{
  const uint64_t first = sample->percpu_first_chunk.value;
  const uint64_t cpus = sample->cpus_possible_count.value;
  const struct reading units = sample->percpu_units_count;
  if (!is_known(units) || units.value == 0 || units.value < cpus)
    return (struct decision){.reading = reading_known(sub_sat(percpu, first)),
                             .error = spare,
                             .why = WHY(percpu_boot_log)};
  percpu = mul_div(percpu, cpus, units.value);
  return (struct decision){.reading = reading_known(sub_sat(percpu, first)),
                           .why = WHY(percpu_units)};
}

static struct decision decide_percpu(const struct sample *sample)
{
  struct reading percpu = decision_bounded(sample, sample->meminfo.percpu);
  if (may_lack_percpu(&sample->meminfo))
    return decision_unbounded(WHY(percpu_cut));
  if (!is_known(percpu))
    return take_line(percpu, percpu.state == READING_ABSENT ? WHY(percpu_no_line) : NULL);
  if (!is_known(sample->cpus_possible_count))
    return percpu_of_unknown_cpus(sample, percpu.value);
  uint64_t cpus = sample->cpus_possible_count.value;
  uint64_t spare = spare_units_error(cpus, percpu.value);
  if (is_known(sample->percpu_first_chunk))
    return percpu_of_boot_log(sample, percpu.value, spare);
  uint64_t boot = cpus * boot_unit, error = cpus * boot_unit_error + spare;
  return (struct decision){.reading = reading_known(sub_sat(percpu.value, boot)),
                           .error = error < percpu.value ? error : percpu.value,
                           .why = WHY(percpu_assumed)};
}

/* zoneinfo has `managed` since 3.10. Before that, gigantic pages allocated at boot were
 * not part of MemTotal (mm/hugetlb.c: gather_bootmem_prealloc), and CommitLimit included
 * only huge pages of the default size (hugetlb_total_pages). */
static bool is_older_than_3_10(const struct sample *sample)
{
  return is_known(sample->zoneinfo.free) &&
         sample->zoneinfo.managed.state == READING_ABSENT;
}

/* Without zoneinfo it may be, unless there is MemAvailable (3.14). */
static bool may_be_older_than_3_10(const struct sample *sample)
{
  return is_older_than_3_10(sample) ||
         (!is_known(sample->zoneinfo.free) &&
          sample->meminfo.mem_available.state == READING_ABSENT);
}

/* A kernel without CONFIG_HUGETLB_PAGE has these events neither (mm/vmstat.c:
 * vmstat_text; unevictable_pgs_culled follows them). */
static bool has_no_hugetlb(const struct vmstat *vmstat)
{
  return vmstat->htlb_buddy_alloc_success_count.state == READING_ABSENT &&
         is_known(vmstat->unevictable_pgs_culled_count);
}

/* Where a captured meminfo may lack the lines of huge pages: how many there are beyond
 * `counted` is not known. */
static struct decision hugetlb_beyond(const struct sample *sample, struct reading counted)
{
  const struct meminfo *m = &sample->meminfo;
  if (counted.value == 0)
    return decision_unbounded(WHY(hugetlb_cut));
  return (struct decision){
      .reading = counted,
      .error = sub_sat(m->mem_total.value, m->mem_free.value + counted.value),
      .why = WHY(hugetlb_cut)};
}

static struct decision decide_hugetlb(const struct sample *sample,
                                      struct reading huge_default)
{
  const struct meminfo *m = &sample->meminfo;
  const bool lacks_line = m->gaps.lacks[MEMINFO_FIELD_hugetlb];
  if (m->hugetlb.state != READING_ABSENT && !lacks_line)
    return take_line(m->hugetlb, WHY(hugetlb_line));
  const struct hugepages *huge = &sample->hugepages;
  if (is_known(huge->total) && is_known(huge->gigantic) &&
      may_be_older_than_3_10(sample)) {
    struct decision inside = take_line(
        decision_bounded(sample, reading_known(huge->total.value - huge->gigantic.value)),
        WHY(hugetlb_no_gigantic));
    inside.error = huge->gigantic.value;
    return inside;
  }
  if (is_known(huge->sizes_count) && huge->total.state != READING_DENIED)
    return take_line(decision_bounded(sample, huge->total), WHY(hugetlb_sysfs));
  const bool may_lack_all =
      m->gaps.open && !is_known(huge_default) && !has_no_hugetlb(&sample->vmstat);
  if (lacks_line || may_lack_all)
    return hugetlb_beyond(sample, huge_default);
  return take_line(huge_default, WHY(hugetlb_default_size));
}

/* `of_all` where sysfs has it. Else the number of huge pages of the default size,
 * `count`, unless there are other sizes: then the free pages of these are not known. */
static struct decision decide_huge_part(const struct sample *sample,
                                        const struct decided *decided,
                                        struct reading of_all, struct reading count)
{
  const struct reading total = is_known(sample->meminfo.hugetlb)
                                   ? sample->meminfo.hugetlb
                                   : sample->hugepages.total;
  if (is_known(of_all))
    return decision_certain(of_all, NULL);
  if (is_known(total) && total.value != decided->huge_default.reading.value)
    return decision_certain(reading_missing(of_all.state), NULL);
  return decision_certain(decision_product(sample, count, sample->meminfo.huge_page_size),
                          WHY(huge_default_size));
}

/* VmallocUsed was address space up to 4.3, always 0 up to 5.2, and has been pages since.
 */
enum epoch { EPOCH_NONE, EPOCH_VIRTUAL, EPOCH_UNCLEAR, EPOCH_ZERO, EPOCH_PHYSICAL };

static enum epoch vmalloc_epoch(const struct sample *sample)
{
  const struct meminfo *m = &sample->meminfo;
  const struct vmallocinfo *info = &sample->vmallocinfo;
  if (!is_known(m->vmalloc_used))
    return EPOCH_NONE;
  uint64_t used = m->vmalloc_used.value;
  if (used == 0)
    return EPOCH_ZERO;
  if (used > m->mem_total.value && is_known(m->vmalloc_chunk) &&
      m->vmalloc_chunk.value == 0)
    return EPOCH_NONE; /* a 32-bit counter wrapped below zero */
  /* VmallocChunk is always 0 since 4.4. */
  if ((is_known(m->vmalloc_chunk) && m->vmalloc_chunk.value > 0) ||
      used > m->mem_total.value)
    return EPOCH_VIRTUAL;
  if (is_known(info->pages) &&
      abs_diff(used, info->size.value) < abs_diff(used, info->pages.value))
    return EPOCH_VIRTUAL;
  /* A copy lacks VmallocChunk, and does not show a kernel since 4.20 either. */
  if (m->vmalloc_chunk.state == READING_MALFORMED && !is_known(m->k_reclaimable) &&
      !is_known(info->pages))
    return EPOCH_UNCLEAR;
  return EPOCH_PHYSICAL;
}

/* Whether VmallocUsed is below the sum of pages because of a bug:
 * before 6.1.192, 6.12.117 and 6.13, vfree() of a VM_MAP_PUT_PAGES area subtracted pages
 * that were never added. The two are not read at the same time, so a difference of a few
 * stacks means nothing. */
static bool counter_is_short(uint64_t used, uint64_t pages)
{
  return pages > used && pages - used > (1 << 20) + pages / 64;
}

/* VmallocUsed at the time when vmallocinfo was read. */
static struct reading used_then(const struct sample *sample)
{
  return is_known(sample->vmalloc_used_then) ? sample->vmalloc_used_then
                                             : sample->meminfo.vmalloc_used;
}

/* value + (now - then), but not below 0. */
static uint64_t moved_by(uint64_t value, uint64_t then, uint64_t now)
{
  return now >= then ? value + (now - then) : sub_sat(value, then - now);
}

static struct decision decide_vmalloc(const struct sample *sample)
{
  struct reading used = sample->meminfo.vmalloc_used;
  struct reading pages = decision_bounded(sample, sample->vmallocinfo.pages);
  enum epoch epoch = vmalloc_epoch(sample);
  if (epoch == EPOCH_PHYSICAL) {
    uint64_t then = used_then(sample).value;
    if (is_known(pages) && counter_is_short(then, pages.value))
      return decision_certain(reading_known(moved_by(pages.value, then, used.value)),
                              WHY(vmalloc_short));
    return decision_certain(used, WHY(vmalloc_pages));
  }
  if (is_known(pages))
    return decision_certain(pages, epoch == EPOCH_ZERO      ? WHY(vmalloc_zero)
                                   : epoch == EPOCH_VIRTUAL ? WHY(vmalloc_address_space)
                                                            : WHY(vmalloc_unusable));
  if (is_known(sample->meminfo.mmap_copy))
    return decision_certain(reading_missing(READING_ABSENT), WHY(vmalloc_no_mmu));
  const bool has_bound = epoch == EPOCH_VIRTUAL || epoch == EPOCH_UNCLEAR;
  return (struct decision){.reading = reading_missing(pages.state),
                           .error = has_bound ? used.value : 0,
                           .unbounded = !has_bound,
                           .why = epoch == EPOCH_VIRTUAL   ? WHY(vmalloc_unavailable)
                                  : epoch == EPOCH_UNCLEAR ? WHY(vmalloc_unclear)
                                                           : WHY(vmalloc_unknown)};
}

static struct decision decide_kernel_stack(const struct sample *sample,
                                           const struct decision *vmalloc)
{
  struct reading stack = sample->meminfo.kernel_stack;
  const struct vmallocinfo *info = &sample->vmallocinfo;
  struct decision decision = decision_absent();
  if (!is_known(stack))
    return take_line(stack, NULL);
  if (is_known(sample->thread_stack_count)) {
    decision.why = WHY(stack_slab_cache);
  } else if (stack.value % sample->page_size != 0) {
    decision.why = WHY(stack_small);
  } else if (!is_known(vmalloc->reading)) {
    return decision_certain(stack, WHY(stack_vmalloc_unknown));
  } else if (is_known(info->pages) && info->stack_pages.value > 0) {
    decision.why = WHY(stack_listed);
  } else if (is_known(info->pages)) {
    decision = decision_certain(stack, WHY(stack_not_listed));
    /* Stacks may be slab objects that happen to fill whole pages. */
    decision.error = sample->thread_stack_count.state > READING_KNOWN ? stack.value : 0;
  } else if (vmalloc->reading.value < stack.value) {
    decision = decision_certain(stack, WHY(stack_above_vmalloc));
    decision.error = vmalloc->reading.value; /* or VmallocUsed is too low */
  } else {
    decision.error = stack.value;
    decision.why = WHY(stack_assumed);
  }
  return decision;
}

/* Where the kernel prints both parts, they are the terms; where it prints neither, the
 * whole is. One without the other means that the file was cut off. */
static struct decision whole_if_unsplit(struct reading whole, struct reading part,
                                        struct reading other)
{
  if (part.state == READING_ABSENT && other.state == READING_ABSENT)
    return take_line(whole, NULL);
  if (part.state == READING_ABSENT || other.state == READING_ABSENT)
    return take_line(reading_missing(READING_MALFORMED), WHY(part_missing));
  return decision_absent();
}

/* Why the sum of Pss may be too far off for an accounting. */
struct pss_doubt {
  uint64_t bytes;
  bool by_privilege; /* more privileges would help */
  const char *why;
};

/* A sum is malformed where it is out of range, which is not small. */
static uint64_t at_least(struct reading sum)
{
  return sum.state == READING_MALFORMED ? UINT64_MAX : sum.value;
}

/* The first reason of all; its why is NULL where there is none. */
static struct pss_doubt pss_doubt(const struct sample *sample)
{
  const struct processes *p = &sample->processes;
  const struct meminfo *m = &sample->meminfo;
  const uint64_t limit = m->mem_total.value / 100;
  const uint64_t covered = p->pss.value + p->error.value;
  uint64_t mapped = 0;
  if (is_known(m->anon_pages) && is_known(m->mapped))
    mapped = m->anon_pages.value + m->mapped.value;
  const uint64_t unlisted = is_known(p->unlisted) ? p->unlisted.value : UINT64_MAX;
  const uint64_t missing = sub_sat(mapped, covered);
  const struct pss_doubt doubts[] = {
      {p->new_count.value > 0 ? UINT64_MAX : 0, false, WHY(pss_unfinished)},
      {at_least(p->unread_rss), true, WHY(pss_unread)},
      {p->moved.value, false, WHY(pss_moved)},
      {p->guess_error.value, false, WHY(pss_estimates)},
      {at_least(p->stale), false, WHY(pss_stale)},
      {unlisted > missing ? unlisted : missing, true, WHY(pss_unlisted)},
  };
  for (size_t i = 0; i < sizeof(doubts) / sizeof(*doubts); i++)
    if (doubts[i].bytes > limit)
      return doubts[i];
  return (struct pss_doubt){0};
}

static void decide_pss(const struct sample *sample, struct decided *out)
{
  const struct processes *p = &sample->processes;
  struct decision withheld = {.reading = reading_missing(READING_ABSENT)};
  if (is_known(p->pss)) {
    struct pss_doubt doubt = pss_doubt(sample);
    withheld.why = doubt.why;
    withheld.transient = !doubt.by_privilege;
    if (doubt.by_privilege && p->denied_count.value > 0)
      withheld.reading.state = READING_DENIED;
  } else {
    withheld.reading.state = p->denied_count.value > 0 ? READING_DENIED : p->pss.state;
    withheld.why = WHY(pss_none_read);
  }
  out->pss = out->pss_anon = out->pss_file = out->pss_shmem = withheld;
  if (!is_known(p->pss) || withheld.why != NULL)
    return;
  uint64_t error = p->error.value;
  if (!is_known(p->pss_anon)) {
    out->pss = decision_certain(p->pss, WHY(pss_whole));
    out->pss.error = error;
    return;
  }
  out->pss.why = NULL;
  out->pss_anon = decision_certain(p->pss_anon, WHY(pss_parts));
  out->pss_anon.error = error;
  out->pss_file = decision_certain(p->pss_file, NULL);
  out->pss_shmem = decision_certain(p->pss_shmem, NULL);
}

/* The huge pages that CommitLimit leaves out. */
static struct reading committed_huge_pages(const struct sample *sample,
                                           const struct decided *decided)
{
  const struct reading all = decided->hugetlb.reading,
                       of_default = decided->huge_default.reading;
  if (decided->hugetlb.unbounded)
    return reading_missing(READING_MALFORMED);
  if (is_older_than_3_10(sample)) /* which has the line, if it has huge pages */
    return is_known(all) && !is_known(of_default) ? reading_missing(READING_MALFORMED)
                                                  : of_default;
  bool differ = is_known(all) && is_known(of_default) && all.value != of_default.value;
  return differ && may_be_older_than_3_10(sample) ? reading_missing(READING_MALFORMED)
                                                  : all;
}

/* As mm/util.c: vm_commit_limit computes it. */
static struct reading commit_limit(const struct sample *sample, struct reading hugetlb)
{
  const struct meminfo *m = &sample->meminfo;
  if (!is_known(m->swap_total) || !is_known(sample->overcommit_ratio_count))
    return reading_missing(
        reading_state_join(m->swap_total.state, sample->overcommit_ratio_count.state));
  /* Absent before 3.14, like MemAvailable. Since then the ratio applies where this is 0.
   */
  const struct reading kbytes = sample->overcommit_kbytes;
  if (!is_known(kbytes) && (kbytes.state != READING_ABSENT || is_known(m->mem_available)))
    return reading_missing(kbytes.state);
  if (hugetlb.state > READING_KNOWN) /* absent: there are no huge pages */
    return reading_missing(hugetlb.state);
  uint64_t allowed;
  if (is_known(kbytes) && kbytes.value > 0) {
    allowed = kbytes.value / sample->page_size;
  } else {
    uint64_t huge = is_known(hugetlb) ? hugetlb.value : 0;
    uint64_t pages = (m->mem_total.value - huge) / sample->page_size;
    if (scale(pages, sample->overcommit_ratio_count.value, &allowed) != 0)
      return reading_missing(READING_MALFORMED);
    allowed /= 100;
  }
  struct reading limit = m->swap_total;
  if (scale(allowed, sample->page_size, &allowed) != 0)
    return reading_missing(READING_MALFORMED);
  reading_add(&limit, allowed);
  return limit;
}

static void decide_direct_map(const struct sample *sample, struct decided *out)
{
  const struct meminfo *m = &sample->meminfo;
  const struct reading lines[] = {m->direct_map_4k, m->direct_map_64k, m->direct_map_1m,
                                  m->direct_map_2m, m->direct_map_4m,  m->direct_map_16m,
                                  m->direct_map_1g, m->direct_map_2g,  m->direct_map_16g};
  struct reading all = {0}, large = {0};
  if (m->gaps.short_direct_map)
    all = large = reading_missing(READING_MALFORMED);
  for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
    if (lines[i].state == READING_MALFORMED)
      all = large = lines[i];
    if (!is_known(lines[i]))
      continue;
    reading_add(&all, lines[i].value);
    bool base = i == 0 || (i == 1 && sample->page_size == 1 << 16);
    reading_add(&large, base ? 0 : lines[i].value);
  }
  out->direct_map = decision_certain(all, NULL);
  out->low_total = decision_certain(
      m->low_total.state != READING_ABSENT ? m->low_total : m->mem_total, NULL);
  out->direct_map_large = decision_certain(large, NULL);
}

/* Not managed, which is too small while struct pages are still being initialised. Before
 * 3.10, without managed, present did not include the struct pages. */
static struct reading memory_outside(const struct sample *sample)
{
  const struct reading present = sample->zoneinfo.present;
  const struct reading total = sample->meminfo.mem_total;
  if (!is_known(present) || !is_known(total) || !is_known(sample->zoneinfo.managed))
    return reading_missing(reading_state_join(
        total.state, reading_state_join(sample->zoneinfo.managed.state, present.state)));
  return present.value < total.value ? reading_missing(READING_MALFORMED)
                                     : reading_known(present.value - total.value);
}

void decide(const struct sample *sample, struct decided *out)
{
  const struct meminfo *m = &sample->meminfo;
  const struct hugepages *huge = &sample->hugepages;
  memset(out, 0, sizeof(*out));
  out->cpus_count = decide_cpus(sample);
  out->active_count = decide_active(sample);
  out->moved = decide_moved(sample);
  out->pcp_free = decide_pcp_free(sample);
  out->tear = decision_certain(skew_of(&sample->zoneinfo, &sample->zoneinfo_after), NULL);
  out->isolated = decide_isolated(sample);
  out->active = whole_if_unsplit(m->active, m->active_anon, m->active_file);
  out->inactive = whole_if_unsplit(m->inactive, m->inactive_anon, m->inactive_file);
  out->slab = whole_if_unsplit(m->slab, m->s_reclaimable, m->s_unreclaim);
  out->vmalloc = decide_vmalloc(sample);
  out->kernel_stack = decide_kernel_stack(sample, &out->vmalloc);
  out->percpu = decide_percpu(sample);
  out->huge_default = decision_certain(
      decision_product(sample, m->huge_pages_total_count, m->huge_page_size), NULL);
  out->hugetlb = decide_hugetlb(sample, out->huge_default.reading);
  out->huge_pool =
      is_known(huge->free) ? decision_certain(huge->total, NULL) : out->huge_default;
  out->huge_free = decide_huge_part(sample, out, huge->free, m->huge_pages_free_count);
  out->huge_reserved =
      decide_huge_part(sample, out, huge->reserved, m->huge_pages_rsvd_count);
  decide_pss(sample, out);
  out->commit_limit =
      decision_certain(commit_limit(sample, committed_huge_pages(sample, out)), NULL);
  decide_direct_map(sample, out);
  if (vmalloc_epoch(sample) == EPOCH_PHYSICAL)
    out->vmalloc_physical = decision_certain(used_then(sample), NULL);
  out->reserved = decision_certain(memory_outside(sample), NULL);
  const struct reading unlisted = completeness_unlisted(sample);
  out->zones_unlisted =
      decision_certain(unlisted, is_known(unlisted) ? WHY(zones_unlisted) : NULL);
  if (is_known(m->cma_total) && m->cma_total.value > 0)
    out->cma_total = decision_certain(m->cma_total, NULL);
  decide_consumers(sample, out);
}
