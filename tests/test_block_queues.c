/* SPDX-License-Identifier: MIT */
#include "collect/block_queues.h"
#include "collect/consumer_function.h"

#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KB(n) ((uint64_t)(n) << 10)

/* --- a tree
 * ----------------------------------------------------------------------------- */

static char *tree;
static struct kernel_structs structs;
static struct consumer_bounds bounds;
static struct source_status status;
static bool cma;

static void begin(void)
{
  tree = tree_make();
  ck_assert_int_eq(chmod(tree, 0755), 0);
  structs = (struct kernel_structs){0};
  cma = false;
  tree_write(tree, "sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size",
             "64\n");
}

static void end(void)
{
  tree_remove(tree);
}

static void has_size(int row, uint64_t bytes)
{
  structs.size[row] = reading_known(bytes);
}

/* Of 6.12 on x86-64. */
static void has_sizes(void)
{
  has_size(KERNEL_STRUCT_request, 248);
  has_size(KERNEL_STRUCT_scatterlist, 32);
  has_size(KERNEL_STRUCT_virtblk_req, 56);
  has_size(KERNEL_STRUCT_nvme_iod, 208);
  has_size(KERNEL_STRUCT_loop_cmd, 104);
  has_size(KERNEL_STRUCT_nbd_cmd, 72);
  has_size(KERNEL_STRUCT_scsi_cmnd, 296);
  has_size(KERNEL_STRUCT_virtio_scsi_cmd, 192);
}

static void write_file(const char *directory, const char *name, const char *text)
{
  char path[256];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  tree_write(tree, path, text);
}

static void write_number(const char *directory, const char *name, unsigned number)
{
  char text[16];
  snprintf(text, sizeof(text), "%u\n", number);
  write_file(directory, name, text);
}

/* Returns the disk's folder, until the next call. */
static const char *disk(const char *name, unsigned queues, unsigned tags)
{
  static char directory[128];
  char file[32];
  snprintf(directory, sizeof(directory), "sys/block/%s", name);
  for (unsigned i = 0; i < queues; i++) {
    snprintf(file, sizeof(file), "mq/%u/nr_tags", i);
    write_number(directory, file, tags);
  }
  write_file(directory, "queue/scheduler", "[none] mq-deadline \n");
  return directory;
}

static void host(const char *name, const char *driver, unsigned queues, unsigned tags)
{
  char directory[128];
  snprintf(directory, sizeof(directory), "sys/class/scsi_host/%s", name);
  write_file(directory, "proc_name", driver);
  write_number(directory, "nr_hw_queues", queues);
  write_number(directory, "can_queue", tags);
}

static bool read_tree(void)
{
  struct sysroot root;
  struct text text = {0};
  status = (struct source_status){0};
  bounds = (struct consumer_bounds){0};
  const struct consumer_tree consumer = {.root = &root,
                                         .page_size = 4096,
                                         .cma = cma,
                                         .structs = &structs,
                                         .text = &text,
                                         .status = &status};
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  bool found = block_queues_read(&consumer, &bounds);
  sysroot_close(&root);
  text_free(&text);
  ck_assert_uint_le(bounds.least, bounds.likely);
  ck_assert_uint_le(bounds.likely, bounds.most);
  return found;
}

static void assert_likely(uint64_t want)
{
  ck_assert(read_tree());
  ck_assert_int_eq(status.state, READING_ABSENT); /* no failure was noted */
  ck_assert_msg(bounds.likely == want, "%llu, not %llu",
                (unsigned long long)bounds.likely, (unsigned long long)want);
}

/* --- arithmetic ------------------------------------------------------------------------
 */

START_TEST(requests_fill_blocks_of_sixteen_pages)
{
  static const struct {
    uint64_t tags, size, page, want;
  } cases[] = {
      {256, 384, 4096, KB(128)}, /* virtio-blk, counted in guests with 6.1 and 6.12 */
      {256, 320, 4096, KB(96)},   {1023, 512, 4096, KB(512)}, {128, 384, 4096, KB(64)},
      {64, 320, 4096, KB(32)},    {1, 384, 4096, KB(4)},      {0, 384, 4096, 0},
      {256, 384, 65536, KB(128)},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    const uint64_t got =
        block_queues_requests(cases[i].tags, cases[i].size, cases[i].page);
    ck_assert_msg(got == cases[i].want, "row %zu: %llu", i, (unsigned long long)got);
  }
}
END_TEST

