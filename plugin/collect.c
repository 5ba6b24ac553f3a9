/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect.h"
#include "meminfo_explain/cpulist.h"
#include "meminfo_explain/field.h"
#include "meminfo_explain/kmsg.h"
#include "meminfo_explain/mountinfo.h"
#include "meminfo_explain/tear.h"

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

/* The files of collector.bracket. */
enum { BRACKET_BEFORE, BRACKET_MEMINFO, BRACKET_VMSTAT, BRACKET_AFTER, BRACKET_COUNT };

static struct scan scan_of(const struct text *text)
{
  return scan_text(text->bytes, text->length);
}

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
  for (int i = 0; i < BRACKET_COUNT; i++)
    text_free(&collector->bracket[i]);
}

static struct scan text_of(const struct collector *collector)
{
  return scan_of(&collector->text);
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

static void parse_zoneinfo(const struct text *text, int error, uint64_t page_size,
                           struct source_status *status, struct zoneinfo *out)
{
  enum reading_state state = sysroot_error_state(error);
  if (error == 0) {
    if (zoneinfo_parse(scan_of(text), page_size, out, &status->fault) == 0)
      return;
    state = READING_MALFORMED;
  }
  status->state = state;
  reading_fill(&out->pcp, sizeof(*out) / sizeof(struct reading), state);
}

static int parse_meminfo(const struct text *text, int error, struct source_status *status,
                         struct meminfo *out)
{
  if (error != 0) {
    memset(out, 0, sizeof(*out));
    reading_fill(out->fields, MEMINFO_FIELD_COUNT, status->state);
    return error;
  }
  error = meminfo_parse(scan_of(text), out, &status->fault);
  if (error != 0)
    status->state = READING_MALFORMED;
  return error;
}

static void parse_vmstat(const struct text *text, int error, uint64_t page_size,
                         struct source_status *status, struct vmstat *out)
{
  if (error == 0) {
    if (vmstat_parse(scan_of(text), page_size, out, &status->fault) == 0)
      return;
    status->state = READING_MALFORMED;
  }
  reading_fill(out->fields, VMSTAT_FIELD_COUNT, status->state);
}

/* All four files first, parsed afterwards: the less time between them, the better. */
static int collect_bracket(struct collector *collector, struct sample *out)
{
  static const enum source sources[BRACKET_COUNT] = {SOURCE_zoneinfo, SOURCE_meminfo,
                                                     SOURCE_vmstat, SOURCE_zoneinfo};
  int errors[BRACKET_COUNT];
  for (int i = 0; i < BRACKET_COUNT; i++)
    errors[i] = sysroot_slurp(&collector->root, source_rows[sources[i]].path,
                              &collector->bracket[i]);
  for (int i = 0; i < BRACKET_AFTER; i++)
    out->sources[sources[i]] = (struct source_status){
        .error = errors[i], .state = sysroot_error_state(errors[i])};
  const struct text *texts = collector->bracket;
  parse_zoneinfo(&texts[BRACKET_BEFORE], errors[BRACKET_BEFORE], out->page_size,
                 &out->sources[SOURCE_zoneinfo], &out->zoneinfo);
  /* The second says nothing new of what is wrong with the file. */
  struct source_status ignored = {0};
  parse_zoneinfo(&texts[BRACKET_AFTER], errors[BRACKET_AFTER], out->page_size, &ignored,
                 &out->zoneinfo_after);
  parse_vmstat(&texts[BRACKET_VMSTAT], errors[BRACKET_VMSTAT], out->page_size,
               &out->sources[SOURCE_vmstat], &out->vmstat);
  return parse_meminfo(&texts[BRACKET_MEMINFO], errors[BRACKET_MEMINFO],
                       &out->sources[SOURCE_meminfo], &out->meminfo);
}

/* Reads the bracket again while it is torn: at once, and then after a millisecond. */
static int collect_counters(struct collector *collector, struct sample *out)
{
  static const struct timespec pause = {.tv_nsec = 1000 * 1000};
  int result = collect_bracket(collector, out);
  while (tear_of(&out->zoneinfo, &out->zoneinfo_after).value > COLLECT_TEAR_MAX &&
         out->retries + 1 < COLLECT_ATTEMPTS) {
    if (out->retries++ > 0)
      nanosleep(&pause, NULL);
    result = collect_bracket(collector, out);
  }
  return result;
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

/* Adds one file of one size, NUMBER pages of `size` bytes, to a sum. */
static void add_hugepages(struct visit *visit, const char *path, uint64_t size,
                          struct reading *sum)
{
  struct source_status *status = &visit->sample->sources[visit->source];
  uint64_t pages, bytes;
  int error = visit_number(visit, path, "", 1, &pages);
  if (error == -ENOENT) { /* a sum without this size would be too small */
    fault_note(&status->fault, 0, (struct span){"", 0}, "no such file");
    error = -EBADMSG;
  }
  if (error == 0)
    error = scale_number(pages, size, &bytes, &status->fault);
  if (error == 0) {
    reading_add(sum, bytes);
  } else {
    visit_failed(visit, path, error);
    *sum = reading_missing(status->state);
  }
}

static int visit_hugepages(void *context, const char *directory)
{
  /* include/linux/mmzone.h: MAX_ORDER was 11 for long, so that the buddy allocator made
   * blocks of up to 2^10 pages. */
  enum { BUDDY_ORDER_MAX = 10 };
  struct visit *visit = context;
  struct hugepages *huge = &visit->sample->hugepages;
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
  uint64_t size = (uint64_t)size_kb * 1024;
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    char path[160];
    snprintf(path, sizeof(path), "%.128s/%s", directory, files[i].name);
    struct reading before = huge->total;
    add_hugepages(visit, path, size, files[i].sum);
    if (i == 0 && size > visit->sample->page_size << BUDDY_ORDER_MAX &&
        huge->total.state == READING_KNOWN)
      reading_add(&huge->gigantic, huge->total.value - before.value);
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
    out->processes.moved = reading_known(now.value > then.value ? now.value - then.value
                                                                : then.value - now.value);
}

int collect(struct collector *collector, const struct collect_options *options,
            struct sample *out)
{
  memset(out, 0, sizeof(*out));
  double start = seconds(CLOCK_MONOTONIC);
  out->page_size = page_size_of(collector);
  int result = collect_counters(collector, out);
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
  if (options->pss)
    collect_processes(collector, options, out);
  return result;
}
