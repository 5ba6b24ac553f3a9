/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/stat.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>

/* From field 3 on; the state, the flags and the pages are parameters. */
#define REST(state, flags, rss)                                                          \
  " " state " 1 2 3 0 -1 " flags " 694 3344 44 51 12 155 53 97 20 0 1 0 56 4026368 " rss \
  " 18446744073709551615 0 0 0 17 1 0\n"

static const struct {
  const char *name; /* in parentheses */
} names[] = {
    {"bash"},
    {""},
    {"kworker/0:1H"},
    {"a b"},
    {"tmux: srv"},
    {"(sd-pam)"},
    {") S 9 9 9 0 -1 9"},
    {"a) R ("},
    {"a\nb"},
    {"\xff\x01"},
    {"))))"},
    {"1 (x) Z 1"},
};

START_TEST(name_may_have_any_byte)
{
  for (size_t i = 0; i < LENGTH(names); i++) {
    char text[256];
    struct stat_line got;
    struct parse_error parse_error = {0};
    snprintf(text, sizeof(text), "4711 (%s)" REST("S", "4194560", "736"), names[i].name);
    ck_assert_msg(stat_parse(scan_string(text), 4096, &got, &parse_error) == 0, "%s",
                  text);
    ck_assert_msg(got.state == 'S', "%s", text);
    ck_assert_msg(!got.kernel_thread, "%s", text);
    ck_assert_uint_eq(got.rss, 736 * 4096);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

static const struct {
  const char *text;
  char state;
  bool kernel_thread;
  uint64_t rss;
} cases[] = {
    {"1 (p)" REST("R", "0", "0"), 'R', false, 0},
    {"1 (p)" REST("D", "4194304", "1"), 'D', false, 4096},
    {"1 (p)" REST("Z", "4228300", "0"), 'Z', false, 0},
    {"2 (kthreadd)" REST("S", "2129984", "0"), 'S', true, 0}, /* 0x208040 */
    {"3 (x)" REST("I", "69238880", "0"), 'I', true, 0},
    {"4 (x)" REST("X", "2097152", "0"), 'X', true, 0},         /* PF_KTHREAD alone */
    {"5 (x)" REST("t", "4292870143", "7"), 't', false, 28672}, /* all other flags */
};

START_TEST(state_flags_and_pages_are_parsed)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct stat_line got;
    struct parse_error parse_error = {0};
    ck_assert_int_eq(stat_parse(scan_string(cases[i].text), 4096, &got, &parse_error), 0);
    ck_assert_int_eq(got.state, cases[i].state);
    ck_assert_msg(got.kernel_thread == cases[i].kernel_thread, "%s", cases[i].text);
    ck_assert_uint_eq(got.rss, cases[i].rss);
  }
}
END_TEST

START_TEST(page_size_is_that_of_the_captured_machine)
{
  struct stat_line got;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(
      stat_parse(scan_string("1 (p)" REST("S", "0", "3")), 65536, &got, &parse_error), 0);
  ck_assert_uint_eq(got.rss, 196608);
}
END_TEST

/* Fields 1 to 19; the parent is a parameter. */
#define TO_PRIORITY(parent)                                                              \
  "1 (p) S " parent " 2 3 0 -1 4194560 694 3344 44 51 12 155 53 97 20 0"

static const struct {
  const char *text;
  uint64_t parent, threads, start, vsize, stack;
} numbers[] = {
    {TO_PRIORITY("0") " 1 0 56 4026368 7 18446744073709551615 1 2 140722866 0 0\n", 0, 1,
     56, 4026368, 140722866},
    {TO_PRIORITY("4194303") " 40 0 98765432101 9223372036854775807 7 9 1 2 "
                            "9223372036854775807 0 0\n",
     4194303, 40, 98765432101, INT64_MAX, INT64_MAX},
    {TO_PRIORITY("1") " 0 0 0 0 7 9 0 0 0 0 0\n", 1, 0, 0, 0, 0},
    {TO_PRIORITY("1") " 2 -5 3 4 7 9 x y 5 z\n", 1, 2, 3, 4,
     5}, /* the rest is optional */
    /* then there is no stack */
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2 5", 1, 2, 3, 4, 5},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2 \n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 \n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7", 1, 2, 3, 4, 0},
    /* the line may end after any of them */
    {TO_PRIORITY("1") " 2 0 3 4 7\n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9\n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2\n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2 9\n", 1, 2, 3, 4, 9},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2 9 \n", 1, 2, 3, 4, 9},
    /* and a second line is ignored */
    {TO_PRIORITY("1") " 2 0 3 4 7\n9 1 2 5 6\n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2\n5\n", 1, 2, 3, 4, 0},
    {TO_PRIORITY("1") " 2 0 3 4 7 9 1 2 9\nx -1\n", 1, 2, 3, 4, 9},
};

