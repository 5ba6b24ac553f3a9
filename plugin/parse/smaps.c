/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/smaps.h"

#include <errno.h>
#include <string.h>

static const struct {
  const char *key; /* with its colon */
  size_t key_length;
} rows[SMAPS_FIELD_COUNT] = {
#define SMAP(member, key) {key ":", sizeof(key)},
#include "meminfo_explain/tables/smaps.def"
};

static unsigned find_row(struct span key)
{
  unsigned row = 0;
  while (row < SMAPS_FIELD_COUNT && (key.length != rows[row].key_length ||
                                     memcmp(key.at, rows[row].key, key.length) != 0))
    row++;
  return row;
}

/* Headers begin with an address in lower case hexadecimal, keys with a capital. */
static bool is_header(struct scan line)
{
  return line.at < line.end &&
         ((*line.at >= '0' && *line.at <= '9') || (*line.at >= 'a' && *line.at <= 'f'));
}

int smaps_parse(struct scan text, struct smaps *out, struct parse_error *parse_error)
{
  memset(out, 0, sizeof(*out));
  struct scan line;
  uint64_t pss_lines = 0;
  const unsigned before = parse_error->count;
  while (scan_line(&text, &line)) {
    if (is_header(line)) {
      out->mappings_count++;
      continue;
    }
    struct span key = scan_word(&line);
    unsigned row = find_row(key);
    if (row == SMAPS_FIELD_COUNT)
      continue;
    uint64_t bytes;
    int error = span_number(scan_word(&line), &bytes);
    if (error == 0 && !span_is(scan_word(&line), "kB"))
      error = -EBADMSG;
    if (error == 0)
      error = scale(bytes, 1024, &bytes);
    if (error != 0) {
      parse_error_note(parse_error, line.line, key,
                       error == -ERANGE ? "number out of range" : "not a number of kB");
      return -EBADMSG;
    }
    reading_add(&out->fields[row], bytes);
    pss_lines += row == SMAPS_FIELD_pss;
  }
  /* A text without one Pss per mapping was cut short, or is something else. */
  if (text.line > 0 && (pss_lines == 0 || pss_lines != out->mappings_count)) {
    parse_error_note(parse_error, 0, (struct span){"Pss", 3},
                     pss_lines == 0 ? "line not found" : "not one line per mapping");
    return -EBADMSG;
  }
  reading_note_sums(out->fields, SMAPS_FIELD_COUNT, parse_error, before);
  return parse_error->count == before ? 0 : -EBADMSG;
}
