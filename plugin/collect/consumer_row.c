/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "consumer_row.h"
#include "consumer_function.h"
#include "meminfo_explain/parse/field.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum consumer_place {
  CONSUMER_PLACE_HIDDEN,
  CONSUMER_PLACE_INSIDE,
  CONSUMER_PLACE_OUTSIDE,
  CONSUMER_PLACE_UPPER_BOUND,
  CONSUMER_PLACE_PART
};

enum consumer_unit {
  CONSUMER_UNIT_BYTES,
  CONSUMER_UNIT_KB,
  CONSUMER_UNIT_RING_KB,
  CONSUMER_UNIT_PAGES,
  CONSUMER_UNIT_PAGES_4K,
  CONSUMER_UNIT_SLOTS,
  CONSUMER_UNIT_COUNT,
  CONSUMER_UNIT_BIT,
  CONSUMER_UNIT_FILES
};

struct consumer_filter {
  const char *beside; /* file in the same directory, whose first word must match */
  const char *except; /* paths that are left out */
  const char *glob;
};
#define ALL                                                                              \
  {                                                                                      \
    NULL, NULL, NULL                                                                     \
  }
#define BESIDE(file, glob)                                                               \
  {                                                                                      \
    file, NULL, glob                                                                     \
  }
#define EXCEPT(glob)                                                                     \
  {                                                                                      \
    NULL, glob, NULL                                                                     \
  }

