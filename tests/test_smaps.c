/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/smaps.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>

#define KB(value) ((uint64_t)(value)*1024)
#define HEADER    "55a31e6c3000-7ffc6bf21000 ---p 00000000 00:00 0    [heap]\n"

static struct parse_error parse_error;

static struct smaps parse(const char *text)
{
  struct smaps smaps;
  parse_error = (struct parse_error){0};
  int error = smaps_parse(scan_string(text), &smaps, &parse_error);
  ck_assert_msg(error == 0, "line %u: %s: %s", parse_error.line, parse_error.near,
                parse_error.cause);
  ck_assert_uint_eq(parse_error.count, 0);
  return smaps;
}

/* 6.12 */
static const char rollup[] = HEADER "Rss:              171348 kB\n"
                                    "Pss:              144478 kB\n"
                                    "Pss_Dirty:        130001 kB\n"
                                    "Pss_Anon:         127736 kB\n"
                                    "Pss_File:           2321 kB\n"
                                    "Pss_Shmem:         14421 kB\n"
                                    "Shared_Clean:      14020 kB\n"
                                    "Private_Clean:      3232 kB\n"
                                    "Private_Dirty:    120172 kB\n"
                                    "Anonymous:        128080 kB\n"
                                    "KSM:                   0 kB\n"
                                    "AnonHugePages:         0 kB\n"
                                    "Shared_Hugetlb:    20480 kB\n"
                                    "Private_Hugetlb:    6144 kB\n"
                                    "Swap:              13288 kB\n"
                                    "SwapPss:           11288 kB\n"
                                    "Locked:                0 kB\n";

static void assert_is_rollup(const struct smaps *smaps)
{
  ck_assert_uint_eq(smaps->mappings_count, 1);
  ck_assert_known(smaps->rss, KB(171348));
  ck_assert_known(smaps->pss, KB(144478));
  ck_assert_known(smaps->pss_anon, KB(127736));
  ck_assert_known(smaps->pss_file, KB(2321));
  ck_assert_known(smaps->pss_shmem, KB(14421));
  ck_assert_known(smaps->anonymous, KB(128080));
  ck_assert_known(smaps->private_clean, KB(3232));
  ck_assert_known(smaps->private_dirty, KB(120172));
  ck_assert_known(smaps->private_hugetlb, KB(6144));
  ck_assert_known(smaps->shared_hugetlb, KB(20480));
  ck_assert_known(smaps->swap_pss, KB(11288));
}

START_TEST(rollup_is_one_mapping)
{
  struct smaps smaps = parse(rollup);
  assert_is_rollup(&smaps);
}
END_TEST

/* Since 5.0: text and a number without a unit between the lines in kB. */
START_TEST(mappings_of_a_plain_smaps_are_summed)
{
  struct smaps smaps = parse(
      "00400000-004ef000 r-xp 00000000 08:01 24379460                     /bin/bash\n"
      "Size:                956 kB\n"
      "KernelPageSize:        4 kB\n"
      "MMUPageSize:           4 kB\n"
      "Rss:                 684 kB\n"
      "Pss:                 171 kB\n"
      "Pss_Dirty:             0 kB\n"
      "Shared_Clean:        600 kB\n"
      "Private_Clean:        80 kB\n"
      "Private_Dirty:         4 kB\n"
      "Anonymous:             4 kB\n"
      "Shared_Hugetlb:     2048 kB\n"
      "Private_Hugetlb:    4096 kB\n"
      "Swap:                  0 kB\n"
      "SwapPss:               3 kB\n"
      "Locked:                0 kB\n"
      "THPeligible:    0\n"
      "ProtectionKey:         0\n"
      "VmFlags: rd ex mr mw me dw sd \n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n"
      "Size:                  4 kB\n"
      "Rss:                  40 kB\n"
      "Pss:                  29 kB\n"
      "Private_Clean:         1 kB\n"
      "Private_Dirty:        12 kB\n"
      "Anonymous:            12 kB\n"
      "Shared_Hugetlb:        0 kB\n"
      "Private_Hugetlb:    2048 kB\n"
      "SwapPss:              50 kB\n"
      "Locked:                0 kB\n"
      "THPeligible:           1\n"
      "VmFlags: ex \n");
  ck_assert_uint_eq(smaps.mappings_count, 2);
  ck_assert_known(smaps.rss, KB(724));
  ck_assert_known(smaps.pss, KB(200));
  ck_assert_known(smaps.anonymous, KB(16));
  ck_assert_known(smaps.private_clean, KB(81));
  ck_assert_known(smaps.private_dirty, KB(16));
  ck_assert_known(smaps.private_hugetlb, KB(6144));
  ck_assert_known(smaps.shared_hugetlb, KB(2048));
  ck_assert_known(smaps.swap_pss, KB(53));
  ck_assert_int_eq(smaps.pss_anon.state, READING_ABSENT);
}
END_TEST

