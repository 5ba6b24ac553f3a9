/* SPDX-License-Identifier: MIT */
/* /proc/vmallocinfo (mm/vmalloc.c: vmalloc_info_show), one line per mapped area:
 *
 *   0xSTART-0xEND SIZE caller [module] pages=N phys=A vmalloc ... N0=n
 *
 * START and END may be hashed or zero, so only SIZE is used; it includes a guard page.
 * The caller and everything after it may be missing. */
#ifndef MEMINFO_EXPLAIN_PARSE_VMALLOCINFO_H
#define MEMINFO_EXPLAIN_PARSE_VMALLOCINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/parse/vmalloc_callers.h"

#include <stdbool.h>

/* Kinds of area, by the flag that the kernel prints. Only vmalloc areas own their pages.
 */
enum vmalloc_kind {
  VMALLOC_KIND_NONE, /* vm_map_ram, and lines without a flag */
  VMALLOC_KIND_IOREMAP,
  VMALLOC_KIND_SPARSE,
  VMALLOC_KIND_VMALLOC,
  VMALLOC_KIND_VMAP,
  VMALLOC_KIND_USER,
  VMALLOC_KIND_DMA_COHERENT,
  VMALLOC_KIND_COUNT
};

struct vmallocinfo {
  struct reading pages;         /* pages= of vmalloc areas: physical memory */
  struct reading size;          /* SIZE of all areas: address space */
  struct reading stack_pages;   /* part of `pages`: kernel stacks */
  struct reading module_pages;  /* part of `pages`: code and data of modules */
  struct reading module_size;   /* SIZE of those, with a guard page for each area */
  struct reading percpu_size;   /* SIZE of percpu chunks, which print no pages= */
  struct reading unpurged_size; /* SIZE of freed areas whose flush is pending */
  struct reading kind_size[VMALLOC_KIND_COUNT]; /* SIZE by kind */
  struct reading entries_count;                 /* areas without the unpurged ones */
  struct reading unpurged_count;

  struct vmalloc_caller callers[VMALLOC_CALLERS_MAX]; /* in order of appearance */
  unsigned short by_size[VMALLOC_CALLERS_MAX];        /* their indices, largest first */
  unsigned callers_count;
  /* Bytes and areas of callers for which callers[] has no room. */
  uint64_t other_bytes, other_entries_count;
};
#define VMALLOCINFO_READINGS                                                             \
  (offsetof(struct vmallocinfo, callers) / sizeof(struct reading))

/* Replaces *out. A malformed line makes all sums malformed, because they would be too
 * small. Where `pages` is malformed, there are no callers. 0, also for an empty file,
 * which has no areas; or -EBADMSG where a line is malformed. */
int vmallocinfo_parse(struct scan text, uint64_t page_size, struct vmallocinfo *out,
                      struct parse_error *parse_error);

/* "ioremap", "vmalloc" and so on, as published. */
const char *vmallocinfo_kind_name(enum vmalloc_kind kind);

#endif
