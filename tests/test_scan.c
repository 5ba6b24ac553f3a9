/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/scan.h"

#include "suite.h"

#include <errno.h>

static struct span span_of(const char *text)
{
  return (struct span){.at = text, .length = strlen(text)};
}

/* A literal with its length, for bytes that a C string cannot have. */
#define BYTES(literal) literal, sizeof(literal) - 1

START_TEST(lines_come_numbered_and_without_their_newline)
{
  static const char *const want[] = {"first", "", "  third ", "last"};
  struct scan text = scan_string("first\n\n  third \nlast\n"), line;
  for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++) {
    ck_assert(scan_line(&text, &line));
    ck_assert_uint_eq(line.line, i + 1);
    ck_assert_uint_eq((size_t)(line.end - line.at), strlen(want[i]));
    ck_assert_mem_eq(line.at, want[i], strlen(want[i]));
  }
  ck_assert(!scan_line(&text, &line));
  ck_assert_uint_eq(text.line, 4);
}
END_TEST

START_TEST(empty_text_has_no_line)
{
  struct scan text = scan_string(""), line;
  ck_assert(!scan_line(&text, &line));
  ck_assert_uint_eq(text.line, 0);
}
END_TEST

START_TEST(only_a_last_line_without_newline_is_open)
{
  struct scan text = scan_string("closed\nopen"), line;
  ck_assert(scan_line(&text, &line));
  ck_assert(!scan_line_is_open(&text, &line));
  ck_assert(scan_line(&text, &line));
  ck_assert(scan_line_is_open(&text, &line));

  text = scan_string("closed\n");
  ck_assert(scan_line(&text, &line));
  ck_assert(!scan_line_is_open(&text, &line));
}
END_TEST

START_TEST(a_nul_byte_ends_neither_line_nor_word)
{
  struct scan text = scan_text(BYTES("a\0b c\nd")), line;
  ck_assert(scan_line(&text, &line));
  ck_assert_int_eq(line.end - line.at, 5);
  struct span word = scan_word(&line);
  ck_assert_uint_eq(word.length, 3);
  ck_assert_mem_eq(word.at, "a\0b", 3);
  ck_assert(span_is(scan_word(&line), "c"));
}
END_TEST

START_TEST(words_are_split_at_blanks_and_tabs)
{
  struct scan line = scan_string(" \tone  two\tthree ");
  ck_assert(span_is(scan_word(&line), "one"));
  ck_assert(span_is(scan_word(&line), "two"));
  ck_assert(span_is(scan_word(&line), "three"));
  ck_assert_uint_eq(scan_word(&line).length, 0);
  ck_assert_uint_eq(scan_word(&line).length, 0);
}
END_TEST

/* Words and blanks are read eight bytes at a time. */
START_TEST(words_and_blanks_of_any_length_are_separated)
{
  for (size_t blanks = 0; blanks <= 20; blanks++)
    for (size_t length = 1; length <= 20; length++)
      for (size_t rest = 0; rest <= 10; rest++) {
        char text[64];
        memset(text, ' ', blanks);
        memset(text + blanks, 'w', length);
        memset(text + blanks + length, rest % 2 == 0 ? '\t' : ' ', rest);
        struct scan line = scan_text(text, blanks + length + rest);
        struct span word = scan_word(&line);
        ck_assert_ptr_eq(word.at, text + blanks);
        ck_assert_uint_eq(word.length, length);
        ck_assert_uint_eq(scan_word(&line).length, 0);
      }
}
END_TEST

START_TEST(carriage_return_is_part_of_the_word)
{
  struct scan line = scan_string("12\r");
  ck_assert(span_is(scan_word(&line), "12\r"));
}
END_TEST

START_TEST(span_is_compares_the_whole_span)
{
  ck_assert(span_is(span_of("Cached"), "Cached"));
  ck_assert(!span_is(span_of("Cached"), "Cach"));
  ck_assert(!span_is(span_of("Cach"), "Cached"));
  ck_assert(!span_is(span_of("SwapCached"), "Cached"));
  ck_assert(span_is(span_of(""), ""));
}
END_TEST

START_TEST(span_starts_with_a_prefix_no_longer_than_itself)
{
  ck_assert(span_starts(span_of("pages=4"), "pages="));
  ck_assert(span_starts(span_of("pages="), "pages="));
  ck_assert(!span_starts(span_of("pages"), "pages="));
  ck_assert(!span_starts(span_of("vpages=4"), "pages="));
}
END_TEST

