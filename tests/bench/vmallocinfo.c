/* SPDX-License-Identifier: MIT */
/* Parses a large vmallocinfo once, for callgrind to count the instructions, and checks
 * the sums against those of the generator. Prints `bytes N`. */
#include "meminfo_explain/parse/vmallocinfo.h"
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 100000, LINE_MAX = 256, PAGE = 4096 };

/* splitmix64, from a seed that never changes. */
static uint64_t draw(uint64_t limit)
{
  static uint64_t state = 20;
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) % limit;
}

/* --- the text: lines as mm/vmalloc.c, vmalloc_info_show, prints them --------------- */

static struct {
  char *bytes;
  size_t length;
  uint64_t pages, size, stack_pages, module_pages, percpu_size, unpurged_size;
  uint64_t entries, unpurged, kind_size[VMALLOC_KIND_COUNT];
} text; /* and what is to be found in it */

#define PRINT(...)                                                                       \
  (text.length += (size_t)snprintf(text.bytes + text.length, LINE_MAX, __VA_ARGS__))

/* Addresses as %pK shows them to who may not see them: hashed to 32 bits. */
static void print_range(uint64_t size)
{
  PRINT("0x%016" PRIx64 "-0x%016" PRIx64 " %7" PRIu64, draw(UINT64_C(1) << 32),
        draw(UINT64_C(1) << 32), size);
}

static void begin_area(enum vmalloc_kind kind, uint64_t size)
{
  print_range(size);
  text.entries++;
  text.size += size;
  text.kind_size[kind] += size;
}

/* Most areas are on one of two nodes, some on both. */
static void print_nodes(uint64_t pages)
{
  uint64_t second = draw(2) * pages;
  if (pages > 1 && draw(10) == 0)
    second = draw(pages);
  if (second < pages)
    PRINT(" N0=%" PRIu64, pages - second);
  if (second > 0)
    PRINT(" N1=%" PRIu64, second);
  PRINT("\n");
}

static void print_vmalloc(const char *caller, uint64_t pages, const char *flags)
{
  begin_area(VMALLOC_KIND_VMALLOC, (pages + 1) * PAGE);
  PRINT(" %s pages=%" PRIu64 " vmalloc%s", caller, pages, flags);
  print_nodes(pages);
  text.pages += pages * PAGE;
}

static void print_stack(void)
{
  print_vmalloc("kernel_clone+0x9a/0x3d0", 4, "");
  text.stack_pages += 4 * PAGE;
}

static void print_unpurged(void)
{
  uint64_t size = (draw(3) > 0 ? 5 : 2 + draw(32)) * PAGE;
  print_range(size);
  PRINT(" unpurged vm_area\n");
  text.unpurged++;
  text.unpurged_size += size;
}

static void print_bpf(void)
{
  uint64_t pages = 1 + draw(1 + draw(4));
  print_vmalloc("bpf_prog_alloc_no_stats+0x39/0x230", pages, "");
}

static const char *const subsystems[] = {
    "nf_tables", "nvme_core", "mlx5_core",  "xfs",     "btrfs",     "zram",
    "i915",      "amdgpu",    "nvidia_uvm", "dm_mod",  "dm_crypt",  "ext4",
    "ceph",      "libceph",   "nfsd",       "sunrpc",  "kvm",       "kvm_intel",
    "vhost_net", "tun",       "ip_set",     "ip_vs",   "wireguard", "openvswitch",
    "ib_core",   "ib_uverbs", "lpfc",       "qla2xxx", "mpt3sas",   "megaraid_sas",
    "ice",       "iavf",      "i40e",       "ixgbe",   "bnxt_en",   "virtio_net",
    "zfs",       "spl",       "fuse",       "overlay"};
static const char *const actions[] = {"alloc_table",  "setup_rings",        "open",
                                      "ioctl",        "create.constprop.0", "init_queues",
                                      "map_buffers",  "grow_hash.isra.0",   "probe",
                                      "load_firmware"};
enum {
  SUBSYSTEMS = sizeof(subsystems) / sizeof(*subsystems),
  ACTIONS = sizeof(actions) / sizeof(*actions),
};

/* One of 400 callers, some far more often than others, mostly for what it always
 * allocates. A quarter of the subsystems is built in. */
static void print_driver(void)
{
  uint64_t choice = draw(1 + draw(SUBSYSTEMS * ACTIONS));
  unsigned subsystem = (unsigned)choice % SUBSYSTEMS,
           action = (unsigned)choice / SUBSYSTEMS;
  char caller[128];
  unsigned offset = 16 + (unsigned)choice * 7 % 900;
  int used = snprintf(caller, sizeof(caller), "%s_%s+0x%x/0x%x", subsystems[subsystem],
                      actions[action], offset, offset + 16 + (unsigned)choice % 64 * 16);
  if (subsystem % 4 != 0)
    snprintf(caller + used, sizeof(caller) - (size_t)used, " [%s]",
             subsystems[subsystem]);
  uint64_t pages = 1 + choice * choice % 40;
  if (draw(8) == 0)
    pages = 1 + draw(64);
  print_vmalloc(caller, pages, "");
}

