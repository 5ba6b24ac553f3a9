/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect.h"
#include "meminfo_explain/cpulist.h"
#include "meminfo_explain/field.h"
#include "meminfo_explain/mountinfo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
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

enum consumer_unit {
  CONSUMER_UNIT_BYTES,
  CONSUMER_UNIT_KB,
  CONSUMER_UNIT_PAGES,
  CONSUMER_UNIT_PAGES_4K
};

static const struct consumer_row {
  enum source source;
  const char *key;
  unsigned field;
  enum consumer_unit unit;
  size_t offset; /* in struct consumers */
} consumer_rows[] = {
#define CONSUMER(name, pattern, key, field, unit)                                        \
  {SOURCE_##name, key, field, CONSUMER_UNIT_##unit, offsetof(struct consumers, name)},
#include "meminfo_explain/consumers.def"
};

static double seconds(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int collector_open(const char *root, struct collector *collector)
{
  struct sysroot opened;
  int error = sysroot_open(root, &opened);
  if (error == 0)
    *collector = (struct collector){.root = opened};
  return error;
}

void collector_close(struct collector *collector)
{
  sysroot_close(&collector->root);
  text_free(&collector->text);
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

static void collect_zoneinfo(struct collector *collector, struct sample *out)
{
  enum reading_state state = READING_MALFORMED;
  struct source_status *status = &out->sources[SOURCE_zoneinfo];
  if (slurp_source(collector, SOURCE_zoneinfo, out) != 0)
    state = status->state;
  else if (zoneinfo_parse(text_of(collector), out->page_size, &out->zoneinfo,
                          &status->fault) == 0)
    return;
  status->state = state;
  reading_fill(&out->zoneinfo.pcp, sizeof(out->zoneinfo) / sizeof(struct reading), state);
}

static int collect_meminfo(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_meminfo];
  int error = slurp_source(collector, SOURCE_meminfo, out);
  if (error == 0) {
    error = meminfo_parse(text_of(collector), &out->meminfo, &status->fault);
    if (error != 0)
      mark_malformed(out, SOURCE_meminfo);
    return error;
  }
  reading_fill(out->meminfo.fields, MEMINFO_FIELD_COUNT, status->state);
  return error;
}

static void collect_vmstat(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_vmstat];
  enum reading_state state = READING_MALFORMED;
  if (slurp_source(collector, SOURCE_vmstat, out) != 0)
    state = status->state;
  else if (vmstat_parse(text_of(collector), out->page_size, &out->vmstat,
                        &status->fault) == 0)
    return;
  status->state = state;
  reading_fill(out->vmstat.fields, VMSTAT_FIELD_COUNT, state);
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

/* As scale, and says so where the product cannot be. */
static int scale_number(uint64_t value, uint64_t unit, uint64_t *out, struct fault *fault)
{
  int error = scale(value, unit, out);
  if (error != 0)
    fault_note(fault, 0, (struct span){"", 0}, "number out of range");
  return error;
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
           scale_number(value, unit, &value, &status->fault) != 0)
    mark_malformed(out, source);
  else
    *number = reading_known(value);
}

/* What a visitor of a source's files needs. */
struct visit {
  struct collector *collector;
  struct sample *sample;
  enum source source;
  const struct consumer_row *consumer;
};

/* Notes the first file at fault; the worst state of all files is the source's. */
static void visit_failed(struct visit *visit, const char *path, int error)
{
  struct source_status *status = &visit->sample->sources[visit->source];
  enum reading_state state =
      error == -EBADMSG ? READING_MALFORMED : sysroot_error_state(error);
  if (status->path[0] == '\0') {
    snprintf(status->path, sizeof(status->path), "%.*s", (int)sizeof(status->path) - 1,
             path);
    status->error = error == -EBADMSG ? 0 : error;
  }
  status->state = reading_state_join(status->state, state);
}

static int visit_number(struct visit *visit, const char *path, const char *key,
                        unsigned field, uint64_t *out)
{
  struct source_status *status = &visit->sample->sources[visit->source];
  int error = sysroot_slurp(&visit->collector->root, path, &visit->collector->text);
  if (error != 0)
    return error;
  error = field_parse(text_of(visit->collector), key, field, out, &status->fault);
  if (error == -ENOENT)
    fault_note(&status->fault, 0, (struct span){key, strlen(key)}, "no such line");
  return error == 0 ? 0 : -EBADMSG;
}

static int visit_hugepages(void *context, const char *directory)
{
  struct visit *visit = context;
  struct hugepages *huge = &visit->sample->hugepages;
  struct source_status *status = &visit->sample->sources[visit->source];
  const struct {
    const char *name;
    struct reading *sum;
  } files[] = {{"nr_hugepages", &huge->total},
               {"free_hugepages", &huge->free},
               {"resv_hugepages", &huge->reserved}};
  unsigned long size_kb = 0;
  if (sscanf(directory, "sys/kernel/mm/hugepages/hugepages-%lukB", &size_kb) != 1)
    return 0;
  reading_add(&huge->sizes_count, 1);
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    char path[160];
    snprintf(path, sizeof(path), "%.128s/%s", directory, files[i].name);
    uint64_t pages, bytes;
    int error = visit_number(visit, path, "", 1, &pages);
    if (error == -ENOENT) { /* a sum without this size would be too small */
      fault_note(&status->fault, 0, (struct span){"", 0}, "no such file");
      error = -EBADMSG;
    }
    if (error == 0 &&
        scale_number(pages, (uint64_t)size_kb * 1024, &bytes, &status->fault) == 0) {
      reading_add(files[i].sum, bytes);
    } else {
      visit_failed(visit, path, error != 0 ? error : -EBADMSG);
      *files[i].sum = reading_missing(status->state);
    }
  }
  return 0;
}

