/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect.h"
#include "meminfo_explain/consumers.h"
#include "meminfo_explain/cpulist.h"
#include "meminfo_explain/field.h"
#include "meminfo_explain/kmsg.h"
#include "meminfo_explain/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

const struct source_row source_rows[SOURCE_COUNT] = {
#define SOURCE(name, path, cost, remedy) {path, cost, remedy},
#include "meminfo_explain/sources.def"
#define CONSUMER(name, pattern, key, field, unit)                                        \
  {pattern, "this consumer is not told apart from the rest of the black hole",           \
   "run as root or grant CAP_DAC_READ_SEARCH"},
#include "meminfo_explain/consumers.def"
};

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What the boot log says of the first percpu chunk; once, for it does not change. The log
 * may be closed to us (kernel.dmesg_restrict), or have lost its beginning. */
static struct reading read_percpu_unit(void)
{
  enum { SYSLOG_READ_ALL = 3, SYSLOG_SIZE_BUFFER = 10 }; /* syslog(2) */
  struct reading unit = {.state = READING_ABSENT};
  int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0);
  char *log = size > 0 ? malloc((size_t)size) : NULL;
  int length = log != NULL ? klogctl(SYSLOG_READ_ALL, log, size) : -1;
  uint64_t pages, bytes;
  if (length > 0 && kmsg_percpu_pages(scan_text(log, (size_t)length), &pages) == 0 &&
      scale(pages, (uint64_t)sysconf(_SC_PAGESIZE), &bytes) == 0)
    unit = reading_known(bytes);
  free(log);
  return unit;
}

int collector_open(const char *root, struct collector *collector)
{
  struct sysroot opened;
  int error = sysroot_open(root, &opened);
  if (error != 0)
    return error;
  *collector = (struct collector){.root = opened};
  if (opened.live)
    collector->percpu_unit = read_percpu_unit();
  return 0;
}

void collector_close(struct collector *collector)
{
  sysroot_close(&collector->root);
  text_free(&collector->text);
  bracket_free(&collector->bracket);
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

/* The first word after KEY in one of a captured tree's files; 0 if there is none. */
static uint64_t captured_number(struct collector *collector, const char *path,
                                const char *key)
{
  uint64_t value;
  struct fault fault = {0};
  if (sysroot_slurp(&collector->root, path, &collector->text) != 0 ||
      field_parse(text_of(collector), key, 2, &value, &fault) != 0)
    return 0;
  return value;
}

/* A captured tree says by itself how large its pages are: Mapped in meminfo is nr_mapped
 * pages of vmstat. Drift and tear between the two are far below a factor of two. */
static uint64_t page_size_of(struct collector *collector)
{
  uint64_t host = (uint64_t)sysconf(_SC_PAGESIZE);
  if (collector->root.live)
    return host;
  double bytes = 1024 * (double)captured_number(collector, "proc/meminfo", "Mapped");
  double pages = (double)captured_number(collector, "proc/vmstat", "nr_mapped");
  for (uint64_t guess = 4096; guess <= (uint64_t)1 << 18 && pages > 0; guess *= 2)
    if (bytes > 0.75 * (double)guess * pages && bytes < 1.4 * (double)guess * pages)
      return guess;
  return host;
}

static void collect_vmallocinfo(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_vmallocinfo];
  if (slurp_source(collector, SOURCE_vmallocinfo, out) != 0)
    reading_fill(&out->vmallocinfo.pages, VMALLOCINFO_READINGS, status->state);
  else if (vmallocinfo_parse(text_of(collector), out->page_size, &out->vmallocinfo,
                             &status->fault) != 0)
    mark_malformed(out, SOURCE_vmallocinfo);
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
  else if (field_parse(text_of(collector), "", 1, &value, &status->fault) != 0 ||
           scale_or_fault(value, unit, &value, &status->fault) != 0)
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
  else if (cpulist_parse(text_of(collector), &cpus, &status->fault) != 0)
    mark_malformed(out, SOURCE_cpu_possible);
  else
    out->cpus_possible_count = reading_known(cpus);
  struct reading unit = collector->percpu_unit;
  out->percpu_first_chunk =
      reading_missing(reading_state_join(unit.state, out->cpus_possible_count.state));
  if (out->percpu_first_chunk.state == READING_KNOWN &&
      scale(unit.value, out->cpus_possible_count.value, &cpus) == 0)
    out->percpu_first_chunk = reading_known(cpus);
}

