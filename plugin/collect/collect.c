/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect/collect.h"
#include "consumers.h"
#include "hugepages.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/parse/cpulist.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/parse/kmsg.h"
#include "meminfo_explain/parse/mountinfo.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

/* What only the boot log says; once, for it does not change. The log may be closed to us
 * (kernel.dmesg_restrict), or have lost its beginning. 0 or -ENOMEM. */
static int read_boot_log(struct boot *out)
{
  enum { SYSLOG_READ_ALL = 3, SYSLOG_SIZE_BUFFER = 10 }; /* syslog(2) */
  int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0);
  if (size < 0 && errno == EPERM)
    out->percpu_unit = out->hash_tables = out->swiotlb = reading_missing(READING_DENIED);
  if (size <= 0)
    return 0;
  char *log = malloc((size_t)size);
  if (log == NULL)
    return -ENOMEM;
  int length = klogctl(SYSLOG_READ_ALL, log, size);
  if (length > 0)
    kmsg_parse(scan_text(log, (size_t)length), (uint64_t)sysconf(_SC_PAGESIZE), out);
  free(log);
  return 0;
}

int collector_open(const char *root, struct collector *collector)
{
  struct sysroot opened;
  int error = sysroot_open(root, &opened);
  if (error != 0)
    return error;
  struct consumers_reader *consumers;
  struct boot boot = {0};
  error = opened.live ? read_boot_log(&boot) : 0;
  if (error == 0)
    error = consumers_open(&opened, &consumers);
  if (error != 0) {
    sysroot_close(&opened);
    return error;
  }
  *collector = (struct collector){.root = opened, .consumers = consumers, .boot = boot};
  return 0;
}

void collector_close(struct collector *collector)
{
  census_close(collector->census);
  consumers_close(collector->consumers);
  sysroot_close(&collector->root);
  text_free(&collector->text);
  snapshot_free(&collector->snapshot);
}

static struct scan text_of(const struct collector *collector)
{
  return scan_text(collector->text.bytes, collector->text.length);
}

/* Reads the file of a source whole and notes what became of it. */
static int slurp_source(struct collector *collector, enum source source,
                        struct sample *out)
{
  struct source_status *status = &out->sources[source];
  status->error =
      sysroot_slurp(&collector->root, source_rows[source].path, &collector->text);
  status->state = sysroot_error_state(status->error);
  return status->error;
}

static void mark_malformed(struct sample *out, enum source source)
{
  out->sources[source].state = READING_MALFORMED;
}

/* The first word after KEY in one of a captured tree's files; 0 if there is none. 0 or
 * -ENOMEM. */
static int captured_number(struct collector *collector, const char *path, const char *key,
                           uint64_t *out)
{
  struct parse_error parse_error = {0};
  *out = 0;
  int error = sysroot_slurp(&collector->root, path, &collector->text);
  if (error == 0)
    field_parse(text_of(collector), key, 2, out, &parse_error);
  return error == -ENOMEM ? error : 0;
}

/* A captured tree says by itself how large its pages are: Mapped in meminfo is nr_mapped
 * pages of vmstat. Drift and tear between the two are far below a factor of two. 0; or
 * -ENOMEM, when it cannot be told and must not be guessed. */
static int page_size_of(struct collector *collector, uint64_t *out)
{
  uint64_t kb, pages;
  *out = (uint64_t)sysconf(_SC_PAGESIZE);
  if (collector->root.live)
    return 0;
  int error = captured_number(collector, "proc/meminfo", "Mapped", &kb);
  if (error == 0)
    error = captured_number(collector, "proc/vmstat", "nr_mapped", &pages);
  if (error != 0)
    return error;
  for (uint64_t guess = 4096; guess <= (uint64_t)1 << 18 && pages > 0; guess *= 2) {
    double bytes = 1024 * (double)kb, guessed = (double)guess * (double)pages;
    if (bytes > 0.75 * guessed && bytes < 1.4 * guessed) {
      *out = guess;
      break;
    }
  }
  return 0;
}

static void read_vmallocinfo(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_vmallocinfo];
  if (slurp_source(collector, SOURCE_vmallocinfo, out) != 0)
    reading_fill(&out->vmallocinfo.pages, VMALLOCINFO_READINGS, status->state);
  else if (vmallocinfo_parse(text_of(collector), out->page_size, &out->vmallocinfo,
                             &status->parse_error) != 0)
    mark_malformed(out, SOURCE_vmallocinfo);
}

/* Whether VmallocUsed counts pages, so that vmallocinfo is not needed for the sums, and
 * tells when it has changed (decide.c: vmalloc_epoch). */
static bool vmalloc_used_counts(const struct meminfo *meminfo)
{
  const struct reading used = meminfo->vmalloc_used;
  return is_known(used) && used.value > 0 && used.value <= meminfo->mem_total.value &&
         meminfo->vmalloc_chunk.value == 0;
}

