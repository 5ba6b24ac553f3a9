/* SPDX-License-Identifier: MIT */
/* Pieces of what is said to people. */
#ifndef MEMINFO_EXPLAIN_BASE_FORMAT_H
#define MEMINFO_EXPLAIN_BASE_FORMAT_H

#include <stddef.h>

struct formatted {
  char text[72];
};

/* "12.3 MiB" */
struct formatted format_bytes(double bytes);

/* In three digits, for what must be short: "1.23 MiB", "123 MiB". */
struct formatted format_bytes_short(double bytes);

/* " [module]", or nothing for the kernel proper. */
struct formatted format_module(const char *module);

/* Appends to a string in `size` bytes; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) void format_append(char *out, size_t size,
                                                         const char *format, ...);

#endif
