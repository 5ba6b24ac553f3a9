/* SPDX-License-Identifier: MIT */
/* What this process may read on the machine below a root. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_CREDENTIALS_H
#define MEMINFO_EXPLAIN_SYSROOT_CREDENTIALS_H

#include "meminfo_explain/sysroot/sysroot.h"

#include <stdbool.h>
#include <stdint.h>

/* {0} is a captured tree: whoever captured it is not known. */
struct credentials {
  bool live;
  bool root;             /* the effective uid is 0, in whatever user namespace */
  bool contained;        /* in a user namespace of its own: root and its capabilities do
                            not count for files and processes outside of it */
  uint32_t uid, gid;     /* effective */
  uint64_t capabilities; /* effective; bit N is capability N of <linux/capability.h> */
};

struct credentials credentials_read(const struct sysroot *root);

/* "CAP_SYS_PTRACE" for 19; NULL for one that this program has no name for. */
const char *capability_name(unsigned capability);

/* The capability that `text` names first, such as 19 for "grant CAP_SYS_PTRACE"; -1 where
 * it names none. */
int capability_in(const char *text);

static inline bool has_capability(const struct credentials *who, unsigned capability)
{
  return who->capabilities >> capability & 1;
}

#endif
