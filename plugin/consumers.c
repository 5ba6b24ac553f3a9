/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/consumers.h"
#include "meminfo_explain/field.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/* What a visitor of a source's files needs. */
struct visit {
  const struct sysroot *root;
  struct text *text;
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

/* Reads one number of `unit` bytes. 0, -EBADMSG for what is no such number, or -errno. */
static int visit_number(struct visit *visit, const char *path, const char *key,
                        unsigned field, uint64_t unit, uint64_t *out)
{
  struct source_status *status = &visit->sample->sources[visit->source];
  int error = sysroot_slurp(visit->root, path, visit->text);
  if (error != 0)
    return error;
  error = field_parse(scan_text(visit->text->bytes, visit->text->length), key, field, out,
                      &status->fault);
  if (error == -ENOENT)
    fault_note(&status->fault, 0, (struct span){key, strlen(key)}, "no such line");
  if (error == 0)
    error = scale_or_fault(*out, unit, out, &status->fault);
  return error == 0 ? 0 : -EBADMSG;
}

/* Adds one file of one size, NUMBER pages of `size` bytes, to a sum. */
static void add_hugepages(struct visit *visit, const char *path, uint64_t size,
                          struct reading *sum)
{
  struct source_status *status = &visit->sample->sources[visit->source];
  uint64_t bytes;
  int error = visit_number(visit, path, "", 1, size, &bytes);
  if (error == -ENOENT) { /* a sum without this size would be too small */
    fault_note(&status->fault, 0, (struct span){"", 0}, "no such file");
    error = -EBADMSG;
  }
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
  const struct reading before = huge->total;
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    char path[160];
    snprintf(path, sizeof(path), "%.128s/%s", directory, files[i].name);
    add_hugepages(visit, path, size, files[i].sum);
  }
  if (size > visit->sample->page_size << BUDDY_ORDER_MAX &&
      huge->total.state == READING_KNOWN)
    reading_add(&huge->gigantic, huge->total.value - before.value);
  return 0;
}

void hugepages_collect(const struct sysroot *root, struct text *text, struct sample *out)
{
  struct source_status *status = &out->sources[SOURCE_hugepages];
  struct visit visit = {root, text, out, SOURCE_hugepages, NULL};
  status->state = READING_KNOWN;
  int error = sysroot_each(root, "sys/kernel/mm/hugepages/hugepages-*kB", visit_hugepages,
                           &visit);
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
  int error = visit_number(visit, path, row->key, row->field, unit, &value);
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

void consumers_collect(const struct sysroot *root, struct text *text, struct sample *out)
{
  for (size_t i = 0; i < sizeof(consumer_rows) / sizeof(*consumer_rows); i++) {
    const struct consumer_row *row = &consumer_rows[i];
    struct visit visit = {root, text, out, row->source, row};
    const char *pattern = source_rows[row->source].path;
    struct source_status *status = &out->sources[row->source];
    int error = 0;
    if (strpbrk(pattern, "*?[") != NULL)
      error = sysroot_each(root, pattern, visit_consumer, &visit);
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
