/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "block_queues.h"
#include "consumer_function.h"
#include "meminfo_explain/parse/field.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- sizes of requests -----------------------------------------------------------------
 */

struct range {
  uint64_t least, most;
};

#define NO_STRUCT (-1)

/* What the driver of a disk adds to each request, by the disk's name: the struct, and
 * `extra`; or `payload`, where the size of the struct is not known. Bytes. Drivers in
 * drivers/block, drivers/nvme/host, drivers/mmc/core, drivers/md and drivers/s390/block
 * of 5.0 to 7.2. */
struct driver {
  const char *prefix;
  int row; /* KERNEL_STRUCT_*, or NO_STRUCT */
  struct range extra, payload;
  enum {
    TAGS_OF_DISK,
    TAGS_OF_CONTROLLER, /* the namespaces of an NVMe controller have one tag set */
    TAGS_OF_HOST,       /* so have all queues of some SCSI hosts; counted by host */
    TAGS_OF_QUEUE,      /* of other hosts, each queue has its own */
    TAGS_OF_ANY         /* the disks of an unknown driver may have one */
  } tags;
};

static const struct driver drivers[] = {
    {"vd", KERNEL_STRUCT_virtblk_req, {0, 0}, {16, 64}, TAGS_OF_DISK},
    {"nvme", KERNEL_STRUCT_nvme_iod, {0, 0}, {24, 512}, TAGS_OF_CONTROLLER},
    {"sd", NO_STRUCT, {0, 0}, {0, 0}, TAGS_OF_HOST},
    {"sr", NO_STRUCT, {0, 0}, {0, 0}, TAGS_OF_HOST},
    {"loop", KERNEL_STRUCT_loop_cmd, {0, 0}, {40, 256}, TAGS_OF_DISK},
    {"nbd", KERNEL_STRUCT_nbd_cmd, {0, 0}, {24, 256}, TAGS_OF_DISK},
    {"mmcblk", KERNEL_STRUCT_mmc_queue_req, {0, 0}, {64, 1024}, TAGS_OF_DISK},
    {"rbd", KERNEL_STRUCT_rbd_img_request, {0, 0}, {0, 512}, TAGS_OF_DISK},
    /* and per_io_data_size of the target (drivers/md/dm-rq.c) */
    {"dm-", KERNEL_STRUCT_dm_rq_target_io, {0, 256}, {32, 512}, TAGS_OF_DISK},
    {"xvd", NO_STRUCT, {0, 0}, {1, 64}, TAGS_OF_DISK},
    {"dasd", NO_STRUCT, {0, 0}, {0, 512}, TAGS_OF_DISK},
    {"ublkb", NO_STRUCT, {0, 0}, {0, 256}, TAGS_OF_DISK},
    {"", NO_STRUCT, {0, 0}, {0, 2048}, TAGS_OF_ANY},
};

/* What SCSI adds for the driver of a host (drivers/scsi: cmd_size), by proc_name, and for
 * protection information. */
static const struct driver hosts[] = {
    {"virtio_scsi", KERNEL_STRUCT_virtio_scsi_cmd, {0, 128}, {96, 512}, TAGS_OF_QUEUE},
    {"storvsc", KERNEL_STRUCT_storvsc_cmd_request, {0, 128}, {128, 1024}, TAGS_OF_QUEUE},
    {"lpfc", NO_STRUCT, {0, 0}, {0, 1024}, TAGS_OF_QUEUE},
    {"qla2xxx", NO_STRUCT, {0, 0}, {0, 1024}, TAGS_OF_QUEUE},
    {"", NO_STRUCT, {0, 0}, {0, 1024}, TAGS_OF_HOST},
};

static const struct driver *driver_of(const struct driver *row, const char *name)
{
  while (strncmp(name, row->prefix, strlen(row->prefix)) != 0)
    row++; /* the last one matches any name */
  return row;
}

struct walk {
  const struct consumer_tree *tree;
  struct range line; /* of the cache: requests are multiples of it */
  struct range request, scatterlist;
  struct consumer_bounds sum;
  bool found;
  uint64_t scsi_segments;   /* entries of the scatterlist in a request of SCSI, at most */
  uint64_t controllers[16]; /* NVMe controllers that were counted, a bit each */
  char families[16][16];    /* TAGS_OF_ANY: names without numbers that were counted */
};

