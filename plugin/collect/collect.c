/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect/collect.h"
#include "boot_log.h"
#include "consumers.h"
#include "file_grouping.h"
#include "hugepages.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/collect/completeness.h"
#include "meminfo_explain/collect/groupings.h"
#include "meminfo_explain/parse/cpulist.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/parse/mountinfo.h"
#include "page_size.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 0 or -ENOMEM; in either case close_groupings() frees what there is. */
static int open_groupings(struct cached_grouping *groupings[GROUPING_COUNT])
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    if (file_grouping_parsers[i] == NULL)
      continue;
    groupings[i] = calloc(1, sizeof(*groupings[i]));
    if (groupings[i] == NULL)
      return -ENOMEM;
  }
  return 0;
}

static void close_groupings(struct cached_grouping *groupings[GROUPING_COUNT])
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    free(groupings[i]);
}

int collector_open(const char *root, struct collector *collector)
{
  struct sysroot opened;
  int error = sysroot_open(root, &opened);
  if (error != 0)
    return error;
  struct cached_grouping *groupings[GROUPING_COUNT] = {NULL};
  struct boot boot = {0};
  error = opened.live ? boot_log_read(&boot) : 0;
  if (error == 0)
    error = open_groupings(groupings);
  if (error != 0) {
    close_groupings(groupings);
    sysroot_close(&opened);
    return error;
  }
  *collector = (struct collector){.root = opened, .boot = boot};
  memcpy(collector->groupings, groupings, sizeof(groupings));
  return 0;
}

void collector_close(struct collector *collector)
{
  census_close(collector->census);
  consumers_close(collector->consumers);
  close_groupings(collector->groupings);
  sysroot_close(&collector->root);
  text_free(&collector->text);
  snapshot_texts_free(&collector->snapshot_texts);
}

/* --- readers: one source each, from its file to its status and its struct ----------- */

static struct scan text_of(const struct collector *collector)
{
  return scan_text(collector->text.bytes, collector->text.length);
}

static struct source_status read_source(struct collector *collector, enum source source)
{
  return source_read(&collector->root, source, &collector->text);
}

/* 0; or -ENOMEM, where it is not known and must not be guessed. */
static int read_page_size(struct collector *collector, uint64_t *out)
{
  *out = (uint64_t)sysconf(_SC_PAGESIZE);
  if (collector->root.live)
    return 0;
  return page_size_of_capture(&collector->root, &collector->text, out);
}

static struct source_status read_vmallocinfo(struct collector *collector,
                                             uint64_t page_size, struct vmallocinfo *out)
{
  struct source_status status = read_source(collector, SOURCE_vmallocinfo);
  if (!is_known(status)) {
    memset(out, 0, sizeof(*out));
    reading_fill(&out->pages, VMALLOCINFO_READINGS, status.state);
  } else if (vmallocinfo_parse(text_of(collector), page_size, out, &status.parse_error) !=
             0) {
    status.state = READING_MALFORMED;
  }
  return status;
}

/* While profiling is off the counters count neither allocations nor frees
 * (lib/alloc_tag.c). */
static bool is_profiling(struct collector *collector)
{
  int error =
      sysroot_slurp(&collector->root, "proc/sys/vm/mem_profiling", &collector->text);
  return error != 0 || collector->text.length == 0 || collector->text.bytes[0] == '1';
}

/* `vmalloc` has the callers of vmalloc. While profiling is off, allocinfo is absent. */
static struct source_status read_allocinfo(struct collector *collector,
                                           uint64_t page_size,
                                           const struct vmallocinfo *vmalloc,
                                           struct allocinfo *out)
{
  memset(out, 0, sizeof(*out));
  if (!is_profiling(collector))
    return (struct source_status){.state = READING_ABSENT};
  struct source_status status = read_source(collector, SOURCE_allocinfo);
  if (!is_known(status))
    reading_fill(out->readings, ALLOCINFO_READINGS, status.state);
  else if (allocinfo_parse(text_of(collector), page_size, vmalloc, out,
                           &status.parse_error) != 0)
    status.state = READING_MALFORMED;
  return status;
}

/* A file that holds one number, of `unit` bytes each. */
static struct source_status read_number(struct collector *collector, enum source source,
                                        uint64_t unit, struct reading *out)
{
  struct source_status status = read_source(collector, source);
  uint64_t value = 0;
  if (is_known(status) &&
      field_number(&collector->text, "", 1, unit, &value, &status.parse_error) != 0)
    status.state = READING_MALFORMED;
  *out = is_known(status) ? reading_known(value) : reading_missing(status.state);
  return status;
}