/* A captured tree costs nothing, and may be another one each time. */
static bool is_due(const struct collector *collector, const struct schedule *schedule,
                   bool moved)
{
  return !collector->root.live ||
         schedule_is_due(schedule, clock_seconds(CLOCK_MONOTONIC), moved);
}

static void collect_vmallocinfo(struct collector *collector, struct sample *out)
{
  const struct reading used = out->meminfo.vmalloc_used;
  bool moved = used.value != collector->vmalloc.used.value;
  if (!vmalloc_used_counts(&out->meminfo) ||
      is_due(collector, &collector->vmalloc.schedule, moved)) {
    double begin = clock_seconds(CLOCK_MONOTONIC);
    read_vmallocinfo(collector, out);
    schedule_note(&collector->vmalloc.schedule, begin, clock_seconds(CLOCK_MONOTONIC));
    collector->vmalloc.info = out->vmallocinfo;
    collector->vmalloc.status = out->sources[SOURCE_vmallocinfo];
    collector->vmalloc.used = used;
  } else {
    out->vmallocinfo = collector->vmalloc.info;
    out->sources[SOURCE_vmallocinfo] = collector->vmalloc.status;
    out->vmalloc_age =
        clock_seconds(CLOCK_MONOTONIC) - collector->vmalloc.schedule.read_at;
  }
  out->vmalloc_used_then = collector->vmalloc.used;
}

/* While profiling is off the counters stand still: they count neither allocations nor
 * frees (lib/alloc_tag.c). */
static bool is_profiling(struct collector *collector)
{
  int error =
      sysroot_slurp(&collector->root, "proc/sys/vm/mem_profiling", &collector->text);
  return error != 0 || collector->text.length == 0 || collector->text.bytes[0] == '1';
}

static void read_allocinfo(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_allocinfo];
  if (!is_profiling(collector))
    return;
  if (slurp_source(collector, SOURCE_allocinfo, out) != 0)
    reading_fill(out->allocinfo.readings, ALLOCINFO_READINGS, status->state);
  else if (allocinfo_parse(text_of(collector), out->page_size, &out->vmallocinfo,
                           &out->allocinfo, &status->parse_error) != 0)
    mark_malformed(out, SOURCE_allocinfo);
}

static void collect_allocinfo(struct collector *collector, struct sample *out)
{
  if (is_due(collector, &collector->allocinfo.schedule, true)) {
    double begin = clock_seconds(CLOCK_MONOTONIC);
    read_allocinfo(collector, out);
    schedule_note(&collector->allocinfo.schedule, begin, clock_seconds(CLOCK_MONOTONIC));
    collector->allocinfo.info = out->allocinfo;
    collector->allocinfo.status = out->sources[SOURCE_allocinfo];
  } else {
    out->allocinfo = collector->allocinfo.info;
    out->sources[SOURCE_allocinfo] = collector->allocinfo.status;
  }
}

/* A file of one number. */
static void collect_number(struct collector *collector, enum source source, uint64_t unit,
                           struct sample *out, struct reading *number)
{
  struct source_status *status = &out->sources[source];
  uint64_t value;
  *number = reading_missing(READING_MALFORMED);
  if (slurp_source(collector, source, out) != 0)
    *number = reading_missing(status->state);
  else if (field_number(&collector->text, "", 1, unit, &value, &status->parse_error) != 0)
    mark_malformed(out, source);
  else
    *number = reading_known(value);
}

static void collect_cpus(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_cpu_possible];
  uint64_t cpus;
  out->cpus_possible_count = reading_missing(READING_MALFORMED);
  if (slurp_source(collector, SOURCE_cpu_possible, out) != 0)
    out->cpus_possible_count = reading_missing(status->state);
  else if (cpulist_parse(text_of(collector), &cpus, &status->parse_error) != 0)
    mark_malformed(out, SOURCE_cpu_possible);
  else
    out->cpus_possible_count = reading_known(cpus);
  struct reading unit = collector->boot.percpu_unit;
  out->percpu_first_chunk =
      reading_missing(reading_state_join(unit.state, out->cpus_possible_count.state));
  if (is_known(out->percpu_first_chunk) &&
      scale(unit.value, out->cpus_possible_count.value, &cpus) == 0)
    out->percpu_first_chunk = reading_known(cpus);
}

static void collect_modules(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_modules];
  if (slurp_source(collector, SOURCE_modules, out) != 0)
    reading_fill(&out->modules.size, MODULES_READINGS, status->state);
  else if (modules_parse(text_of(collector), &out->modules, &status->parse_error) != 0)
    mark_malformed(out, SOURCE_modules);
}

