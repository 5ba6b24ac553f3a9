/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/cpulist.h"

#include "suite.h"

#include <errno.h>

static const struct {
  const char *text;
  uint64_t want;
} cases[] = {
    {"0\n", 1},           {"0-3\n", 4},          {"0-3,8\n", 5},
    {"0,2,4\n", 3},       {"0-1,4-5,8-11\n", 8}, {"8-8\n", 1},
    {"  0-7  \n", 8},     {"0-3\n4-7\n", 4}, /* the first line only */
    {"0-65535\n", 65536}, {"65535\n", 1},
};

START_TEST(cpus_of_all_ranges_are_counted)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    uint64_t got = 4711;
    struct parse_error parse_error = {0};
    ck_assert_int_eq(cpulist_parse(scan_string(cases[i].text), &got, &parse_error), 0);
    ck_assert_msg(got == cases[i].want, "%s: %llu", cases[i].text,
                  (unsigned long long)got);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

static const struct {
  const char *text, *near;
} refused[] = {
    {"", ""},
    {"\n", ""},
    {"x\n", "x"},
    {"-3\n", "-3"},
    {"0-\n", "0-"}, /* cut off */
    {"0-3,\n", ""},
    {",0\n", ""},
    {"0,,1\n", ""},
    {"3-0\n", "3-0"},
    {"0-3-5\n", "0-3-5"},
    {"0-3,8-x\n", "8-x"},
    {"0-65536\n", "0-65536"},
    {"0-18446744073709551615\n", "0-18446744073709551615"},
    {"0x3\n", "0x3"},
    {"0-3\r\n", "0-3?"},
};

START_TEST(malformed_list_leaves_out_untouched)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    uint64_t got = 4711;
    struct parse_error parse_error = {0};
    int error = cpulist_parse(scan_string(refused[i].text), &got, &parse_error);
    ck_assert_msg(error == -EBADMSG, "%s: %d, %llu", refused[i].text, error,
                  (unsigned long long)got);
    ck_assert_uint_eq(got, 4711);
    ck_assert_str_eq(parse_error.cause, "not a CPU range");
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, 1);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

/* "0-15" may have been longer. */
START_TEST(list_without_a_newline_is_cut_off)
{
  uint64_t got = 4711;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(cpulist_parse(scan_string("0-1"), &got, &parse_error), -EBADMSG);
  ck_assert_uint_eq(got, 4711);
  ck_assert_str_eq(parse_error.cause, "line is cut off at the end of the file");
}
END_TEST

SUITE_MAIN("cpulist", cpus_of_all_ranges_are_counted, malformed_list_leaves_out_untouched,
           list_without_a_newline_is_cut_off)
