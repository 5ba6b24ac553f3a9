/* SPDX-License-Identifier: MIT */
#include "sysroot/pasted_text.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A literal with its length: a text may have NUL bytes. */
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
  const char *text;
  size_t length;
  const char *want;
} cases[] = {
    {TEXT(""), ""},
    {TEXT("a\nb\n"), "a\nb\n"},
    {TEXT("a\r\nb\r\n\r\n"), "a\nb\n\n"},
    {TEXT("a\r\r\nb\r"), "a\nb\n"},
    {TEXT("a\rb\rc"), "a\nb\nc"},
    {TEXT("a:\xc2\xa0\xe2\x80\xaf\xe3\x80\x80\xe2\x80\x87\xe2\x80\x8a"
          "1"),
     "a:     1"},
    {TEXT("a:\xa0"
          "1"),
     "a: 1"}, /* Latin-1 */
    {TEXT("\xef\xbb\xbf"
          "a\xe2\x80\x8b: 1"),
     "a: 1"},
    {TEXT("caf\xc3\xa9 \xe2\x80\xa6"), "caf\xc3\xa9 \xe2\x80\xa6"},
    {TEXT("\xe2\x80"), "\xe2\x80"},
    {TEXT("\xe2"
          "a\xff"),
     "\xe2"
     "a\xff"},
    {TEXT("> a\n>> b\n> > c\n >d\n| e\n"), "a\nb\nc\nd\ne\n"},
    {TEXT(">   pages free\n  pages free\n>\n"), "  pages free\n  pages free\n\n"},
    {TEXT("> a\r\n> b\r\n"), "a\nb\n"},
    {TEXT("a > b | c\n"), "a > b | c\n"},
    {TEXT("\033[01;31m\033[Ka\033[m\033[K: 1\n"), "a: 1\n"},
    {TEXT("\033]0;title\a$ a\n"), "$ a\n"},
    {TEXT("\033[\n\033\n\033]x\n"), "\033[\n\033\n\033]x\n"},
    {TEXT("\xff\xfe"
          "a\0:\0\xa0\0"
          "1\0\r\0\n\0"),
     "a: 1\n"},
    {TEXT("\xfe\xff\0a\0:\0 \x20\x26\0\n"), "a: ?\n"},
};

START_TEST(what_a_copy_changes_is_restored)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    /* A block of its own, so that a sanitizer sees accesses beyond it. */
    char *text = malloc(cases[i].length + (cases[i].length == 0));
    memcpy(text, cases[i].text, cases[i].length);
    size_t length = pasted_text_clean(text, cases[i].length);
    ck_assert_msg(length == strlen(cases[i].want) &&
                      memcmp(text, cases[i].want, length) == 0,
                  "%zu: \"%.*s\"", i, (int)length, text);
    free(text);
  }
}
END_TEST

START_TEST(files_of_the_kernel_remain_as_they_are)
{
  static const char *const files[] = {"proc/meminfo", "proc/zoneinfo", "proc/vmstat"};
  for (size_t i = 0; i < fixtures_count(); i++)
    for (size_t j = 0; j < LENGTH(files); j++) {
      char path[512];
      snprintf(path, sizeof(path), "%s/%s", fixture_root(i), files[j]);
      /* Copied on purpose, as its name says. */
      FILE *file = strstr(path, "pasted") == NULL ? fopen(path, "re") : NULL;
      if (file == NULL)
        continue;
      fclose(file);
      size_t length;
      char *want = file_read(path, &length), *text = file_read(path, NULL);
      ck_assert_uint_eq(pasted_text_clean(text, length), length);
      ck_assert_mem_eq(text, want, length);
      free(want);
      free(text);
    }
}
END_TEST

SUITE_MAIN("pasted_text", what_a_copy_changes_is_restored,
           files_of_the_kernel_remain_as_they_are)