static void collect_modules(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_modules];
  if (slurp_source(collector, SOURCE_modules, out) != 0)
    reading_fill(&out->modules.size, MODULES_READINGS, status->state);
  else if (modules_parse(text_of(collector), &out->modules, &status->fault) != 0)
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
  uint64_t objects;
  int error = slurp_source(collector, SOURCE_slabinfo, out);
  if (error == 0)
    error = field_parse(text_of(collector), "thread_stack", 3, &objects, &status->fault);
  if (error == -ENOENT && status->error == 0)
    error = field_parse(text_of(collector), "thread_info", 3, &objects, &status->fault);
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

/* The state of the smaps of all processes: that of most. Even root is refused by some,
 * for instance by a security module. */
static enum reading_state smaps_state(const struct processes *processes)
{
  if (processes->malformed_count.value > 0)
    return READING_MALFORMED;
  if (processes->denied_count.value > processes->read_count.value)
    return READING_DENIED;
  return processes->read_count.value > 0 ? READING_KNOWN : READING_ABSENT;
}

static struct reading mapped_anon(const struct meminfo *meminfo)
{
  struct reading sum = meminfo->anon_pages;
  sum.state = reading_state_join(sum.state, meminfo->mapped.state);
  if (sum.state == READING_KNOWN)
    reading_add(&sum, meminfo->mapped.value);
  return sum;
}

/* Keeps what it finds in the collector. */
static void walk_processes(struct collector *collector,
                           const struct collect_options *options,
                           const struct sample *sample)
{
  struct processes *processes = &collector->processes;
  struct source_status *status = &collector->smaps;
  double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  collector->pss_started = seconds(CLOCK_MONOTONIC);
  *status = (struct source_status){0};
  status->error = processes_collect(&collector->root, sample->page_size,
                                    options->pss_max_process, &collector->text, processes,
                                    &status->fault, status->path, sizeof(status->path));
  status->state =
      status->error != 0 ? sysroot_error_state(status->error) : smaps_state(processes);
  if (status->error != 0)
    reading_fill(&processes->pss, PROCESSES_READINGS, status->state);
  collector->mapped_anon = mapped_anon(&sample->meminfo);
  collector->pss_cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
}

/* A walk may start once the last one's cost has been spread thin enough. */
static bool walk_is_due(const struct collector *collector,
                        const struct collect_options *options)
{
  if (options->pss_budget <= 0 || collector->pss_started <= 0)
    return true;
  double pause = collector->pss_cpu * 100 / options->pss_budget;
  return seconds(CLOCK_MONOTONIC) - collector->pss_started >= pause;
}

static void collect_processes(struct collector *collector,
                              const struct collect_options *options, struct sample *out)
{
  if (walk_is_due(collector, options))
    walk_processes(collector, options, out);
  else
    out->pss_age = seconds(CLOCK_MONOTONIC) - collector->pss_started;
  out->processes = collector->processes;
  out->sources[SOURCE_smaps] = collector->smaps;
  out->pss_seconds = collector->pss_cpu;
  struct reading then = collector->mapped_anon, now = mapped_anon(&out->meminfo);
  out->processes.moved = reading_missing(reading_state_join(then.state, now.state));
  if (out->processes.moved.state == READING_KNOWN)
    out->processes.moved = reading_known(distance(now.value, then.value));
}

int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out)
{
  memset(out, 0, sizeof(*out));
  double start = seconds(CLOCK_MONOTONIC);
  out->page_size = page_size_of(collector);
  int result = bracket_collect(&collector->root, &collector->bracket, out);
  collect_vmallocinfo(collector, out);
  hugepages_collect(&collector->root, &collector->text, out);
  collect_cpus(collector, out);
  collect_number(collector, SOURCE_overcommit_ratio, 1, out,
                 &out->overcommit_ratio_count);
  collect_number(collector, SOURCE_overcommit_kbytes, 1024, out, &out->overcommit_kbytes);
  collect_modules(collector, out);
  collect_thread_stacks(collector, out);
  collect_mounts(collector, out);
  consumers_collect(&collector->root, &collector->text, out);
  out->read_seconds = seconds(CLOCK_MONOTONIC) - start;
  if (options->pss)
    collect_processes(collector, options, out);
  return result;
}