/* 2.6.32: no SwapPss, no Anonymous, no VmFlags. */
START_TEST(absent_field_is_not_zero)
{
  struct smaps smaps = parse("08048000-080f6000 r-xp 00000000 ca:00 809   /usr/sbin/x\n"
                             "Size:                696 kB\n"
                             "Rss:                 232 kB\n"
                             "Pss:                   0 kB\n"
                             "Shared_Clean:        232 kB\n"
                             "Private_Clean:         0 kB\n"
                             "Swap:                 12 kB\n");
  ck_assert_known(smaps.pss, 0);
  ck_assert_known(smaps.private_clean, 0);
  ck_assert_int_eq(smaps.anonymous.state, READING_ABSENT);
  ck_assert_int_eq(smaps.private_hugetlb.state, READING_ABSENT);
  ck_assert_int_eq(smaps.shared_hugetlb.state, READING_ABSENT);
  ck_assert_int_eq(smaps.swap_pss.state, READING_ABSENT);
  ck_assert_int_eq(smaps.pss_file.state, READING_ABSENT);
}
END_TEST

static const char *const headers[] = {
    "00008000-000f0000 r-xp 00000000 1f:04 16 /bin/busybox",
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 ",
    "b6f00000-b6f01000 rw-p 00000000 00:00 0",
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 7 /SYSV00000000 (deleted)",
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 7 Pss: 999 kB",
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 7 /a\\012Pss: 999 kB", /* newline */
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 7 /tmp/Rss:   999 kB",
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 [anon:Pss: 5 kB]",
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 anon_inode:[perf_event]",
    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 socket:[1:2]",
};

START_TEST(path_of_a_header_may_be_anything)
{
  for (size_t i = 0; i < LENGTH(headers); i++) {
    char text[256];
    snprintf(text, sizeof(text), "%s\nRss: 8 kB\nPss: 4 kB\n", headers[i]);
    struct smaps smaps = parse(text);
    ck_assert_uint_eq(smaps.mappings_count, 1);
    ck_assert_known(smaps.rss, KB(8));
    ck_assert_known(smaps.pss, KB(4));
  }
}
END_TEST

START_TEST(key_is_not_found_inside_another)
{
  struct smaps smaps = parse(HEADER "Pss_Dirty: 1 kB\nPss: 20 kB\nSwapPss: 300 kB\n"
                                    "NewPss: 5 kB\nPss_Annex: 5 kB\nRssAnon: 5 kB\n"
                                    "Shared_Clean: 6 kB\nShared_Dirty: 7 kB\n"
                                    "AnonHugePages: 8 kB\n");
  ck_assert_known(smaps.pss, KB(20));
  ck_assert_known(smaps.swap_pss, KB(300));
  ck_assert_int_eq(smaps.pss_anon.state, READING_ABSENT);
  ck_assert_int_eq(smaps.rss.state, READING_ABSENT);
  ck_assert_int_eq(smaps.anonymous.state, READING_ABSENT);
  ck_assert_int_eq(smaps.private_clean.state, READING_ABSENT);
  ck_assert_int_eq(smaps.private_dirty.state, READING_ABSENT);
  ck_assert_int_eq(smaps.shared_hugetlb.state, READING_ABSENT);
}
END_TEST

/* A kernel thread, a zombie, an exiting process. */
START_TEST(empty_text_is_no_error_and_all_absent)
{
  struct smaps smaps = parse("");
  ck_assert_uint_eq(smaps.mappings_count, 0);
  for (unsigned i = 0; i < SMAPS_FIELD_COUNT; i++)
    ck_assert_int_eq(smaps.fields[i].state, READING_ABSENT);
}
END_TEST

