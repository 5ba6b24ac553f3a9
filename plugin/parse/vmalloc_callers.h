/* SPDX-License-Identifier: MIT */
/* The callers of vmalloc by name: what a printed name means, and where in an array of
 * callers it is. Pure; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_PARSE_VMALLOC_CALLERS_H
#define MEMINFO_EXPLAIN_PARSE_VMALLOC_CALLERS_H

#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/parse/vmallocinfo.h"

/* Cuts "name.isra.0+0x1a/0x40" to "name": the offset and, from the first one on, the
 * suffixes that compilers add. A dot that begins the name stays (ppc64 ABI v1). */
struct span vmalloc_caller_symbol(struct span word);

/* Whether the function allocates kernel stacks with vmalloc, by any name under which the
 * compiler may have inlined it (kernel/fork.c: alloc_thread_stack_node and its callers).
 */
bool vmalloc_caller_is_stack(struct span symbol);

/* Whether the function allocates memory for a module's own code and data. */
bool vmalloc_caller_is_module(struct span symbol);

/* An index of an array of callers by symbol and module. {0} is empty. */
struct vmalloc_caller_index {
  unsigned short slots[4 * VMALLOC_CALLERS_MAX];
};

/* Returns the slot of the caller of that name: its position in callers[] plus 1; or 0,
 * where the name is not in the index, and the caller is to be entered there. */
unsigned short *vmalloc_caller_find(struct vmalloc_caller_index *index,
                                    const struct vmalloc_caller callers[],
                                    struct span symbol, struct span module);

/* Fills in by_size[]: larger callers first, equal ones by name. */
void vmalloc_callers_sort(struct vmallocinfo *info);

#endif
