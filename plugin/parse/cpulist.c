/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpulist.h"

#include <errno.h>

/* Returns the part before the first character `at`, and sets *rest to the part after it.
 * rest->at is NULL where there is no such character. */
static struct span cut(struct span span, char at, struct span *rest)
{
  const char *found = memchr(span.at, at, span.length);
  if (found == NULL) {
    *rest = (struct span){0};
    return span;
  }
  size_t length = (size_t)(found - span.at);
  *rest = (struct span){found + 1, span.length - length - 1};
  return (struct span){span.at, length};
}

int cpulist_parse(struct scan text, uint64_t *out, struct parse_error *parse_error)
{
  struct scan line = {.at = text.at, .end = text.at};
  if (scan_line(&text, &line) && scan_line_is_open(&text, &line)) {
    parse_error_note(parse_error, 1, scan_word(&line),
                     "line is cut off at the end of the file");
    return -EBADMSG;
  }
  struct span list = scan_word(&line), rest;
  uint64_t cpus = 0;
  do {
    struct span range = cut(list, ',', &rest), high;
    struct span low = cut(range, '-', &high);
    uint64_t first, last;
    if (span_number(low, &first) != 0 ||
        span_number(high.at != NULL ? high : low, &last) != 0 || last < first ||
        last > CPULIST_CPU_MAX) {
      parse_error_note(parse_error, 1, range, "not a CPU range");
      return -EBADMSG;
    }
    cpus += last - first + 1;
    list = rest;
  } while (list.at != NULL);
  *out = cpus;
  return 0;
}