static struct source_status read_possible_cpus(struct collector *collector,
                                               struct reading *out)
{
  struct source_status status = read_source(collector, SOURCE_cpu_possible);
  uint64_t cpus = 0;
  if (is_known(status) &&
      cpulist_parse(text_of(collector), &cpus, &status.parse_error) != 0)
    status.state = READING_MALFORMED;
  *out = is_known(status) ? reading_known(cpus) : reading_missing(status.state);
  return status;
}

/* Adds the CPUs of a list, which may be empty, or "(null)" for a mask that was never
 * allocated (drivers/base/cpu.c). A kernel without the file isolates none. */
static struct source_status add_cpus(struct collector *collector, enum source source,
                                     struct reading *sum)
{
  struct source_status status = read_source(collector, source);
  struct scan line = {.at = NULL}, text = text_of(collector);
  uint64_t cpus = 0;
  if (is_known(status) && scan_line(&text, &line)) {
    struct span word = scan_word(&line);
    if (word.length > 0 && !span_is(word, "(null)") &&
        cpulist_parse(text_of(collector), &cpus, &status.parse_error) != 0)
      status.state = READING_MALFORMED;
  }
  if (status.state <= READING_KNOWN)
    reading_add(sum, cpus);
  else
    *sum = reading_missing(status.state);
  return status;
}

static void collect_isolated_cpus(struct collector *collector, struct sample *out)
{
  static const enum source lists[] = {SOURCE_cpu_isolated, SOURCE_cpu_nohz_full,
                                      SOURCE_cpuset_isolated};
  for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
    out->sources[lists[i]] = add_cpus(collector, lists[i], &out->cpus_isolated_count);
}

static struct source_status read_modules(struct collector *collector, struct modules *out)
{
  struct source_status status = read_source(collector, SOURCE_modules);
  if (!is_known(status))
    reading_fill(&out->size, MODULES_READINGS, status.state);
  else if (modules_parse(text_of(collector), out, &status.parse_error) != 0)
    status.state = READING_MALFORMED;
  return status;
}

/* Objects of the slab cache of kernel stacks, in the text of slabinfo. There is one only
 * where a stack is smaller than a page (kernel/fork.c: thread_stack_cache_init;
 * thread_info before 4.8), that is on 64 KiB pages. */
static struct reading count_thread_stacks(const struct collector *collector,
                                          uint64_t page_size, enum reading_state slabinfo)
{
  struct parse_error unused = {0};
  uint64_t objects = 0;
  if (page_size < 1 << 16)
    return reading_missing(READING_ABSENT);
  if (slabinfo != READING_KNOWN)
    return reading_missing(slabinfo);
  int error = field_parse(text_of(collector), "thread_stack", 3, &objects, &unused);
  if (error == -ENOENT)
    error = field_parse(text_of(collector), "thread_info", 3, &objects, &unused);
  if (error == 0)
    return reading_known(objects);
  /* The last line is the first cache of all (mm/slab_common.c: kmem_cache_init): without
   * it the one of stacks may be missing, too. */
  bool whole =
      field_parse(text_of(collector), "kmem_cache", 3, &objects, &unused) != -ENOENT;
  return reading_missing(error == -ENOENT && whole ? READING_ABSENT : READING_MALFORMED);
}

/* Mounts of lxcfs over our meminfo. */
static struct source_status read_lxcfs_mounts(struct collector *collector,
                                              struct reading *out)
{
  /* A captured mountinfo has mount points as its machine saw them. */
  const char *prefix = collector->root.live ? collector->root.path : "";
  struct source_status status = read_source(collector, SOURCE_mountinfo);
  *out = is_known(status)
             ? reading_known(mountinfo_count_lxcfs(text_of(collector), prefix))
             : reading_missing(status.state);
  return status;
}

/* --- what is too expensive to read for each sample ---------------------------------- */

/* Whether to read it again now; cached_note() is called after that. A captured tree costs
 * nothing, and may be another one each time. */
static bool cached_is_due(struct cached_source *cached, bool live, bool changed)
{
  cached->begin = clock_seconds(CLOCK_MONOTONIC);
  return !live || schedule_is_due(&cached->schedule, cached->begin, changed);
}

