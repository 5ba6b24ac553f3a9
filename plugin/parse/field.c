/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/field.h"

#include <errno.h>

/* The next word that is not a colon standing alone: "current   :   12" has two. */
static struct span next_word(struct scan *line)
{
  struct span word = scan_word(line);
  return span_is(word, ":") ? scan_word(line) : word;
}

static bool key_matches(struct span word, const char *key)
{
  if (word.length > 0 && word.at[word.length - 1] == ':')
    word.length--;
  return span_is(word, key);
}

int field_parse(struct scan text, const char *key, unsigned field, uint64_t *out,
                struct fault *fault)
{
  struct scan line;
  while (scan_line(&text, &line)) {
    struct scan words = line;
    if (*key != '\0' && !key_matches(scan_word(&words), key))
      continue;
    struct span word = {0};
    for (unsigned i = 0; i < field; i++)
      word = next_word(&line);
    int error = span_number(word, out);
    if (error != 0)
      fault_note(fault, line.line, word,
                 error == -ERANGE ? "number out of range" : "not a number");
    return error;
  }
  return -ENOENT;
}
