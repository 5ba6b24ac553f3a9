/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/field.h"

#include "suite.h"

#include <errno.h>

static const char mm_stat[] =
    " 13393920  3214567  3637248        0  3637248       12        0        3        4\n";
static const char sockstat[] = "sockets: used 157\n"
                               "TCP: inuse 3 orphan 0 tw 7 alloc 5 mem 11\n"
                               "UDP: inuse 2 mem 4\n"
                               "UDPLITE: inuse 0\n"
                               "FRAG: inuse 1 memory 4096\n";
static const char abdstats[] = "27 1 0x01 21 5712 4365637283 1234567890\n"
                               "name                            type data\n"
                               "struct_size                     4    1023456\n"
                               "scatter_data_size               4    73400320\n"
                               "scatter_chunk_waste             4    1048576\n";
static const char vmmemctl[] = "target:             1024 pages\n"
                               "current:             512 pages\n";
static const char wrapped[] = "current: 18446744073709551612\n";

static const struct {
  const char *text, *key;
  unsigned field;
  uint64_t want;
} cases[] = {
    {"524288\n", "", 1, 524288}, /* sysfs, sysctl: one number */
    {"\t7 ", "", 1, 7},
    {mm_stat, "", 1, 13393920},
    {mm_stat, "", 3, 3637248},
    {mm_stat, "", 9, 4},
    {sockstat, "TCP", 11, 11}, /* the key is word 1 */
    {sockstat, "UDP", 5, 4},   /* not UDPLITE */
    {sockstat, "FRAG", 5, 4096},
    {sockstat, "sockets", 3, 157},
    {"target                :            70000\ncurrent               :            "
     "65536\n",
     "current", 2, 65536}, /* vmmemctl of newer kernels: a lone colon is not a word */
    {abdstats, "scatter_data_size", 3, 73400320},
    {abdstats, "scatter_chunk_waste", 3, 1048576},
    {vmmemctl, "current", 2, 512},
    {"a 1\na 2\n", "a", 2, 1}, /* the first such line */
    {"a: x\nb: 2\n", "b", 2, 2},
    {"\n  key  3\n", "key", 2, 3},
    {"44085 pages:185 groups: 9\n", "", 3, 185}, /* dyn_ftrace_total_info */
    {"44085 pages:185 groups: 9\n", "", 5, 9},
};

START_TEST(word_of_the_line_with_the_key_is_parsed)
{
  for (size_t i = 0; i < LENGTH(cases); i++) {
    uint64_t got = 4711;
    struct parse_error parse_error = {0};
    int error = field_parse(scan_string(cases[i].text), cases[i].key, cases[i].field,
                            &got, &parse_error);
    ck_assert_msg(error == 0 && got == cases[i].want, "%s: %d, %llu", cases[i].text,
                  error, (unsigned long long)got);
    ck_assert_uint_eq(parse_error.count, 0);
  }
}
END_TEST

static const struct {
  const char *text, *key;
  unsigned field;
  int want;
  const char *cause, *near; /* NULL: no error */
  unsigned line;
} failures[] = {
    {"", "", 1, -ENOENT, NULL, NULL, 0},
    {sockstat, "TCP6", 2, -ENOENT, NULL, NULL, 0},
    {sockstat, "TC", 2, -ENOENT, NULL, NULL, 0},
    {sockstat, "inuse", 2, -ENOENT, NULL, NULL, 0}, /* not the first word */
    {"\n", "", 1, -EBADMSG, "not a number", "", 1},
    {"x\n", "", 1, -EBADMSG, "not a number", "x", 1},
    {"-4\n", "", 1, -EBADMSG, "not a number", "-4", 1},
    {"4\r\n", "", 1, -EBADMSG, "not a number", "4?", 1},
    {"4K\n", "", 1, -EBADMSG, "not a number", "4K", 1},
    {mm_stat, "", 10, -EBADMSG, "not a number", "", 1},
    {sockstat, "UDP", 4, -EBADMSG, "not a number", "mem", 3},
    {wrapped, "current", 2, -ERANGE, "number out of range", "18446744073709551612", 1},
};

START_TEST(missing_line_and_malformed_word_are_different_errors)
{
  for (size_t i = 0; i < LENGTH(failures); i++) {
    uint64_t got = 4711;
    struct parse_error parse_error = {0};
    int error = field_parse(scan_string(failures[i].text), failures[i].key,
                            failures[i].field, &got, &parse_error);
    ck_assert_msg(error == failures[i].want, "%s: %d", failures[i].text, error);
    ck_assert_uint_eq(got, 4711);
    if (failures[i].cause == NULL) {
      ck_assert_uint_eq(parse_error.count, 0);
      continue;
    }
    ck_assert_str_eq(parse_error.cause, failures[i].cause);
    ck_assert_str_eq(parse_error.near, failures[i].near);
    ck_assert_uint_eq(parse_error.line, failures[i].line);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

SUITE_MAIN("field", word_of_the_line_with_the_key_is_parsed,
           missing_line_and_malformed_word_are_different_errors)
