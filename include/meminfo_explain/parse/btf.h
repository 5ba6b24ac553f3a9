/* SPDX-License-Identifier: MIT */
/* BTF, the kernel's description of its own types (Documentation/bpf/btf.rst), of the
 * machine's byte order. Only structs and their sizes are of interest. */
#ifndef MEMINFO_EXPLAIN_PARSE_BTF_H
#define MEMINFO_EXPLAIN_PARSE_BTF_H

#include <stddef.h>
#include <stdint.h>

/* The two sections of one file. Borrows the bytes. */
struct btf {
  const unsigned char *types;
  const char *strings; /* ends in NUL, unless its length is 0 */
  size_t types_length, strings_length;
};

/* Finds the sections. 0, or -EBADMSG with *out untouched. */
int btf_open(const void *bytes, size_t length, struct btf *out);

/* Calls callback(context, name, size) for each named struct, with its size in bytes. A
 * module's file continues the strings of `base`, the kernel's; NULL for the kernel's own.
 * 0, or -EBADMSG at the first type that is cut off or of no known kind. */
int btf_each_struct(const struct btf *btf, const struct btf *base,
                    void (*callback)(void *context, const char *name, uint32_t size),
                    void *context);

#endif
