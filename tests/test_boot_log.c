/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "collect/boot_log.h"

#include "suite.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_same(struct reading a, struct reading b)
{
  ck_assert_int_eq(a.state, b.state);
  ck_assert_uint_eq(a.value, b.value);
}

/* Both ways to read it have the same lines in other formats. */
START_TEST(it_is_what_syslog_gives)
{
  enum { READ_ALL = 3, SIZE = 4 << 20 };
  static char text[SIZE];
  struct boot boot, expected;
  ck_assert_int_eq(boot_log_read(&boot), 0);
  int length = klogctl(READ_ALL, text, SIZE);
  if (length < 0) { /* kernel.dmesg_restrict; the device has the same rule */
    assert_same(boot.percpu_unit, reading_missing(READING_DENIED));
    assert_same(boot.hash_tables, reading_missing(READING_DENIED));
    return;
  }
  kmsg_parse(scan_text(text, (size_t)length), (uint64_t)sysconf(_SC_PAGESIZE), &expected);
  assert_same(boot.percpu_unit, expected.percpu_unit);
  assert_same(boot.percpu_units_count, expected.percpu_units_count);
  assert_same(boot.hash_tables, expected.hash_tables);
  assert_same(boot.swiotlb, expected.swiotlb);
  assert_same(boot.dma_pools, expected.dma_pools);
  assert_same(boot.ftrace_records, expected.ftrace_records);
}
END_TEST

/* Kills the process for syslog(2), as systemd's SystemCallFilter=@system-service; and
 * with an error for each open, if `closed`, as if there were no device. 0 or -1. */
static int filter(bool closed)
{
  const unsigned number = offsetof(struct seccomp_data, nr);
  const unsigned opening = closed ? SECCOMP_RET_ERRNO | ENOENT : SECCOMP_RET_ALLOW;
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_syslog, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, opening),
#ifdef SYS_open /* of musl */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, opening),
#endif
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {sizeof(program) / sizeof(*program), program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
             ? prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0)
             : -1;
}

/* In a child process: exit status 0 if the log was read or denied as expected, 2 where
 * the kernel (or an emulator) has no such filters. */
static int read_filtered(bool closed)
{
  struct boot boot, expected;
  boot_log_read(&expected);
  if (filter(closed) != 0)
    return 2;
  if (boot_log_read(&boot) != 0)
    return 1;
  if (closed)
    return boot.hash_tables.state != READING_DENIED;
  return boot.hash_tables.state != READING_DENIED &&
         (boot.hash_tables.state != expected.hash_tables.state ||
          boot.hash_tables.value != expected.hash_tables.value);
}

static void survive(bool closed)
{
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0)
    _exit(read_filtered(closed));
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
  if (WEXITSTATUS(status) == 2)
    fputs("skipped: boot_log: no seccomp filters here\n", stderr);
  else
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(it_is_read_where_syslog_would_kill)
{
  survive(false);
}
END_TEST

START_TEST(it_is_denied_where_syslog_would_kill_and_there_is_no_device)
{
  survive(true);
}
END_TEST

SUITE_MAIN("boot_log", it_is_what_syslog_gives, it_is_read_where_syslog_would_kill,
           it_is_denied_where_syslog_would_kill_and_there_is_no_device)
