/* SPDX-License-Identifier: MIT */
/* Pieces of what is said to people. */
#ifndef MEMINFO_EXPLAIN_WORDS_H
#define MEMINFO_EXPLAIN_WORDS_H

#include <stddef.h>

struct words {
  char text[72];
};

/* "12.3 MiB" */
struct words words_bytes(double bytes);

/* In three digits, for what must be short: "1.23 MiB", "123 MiB". */
struct words words_bytes_short(double bytes);

/* " [module]", or nothing for the kernel proper. */
struct words words_module(const char *module);

/* Appends to a string in `size` bytes; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) void words_append(char *out, size_t size,
                                                        const char *format, ...);

#endif
