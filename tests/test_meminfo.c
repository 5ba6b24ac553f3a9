/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/meminfo.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define KB(value) ((uint64_t)(value)*1024)

/* Every key has another value, so that a mix-up is noticed. */
static const char machine[] = "MemTotal:       16316412 kB\n"
                              "MemFree:         1234560 kB\n"
                              "MemAvailable:   11834504 kB\n"
                              "Buffers:          204804 kB\n"
                              "Cached:          9876540 kB\n"
                              "SwapCached:         1296 kB\n"
                              "Active:          6043216 kB\n"
                              "Inactive:        5098764 kB\n"
                              "Active(anon):    2143212 kB\n"
                              "Inactive(anon):   319876 kB\n"
                              "Active(file):    3900004 kB\n"
                              "Inactive(file):  4778888 kB\n"
                              "Unevictable:      103212 kB\n"
                              "SwapTotal:       2097148 kB\n"
                              "Zswapped:           4964 kB\n"
                              "AnonPages:       2301120 kB\n"
                              "Shmem:            243716 kB\n"
                              "Committed_AS:    8123412 kB\n"
                              "VmallocTotal:   34359738367 kB\n"
                              "VmallocUsed:       80120 kB\n"
                              "HugePages_Total:     120\n"
                              "HugePages_Free:       21\n"
                              "Hugepagesize:       2048 kB\n"
                              "Hugetlb:          245760 kB\n"
                              "DirectMap1G:    12582912 kB\n";

/* A well-formed meminfo. */
static struct meminfo parse(const char *text, struct parse_error *parse_error)
{
  struct meminfo meminfo;
  *parse_error = (struct parse_error){0};
  ck_assert_int_eq(meminfo_parse(scan_string(text), &meminfo, parse_error), 0);
  return meminfo;
}

START_TEST(kb_become_bytes_and_counts_stay_counts)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse(machine, &parse_error);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_known(meminfo.mem_total, KB(16316412));
  ck_assert_known(meminfo.mem_free, KB(1234560));
  ck_assert_known(meminfo.active_anon, KB(2143212));
  ck_assert_known(meminfo.inactive_file, KB(4778888));
  ck_assert_known(meminfo.committed_as, KB(8123412));
  ck_assert_known(meminfo.vmalloc_total, KB(34359738367));
  ck_assert_known(meminfo.huge_pages_total_count, 120);
  ck_assert_known(meminfo.huge_pages_free_count, 21);
  ck_assert_known(meminfo.huge_page_size, KB(2048));
  ck_assert_known(meminfo.direct_map_1g, KB(12582912));
  ck_assert_uint_eq(meminfo.others_count, 0);
}
END_TEST

START_TEST(absent_field_is_not_zero)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse("MemTotal: 1000 kB\nMemFree: 0 kB\n", &parse_error);
  ck_assert_known(meminfo.mem_free, 0);
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    if (row != MEMINFO_FIELD_mem_total && row != MEMINFO_FIELD_mem_free)
      ck_assert_int_eq(meminfo.fields[row].state, READING_ABSENT);
}
END_TEST

/* One line per row, last row first; the value is the row's number + 1. */
START_TEST(every_row_is_found_by_its_key_in_any_order)
{
  char text[8192];
  int used = 0;
  for (unsigned row = MEMINFO_FIELD_COUNT; row-- > 0;)
    used += snprintf(text + used, sizeof(text) - (size_t)used, "%s: %u%s\n",
                     meminfo_rows[row].key, row == 0 ? 999999 : row + 1,
                     meminfo_rows[row].unit == MEMINFO_UNIT_KB ? " kB" : "");
  struct parse_error parse_error;
  struct meminfo meminfo = parse(text, &parse_error);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_uint_eq(meminfo.others_count, 0);
  ck_assert_known(meminfo.mem_total, KB(999999));
  for (unsigned row = 1; row < MEMINFO_FIELD_COUNT; row++)
    ck_assert_known(meminfo.fields[row], (row + 1) * (meminfo_rows[row].unit ? 1024 : 1));
}
END_TEST

START_TEST(cached_is_not_found_inside_swap_cached)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse("MemTotal: 1000 kB\nSwapCached: 5 kB\nZswapped: 7 kB\n"
                                 "Active(anon): 9 kB\nSecPageTables: 11 kB\n",
                                 &parse_error);
  ck_assert_known(meminfo.swap_cached, KB(5));
  ck_assert_known(meminfo.sec_page_tables, KB(11));
  ck_assert_int_eq(meminfo.cached.state, READING_ABSENT);
  ck_assert_int_eq(meminfo.zswap.state, READING_ABSENT);
  ck_assert_int_eq(meminfo.active.state, READING_ABSENT);
  ck_assert_int_eq(meminfo.page_tables.state, READING_ABSENT);
}
END_TEST

