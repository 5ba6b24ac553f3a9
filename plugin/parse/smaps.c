/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/smaps.h"

#include <errno.h>
#include <string.h>

static const struct {
  const char *key; /* with its colon */
  size_t key_length;
} rows[SMAPS_FIELD_COUNT] = {
#define SMAP(member, key, ...) {key ":", sizeof(key)},
#include "meminfo_explain/tables/smaps.def"
};

static bool is_key(struct span key, unsigned row)
{
  return key.length == rows[row].key_length &&
         memcmp(key.at, rows[row].key, key.length) == 0;
}

/* The row of a key, searched from `hint` on: the kernel prints in the order of the rows,
 * so the row after the last one found is nearly always right. */
static unsigned find_row(struct span key, unsigned hint)
{
  for (unsigned row = hint; row < SMAPS_FIELD_COUNT; row++)
    if (is_key(key, row))
      return row;
  for (unsigned row = 0; row < hint; row++)
    if (is_key(key, row))
      return row;
  return SMAPS_FIELD_COUNT;
}

/* Headers start with an address in lower case hexadecimal, keys with a capital letter. */
static bool is_header(struct scan line)
{
  return line.at < line.end &&
         ((*line.at >= '0' && *line.at <= '9') || (*line.at >= 'a' && *line.at <= 'f'));
}

/* smaps_rollup ends its header with this word. */
static bool is_rollup(struct scan header)
{
  static const char word[] = "[rollup]";
  const size_t length = sizeof(word) - 1;
  return (size_t)(header.end - header.at) >= length &&
         memcmp(header.end - length, word, length) == 0;
}

/* Each mapping has the same lines, and the last line of smaps_rollup is Locked: otherwise
 * the text was cut off, or is not a smaps. NULL, or what is wrong; *near is the line. */
static const char *find_gap(const uint64_t lines[SMAPS_FIELD_COUNT + 1],
                            uint64_t mappings, bool rollup, struct span *near)
{
  *near = (struct span){"Pss", 3};
  if (lines[SMAPS_FIELD_pss] == 0)
    return "line not found";
  if (lines[SMAPS_FIELD_pss] != mappings)
    return "not one line per mapping";
  for (unsigned row = 0; row <= SMAPS_FIELD_COUNT; row++)
    if (lines[row] != mappings && lines[row] != 0) {
      const char *key = row < SMAPS_FIELD_COUNT ? rows[row].key : "Locked:";
      *near = (struct span){key, strlen(key) - 1};
      return "not one line per mapping";
    }
  *near = (struct span){"Locked", 6};
  return rollup && lines[SMAPS_FIELD_COUNT] == 0 ? "line not found" : NULL;
}

/* Takes the rest of a line as the kernel prints it: blanks, digits, " kB". False where it
 * has another form. */
static bool take_printed(const struct scan *line, uint64_t *kb)
{
  enum { DIGITS_MAX = 15 }; /* of a number that fits, times 1024, too */
  const char *at = skip_blanks(line->at, line->end), *first = at;
  uint64_t number = 0;
  for (; at < line->end && (unsigned char)(*at - '0') <= 9; at++)
    number = 10 * number + (unsigned char)(*at - '0');
  *kb = number;
  return at > first && at - first <= DIGITS_MAX && line->end - at == 3 &&
         memcmp(at, " kB", 3) == 0;
}

/* Takes the number of kB after the key. 0 or -errno of it. */
static int take_kb(struct scan *line, uint64_t *bytes)
{
  uint64_t kb;
  if (!take_printed(line, &kb)) {
    int error = span_number(scan_word(line), &kb);
    if (error == 0 && !span_is(scan_word(line), "kB"))
      error = -EBADMSG;
    if (error != 0)
      return error;
  }
  return scale(kb, 1024, bytes);
}

int smaps_parse(struct scan text, struct smaps *out, struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  struct scan line;
  uint64_t lines[SMAPS_FIELD_COUNT + 1] = {0}; /* of each row, and of Locked */
  bool rollup = false;
  unsigned next = 0;
  const unsigned before = parse_error->count;
  while (scan_line(&text, &line)) {
    if (is_header(line)) {
      out->mappings_count++;
      rollup |= is_rollup(line);
      continue;
    }
    struct span key = scan_word(&line);
    unsigned row = find_row(key, next);
    if (row == SMAPS_FIELD_COUNT) {
      lines[row] += span_is(key, "Locked:");
      continue;
    }
    next = row + 1;
    uint64_t bytes;
    int error = take_kb(&line, &bytes);
    if (error != 0) {
      parse_error_note(parse_error, line.line, key,
                       error == -ERANGE ? "number out of range" : "not a number of kB");
      return -EBADMSG;
    }
    reading_add(&out->fields[row], bytes);
    lines[row]++;
  }
  struct span near;
  const char *cause = find_gap(lines, out->mappings_count, rollup, &near);
  if (text.line > 0 && cause != NULL) {
    parse_error_note(parse_error, 0, near, cause);
    return -EBADMSG;
  }
  reading_note_sums(out->fields, SMAPS_FIELD_COUNT, parse_error, before);
  return parse_error->count == before ? 0 : -EBADMSG;
}
