/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_line.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Sets the value, or the cause why there is none. The unit is set before. */
static void set_value(struct meminfo_line *line, struct span number, bool open)
{
  int error = span_number(number, &line->value);
  if (error == 0 && line->unit == MEMINFO_UNIT_KB)
    error = scale(line->value, 1024, &line->value);
  if (error == -ERANGE)
    line->cause = "number out of range (a counter wrapped below zero?)";
  else if (error != 0)
    line->cause = "not a number";
  else if (open && line->unit == MEMINFO_UNIT_COUNT)
    line->cause = "line is cut off at the end of the file";
}

struct meminfo_line meminfo_line_parse(struct scan scan, bool open, unsigned hint)
{
  struct meminfo_line line = {.key = {.at = scan.at}, .unit = MEMINFO_UNIT_COUNT};
  const char *colon = memchr(scan.at, ':', (size_t)(scan.end - scan.at));
  if (colon == NULL) {
    line.key = scan_word(&scan);
    line.row = meminfo_find_row(line.key, hint);
    line.cause = "no colon after the key";
    return line;
  }
  line.key.length = (size_t)(colon - scan.at);
  line.row = meminfo_find_row(line.key, hint);
  scan.at = colon + 1;

  struct span number = scan_word(&scan), unit = scan_word(&scan);
  if (span_is(unit, "kB") && scan_word(&scan).length == 0)
    line.unit = MEMINFO_UNIT_KB;
  else if (unit.length > 0)
    line.cause = "unit is not kB";
  set_value(&line, number, open);
  return line;
}

/* --- what surrounds a pasted meminfo ------------------------------------------------ */

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct span between(const char *at, const char *end)
{
  return (struct span){.at = at, .length = (size_t)(end - at)};
}

static struct span trimmed(struct scan line)
{
  line.at = skip_blanks(line.at, line.end);
  while (line.end > line.at && (line.end[-1] == ' ' || line.end[-1] == '\t'))
    line.end--;
  return between(line.at, line.end);
}

static bool contains(struct span span, const char *literal)
{
  return memmem(span.at, span.length, literal, strlen(literal)) != NULL;
}

static bool ends_with(struct span span, char c)
{
  return span.length > 0 && span.at[span.length - 1] == c;
}

/* Whether a number follows the last colon. */
static bool has_value(struct span line)
{
  const char *colon = memrchr(line.at, ':', line.length);
  if (colon == NULL)
    return false;
  struct scan rest = {.at = colon + 1, .end = line.at + line.length};
  struct span word = scan_word(&rest);
  return word.length > 0 && is_digit(word.at[0]);
}

/* "$ ...", "root@host:~# ...", "[root@host ~]# ...", "~ # ...": one of the first words
 * ends with the mark of a prompt. */
static bool has_prompt(struct scan line)
{
  for (unsigned i = 0; i < 3; i++) {
    struct span word = scan_word(&line);
    bool percentage = word.length > 1 && is_digit(word.at[word.length - 2]);
    if (ends_with(word, '$') || ends_with(word, '#') || ends_with(word, '>') ||
        (ends_with(word, '%') && !percentage))
      return true;
  }
  return false;
}

static bool has_words(struct span line)
{
  for (size_t i = 0; i < line.length; i++)
    if (is_alphanumeric(line.at[i]))
      return true;
  return false;
}

/* Finds the first colon after a key of meminfo.def. */
static bool find_key(struct scan line, unsigned hint, struct meminfo_line *out);

enum pasted_line pasted_line_kind(struct scan scan)
{
  struct meminfo_line unused;
  struct span line = trimmed(scan);
  if (line.length == 0)
    return PASTED_FRAME;
  if (find_key(scan, 0, &unused))
    return PASTED_ENTRIES;
  if (contains(line, "..") || contains(line, "\xe2\x80\xa6") || contains(line, "snip"))
    return PASTED_OMISSION;
  bool tag = line.at[0] == '<' && ends_with(line, '>');
  if (!has_words(line) || tag || span_starts(line, "```") || span_starts(line, "~~~"))
    return PASTED_FRAME;
  return !has_value(line) && (contains(line, "meminfo") || has_prompt(scan))
             ? PASTED_FRAME
             : PASTED_ENTRIES;
}

/* --- entries ---------------------------------------------------------------------- */