/* A line and the resulting field, on a machine of 1,000,000 kB. */
static const struct {
  const char *line;
  enum meminfo_field field;
  const char *cause; /* NULL: known */
  uint64_t want;
} lines[] = {
#define FREE    MEMINFO_FIELD_mem_free
#define HUGE    MEMINFO_FIELD_huge_pages_total_count
#define OUTSIDE MEMINFO_FIELD_vmalloc_total
    {"MemFree:          12 kB\n", FREE, NULL, KB(12)},
    {"MemFree:12 kB\n", FREE, NULL, KB(12)},
    {"MemFree:\t12\tkB\t\n", FREE, NULL, KB(12)},
    {"MemFree:       00012 kB\n", FREE, NULL, KB(12)},
    {"MemFree:    12345678901234567 kB\n", FREE, /* wider than the column */
     "number out of range (a counter wrapped below zero?)", 0},
    {"MemFree: 1000000 kB\n", FREE, NULL, KB(1000000)}, /* equal to MemTotal */
    {"MemFree: 1000001 kB\n", FREE, "above MemTotal", 0},
    {"MemFree: 12 kB", FREE, NULL, KB(12)}, /* the unit shows that nothing is cut off */
    {"MemFree: 12 k", FREE, "line is cut off at the end of the file", 0},
    {"MemFree: 12 ", FREE, "line is cut off at the end of the file", 0},
    {"MemFree: 1", FREE, "line is cut off at the end of the file", 0},
    {"MemFree: ", FREE, "not a number", 0},
    {"MemFree:\n", FREE, "not a number", 0},
    {"MemFree: kB\n", FREE, "not a number", 0},
    {"MemFree: -12 kB\n", FREE, "not a number", 0},
    {"MemFree: +12 kB\n", FREE, "not a number", 0},
    {"MemFree: 1.2 kB\n", FREE, "not a number", 0},
    {"MemFree: 0x12 kB\n", FREE, "not a number", 0},
    {"MemFree: 1,200 kB\n", FREE, "not a number", 0},
    {"MemFree: 12kB\n", FREE, "not a number", 0},
    {"MemFree: 12\n", FREE, "missing unit", 0},
    {"MemFree: 12 KB\n", FREE, "unit is not kB", 0},
    {"MemFree: 12 MB\n", FREE, "unit is not kB", 0},
    {"MemFree: 12 kB 13 kB\n", FREE, "unit is not kB", 0},
    {"MemFree: 12 kB\r\n", FREE, "unit is not kB", 0},
    {"MemFree 12 kB\n", FREE, "no colon after the key", 0},
    {"HugePages_Total:     3\n", HUGE, NULL, 3},
    {"HugePages_Total:     0\n", HUGE, NULL, 0},
    {"HugePages_Total:     3 kB\n", HUGE, "unexpected unit", 0},
    {"HugePages_Total:     3\r\n", HUGE, "not a number", 0},
    {"HugePages_Total:     3", HUGE, "line is cut off at the end of the file", 0},
    {"HugePages_Total: 9223372036854775807\n", HUGE, NULL, INT64_MAX},
    {"HugePages_Total: 9223372036854775808\n", HUGE,
     "number out of range (a counter wrapped below zero?)", 0},
    {"VmallocTotal: 13743895347199 kB\n", OUTSIDE, NULL, 14073748835531776},
    {"VmallocTotal: 9007199254740991 kB\n", OUTSIDE, NULL, 9223372036854774784},
    {"VmallocTotal: 9007199254740992 kB\n", OUTSIDE, /* 2^63 bytes */
     "number out of range (a counter wrapped below zero?)", 0},
    {"VmallocTotal: 18014398509481984 kB\n", OUTSIDE, /* 2^64 bytes */
     "number out of range (a counter wrapped below zero?)", 0},
    {"VmallocTotal: 18446744073709551612 kB\n", OUTSIDE, /* -4 kB */
     "number out of range (a counter wrapped below zero?)", 0},
    {"VmallocTotal: 18446744073709551616 kB\n", OUTSIDE, /* 2^64 */
     "number out of range (a counter wrapped below zero?)", 0},
    {"VmallocTotal: 18446744073709551617 kB\n", OUTSIDE,
     "number out of range (a counter wrapped below zero?)", 0},
};

