/* SPDX-License-Identifier: MIT */
/* Pages that the page pools of network drivers hold, by generic netlink (family "netdev",
 * since Linux 6.8: Documentation/netlink/specs/netdev.yaml, page-pool-get). They come
 * from the buddy allocator and are in no line of meminfo. page_pool_read() is declared in
 * consumer_function.h. */
#ifndef MEMINFO_EXPLAIN_COLLECT_PAGE_POOL_H
#define MEMINFO_EXPLAIN_COLLECT_PAGE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Parses one answer of the kernel to page-pool-get: the attributes after the generic
 * netlink header, aligned as netlink aligns them. Adds the pool's inflight-mem to *bytes;
 * that of a pool whose memory a dma-buf or io_uring provides is not added, since its
 * pages are not the pool's. 0; or -EBADMSG, with *bytes untouched, where an attribute is
 * cut off, or inflight-mem is missing, repeated, not a number of 4 or 8 bytes, or makes
 * the sum exceed INT64_MAX. */
int page_pool_parse(const void *attributes, size_t length, uint64_t *bytes);

#endif
