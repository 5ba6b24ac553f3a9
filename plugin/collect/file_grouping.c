/* SPDX-License-Identifier: MIT */
#include "file_grouping.h"

grouping_parser *const file_grouping_parsers[GROUPING_COUNT] = {
#define GROUPING(name, ...)      NULL,
#define FILE_GROUPING(name, ...) name##_parse,
#include "meminfo_explain/tables/groupings.def"
};

struct reading file_grouping_whole(const struct sample *sample, enum grouping grouping)
{
  switch (grouping) {
#define GROUPING(name, ...)
#define FILE_GROUPING(name, path, cost, remedy, whole, ...)                              \
  case GROUPING_##name:                                                                  \
    return sample->whole;
#include "meminfo_explain/tables/groupings.def"
  default:
    return reading_missing(READING_ABSENT);
  }
}

struct source_status file_grouping_read(const struct sysroot *root, enum source source,
                                        grouping_parser *parse, uint64_t page_size,
                                        struct reading whole, struct text *text,
                                        struct grouping_list *out)
{
  struct source_status status = source_read(root, source, text);
  out->count = 0;
  out->total = reading_known(0); /* a sum over no members is 0 */
  if (is_known(status) && parse(scan_text(text->bytes, text->length), page_size, out,
                                &status.parse_error) != 0)
    status.state = READING_MALFORMED;
  if (is_known(status))
    reading_note_sums(&out->total, 1, &status.parse_error, 0);
  else
    out->total = reading_missing(status.state);
  if (!is_known(out->total))
    out->count = 0;
  else if (is_known(whole) && whole.value > out->total.value)
    out->total = whole;
  return status;
}
