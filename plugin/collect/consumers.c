/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "consumers.h"
#include "meminfo_explain/parse/field.h"
#include "meminfo_explain/workers/supervisor.h"
#include "page_pool.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
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
  CONSUMER_UNIT_BIT
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
  enum source source;
  enum consumer_place place;
  struct consumer_filter filter;
  const char *key;
  unsigned field;
  enum consumer_unit unit;
  size_t offset; /* in struct consumers */
} consumer_rows[] = {
#define CONSUMER(name, place, opener, paths, filter, key, field, unit)                   \
  {SOURCE_##name,        CONSUMER_PLACE_##place,          filter, key, field,            \
   CONSUMER_UNIT_##unit, offsetof(struct consumers, name)},
#include "meminfo_explain/tables/consumers.def"
};
#define ROWS      (sizeof(consumer_rows) / sizeof(*consumer_rows))
#define PAGE_POOL ROWS /* asked like a row, but not by a file */
#define ASKED     (ROWS + 1)

/* What a row came to. */
struct outcome {
  struct reading sum;
  struct source_status status;
};

struct consumers_reader {
  struct supervisor *supervisor;
  /* Guarded by the relay's lock. */
  uint64_t page_size;
  struct reading mem_total;
  struct outcome outcomes[ASKED];
  bool hangs[ASKED];
  unsigned hung_count;
};

/* --- one row, by the worker, on its own stack --------------------------------------- */

struct question {
  const struct sysroot *root;
  struct text *text;
  const struct consumer_row *row;
  uint64_t page_size;
  struct reading mem_total;
  unsigned files_count;
  struct outcome *outcome;
};

static uint64_t bytes_per(const struct question *question)
{
  switch (question->row->unit) {
  case CONSUMER_UNIT_KB:
  case CONSUMER_UNIT_RING_KB:
    return 1024;
  case CONSUMER_UNIT_PAGES:
    return question->page_size;
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

/* The pages around so much payload. */
static uint64_t with_headers(uint64_t payload, uint64_t page_size)
{
  const uint64_t room = page_size - 16; /* struct buffer_data_page */
  uint64_t pages = payload / room + (payload % room != 0), bytes;
  return scale(pages, page_size, &bytes) == 0 ? bytes : INT64_MAX;
}

/* Nothing but 0 and 1; the text behind a span need not end anywhere. */
static bool is_bits(struct span word)
{
  for (size_t i = 0; i < word.length; i++)
    if (word.at[i] != '0' && word.at[i] != '1')
      return false;
  return true;
}

/* The number of the row in the file that was read. 0 or -EBADMSG. */
static int take_number(struct question *question, uint64_t *out)
{
  const struct consumer_row *row = question->row;
  struct parse_error *parse_error = &question->outcome->status.parse_error;
  if (row->unit != CONSUMER_UNIT_BIT) {
    int error = field_number(question->text, row->key, row->field, bytes_per(question),
                             out, parse_error);
    if (error == 0 && row->unit == CONSUMER_UNIT_RING_KB)
      *out = with_headers(*out, question->page_size);
    return error;
  }
  struct span bits = first_word(question->text);
  if (bits.length <= row->field || !is_bits(bits)) {
    parse_error_note(parse_error, 1, bits, "not a word of bits");
    return -EBADMSG;
  }
  *out = bits.at[row->field] == '1';
  return 0;
}

/* More than there is cannot be. Outside of MemTotal there may be any amount. */
static int check_number(struct question *question, uint64_t value)
{
  const struct consumer_row *row = question->row;
  const struct reading most = question->mem_total;
  bool inside =
      row->place == CONSUMER_PLACE_HIDDEN || row->place == CONSUMER_PLACE_INSIDE;
  struct reading sum = reading_known(question->outcome->sum.value);
  const char *cause = NULL;
  reading_add(&sum, value);
  if (!is_known(sum))
    cause = "number out of range";
  else if (inside && is_known(most) && sum.value > most.value)
    cause = "more than MemTotal";
  if (cause == NULL)
    return 0;
  parse_error_note(&question->outcome->status.parse_error, 0,
                   (struct span){row->key, strlen(row->key)}, cause);
  return -EBADMSG;
}

static int slurp(struct question *question, const char *path)
{
  return sysroot_slurp_within(question->root, path, CONSUMERS_FILE_MAX, question->text);
}

/* Whether the row means this file; -errno where the file beside it does not tell. */
static int passes(struct question *question, const char *path)
{
  const struct consumer_filter *filter = &question->row->filter;
  if (filter->except != NULL && fnmatch(filter->except, path, 0) == 0)
    return 0;
  if (filter->beside == NULL)
    return 1;
  char beside[640], word[64];
  const char *slash = strrchr(path, '/');
  snprintf(beside, sizeof(beside), "%.*s/%s", slash != NULL ? (int)(slash - path) : 0,
           path, filter->beside);
  int error = slurp(question, beside);
  if (error != 0)
    return error;
  span_copy(first_word(question->text), word, sizeof(word));
  return fnmatch(filter->glob, word, 0) == 0;
}

/* What went away meanwhile is no failure. */
static void note_failure(struct outcome *outcome, const char *path, int error)
{
  if (sysroot_error_state(error) == READING_ABSENT)
    return;
  source_failed(&outcome->status, path, error);
  outcome->sum = reading_missing(outcome->status.state);
}

static int ask_file(void *context, const char *path)
{
  struct question *question = context;
  struct outcome *outcome = question->outcome;
  if (question->files_count++ == CONSUMERS_FILES_MAX)
    return -E2BIG;
  uint64_t value;
  int error = passes(question, path);
  if (error == 0)
    return 0;
  if (error == 1)
    error = slurp(question, path);
  if (error == 0)
    error = take_number(question, &value);
  if (error == 0)
    error = check_number(question, value);
  if (error == 0) {
    reading_add(&outcome->sum, value);
    outcome->status.state = outcome->sum.state;
  } else {
    note_failure(outcome, path, error);
  }
  return 0;
}

/* One word of the row's paths. */
static void ask_path(struct question *question, struct span word)
{
  char path[256];
  if (!span_copy(word, path, sizeof(path)))
    return; /* a test holds every row to this */
  int error = 0;
  if (strpbrk(path, "*?[") != NULL)
    error = sysroot_each(question->root, path, ask_file, question);
  else
    ask_file(question, path);
  if (error != 0)
    note_failure(question->outcome, path, error);
}

static void ask(struct question *question)
{
  const char *paths = source_rows[question->row->source].path;
  while (*paths != '\0' && question->outcome->status.state == READING_ABSENT) {
    size_t length = strcspn(paths, "|");
    struct scan scan = scan_text(paths, length);
    for (struct span word; (word = scan_word(&scan)).length > 0;)
      ask_path(question, word);
    paths += length + (paths[length] == '|');
  }
}

/* The kernel answers under rtnl_lock. A captured tree has no network. */
static void ask_page_pools(struct question *question)
{
  struct outcome *outcome = question->outcome;
  uint64_t bytes;
  unsigned pools;
  if (!question->root->live)
    return;
  int error = page_pool_inflight(&bytes, &pools);
  if (error == 0 && is_known(question->mem_total) && bytes > question->mem_total.value)
    error = -ERANGE;
  outcome->status.error = error;
  outcome->status.state = sysroot_error_state(error);
  outcome->sum =
      error == 0 ? reading_known(bytes) : reading_missing(outcome->status.state);
}

/* --- the round ---------------------------------------------------------------------- */

static bool ask_row(struct consumers_reader *reader, struct worker *worker, unsigned row)
{
  struct outcome outcome = {0};
  struct question question = {.root = supervisor_root(reader->supervisor),
                              .text = supervisor_text(worker),
                              .outcome = &outcome};
  supervisor_lock(reader->supervisor);
  question.page_size = reader->page_size;
  question.mem_total = reader->mem_total;
  bool hangs = reader->hangs[row];
  supervisor_unlock(reader->supervisor);
  if (hangs)
    return true;
  supervisor_enter(worker, row);
  if (row == PAGE_POOL) {
    ask_page_pools(&question);
  } else {
    question.row = &consumer_rows[row];
    ask(&question);
  }
  if (!supervisor_leave(worker))
    return false;
  supervisor_lock(reader->supervisor);
  reader->outcomes[row] = outcome;
  supervisor_unlock(reader->supervisor);
  return true;
}

static void ask_all(void *context, struct worker *worker)
{
  for (unsigned row = 0; row < ASKED; row++)
    if (!ask_row(context, worker, row))
      return;
}

static bool set_aside(void *context, uint32_t row, double since)
{
  struct consumers_reader *reader = context;
  (void)since;
  if (reader->hung_count == CONSUMERS_HUNG_MAX)
    return false;
  reader->hung_count++;
  return reader->hangs[row] = true;
}

static void came_back(void *context, uint32_t row)
{
  struct consumers_reader *reader = context;
  reader->hangs[row] = false;
  reader->hung_count--;
}

/* --- what others call --------------------------------------------------------------- */

int consumers_open(const struct sysroot *root, struct consumers_reader **out)
{
  static const struct supervisor_job work = {.name = "consumers",
                                             .patience = CONSUMERS_PATIENCE,
                                             .round = ask_all,
                                             .hangs = set_aside,
                                             .came_back = came_back,
                                             .free = free};
  struct consumers_reader *reader = calloc(1, sizeof(*reader));
  if (reader == NULL)
    return -ENOMEM;
  int error = supervisor_open(root, &work, reader, &reader->supervisor);
  if (error != 0)
    free(reader);
  else
    *out = reader;
  return error;
}

void consumers_close(struct consumers_reader *reader)
{
  if (reader != NULL)
    supervisor_close(reader->supervisor);
}

/* Until it answers, a row does not. */
static void begin(struct consumers_reader *reader, const struct sample *sample)
{
  supervisor_lock(reader->supervisor);
  reader->page_size = sample->page_size;
  reader->mem_total = sample->meminfo.mem_total;
  for (unsigned row = 0; row < ASKED; row++)
    reader->outcomes[row] =
        (struct outcome){.sum = reading_missing(READING_MALFORMED),
                         .status = {.state = READING_MALFORMED, .error = -ETIMEDOUT}};
  supervisor_unlock(reader->supervisor);
}

void consumers_collect(struct consumers_reader *reader, struct sample *out)
{
  static const double patience = (CONSUMERS_HUNG_MAX + 1) * 2 * CONSUMERS_PATIENCE;
  begin(reader, out);
  supervisor_request(reader->supervisor, 0);
  supervisor_wait(reader->supervisor, patience);
  supervisor_lock(reader->supervisor);
  for (unsigned row = 0; row < ROWS; row++) {
    const struct consumer_row *consumer = &consumer_rows[row];
    *(struct reading *)((char *)&out->consumers + consumer->offset) =
        reader->outcomes[row].sum;
    out->sources[consumer->source] = reader->outcomes[row].status;
  }
  out->page_pool = reader->outcomes[PAGE_POOL].sum;
  out->sources[SOURCE_page_pool] = reader->outcomes[PAGE_POOL].status;
  supervisor_unlock(reader->supervisor);
}
