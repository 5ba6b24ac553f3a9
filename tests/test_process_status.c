/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/parse/process_status.h"

#include "suite.h"

#include <errno.h>

#define IDS "Uid:\t1000\t1001\t1002\t1003\nGid:\t100\t101\t102\t103\n"
#define SET "CapPrm:\t000001ffffffffff\n"

START_TEST(name_ids_and_capabilities_are_read)
{
  struct process_status status;
  static const char text[] =
      "Name:\tsystemd\nUmask:\t0000\nPid:\t1\n" IDS "CapInh:\t0000000000000001\n" SET
      "CapEff:\t0000000000000002\n";
  ck_assert_int_eq(process_status_parse(scan_string(text), &status), 0);
  ck_assert_str_eq(status.name, "systemd");
  ck_assert(status.uid[0] == 1000 && status.uid[1] == 1001 && status.uid[2] == 1002);
  ck_assert(status.gid[0] == 100 && status.gid[1] == 101 && status.gid[2] == 102);
  ck_assert_uint_eq(status.capabilities, UINT64_C(0x1ffffffffff));
}
END_TEST

START_TEST(a_name_is_printable_and_cut)
{
  struct process_status status;
  ck_assert_int_eq(
      process_status_parse(scan_string("Name:\ta b\x1b[2J\xff\\n\n" IDS SET), &status),
      0);
  ck_assert_str_eq(status.name, "a?b?[2J?\\n");
  ck_assert_int_eq(
      process_status_parse(
          scan_string("Name:\t0123456789012345678901234567890123456789\n" IDS SET),
          &status),
      0);
  ck_assert_str_eq(status.name, "01234567890123456789012345678901");
  ck_assert_int_eq(process_status_parse(scan_string(IDS SET), &status), 0);
  ck_assert_str_eq(status.name, "");
}
END_TEST

START_TEST(what_is_missing_or_malformed_is_refused)
{
  static const char *const refused[] = {
      "",
      "Name:\tx\n",
      IDS,
      SET,
      "Uid:\t1\t2\nGid:\t1\t2\t3\t4\n" SET,
      "Uid:\t1\t2\t-3\t4\nGid:\t1\t2\t3\t4\n" SET,
      IDS "CapPrm:\n",
      IDS "CapPrm:\t000001FFFFFFFFFF\n",
      IDS "CapPrm:\t0000001ffffffffff\n",
  };
  for (size_t i = 0; i < LENGTH(refused); i++) {
    struct process_status status = {.capabilities = 4711};
    ck_assert_int_eq(process_status_parse(scan_string(refused[i]), &status), -EBADMSG);
    ck_assert_uint_eq(status.capabilities, 4711);
  }
}
END_TEST

SUITE_MAIN("process_status", name_ids_and_capabilities_are_read,
           a_name_is_printable_and_cut, what_is_missing_or_malformed_is_refused)
