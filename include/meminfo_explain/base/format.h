/* SPDX-License-Identifier: MIT */
/* Sizes, names and times as text. */
#ifndef MEMINFO_EXPLAIN_BASE_FORMAT_H
#define MEMINFO_EXPLAIN_BASE_FORMAT_H

#include <stddef.h>

struct formatted {
  char text[88];
};

/* One decimal: "12.3 MiB". */
struct formatted format_bytes(double bytes);

/* Three significant digits: "1.23 MiB", "123 MiB". */
struct formatted format_bytes_short(double bytes);

/* " [module]", or "" where `module` is "", the kernel itself. */
struct formatted format_module(const char *module);

/* Seconds since the epoch in UTC, by a format of strftime(3), in at most 87 bytes. "" for
 * what is no time from the years 1970 to 9999. */
struct formatted format_utc(double seconds, const char *format);

/* Appends to the string in out[], which has `size` bytes. Text that does not fit is cut
 * off. */
__attribute__((format(printf, 3, 4))) void format_append(char *out, size_t size,
                                                         const char *format, ...);

#endif
