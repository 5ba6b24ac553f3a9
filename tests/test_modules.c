/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/modules.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>

static const struct {
  const char *text;
  uint64_t size, count;
} cases[] = {
    {"", 0, 0},
    {"ext4 983040 3 - Live 0x0000000000000000\n", 983040, 1},
    {"ext4 983040 3 - Live 0x0000000000000000\n"
     "crc16 16384 1 ext4, Live 0x0000000000000000\n"
     "zfs 6582272 6 - Live 0xffffffffc0a81000 (POE)\n" /* tainted */
     "gone 20480 0 - Unloading 0x0000000000000000\n",
     7602176, 4},
    {"xt_nat 12 2 a,b, Live 0xf8a3c000\n", 12, 1},
    {"fixed 4096 - - Live 0xf8a3c000\n", 4096, 1}, /* without MODULE_UNLOAD */
    {"empty 0 0 - Live 0xf8a3c000\n", 0, 1},
};

START_TEST(sizes_are_summed)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct modules got;
    struct parse_error parse_error = {0};
    memset(&got, 0xa5, sizeof(got));
    ck_assert_int_eq(modules_parse(scan_string(cases[i].text), &got, &parse_error), 0);
    ck_assert_int_eq(got.size.state, READING_KNOWN);
    ck_assert_msg(got.size.value == cases[i].size, "%s", cases[i].text);
    ck_assert_int_eq(got.modules_count.state, READING_KNOWN);
    ck_assert_msg(got.modules_count.value == cases[i].count, "%s", cases[i].text);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

static const struct {
  const char *text, *cause, *near;
} refused[] = {
    {"ext4\n", "size is not a number", "ext4"},
    {"ext4 many 3 - Live 0x0\n", "size is not a number", "ext4"},
    {"ext4 -1 3 - Live 0x0\n", "size is not a number", "ext4"},
    {"ext4 18446744073709551615 3 - Live 0x0\n", "size is not a number", "ext4"},
    {"\n", "size is not a number", ""},
    {"ext4 98", "line is cut off at the end of the file", "ext4"},
    {"ext4 983040 3 - Live 0x0", "line is cut off at the end of the file", "ext4"},
};

START_TEST(one_bad_line_makes_both_malformed)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    char text[256];
    struct modules got;
    struct parse_error parse_error = {0};
    snprintf(text, sizeof(text), "crc16 16384 1 - Live 0x0\n%s", refused[i].text);
    ck_assert_int_eq(modules_parse(scan_string(text), &got, &parse_error), -EBADMSG);
    ck_assert_int_eq(got.size.state, READING_MALFORMED);
    ck_assert_int_eq(got.modules_count.state, READING_MALFORMED);
    ck_assert_msg(strcmp(parse_error.cause, refused[i].cause) == 0, "%s", text);
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, 2);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(only_the_sum_that_overflows_is_malformed)
{
  struct modules got;
  struct parse_error parse_error = {0};
  static const char text[] = "a 9223372036854775807 0 - Live 0x0\nb 1 0 - Live 0x0\n";
  ck_assert_int_eq(modules_parse(scan_string(text), &got, &parse_error), 0);
  ck_assert_int_eq(got.size.state, READING_MALFORMED);
  ck_assert_uint_eq(got.modules_count.value, 2);
}
END_TEST

START_TEST(second_parse_replaces_the_first)
{
  struct modules got;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(modules_parse(scan_string("bad\n"), &got, &parse_error), -EBADMSG);
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(modules_parse(scan_string("a 5 0 - Live 0x0\n"), &got, &parse_error),
                     0);
    ck_assert_int_eq(got.size.state, READING_KNOWN);
    ck_assert_uint_eq(got.size.value, 5);
    ck_assert_uint_eq(got.modules_count.value, 1);
  }
}
END_TEST

SUITE_MAIN("modules", sizes_are_summed, one_bad_line_makes_both_malformed,
           only_the_sum_that_overflows_is_malformed, second_parse_replaces_the_first)