START_TEST(blocks_have_room_for_all_requests_and_grow_with_their_size)
{
  for (uint64_t tags = 1; tags < 3000; tags += 37) {
    uint64_t before = 0;
    for (uint64_t size = 64; size <= 4096; size += 64) {
      const uint64_t bytes = block_queues_requests(tags, size, 4096);
      ck_assert_uint_ge(bytes, tags * size);
      ck_assert_uint_eq(bytes % 4096, 0);
      ck_assert_uint_ge(bytes, before);
      before = bytes;
    }
  }
}
END_TEST

START_TEST(virtqueues_are_whole_pages)
{
  ck_assert_uint_eq(block_queues_vring(256, 64, 4096), KB(8));
  ck_assert_uint_eq(block_queues_vring(256, 4096, 4096), KB(12));
  ck_assert_uint_eq(block_queues_vring(128, 64, 4096), KB(4));
  ck_assert_uint_eq(block_queues_vring(1024, 64, 4096), KB(28));
}
END_TEST

/* --- disks
 * ------------------------------------------------------------------------------ */

START_TEST(tree_without_hardware_queues_has_none)
{
  begin();
  ck_assert(!read_tree());
  tree_write(tree, "sys/block/zram0/queue/scheduler", "none\n");
  ck_assert(!read_tree());
  ck_assert_int_eq(status.state, READING_ABSENT);
  end();
}
END_TEST

static const char modern[] =
    "0010101001111110000000000000110010000000100000000000000000000000\n";

START_TEST(each_queue_of_each_virtio_disk_has_requests_and_a_ring)
{
  begin();
  has_sizes();
  write_file(disk("vda", 32, 256), "device/features", modern);
  assert_likely(32 * KB(128 + 8));
  ck_assert_uint_eq(bounds.least, 32 * KB(96 + 8)); /* single pages, each of them full */
  ck_assert_uint_eq(bounds.most, 32 * KB(128 + 12));
  write_file(disk("vdb", 2, 256), "device/features", modern);
  assert_likely(34 * KB(128 + 8));
  end();
}
END_TEST

START_TEST(ring_that_may_be_elsewhere_is_in_the_bound_only)
{
  static const unsigned bits[] = {33, 34}; /* ACCESS_PLATFORM, PACKED */
  for (size_t i = 0; i < LENGTH(bits); i++) {
    char features[sizeof(modern)];
    begin();
    has_sizes();
    memcpy(features, modern, sizeof(modern));
    features[bits[i]] = '1';
    write_file(disk("vda", 1, 256), "device/features", features);
    assert_likely(KB(128));
    ck_assert_uint_eq(bounds.most, KB(128 + 12));
    end();
  }
}
END_TEST

START_TEST(before_5_13_virtio_requests_have_long_scatterlists)
{
  begin();
  has_sizes();
  has_size(KERNEL_STRUCT_virtblk_req, 24);
  write_number(disk("vda", 1, 128), "queue/max_segments", 254);
  ck_assert(read_tree());
  ck_assert_uint_le(bounds.likely, KB(64));
  ck_assert_uint_ge(bounds.most, 128 * (248 + 24 + 256 * 32) / 4096 * KB(2));
  end();
}
END_TEST

START_TEST(namespaces_of_an_nvme_controller_share_their_requests)
{
  begin();
  has_sizes();
  tree_write(tree, "sys/class/nvme/nvme1/transport", "pcie\n");
  disk("nvme1n1", 4, 1023);
  assert_likely(4 * KB(512 + 64 + 16)); /* and its queues */
  disk("nvme1n2", 4, 1023);
  disk("nvme0c1n3", 4, 1023); /* a path of controller 1 */
  assert_likely(4 * KB(512 + 64 + 16));
  tree_write(tree, "sys/class/nvme/nvme2/transport", "pcie\n");
  disk("nvme2n1", 4, 1023);
  assert_likely(8 * KB(512 + 64 + 16));
  end();
}
END_TEST

START_TEST(queues_of_nvme_may_be_in_cma_or_in_the_device)
{
  begin();
  has_sizes();
  tree_write(tree, "sys/class/nvme/nvme0/transport", "pcie\n");
  disk("nvme0n1", 4, 1023);
  tree_write(tree, "sys/class/nvme/nvme0/cmb", "cmbloc : x00000002\n");
  assert_likely(4 * KB(512 + 16));
  cma = true;
  assert_likely(4 * KB(512));
  ck_assert_uint_ge(bounds.most, 4 * KB(512 + 64 + 16));
  end();
}
END_TEST

