/* SPDX-License-Identifier: MIT */
/* Where the core's log lines go. */
#ifndef MEMINFO_EXPLAIN_BASE_LOGGER_H
#define MEMINFO_EXPLAIN_BASE_LOGGER_H

#include <syslog.h>

struct logger {
  /* Takes one line without newline. level: LOG_ERR, LOG_WARNING or LOG_INFO, as syslog(3)
   * and collectd number them. */
  void (*print)(void *context, int level, const char *text);
  void *context;
};

/* Prints one line; what does not fit in 1023 bytes is cut. */
__attribute__((format(printf, 3, 4))) void
logger_print(const struct logger *logger, int level, const char *format, ...);

#endif