/* Only where a stack is smaller than a page do stacks come from a slab cache of their
 * own (kernel/fork.c: thread_stack_cache_init, thread_info before 4.8): on 64 KiB pages.
 */
static void collect_thread_stacks(struct collector *collector, struct sample *out)
{
  if (out->page_size < 1 << 16)
    return;
  struct source_status *status = &out->sources[SOURCE_slabinfo];
  uint64_t objects = 0;
  int error = slurp_source(collector, SOURCE_slabinfo, out);
  if (error == 0)
    error = field_parse(text_of(collector), "thread_stack", 3, &objects,
                        &status->parse_error);
  if (error == -ENOENT && status->error == 0)
    error =
        field_parse(text_of(collector), "thread_info", 3, &objects, &status->parse_error);
  if (error == 0)
    out->thread_stack_count = reading_known(objects);
  else
    out->thread_stack_count = reading_missing(error == -EBADMSG || error == -ERANGE
                                                  ? READING_MALFORMED
                                                  : sysroot_error_state(error));
}

static void collect_mounts(struct collector *collector, struct sample *out)
{
  /* A captured mountinfo tells mount points as its machine saw them. */
  const char *prefix = collector->root.live ? collector->root.path : "";
  if (slurp_source(collector, SOURCE_mountinfo, out) != 0)
    out->lxcfs_count = reading_missing(out->sources[SOURCE_mountinfo].state);
  else
    out->lxcfs_count = reading_known(mountinfo_count_lxcfs(text_of(collector), prefix));
}

/* 0, or -errno where there is no census. */
static int open_census(struct collector *collector)
{
  uint64_t page_size;
  if (collector->census != NULL)
    return 0;
  int error = page_size_of(collector, &page_size);
  return error != 0 ? error
                    : census_open(&collector->root, page_size, &collector->census);
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
  int error = options->pss ? open_census(collector) : 0;
  if (error != 0 || !options->pss)
    return error;
  census_request(collector->census, &scan, 0);
  census_wait(collector->census, seconds);
  return 0;
}

/* Takes the last result of the census, or, where there is no limit to its cost, that of a
 * walk of its own. */
static void collect_processes(struct collector *collector,
                              const struct collect_options *options, struct sample *out)
{
  const struct pss_scan_options scan = pss_scan_options(options);
  double now = clock_seconds(CLOCK_MONOTONIC);
  struct census_result result;
  int error = open_census(collector);
  if (error != 0) {
    out->sources[SOURCE_smaps] =
        (struct source_status){.error = error, .state = READING_MALFORMED};
    reading_fill(&out->processes.pss, PROCESSES_READINGS, READING_MALFORMED);
    return;
  }
  if (options->pss_budget <= 0)
    collector_prepare(collector, options, INFINITY);
  census_latest(collector->census, &result);
  if (options->pss_budget > 0)
    census_request(collector->census, &scan, now + options->interval);
  out->processes = result.processes;
  out->sources[SOURCE_smaps] = result.smaps;
  memcpy(out->hung, result.hung, sizeof(out->hung));
  out->pss_seconds = result.cpu;
  /* A captured tree is one instant. */
  if (collector->root.live && result.passed_at > 0)
    out->pss_age = clock_seconds(CLOCK_MONOTONIC) - result.oldest_at;
  processes_settle(&out->processes, out->meminfo.anon_pages, out->meminfo.mapped);
  /* A captured tree has no kernel threads. */
  if (collector->root.live && processes_are_partial(&out->processes))
    processes_add_unlisted(&out->processes);
}

int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out)
{
  memset(out, 0, sizeof(*out));
  double start = clock_seconds(CLOCK_MONOTONIC);
  int result = page_size_of(collector, &out->page_size);
  if (result != 0) {
    out->sources[SOURCE_meminfo] =
        (struct source_status){.error = result, .state = READING_MALFORMED};
    return result;
  }
  out->hash_tables = collector->boot.hash_tables;
  out->swiotlb_boot = collector->boot.swiotlb;
  result = snapshot_collect(&collector->root, &collector->snapshot, out);
  /* Right behind, for what is in the black hole moves with it. */
  consumers_collect(collector->consumers, out);
  collect_vmallocinfo(collector, out);
  collect_allocinfo(collector, out);
  hugepages_collect(&collector->root, &collector->text, out);
  collect_cpus(collector, out);
  collect_number(collector, SOURCE_overcommit_ratio, 1, out,
                 &out->overcommit_ratio_count);
  collect_number(collector, SOURCE_overcommit_kbytes, 1024, out, &out->overcommit_kbytes);
  collect_modules(collector, out);
  collect_thread_stacks(collector, out);
  collect_mounts(collector, out);
  out->read_seconds = clock_seconds(CLOCK_MONOTONIC) - start;
  if (options->pss)
    collect_processes(collector, options, out);
  return result;
}
