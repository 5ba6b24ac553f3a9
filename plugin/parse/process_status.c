/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/process_status.h"

#include <errno.h>

/* 0 or -EBADMSG. */
static int parse_ids(struct scan *line, uint64_t ids[3])
{
  for (int i = 0; i < 3; i++)
    if (span_number(scan_word(line), &ids[i]) != 0)
      return -EBADMSG;
  return 0;
}

/* A set of capabilities, in sixteen hexadecimal digits. 0 or -EBADMSG. */
static int parse_set(struct scan *line, uint64_t *set)
{
  static const char digits[] = "0123456789abcdef";
  struct span word = scan_word(line);
  uint64_t value = 0;
  for (size_t i = 0; i < word.length; i++) {
    const char *digit = memchr(digits, word.at[i], sizeof(digits) - 1);
    if (digit == NULL)
      return -EBADMSG;
    value = value << 4 | (uint64_t)(digit - digits);
  }
  *set = value;
  return word.length > 0 && word.length <= 16 ? 0 : -EBADMSG;
}

/* The rest of the line, without the blanks around it. */
static struct span rest_of(const struct scan *line)
{
  const char *at = skip_blanks(line->at, line->end);
  return (struct span){at, (size_t)(line->end - at)};
}

int process_status_parse(struct scan text, struct process_status *out)
{
  struct process_status status = {.name = ""};
  struct scan line;
  bool uid = false, gid = false, set = false;
  while (scan_line(&text, &line)) {
    struct span key = scan_word(&line);
    if (span_is(key, "Name:") && status.name[0] == '\0')
      span_copy(rest_of(&line), status.name, sizeof(status.name));
    else if (span_is(key, "Uid:"))
      uid = parse_ids(&line, status.uid) == 0;
    else if (span_is(key, "Gid:"))
      gid = parse_ids(&line, status.gid) == 0;
    else if (span_is(key, "CapPrm:"))
      set = parse_set(&line, &status.capabilities) == 0;
  }
  if (!uid || !gid || !set)
    return -EBADMSG;
  *out = status;
  return 0;
}
