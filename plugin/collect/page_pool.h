/* SPDX-License-Identifier: MIT */
/* Pages that network drivers' page pools hold, by generic netlink (family "netdev", since
 * Linux 6.8: Documentation/netlink/specs/netdev.yaml, page-pool-get). No file tells. Bare
 * pages of the buddy allocator: in the black hole. */
#ifndef MEMINFO_EXPLAIN_COLLECT_PAGE_POOL_H
#define MEMINFO_EXPLAIN_COLLECT_PAGE_POOL_H

#include <stddef.h>
#include <stdint.h>

/* The sum of inflight-mem over the page pools of our own network namespace, in bytes, and
 * how many pools there are. Neither counts pools whose memory a dma-buf or io_uring
 * provides: their pages are not the pool's. Nor does the kernel tell of pools that their
 * driver made without naming a device (veth's, and those of XDP's test runs), so this is
 * a lower bound.
 *
 * Waits for answers a fraction of a second at most; but the kernel makes them under
 * rtnl_lock, and for that it waits as anybody does who asks for a list of devices.
 *
 * 0; -ENOENT where the kernel has no such family or no such request; or -errno:
 * -ETIMEDOUT, -EPERM or -EACCES, -EAFNOSUPPORT (a sandbox without netlink), -EAGAIN where
 * the list changed while it was read, twice; -EMSGSIZE for a list without end; -EBADMSG
 * for an answer that is none. Both sums are untouched on failure. */
int page_pool_inflight(uint64_t *bytes, unsigned *pools_count);

/* One answer of the kernel to page-pool-get: the attributes behind the generic netlink
 * header, aligned as netlink aligns them. Adds to the sums. 0; or -EBADMSG, with both
 * untouched, where an attribute is torn, or inflight-mem is missing, repeated, of a size
 * that no number has, or makes a sum above INT64_MAX. */
int page_pool_parse(const void *attributes, size_t length, uint64_t *bytes,
                    unsigned *pools_count);

#endif