START_TEST(nvme_over_fabrics_has_requests_of_unknown_size)
{
  begin();
  has_sizes();
  tree_write(tree, "sys/class/nvme/nvme0/transport", "tcp\n");
  disk("nvme0n1", 1, 128);
  ck_assert(read_tree());
  ck_assert_uint_eq(bounds.likely, block_queues_requests(128, 320, 4096));
  ck_assert_uint_ge(bounds.most, block_queues_requests(128, 2304, 4096));
  end();
}
END_TEST

START_TEST(scheduler_has_requests_of_its_own)
{
  begin();
  has_sizes();
  disk("loop0", 1, 128);
  assert_likely(KB(64));
  const char *nbd = disk("nbd0", 1, 128);
  write_file(nbd, "queue/scheduler", "none [mq-deadline] kyber\n");
  write_number(nbd, "queue/nr_requests", 256);
  assert_likely(KB(64) + block_queues_requests(128, 320, 4096) +
                block_queues_requests(256, 320, 4096));
  end();
}
END_TEST

START_TEST(disks_of_an_unknown_driver_may_share_their_requests)
{
  begin();
  has_sizes();
  disk("nullb0", 2, 64);
  disk("nullb1", 2, 64);
  assert_likely(2 * block_queues_requests(64, 256, 4096));
  ck_assert_uint_ge(bounds.most, 4 * block_queues_requests(64, 2304, 4096));
  disk("other0", 2, 64);
  assert_likely(4 * block_queues_requests(64, 256, 4096));
  end();
}
END_TEST

/* --- SCSI
 * ------------------------------------------------------------------------------- */

START_TEST(host_has_its_requests_with_and_without_disks)
{
  begin();
  has_sizes();
  host("host0", "uas\n", 1, 32);
  assert_likely(block_queues_requests(32, 576, 4096));
  disk("sda", 1, 32);
  assert_likely(block_queues_requests(32, 576, 4096));
  end();
}
END_TEST

START_TEST(ahci_has_command_tables_for_each_port)
{
  begin();
  has_sizes();
  host("host0", "ahci\n", 1, 32);
  host("host1", "ahci\n", 1, 32);
  assert_likely(2 * (block_queues_requests(32, 576, 4096) + KB(92)));
  ck_assert_uint_ge(bounds.most, 2 * (block_queues_requests(32, 576, 4096) + KB(128)));
  cma = true;
  assert_likely(2 * block_queues_requests(32, 576, 4096));
  end();
}
END_TEST

START_TEST(queues_of_a_host_may_share_their_requests)
{
  begin();
  has_sizes();
  host("host0", "megaraid_sas\n", 8, 1000);
  assert_likely(block_queues_requests(1000, 576, 4096));
  ck_assert_uint_ge(bounds.most, 8 * block_queues_requests(1000, 576, 4096));
  end();
  begin();
  has_sizes();
  host("host0", "virtio_scsi\n", 8, 256);
  assert_likely(8 * block_queues_requests(256, 768, 4096));
  end();
}
END_TEST

START_TEST(scheduler_of_shared_requests_is_one)
{
  begin();
  has_sizes();
  host("host0", "megaraid_sas\n", 8, 1000);
  const char *sda = disk("sda", 8, 1000);
  write_file(sda, "queue/scheduler", "none [mq-deadline]\n");
  write_number(sda, "queue/nr_requests", 256);
  const uint64_t hosts = block_queues_requests(1000, 576, 4096);
  assert_likely(hosts + block_queues_requests(256, 576, 4096));
  ck_assert_uint_ge(bounds.most, 8 * hosts + block_queues_requests(2048, 576, 4096));
  end();
}
END_TEST

START_TEST(host_of_old_kernels_counts_if_it_uses_blk_mq)
{
  begin();
  has_sizes();
  tree_write(tree, "sys/class/scsi_host/host0/can_queue", "32\n");
  ck_assert(!read_tree());
  tree_write(tree, "sys/class/scsi_host/host0/use_blk_mq", "0\n");
  ck_assert(!read_tree());
  tree_write(tree, "sys/class/scsi_host/host0/use_blk_mq", "1\n");
  assert_likely(block_queues_requests(32, 576, 4096));
  ck_assert_uint_ge(bounds.most, 32 * (uint64_t)(248 + 296 + 128 * 32) / 4096 * 4096);
  end();
}
END_TEST

