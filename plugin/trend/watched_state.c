/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/trend/watched_state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- fields ------------------------------------------------------------------------- */

/* Each number of them is a double without loss. */
enum kind { BOOL, U32, I64, F32, F64 };
static const size_t sizes[] = {[BOOL] = sizeof(bool),
                               [U32] = sizeof(uint32_t),
                               [I64] = sizeof(int64_t),
                               [F32] = sizeof(float),
                               [F64] = sizeof(double)};

struct field {
  const char *name;
  enum kind kind;
  size_t offset, size;
  double min, max;
  bool may_be_nan;
};

#define NEVER false
#define MAYBE true
#define FIELD(type, kind, member, ...)                                                   \
  {#member, kind, offsetof(struct type, member), sizeof(((struct type *)0)->member),     \
   __VA_ARGS__},

static const struct field trend_fields[] = {
#define TREND_FIELD(kind, member, ...) FIELD(trend, kind, member, __VA_ARGS__)
#include "meminfo_explain/tables/trend_state.def"
};
static const struct field past_fields[] = {
#define PAST_FIELD(kind, member, ...) FIELD(watched_past, kind, member, __VA_ARGS__)
#include "meminfo_explain/tables/trend_state.def"
};
static const struct field watched_fields[] = {
#define WATCHED_FIELD(kind, member, ...) FIELD(watched_series, kind, member, __VA_ARGS__)
#include "meminfo_explain/tables/trend_state.def"
};
_Static_assert(TREND_LEVELS == 3 && TREND_STEPS == 2, "trend_state.def lists them");
_Static_assert(sizeof(enum trend_state) == sizeof(uint32_t), "it is saved as U32");

#define COUNT(fields) (sizeof(fields) / sizeof(*(fields)))

static size_t numbers_in(const struct field *field)
{
  return field->size / sizes[field->kind];
}

/* A number of any kind. */
union number {
  bool of_bool;
  uint32_t of_u32;
  int64_t of_i64;
  float of_f32;
  double of_f64;
};

static double get_number(const struct field *field, const void *record, size_t index)
{
  const char *at = (const char *)record + field->offset + index * sizes[field->kind];
  union number number;
  memcpy(&number, at, sizes[field->kind]);
  switch (field->kind) {
  case BOOL:
    return number.of_bool;
  case U32:
    return number.of_u32;
  case I64:
    return (double)number.of_i64;
  case F32:
    return (double)number.of_f32;
  default:
    return number.of_f64;
  }
}

static void set_number(const struct field *field, void *record, size_t index,
                       double value)
{
  char *at = (char *)record + field->offset + index * sizes[field->kind];
  union number number;
  switch (field->kind) {
  case BOOL:
    number.of_bool = value != 0;
    break;
  case U32:
    number.of_u32 = (uint32_t)value;
    break;
  case I64:
    number.of_i64 = (int64_t)value;
    break;
  case F32:
    number.of_f32 = (float)value;
    break;
  case F64:
    number.of_f64 = value;
    break;
  }
  memcpy(at, &number, sizes[field->kind]);
}

/* --- writing ------------------------------------------------------------------------ */

/* Two zeros are not the same. */
static bool is_same(double a, double b)
{
  return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

/* `NAME NUMBER...`; a number that stands there N times in a row is `NUMBER*N`. */
static void put_field(FILE *out, const struct field *field, const void *record)
{
  fputs(field->name, out);
  for (size_t i = 0, next; i < numbers_in(field); i = next) {
    const double number = get_number(field, record, i);
    for (next = i + 1; next < numbers_in(field); next++)
      if (!is_same(get_number(field, record, next), number))
        break;
    if (isnan(number))
      fputs(" nan", out);
    else
      fprintf(out, " %.17g", number);
    if (next - i > 1)
      fprintf(out, "*%zu", next - i);
  }
  putc('\n', out);
}

static void put_record(FILE *out, const struct field fields[], size_t count,
                       const void *record)
{
  for (size_t i = 0; i < count; i++)
    put_field(out, &fields[i], record);
}

/* The numbers of past.bytes are those of the candidates, by position. */
static void put_candidates(FILE *out)
{
  fputs("candidates", out);
  for (unsigned n = 0; watched_candidate(n) < TERM_COUNT; n++)
    fprintf(out, " %s", term_rows[watched_candidate(n)].name);
  putc('\n', out);
}

int watched_state_format(const struct watched_series *watched, struct text *out)
{
  char *bytes = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&bytes, &length);
  if (stream == NULL)
    return -ENOMEM;
  put_record(stream, watched_fields, COUNT(watched_fields), watched);
  put_candidates(stream);
  for (unsigned i = 0; i < WATCHED_SNAPSHOTS; i++) {
    fprintf(stream, "past %u\n", i);
    put_record(stream, past_fields, COUNT(past_fields), &watched->snapshots[i]);
  }
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    fprintf(stream, "trend %s\n", series_rows[series].name);
    put_record(stream, trend_fields, COUNT(trend_fields), &watched->trends[series]);
  }
  bool failed = ferror(stream) != 0;
  failed |= fclose(stream) != 0;
  if (failed) {
    free(bytes);
    return -ENOMEM;
  }
  *out = (struct text){.bytes = bytes, .length = length, .capacity = length};
  return 0;
}