START_TEST(line_is_known_or_its_error_is_reported)
{
  for (size_t i = 0; i < LENGTH(lines); i++) {
    char text[256];
    snprintf(text, sizeof(text), "MemTotal: 1000000 kB\n%s", lines[i].line);
    struct parse_error parse_error;
    struct meminfo meminfo = parse(text, &parse_error);
    struct reading field = meminfo.fields[lines[i].field];
    const char *line = lines[i].line, *cause = lines[i].cause;
    ck_assert_known(meminfo.mem_total, KB(1000000));
    ck_assert_msg(field.value == lines[i].want, "%s", line);
    if (cause == NULL) {
      ck_assert_msg(is_known(field) && parse_error.count == 0, "%s", line);
      continue;
    }
    ck_assert_msg(field.state == READING_MALFORMED, "%s", line);
    ck_assert_msg(parse_error.cause != NULL && strcmp(parse_error.cause, cause) == 0,
                  "%s: %s", line, parse_error.cause);
    ck_assert_str_eq(parse_error.near, meminfo_rows[lines[i].field].key);
    ck_assert_uint_eq(parse_error.line, 2);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(nul_byte_makes_its_field_malformed_and_no_other)
{
  static const char text[] =
      "MemTotal: 1000 kB\nMemFree: 1\0002 kB\nBuf\0fers: 3 kB\nCached: 4 kB\n";
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(
      meminfo_parse(scan_text(text, sizeof(text) - 1), &meminfo, &parse_error), 0);
  ck_assert_int_eq(meminfo.mem_free.state, READING_MALFORMED);
  ck_assert_int_eq(meminfo.buffers.state, READING_ABSENT);
  ck_assert_known(meminfo.cached, KB(4));
  ck_assert_str_eq(meminfo.others[0].key, "Buf?fers");
  ck_assert_uint_eq(parse_error.line, 2);
  ck_assert_uint_eq(parse_error.count, 1);
}
END_TEST

START_TEST(key_that_occurs_twice_is_malformed_even_with_one_value)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\nSlab: 5 kB\nShmem: 6 kB\nSlab: 5 kB\nSlab: 5 kB\n",
            &parse_error);
  ck_assert_int_eq(meminfo.slab.state, READING_MALFORMED);
  ck_assert_known(meminfo.shmem, KB(6));
  ck_assert_str_eq(parse_error.cause, "duplicate key");
  ck_assert_uint_eq(parse_error.line, 4);
  ck_assert_uint_eq(parse_error.count, 2);
}
END_TEST

START_TEST(what_lies_outside_mem_total_may_exceed_it)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\nSwapTotal: 2000 kB\nCommitted_AS: 3000 kB\n"
            "VmallocUsed: 4000 kB\nCmaTotal: 5000 kB\nPercpu: 6000 kB\n",
            &parse_error);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_known(meminfo.swap_total, KB(2000));
  ck_assert_known(meminfo.committed_as, KB(3000));
  ck_assert_known(meminfo.vmalloc_used, KB(4000));
  ck_assert_known(meminfo.cma_total, KB(5000));
  ck_assert_known(meminfo.percpu, KB(6000));
}
END_TEST

START_TEST(nested_field_is_bounded_by_mem_total_too)
{
  struct parse_error parse_error;
  struct meminfo meminfo = /* before and after MemTotal */
      parse("Shmem: 1001 kB\nMemTotal: 1000 kB\nShmemPmdMapped: 1001 kB\n", &parse_error);
  ck_assert_int_eq(meminfo.shmem.state, READING_MALFORMED);
  ck_assert_int_eq(meminfo.shmem_pmd_mapped.state, READING_MALFORMED);
  ck_assert_uint_eq(parse_error.count, 2);
  ck_assert_str_eq(parse_error.near, "Shmem");
  ck_assert_uint_eq(parse_error.line, 1);
}
END_TEST

START_TEST(unknown_line_is_stored_under_its_key)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\nIonTotalUsed: 116 kB\nRbinPages: 17\nOdd: x kB\n"
            "Huge: 18446744073709551612 kB\nLarger: 5000 kB\n",
            &parse_error);
  static const char *const keys[] = {"IonTotalUsed", "RbinPages", "Odd", "Huge",
                                     "Larger"};
  ck_assert_uint_eq(meminfo.others_count, 5);
  for (unsigned i = 0; i < 5; i++)
    ck_assert_str_eq(meminfo.others[i].key, keys[i]);
  ck_assert_known(meminfo.others[0].value, KB(116));
  ck_assert_known(meminfo.others[1].value, 17);
  ck_assert_int_eq(meminfo.others[2].value.state, READING_MALFORMED);
  ck_assert_int_eq(meminfo.others[3].value.state, READING_MALFORMED);
  ck_assert_known(meminfo.others[4].value,
                  KB(5000)); /* may be anywhere, so not bounded */
  ck_assert_uint_eq(parse_error.count, 2);
  ck_assert_str_eq(parse_error.near, "Odd");
}
END_TEST

