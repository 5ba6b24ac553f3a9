/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo.h"

#include <errno.h>
#include <string.h>

const struct meminfo_row meminfo_rows[MEMINFO_FIELD_COUNT] = {
#define FIELD(member, key, unit, inside, ...)                                            \
  {key, sizeof(key) - 1, MEMINFO_UNIT_##unit, MEMINFO_FIELD_##inside},
#include "meminfo_explain/tables/meminfo.def"
};

/* The row of a key, searched from `hint` on: the kernel prints in the order of the rows,
 * so the row after the last one found is nearly always right. */
static enum meminfo_field find_row(struct span key, enum meminfo_field hint)
{
  for (unsigned i = 0; i < MEMINFO_FIELD_COUNT; i++) {
    unsigned row = (hint + i) % MEMINFO_FIELD_COUNT;
    if (key.length == meminfo_rows[row].key_length &&
        memcmp(key.at, meminfo_rows[row].key, key.length) == 0)
      return row;
  }
  return MEMINFO_FIELD_COUNT;
}

/* A line. */
struct line {
  struct span key;
  uint64_t value;
  enum meminfo_unit unit;
  const char *cause; /* what is wrong with it; NULL if nothing */
};

static struct line parse_line(struct scan scan, bool open)
{
  struct line line = {.key = {.at = scan.at}};
  const char *colon = memchr(scan.at, ':', (size_t)(scan.end - scan.at));
  if (colon == NULL) {
    line.key = scan_word(&scan);
    line.cause = "no colon after the key";
    return line;
  }
  line.key.length = (size_t)(colon - scan.at);
  scan.at = colon + 1;

  int error = span_number(scan_word(&scan), &line.value);
  struct span unit = scan_word(&scan);
  if (unit.length == 0)
    line.unit = MEMINFO_UNIT_COUNT;
  else if (span_is(unit, "kB") && scan_word(&scan).length == 0)
    line.unit = MEMINFO_UNIT_KB;
  else
    line.cause = "unit is not kB";
  if (error == 0 && line.unit == MEMINFO_UNIT_KB)
    error = scale(line.value, 1024, &line.value);
  if (error == -ERANGE)
    line.cause = "number out of range (a counter wrapped below zero?)";
  else if (error != 0)
    line.cause = "not a number";
  else if (open && line.unit == MEMINFO_UNIT_COUNT)
    line.cause = "line is cut off at the end of the file";
  return line;
}

/* The entry with that key, as span_copy made it; NULL where there is none. */
static struct meminfo_other *find_other(struct meminfo *out, const char *key)
{
  for (unsigned i = 0; i < out->others_count && i < MEMINFO_OTHERS_MAX; i++)
    if (strcmp(out->others[i].key, key) == 0)
      return &out->others[i];
  return NULL;
}

static const char *store_other(const struct line *line, struct meminfo *out)
{
  struct meminfo_other other = {.value = reading_missing(READING_MALFORMED),
                                .is_count = line->unit == MEMINFO_UNIT_COUNT};
  span_copy(line->key, other.key, sizeof(other.key));
  struct meminfo_other *duplicate = find_other(out, other.key);
  if (duplicate != NULL) {
    duplicate->value = other.value;
    return "duplicate key";
  }
  if (line->cause == NULL)
    other.value = reading_known(line->value);
  if (out->others_count < MEMINFO_OTHERS_MAX)
    out->others[out->others_count] = other;
  out->others_count++;
  return line->cause;
}

/* Stores the line in its field. NULL, or what is wrong with the line. */
static const char *store_row(const struct line *line, enum meminfo_field row,
                             struct meminfo *out)
{
  const char *cause = line->cause;
  if (cause == NULL && line->unit != meminfo_rows[row].unit)
    cause = line->unit == MEMINFO_UNIT_KB ? "unexpected unit" : "missing unit";
  if (out->fields[row].state != READING_ABSENT)
    cause = "duplicate key";
  out->fields[row] =
      cause == NULL ? reading_known(line->value) : reading_missing(READING_MALFORMED);
  return cause;
}

static void bound_fields(const unsigned lines[MEMINFO_FIELD_COUNT], struct meminfo *out,
                         struct parse_error *parse_error)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++) {
    struct reading *field = &out->fields[row];
    if (meminfo_rows[row].inside == MEMINFO_FIELD_nothing || !is_known(*field) ||
        field->value <= out->mem_total.value)
      continue;
    *field = reading_missing(READING_MALFORMED);
    struct span key = {meminfo_rows[row].key, meminfo_rows[row].key_length};
    parse_error_note(parse_error, lines[row], key, "above MemTotal");
  }
}

/* After a line that was cut off, no field is known to be absent. */
static void lose_rest(struct meminfo *out)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (out->fields[row].state == READING_ABSENT)
      out->fields[row] = reading_missing(READING_MALFORMED);
}

int meminfo_parse(struct scan text, struct meminfo *out, struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  unsigned lines[MEMINFO_FIELD_COUNT] = {0};
  struct scan line;
  unsigned next = 0;
  bool cut = false;
  while (scan_line(&text, &line)) {
    bool open = scan_line_is_open(&text, &line);
    struct line parsed = parse_line(line, open);
    enum meminfo_field row = find_row(parsed.key, next);
    const char *cause;
    if (row == MEMINFO_FIELD_COUNT) {
      cause = store_other(&parsed, out);
    } else {
      cause = store_row(&parsed, row, out);
      lines[row] = line.line;
      next = row + 1;
    }
    if (cause != NULL)
      parse_error_note(parse_error, line.line, parsed.key, cause);
    cut = open && parsed.cause != NULL;
  }
  if (!is_known(out->mem_total) || out->mem_total.value == 0) {
    if (parse_error->count == 0)
      parse_error_note(parse_error, 0, (struct span){"MemTotal", 8}, "missing or 0");
    return -EBADMSG;
  }
  if (cut)
    lose_rest(out);
  bound_fields(lines, out, parse_error);
  return 0;
}
