/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/base/logger.h"

#include <stdarg.h>
#include <stdio.h>

void logger_print(const struct logger *logger, int level, const char *format, ...)
{
  char text[1024]; /* as collectd's plugin_log */
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  logger->print(logger->context, level, text);
}