/* Two keys that are printed alike are the same: one member of the JSON and one series. */
START_TEST(unknown_key_that_occurs_twice_is_malformed)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\nNew: 1 kB\nOther: 5 kB\nNew: 2 kB\nA\033b: 3 kB\n"
            "A\007b: 4 kB\n",
            &parse_error);
  ck_assert_uint_eq(meminfo.others_count, 3);
  ck_assert_str_eq(meminfo.others[0].key, "New");
  ck_assert_int_eq(meminfo.others[0].value.state, READING_MALFORMED);
  ck_assert_known(meminfo.others[1].value, KB(5));
  ck_assert_str_eq(meminfo.others[2].key, "A?b");
  ck_assert_int_eq(meminfo.others[2].value.state, READING_MALFORMED);
  ck_assert_uint_eq(parse_error.count, 2);
  ck_assert_str_eq(parse_error.cause, "duplicate key");
}
END_TEST

START_TEST(unknown_lines_are_counted_above_the_cap)
{
  char text[4096] = "MemTotal: 1000 kB\n";
  size_t used = strlen(text);
  for (unsigned i = 0; i < MEMINFO_OTHERS_MAX + 10; i++)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "New%u: %u kB\n", i, i);
  snprintf(text + used, sizeof(text) - used, "MemFree: 7 kB\n");
  struct parse_error parse_error;
  struct meminfo meminfo = parse(text, &parse_error);
  ck_assert_uint_eq(meminfo.others_count, MEMINFO_OTHERS_MAX + 10);
  ck_assert_str_eq(meminfo.others[MEMINFO_OTHERS_MAX - 1].key, "New63");
  ck_assert_known(meminfo.others[MEMINFO_OTHERS_MAX - 1].value, KB(63));
  ck_assert_known(meminfo.mem_free, KB(7));
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

START_TEST(long_unknown_key_is_cut)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\n"
            "K0123456789012345678901234567890123456789012345678901234: 5 kB\n",
            &parse_error);
  ck_assert_str_eq(meminfo.others[0].key,
                   "K0123456789012345678901234567890123456789012345");
  ck_assert_known(meminfo.others[0].value, KB(5));
}
END_TEST

/* sys/devices/system/node/node0/meminfo has the same keys after a prefix. */
START_TEST(meminfo_of_a_node_is_refused)
{
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  int error =
      meminfo_parse(scan_string("Node 0 MemTotal:  1000 kB\n"), &meminfo, &parse_error);
  ck_assert_int_eq(error, -EBADMSG);
  ck_assert_int_eq(meminfo.mem_total.state, READING_ABSENT);
}
END_TEST

static const struct {
  const char *text, *cause;
  unsigned line;
} refused[] = {
    {"", "missing or 0", 0},
    {"MemFree: 5 kB\n", "missing or 0", 0},
    {"MemTotal: 0 kB\nMemFree: 0 kB\n", "missing or 0", 0},
    {"MemFree: 5 kB\nMemTotal: x kB\n", "not a number", 2},
    {"MemTotal: 5 kB\nMemTotal: 5 kB\n", "duplicate key", 2},
    {"MemTotal: 5\n", "missing unit", 1},
    {"MemTotal: 5 kB\r\nMemFree: 5 kB\r\n", "unit is not kB", 1},
    {"<html>\n", "no colon after the key", 1},
    {"\n", "no colon after the key", 1},
};

START_TEST(text_without_mem_total_above_zero_is_refused)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    struct meminfo meminfo;
    struct parse_error parse_error = {0};
    int error = meminfo_parse(scan_string(refused[i].text), &meminfo, &parse_error);
    ck_assert_msg(error == -EBADMSG, "%s: %d", refused[i].text, error);
    ck_assert_str_eq(parse_error.cause, refused[i].cause);
    ck_assert_uint_eq(parse_error.line, refused[i].line);
  }
}
END_TEST

START_TEST(first_error_is_reported_and_all_are_counted)
{
  struct parse_error parse_error;
  parse("MemTotal: 1000 kB\nDirty: x kB\nMapped: 7 MB\nSlab: 2000 kB\n", &parse_error);
  ck_assert_str_eq(parse_error.near, "Dirty");
  ck_assert_str_eq(parse_error.cause, "not a number");
  ck_assert_uint_eq(parse_error.line, 2);
  ck_assert_uint_eq(parse_error.count, 3);
}
END_TEST