static struct range range_of(const struct walk *walk, int row, struct range unknown)
{
  if (row == NO_STRUCT || !is_known(walk->tree->structs->size[row]))
    return unknown;
  const uint64_t size = walk->tree->structs->size[row].value;
  return (struct range){size, size};
}

static struct range plus(struct range a, struct range b, uint64_t least, uint64_t most)
{
  return (struct range){a.least + least * b.least, a.most + most * b.most};
}

static struct range payload_of(const struct walk *walk, const struct driver *driver)
{
  const struct range none = {0, 0};
  const struct range size = range_of(walk, driver->row, none);
  return size.least > 0 ? plus(size, driver->extra, 1, 1) : driver->payload;
}

static uint64_t round_up(uint64_t value, uint64_t unit)
{
  return (value + unit - 1) / unit * unit;
}

/* --- arithmetic ------------------------------------------------------------------------
 */

uint64_t block_queues_requests(uint64_t tags, uint64_t size, uint64_t page_size)
{
  uint64_t bytes = 0;
  while (tags > 0) {
    uint64_t block = page_size << 4;
    while (block > page_size && tags * size < block / 2)
      block /= 2;
    tags -= least(tags, block / size);
    bytes += block;
  }
  return bytes;
}

uint64_t block_queues_vring(uint64_t entries, uint64_t align, uint64_t page_size)
{
  return round_up(round_up(18 * entries + 6, align) + 8 * entries + 6, page_size);
}

/* The requests of one set of tags. The kernel takes smaller blocks where it does not get
 * those of 16 pages: as full as can be, or with what is left of each page unused. */
static struct consumer_bounds requests_of(const struct walk *walk, uint64_t tags,
                                          struct range payload)
{
  const uint64_t page = walk->tree->page_size;
  const struct range bytes = plus(walk->request, payload, 1, 1);
  const uint64_t smallest = least(round_up(bytes.least, walk->line.least), page << 4);
  const uint64_t largest = least(round_up(bytes.most, walk->line.most), page << 4);
  const uint64_t blocks = block_queues_requests(tags, largest, page);
  const uint64_t pages = largest > page
                             ? tags * round_up(largest, page)
                             : round_up(tags, page / largest) / (page / largest) * page;
  return (struct consumer_bounds){
      .least = round_up(tags * smallest, page),
      .likely = block_queues_requests(tags, smallest, page),
      .most = blocks > pages ? blocks : pages,
  };
}

static void add(struct walk *walk, struct consumer_bounds bounds, uint64_t least_count,
                uint64_t most_count)
{
  walk->sum.least += bounds.least * least_count;
  walk->sum.likely += bounds.likely * least_count;
  walk->sum.most += bounds.most * most_count;
  walk->found = true;
}

/* --- files -----------------------------------------------------------------------------
 */

/* No set has more tags (include/linux/blk-mq.h: BLK_MQ_MAX_DEPTH). */
#define TAGS_MAX 10240
/* What is above is no number of queues. */
#define QUEUES_MAX (1 << 16)

/* The first word of directory/name, in the walk's text; length 0 where there is none. */
static struct span read_word(const struct walk *walk, const char *directory,
                             const char *name)
{
  const struct consumer_tree *tree = walk->tree;
  char path[640];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  int error = sysroot_slurp_within(tree->root, path, 4096, tree->text);
  struct scan scan, line;
  if (error == 0) {
    scan = scan_text(tree->text->bytes, tree->text->length);
    return scan_line(&scan, &line) ? scan_word(&line) : (struct span){"", 0};
  }
  if (sysroot_error_state(error) != READING_ABSENT)
    source_failed(tree->status, path, error);
  return (struct span){"", 0};
}

/* The number in directory/name; false where there is none. */
static bool read_count(const struct walk *walk, const char *directory, const char *name,
                       uint64_t *out)
{
  const struct span word = read_word(walk, directory, name);
  if (word.length == 0)
    return false;
  if (span_number(word, out) == 0 && *out <= INT32_MAX)
    return true;
  char path[640];
  snprintf(path, sizeof(path), "%s/%s", directory, name);
  parse_error_note(&walk->tree->status->parse_error, 1, word,
                   "not a number, or too large");
  source_failed(walk->tree->status, path, -EBADMSG);
  return false;
}

static bool read_tags(const struct walk *walk, const char *directory, const char *name,
                      uint64_t *out)
{
  if (!read_count(walk, directory, name, out))
    return false;
  *out = least(*out, TAGS_MAX);
  return *out > 0;
}