static void cached_note(struct cached_source *cached, struct source_status status)
{
  cached->status = status;
  schedule_note(&cached->schedule, cached->begin, clock_seconds(CLOCK_MONOTONIC));
}

/* The status, with its age. */
static struct source_status cached_status(const struct cached_source *cached)
{
  struct source_status status = cached->status;
  status.age = fmax(cached->begin - cached->schedule.read_at, 0);
  return status;
}

/* Whether VmallocUsed counts pages. Then vmallocinfo is no part of the sums, and
 * VmallocUsed shows when it has changed (decide.c: vmalloc_epoch). */
static bool vmalloc_used_counts(const struct meminfo *meminfo)
{
  const struct reading used = meminfo->vmalloc_used;
  return is_known(used) && used.value > 0 && used.value <= meminfo->mem_total.value &&
         meminfo->vmalloc_chunk.value == 0;
}

static void collect_vmallocinfo(struct collector *collector, struct sample *out)
{
  struct cached_source *cached = &collector->vmalloc.cached;
  const struct reading used = out->meminfo.vmalloc_used;
  bool changed = used.value != collector->vmalloc.used_then.value;
  bool always = !collector->root.live || !vmalloc_used_counts(&out->meminfo);
  if (cached_is_due(cached, !always, changed)) {
    cached_note(cached,
                read_vmallocinfo(collector, out->page_size, &collector->vmalloc.info));
    collector->vmalloc.used_then = used;
  }
  out->vmallocinfo = collector->vmalloc.info;
  out->vmalloc_used_then = collector->vmalloc.used_then;
  out->sources[SOURCE_vmallocinfo] = cached_status(cached);
}

/* Known where all are. */
static struct reading sum_of(const struct reading *numbers, size_t count)
{
  struct reading sum = reading_known(0);
  for (size_t i = 0; i < count; i++)
    if (!is_known(numbers[i]))
      return reading_missing(numbers[i].state);
    else
      reading_add(&sum, numbers[i].value);
  return sum;
}

static void collect_allocinfo(struct collector *collector, struct sample *out)
{
  struct cached_source *cached = &collector->allocinfo.cached;
  const struct meminfo *m = &out->meminfo;
  if (cached_is_due(cached, collector->root.live, true)) {
    const struct reading lru[] = {m->active, m->inactive, m->unevictable};
    const struct reading cache[] = {m->cached, m->buffers, m->anon_pages, m->swap_cached};
    cached_note(cached, read_allocinfo(collector, out->page_size, &out->vmallocinfo,
                                       &collector->allocinfo.info));
    collector->allocinfo.lru_then = sum_of(lru, 3);
    collector->allocinfo.cache_then = sum_of(cache, 4);
  }
  out->allocinfo = collector->allocinfo.info;
  out->allocinfo_lru_then = collector->allocinfo.lru_then;
  out->allocinfo_cache_then = collector->allocinfo.cache_then;
  out->sources[SOURCE_allocinfo] = cached_status(cached);
}

/* Whether what the members are parts of has moved by more than small change. Without it,
 * the file may have changed at any time. */
static bool has_moved(struct reading then, struct reading now)
{
  return !is_known(then) || !is_known(now) ||
         abs_diff(then.value, now.value) > then.value / 64;
}

static void read_grouping(struct collector *collector, enum grouping i,
                          struct reading whole, const struct sample *sample)
{
  struct cached_grouping *grouping = collector->groupings[i];
  struct source_status status = file_grouping_read(
      &collector->root, grouping_rows[i].source, file_grouping_parsers[i],
      sample->page_size, whole, &collector->text, &grouping->list);
  if (i == GROUPING_slab_caches)
    collector->thread_stack_count =
        count_thread_stacks(collector, sample->page_size, status.state);
  cached_note(&grouping->cached, status);
  grouping->whole_then = whole;
}

static void collect_groupings(struct collector *collector, struct sample *out)
{
  for (unsigned i = 0; i < GROUPING_COUNT; i++) {
    struct cached_grouping *grouping = collector->groupings[i];
    if (grouping == NULL)
      continue;
    const struct reading whole = file_grouping_whole(out, i);
    if (cached_is_due(&grouping->cached, collector->root.live,
                      has_moved(grouping->whole_then, whole)))
      read_grouping(collector, i, whole, out);
    out->groupings[i] = &grouping->list;
    out->sources[grouping_rows[i].source] = cached_status(&grouping->cached);
  }
  out->thread_stack_count = collector->thread_stack_count;
}

