/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/scan.h"

#include <errno.h>
#include <string.h>

struct scan scan_text(const char *text, size_t length)
{
  /* The pointer of an empty text may be NULL, and NULL + 0 is undefined. */
  return (struct scan){.at = text, .end = length > 0 ? text + length : text};
}

int span_number(struct span span, uint64_t *out)
{
  if (span.length == 0)
    return -EBADMSG;
  uint64_t number = 0;
  bool overflow = false;
  for (size_t i = 0; i < span.length; i++) {
    if (span.at[i] < '0' || span.at[i] > '9')
      return -EBADMSG;
    overflow |= __builtin_mul_overflow(number, 10, &number);
    overflow |= __builtin_add_overflow(number, (uint64_t)(span.at[i] - '0'), &number);
  }
  if (overflow || number > INT64_MAX)
    return -ERANGE;
  *out = number;
  return 0;
}

bool span_copy(struct span span, char *out, size_t size)
{
  size_t length = span.length < size ? span.length : size - 1;
  for (size_t i = 0; i < length; i++)
    out[i] = span.at[i] > ' ' && span.at[i] <= '~' ? span.at[i] : '?';
  out[length] = '\0';
  return length == span.length;
}

int scale(uint64_t value, uint64_t unit, uint64_t *out)
{
  uint64_t product;
  if (__builtin_mul_overflow(value, unit, &product) || product > INT64_MAX)
    return -ERANGE;
  *out = product;
  return 0;
}

void parse_error_note(struct parse_error *parse_error, unsigned line, struct span near,
                      const char *cause)
{
  if (parse_error->count++ > 0)
    return;
  parse_error->cause = cause;
  parse_error->line = line;
  span_copy(near, parse_error->near, sizeof(parse_error->near));
}