static int count_queue(void *context, uint32_t number, uint64_t inode)
{
  (void)number, (void)inode;
  return ++*(uint64_t *)context == QUEUES_MAX;
}

/* --- disks -----------------------------------------------------------------------------
 */

struct disk {
  const char *path, *name;
  const struct driver *driver;
  uint64_t queues, tags;
  struct range payload;
};

/* virtio-blk has a scatterlist of two entries in each request; before 5.13, when its
 * struct was smaller, one as long as a request may be. */
static struct range virtio_payload(const struct walk *walk, const struct disk *disk)
{
  enum { WITH_SG_TABLE = 28 };
  const struct range size =
      range_of(walk, KERNEL_STRUCT_virtblk_req, (struct range){0, 0});
  const struct range fixed = payload_of(walk, disk->driver);
  uint64_t segments = 0;
  if (size.least >= WITH_SG_TABLE)
    return plus(fixed, walk->scatterlist, 2, 2);
  read_count(walk, disk->path, "queue/max_segments", &segments);
  return plus(fixed, walk->scatterlist, 0, segments + 2);
}

/* The pages of memory for DMA. They are of the buddy allocator, unless there are CMA
 * regions, whose pages are a consumer of their own; without an IOMMU a power of two. */
static struct consumer_bounds dma_pages(const struct walk *walk, uint64_t bytes)
{
  const uint64_t pages = round_up(bytes, walk->tree->page_size);
  uint64_t block = walk->tree->page_size;
  while (block < pages)
    block *= 2;
  const uint64_t least = walk->tree->cma ? 0 : pages;
  return (struct consumer_bounds){least, least, block};
}

/* The descriptors are 16 bytes an entry, in one block with the other rings unless the
 * queue is packed. A device by DMA (VIRTIO_F_ACCESS_PLATFORM, bit 33) may have them in
 * CMA. */
static void add_virtqueues(struct walk *walk, const struct disk *disk)
{
  enum { ACCESS_PLATFORM = 33, PACKED = 34, CACHE_LINE = 64 };
  const uint64_t page = walk->tree->page_size;
  const uint64_t tight = block_queues_vring(disk->tags, CACHE_LINE, page);
  const uint64_t packed = round_up(16 * disk->tags, page) + 2 * page;
  struct consumer_bounds ring = {0, 0, block_queues_vring(disk->tags, page, page)};
  const struct span features = read_word(walk, disk->path, "device/features");
  if (features.length > PACKED && features.at[PACKED] == '0' &&
      features.at[ACCESS_PLATFORM] == '0')
    ring.least = ring.likely = tight;
  if (ring.most < packed)
    ring.most = packed;
  add(walk, ring, disk->queues, disk->queues);
}

/* Commands of 64 bytes and completions of 16, one more than there are tags
 * (drivers/nvme/host/pci.c: nvme_alloc_queue). Where the controller has a buffer, the
 * commands may be there. */
static void add_nvme_queues(struct walk *walk, const struct disk *disk,
                            const char *controller)
{
  struct consumer_bounds commands = dma_pages(walk, 64 * (disk->tags + 1));
  if (read_word(walk, controller, "cmb").length > 0)
    commands.least = commands.likely = 0;
  add(walk, commands, disk->queues, disk->queues);
  add(walk, dma_pages(walk, 16 * (disk->tags + 1)), disk->queues, disk->queues);
}

/* False where the tag set was counted with another disk. "nvme1n2" is of controller 1,
 * and so is "nvme0c1n2", a path to nvme0n2 (drivers/nvme/host/core.c: nvme_alloc_ns). */
static bool is_new_controller(struct walk *walk, const char *name, unsigned *controller)
{
  unsigned subsystem;
  if (sscanf(name, "nvme%uc%un", &subsystem, controller) != 2 &&
      sscanf(name, "nvme%un", controller) != 1)
    return false;
  const unsigned word = *controller / 64, bit = *controller % 64;
  if (word >= sizeof(walk->controllers) / sizeof(*walk->controllers) ||
      (walk->controllers[word] >> bit & 1) != 0)
    return false;
  walk->controllers[word] |= (uint64_t)1 << bit;
  return true;
}