/* --- reading ------------------------------------------------------------------------ */

static bool is_in_range(const struct field *field, double number)
{
  if (isnan(number))
    return field->may_be_nan;
  bool is_whole = field->kind == F32 || field->kind == F64 || number == trunc(number);
  return is_whole && number >= field->min && number <= field->max;
}

/* A decimal number or nan. strtod knows more: hexadecimal ones, inf, blanks. */
static bool parse_number(struct span word, double *out)
{
  char text[32], *end;
  if (span_is(word, "nan")) {
    *out = (double)NAN;
    return true;
  }
  if (word.length == 0 || word.length >= sizeof(text))
    return false;
  memcpy(text, word.at, word.length);
  text[word.length] = '\0';
  *out = strtod(text, &end);
  return strspn(text, "0123456789+-.e") == word.length && *end == '\0';
}

/* NUMBER or NUMBER*N. */
static bool parse_run(struct span word, double *number, uint64_t *times)
{
  const char *star = memchr(word.at, '*', word.length);
  *times = 1;
  if (star == NULL)
    return parse_number(word, number);
  const size_t length = (size_t)(star - word.at);
  const struct span count = {star + 1, word.length - length - 1};
  return parse_number((struct span){word.at, length}, number) &&
         span_number(count, times) == 0;
}

static int parse_field(struct scan *text, const struct field *field, void *record)
{
  struct scan line;
  size_t done = 0;
  uint64_t times;
  double number;
  if (!scan_line(text, &line) || !span_is(scan_word(&line), field->name))
    return -ESTALE;
  for (struct span word; (word = scan_word(&line)).length > 0;) {
    if (!parse_run(word, &number, &times) || !is_in_range(field, number))
      return -EBADMSG;
    if (times > numbers_in(field) - done)
      return -ESTALE;
    for (; times > 0; times--)
      set_number(field, record, done++, number);
  }
  return done == numbers_in(field) ? 0 : -ESTALE;
}

static int parse_record(struct scan *text, const struct field fields[], size_t count,
                        void *record)
{
  int error = 0;
  for (size_t i = 0; i < count && error == 0; i++)
    error = parse_field(text, &fields[i], record);
  return error;
}

/* A line `WHAT NAME`. */
static bool parse_heading(struct scan *text, const char *what, const char *name)
{
  struct scan line;
  return scan_line(text, &line) && span_is(scan_word(&line), what) &&
         span_is(scan_word(&line), name) && scan_word(&line).length == 0;
}

static bool parse_candidates(struct scan *text)
{
  struct scan line;
  if (!scan_line(text, &line) || !span_is(scan_word(&line), "candidates"))
    return false;
  for (unsigned n = 0; watched_candidate(n) < TERM_COUNT; n++)
    if (!span_is(scan_word(&line), term_rows[watched_candidate(n)].name))
      return false;
  return scan_word(&line).length == 0;
}

int watched_state_parse(const char *text, size_t length, struct watched_series *out)
{
  struct scan scan = scan_text(text, length), line;
  *out = (struct watched_series){0};
  int error = parse_record(&scan, watched_fields, COUNT(watched_fields), out);
  if (error == 0 && !parse_candidates(&scan))
    error = -ESTALE;
  for (unsigned i = 0; i < WATCHED_SNAPSHOTS && error == 0; i++) {
    char number[16];
    snprintf(number, sizeof(number), "%u", i);
    error = parse_heading(&scan, "past", number)
                ? parse_record(&scan, past_fields, COUNT(past_fields), &out->snapshots[i])
                : -ESTALE;
  }
  for (unsigned series = 0; series < SERIES_COUNT && error == 0; series++)
    error =
        parse_heading(&scan, "trend", series_rows[series].name)
            ? parse_record(&scan, trend_fields, COUNT(trend_fields), &out->trends[series])
            : -ESTALE;
  return error == 0 && scan_line(&scan, &line) ? -ESTALE : error;
}
