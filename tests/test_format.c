/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/format.h"
#include "suite.h"

#include <math.h>

START_TEST(bytes_are_printed_in_the_unit_with_1_to_1023)
{
  static const struct {
    double bytes;
    const char *words;
  } cases[] = {
      {0, "0 B"},
      {1023, "1023 B"},
      {1024, "1.0 KiB"},
      {1536, "1.5 KiB"},
      {-1536, "-1.5 KiB"},
      {1023.9 * 1024, "1023.9 KiB"},
      {1048575, "1.0 MiB"}, /* not "1024.0 KiB" */
      {-1048575, "-1.0 MiB"},
      {25769803776, "24.0 GiB"},
      {9223372036854775807.0, "8.0 EiB"},
      {1e22, "8673.6 EiB"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    ck_assert_str_eq(format_bytes(cases[i].bytes).text, cases[i].words);
}
END_TEST

START_TEST(short_form_has_three_digits_and_no_exponent)
{
  static const struct {
    double bytes;
    const char *words;
  } cases[] = {
      {0, "0 B"},
      {999, "999 B"},
      {999.7, "0.976 KiB"}, /* not "1e+03 B" */
      {-999.7, "-0.976 KiB"},
      {1000, "0.977 KiB"},
      {1024, "1 KiB"},
      {1.234 * 1048576, "1.23 MiB"},
      {123.4 * 1048576, "123 MiB"},
      {999.4 * 1048576, "999 MiB"},
      {999.6 * 1048576, "0.976 GiB"}, /* nor "1e+03 MiB" */
      {9223372036854775807.0, "8 EiB"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    ck_assert_str_eq(format_bytes_short(cases[i].bytes).text, cases[i].words);
}
END_TEST

START_TEST(module_is_in_brackets_and_the_kernel_itself_is_empty)
{
  char name[64];
  memset(name, 'm', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  struct formatted longest = format_module(name);
  ck_assert_str_eq(format_module("").text, "");
  ck_assert_str_eq(format_module("nvme_core").text, " [nvme_core]");
  ck_assert_uint_eq(strlen(longest.text), sizeof(name) - 1 + strlen(" []"));
  ck_assert(longest.text[strlen(longest.text) - 1] == ']');
}
END_TEST

START_TEST(text_that_does_not_fit_is_cut)
{
  char text[8] = "";
  format_append(text, sizeof(text), "%s", "abc");
  format_append(text, sizeof(text), "-%d", 12);
  ck_assert_str_eq(text, "abc-12");
  format_append(text, sizeof(text), "%s", "defg");
  ck_assert_str_eq(text, "abc-12d");
  format_append(text, sizeof(text), "%s", "h");
  ck_assert_str_eq(text, "abc-12d");
}
END_TEST

START_TEST(a_time_is_printed_in_utc_and_no_time_as_nothing)
{
  static const char iso[] = "%Y-%m-%dT%H:%M:%SZ";
  ck_assert_str_eq(format_utc(0, iso).text, "1970-01-01T00:00:00Z");
  ck_assert_str_eq(format_utc(1795489200.75, iso).text, "2026-11-24T03:00:00Z");
  ck_assert_str_eq(format_utc(253402300799, iso).text, "9999-12-31T23:59:59Z");
  static const double none[] = {-1, -1e300, 253402300800, 1e300, INFINITY, NAN};
  for (size_t i = 0; i < LENGTH(none); i++)
    ck_assert_str_eq(format_utc(none[i], iso).text, "");
}
END_TEST

SUITE_MAIN("format", a_time_is_printed_in_utc_and_no_time_as_nothing,
           bytes_are_printed_in_the_unit_with_1_to_1023,
           short_form_has_three_digits_and_no_exponent,
           module_is_in_brackets_and_the_kernel_itself_is_empty,
           text_that_does_not_fit_is_cut)