static bool is_new_family(struct walk *walk, const char *name)
{
  const size_t length = strcspn(name, "0123456789");
  for (size_t i = 0; i < sizeof(walk->families) / sizeof(*walk->families); i++) {
    char *family = walk->families[i];
    if (length >= sizeof(walk->families[i]) ||
        (strncmp(family, name, length) == 0 && family[length] == '\0'))
      return false;
    if (family[0] == '\0') {
      memcpy(family, name, length);
      return true;
    }
  }
  return false;
}

/* NVMe over fabrics has other structs, and queues of its own. */
static bool prepare_nvme(struct walk *walk, struct disk *disk)
{
  const struct range fabrics = {24, 2048};
  unsigned number = 0;
  char controller[40];
  const bool is_new = is_new_controller(walk, disk->name, &number);
  snprintf(controller, sizeof(controller), "sys/class/nvme/nvme%u", number);
  const bool by_pci = span_is(read_word(walk, controller, "transport"), "pcie");
  disk->payload = by_pci ? payload_of(walk, disk->driver) : fabrics;
  if (is_new && by_pci)
    add_nvme_queues(walk, disk, controller);
  return is_new;
}

/* The requests that the disk's driver has. */
static void add_tags(struct walk *walk, const struct disk *disk, bool is_new)
{
  const struct consumer_bounds requests = requests_of(walk, disk->tags, disk->payload);
  add(walk, requests, is_new ? disk->queues : 0,
      is_new || disk->driver->tags == TAGS_OF_ANY ? disk->queues : 0);
}

/* "[none] mq-deadline": without one. */
static bool has_scheduler(const struct walk *walk, const struct disk *disk)
{
  const struct span first = read_word(walk, disk->path, "queue/scheduler");
  const struct text *text = walk->tree->text;
  return first.length > 0 && memchr(text->bytes, '[', text->length) != NULL &&
         memmem(text->bytes, text->length, "[none]", strlen("[none]")) == NULL;
}

/* Those of an I/O scheduler. Where all queues have one tag set, it has one too, of 2048
 * requests at most (MAX_SCHED_RQ). */
static void add_scheduler(struct walk *walk, const struct disk *disk)
{
  enum { DEFAULT = 256, SHARED = 2048 };
  uint64_t tags = 0;
  if (!has_scheduler(walk, disk) ||
      !read_tags(walk, disk->path, "queue/nr_requests", &tags))
    return;
  const bool one_set = disk->driver->tags >= TAGS_OF_HOST && disk->queues > 1;
  struct consumer_bounds requests = requests_of(walk, tags, disk->payload);
  requests.most = requests_of(walk, tags > DEFAULT ? tags : DEFAULT, disk->payload).most *
                  disk->queues;
  const uint64_t shared = requests_of(walk, SHARED, disk->payload).most;
  if (one_set && requests.most < shared)
    requests.most = shared;
  add(walk, requests, one_set ? 1 : disk->queues, 1);
}

static struct range scsi_payload(const struct walk *walk, const struct driver *host)
{
  const struct range unknown = {160, 512};
  const struct range command = range_of(walk, KERNEL_STRUCT_scsi_cmnd, unknown);
  return plus(plus(command, walk->scatterlist, 1, walk->scsi_segments),
              payload_of(walk, host), 1, 1);
}

static void add_disk(struct walk *walk, struct disk *disk)
{
  bool is_new = true;
  switch (disk->driver->tags) {
  case TAGS_OF_CONTROLLER:
    is_new = prepare_nvme(walk, disk);
    break;
  case TAGS_OF_HOST:
  case TAGS_OF_QUEUE:
    is_new = false;
    disk->payload = scsi_payload(walk, driver_of(hosts, ""));
    break;
  case TAGS_OF_ANY:
    is_new = is_new_family(walk, disk->name);
    disk->payload = payload_of(walk, disk->driver);
    break;
  case TAGS_OF_DISK:
    disk->payload = payload_of(walk, disk->driver);
  }
  if (disk->driver->row == KERNEL_STRUCT_virtblk_req) {
    disk->payload = virtio_payload(walk, disk);
    add_virtqueues(walk, disk);
  }
  add_tags(walk, disk, is_new);
  add_scheduler(walk, disk);
}

/* A disk without hardware queues (bio-based) has no such folder. All its queues have as
 * many tags. What a SCSI disk has of its own is only a scheduler. */
