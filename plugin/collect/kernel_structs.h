/* SPDX-License-Identifier: MIT */
/* Sizes of the structs of kernel_structs.def, from /sys/kernel/btf (5.2; modules 5.11).
 */
#ifndef MEMINFO_EXPLAIN_COLLECT_KERNEL_STRUCTS_H
#define MEMINFO_EXPLAIN_COLLECT_KERNEL_STRUCTS_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/sysroot/sysroot.h"

enum {
#define KERNEL_STRUCT(name, module) KERNEL_STRUCT_##name,
#include "meminfo_explain/tables/kernel_structs.def"
  KERNEL_STRUCT_COUNT
};
enum {
#define KERNEL_FUNCTION(name) KERNEL_FUNCTION_##name,
#include "meminfo_explain/tables/kernel_structs.def"
  KERNEL_FUNCTION_COUNT
};

/* Bytes. Absent where no BTF that was read has it, as long as its module may be loaded.
 */
struct kernel_structs {
  struct reading size[KERNEL_STRUCT_COUNT];
  bool has[KERNEL_FUNCTION_COUNT]; /* whether the kernel's BTF has the function */
};

/* Reads what is absent in *structs and may be known by now: all of it the first time,
 * later only of modules that were loaded since. Sizes do not change until the next boot.
 * Nothing is read of a captured tree: it has no BTF. */
void kernel_structs_read(const struct sysroot *root, struct kernel_structs *structs);

#endif