/* A line of a million bytes `c` after `start`, between two valid ones. */
static struct meminfo parse_with_long_line(const char *start, char c, const char *end,
                                           struct parse_error *parse_error)
{
  enum { LONG = 1000000 };
  char *text = malloc(LONG + 200);
  int used = snprintf(text, 100, "MemTotal: 1000 kB\n%s", start);
  memset(text + used, c, LONG);
  snprintf(text + used + LONG, 100, "%s\nBuffers: 7 kB\n", end);
  struct meminfo meminfo = parse(text, parse_error);
  ck_assert_known(meminfo.buffers, KB(7));
  free(text);
  return meminfo;
}

START_TEST(line_of_a_million_bytes_is_one_bad_line)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse_with_long_line("MemFree: ", '9', " kB", &parse_error);
  ck_assert_int_eq(meminfo.mem_free.state, READING_MALFORMED);
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_uint_eq(parse_error.line, 2);

  meminfo = parse_with_long_line("", 'x', "", &parse_error);
  ck_assert_str_eq(parse_error.cause, "no colon after the key");
  ck_assert_uint_eq(parse_error.count, 1);
  ck_assert_uint_eq(meminfo.others_count, 1);
}
END_TEST

START_TEST(million_blanks_are_blanks_and_a_million_byte_key_is_cut)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse_with_long_line("MemFree: ", ' ', "12 kB", &parse_error);
  ck_assert_known(meminfo.mem_free, KB(12));
  meminfo = parse_with_long_line("", 'K', ": 5 kB", &parse_error);
  ck_assert_uint_eq(strlen(meminfo.others[0].key), sizeof(meminfo.others[0].key) - 1);
  ck_assert_known(meminfo.others[0].value, KB(5));
  ck_assert_uint_eq(parse_error.count, 0);
}
END_TEST

static void assert_same_fields(const struct meminfo *got, const struct meminfo *want)
{
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++) {
    ck_assert_int_eq(got->fields[row].state, want->fields[row].state);
    ck_assert_uint_eq(got->fields[row].value, want->fields[row].value);
  }
  ck_assert_uint_eq(got->others_count, want->others_count);
}

START_TEST(second_parse_replaces_the_first)
{
  struct parse_error parse_error;
  struct meminfo want = parse(machine, &parse_error), got;
  memset(&got, 0xa5, sizeof(got));
  ck_assert_int_eq(meminfo_parse(scan_string(machine), &got, &parse_error), 0);
  assert_same_fields(&got, &want);
  ck_assert_int_eq(meminfo_parse(scan_string(machine), &got, &parse_error), 0);
  assert_same_fields(&got, &want);
  ck_assert_uint_eq(parse_error.count, 0);

  ck_assert_int_eq(meminfo_parse(scan_string("New: 1 kB\n"), &got, &parse_error),
                   -EBADMSG);
  ck_assert_int_eq(got.mem_total.state, READING_ABSENT);
  ck_assert_uint_eq(got.others_count, 1);
}
END_TEST

START_TEST(order_of_the_lines_does_not_matter)
{
  struct parse_error parse_error;
  struct meminfo want = parse(machine, &parse_error), got;
  const char *ends[64];
  unsigned count = 0;
  for (const char *at = machine; (at = strchr(at, '\n')) != NULL;)
    ends[count++] = ++at;
  char reversed[sizeof(machine)] = "";
  for (unsigned i = count; i-- > 0;) {
    const char *start = i > 0 ? ends[i - 1] : machine;
    strncat(reversed, start, (size_t)(ends[i] - start));
  }
  ck_assert_uint_eq(strlen(reversed), strlen(machine));
  got = parse(reversed, &parse_error);
  assert_same_fields(&got, &want);
}
END_TEST

/* The text in its own block, so that a sanitizer sees reads beyond it. */
static void assert_cut_text_is_safe(size_t length, const struct meminfo *whole)
{
  char *text = malloc(length + (length == 0));
  memcpy(text, machine, length);
  struct meminfo cut;
  struct parse_error parse_error = {0};
  int error = meminfo_parse(scan_text(text, length), &cut, &parse_error);
  free(text);
  ck_assert_msg((error == 0) == (is_known(cut.mem_total)), "%zu", length);
  for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
    ck_assert_msg(!is_known(cut.fields[row]) ||
                      cut.fields[row].value == whole->fields[row].value,
                  "%s is wrong at byte %zu", meminfo_rows[row].key, length);
}

