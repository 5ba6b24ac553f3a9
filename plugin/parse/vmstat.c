/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/vmstat.h"

#include <errno.h>
#include <string.h>

enum stat_unit { STAT_UNIT_PAGES, STAT_UNIT_EVENTS };

static const struct {
  const char *key;
  size_t key_length;
  enum stat_unit unit;
} rows[VMSTAT_FIELD_COUNT] = {
#define STAT(member, key, unit, ...) {key, sizeof(key) - 1, STAT_UNIT_##unit},
#include "meminfo_explain/tables/vmstat.def"
};

static unsigned find_row(struct span key)
{
  unsigned row = 0;
  while (row < VMSTAT_FIELD_COUNT && (key.length != rows[row].key_length ||
                                      memcmp(key.at, rows[row].key, key.length) != 0))
    row++;
  return row;
}

/* After a line that was cut off, no field is known to be absent. Returns whether there is
 * such a field. */
static bool lose_rest(struct vmstat *out)
{
  bool any = false;
  for (unsigned row = 0; row < VMSTAT_FIELD_COUNT; row++)
    if (out->fields[row].state == READING_ABSENT) {
      out->fields[row] = reading_missing(READING_MALFORMED);
      any = true;
    }
  return any;
}

int vmstat_parse(struct scan text, uint64_t page_size, struct vmstat *out,
                 struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  struct scan line;
  struct span last = {0};
  bool any = false, open = false, has_row = false;
  while (scan_line(&text, &line)) {
    open = scan_line_is_open(&text, &line);
    struct span key = scan_word(&line);
    struct span word = scan_word(&line);
    uint64_t value;
    int error = span_number(word, &value);
    any |= error == 0;
    unsigned row = find_row(key);
    last = key;
    has_row = row != VMSTAT_FIELD_COUNT;
    if (!has_row)
      continue;
    if (error == 0 && rows[row].unit == STAT_UNIT_PAGES)
      error = scale(value, page_size, &value);
    const char *cause = NULL;
    if (error != 0)
      cause = error == -ERANGE ? "number out of range" : "not a number";
    else if (open)
      cause = "line is cut off at the end of the file";
    else if (out->fields[row].state != READING_ABSENT)
      cause = "duplicate key";
    out->fields[row] =
        cause == NULL ? reading_known(value) : reading_missing(READING_MALFORMED);
    if (cause != NULL)
      parse_error_note(parse_error, line.line, key, cause);
  }
  if (open && lose_rest(out) && !has_row)
    parse_error_note(parse_error, line.line, last,
                     "line is cut off at the end of the file");
  if (any)
    return 0;
  parse_error_note(parse_error, 0, (struct span){"", 0},
                   "no line of the form `key number'");
  return -EBADMSG;
}
