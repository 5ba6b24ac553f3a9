/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/statm.h"

#include "suite.h"

#include <errno.h>

static const struct {
  const char *text;
  uint64_t page_size, resident, shared;
} cases[] = {
    {"983 736 651 226 0 129 0\n", 4096, 736 * 4096, 651 * 4096},
    {"983 736 651 226 0 129 0\n", 65536, 736 * 65536, 651 * 65536},
    {"0 0 0 0 0 0 0\n", 4096, 0, 0}, /* without an address space */
    {"9 5 0 1 0 1 0\n", 4096, 5 * 4096, 0},
    {"9 5 5 1 0 1 0\n", 4096, 5 * 4096, 5 * 4096},
    {"9 5 3\n", 4096, 5 * 4096, 3 * 4096},
    {"9 5 3 lots -1\n", 4096, 5 * 4096, 3 * 4096}, /* the other fields are not used */
    {"9 5 3 1 0 1 0\n-1 -1 -1\n", 4096, 5 * 4096, 3 * 4096},
    {"2251799813685247 2251799813685247 1 1\n", 4096, 9223372036854771712, 4096},
};

START_TEST(pages_become_bytes)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct statm got;
    struct parse_error parse_error = {0};
    int error =
        statm_parse(scan_string(cases[i].text), cases[i].page_size, &got, &parse_error);
    ck_assert_msg(error == 0, "%s: %d", cases[i].text, error);
    ck_assert_uint_eq(got.resident, cases[i].resident);
    ck_assert_uint_eq(got.shared, cases[i].shared);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

/* The kernel reads one counter after another. */
START_TEST(resident_is_at_least_shared)
{
  struct statm got;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(statm_parse(scan_string("9 5 7 1 0 1 0\n"), 4096, &got, &parse_error),
                   0);
  ck_assert_uint_eq(got.resident, 7 * 4096);
  ck_assert_uint_eq(got.shared, 7 * 4096);
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

static const struct {
  const char *text, *near;
} refused[] = {
    {"", ""},
    {"\n", ""},
    {"\n9 5 3 1 0 1 0\n", ""},
    {"9", ""},
    {"9 5", ""},
    {"9 5 \n", ""},
    {"-9 5 3 1 0 1 0\n", "-9"},
    {"9 -5 3 1 0 1 0\n", "-5"},
    {"9 5 -3 1 0 1 0\n", "-3"},
    {"9 0x5 3 1 0 1 0\n", "0x5"},
    {"9 5 3kB 1 0 1 0\n", "3kB"},
    {"9 18446744073709551611 3 1 0 1 0\n", "18446744073709551611"},
    {"9 2251799813685248 3 1 0 1 0\n", "2251799813685248"}, /* 2^63 bytes */
    {"9 5 2251799813685248 1 0 1 0\n", "2251799813685248"},
};

START_TEST(malformed_line_leaves_out_untouched)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    struct statm got = {.resident = 4711, .shared = 815};
    struct parse_error parse_error = {0};
    int error = statm_parse(scan_string(refused[i].text), 4096, &got, &parse_error);
    ck_assert_msg(error == -EBADMSG, "%s: %d", refused[i].text, error);
    ck_assert_str_eq(parse_error.cause, "not a number of pages");
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, 1);
    ck_assert_uint_eq(parse_error.count, 1);
    ck_assert(got.resident == 4711 && got.shared == 815);
  }
}
END_TEST

SUITE_MAIN("statm", pages_become_bytes, resident_is_at_least_shared,
           malformed_line_leaves_out_untouched)