static bool is_number(struct span span)
{
  for (size_t i = 0; i < span.length; i++)
    if (!is_digit(span.at[i]))
      return false;
  return span.length > 0;
}

/* What may stand before a key: "", "12", "/proc/meminfo:", "host: ", "[12.3] ", "JD> ",
 * "- ". Not "Node 0 ", since that is the key of another file. */
static bool is_prefix(struct span prefix)
{
  struct scan scan = scan_text(prefix.at, prefix.length);
  prefix = trimmed(scan);
  return prefix.length == 0 || is_number(prefix) || !has_words(prefix) ||
         ends_with(prefix, ':') || ends_with(prefix, ']') || ends_with(prefix, '>');
}

/* The word that ends at `end`, blanks before that ignored. */
static struct span word_before(const char *start, const char *end)
{
  while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  const char *at = end;
  while (at > start && memchr(" \t:]>", at[-1], 5) == NULL)
    at--;
  return between(at, end);
}

static bool find_key(struct scan line, unsigned hint, struct meminfo_line *out)
{
  const char *from = line.at;
  for (const char *colon; (colon = memchr(from, ':', (size_t)(line.end - from))) != NULL;
       from = colon + 1) {
    struct span key = word_before(from, colon);
    enum meminfo_field row = meminfo_find_row(key, hint);
    if (row == MEMINFO_FIELD_COUNT || !is_prefix(between(line.at, key.at)))
      continue;
    out->key = key;
    out->row = row;
    return true;
  }
  struct span word = scan_word(&line);
  struct span number = scan_word(&line);
  out->key = word;
  out->row = meminfo_find_row(word, hint);
  return out->row != MEMINFO_FIELD_COUNT && number.length > 0 && is_digit(number.at[0]);
}

/* The key of a vendor's line, with what may stand before it. */
static bool find_unknown_key(struct scan line, struct meminfo_line *out)
{
  const char *at = line.at, *colon;
  out->row = MEMINFO_FIELD_COUNT;
  while ((colon = memchr(at, ':', (size_t)(line.end - at))) != NULL) {
    struct scan part = {.at = at, .end = colon};
    struct span first = scan_word(&part);
    bool numbered = is_number(first) && trimmed(part).length > 0; /* by cat -n */
    part.at = numbered ? part.at : at;
    out->key = trimmed(part);
    if (!is_number(out->key) && !contains(out->key, "meminfo"))
      return true;
    at = colon + 1;
  }
  return false;
}

static bool is_kb(struct span unit)
{
  return (unit.length == 2 && strncasecmp(unit.at, "kb", 2) == 0) ||
         (unit.length == 3 && strncasecmp(unit.at, "kib", 3) == 0);
}

/* Splits "12kB". */
static struct span take_number(struct scan *line)
{
  struct span word = scan_word(line);
  size_t digits = 0;
  while (digits < word.length && is_digit(word.at[digits]))
    digits++;
  if (digits > 0 && is_kb(between(word.at + digits, word.at + word.length))) {
    word.length = digits;
    line->at = word.at + digits;
  }
  return word;
}

/* Whether the next entry follows, or nothing but a comment, which is then taken. */
static bool takes_end(struct scan *line)
{
  struct meminfo_line next;
  struct span rest = trimmed(*line);
  if (rest.length > 0 && memchr("<#(", rest.at[0], 3) != NULL)
    line->at = line->end;
  else if (rest.length == 0)
    line->at = line->end;
  else
    return find_key(*line, 0, &next) && next.key.at == rest.at;
  return true;
}

struct meminfo_line pasted_line_take(struct scan *line, bool open, unsigned hint)
{
  struct meminfo_line out = {.unit = MEMINFO_UNIT_COUNT};
  if (!find_key(*line, hint, &out) && !find_unknown_key(*line, &out)) {
    out.key = scan_word(line);
    out.cause = "no colon after the key";
    line->at = line->end;
    return out;
  }
  line->at = out.key.at + out.key.length;
  struct span colon = trimmed(*line);
  if (colon.length > 0 && colon.at[0] == ':')
    line->at = colon.at + 1;
  struct span number = take_number(line);
  struct scan after = *line;
  if (is_kb(scan_word(&after))) {
    out.unit = MEMINFO_UNIT_KB;
    *line = after;
  }
  if (!takes_end(line)) {
    out.cause = "unit is not kB";
    line->at = line->end;
  }
  set_value(&out, number, open && line->at == line->end);
  return out;
}
