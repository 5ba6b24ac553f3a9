/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/field.h"

#include <errno.h>
#include <string.h>

/* The next word, skipping a colon that stands alone: "current   :   12" has two words,
 * and so has "pages:12". */
static struct span next_word(struct scan *line)
{
  struct span word = scan_word(line);
  if (span_is(word, ":"))
    word = scan_word(line);
  const char *colon = word.length > 0 ? memchr(word.at, ':', word.length - 1) : NULL;
  if (colon != NULL) {
    word.length = (size_t)(colon + 1 - word.at);
    line->at = colon + 1;
  }
  return word;
}

/* The word without a colon at its end. */
static struct span bare(struct span word)
{
  if (word.length > 0 && word.at[word.length - 1] == ':')
    word.length--;
  return word;
}

/* Whether the line starts with the words of `key`, of which "*" matches any word. */
static bool begins_with(struct scan line, const char *key)
{
  struct scan keys = scan_text(key, strlen(key));
  for (struct span want; (want = scan_word(&keys)).length > 0;) {
    struct span word = scan_word(&line);
    bool any = word.length > 0 && span_is(want, "*");
    if (!any && !span_equal(bare(word), bare(want)))
      return false;
  }
  return true;
}

int field_parse(struct scan text, const char *key, unsigned field, uint64_t *out,
                struct parse_error *parse_error)
{
  struct scan line;
  while (scan_line(&text, &line)) {
    if (!begins_with(line, key))
      continue;
    struct span word = {0};
    for (unsigned i = 0; i < field; i++)
      word = next_word(&line);
    uint64_t value;
    int error = span_number(word, &value);
    const char *cause = error == -ERANGE ? "number out of range" : "not a number";
    if (error == 0 && word.at + word.length == text.end) {
      cause = "line is cut off at the end of the file";
      error = -EBADMSG;
    }
    if (error != 0)
      parse_error_note(parse_error, line.line, word, cause);
    else
      *out = value;
    return error;
  }
  return -ENOENT;
}

int field_number(const struct text *text, const char *key, unsigned field, uint64_t unit,
                 uint64_t *out, struct parse_error *parse_error)
{
  uint64_t value;
  int error =
      field_parse(scan_text(text->bytes, text->length), key, field, &value, parse_error);
  if (error == -ENOENT)
    parse_error_note(parse_error, 0, (struct span){key, strlen(key)}, "line not found");
  if (error != 0)
    return -EBADMSG;
  if (scale(value, unit, out) == 0)
    return 0;
  parse_error_note(parse_error, 0, (struct span){"", 0}, "number out of range");
  return -EBADMSG;
}