START_TEST(text_cut_off_at_any_byte_has_no_wrong_value)
{
  struct parse_error parse_error;
  struct meminfo whole = parse(machine, &parse_error);
  for (size_t length = 0; length < sizeof(machine); length++)
    assert_cut_text_is_safe(length, &whole);
}
END_TEST

START_TEST(lines_before_a_cut_are_known)
{
  struct parse_error parse_error;
  struct meminfo meminfo =
      parse("MemTotal: 1000 kB\nMemFree: 20 kB\nCached: 3", &parse_error);
  ck_assert_known(meminfo.mem_free, KB(20));
  ck_assert_int_eq(meminfo.cached.state, READING_MALFORMED);
  ck_assert_str_eq(parse_error.near, "Cached");
}
END_TEST

/* 2.6.18 on i686: no Active(anon), no Shmem, LowFree and HighFree, Slab alone. */
START_TEST(meminfo_of_an_old_highmem_kernel_is_parsed)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse("MemTotal:      2074884 kB\n"
                                 "MemFree:         46688 kB\n"
                                 "Buffers:        208656 kB\n"
                                 "Cached:        1318332 kB\n"
                                 "HighTotal:     1179328 kB\n"
                                 "HighFree:        10844 kB\n"
                                 "LowTotal:       895556 kB\n"
                                 "LowFree:         35844 kB\n"
                                 "NFS_Unstable:        0 kB\n"
                                 "VmallocTotal:   114680 kB\n"
                                 "VmallocUsed:      4992 kB\n"
                                 "VmallocChunk:   109340 kB\n"
                                 "HugePages_Total:     0\n"
                                 "HugePages_Rsvd:      0\n"
                                 "Hugepagesize:     2048 kB\n",
                                 &parse_error);
  ck_assert_uint_eq(parse_error.count, 0);
  ck_assert_uint_eq(meminfo.others_count, 0);
  ck_assert_known(meminfo.high_total, KB(1179328));
  ck_assert_known(meminfo.low_free, KB(35844));
  ck_assert_known(meminfo.vmalloc_chunk, KB(109340));
  ck_assert_int_eq(meminfo.shmem.state, READING_ABSENT);
  ck_assert_int_eq(meminfo.mem_available.state, READING_ABSENT);
}
END_TEST

START_TEST(what_follows_a_cut_is_not_absent)
{
  static const char *const texts[] = {
      "MemTotal: 100 kB\nMemFree: 1", "MemTotal: 100 kB\nMemFree: 1 k",
      "MemTotal: 100 kB\nMemFr", "MemTotal: 100 kB\nNewThing: 7"};
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
    struct meminfo meminfo;
    struct parse_error cut = {0};
    ck_assert_int_eq(meminfo_parse(scan_string(texts[i]), &meminfo, &cut), 0);
    ck_assert_uint_eq(meminfo.mem_total.value, 102400);
    for (unsigned row = 0; row < MEMINFO_FIELD_COUNT; row++)
      if (row != MEMINFO_FIELD_mem_total)
        ck_assert_int_eq(meminfo.fields[row].state, READING_MALFORMED);
    ck_assert_uint_eq(cut.count, 1);
    ck_assert_uint_eq(cut.line, 2);
  }
}
END_TEST

/* --- text of a captured tree -------------------------------------------------------- */

static struct meminfo parse_captured(const char *text, struct parse_error *parse_error)
{
  struct meminfo meminfo;
  *parse_error = (struct parse_error){0};
  ck_assert_msg(meminfo_parse_captured(scan_string(text), &meminfo, parse_error) == 0,
                "%s", text);
  return meminfo;
}

