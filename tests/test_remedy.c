/* SPDX-License-Identifier: MIT */
#include "report/remedy.h"

#include "suite.h"

#include <linux/capability.h>

#define BIT(capability) ((uint64_t)1 << (capability))
#define PTRACE          "run as root or grant CAP_SYS_PTRACE"
#define READ            "run as root or grant CAP_DAC_READ_SEARCH"

static const struct credentials captured = {.live = false};
static const struct credentials user = {.live = true, .uid = 7};
static const struct credentials reader = {
    .live = true, .uid = 7, .capabilities = BIT(CAP_DAC_READ_SEARCH)};
static const struct credentials bare_root = {.live = true, .root = true};
static const struct credentials root = {
    .live = true, .root = true, .capabilities = ~UINT64_C(0)};
static const struct credentials contained = {
    .live = true, .root = true, .contained = true, .capabilities = ~UINT64_C(0)};

START_TEST(root_is_never_told_to_be_root)
{
  static const struct {
    const struct credentials *who;
    const char *remedy, *want;
  } cases[] = {
      {&user, READ, READ},
      {&user, PTRACE, PTRACE},
      {&reader, READ, "a security module or kernel lockdown denies it"},
      {&bare_root, PTRACE, "grant CAP_SYS_PTRACE"},
      /* The files are its own. */
      {&bare_root, READ, "a security module or kernel lockdown denies it"},
      {&root, PTRACE, "a security module or a user namespace denies it"},
      {&contained, READ, "run as root outside of this user namespace"},
      {&captured, READ, "capture as root"},
      {&root, "allow AF_NETLINK", "allow AF_NETLINK"},
      {&captured, "", ""},
  };
  for (size_t i = 0; i < LENGTH(cases); i++)
    ck_assert_str_eq(remedy_for(cases[i].who, cases[i].remedy).text, cases[i].want);
}
END_TEST

START_TEST(of_several_capabilities_those_that_are_missing_are_named)
{
  const uint64_t all = BIT(CAP_SYS_PTRACE) | BIT(CAP_SYSLOG) | BIT(CAP_DAC_READ_SEARCH);
  ck_assert_str_eq(remedy_for_all(&user, 0).text, "");
  ck_assert_str_eq(remedy_for_all(&user, all).text, "run as root");
  ck_assert_str_eq(remedy_for_all(&bare_root, all).text,
                   "grant CAP_SYS_PTRACE and CAP_SYSLOG");
  ck_assert_str_eq(remedy_for_all(&root, all).text,
                   "a security module or kernel lockdown denies it");
  ck_assert_str_eq(remedy_for_all(&root, BIT(CAP_SYS_PTRACE)).text,
                   "a security module or a user namespace denies it");
  ck_assert_str_eq(remedy_for_all(&captured, all).text, "capture as root");
  ck_assert_str_eq(capability_list(~UINT64_C(0)).text, "other capabilities");
  ck_assert_str_eq(capability_list(BIT(63)).text, "a newer capability");
}
END_TEST

SUITE_MAIN("remedy", root_is_never_told_to_be_root,
           of_several_capabilities_those_that_are_missing_are_named)
