/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/pss/denied.h"

#include <linux/capability.h>

const char *denial_name(enum denial reason)
{
  static const char *const names[DENIAL_COUNT] = {
      "unknown", "capture", "user_namespace", "owner", "capabilities", "other"};
  return names[reason];
}

static bool are_all(const uint64_t ids[3], uint64_t id)
{
  return ids[0] == id && ids[1] == id && ids[2] == id;
}

enum denial denial_of(const struct credentials *who, const struct process_status *status)
{
  if (who->contained)
    return DENIAL_NAMESPACE;
  if (has_capability(who, CAP_SYS_PTRACE))
    return DENIAL_OTHER;
  if (!are_all(status->uid, who->uid) || !are_all(status->gid, who->gid))
    return DENIAL_OWNER;
  return status->capabilities & ~who->capabilities ? DENIAL_CAPABILITIES : DENIAL_OTHER;
}
