/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "boot_log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct log {
  char *bytes;
  size_t length, capacity;
};

/* --- /dev/kmsg ---------------------------------------------------------------------- */

enum {
  KMSG_MAJOR = 1, /* Documentation/admin-guide/devices.txt */
  KMSG_MINOR = 11,
  RECORD_MAX = 8192,      /* kernel/printk/printk.c: CONSOLE_EXT_LOG_MAX, before 6.3 */
  RECORDS_MAX = 64 << 20, /* bytes, so that a kernel that never stops logging ends */
};

/* A descriptor, or -1. Containers may have a link to their console in its place. */
static int open_device(void)
{
  struct stat st;
  int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -1;
  if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
      st.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR))
    return fd;
  close(fd);
  return -1;
}

static int make_room(struct log *log)
{
  if (log->capacity - log->length >= RECORD_MAX)
    return 0;
  size_t capacity = 2 * log->capacity + 16 * RECORD_MAX;
  char *bytes = realloc(log->bytes, capacity);
  if (bytes == NULL)
    return -ENOMEM;
  log->bytes = bytes;
  log->capacity = capacity;
  return 0;
}

/* Each read gives one record, then EAGAIN; EPIPE where records were overwritten
 * meanwhile, and the next read goes on behind them. No bytes before Linux 3.5. */
static int read_records(int fd, struct log *log)
{
  while (log->length < RECORDS_MAX) {
    if (make_room(log) != 0)
      return -ENOMEM;
    ssize_t n = read(fd, log->bytes + log->length, log->capacity - log->length);
    if (n > 0)
      log->length += (size_t)n;
    else if (n == 0 || (errno != EPIPE && errno != EINTR))
      break;
  }
  return 0;
}

static int read_device(struct log *log)
{
  int fd = open_device();
  if (fd < 0)
    return 0;
  int error = read_records(fd, log);
  close(fd);
  return error;
}

/* --- syslog(2) ---------------------------------------------------------------------- */

/* A filter of system calls may kill the process for syslog(2): systemd's
 * SystemCallFilter=@system-service does. */
static bool is_filtered(void)
{
  return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}

/* 0, -EPERM or -ENOMEM. */
static int read_by_syslog(struct log *log)
{
  enum { SYSLOG_READ_ALL = 3, SYSLOG_SIZE_BUFFER = 10 }; /* syslog(2) */
  if (is_filtered())
    return -EPERM;
  int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0);
  if (size <= 0)
    return size < 0 && errno == EPERM ? -EPERM : 0;
  char *bytes = realloc(log->bytes, (size_t)size);
  if (bytes == NULL)
    return -ENOMEM;
  int length = klogctl(SYSLOG_READ_ALL, bytes, size);
  *log = (struct log){bytes, length > 0 ? (size_t)length : 0, (size_t)size};
  return 0;
}

int boot_log_read(struct boot *out)
{
  struct log log = {0};
  *out = (struct boot){0};
  int error = read_device(&log);
  if (error == 0 && log.length == 0)
    error = read_by_syslog(&log);
  if (error == -EPERM)
    out->percpu_unit = out->percpu_units_count = out->hash_tables = out->swiotlb =
        out->dma_pools = out->ftrace_records = reading_missing(READING_DENIED);
  else if (log.length > 0)
    kmsg_parse(scan_text(log.bytes, log.length), (uint64_t)sysconf(_SC_PAGESIZE), out);
  free(log.bytes);
  return error == -ENOMEM ? error : 0;
}