static const struct {
  const char *text;
  int error;
  uint64_t want;
} numbers[] = {
    {"0", 0, 0},
    {"7", 0, 7},
    {"007", 0, 7},
    {"4096", 0, 4096},
    {"9223372036854775807", 0, INT64_MAX},
    {"9223372036854775808", -ERANGE, 0},
    {"18446744073709551612", -ERANGE, 0}, /* -4 as the kernel prints it */
    {"18446744073709551616", -ERANGE, 0}, /* 2^64 */
    {"18446744073709551617", -ERANGE, 0},
    {"36893488147419103232", -ERANGE, 0}, /* 2^65 */
    {"999999999999999999999999999999999999999", -ERANGE, 0},
    {"99999999999999999999x", -EBADMSG, 0},
    {"", -EBADMSG, 0},
    {"-1", -EBADMSG, 0},
    {"+1", -EBADMSG, 0},
    {" 1", -EBADMSG, 0},
    {"1 ", -EBADMSG, 0},
    {"1.5", -EBADMSG, 0},
    {"1e3", -EBADMSG, 0},
    {"0x10", -EBADMSG, 0},
    {"12kB", -EBADMSG, 0},
    {"1:", -EBADMSG, 0}, /* the characters next to the digits */
    {"1/", -EBADMSG, 0},
};

START_TEST(number_is_the_whole_span_in_decimal)
{
  for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
    uint64_t got = 4711;
    int error = span_number(span_of(numbers[i].text), &got);
    ck_assert_msg(error == numbers[i].error, "\"%s\": %d", numbers[i].text, error);
    uint64_t want = error == 0 ? numbers[i].want : 4711;
    ck_assert_msg(got == want, "\"%s\": %llu", numbers[i].text, (unsigned long long)got);
  }
}
END_TEST

START_TEST(number_with_a_nul_byte_is_refused)
{
  uint64_t got = 4711;
  ck_assert_int_eq(span_number((struct span){BYTES("1\0002")}, &got), -EBADMSG);
  ck_assert_uint_eq(got, 4711);
}
END_TEST

static const struct {
  const char *bytes;
  size_t length, size;
  const char *want;
  bool whole;
} copies[] = {
    {BYTES("MemFree"), 8, "MemFree", true},
    {BYTES("MemFree"), 7, "MemFre", false},
    {BYTES("MemFree"), 1, "", false},
    {BYTES(""), 1, "", true},
    {BYTES("a\0b\tc\x7f\xff\x1b~!"), 32, "a?b?c???~!", true},
};

START_TEST(copy_is_cut_to_size_and_printable)
{
  for (size_t i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
    char out[32];
    struct span span = {copies[i].bytes, copies[i].length};
    ck_assert_int_eq(span_copy(span, out, copies[i].size), copies[i].whole);
    ck_assert_str_eq(out, copies[i].want);
  }
}
END_TEST

static const struct {
  uint64_t value, unit;
  int error;
  uint64_t want;
} scales[] = {
    {0, 1024, 0, 0},
    {12, 1024, 0, 12288},
    {9007199254740991, 1024, 0, 9223372036854774784},
    {9007199254740992, 1024, -ERANGE, 0},  /* 2^63 */
    {18014398509481984, 1024, -ERANGE, 0}, /* 2^64, which wraps to 0 */
    {INT64_MAX, 1, 0, INT64_MAX},
    {UINT64_MAX, 65536, -ERANGE, 0},
};

START_TEST(scale_refuses_what_exceeds_a_signed_number)
{
  for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++) {
    uint64_t got = 4711;
    int error = scale(scales[i].value, scales[i].unit, &got);
    ck_assert_int_eq(error, scales[i].error);
    ck_assert_uint_eq(got, error == 0 ? scales[i].want : 4711);
  }
}
END_TEST

START_TEST(parse_error_has_the_first_error_and_counts_all)
{
  struct parse_error parse_error = {0};
  parse_error_note(&parse_error, 7, span_of("Slab"), "not a number");
  parse_error_note(&parse_error, 9, span_of("Dirty"), "unit is not kB");
  ck_assert_str_eq(parse_error.cause, "not a number");
  ck_assert_str_eq(parse_error.near, "Slab");
  ck_assert_uint_eq(parse_error.line, 7);
  ck_assert_uint_eq(parse_error.count, 2);
}
END_TEST

START_TEST(long_key_in_a_parse_error_is_cut)
{
  struct parse_error parse_error = {0};
  parse_error_note(&parse_error, 1,
                   span_of("0123456789012345678901234567890123456789xyz"), "long");
  ck_assert_str_eq(parse_error.near, "012345678901234567890123456789012345678");
}
END_TEST

SUITE_MAIN("scan", lines_come_numbered_and_without_their_newline, empty_text_has_no_line,
           only_a_last_line_without_newline_is_open,
           a_nul_byte_ends_neither_line_nor_word, words_are_split_at_blanks_and_tabs,
           words_and_blanks_of_any_length_are_separated,
           carriage_return_is_part_of_the_word, span_is_compares_the_whole_span,
           span_starts_with_a_prefix_no_longer_than_itself,
           number_is_the_whole_span_in_decimal, number_with_a_nul_byte_is_refused,
           copy_is_cut_to_size_and_printable, scale_refuses_what_exceeds_a_signed_number,
           parse_error_has_the_first_error_and_counts_all,
           long_key_in_a_parse_error_is_cut)
