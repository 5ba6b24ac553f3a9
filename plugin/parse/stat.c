/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/parse/stat.h"

#include <errno.h>
#include <string.h>

/* PF_KTHREAD in include/linux/sched.h, unchanged since 2.6.17. */
static const uint64_t pf_kthread = 0x00200000;

/* Numbers of fields as in proc(5). The state is the first field after the name. */
enum { FIELD_STATE = 3, FIELD_FLAGS = 9, FIELD_RSS = 24, FIELD_STACK = 28 };

static const struct number_row {
  int field;
  bool in_pages;
  size_t offset; /* in struct stat_line */
} number_rows[] = {
    {4, false, offsetof(struct stat_line, parent)},
    {20, false, offsetof(struct stat_line, threads)},
    {22, false, offsetof(struct stat_line, start)},
    {23, false, offsetof(struct stat_line, vsize)},
    {FIELD_RSS, true, offsetof(struct stat_line, rss)},
    {FIELD_STACK, false, offsetof(struct stat_line, stack)},
};

static int take_number(const struct number_row *row, struct span word, uint64_t page_size,
                       struct stat_line *out)
{
  uint64_t *number = (uint64_t *)((char *)out + row->offset);
  int error = span_number(word, number);
  return error == 0 && row->in_pages ? scale(*number, page_size, number) : error;
}

/* Stores one field. 0, or -errno where it is malformed. */
static int take_field(int field, struct span word, uint64_t page_size,
                      struct stat_line *out)
{
  uint64_t number;
  if (field == FIELD_STATE) {
    out->state = word.length == 1 ? *word.at : '\0';
    return word.length == 1 ? 0 : -EBADMSG;
  }
  if (field == FIELD_FLAGS) {
    int error = span_number(word, &number);
    out->kernel_thread = error == 0 && (number & pf_kthread) != 0;
    return error;
  }
  for (size_t i = 0; i < sizeof(number_rows) / sizeof(*number_rows); i++)
    if (number_rows[i].field == field)
      return take_number(&number_rows[i], word, page_size, out);
  return word.length > 0 ? 0 : -EBADMSG;
}

int stat_parse(struct scan text, uint64_t page_size, struct stat_line *out,
               struct parse_error *parse_error)
{
  struct stat_line parsed = {0};
  const char *name_end = memrchr(text.at, ')', (size_t)(text.end - text.at));
  if (name_end == NULL) {
    parse_error_note(parse_error, 1, (struct span){text.at, 0}, "no name in parentheses");
    return -EBADMSG;
  }
  struct scan after = scan_text(name_end + 1, (size_t)(text.end - name_end - 1));
  struct scan rest = after;
  scan_line(&after, &rest);
  for (int field = FIELD_STATE; field <= FIELD_STACK; field++) {
    struct span word = scan_word(&rest);
    if (field > FIELD_RSS && word.length == 0)
      break; /* optional */
    if (take_field(field, word, page_size, &parsed) != 0) {
      parse_error_note(parse_error, 1, word, "not a valid field");
      return -EBADMSG;
    }
  }
  *out = parsed;
  return 0;
}
