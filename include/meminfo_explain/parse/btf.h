/* SPDX-License-Identifier: MIT */
/* BTF, the kernel's description of its own types (Documentation/bpf/btf.rst), of the
 * machine's byte order. Only structs with their sizes, and functions, are of interest. */
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

enum btf_kind { BTF_STRUCT = 4, BTF_FUNCTION = 12 };

/* Calls callback(context, kind, name, size) for each named struct, with its size in
 * bytes, and for each function. A module's file continues the strings of `base`, the
 * kernel's; NULL for the kernel's own. 0, or -EBADMSG at the first type that is cut off
 * or of no known kind. */
typedef void btf_callback(void *context, enum btf_kind kind, const char *name,
                          uint32_t size);
int btf_each(const struct btf *btf, const struct btf *base, btf_callback *callback,
             void *context);

#endif
