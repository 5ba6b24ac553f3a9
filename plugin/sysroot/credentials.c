/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/sysroot/credentials.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/capability.h, from 0 */
static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};
enum { NAMES = sizeof(names) / sizeof(*names) };

const char *capability_name(unsigned capability)
{
  return capability < NAMES ? names[capability] : NULL;
}

int capability_in(const char *text)
{
  const char *name = strstr(text, "CAP_");
  if (name == NULL)
    return -1;
  size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
  for (int i = 0; i < NAMES; i++)
    if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
      return i;
  return -1;
}

static uint64_t effective_capabilities(void)
{
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
  if (syscall(SYS_capget, &header, data) != 0)
    return 0;
  return data[0].effective | (uint64_t)data[1].effective << 32;
}

/* The first user namespace has a fixed number (PROC_USER_INIT_INO in
 * include/linux/proc_ns.h). */
static bool is_contained(const struct sysroot *root)
{
  char name[32];
  return sysroot_read_link(root, "proc/self/ns", "user", name, sizeof(name)) == 0 &&
         strcmp(name, "user:[4026531837]") != 0;
}

struct credentials credentials_read(const struct sysroot *root)
{
  if (!root->live)
    return (struct credentials){.live = false};
  return (struct credentials){.live = true,
                              .root = geteuid() == 0,
                              .contained = is_contained(root),
                              .uid = geteuid(),
                              .gid = getegid(),
                              .capabilities = effective_capabilities()};
}