static int visit_disk(void *context, const char *path)
{
  struct walk *walk = context;
  char directory[640];
  struct disk disk = {.path = path, .name = strrchr(path, '/') + 1, .queues = 1};
  disk.driver = driver_of(drivers, disk.name);
  if (disk.driver->tags == TAGS_OF_HOST && !has_scheduler(walk, &disk))
    return 0;
  if (!read_tags(walk, path, "mq/0/nr_tags", &disk.tags))
    return 0;
  /* sysroot_each_number() leaves 0 out. */
  snprintf(directory, sizeof(directory), "%s/mq", path);
  int error = sysroot_each_number(walk->tree->root, directory, count_queue, &disk.queues);
  if (error < 0 && sysroot_error_state(error) != READING_ABSENT)
    source_failed(walk->tree->status, directory, error);
  add_disk(walk, &disk);
  return 0;
}

/* --- SCSI hosts ------------------------------------------------------------------------
 */

/* A host has its requests whether or not it has disks (drivers/scsi/scsi_lib.c:
 * scsi_mq_setup_tags). Before 5.0 it may have none in advance; before 5.10 its number of
 * queues is not in sysfs, and its scatterlist may be one of 128 entries. */
static int visit_host(void *context, const char *path)
{
  /* Each is a port, with a command list, tables and received frames for 32 commands
   * (drivers/ata/ahci.h: AHCI_PORT_PRIV_DMA_SZ). */
  enum { AHCI_PORT = 32 * (32 + 128 + 168 * 16) + 256, SEGMENTS_BEFORE = 128 };
  struct walk *walk = context;
  char name[32];
  uint64_t queues = 1, tags;
  const bool counted = read_count(walk, path, "nr_hw_queues", &queues);
  if (!counted)
    walk->scsi_segments = SEGMENTS_BEFORE;
  if (!counted && !span_is(read_word(walk, path, "use_blk_mq"), "1"))
    return 0;
  if (!read_tags(walk, path, "can_queue", &tags))
    return 0;
  span_copy(read_word(walk, path, "proc_name"), name, sizeof(name));
  const struct driver *host = driver_of(hosts, name);
  add(walk, requests_of(walk, tags, scsi_payload(walk, host)),
      host->tags == TAGS_OF_QUEUE ? queues : 1, queues);
  if (strncmp(name, "ahci", strlen("ahci")) == 0)
    add(walk, dma_pages(walk, AHCI_PORT), 1, 1);
  return 0;
}

/* --- all of it -------------------------------------------------------------------------
 */

/* The cache line of the first CPU, which is like the others. */
static struct range cache_line(const struct walk *walk)
{
  uint64_t line = 0;
  if (read_count(walk, "sys/devices/system/cpu/cpu0/cache/index0", "coherency_line_size",
                 &line) &&
      line > 0 && line <= walk->tree->page_size)
    return (struct range){line, line};
  return (struct range){1, 256};
}

static void each(struct walk *walk, const char *pattern,
                 int (*visit)(void *context, const char *path))
{
  int error = sysroot_each(walk->tree->root, pattern, visit, walk);
  if (error < 0 && sysroot_error_state(error) != READING_ABSENT)
    source_failed(walk->tree->status, pattern, error);
}

bool block_queues_read(const struct consumer_tree *tree, struct consumer_bounds *out)
{
  /* Of 64 bits since 4.19; a captured tree may be of 32. */
  const bool wide = tree->root->live && sizeof(long) == 8;
  struct walk walk = {.tree = tree, .scsi_segments = 2};
  walk.line = cache_line(&walk);
  walk.request =
      range_of(&walk, KERNEL_STRUCT_request, (struct range){wide ? 192 : 96, 512});
  walk.scatterlist =
      range_of(&walk, KERNEL_STRUCT_scatterlist, (struct range){wide ? 24 : 12, 48});
  each(&walk, "sys/class/scsi_host/*", visit_host);
  each(&walk, "sys/block/*", visit_disk);
  *out = walk.sum;
  return walk.found;
}

bool integrity_pool_read(const struct consumer_tree *tree, struct consumer_bounds *out)
{
  enum { BUFFERS = 2, BUFFER = 2 << 20 }; /* BIO_POOL_SIZE, BLK_INTEGRITY_MAX_SIZE */
  const uint64_t bytes = BUFFERS * BUFFER;
  *out = (struct consumer_bounds){bytes, bytes, bytes};
  return tree->structs->has[KERNEL_FUNCTION_bio_integrity_alloc_buf];
}
