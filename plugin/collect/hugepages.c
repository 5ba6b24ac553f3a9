/* SPDX-License-Identifier: MIT */
#include "hugepages.h"
#include "meminfo_explain/parse/field.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SIZES "sys/kernel/mm/hugepages"

struct context {
  const struct sysroot *root;
  uint64_t page_size;
  struct text *text;
  struct hugepages *sums;
  struct source_status *status;
};

/* Adds one file, which holds a number of pages of `size` bytes, to a sum. */
static void add_file(struct context *context, const char *path, uint64_t size,
                     struct reading *sum)
{
  struct source_status *status = context->status;
  uint64_t bytes;
  int error = sysroot_slurp(context->root, path, context->text);
  if (error == 0)
    error = field_number(context->text, "", 1, size, &bytes, &status->parse_error);
  if (error == -ENOENT) { /* without this file the sum would be too small */
    parse_error_note(&status->parse_error, 0, (struct span){"", 0}, "no such file");
    error = -EBADMSG;
  }
  if (error == 0) {
    reading_add(sum, bytes);
  } else {
    source_failed(status, path, error);
    *sum = reading_missing(status->state);
  }
}

/* The size in the name sys/kernel/mm/hugepages/hugepages-SIZEkB, in bytes. 0; -EBADMSG
 * where it is not a number, or -ERANGE. */
static int size_of(const char *directory, uint64_t *size)
{
  struct span name = {directory + sizeof(SIZES "/hugepages-") - 1, 0};
  name.length = strcspn(name.at, "k");
  int error =
      strcmp(name.at + name.length, "kB") == 0 ? span_number(name, size) : -EBADMSG;
  return error == 0 ? scale(*size, 1024, size) : error;
}

static int add_size(void *opaque, const char *directory)
{
  /* The largest block of the buddy allocator is 2^10 pages by default
   * (include/linux/mmzone.h: MAX_ORDER; MAX_PAGE_ORDER since 6.8). */
  enum { BUDDY_ORDER_MAX = 10 };
  struct context *context = opaque;
  struct hugepages *huge = context->sums;
  const struct {
    const char *name;
    struct reading *sum;
  } files[] = {{"nr_hugepages", &huge->total},
               {"free_hugepages", &huge->free},
               {"resv_hugepages", &huge->reserved}};
  uint64_t size;
  int error = size_of(directory, &size);
  if (error == -ERANGE) {
    source_failed(context->status, directory, error);
    huge->total = huge->free = huge->reserved = reading_missing(READING_MALFORMED);
  }
  if (error != 0)
    return 0;
  reading_add(&huge->sizes_count, 1);
  const struct reading before = huge->total;
  for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
    char path[160];
    snprintf(path, sizeof(path), "%.128s/%s", directory, files[i].name);
    add_file(context, path, size, files[i].sum);
  }
  if (size > context->page_size << BUDDY_ORDER_MAX && is_known(huge->total))
    reading_add(&huge->gigantic, huge->total.value - before.value);
  return 0;
}

struct source_status hugepages_read(const struct sysroot *root, uint64_t page_size,
                                    struct text *text, struct hugepages *out)
{
  struct source_status status = {.state = READING_KNOWN};
  struct context context = {
      .root = root, .page_size = page_size, .text = text, .sums = out, .status = &status};
  *out = (struct hugepages){0};
  int error = sysroot_each(root, SIZES "/hugepages-*kB", add_size, &context);
  if (error != 0) {
    status.error = error;
    status.state = sysroot_error_state(error);
    reading_fill(&out->total, HUGEPAGES_READINGS, status.state);
  }
  return status;
}
