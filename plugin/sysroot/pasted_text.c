/* SPDX-License-Identifier: MIT */
#include "pasted_text.h"

#include <stdbool.h>
#include <stdint.h>

/* Input and output share the buffer: the output never overtakes the input. */
struct cleaner {
  const unsigned char *at, *end;
  char *out;
};

static size_t left(const struct cleaner *cleaner)
{
  return (size_t)(cleaner->end - cleaner->at);
}

/* --- UTF-16 ----------------------------------------------------------------------- */

static bool is_blank(uint32_t character)
{
  return character == 0xa0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200a) || character == 0x202f ||
         character == 0x205f || character == 0x3000;
}

static bool has_no_width(uint32_t character)
{
  return (character >= 0x200b && character <= 0x200f) || character == 0x2060 ||
         character == 0xfeff;
}

/* As PowerShell redirects output. */
static size_t utf16_to_ascii(char *text, size_t length)
{
  const unsigned char *bytes = (const unsigned char *)text;
  if (length < 2 || bytes[0] + bytes[1] != 0xff + 0xfe || bytes[0] == bytes[1])
    return length;
  const unsigned high = bytes[0] == 0xff ? 1 : 0;
  size_t used = 0;
  for (size_t i = 2; i + 1 < length; i += 2) {
    uint32_t character = (uint32_t)bytes[i + high] << 8 | bytes[i + 1 - high];
    if (!has_no_width(character))
      text[used++] = character < 0x80 ? (char)character : is_blank(character) ? ' ' : '?';
  }
  return used;
}

/* --- bytes that are no text of the kernel's ----------------------------------------- */

/* The length of the UTF-8 sequence at the cursor, with its character; 1 for what is none.
 */
static size_t utf8_length(const struct cleaner *cleaner, uint32_t *character)
{
  const unsigned char *at = cleaner->at;
  size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc2 ? 2 : 1;
  *character = at[0];
  if (length == 1 || length > left(cleaner))
    return 1;
  *character = at[0] & (0x7fU >> length);
  for (size_t i = 1; i < length; i++) {
    if ((at[i] & 0xc0) != 0x80) {
      *character = at[0];
      return 1;
    }
    *character = *character << 6 | (at[i] & 0x3f);
  }
  return length;
}

static void take_character(struct cleaner *cleaner)
{
  uint32_t character;
  size_t length = utf8_length(cleaner, &character);
  if (is_blank(character)) /* also of Latin-1, where it is a single byte */
    *cleaner->out++ = ' ';
  for (size_t i = 0; i < length && !is_blank(character) && !has_no_width(character); i++)
    *cleaner->out++ = (char)cleaner->at[i];
  cleaner->at += length;
}

/* ESC [ parameters letter, or ESC ] text BEL, as ECMA-48 has them; false for another. */
static bool skip_escape_sequence(struct cleaner *cleaner)
{
  const unsigned char *at = cleaner->at + 2;
  if (left(cleaner) < 3 || (at[-1] != '[' && at[-1] != ']'))
    return false;
  bool title = at[-1] == ']';
  while (at < cleaner->end && *at >= 0x20 && *at < 0x7f && (title || *at < 0x40))
    at++;
  if (at == cleaner->end || (title ? *at != '\a' : *at < 0x40 || *at >= 0x7f))
    return false;
  cleaner->at = at + 1;
  return true;
}

/* --- lines ------------------------------------------------------------------------ */

/* "> > text" and "| text", also indented. */
static void skip_quote_marks(struct cleaner *cleaner)
{
  for (;;) {
    const unsigned char *at = cleaner->at;
    while (at < cleaner->end && (*at == ' ' || *at == '\t'))
      at++;
    if (at == cleaner->end || (*at != '>' && *at != '|'))
      return;
    at++;
    cleaner->at = at < cleaner->end && *at == ' ' ? at + 1 : at;
  }
}

static void end_line(struct cleaner *cleaner)
{
  while (left(cleaner) > 1 && cleaner->at[0] == '\r' &&
         (cleaner->at[1] == '\r' || cleaner->at[1] == '\n'))
    cleaner->at++;
  cleaner->at++;
  *cleaner->out++ = '\n';
}

size_t pasted_text_clean(char *text, size_t length)
{
  length = utf16_to_ascii(text, length);
  const unsigned char *bytes = (const unsigned char *)text;
  struct cleaner cleaner = {.at = bytes, .end = bytes + length, .out = text};
  for (bool starts = true; cleaner.at < cleaner.end;) {
    if (starts)
      skip_quote_marks(&cleaner);
    starts = false;
    if (cleaner.at == cleaner.end)
      break;
    const unsigned char byte = *cleaner.at;
    if (byte == '\r' || byte == '\n') {
      end_line(&cleaner);
      starts = true;
    } else if (byte >= 0x80) {
      take_character(&cleaner);
    } else if (byte != '\033' || !skip_escape_sequence(&cleaner)) {
      *cleaner.out++ = (char)*cleaner.at++;
    }
  }
  return (size_t)(cleaner.out - text);
}
