/* SPDX-License-Identifier: MIT */
/* The callers of vmalloc by name: what a printed name means, and where in an array of
 * callers it is. Pure; allocates nothing. */
#ifndef MEMINFO_EXPLAIN_PARSE_VMALLOC_CALLERS_H
#define MEMINFO_EXPLAIN_PARSE_VMALLOC_CALLERS_H

#include "meminfo_explain/base/scan.h"

#include <stdbool.h>
#include <stdint.h>

/* A caller and the module that its code is in. The symbol has no offset and no suffixes
 * of the compiler (.isra.N, .constprop.N, .part.N, .cold, .llvm.N, .lto_priv.N). */
struct vmalloc_caller {
  char symbol[96];
  char module[64]; /* "" for the kernel itself */
  uint64_t bytes;  /* of the pages behind its vmalloc areas */
  uint64_t entries_count;
};
#define VMALLOC_CALLERS_MAX 256

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

/* Fills in by_size[] with the indices of `count` callers: larger ones first, equal ones
 * by name. */
void vmalloc_callers_sort(const struct vmalloc_caller callers[], unsigned count,
                          unsigned short by_size[]);

#endif