static void print_large(void)
{
  print_vmalloc("htab_map_alloc+0x2e4/0x5a0", 512 + draw(4096), " vpages");
}

static void print_user(void)
{
  print_vmalloc("packet_set_ring+0x3f6/0x7a0 [af_packet]", UINT64_C(4) << draw(4),
                " user");
}

static void print_module(void)
{
  uint64_t pages = 1 + draw(40);
  print_vmalloc("move_module+0x2f/0x1a0", pages, "");
  text.module_pages += pages * PAGE;
}

static void print_percpu(void)
{
  uint64_t size = UINT64_C(1) << (20 + draw(2));
  begin_area(VMALLOC_KIND_VMALLOC, size);
  PRINT(" pcpu_get_vm_areas+0x0/0x1050 vmalloc\n");
  text.percpu_size += size;
}

static void print_vmap(void)
{
  uint64_t pages = 1 + draw(32);
  begin_area(VMALLOC_KIND_VMAP, (pages + 1) * PAGE);
  PRINT(" shmem_pin_map+0x5f/0x120 [i915] pages=%" PRIu64 " vmap", pages);
  print_nodes(pages);
}

static void print_ioremap(void)
{
  begin_area(VMALLOC_KIND_IOREMAP, (2 + draw(3)) * PAGE);
  PRINT(" __pci_enable_msix_range+0x305/0x520 phys=0x%016" PRIx64 " ioremap\n",
        (UINT64_C(0xc0000) + draw(1 << 18)) * PAGE);
}

static void print_ram(void)
{
  begin_area(VMALLOC_KIND_NONE, (1 + draw(64)) * PAGE);
  PRINT(" vm_map_ram\n");
}

/* Lines of each kind, of a thousand: a host of many threads, containers and drivers. */
static const struct {
  void (*print)(void);
  unsigned share;
} kinds[] = {
    {print_stack, 350}, {print_unpurged, 150}, {print_driver, 330}, {print_bpf, 70},
    {print_module, 15}, {print_user, 10},      {print_vmap, 20},    {print_ioremap, 30},
    {print_large, 10},  {print_percpu, 5},     {print_ram, 10},
};

static void make_text(void)
{
  text.bytes = malloc((size_t)LINES * LINE_MAX);
  if (text.bytes == NULL)
    bench_die("no memory", 0);
  for (size_t i = 0; i < LINES; i++) {
    uint64_t of_thousand = draw(1000);
    size_t kind = 0;
    for (; of_thousand >= kinds[kind].share; kind++)
      of_thousand -= kinds[kind].share;
    kinds[kind].print();
  }
}

/* --- the parser --------------------------------------------------------------------- */

static struct vmallocinfo got;

static void check(const char *name, struct reading reading, uint64_t want)
{
  if (is_known(reading) && reading.value == want)
    return;
  fprintf(stderr, "bench: %s is %" PRIu64 ", not %" PRIu64 "\n", name, reading.value,
          want);
  exit(2);
}

static void check_sums(void)
{
  check("pages", got.pages, text.pages);
  check("size", got.size, text.size);
  check("stack_pages", got.stack_pages, text.stack_pages);
  check("module_pages", got.module_pages, text.module_pages);
  check("percpu_size", got.percpu_size, text.percpu_size);
  check("unpurged_size", got.unpurged_size, text.unpurged_size);
  check("entries_count", got.entries_count, text.entries);
  check("unpurged_count", got.unpurged_count, text.unpurged);
  for (size_t i = 0; i < VMALLOC_KIND_COUNT; i++)
    check("kind_size", got.kind_size[i], text.kind_size[i]);
  uint64_t bytes = got.other_bytes;
  for (unsigned i = 0; i < got.callers_count; i++)
    bytes += got.callers[i].bytes;
  check("bytes of all callers", reading_known(bytes), text.pages);
  check("callers", reading_known(got.callers_count), VMALLOC_CALLERS_MAX);
}

void bench_vmallocinfo(void)
{
  struct parse_error parse_error = {0};
  make_text();
  int error =
      vmallocinfo_parse(scan_text(text.bytes, text.length), PAGE, &got, &parse_error);
  if (error != 0)
    bench_die(parse_error.cause, error);
  check_sums();
  printf("bytes %zu\n", text.length);
  free(text.bytes);
}