static const struct {
  const char *text, *cause, *near;
  unsigned line;
} refused[] = {
    {HEADER "Rss: 8 kB\nPss: n25 kB\n", "not a number of kB", "Pss:", 3},
    {HEADER "Pss: 4\n", "not a number of kB", "Pss:", 2},
    {HEADER "Pss: 4 MB\n", "not a number of kB", "Pss:", 2},
    {HEADER "Pss: 4 kB\r\n", "not a number of kB", "Pss:", 2},
    {HEADER "Pss:\n", "not a number of kB", "Pss:", 2},
    {HEADER "Pss: 4 kB\nPss_Anon:   ", "not a number of kB", "Pss_Anon:", 3},
    {HEADER "Pss: 4 kB\nRss: 1", "not a number of kB", "Rss:", 3},
    {HEADER "Pss: 4 kB\nRss: 18446744073709551612 kB\n", "number out of range",
     "Rss:", 3},
    {HEADER "Pss: 9007199254740992 kB\n", "number out of range", "Pss:", 2},
    {HEADER "Pss: 4 kB\nAnonymous: -4 kB\n", "not a number of kB", "Anonymous:", 3},
    {HEADER "Pss: 4 kB\nPrivate_Hugetlb: 9007199254740992 kB\n", "number out of range",
     "Private_Hugetlb:", 3},
    {HEADER "Rss: 8 kB\n", "line not found", "Pss", 0},
    {HEADER, "line not found", "Pss", 0},
    {"\n", "line not found", "Pss", 0},
    {"<html>\n", "line not found", "Pss", 0},
    {"Pss: 4 kB\n", "not one line per mapping", "Pss", 0},
    {HEADER "Pss: 4 kB\n" HEADER "Rss: 8 kB\n", "not one line per mapping", "Pss",
     0}, /* cut off */
    {HEADER "Pss: 4 kB\nPss: 4 kB\n", "not one line per mapping", "Pss", 0},
    {HEADER "Pss: 4 kB\nRss: 8 kB\n" HEADER "Pss: 4 kB\n", "not one line per mapping",
     "Rss", 0},
    {HEADER "Pss: 4 kB\nLocked: 0 kB\n" HEADER "Pss: 4 kB\n", "not one line per mapping",
     "Locked", 0},
    {"0-1 ---p 0 00:00 0 [rollup]\nPss: 4 kB\n", "line not found", "Locked", 0},
};

START_TEST(malformed_text_is_refused)
{
  for (size_t i = 0; i < LENGTH(refused); i++) {
    struct smaps smaps;
    parse_error = (struct parse_error){0};
    int error = smaps_parse(scan_string(refused[i].text), &smaps, &parse_error);
    ck_assert_msg(error == -EBADMSG, "%s: %d", refused[i].text, error);
    ck_assert_msg(strcmp(parse_error.cause, refused[i].cause) == 0, "%s: %s",
                  refused[i].text, parse_error.cause);
    ck_assert_str_eq(parse_error.near, refused[i].near);
    ck_assert_uint_eq(parse_error.line, refused[i].line);
    ck_assert_uint_eq(parse_error.count, 1);
  }
}
END_TEST

START_TEST(other_lines_may_have_any_text)
{
  struct smaps smaps = parse(HEADER "Pss: 4 kB\nLocked: many\nNewThing\n\nVmFlags:\n");
  ck_assert_known(smaps.pss, KB(4));
}
END_TEST

START_TEST(blanks_and_zeros_may_differ_from_what_the_kernel_prints)
{
  struct smaps smaps = parse(HEADER "Rss:\t8 kB\nPss: 00000000000000004 kB\n"
                                    "Anonymous:   3\tkB\nSwapPss: 2   kB\n"
                                    "  Private_Clean: 1 kB more\n");
  ck_assert_known(smaps.rss, KB(8));
  ck_assert_known(smaps.pss, KB(4));
  ck_assert_known(smaps.anonymous, KB(3));
  ck_assert_known(smaps.swap_pss, KB(2));
  ck_assert_known(smaps.private_clean, KB(1));
}
END_TEST

START_TEST(second_parse_replaces_the_first)
{
  struct smaps smaps;
  memset(&smaps, 0xa5, sizeof(smaps));
  for (int i = 0; i < 2; i++) {
    ck_assert_int_eq(smaps_parse(scan_string(rollup), &smaps, &parse_error), 0);
    assert_is_rollup(&smaps);
  }
  ck_assert_int_eq(smaps_parse(scan_string(""), &smaps, &parse_error), 0);
  ck_assert_int_eq(smaps.pss.state, READING_ABSENT);
  ck_assert_uint_eq(smaps.mappings_count, 0);
}
END_TEST

START_TEST(text_cut_off_at_any_byte_has_no_wrong_value)
{
  struct smaps whole = parse(rollup);
  for (size_t length = 0; length < sizeof(rollup); length++) {
    struct smaps cut;
    struct parse_error ignored = {0};
    if (smaps_parse(scan_text(rollup, length), &cut, &ignored) != 0)
      continue;
    for (unsigned i = 0; i < SMAPS_FIELD_COUNT; i++)
      ck_assert_msg(cut.fields[i].state == READING_ABSENT ||
                        cut.fields[i].value == whole.fields[i].value,
                    "field %u at byte %zu", i, length);
  }
}
END_TEST

SUITE_MAIN("smaps", rollup_is_one_mapping, mappings_of_a_plain_smaps_are_summed,
           absent_field_is_not_zero, path_of_a_header_may_be_anything,
           key_is_not_found_inside_another, empty_text_is_no_error_and_all_absent,
           malformed_text_is_refused, other_lines_may_have_any_text,
           blanks_and_zeros_may_differ_from_what_the_kernel_prints,
           second_parse_replaces_the_first, text_cut_off_at_any_byte_has_no_wrong_value)
