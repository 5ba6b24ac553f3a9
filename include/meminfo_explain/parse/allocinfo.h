/* SPDX-License-Identifier: MIT */
/* /proc/allocinfo (6.10, CONFIG_MEM_ALLOC_PROFILING, sysctl vm.mem_profiling): what each
 * allocation site of the kernel holds now (lib/alloc_tag.c: allocinfo_show):
 *
 *   allocinfo - version: 1.0
 *   #     <size>  <calls> <tag info>
 *          12288        3 drivers/foo/bar.c:81 [module] func:function accurate:no
 *
 * Sizes are bytes in use by allocations made since profiling began. Slab appears twice:
 * as the pages that func:alloc_slab_page takes, and again object by object at the sites
 * of kmalloc and kmem_cache_alloc. So what belongs to the black hole is: sites that hold
 * whole pages, and are neither in a term of meminfo (allocinfo.def says which sites are)
 * nor a caller of vmalloc.
 *
 * A line does not tell objects from pages. Taken for whole pages is a site whose bytes
 * are a multiple of the page size, and no less than a page per call. The black hole is
 * hence too large by
 *   - objects of caches whose size is one of pages: every kmalloc of more than half a
 *     page up to two (kmalloc-4k, kmalloc-8k), and caches such as names_cache
 *   - larger kmalloc, whose pages do not come from alloc_slab_page and are in meminfo's
 *     Slab all the same (mm/slub.c: ___kmalloc_large_node): no more than Slab less
 *     ALLOCINFO_SLAB
 *   - page tables that are counted only by some versions (see allocinfo.def)
 * and too small by sites that mix pages and objects, which pass for objects.
 *
 * Counters do not move while vm.mem_profiling is 0, not even downwards
 * (include/linux/pgalloc_tag.h: pgalloc_tag_sub): the file then shows what was, or zeros,
 * or nothing below its header. All of that is known here; whether it is of now, only the
 * sysctl tells. */
#ifndef MEMINFO_EXPLAIN_PARSE_ALLOCINFO_H
#define MEMINFO_EXPLAIN_PARSE_ALLOCINFO_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"
#include "meminfo_explain/parse/vmallocinfo.h"

#include <stdbool.h>

struct allocinfo_site {
  char function[64];
  char module[64]; /* "" for the kernel proper */
  char file[96];   /* file:line, cut at the front if need be */
  uint64_t bytes;
  uint64_t calls_count;
};
#define ALLOCINFO_SITES_KEPT 64

/* Which term of the explanation a site's pages are in; the last one is the black hole. */
enum allocinfo_place {
  ALLOCINFO_SLAB,        /* the pages behind slab */
  ALLOCINFO_OBJECT,      /* objects in them, and so no pages of their own */
  ALLOCINFO_USER,        /* page cache, anonymous, shmem, swap cache */
  ALLOCINFO_PAGE_TABLES, /* secondary ones (KVM, IOMMU) too */
  ALLOCINFO_PERCPU,
  ALLOCINFO_VMALLOC, /* kernel stacks and images of modules too */
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
      /* Lines that say accurate:no (version 2.0), or contradict themselves: below zero,
       * which counts as 0 bytes, or bytes without a call. Compaction made many of them
       * in 6.12.0. */
      struct reading inaccurate_count;
    };
    struct reading readings[ALLOCINFO_READINGS];
  };
  /* The largest sites of the black hole, largest first, and equal ones in the order of
   * the file. A site is a line: a function may have several, and one in a header file
   * has a line for each file that includes it. */
  struct allocinfo_site sites[ALLOCINFO_SITES_KEPT];
  unsigned sites_kept;
};

/* Replaces *out. `vmalloc` tells the callers of vmalloc, whose sites (by function and
 * module) are in that term for as much as they hold there, all of a function's sites
 * together; it may be NULL. The compiler may have inlined a caller, and then the names
 * differ; but the array of pages of a small area is at the same site
 * (mm/vmalloc.c: __vmalloc_area_node), so that it passes for objects at worst. Kernel
 * stacks and images of modules, always inlined, are told by their site instead.
 *
 * A line that is not of the grammar makes all of it malformed, since the sums would be
 * too small. 0, or -EBADMSG. Without the header, or with that of a version other than 1.0
 * and 2.0, it is not an allocinfo: -EBADMSG. */
int allocinfo_parse(struct scan text, uint64_t page_size,
                    const struct vmallocinfo *vmalloc, struct allocinfo *out,
                    struct parse_error *parse_error);

/* "slab", "black_hole" and so on. */
const char *allocinfo_place_name(enum allocinfo_place place);

#endif
