/* SPDX-License-Identifier: MIT */
/* Memory that block devices with multiple queues (blk-mq) hold even when idle, and that
 * is in no line of meminfo:
 *
 *   requests  The kernel allocates the requests of a hardware queue in advance, one for
 * each tag, each as large as struct request and what the driver adds to it
 *             (block/blk-mq.c: blk_mq_alloc_rqs). An I/O scheduler has its own
 *             (block/blk-mq-sched.c: blk_mq_init_sched).
 *   rings     What driver and device share: virtqueues of virtio-blk, submission and
 *             completion queues of NVMe, command tables of AHCI.
 *
 * Queues and tags are in sysfs, sizes in BTF; a size that is not known has bounds.
 * block_queues_read() and integrity_pool_read() are declared in consumer_function.h. */
#ifndef MEMINFO_EXPLAIN_COLLECT_BLOCK_QUEUES_H
#define MEMINFO_EXPLAIN_COLLECT_BLOCK_QUEUES_H

#include <stdint.h>

/* Bytes of the pages that hold `tags` requests of `size` bytes, at most 16 pages: blocks
 * of up to 16 pages, of which the last is the largest that the rest fills to a half. */
uint64_t block_queues_requests(uint64_t tags, uint64_t size, uint64_t page_size);

/* Bytes of the pages of a split virtqueue of `entries` entries, whose used ring is
 * aligned to `align` bytes (include/uapi/linux/virtio_ring.h: vring_size). */
uint64_t block_queues_vring(uint64_t entries, uint64_t align, uint64_t page_size);

#endif