START_TEST(parent_start_and_sizes_are_parsed)
{
  for (size_t i = 0; i < LENGTH(numbers); i++) {
    struct stat_line got = {.stack = 4711};
    struct parse_error parse_error = {0};
    int error = stat_parse(scan_string(numbers[i].text), 4096, &got, &parse_error);
    ck_assert_msg(error == 0, "%s: %s", numbers[i].text, parse_error.near);
    ck_assert_uint_eq(got.parent, numbers[i].parent);
    ck_assert_uint_eq(got.threads, numbers[i].threads);
    ck_assert_uint_eq(got.start, numbers[i].start);
    ck_assert_uint_eq(got.vsize, numbers[i].vsize);
    ck_assert_uint_eq(got.rss, 7 * 4096);
    ck_assert_uint_eq(got.stack, numbers[i].stack);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

static const struct {
  const char *text, *cause, *near;
} refused[] = {
    {"", "no name in parentheses", ""},
    {"\n", "no name in parentheses", ""},
    {"1 (p S 1 2 3\n", "no name in parentheses", ""},
    {"1 (p)", "not a valid field", ""},
    {"1 (p)\n", "not a valid field", ""},
    {"1 (p)\n S 1 2 3 0 -1 0\n", "not a valid field", ""},
    {"1 (p) S\n", "not a valid field", ""},
    {"1 (p) Sleeping 1 2 3 0 -1 0\n", "not a valid field", "Sleeping"},
    {"1 (p) S 1 2 3 0 -1", "not a valid field", ""},
    {"1 (p)" REST("S", "0x200000", "1"), "not a valid field", "0x200000"},
    {"1 (p)" REST("S", "-1", "1"), "not a valid field", "-1"},
    {"1 (p)" REST("S", "0", "-5"), "not a valid field", "-5"},
    {"1 (p)" REST("S", "0", "18446744073709551611"), "not a valid field",
     "18446744073709551611"},
    {"1 (p)" REST("S", "0", "2251799813685248"), "not a valid field",
     "2251799813685248"}, /* 2^63 bytes */
    /* the pages are missing */
    {TO_PRIORITY("1") " 1 0 56 4026368", "not a valid field", ""},
    {TO_PRIORITY("1") " 1 0 56 4026368\n", "not a valid field", ""},
    {TO_PRIORITY("1") " 1 0 56 4026368 \n", "not a valid field", ""},
    {TO_PRIORITY("1") " 1 0 56 4026368\n7 9 1 2 5 6\n", "not a valid field", ""},
    {TO_PRIORITY("1") " 1 0 56", "not a valid field", ""},
    {TO_PRIORITY("-1") " 1 0 56 4026368 7 0 0 0 0\n", "not a valid field", "-1"},
    {TO_PRIORITY("1") " -2 0 56 4026368 7 0 0 0 0\n", "not a valid field", "-2"},
    {TO_PRIORITY("1") " 1 0 -3 4026368 7 0 0 0 0\n", "not a valid field", "-3"},
    {TO_PRIORITY("1") " 1 0 56 -4 7 0 0 0 0\n", "not a valid field", "-4"},
    {TO_PRIORITY("1") " 1 0 56 4026368 7 0 0 0 -5 0\n", "not a valid field", "-5"},
    {TO_PRIORITY("1") " 1 0 56 4026368 7 0 0 0 -5\n", "not a valid field", "-5"},
    {TO_PRIORITY("1") " 1 0 56 4026368 -7\n", "not a valid field", "-7"},
    {TO_PRIORITY("1") " 1 0 56 4026368 7 0 0 0 18446744073709551615 0\n",
     "not a valid field", "18446744073709551615"},
};

START_TEST(malformed_line_leaves_out_untouched)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    struct stat_line got, before;
    memset(&before, 'q', sizeof(before));
    got = before;
    struct parse_error parse_error = {0};
    int error = stat_parse(scan_string(refused[i].text), 4096, &got, &parse_error);
    ck_assert_msg(error == -EBADMSG, "%s: %d", refused[i].text, error);
    ck_assert_str_eq(parse_error.cause, refused[i].cause);
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, 1);
    ck_assert_uint_eq(parse_error.count, 1);
    ck_assert_mem_eq(&got, &before, sizeof(got));
  }
}
END_TEST

SUITE_MAIN("stat", name_may_have_any_byte, state_flags_and_pages_are_parsed,
           page_size_is_that_of_the_captured_machine, parent_start_and_sizes_are_parsed,
           malformed_line_leaves_out_untouched)
