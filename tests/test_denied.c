/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/pss/denied.h"

#include "suite.h"

#include <linux/capability.h>

#define BIT(capability) ((uint64_t)1 << (capability))

/* Who may not read it, and why. */
START_TEST(the_reason_follows_from_ids_capabilities_and_namespace)
{
  static const struct process_status roots = {.capabilities = BIT(CAP_SYS_NICE)};
  static const struct process_status users = {.uid = {7, 7, 7}, .gid = {8, 8, 8}};
  static const struct process_status setuid = {.uid = {7, 0, 0}, .gid = {8, 8, 8}};
  static const struct process_status setgid = {.uid = {7, 7, 7}, .gid = {8, 8, 9}};
  static const struct credentials root = {
      .live = true, .root = true, .capabilities = BIT(CAP_SYS_PTRACE)};
  static const struct credentials bare_root = {.live = true, .root = true};
  static const struct credentials nice_root = {
      .live = true, .root = true, .capabilities = BIT(CAP_SYS_NICE)};
  static const struct credentials contained = {
      .live = true, .root = true, .contained = true, .capabilities = ~UINT64_C(0)};
  static const struct credentials user = {.live = true, .uid = 7, .gid = 8};
  static const struct {
    const struct credentials *who;
    const struct process_status *status;
    enum denial want;
  } cases[] = {
      {&root, &roots, DENIAL_OTHER},      {&root, &users, DENIAL_OTHER},
      {&bare_root, &users, DENIAL_OWNER}, {&bare_root, &roots, DENIAL_CAPABILITIES},
      {&nice_root, &roots, DENIAL_OTHER}, {&contained, &roots, DENIAL_NAMESPACE},
      {&user, &roots, DENIAL_OWNER},      {&user, &setuid, DENIAL_OWNER},
      {&user, &setgid, DENIAL_OWNER},     {&user, &users, DENIAL_OTHER},
  };
  for (size_t i = 0; i < LENGTH(cases); i++)
    ck_assert_msg(denial_of(cases[i].who, cases[i].status) == cases[i].want, "case %zu",
                  i);
}
END_TEST

START_TEST(each_reason_has_a_name)
{
  for (unsigned i = 0; i < DENIAL_COUNT; i++)
    for (unsigned j = 0; j < i; j++)
      ck_assert_str_ne(denial_name(i), denial_name(j));
  ck_assert_str_eq(denial_name(DENIAL_OWNER), "owner");
}
END_TEST

SUITE_MAIN("denied", the_reason_follows_from_ids_capabilities_and_namespace,
           each_reason_has_a_name)
