/* SPDX-License-Identifier: MIT */
/* The kernel log, for memory that the kernel took at boot and that no file reports. */
#ifndef MEMINFO_EXPLAIN_PARSE_KMSG_H
#define MEMINFO_EXPLAIN_PARSE_KMSG_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

/* Bytes. Absent where the log has no such line, or no longer has it; denied where reading
 * it is not permitted (kernel.dmesg_restrict). */
struct boot {
  /* The part of each CPU in the first percpu chunk: `percpu: Embedded N pages/cpu ...`
   * (mm/percpu.c: pcpu_embed_first_chunk). */
  struct reading percpu_unit;
  /* The units of each percpu chunk: those of the possible CPUs, and spare ones, printed
   * as dashes: `pcpu-alloc: [0] 0 1 2 - [1] ...` (mm/percpu.c: pcpu_dump_alloc_info). */
  struct reading percpu_units_count;
  /* Hash tables in pages of the buddy allocator, which are in the black hole: `NAME hash
   * table entries: N (order: O, BYTES bytes, linear)` (mm/mm_init.c:
   * alloc_large_system_hash; "linear" since 5.3). Without Dentry, Inode-cache and PV
   * qspinlock, which are allocated before MemTotal is computed (HASH_EARLY). */
  struct reading hash_tables;
  /* The pool of bounce buffers: `software IO TLB: mapped [mem 0xA-0xB] (NMB)`
   * (kernel/dma/swiotlb.c: swiotlb_print_info). */
  struct reading swiotlb;
  /* Pools for DMA in atomic context, of all zones together: `DMA: preallocated N KiB ...
   * pool for atomic allocations` (kernel/dma/pool.c: __dma_atomic_pool_init, 5.8). */
  struct reading dma_pools;
  /* Records of the kernel's traceable functions: `ftrace: allocated N pages with M
   * groups` (kernel/trace/ftrace.c: ftrace_init, 5.6). */
  struct reading ftrace_records;
};

/* Replaces *out. */
void kmsg_parse(struct scan text, uint64_t page_size, struct boot *out);

#endif
