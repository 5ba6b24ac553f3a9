/* SPDX-License-Identifier: MIT */
/* /proc/allocinfo (6.10, CONFIG_MEM_ALLOC_PROFILING, sysctl vm.mem_profiling): what each
 * allocation site of the kernel holds (lib/alloc_tag.c: allocinfo_show):
 *
 *   allocinfo - version: 1.0
 *   #     <size>  <calls> <tag info>
 *          12288        3 drivers/foo/bar.c:81 [module] func:function accurate:no
 *
 * Sizes are bytes in use by allocations made since profiling started. Slab appears twice:
 * as pages, at func:alloc_slab_page, and object by object at the sites of kmalloc and
 * kmem_cache_alloc. So the black hole consists of the sites that hold whole pages and are
 * neither in a term of meminfo (allocinfo.def lists them) nor callers of vmalloc.
 *
 * A line does not say whether a site holds objects or pages. A site holds whole pages if
 * its bytes are a multiple of the page size, and at least a page per call. So the black
 * hole by site is too large by
 *   - objects of caches whose size is a number of pages: every kmalloc of more than
 *     half a page up to two (kmalloc-4k, kmalloc-8k), and caches such as names_cache
 *   - larger kmalloc, whose pages do not come from alloc_slab_page although Slab in
 *     meminfo includes them (mm/slub.c: ___kmalloc_large_node): at most Slab -
 *     ALLOCINFO_SLAB
 *   - page tables that only some versions count (see allocinfo.def)
 * and too small by sites that hold both pages and objects, which count as objects.
 *
 * While vm.mem_profiling is 0, counters do not change, not even downwards
 * (include/linux/pgalloc_tag.h: pgalloc_tag_sub): then the file has old numbers, or
 * zeros, or no line after its header. Whether they are current, only the sysctl shows. */
#ifndef MEMINFO_EXPLAIN_PARSE_ALLOCINFO_H
#define MEMINFO_EXPLAIN_PARSE_ALLOCINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/parse/vmallocinfo.h"

#include <stdbool.h>

struct allocinfo_site {
  char function[64];
  char module[64]; /* "" for the kernel itself */
  char file[96];   /* file:line, cut off at the front where it is too long */
  uint64_t bytes;
  uint64_t calls_count;
};
#define ALLOCINFO_SITES_MAX      64
#define ALLOCINFO_USER_SITES_MAX 8

/* The term of the explanation that the pages of a site are in, or the black hole. */
enum allocinfo_place {
  ALLOCINFO_SLAB,        /* the pages behind slab */
  ALLOCINFO_OBJECT,      /* objects in slab: no pages of their own */
  ALLOCINFO_USER,        /* page cache, anonymous, shmem, swap cache */
  ALLOCINFO_MIGRATED,    /* pages that were moved: of the user, nearly all */
  ALLOCINFO_PAGE_TABLES, /* including secondary ones (KVM, IOMMU) */
  ALLOCINFO_PERCPU,
  ALLOCINFO_VMALLOC, /* including kernel stacks and modules */
  ALLOCINFO_HUGETLB,
  ALLOCINFO_BLACK_HOLE,
  ALLOCINFO_PLACE_COUNT
};

enum { ALLOCINFO_READINGS = ALLOCINFO_PLACE_COUNT + 3 };
struct allocinfo {
  union {
    struct {
      struct reading place[ALLOCINFO_PLACE_COUNT]; /* bytes */
      struct reading total;                        /* their sum */
      struct reading sites_count;                  /* all lines */
      /* Lines with accurate:no (version 2.0), and those that contradict themselves: below
       * zero, which counts as 0, or bytes without a call. Compaction caused many of them
       * in 6.12.0. */
      struct reading inaccurate_count;
    };
    struct reading readings[ALLOCINFO_READINGS];
  };
  /* The largest sites of the black hole, largest first, equal ones in the order of the
   * file. A site is a line: a function may have several, and one in a header file has a
   * line for each file that includes it. */
  struct allocinfo_site sites[ALLOCINFO_SITES_MAX];
  unsigned sites_listed;
  /* The same of user pages. */
  struct allocinfo_site user_sites[ALLOCINFO_USER_SITES_MAX];
  unsigned user_sites_listed;
};

/* Replaces *out. `vmalloc`, which may be NULL, has the callers of vmalloc: the sites of
 * these functions and modules are in vmalloc for as much as the function holds there, all
 * its sites together. Where the compiler inlined a caller, the names differ. But the
 * array of pages of a small area is at the same site (mm/vmalloc.c: __vmalloc_area_node),
 * so the site counts as objects at worst. Kernel stacks and modules, whose allocation is
 * always inlined, are recognised by site.
 *
 * A malformed line makes all of it malformed, because the sums would be too small. 0, or
 * -EBADMSG; also where the header is missing or its version is not 1.0 or 2.0. */
int allocinfo_parse(struct scan text, uint64_t page_size,
                    const struct vmallocinfo *vmalloc, struct allocinfo *out,
                    struct parse_error *parse_error);

/* "slab", "black_hole" and so on. */
const char *allocinfo_place_name(enum allocinfo_place place);

#endif