/* --- what is not known, denied or malformed --------------------------------------------
 */

START_TEST(without_sizes_the_number_has_bounds)
{
  begin();
  has_sizes();
  write_file(disk("vda", 4, 256), "device/features", modern);
  disk("loop0", 1, 128);
  disk("nvme0n1", 4, 1023);
  tree_write(tree, "sys/class/nvme/nvme0/transport", "pcie\n");
  host("host0", "virtio_scsi\n", 4, 256);
  ck_assert(read_tree());
  const struct consumer_bounds exact = bounds;
  structs = (struct kernel_structs){0};
  ck_assert(read_tree());
  ck_assert_uint_lt(bounds.likely, exact.likely);
  ck_assert_uint_gt(bounds.most, exact.most);
  ck_assert_uint_gt(bounds.likely, exact.likely / 3);
  unlink(tree_path(tree, "sys/devices/system/cpu/cpu0/cache/index0/coherency_line_size"));
  const uint64_t before = bounds.likely;
  ck_assert(read_tree());
  ck_assert_uint_le(bounds.likely, before);
  end();
}
END_TEST

START_TEST(text_that_is_no_number_is_malformed)
{
  static const char *const texts[] = {"x\n", "-1\n", "99999999999\n"};
  for (size_t i = 0; i < LENGTH(texts); i++) {
    begin();
    tree_write(tree, "sys/block/vda/mq/0/nr_tags", texts[i]);
    read_tree();
    ck_assert_int_eq(status.state, READING_MALFORMED);
    ck_assert_str_eq(status.path, "sys/block/vda/mq/0/nr_tags");
    ck_assert_uint_eq(status.parse_error.count, 1);
    end();
  }
}
END_TEST

START_TEST(file_that_is_denied_is_noted)
{
  begin();
  disk("vda", 1, 256);
  ck_assert_int_eq(chmod(tree_path(tree, "sys/block/vda/mq/0/nr_tags"), 0), 0);
  become_nobody();
  read_tree();
  become_root_again();
  ck_assert_int_eq(status.state, READING_DENIED);
  end();
}
END_TEST

START_TEST(absurd_numbers_do_not_overflow)
{
  begin();
  write_number(disk("vda", 1, 2147483647), "queue/max_segments", 2147483647);
  host("host0", "lpfc\n", 2147483647, 2147483647);
  read_tree();
  ck_assert_int_eq(status.state, READING_ABSENT);
  ck_assert_uint_le(bounds.most, INT64_MAX);
  end();
}
END_TEST

START_TEST(integrity_buffers_are_known_by_their_function)
{
  const struct consumer_tree consumer = {.page_size = 4096, .structs = &structs};
  structs = (struct kernel_structs){0};
  ck_assert(!integrity_pool_read(&consumer, &bounds));
  structs.has[KERNEL_FUNCTION_bio_integrity_alloc_buf] = true;
  ck_assert(integrity_pool_read(&consumer, &bounds));
  ck_assert_uint_eq(bounds.least, KB(4096));
  ck_assert_uint_eq(bounds.most, KB(4096));
}
END_TEST

SUITE_MAIN("block_queues", integrity_buffers_are_known_by_their_function,
           requests_fill_blocks_of_sixteen_pages,
           blocks_have_room_for_all_requests_and_grow_with_their_size,
           virtqueues_are_whole_pages, tree_without_hardware_queues_has_none,
           each_queue_of_each_virtio_disk_has_requests_and_a_ring,
           ring_that_may_be_elsewhere_is_in_the_bound_only,
           before_5_13_virtio_requests_have_long_scatterlists,
           namespaces_of_an_nvme_controller_share_their_requests,
           queues_of_nvme_may_be_in_cma_or_in_the_device,
           ahci_has_command_tables_for_each_port,
           nvme_over_fabrics_has_requests_of_unknown_size,
           scheduler_has_requests_of_its_own,
           disks_of_an_unknown_driver_may_share_their_requests,
           host_has_its_requests_with_and_without_disks,
           queues_of_a_host_may_share_their_requests, scheduler_of_shared_requests_is_one,
           host_of_old_kernels_counts_if_it_uses_blk_mq,
           without_sizes_the_number_has_bounds, text_that_is_no_number_is_malformed,
           file_that_is_denied_is_noted, absurd_numbers_do_not_overflow)
