/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/base/format.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Returns the number in the largest unit in which it is at least 1. From `limit` on, it
 * would be printed as 1 of the next unit. */
static double in_units(double bytes, double limit, const char **unit)
{
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t i = 0;
  for (; fabs(bytes) >= limit && i + 1 < sizeof(units) / sizeof(*units); i++)
    bytes /= 1024;
  *unit = units[i];
  return bytes;
}

struct formatted format_bytes(double bytes)
{
  struct formatted out;
  const char *unit;
  double number = in_units(bytes, 1023.95, &unit);
  snprintf(out.text, sizeof(out.text), unit[1] == '\0' ? "%.0f %s" : "%.1f %s", number,
           unit);
  return out;
}

struct formatted format_bytes_short(double bytes)
{
  struct formatted out;
  const char *unit;
  double number = in_units(bytes, 999.5, &unit);
  snprintf(out.text, sizeof(out.text), "%.3g %s", number, unit);
  return out;
}

struct formatted format_module(const char *module)
{
  struct formatted out = {""};
  if (module[0] != '\0')
    snprintf(out.text, sizeof(out.text), " [%.64s]", module);
  return out;
}

struct formatted format_utc(double seconds, const char *format)
{
  static const double last = 253402300799; /* of the year 9999 */
  struct formatted out = {""};
  struct tm tm;
  if (!(seconds >= 0 && seconds <= last)) /* nor NaN */
    return out;
  const time_t time = (time_t)seconds;
  if (gmtime_r(&time, &tm) == NULL ||
      strftime(out.text, sizeof(out.text), format, &tm) == 0)
    out.text[0] = '\0';
  return out;
}

void format_append(char *out, size_t size, const char *format, ...)
{
  size_t length = strlen(out);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(out + length, size - length, format, arguments);
  va_end(arguments);
}
