/* SPDX-License-Identifier: MIT */
#include "remedy.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

struct formatted capability_list(uint64_t capabilities)
{
  struct formatted out = {""};
  if (__builtin_popcountll(capabilities) > 2)
    return (struct formatted){"other capabilities"};
  for (unsigned i = 0; i < 64; i++) {
    const char *name = capability_name(i);
    if (capabilities >> i & 1)
      format_append(out.text, sizeof(out.text), "%s%s",
                    out.text[0] != '\0' ? " and " : "",
                    name != NULL ? name : "a newer capability");
  }
  return out;
}

/* Those that this process lacks. The files that CAP_DAC_READ_SEARCH opens are root's, so
 * root does without it. */
static uint64_t lacking(const struct credentials *who, uint64_t capabilities)
{
  uint64_t granted = who->capabilities;
  if (who->root)
    granted |= (uint64_t)1 << CAP_DAC_READ_SEARCH;
  return capabilities & ~granted;
}

/* Where no capability is the reason, or none helps; else NULL. */
static const char *other_reason(const struct credentials *who, uint64_t capabilities)
{
  if (!who->live)
    return "capture as root";
  if (who->contained)
    return "run as root outside of this user namespace";
  if (lacking(who, capabilities) != 0)
    return NULL;
  return capabilities == (uint64_t)1 << CAP_SYS_PTRACE
             ? "a security module or a user namespace denies it"
             : "a security module or kernel lockdown denies it";
}

struct formatted remedy_for(const struct credentials *who, const char *remedy)
{
  struct formatted out;
  int capability = capability_in(remedy);
  const char *reason = NULL, *grant = strstr(remedy, "grant ");
  if (capability >= 0)
    reason = other_reason(who, (uint64_t)1 << capability);
  if (reason == NULL)
    reason = who->root && grant != NULL ? grant : remedy;
  snprintf(out.text, sizeof(out.text), "%s", reason);
  return out;
}

struct formatted remedy_for_all(const struct credentials *who, uint64_t capabilities)
{
  struct formatted out = {""};
  if (capabilities == 0)
    return out;
  const char *reason = other_reason(who, capabilities);
  if (reason == NULL && !who->root)
    reason = "run as root";
  format_append(out.text, sizeof(out.text), "%s%s", reason != NULL ? reason : "grant ",
                reason != NULL ? "" : capability_list(lacking(who, capabilities)).text);
  return out;
}
