/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/modules.h"

#include <errno.h>

int modules_parse(struct scan text, struct modules *out, struct parse_error *parse_error)
{
  *out = (struct modules){reading_known(0), reading_known(0)};
  struct scan line;
  unsigned bad = 0, before = parse_error->count;
  while (scan_line(&text, &line)) {
    bool open = scan_line_is_open(&text, &line);
    struct span name = scan_word(&line);
    uint64_t size;
    if (span_number(scan_word(&line), &size) == 0 && !open) {
      reading_add(&out->size, size);
      reading_add(&out->modules_count, 1);
    } else {
      bad++;
      parse_error_note(parse_error, line.line, name,
                       open ? "line is cut off at the end of the file"
                            : "size is not a number");
    }
  }
  if (bad == 0) {
    reading_note_sums(&out->size, MODULES_READINGS, parse_error, before);
    return 0;
  }
  reading_fill(&out->size, MODULES_READINGS, READING_MALFORMED);
  return -EBADMSG;
}
