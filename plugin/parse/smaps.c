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
  uint64_t pss_lines = 0;
  unsigned next = 0;
  const unsigned before = parse_error->count;
  while (scan_line(&text, &line)) {
    if (is_header(line)) {
      out->mappings_count++;
      continue;
    }
    struct span key = scan_word(&line);
    unsigned row = find_row(key, next);
    if (row == SMAPS_FIELD_COUNT)
      continue;
    next = row + 1;
    uint64_t bytes;
    int error = take_kb(&line, &bytes);
    if (error != 0) {
      parse_error_note(parse_error, line.line, key,
                       error == -ERANGE ? "number out of range" : "not a number of kB");
      return -EBADMSG;
    }
    reading_add(&out->fields[row], bytes);
    pss_lines += row == SMAPS_FIELD_pss;
  }
  /* Without one Pss per mapping, the text was cut off or is not a smaps. */
  if (text.line > 0 && (pss_lines == 0 || pss_lines != out->mappings_count)) {
    parse_error_note(parse_error, 0, (struct span){"Pss", 3},
                     pss_lines == 0 ? "line not found" : "not one line per mapping");
    return -EBADMSG;
  }
  reading_note_sums(out->fields, SMAPS_FIELD_COUNT, parse_error, before);
  return parse_error->count == before ? 0 : -EBADMSG;
}