static const struct consumer_row {
  enum consumer_place place;
  /* Of files. */
  struct consumer_filter filter;
  const char *key;
  unsigned field;
  enum consumer_unit unit;
  /* Of a function; else NULL. */
  consumer_function *function;
  const char *captured;         /* the file of its answer in a captured tree */
  consumer_tree_function *tree; /* of a tree; else NULL */
} consumer_rows[CONSUMER_COUNT] = {
#define CONSUMER(name, place, opener, paths, filter, key, field, unit, ...)              \
  {CONSUMER_PLACE_##place, filter, key, field, CONSUMER_UNIT_##unit, NULL, NULL, NULL},
#define CONSUMER_FUNCTION(name, place, source, function, remedy, ...)                    \
  {CONSUMER_PLACE_##place, ALL, "", 1, CONSUMER_UNIT_BYTES, function,                    \
   "consumers/" #name,     NULL},
#define CONSUMER_TREE(name, place, source, function, ...)                                \
  {CONSUMER_PLACE_##place, ALL, "", 1, CONSUMER_UNIT_BYTES, NULL, NULL, function},
#include "meminfo_explain/tables/consumers.def"
};

/* The reading of one row. */
struct row_reading {
  const struct consumer_row *row;
  const struct consumer_inputs *inputs;
  const struct sysroot *root;
  struct text *text;
  unsigned files_count;
  struct consumer_result result;
};

/* --- a number --------------------------------------------------------------------------
 */

static uint64_t bytes_per(const struct row_reading *reading)
{
  switch (reading->row->unit) {
  case CONSUMER_UNIT_KB:
  case CONSUMER_UNIT_RING_KB:
    return 1024;
  case CONSUMER_UNIT_PAGES:
    return reading->inputs->page_size;
  case CONSUMER_UNIT_PAGES_4K:
    return 4096;
  case CONSUMER_UNIT_SLOTS: /* include/linux/swiotlb.h: IO_TLB_SHIFT */
    return 2048;
  default:
    return 1;
  }
}

static struct span first_word(const struct text *text)
{
  struct scan scan = scan_text(text->bytes, text->length), line;
  return scan_line(&scan, &line) ? scan_word(&line) : (struct span){"", 0};
}

/* The pages that hold so many bytes of payload. */
static uint64_t with_headers(uint64_t payload, uint64_t page_size)
{
  const uint64_t room = page_size - 16; /* struct buffer_data_page */
  uint64_t pages = payload / room + (payload % room != 0), bytes;
  return scale(pages, page_size, &bytes) == 0 ? bytes : INT64_MAX;
}

/* Nothing but 0 and 1; a span is not terminated, so strspn() would not do. */
static bool is_bits(struct span word)
{
  for (size_t i = 0; i < word.length; i++)
    if (word.at[i] != '0' && word.at[i] != '1')
      return false;
  return true;
}

/* The number of the row in the text. 0 or -EBADMSG. */
static int parse_number(struct row_reading *reading, uint64_t *out)
{
  const struct consumer_row *row = reading->row;
  struct parse_error *parse_error = &reading->result.status.parse_error;
  if (row->unit != CONSUMER_UNIT_BIT) {
    int error = field_number(reading->text, row->key, row->field, bytes_per(reading), out,
                             parse_error);
    if (error == 0 && row->unit == CONSUMER_UNIT_RING_KB)
      *out = with_headers(*out, reading->inputs->page_size);
    return error;
  }
  struct span bits = first_word(reading->text);
  if (bits.length <= row->field || !is_bits(bits)) {
    parse_error_note(parse_error, 1, bits, "not a string of bits");
    return -EBADMSG;
  }
  *out = bits.at[row->field] == '1';
  return 0;
}

/* Adds a number to the sum. 0, or -EBADMSG where the sum cannot be: outside of MemTotal
 * there may be any amount. */
static int add_number(struct row_reading *reading, uint64_t value)
{
  const struct consumer_row *row = reading->row;
  const struct reading total = reading->inputs->mem_total;
  struct consumer_result *result = &reading->result;
  bool bounded =
      row->place == CONSUMER_PLACE_HIDDEN || row->place == CONSUMER_PLACE_INSIDE;
  struct reading checked = reading_known(result->sum.value);
  const char *cause = NULL;
  reading_add(&checked, value);
  if (!is_known(checked))
    cause = "number out of range";
  else if (bounded && is_known(total) && checked.value > total.value)
    cause = "above MemTotal";
  if (cause != NULL) {
    parse_error_note(&result->status.parse_error, 0,
                     (struct span){row->key, strlen(row->key)}, cause);
    return -EBADMSG;
  }
  reading_add(&result->sum, value);
  result->status.state = result->sum.state;
  return 0;
}

/* A file that went away is not a failure. */
static void note_failure(struct consumer_result *result, const char *path, int error)
{
  if (sysroot_error_state(error) == READING_ABSENT)
    return;
  source_failed(&result->status, path, error);
  result->sum = reading_missing(result->status.state);
}

/* --- files -----------------------------------------------------------------------------
 */

static int slurp(struct row_reading *reading, const char *path)
{
  return sysroot_slurp_within(reading->root, path, CONSUMER_FILE_MAX, reading->text);
}

/* 1 where the row's filter lets the path through, 0 where not; -errno where the file
 * beside it cannot be read. */
static int passes_filter(struct row_reading *reading, const char *path)
{
  const struct consumer_filter *filter = &reading->row->filter;
  if (filter->except != NULL && fnmatch(filter->except, path, 0) == 0)
    return 0;
  if (filter->beside == NULL)
    return 1;
  char beside[640], word[64];
  const char *slash = strrchr(path, '/');
  snprintf(beside, sizeof(beside), "%.*s/%s", slash != NULL ? (int)(slash - path) : 0,
           path, filter->beside);
  int error = slurp(reading, beside);
  if (error != 0)
    return error;
  const struct span first = first_word(reading->text);
  if (memchr(reading->text->bytes, '\n', reading->text->length) == NULL) {
    parse_error_note(&reading->result.status.parse_error, 1, first,
                     "line is cut off at the end of the file beside it");
    return -EBADMSG;
  }
  span_copy(first, word, sizeof(word));
  return fnmatch(filter->glob, word, 0) == 0;
}

static int read_file(void *context, const char *path)
{
  struct row_reading *reading = context;
  if (reading->files_count++ == CONSUMER_FILES_MAX)
    return -E2BIG;
  uint64_t value = 1;
  const bool listed = reading->row->unit == CONSUMER_UNIT_FILES;
  int error = passes_filter(reading, path);
  if (error == 0)
    return 0;
  if (error == 1)
    error = listed ? 0 : slurp(reading, path);
  if (error == 0 && !listed)
    error = parse_number(reading, &value);
  if (error == 0)
    error = add_number(reading, value);
  if (error != 0)
    note_failure(&reading->result, path, error);
  return 0;
}

/* One of the row's paths. */
static void read_path(struct row_reading *reading, struct span word)
{
  char path[256];
  if (!span_copy(word, path, sizeof(path)))
    return; /* a test checks that every path fits */
  int error = 0;
  if (strpbrk(path, "*?[") != NULL)
    error = sysroot_each(reading->root, path, read_file, reading);
  else
    read_file(reading, path);
  if (error != 0)
    note_failure(&reading->result, path, error);
}

static void read_files(struct row_reading *reading, const char *paths)
{
  while (*paths != '\0' && reading->result.status.state == READING_ABSENT) {
    size_t length = strcspn(paths, "|");
    struct scan scan = scan_text(paths, length);
    for (struct span word; (word = scan_word(&scan)).length > 0;)
      read_path(reading, word);
    paths += length + (paths[length] == '|');
  }
}

/* --- a function ------------------------------------------------------------------------
 */

static void call_function(struct row_reading *reading)
{
  struct consumer_result *result = &reading->result;
  uint64_t value;
  int error = reading->row->function(reading->inputs->page_size, &value);
  if (error == 0)
    error = add_number(reading, value);
  if (error == 0)
    return;
  result->status.error = error == -EBADMSG ? 0 : error;
  result->status.state = sysroot_error_state(error);
  result->sum = reading_missing(result->status.state);
}

/* --- a tree ----------------------------------------------------------------------------
 */

static void call_tree(struct row_reading *reading)
{
  struct consumer_result *result = &reading->result;
  const struct consumer_tree tree = {.root = reading->root,
                                     .page_size = reading->inputs->page_size,
                                     .cma = reading->inputs->cma,
                                     .structs = &reading->inputs->structs,
                                     .text = reading->text,
                                     .status = &result->status};
  struct consumer_bounds bounds = {0};
  bool found = reading->row->tree(&tree, &bounds);
  if (result->status.state > READING_KNOWN)
    result->sum = reading_missing(result->status.state);
  else if (found && add_number(reading, bounds.likely) != 0)
    note_failure(result, "", -EBADMSG);
  if (!is_known(result->sum))
    return;
  result->excess = bounds.likely - bounds.least;
  result->lack = bounds.most - bounds.likely;
}

bool consumer_row_is_tree(unsigned row)
{
  return consumer_rows[row].tree != NULL;
}

struct consumer_result consumer_row_read(unsigned row,
                                         const struct consumer_inputs *inputs,
                                         const struct sysroot *root, struct text *text)
{
  struct row_reading reading = {
      .row = &consumer_rows[row], .inputs = inputs, .root = root, .text = text};
  if (reading.row->tree != NULL)
    call_tree(&reading);
  else if (reading.row->function == NULL)
    read_files(&reading, source_rows[SOURCE_FIRST_CONSUMER + row].path);
  else if (root->live)
    call_function(&reading);
  else
    read_files(&reading, reading.row->captured);
  return reading.result;
}
