/* SPDX-License-Identifier: MIT */
/* Processes whose smaps this process may not read, and why. */
#ifndef MEMINFO_EXPLAIN_PSS_DENIED_H
#define MEMINFO_EXPLAIN_PSS_DENIED_H

#include "meminfo_explain/parse/process_status.h"
#include "meminfo_explain/sysroot/credentials.h"

/* The kernel grants the access to who has the same ids and all of the process's
 * capabilities, or CAP_SYS_PTRACE in its user namespace; then a security module may deny
 * it (kernel/ptrace.c: __ptrace_may_access, security/commoncap.c:
 * cap_ptrace_access_check). Yama is asked for no access that only reads. */
enum denial {
  DENIAL_UNKNOWN,      /* its status cannot be read */
  DENIAL_CAPTURE,      /* the captured tree has no smaps of it */
  DENIAL_NAMESPACE,    /* this process is in a user namespace of its own */
  DENIAL_OWNER,        /* it has other ids, and this process lacks CAP_SYS_PTRACE */
  DENIAL_CAPABILITIES, /* it holds more than this process, which lacks CAP_SYS_PTRACE */
  DENIAL_OTHER,        /* a security module or its user namespace; without CAP_SYS_PTRACE
                          also a process that is not dumpable */
  DENIAL_COUNT
};

struct denied_process {
  uint32_t pid; /* 0: none */
  enum denial reason;
  uint64_t rss;                 /* bytes */
  uint64_t lacks;               /* capabilities that it holds and this process does not */
  char name[PROCESS_NAME_SIZE]; /* "" where it is not known */
};
/* The largest are kept. */
#define DENIED_MAX 8

/* "owner" for DENIAL_OWNER. */
const char *denial_name(enum denial reason);

/* Why this process, which is `who`, may not read smaps of a process with that status. */
enum denial denial_of(const struct credentials *who, const struct process_status *status);

#endif