/* --- consumers ---------------------------------------------------------------------- */

static void collect_consumers(struct collector *collector,
                              const struct collect_options *options, struct sample *out)
{
  const double patience =
      options->consumers_patience > 0 ? options->consumers_patience : CONSUMERS_PATIENCE;
  const struct consumer_inputs inputs = {.page_size = out->page_size,
                                         .mem_total = out->meminfo.mem_total,
                                         .cma = out->meminfo.cma_total.value > 0};
  struct source_status *statuses = &out->sources[SOURCE_FIRST_CONSUMER];
  int error = 0;
  if (collector->consumers == NULL)
    error = consumers_open(&collector->root, patience, &collector->consumers);
  if (error == 0) {
    consumers_read(collector->consumers, &inputs, &out->consumers, statuses);
    return;
  }
  reading_fill(out->consumers.rows, CONSUMER_COUNT, READING_MALFORMED);
  for (unsigned row = 0; row < CONSUMER_COUNT; row++)
    statuses[row] = (struct source_status){.error = error, .state = READING_MALFORMED};
}

/* --- processes ---------------------------------------------------------------------- */

/* 0, or -errno where there is no census. */
static int open_census(struct collector *collector, const struct collect_options *options)
{
  const double patience =
      options->census_patience > 0 ? options->census_patience : CENSUS_PATIENCE;
  uint64_t page_size;
  if (collector->census != NULL)
    return 0;
  int error = read_page_size(collector, &page_size);
  if (error == 0)
    error = census_open(&collector->root, page_size, patience, &collector->census);
  return error;
}

static struct pss_scan_options pss_scan_options(const struct collect_options *options)
{
  return (struct pss_scan_options){.share = options->pss_budget / 100,
                                   .period = options->interval,
                                   .max_process = options->pss_max_process};
}

int collector_prepare(struct collector *collector, const struct collect_options *options,
                      double seconds)
{
  const struct pss_scan_options scan = pss_scan_options(options);
  int error = options->pss ? open_census(collector, options) : 0;
  if (error != 0 || !options->pss)
    return error;
  census_request(collector->census, &scan, 0);
  census_wait(collector->census, seconds);
  return 0;
}

/* Without a limit to its cost the census makes a pass now; else its last result counts.
 */
static void ask_census(struct collector *collector, const struct collect_options *options,
                       struct census_result *out)
{
  const struct pss_scan_options scan = pss_scan_options(options);
  double now = clock_seconds(CLOCK_MONOTONIC);
  if (options->pss_budget <= 0)
    collector_prepare(collector, options, INFINITY);
  census_latest(collector->census, out);
  if (options->pss_budget > 0)
    census_request(collector->census, &scan, now + options->interval);
}

static void collect_processes(struct collector *collector,
                              const struct collect_options *options, struct sample *out)
{
  const bool live = collector->root.live;
  struct census_result result;
  int error = open_census(collector, options);
  if (error != 0) {
    out->sources[SOURCE_smaps] =
        (struct source_status){.error = error, .state = READING_MALFORMED};
    reading_fill(&out->processes.pss, PROCESSES_READINGS, READING_MALFORMED);
    return;
  }
  ask_census(collector, options, &result);
  out->processes = result.processes;
  out->sources[SOURCE_smaps] = result.smaps;
  memcpy(out->hung, result.hung, sizeof(out->hung));
  memcpy(out->denied, result.denied, sizeof(out->denied));
  out->pss_seconds = result.cpu;
  /* A captured tree is one instant, and has no kernel threads. */
  if (live && result.passed_at > 0)
    out->pss_age = clock_seconds(CLOCK_MONOTONIC) - result.oldest_at;
  processes_settle(&out->processes, out->meminfo.anon_pages, out->meminfo.mapped);
  if (live && processes_are_partial(&out->processes))
    processes_add_unlisted(&out->processes);
}

/* --- the sample --------------------------------------------------------------------- */

