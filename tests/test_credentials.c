/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/sysroot/credentials.h"

#include "suite.h"

#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

START_TEST(capabilities_have_their_names)
{
  ck_assert_str_eq(capability_name(CAP_CHOWN), "CAP_CHOWN");
  ck_assert_str_eq(capability_name(CAP_DAC_READ_SEARCH), "CAP_DAC_READ_SEARCH");
  ck_assert_str_eq(capability_name(CAP_SYS_PTRACE), "CAP_SYS_PTRACE");
  ck_assert_str_eq(capability_name(CAP_SYS_RESOURCE), "CAP_SYS_RESOURCE");
  ck_assert_str_eq(capability_name(CAP_SYSLOG), "CAP_SYSLOG");
  ck_assert_str_eq(capability_name(40), "CAP_CHECKPOINT_RESTORE");
  ck_assert_ptr_null(capability_name(41));
}
END_TEST

START_TEST(capability_is_found_in_a_text)
{
  ck_assert_int_eq(capability_in("run as root or grant CAP_SYS_PTRACE"), CAP_SYS_PTRACE);
  ck_assert_int_eq(capability_in("CAP_SYSLOG (boot log)"), CAP_SYSLOG);
  ck_assert_int_eq(capability_in("grant CAP_SYS"), -1);
  ck_assert_int_eq(capability_in("allow AF_NETLINK"), -1);
  ck_assert_int_eq(capability_in(""), -1);
}
END_TEST

/* CapEff of /proc/self/status says the same. */
START_TEST(credentials_are_those_of_this_process)
{
  struct sysroot root;
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  struct credentials who = credentials_read(&root);
  ck_assert(who.live);
  ck_assert(who.root == (geteuid() == 0));
  ck_assert_uint_eq(who.uid, geteuid());
  ck_assert_uint_eq(who.gid, getegid());
  char line[128];
  unsigned long long effective = 0;
  FILE *status = fopen("/proc/self/status", "r");
  ck_assert_ptr_nonnull(status);
  while (fgets(line, sizeof(line), status) != NULL)
    if (sscanf(line, "CapEff: %llx", &effective) == 1)
      break;
  fclose(status);
  ck_assert_uint_eq(who.capabilities, effective);
  sysroot_close(&root);
}
END_TEST

START_TEST(nothing_is_known_of_who_captured_a_tree)
{
  struct sysroot root;
  ck_assert_int_eq(sysroot_open(FIXTURES "/6.1-debian12-1g", &root), 0);
  struct credentials who = credentials_read(&root);
  ck_assert(!who.live && !who.root && !who.contained);
  ck_assert_uint_eq(who.capabilities, 0);
  sysroot_close(&root);
}
END_TEST

SUITE_MAIN("credentials", capabilities_have_their_names, capability_is_found_in_a_text,
           credentials_are_those_of_this_process, nothing_is_known_of_who_captured_a_tree)
