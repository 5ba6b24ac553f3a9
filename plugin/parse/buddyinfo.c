/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/buddyinfo.h"

#include <errno.h>

static int bad_line(const struct scan *line, struct span near, const char *cause,
                    struct parse_error *parse_error)
{
  parse_error_note(parse_error, line->line, near, cause);
  return -EBADMSG;
}

/* "Node 0, zone   Normal   12   5   0 ...": blocks of 1, 2, 4 ... pages. */
static int add_zone(struct scan line, uint64_t page_size, struct reading *sum,
                    struct parse_error *parse_error)
{
  unsigned orders = 0;
  if (!span_is(scan_word(&line), "Node"))
    return bad_line(&line, (struct span){"", 0}, "not a zone", parse_error);
  scan_word(&line); /* the number of the node */
  scan_word(&line); /* "zone" */
  scan_word(&line);
  for (struct span word; (word = scan_word(&line)).length > 0; orders++) {
    uint64_t blocks, bytes;
    if (orders >= 32 || span_number(word, &blocks) != 0 ||
        scale(blocks, page_size << orders, &bytes) != 0)
      return bad_line(&line, word, "not a number of blocks", parse_error);
    reading_add(sum, bytes);
  }
  return orders > 0 ? 0 : bad_line(&line, (struct span){"", 0}, "no blocks", parse_error);
}

int buddyinfo_parse(struct scan text, uint64_t page_size, struct reading *out,
                    struct parse_error *parse_error)
{
  struct scan line = {.at = text.at};
  int error = 0;
  *out = (struct reading){0};
  while (error == 0 && scan_line(&text, &line)) {
    error = add_zone(line, page_size, out, parse_error);
    if (error == 0 && scan_line_is_open(&text, &line))
      error = bad_line(&line, (struct span){"", 0},
                       "line is cut off at the end of the file", parse_error);
  }
  if (error == 0 && !is_known(*out))
    error = bad_line(&line, (struct span){"", 0},
                     out->state == READING_ABSENT ? "no zones" : "sum out of range",
                     parse_error);
  if (error != 0)
    *out = reading_missing(READING_MALFORMED);
  return error;
}
