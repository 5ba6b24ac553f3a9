/* SPDX-License-Identifier: MIT */
/* The functions that consumers.def names. One of CONSUMER_FUNCTION asks the running
 * kernel for one number, by netlink, a system call or an ioctl:
 *
 *   int function(uint64_t page_size, uint64_t *out);
 *
 * page_size is in bytes; *out becomes bytes, or a number where the row's name ends in
 * _count. 0; or -errno with *out untouched: -ENOENT, -ENOTDIR or -ESRCH where this kernel
 * has no such number, -EACCES or -EPERM where it is denied, any other where the answer
 * makes no sense. The state of the row follows from it (sysroot_error_state).
 *
 * It is called by the consumers' thread, and may hang in the kernel. A thread that hangs
 * is replaced, so a second call may begin before the first one ends: the function keeps
 * no state and holds no lock. It is not called for a captured tree. */
#ifndef MEMINFO_EXPLAIN_COLLECT_CONSUMER_FUNCTION_H
#define MEMINFO_EXPLAIN_COLLECT_CONSUMER_FUNCTION_H

#include "kernel_structs.h"
#include "meminfo_explain/sysroot/source.h"

#include <stdint.h>

typedef int consumer_function(uint64_t page_size, uint64_t *out);

/* A number that is computed, and its bounds: least <= likely <= most. */
struct consumer_bounds {
  uint64_t least, likely, most;
};

/* A function of CONSUMER_TREE reads files below a root, also of a captured tree. True
 * with *out set; false where the tree has no such files. A file that is denied or
 * malformed is noted in the status, whose state the row then has. It is called as above.
 */
struct consumer_tree {
  const struct sysroot *root;
  uint64_t page_size; /* bytes */
  bool cma;           /* whether memory for DMA may be in CMA regions */
  const struct kernel_structs *structs;
  struct text *text;            /* scratch */
  struct source_status *status; /* source_failed() */
};
typedef bool consumer_tree_function(const struct consumer_tree *tree,
                                    struct consumer_bounds *out);

#define CONSUMER(...)
#define CONSUMER_FUNCTION(name, place, source, function, remedy, ...)                    \
  consumer_function function;
#define CONSUMER_TREE(name, place, source, function, ...) consumer_tree_function function;
#include "meminfo_explain/tables/consumers.def"

#endif
