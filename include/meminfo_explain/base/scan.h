/* SPDX-License-Identifier: MIT */
/* A cursor over borrowed bytes: lines, words, decimal numbers. The bytes can have any
 * value, NUL included, and need no terminator. */
#ifndef MEMINFO_EXPLAIN_BASE_SCAN_H
#define MEMINFO_EXPLAIN_BASE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
  const char *at;
  size_t length;
};

/* A span of a literal, for tables. */
#define SPAN(literal)                                                                    \
  {                                                                                      \
    literal, sizeof(literal) - 1                                                         \
  }

struct scan {
  const char *at, *end;
  unsigned line; /* number of the last line taken, from 1 */
};

struct scan scan_text(const char *text, size_t length);

/* Takes the next line, without its newline, into *line. False at the end of the text. */
static inline bool scan_line(struct scan *text, struct scan *line)
{
  if (text->at == text->end)
    return false;
  const char *newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
  line->at = text->at;
  line->end = newline != NULL ? newline : text->end;
  line->line = ++text->line;
  text->at = newline != NULL ? newline + 1 : text->end;
  return true;
}

/* Whether the line just taken ended with the text instead of a newline. The kernel ends
 * every line with a newline, so such a line may be cut off. */
static inline bool scan_line_is_open(const struct scan *text, const struct scan *line)
{
  return line->end == text->end;
}

/* Eight bytes at once, the first one in the lowest bits. */
static inline uint64_t load8(const char *at)
{
  uint64_t bytes;
  memcpy(&bytes, at, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  bytes = __builtin_bswap64(bytes);
#endif
  return bytes;
}

#define SCAN_ONES (UINT64_MAX / 255) /* 1 in each byte */

/* Sets bit 7 of each byte that equals `byte`. Only the lowest set bit counts: a borrow
 * may set others above it. */
static inline uint64_t bytes_equal(uint64_t bytes, uint64_t byte)
{
  uint64_t difference = bytes ^ SCAN_ONES * byte;
  return (difference - SCAN_ONES) & ~difference & SCAN_ONES * 0x80;
}

/* The first byte at or after `at` that is no blank. */
static inline const char *skip_blanks(const char *at, const char *end)
{
  while (end - at >= 8 && load8(at) == SCAN_ONES * ' ')
    at += 8;
  while (at < end && (*at == ' ' || *at == '\t'))
    at++;
  return at;
}

/* Takes the next word (bytes between blanks); length 0 at the end of the line. Reads
 * eight bytes at a time: files of /proc are mostly blanks and long words. */
static inline struct span scan_word(struct scan *line)
{
  const char *end = line->end, *at = skip_blanks(line->at, end);
  struct span word = {.at = at};
  uint64_t blank = 0;
  while (end - at >= 8 && blank == 0) {
    uint64_t bytes = load8(at);
    blank = bytes_equal(bytes, ' ') | bytes_equal(bytes, '\t');
    at += blank == 0 ? 8 : __builtin_ctzll(blank) / 8;
  }
  if (blank == 0)
    while (at < end && *at != ' ' && *at != '\t')
      at++;
  word.length = (size_t)(at - word.at);
  line->at = at;
  return word;
}

static inline bool span_equal(struct span a, struct span b)
{
  return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

static inline bool span_is(struct span span, const char *literal)
{
  return span.length == strlen(literal) && memcmp(span.at, literal, span.length) == 0;
}

static inline bool span_starts(struct span span, const char *prefix)
{
  return span.length >= strlen(prefix) && memcmp(span.at, prefix, strlen(prefix)) == 0;
}

/* Parses the whole span as an unsigned decimal number. 0; -EBADMSG if it is not one;
 * -ERANGE if it is above INT64_MAX, which sizes and counters only reach by wrapping below
 * zero. *out is untouched on failure. */
int span_number(struct span span, uint64_t *out);

/* Copies a span into a C string of `size` bytes. Blanks and bytes that are not printable
 * ASCII become '?'. False if the span was cut to fit. */
bool span_copy(struct span span, char *out, size_t size);

/* Sets *out to value * unit. 0, or -ERANGE above INT64_MAX. */
int scale(uint64_t value, uint64_t unit, uint64_t *out);

/* What is wrong with a text: the first error, and the number of errors. */
struct parse_error {
  const char *cause; /* a literal; NULL where there is no error */
  unsigned line;     /* 0 for the whole text */
  unsigned count;    /* of errors */
  char near[40];     /* the key or word where it was found; "" for none */
};

/* Counts an error, and stores it if it is the first. */
void parse_error_note(struct parse_error *parse_error, unsigned line, struct span near,
                      const char *cause);

#endif
