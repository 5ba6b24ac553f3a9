/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/collect/completeness.h"

static void note(struct source_status *status, const char *cause)
{
  parse_error_note(&status->parse_error, 0, (struct span){"", 0}, cause);
  status->state = READING_MALFORMED;
}

/* --- zoneinfo ----------------------------------------------------------------------- */

struct reading completeness_unlisted(const struct sample *sample)
{
  const struct meminfo *m = &sample->meminfo;
  const struct zoneinfo *z = &sample->zoneinfo;
  struct reading none = reading_missing(READING_ABSENT);
  if (!is_known(m->mem_total) || !is_known(m->mem_free) || !is_known(z->managed) ||
      !is_known(z->free) || m->mem_total.value <= z->managed.value ||
      m->mem_free.value <= z->free.value)
    return none;
  uint64_t total = m->mem_total.value - z->managed.value;
  uint64_t free = m->mem_free.value - z->free.value;
  /* Less than the smallest section of memory (ppc64: SECTION_SIZE_BITS) is a boot_leak.
   */
  if (total < 16 << 20)
    return none;
  return abs_diff(total, free) > m->mem_total.value / 64 ? none : reading_known(total);
}

/* Before 3.10, when there was no `managed`, `present` did not include the struct pages of
 * all that a zone spans, holes included (mm/page_alloc.c: free_area_init_core). */
static const char *zones_gap(const struct sample *sample)
{
  const struct zoneinfo *z = &sample->zoneinfo;
  const uint64_t total = sample->meminfo.mem_total.value, margin = total / 64;
  if (!is_known(sample->meminfo.mem_free)) /* nor may the page size be */
    return NULL;
  if (is_known(z->present) &&
      z->present.value + (is_known(z->managed) ? 0 : margin) < total)
    return "zones are missing: their present pages add up to less than MemTotal";
  /* A balloon may move between the reads. */
  if (is_known(z->managed) && z->managed.value + margin < total &&
      !is_known(completeness_unlisted(sample)))
    return "zones are missing: their managed pages add up to less than MemTotal";
  return NULL;
}

void completeness_of_zoneinfo(struct sample *sample)
{
  enum { READINGS = sizeof(struct zoneinfo) / sizeof(struct reading) };
  struct source_status *status = &sample->sources[SOURCE_zoneinfo];
  if (!is_known(*status) || !is_known(sample->meminfo.mem_total))
    return;
  const char *cause = zones_gap(sample);
  if (cause == NULL)
    return;
  /* Without MemFree and Mapped in a cut meminfo the zones may be whole: struct pages are
   * still being initialised, or the size of a page is not known. */
  const struct meminfo *m = &sample->meminfo;
  if (m->gaps.count == 0 || (is_known(m->mem_free) && is_known(m->mapped)))
    note(status, cause);
  reading_fill(&sample->zoneinfo.pcp, READINGS, READING_MALFORMED);
  reading_fill(&sample->zoneinfo_after.pcp, READINGS, READING_MALFORMED);
}

/* --- vmallocinfo -------------------------------------------------------------------- */

/* The two files are not read at the same time, and memory comes and goes. */
static bool is_short(uint64_t part, uint64_t whole, uint64_t margin)
{
  return sub_sat(whole, part) > (1 << 20) + margin;
}

static const char *areas_gap(const struct sample *sample)
{
  const struct meminfo *m = &sample->meminfo;
  const struct vmallocinfo *info = &sample->vmallocinfo;
  const uint64_t used = is_known(sample->vmalloc_used_then)
                            ? sample->vmalloc_used_then.value
                            : m->vmalloc_used.value;
  const bool usable = is_known(m->vmalloc_used) && is_known(m->vmalloc_chunk) && used > 0;
  const bool counts_pages = usable && m->vmalloc_chunk.value == 0 &&
                            is_known(m->mem_total) && used <= m->mem_total.value;
  if (counts_pages)
    return is_known(info->pages) &&
                   /* In a captured tree as much as identity vmalloc_pages tolerates. */
                   is_short(info->pages.value, used,
                            sample->credentials.live ? used / 64 : 0)
               ? "areas are missing: pages= adds up to less than VmallocUsed"
               : NULL;
  /* vm_map_ram has address space that vmallocinfo does not list (3.14 to 4.12). */
  if (usable && m->vmalloc_chunk.value > 0 && is_known(info->size) &&
      is_short(info->size.value, used, used / 8))
    return "areas are missing: they add up to less than VmallocUsed";
  if (is_known(sample->modules.size) && is_known(info->module_pages) &&
      is_short(info->module_pages.value, sample->modules.size.value, 0))
    return "areas are missing: those of modules add up to less than /proc/modules";
  /* They are at the end of vmalloc's address space, and so of the list, which is sorted
   * by address up to 6.8 (mm/vmalloc.c: pcpu_get_vm_areas). */
  if (is_known(m->vmalloc_used) && used == 0 && is_known(info->percpu_size) &&
      info->percpu_size.value == 0 && sample->zoneinfo.cpus_count.value > 1)
    return "areas are missing: those of per-CPU data";
  return NULL;
}

void completeness_of_vmallocinfo(struct sample *sample)
{
  struct source_status *status = &sample->sources[SOURCE_vmallocinfo];
  struct vmallocinfo *info = &sample->vmallocinfo;
  const char *cause = is_known(*status) ? areas_gap(sample) : NULL;
  if (cause == NULL)
    return;
  note(status, cause);
  reading_fill(&info->pages, VMALLOCINFO_READINGS, READING_MALFORMED);
  info->callers_count = 0;
  info->other_bytes = info->other_entries_count = 0;
}

/* --- the list of CPUs --------------------------------------------------------------- */

void completeness_of_cpus(struct sample *sample)
{
  const struct reading online = sample->zoneinfo.cpus_count;
  struct reading *possible = &sample->cpus_possible_count;
  if (!is_known(online) || !is_known(*possible) || online.value <= possible->value)
    return;
  note(&sample->sources[SOURCE_cpu_possible], "fewer CPUs than zoneinfo lists");
  *possible = reading_missing(READING_MALFORMED);
}
