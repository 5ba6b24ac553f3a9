/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/statm.h"

#include <errno.h>

int statm_parse(struct scan text, uint64_t page_size, struct statm *out,
                struct parse_error *parse_error)
{
  enum { SIZE, RESIDENT, SHARED, FIELDS };
  uint64_t fields[FIELDS];
  struct scan line;
  if (!scan_line(&text, &line))
    line = scan_text(text.at, 0);
  for (int i = 0; i < FIELDS; i++) {
    struct span word = scan_word(&line);
    int error = span_number(word, &fields[i]);
    if (error == 0)
      error = scale(fields[i], page_size, &fields[i]);
    if (error != 0) {
      parse_error_note(parse_error, 1, word, "not a number of pages");
      return -EBADMSG;
    }
  }
  /* The kernel reads the two one after the other. */
  if (fields[SHARED] > fields[RESIDENT])
    fields[RESIDENT] = fields[SHARED];
  *out = (struct statm){.resident = fields[RESIDENT], .shared = fields[SHARED]};
  return 0;
}