static void collect_hugepages(struct collector *collector, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_hugepages];
  struct visit visit = {collector, out, SOURCE_hugepages, NULL};
  status->state = READING_KNOWN;
  int error = sysroot_each(&collector->root, "sys/kernel/mm/hugepages/hugepages-*kB",
                           visit_hugepages, &visit);
  if (error != 0) {
    status->error = error;
    status->state = sysroot_error_state(error);
    reading_fill(&out->hugepages.total, HUGEPAGES_READINGS, status->state);
  }
}

static int visit_consumer(void *context, const char *path)
{
  static const uint64_t units[] = {[CONSUMER_UNIT_BYTES] = 1,
                                   [CONSUMER_UNIT_KB] = 1024,
                                   [CONSUMER_UNIT_PAGES_4K] = 4096};
  struct visit *visit = context;
  const struct consumer_row *row = visit->consumer;
  struct reading *sum =
      (struct reading *)((char *)&visit->sample->consumers + row->offset);
  uint64_t unit =
      row->unit == CONSUMER_UNIT_PAGES ? visit->sample->page_size : units[row->unit];
  struct source_status *status = &visit->sample->sources[visit->source];
  const struct reading total = visit->sample->meminfo.mem_total;
  uint64_t value;
  int error = visit_number(visit, path, row->key, row->field, &value);
  if (error == 0 && scale_number(value, unit, &value, &status->fault) != 0)
    error = -EBADMSG;
  if (error == 0 && total.state == READING_KNOWN && value > total.value - sum->value) {
    fault_note(&status->fault, 0, (struct span){row->key, strlen(row->key)},
               "more than MemTotal");
    error = -EBADMSG;
  }
  if (error == 0) {
    reading_add(sum, value);
    status->state = sum->state;
    return 0;
  }
  if (sysroot_error_state(error) == READING_ABSENT)
    return 0; /* the device went away */
  visit_failed(visit, path, error);
  *sum = reading_missing(status->state);
  return 0;
}

static void collect_consumers(struct collector *collector, struct sample *out)
{
  for (size_t i = 0; i < sizeof(consumer_rows) / sizeof(*consumer_rows); i++) {
    const struct consumer_row *row = &consumer_rows[i];
    struct visit visit = {collector, out, row->source, row};
    const char *pattern = source_rows[row->source].path;
    struct source_status *status = &out->sources[row->source];
    int error = 0;
    if (strpbrk(pattern, "*?[") != NULL)
      error = sysroot_each(&collector->root, pattern, visit_consumer, &visit);
    else
      visit_consumer(&visit, pattern);
    if (error != 0) {
      status->error = error;
      status->state = sysroot_error_state(error);
      reading_fill((struct reading *)((char *)&out->consumers + row->offset), 1,
                   status->state);
    }
  }
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
 * own (kernel/fork.c: thread_stack_cache_init): on 64 KiB pages. */
static void collect_thread_stacks(struct collector *collector, struct sample *out)
{
  if (out->page_size < 1 << 16)
    return;
  struct source_status *status = &out->sources[SOURCE_slabinfo];
  uint64_t objects;
  int error = slurp_source(collector, SOURCE_slabinfo, out);
  if (error == 0)
    error = field_parse(text_of(collector), "thread_stack", 3, &objects, &status->fault);
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

static void walk_processes(struct collector *collector,
                           const struct collect_options *options, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_smaps];
  double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  collector->pss_started = seconds(CLOCK_MONOTONIC);
  status->error = processes_collect(
      &collector->root, out->page_size, options->pss_max_process, &collector->text,
      &out->processes, &status->fault, status->path, sizeof(status->path));
  status->state = status->error != 0 ? sysroot_error_state(status->error)
                                     : smaps_state(&out->processes);
  if (status->error != 0)
    reading_fill(&out->processes.pss, PROCESSES_READINGS, status->state);
  collector->pss_cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
  out->pss_seconds = collector->pss_cpu;
}

/* A walk may start once the last one's cost has been spread thin enough. */
static bool walk_is_due(const struct collector *collector,
                        const struct collect_options *options)
{
  if (!options->pss)
    return false;
  if (options->pss_budget <= 0)
    return true;
  double pause = collector->pss_cpu * 100 / options->pss_budget;
  return seconds(CLOCK_MONOTONIC) - collector->pss_started >= pause;
}

int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out)
{
  memset(out, 0, sizeof(*out));
  double start = seconds(CLOCK_MONOTONIC);
  out->page_size = page_size_of(collector);
  collect_zoneinfo(collector, out);
  int result = collect_meminfo(collector, out);
  collect_vmstat(collector, out);
  collect_vmallocinfo(collector, out);
  collect_hugepages(collector, out);
  collect_cpus(collector, out);
  collect_number(collector, SOURCE_overcommit_ratio, 1, out,
                 &out->overcommit_ratio_count);
  collect_number(collector, SOURCE_overcommit_kbytes, 1024, out, &out->overcommit_kbytes);
  collect_modules(collector, out);
  collect_thread_stacks(collector, out);
  collect_mounts(collector, out);
  collect_consumers(collector, out);
  out->read_seconds = seconds(CLOCK_MONOTONIC) - start;
  if (walk_is_due(collector, options))
    walk_processes(collector, options, out);
  return result;
}