/* Texts that are read as MemTotal 1000 kB, MemFree 12 kB and Buffers 0 kB. */
static const char *const pasted[] = {
    "MemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n",
    "root@host:~# cat /proc/meminfo\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n"
    "root@host:~#",
    "[root@host ~]# cat /proc/meminfo \nMemTotal: 1000 kB\nMemFree: 12 kB\n"
    "Buffers: 0 kB\n[root@host ~]# \n",
    "$ cat /proc/meminfo | head -3\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 "
    "kB\n$\n",
    "1|shell@device:/ $ cat /proc/meminfo\nMemTotal: 1000 kB\nMemFree: 12 kB\n"
    "Buffers: 0 kB\n1|shell@device:/ $ exit\n",
    "~ # cat proc/meminfo\n\nMemTotal: 1000 kB\n\nMemFree: 12 kB\n\nBuffers: 0 kB\n\n",
    "==> /proc/meminfo <==\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n\n",
    "/proc/meminfo:\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n",
    "This is my /proc/meminfo:\n```\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n"
    "```\n",
    "```text\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n```\n-------\n",
    "<pre>\nMemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB\n</pre>\n",
    "/proc/meminfo:MemTotal: 1000 kB\n/proc/meminfo:MemFree: 12 kB\n"
    "/proc/meminfo:Buffers: 0 kB\n",
    "meminfo:1:MemTotal: 1000 kB\nmeminfo:2:MemFree: 12 kB\nmeminfo:4:Buffers: 0 kB\n",
    "1:MemTotal: 1000 kB\n2:MemFree: 12 kB\n4:Buffers: 0 kB\n",
    "     1\tMemTotal: 1000 kB\n     2\tMemFree: 12 kB\n     3\tBuffers: 0 kB\n",
    "host: MemTotal: 1000 kB\nhost: MemFree: 12 kB\nhost: Buffers: 0 kB\n",
    "Nov 30 15:52:26 host kernel: MemTotal: 1000 kB\n[  12.345678] MemFree: 12 kB\n"
    "JD> Buffers: 0 kB\n",
    "    MemTotal: 1000 kB\n\tMemFree: 12 kB\n  Buffers: 0 kB  \n",
    "- MemTotal: 1000 kB\n* MemFree: 12 kB\n\xe2\x80\xa2 Buffers: 0 kB\n",
    "MemTotal: 1000 KB\nMemFree: 12 kb\nBuffers: 0 KiB\n",
    "MemTotal: 1000kB\nMemFree: 12KiB\nBuffers: 0kb\n",
    "MemTotal 1000 kB\nMemFree 12 kB\nBuffers\t0 kB\n",
    "MemTotal : 1000 kB\nMemFree : 12 kB\nBuffers : 0 kB\n",
    "MemTotal: 1000 kB MemFree: 12 kB Buffers: 0 kB\n",
    "MemTotal: 1000 kB\nMemFree: 12 kB   <-- low!\nBuffers: 0 kB # none\n",
    "MemTotal: 1000 kB\nMemFree: 12 kB\n...\nBuffers: 0 kB\n[...]\n[snip]\n"
    "\xe2\x80\xa6\n(...)\n--- 8< snip ---\n... 20 more lines ...\n",
    "MemTotal: 1000 kB\nMemFree: 12 kB\nBuffers: 0 kB",
};

START_TEST(pasted_text_is_read_where_it_is_unambiguous)
{
  for (size_t i = 0; i < LENGTH(pasted); i++) {
    struct parse_error parse_error;
    struct meminfo meminfo = parse_captured(pasted[i], &parse_error);
    ck_assert_msg(meminfo.mem_total.value == KB(1000), "%s", pasted[i]);
    ck_assert_msg(is_known(meminfo.mem_free) && meminfo.mem_free.value == KB(12), "%s",
                  pasted[i]);
    ck_assert_msg(is_known(meminfo.buffers) && meminfo.buffers.value == 0, "%s",
                  pasted[i]);
    /* One error, for all the lines that a whole file has besides. */
    ck_assert_msg(parse_error.count == 1 && meminfo.gaps.count > 10, "%s: %s \"%s\"",
                  pasted[i], parse_error.cause, parse_error.near);
    ck_assert_msg(meminfo.others_count == 0, "%s", pasted[i]);
  }
}
END_TEST

START_TEST(counts_and_unknown_keys_are_read_from_pasted_text_too)
{
  struct parse_error parse_error;
  struct meminfo meminfo = parse_captured("/proc/meminfo:1:MemTotal: 1000 kB\n"
                                          "/proc/meminfo:2:VendorPool: 7 kB\n"
                                          "     3\tVendorCount: 8\n"
                                          "HugePages_Total: 3 HugePages_Free: 1\n"
                                          "Hugepagesize: 2048 kB Mystery: 9 kB\n",
                                          &parse_error);
  ck_assert_known(meminfo.huge_pages_total_count, 3);
  ck_assert_known(meminfo.huge_pages_free_count, 1);
  ck_assert_int_eq(meminfo.huge_page_size.state, READING_MALFORMED);
  ck_assert_uint_eq(meminfo.others_count, 2);
  ck_assert_str_eq(meminfo.others[0].key, "VendorPool");
  ck_assert_known(meminfo.others[0].value, KB(7));
  ck_assert_str_eq(meminfo.others[1].key, "VendorCount");
  ck_assert_known(meminfo.others[1].value, 8);
  ck_assert_uint_eq(parse_error.count, 2); /* with that of the gaps */
}
END_TEST