/* 0, or -errno where there is no meminfo. */
static int collect_snapshot(struct collector *collector, struct sample *out)
{
  struct snapshot *snapshot = &collector->snapshot;
  int error = snapshot_read(&collector->root, out->page_size, &collector->snapshot_texts,
                            snapshot);
  out->zoneinfo = snapshot->zoneinfo;
  out->buddy_free = snapshot->buddy_free;
  out->meminfo = snapshot->meminfo;
  out->vmstat = snapshot->vmstat;
  out->zoneinfo_after = snapshot->zoneinfo_after;
  out->retries = snapshot->retries;
  out->sources[SOURCE_zoneinfo] = snapshot->zoneinfo_status;
  out->sources[SOURCE_buddyinfo] = snapshot->buddyinfo_status;
  out->sources[SOURCE_meminfo] = snapshot->meminfo_status;
  out->sources[SOURCE_vmstat] = snapshot->vmstat_status;
  return error;
}

/* A captured tree is one instant. */
static void collect_activity(struct collector *collector, struct sample *out)
{
  struct activity_look *now = &collector->looks.now;
  const struct text *zoneinfo = &collector->snapshot_texts.zoneinfo_after;
  struct reading interval;
  if (!collector->root.live)
    return;
  out->sources[SOURCE_stat_interval] =
      read_number(collector, SOURCE_stat_interval, 1, &interval);
  out->sources[SOURCE_stat] = read_source(collector, SOURCE_stat);
  now->at = clock_seconds(CLOCK_MONOTONIC);
  cpu_times_parse(is_known(out->sources[SOURCE_stat]) ? text_of(collector)
                                                      : scan_text("", 0),
                  &now->times);
  now->is_known = is_known(out->zoneinfo_after.pcp);
  now->vmstat = out->vmstat;
  if (now->is_known)
    cpu_lists_parse(scan_text(zoneinfo->bytes, zoneinfo->length), &now->lists);
  activity_since(&collector->looks,
                 activity_window(is_known(interval) ? (double)interval.value : 1),
                 &out->activity);
}

/* All CPUs' part of the first percpu chunk. */
static struct reading first_chunk(struct reading unit, struct reading cpus)
{
  struct reading chunk = reading_missing(reading_state_join(unit.state, cpus.state));
  uint64_t bytes;
  if (is_known(chunk) && scale(unit.value, cpus.value, &bytes) == 0)
    chunk = reading_known(bytes);
  return chunk;
}

static void collect_boot(const struct boot *boot, struct sample *out)
{
  out->hash_tables = boot->hash_tables;
  out->swiotlb_boot = boot->swiotlb;
  out->dma_pools_boot = boot->dma_pools;
  out->ftrace_records_boot = boot->ftrace_records;
  out->percpu_first_chunk = first_chunk(boot->percpu_unit, out->cpus_possible_count);
  out->percpu_units_count = boot->percpu_units_count;
}

int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out)
{
  struct source_status *sources = out->sources;
  double start = clock_seconds(CLOCK_MONOTONIC);
  memset(out, 0, sizeof(*out));
  out->credentials = credentials_read(&collector->root);
  int error = read_page_size(collector, &out->page_size);
  if (error != 0) {
    sources[SOURCE_meminfo] =
        (struct source_status){.error = error, .state = READING_MALFORMED};
    return error;
  }
  error = collect_snapshot(collector, out);
  collect_activity(collector, out);
  /* Right after the snapshot: what consumers hold is part of its black hole. */
  collect_consumers(collector, options, out);
  collect_vmallocinfo(collector, out);
  sources[SOURCE_modules] = read_modules(collector, &out->modules);
  completeness_of_zoneinfo(out);
  completeness_of_vmallocinfo(out);
  collect_allocinfo(collector, out);
  collect_groupings(collector, out);
  sources[SOURCE_hugepages] =
      hugepages_read(&collector->root, out->page_size, &collector->text, &out->hugepages);
  sources[SOURCE_cpu_possible] = read_possible_cpus(collector, &out->cpus_possible_count);
  completeness_of_cpus(out);
  collect_isolated_cpus(collector, out);
  sources[SOURCE_overcommit_ratio] =
      read_number(collector, SOURCE_overcommit_ratio, 1, &out->overcommit_ratio_count);
  sources[SOURCE_overcommit_kbytes] =
      read_number(collector, SOURCE_overcommit_kbytes, 1024, &out->overcommit_kbytes);
  sources[SOURCE_mountinfo] = read_lxcfs_mounts(collector, &out->lxcfs_count);
  collect_boot(&collector->boot, out);
  out->read_seconds = clock_seconds(CLOCK_MONOTONIC) - start;
  if (options->pss)
    collect_processes(collector, options, out);
  return error;
}