/* A line, its key and what is wrong with it. */
static const struct {
  const char *line, *near, *cause;
} ambiguous[] = {
    {"MemFree: 1,200 kB\n", "MemFree", "not a number"},
    {"MemFree: 1.200 kB\n", "MemFree", "not a number"},
    {"MemFree: 1 200 kB\n", "MemFree", "unit is not kB"},
    {"MemFree: 12 MB\n", "MemFree", "unit is not kB"},
    {"MemFree: 12 kB 13 kB\n", "MemFree", "unit is not kB"},
    {"MemFree: 12 kB and more\n", "MemFree", "unit is not kB"},
    {"MemFree: 12\n", "MemFree", "missing unit"},
    {"MemFree: -12 kB\n", "MemFree", "not a number"},
    {"MemFree:\n", "MemFree", "not a number"},
    {"Node 0 MemFree: 12 kB\n", "Node?0?MemFree", NULL},
    {"Mem: 12 13 14\n", "Mem", "unit is not kB"},
    {"and this is what top says\n", "and", "no colon after the key"},
    {"top - 10:11:12 up 13 days\n", "top?-?10", "not a number"},
};

START_TEST(ambiguous_line_of_a_captured_text_is_malformed)
{
  for (size_t i = 0; i < LENGTH(ambiguous); i++) {
    char text[256];
    snprintf(text, sizeof(text), "$ cat /proc/meminfo\nMemTotal: 1000 kB\n%s",
             ambiguous[i].line);
    struct parse_error parse_error;
    struct meminfo meminfo = parse_captured(text, &parse_error);
    ck_assert_msg(!is_known(meminfo.mem_free), "%s", text);
    if (ambiguous[i].cause == NULL)
      continue;
    ck_assert_uint_eq(parse_error.line, 3);
    ck_assert_str_eq(parse_error.near, ambiguous[i].near);
    ck_assert_msg(parse_error.cause != NULL &&
                      strcmp(parse_error.cause, ambiguous[i].cause) == 0,
                  "%s: %s", text, parse_error.cause);
  }
}
END_TEST

START_TEST(kernel_prints_none_of_that)
{
  for (size_t i = 1; i < LENGTH(pasted); i++) {
    struct meminfo meminfo;
    struct parse_error parse_error = {0};
    meminfo_parse(scan_string(pasted[i]), &meminfo, &parse_error);
    ck_assert_msg(parse_error.count > 0 || i + 1 == LENGTH(pasted), "%s", pasted[i]);
  }
}
END_TEST

START_TEST(node_meminfo_is_refused_in_a_captured_tree_too)
{
  struct meminfo meminfo;
  struct parse_error parse_error = {0};
  ck_assert_int_eq(meminfo_parse_captured(scan_string("Node 0 MemTotal: 1000 kB\n"),
                                          &meminfo, &parse_error),
                   -EBADMSG);
}
END_TEST

SUITE_MAIN("meminfo", pasted_text_is_read_where_it_is_unambiguous,
           counts_and_unknown_keys_are_read_from_pasted_text_too,
           ambiguous_line_of_a_captured_text_is_malformed, kernel_prints_none_of_that,
           node_meminfo_is_refused_in_a_captured_tree_too,
           what_follows_a_cut_is_not_absent, kb_become_bytes_and_counts_stay_counts,
           absent_field_is_not_zero, every_row_is_found_by_its_key_in_any_order,
           cached_is_not_found_inside_swap_cached, line_is_known_or_its_error_is_reported,
           nul_byte_makes_its_field_malformed_and_no_other,
           key_that_occurs_twice_is_malformed_even_with_one_value,
           what_lies_outside_mem_total_may_exceed_it,
           nested_field_is_bounded_by_mem_total_too, unknown_line_is_stored_under_its_key,
           unknown_key_that_occurs_twice_is_malformed,
           unknown_lines_are_counted_above_the_cap, long_unknown_key_is_cut,
           meminfo_of_a_node_is_refused, text_without_mem_total_above_zero_is_refused,
           first_error_is_reported_and_all_are_counted,
           line_of_a_million_bytes_is_one_bad_line,
           million_blanks_are_blanks_and_a_million_byte_key_is_cut,
           second_parse_replaces_the_first, order_of_the_lines_does_not_matter,
           text_cut_off_at_any_byte_has_no_wrong_value, lines_before_a_cut_are_known,
           meminfo_of_an_old_highmem_kernel_is_parsed)
