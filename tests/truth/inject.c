/* SPDX-License-Identifier: MIT */
/* usage: inject KIND MIB [DIR]
 * Allocates a known amount of memory of one kind, prints `READY bytes=N`, holds it until
 * end of file on stdin or SIGTERM, SIGINT or SIGHUP, and frees it. N is the size of the
 * pages of that kind that are actually held. Exit status: 0, 1 on an error, 2 for wrong
 * usage, 77 if this host does not allow the kind; stderr says why. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_SKIP = 77 };
enum { MIB = 1 << 20 };
#define TMPFS_FS 0x01021994
#define RAMFS_FS 0x858458f6u
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

static size_t page;           /* bytes */
static const char *directory; /* for the kinds that need a file system */
static void (*release)(void); /* frees what the end of the process does not free */

static void release_now(void)
{
  void (*function)(void) = release;
  release = NULL;
  if (function != NULL)
    function();
}

/* Exits with EXIT_SKIP and this message: the host does not allow the kind. */
__attribute__((noreturn, format(printf, 1, 2))) static void skip(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  release_now();
  exit(EXIT_SKIP);
}

/* skip() with the text of errno. */
__attribute__((noreturn)) static void skip_errno(const char *what)
{
  skip("%s: %s", what, strerror(errno));
}

static char *map(size_t size, int protection, int flags)
{
  char *at = mmap(NULL, size, protection, flags, -1, 0);
  if (at == MAP_FAILED)
    skip_errno("mmap");
  return at;
}

/* Writes to each page. */
static void write_pages(char *at, size_t size)
{
  for (size_t i = 0; i < size; i += page)
    memcpy(at + i, &i, sizeof(i));
}

/* Maps anonymous memory without huge pages and writes to every page. */
static char *map_written(size_t size)
{
  char *at = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  madvise(at, size, MADV_NOHUGEPAGE);
  write_pages(at, size);
  return at;
}

/* Reads a byte of each page. */
static void read_pages(const volatile char *at, size_t size)
{
  for (size_t i = 0; i < size; i += page)
    (void)at[i];
}

/* xorshift64 (Marsaglia, 2003): random bytes do not compress. */
static void fill_random(char *at, size_t size)
{
  static uint64_t x = 88172645463325252u;
  for (size_t i = 0; i + sizeof(x) <= size; i += sizeof(x)) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    memcpy(at + i, &x, sizeof(x));
  }
}

/* Writes `size` bytes to fd, at most `step` at a time, each time from `at`. */
static void write_all(int fd, const char *at, size_t step, size_t size)
{
  while (size > 0) {
    ssize_t written = write(fd, at, size < step ? size : step);
    if (written <= 0)
      skip_errno("write");
    size -= (size_t)written;
  }
}

/* Reads a number from a kernel file: the index-th, from 0, of the first line that begins
 * with key. */
static bool read_number(const char *path, const char *key, int index, long long *value)
{
  FILE *file = fopen(path, "re");
  char line[512];
  bool found = false;
  if (file == NULL)
    return false;
  while (!found && fgets(line, sizeof(line), file) != NULL) {
    if (strncmp(line, key, strlen(key)) != 0)
      continue;
    char *rest = line + strlen(key), *end = rest;
    found = true;
    for (int i = 0; found && i <= index; i++, rest = end) {
      *value = strtoll(rest, &end, 10);
      found = end != rest;
    }
  }
  fclose(file);
  return found;
}

static long long meminfo_bytes(const char *key)
{
  long long kilobytes;
  if (!read_number("/proc/meminfo", key, 0, &kilobytes))
    skip("/proc/meminfo has no %s", key);
  return kilobytes * 1024;
}

static bool write_number(const char *path, long long value)
{
  FILE *file = fopen(path, "we");
  if (file == NULL)
    return false;
  fprintf(file, "%lld\n", value);
  return fclose(file) == 0;
}

/* --- kinds that no counter has: the black hole ----------------------------------------
 */

/* A pipe allocates a page by alloc_page() for each page written. Everything else of the
 * pipe is in slab: at 512 KiB the array of buffers is small enough even for kernels that
 * do not count kmalloc() of more than two pages. */
static size_t inject_pipe(size_t want)
{
  const size_t step = MIB / 2;
  char *bytes = map_written(step);
  size_t held = 0;
  for (; held < want; held += step) {
    int ends[2];
    if (pipe(ends) != 0)
      skip_errno("pipe");
    int size = fcntl(ends[1], F_SETPIPE_SZ, (int)step);
    if (size < 0)
      skip_errno("F_SETPIPE_SZ");
    if ((size_t)size != step)
      skip("F_SETPIPE_SZ made %d of %zu bytes", size, step);
    write_all(ends[1], bytes, step, step);
  }
  munmap(bytes, step);
  return held;
}

/* The ring buffer of a perf event takes one page from alloc_page() for each page of data
 * and one for its header, all at mmap time. Kernels that map them on a page fault count
 * those that were touched in Mapped. */
static size_t perf_rings(size_t want, bool touch)
{
#if defined(__arm__) || defined(__mips__) || defined(__sparc__) || defined(__hppa__) ||  \
    defined(__sh__) || defined(__xtensa__)
  skip("perf ring buffers are in vmalloc on this architecture");
#endif
  const size_t data = MIB;
  size_t held = 0;
  while (held < want) {
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
                                    .size = sizeof(event),
                                    .config = PERF_COUNT_SW_DUMMY,
                                    .disabled = 1,
                                    .exclude_kernel = 1};
    long fd = syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
    if (fd < 0)
      skip_errno("perf_event_open");
    char *at = mmap(NULL, data + page, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    if (at == MAP_FAILED)
      skip_errno("mmap of a perf event");
    if (touch)
      read_pages(at, data + page);
    held += data + page;
  }
  return held;
}

static size_t inject_perf(size_t want)
{
  return perf_rings(want, false);
}

static size_t inject_perf_touched(size_t want)
{
  return perf_rings(want, true);
}

/* The blocks of a packet socket's ring come from __get_free_pages(). The kernel falls
 * back to vmalloc if there are no 4 contiguous pages. The socket has no protocol, so it
 * never receives a packet. Pages that are mapped count in Mapped. */
static size_t packet_rings(size_t want, bool map_them)
{
  const size_t block = 4 * page, ring = 16 * MIB;
  size_t held = 0;
  while (held < want) {
    size_t size = want - held < ring ? want - held : ring;
    struct tpacket_req request = {.tp_block_size = (unsigned)block,
                                  .tp_block_nr = (unsigned)(size / block),
                                  .tp_frame_size = 2048,
                                  .tp_frame_nr = (unsigned)(size / 2048)};
    int version = TPACKET_V2, fd = socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0)
      skip_errno("socket of AF_PACKET");
    if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0)
      skip_errno("PACKET_VERSION");
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
      skip_errno("PACKET_RX_RING");
    if (map_them) {
      char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (at == MAP_FAILED)
        skip_errno("mmap of a packet socket");
      read_pages(at, size);
    }
    held += size;
  }
  return held;
}

static size_t inject_afpacket(size_t want)
{
  return packet_rings(want, false);
}

static size_t inject_afpacket_mapped(size_t want)
{
  return packet_rings(want, true);
}

/* Fills the queue of a socket that nobody reads, up to `want` bytes; returns how many.
 * Gives up when nothing was taken for a while. */
static size_t fill_socket(int fd, const char *bytes, size_t step, size_t want)
{
  const struct timespec pause = {.tv_nsec = 1000000};
  size_t held = 0;
  for (int idle = 0; idle < 50 && held < want;) {
    size_t left = want - held;
    ssize_t sent = send(fd, bytes, left < step ? left : step, MSG_DONTWAIT);
    if (sent > 0) {
      held += (size_t)sent;
      idle = 0;
    } else {
      nanosleep(&pause, NULL);
      idle++;
    }
  }
  return held;
}

static void set_buffer(int fd, int option, int size)
{
  if (setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size)) != 0)
    skip_errno("size of a socket's buffer");
}

/* Messages of 32 KiB on a stream socket are in pages of order 3 at most
 * (net/unix/af_unix.c: unix_stream_sendmsg); only their heads are in slab. */
static size_t inject_unix(size_t want)
{
  const size_t step = 32768;
  if (page > step)
    skip("messages of less than a page are in slab");
  char *bytes = map_written(step);
  size_t held = 0;
  while (held < want) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
      skip_errno("socketpair");
    set_buffer(ends[0], SO_SNDBUFFORCE, 8 * MIB);
    size_t more = fill_socket(ends[0], bytes, step, want - held);
    if (more == 0)
      skip("a socket took nothing");
    held += more;
  }
  munmap(bytes, step);
  return held;
}

static int loopback_socket(int type, struct sockaddr_in *address)
{
  socklen_t length = sizeof(*address);
  int fd = socket(AF_INET, type, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) != 0 ||
      getsockname(fd, (struct sockaddr *)address, &length) != 0)
    skip_errno("socket of 127.0.0.1");
  return fd;
}

/* TCP data that waits on loopback is in page fragments (net/core/sock.c:
 * sk_page_frag_refill). */
static size_t inject_tcp(size_t want)
{
  const size_t step = 65536;
  char *bytes = map_written(step);
  size_t held = 0;
  while (held < want) {
    struct sockaddr_in address;
    int listener = loopback_socket(SOCK_STREAM, &address);
    int sender = socket(AF_INET, SOCK_STREAM, 0);
    set_buffer(listener, SO_RCVBUFFORCE, 64 * MIB);
    set_buffer(sender, SO_SNDBUFFORCE, 64 * MIB);
    if (listen(listener, 1) != 0 ||
        connect(sender, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        accept(listener, NULL, NULL) < 0)
      skip_errno("connection on 127.0.0.1");
    size_t more = fill_socket(sender, bytes, step, want - held);
    if (more == 0)
      skip("a connection took nothing");
    held += more;
    close(listener);
  }
  munmap(bytes, step);
  return held;
}

static int bpf_map(union bpf_attr *map)
{
  long fd = syscall(SYS_bpf, BPF_MAP_CREATE, map, sizeof(*map));
  if (fd < 0)
    skip_errno("bpf");
  return (int)fd;
}

/* The ring of a BPF map is in pages from alloc_pages_node(), with three more for its
 * header and positions (kernel/bpf/ringbuf.c); only the table of its pages is in
 * vmalloc. */
static size_t inject_bpf_ring(size_t want)
{
  const size_t ring = 4 * MIB;
  size_t held = 0;
  for (; held < want; held += ring + 3 * page) {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_RINGBUF,
                          .max_entries = (unsigned)ring};
    bpf_map(&map);
  }
  return held;
}

/* The entries and the rings of io_uring are compound pages (io_uring/memmap.c): of 64
 * bytes for each of the entries; of 36 bytes for each, and a header, rounded up to a
 * power of two. */
static size_t inject_io_uring(size_t want)
{
  enum { ENTRIES = 32768 };
  size_t held = 0;
  for (; held < want; held += 2 * (size_t)ENTRIES * 64) {
    struct io_uring_params parameters = {.flags = 0};
    if (syscall(SYS_io_uring_setup, ENTRIES, &parameters) < 0)
      skip_errno("io_uring_setup");
  }
  return held;
}

static struct {
  long long device; /* -1: none */
  int fd;           /* of /dev/zramN; -1: not open */
} zram = {-1, -1};

static void zram_attribute(char *path, size_t size, const char *name)
{
  snprintf(path, size, "/sys/block/zram%lld/%s", zram.device, name);
}

static void release_zram(void)
{
  char path[64];
  if (zram.fd >= 0)
    close(zram.fd);
  zram_attribute(path, sizeof(path), "reset");
  if (!write_number(path, 1) ||
      !write_number("/sys/class/zram-control/hot_remove", zram.device))
    fprintf(stderr, "cannot remove zram%lld: %s\n", zram.device, strerror(errno));
}

/* zsmalloc takes its pages from alloc_page() and counts them only in nr_zspages of
 * vmstat. The device's table is in vmalloc, the descriptors of its pages are in slab.
 * Adds a device and writes to it past the page cache. */
static size_t inject_zram(size_t want)
{
  char path[64];
  long long used;
  if (!read_number("/sys/class/zram-control/hot_add", "", 0, &zram.device))
    skip("cannot add a zram device: %s", strerror(errno));
  release = release_zram;
  zram_attribute(path, sizeof(path), "disksize");
  if (!write_number(path, (long long)want))
    skip_errno(path);
  snprintf(path, sizeof(path), "/dev/zram%lld", zram.device);
  zram.fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
  if (zram.fd < 0)
    skip_errno(path);
  char *bytes = map_written(MIB);
  for (size_t i = 0; i < want; i += MIB) {
    fill_random(bytes, MIB);
    write_all(zram.fd, bytes, MIB, MIB);
  }
  munmap(bytes, MIB);
  zram_attribute(path, sizeof(path), "mm_stat");
  if (!read_number(path, "", 2, &used))
    skip_errno(path);
  return (size_t)used;
}

/* --- kinds that a counter has
 * ----------------------------------------------------------- */

/* Active(anon) or Inactive(anon); AnonPages. */
static size_t inject_anon(size_t want)
{
  map_written(want);
  return want;
}

/* Like anon, but clean and on the list of files: MADV_FREE. */
static size_t inject_madv_free(size_t want)
{
  if (madvise(map_written(want), want, MADV_FREE) != 0)
    skip_errno("MADV_FREE");
  return want;
}

/* The size of a huge page of anonymous memory. */
static size_t huge_page(void)
{
  const char *path = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
  long long size;
  if (!read_number(path, "", 0, &size))
    skip_errno(path);
  return (size_t)size;
}

/* Reserves `size` bytes of the address space, aligned for huge pages. */
static char *reserve_aligned(size_t size)
{
  size_t huge = huge_page();
  char *at = map(size + huge, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  return at + (huge - (uintptr_t)at % huge) % huge;
}

static void want_huge_pages(char *at, size_t size)
{
  if (madvise(at, size, MADV_HUGEPAGE) != 0)
    skip_errno("MADV_HUGEPAGE");
}

/* AnonHugePages. */
static size_t inject_thp(size_t want)
{
  char *at = reserve_aligned(want);
  want_huge_pages(at, want);
  write_pages(at, want);
  return want;
}

/* Like anon, but in Unevictable and Mlocked. */
static size_t inject_mlock(size_t want)
{
  if (mlock(map_written(want), want) != 0)
    skip_errno("mlock");
  return want;
}

/* Shmem: on the anon LRU, and in Cached. */
static size_t inject_tmpfs(size_t want)
{
  int fd = memfd_create("inject", MFD_CLOEXEC);
  if (fd < 0)
    skip_errno("memfd_create");
  char *bytes = map_written(MIB);
  write_all(fd, bytes, MIB, want);
  munmap(bytes, MIB);
  return want;
}

/* Like tmpfs: anonymous memory that is shared. */
static size_t inject_shared(size_t want)
{
  write_pages(map(want, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS), want);
  return want;
}

static int segment = -1;

static void release_sysv(void)
{
  if (shmctl(segment, IPC_RMID, NULL) != 0)
    fprintf(stderr, "cannot remove the segment: %s\n", strerror(errno));
}

/* Like tmpfs: System V shared memory. */
static size_t inject_sysv(size_t want)
{
  segment = shmget(IPC_PRIVATE, want, IPC_CREAT | 0600);
  if (segment < 0)
    skip_errno("shmget");
  release = release_sysv;
  char *at = shmat(segment, NULL, 0);
  if (at == (char *)-1)
    skip_errno("shmat");
  write_pages(at, want);
  return want;
}

static const char shmem_enabled[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
static char shmem_before[32];

static bool write_word(const char *path, const char *word)
{
  FILE *file = fopen(path, "we");
  if (file == NULL)
    return false;
  fprintf(file, "%s\n", word);
  return fclose(file) == 0;
}

static void release_shmem_thp(void)
{
  if (!write_word(shmem_enabled, shmem_before))
    fprintf(stderr, "cannot restore %s: %s\n", shmem_enabled, strerror(errno));
}

/* ShmemHugePages. */
static size_t inject_shmem_thp(size_t want)
{
  FILE *file = fopen(shmem_enabled, "re");
  if (file == NULL || fscanf(file, "%*[^[][%31[a-z_]", shmem_before) != 1)
    skip_errno(shmem_enabled);
  fclose(file);
  if (!write_word(shmem_enabled, "advise"))
    skip_errno(shmem_enabled);
  release = release_shmem_thp;
  int fd = memfd_create("inject", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)want) != 0)
    skip_errno("memfd_create");
  char *at = mmap(reserve_aligned(want), want, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED, fd, 0);
  if (at == MAP_FAILED)
    skip_errno("mmap");
  want_huge_pages(at, want);
  write_pages(at, want);
  return want;
}

/* memfd_secret(2): Unevictable and Mlocked, out of the kernel's direct map. */
static size_t inject_secret(size_t want)
{
#ifdef SYS_memfd_secret
  int fd = (int)syscall(SYS_memfd_secret, 0);
  if (fd < 0 || ftruncate(fd, (off_t)want) != 0)
    skip_errno("memfd_secret");
  char *at = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED)
    skip_errno("mmap of memfd_secret");
  write_pages(at, want);
  return want;
#else
  skip("no memfd_secret to hold %zu bytes on this architecture", want);
#endif
}

/* Creates a file in the directory and unlinks it. */
static int unnamed_file(int flags)
{
  char path[512];
  struct statfs system;
  if (statfs(directory, &system) != 0)
    skip_errno(directory);
  if ((unsigned long)system.f_type == TMPFS_FS ||
      (unsigned long)system.f_type == RAMFS_FS)
    skip("%s is in memory, not on a disk", directory);
  snprintf(path, sizeof(path), "%s/inject.XXXXXX", directory);
  int fd = mkostemp(path, flags);
  if (fd < 0)
    skip_errno(path);
  unlink(path);
  return fd;
}

/* Clean page cache: Inactive(file) and Cached. */
static int written_file(size_t size)
{
  int fd = unnamed_file(O_CLOEXEC);
  char *bytes = map_written(MIB);
  write_all(fd, bytes, MIB, size);
  if (fdatasync(fd) != 0)
    skip_errno("fdatasync");
  munmap(bytes, MIB);
  return fd;
}

static size_t inject_file(size_t want)
{
  written_file(want);
  return want;
}

/* Page cache that is mapped: also in Mapped. */
static size_t inject_file_mapped(size_t want)
{
  char *at = mmap(NULL, want, PROT_READ, MAP_SHARED, written_file(want), 0);
  if (at == MAP_FAILED)
    skip_errno("mmap of a file");
  read_pages(at, want);
  return want;
}

/* Anonymous memory that is swapped out: SwapTotal - SwapFree. Pages that are still in
 * memory after they were written stay on the LRU as swap cache, mapped by no process. */
static char *swapped_out(size_t want)
{
  long long free_before = meminfo_bytes("SwapFree:");
  if (free_before < (long long)want)
    skip("SwapFree is %lld MiB", free_before / MIB);
  FILE *swaps = fopen("/proc/swaps", "re");
  char line[512];
  while (swaps != NULL && fgets(line, sizeof(line), swaps) != NULL)
    if (strstr(line, "zram") != NULL)
      skip("swap is on zram, which takes memory");
  if (swaps != NULL)
    fclose(swaps);
  char *at = map_written(want);
  fill_random(at, want);
  if (madvise(at, want, MADV_PAGEOUT) != 0)
    skip_errno("MADV_PAGEOUT");
  long long out = free_before - meminfo_bytes("SwapFree:");
  if (out < (long long)want / 2)
    skip("swapped out only %lld of %zu MiB", out / MIB, want / MIB);
  return at;
}

static size_t inject_swap(size_t want)
{
  long long free_before = meminfo_bytes("SwapFree:");
  swapped_out(want);
  return (size_t)(free_before - meminfo_bytes("SwapFree:"));
}

/* Anonymous memory that was swapped out and read back: SwapCached as far as the kernel
 * keeps the copies on the disk. */
static size_t inject_swap_cache(size_t want)
{
  char *at = swapped_out(want);
  read_pages(at, want);
  return want;
}

static const char huge_pages[] = "/proc/sys/vm/nr_hugepages";
static long long huge_pages_before;

static void release_hugetlb(void)
{
  if (!write_number(huge_pages, huge_pages_before))
    fprintf(stderr, "cannot restore %s: %s\n", huge_pages, strerror(errno));
}

/* Hugetlb counts the pool of huge pages, whether they are used or not. */
static size_t inject_hugetlb(size_t want)
{
  long long size = meminfo_bytes("Hugepagesize:"), now = 0;
  if (!read_number(huge_pages, "", 0, &huge_pages_before))
    skip_errno(huge_pages);
  long long target = huge_pages_before + (long long)want / size;
  if (!write_number(huge_pages, target))
    skip_errno(huge_pages);
  release = release_hugetlb;
  if (!read_number(huge_pages, "", 0, &now) || now < target)
    skip("got only %lld of %lld huge pages", now - huge_pages_before,
         target - huge_pages_before);
  return (size_t)((now - huge_pages_before) * size);
}

/* The same, used. */
static size_t inject_hugetlb_mapped(size_t want)
{
  size_t held = inject_hugetlb(want), huge = (size_t)meminfo_bytes("Hugepagesize:");
  char *at = map(held, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
  for (size_t i = 0; i < held; i += huge)
    at[i] = 1;
  return held;
}

/* Bytes of a page table of the lowest level. */
static size_t table_size(void)
{
#if defined(__powerpc64__)
  /* arch/powerpc/include/asm/book3s/64/radix-64k.h */
  return page == 65536 ? 256 : page;
#elif defined(__s390x__)
  return 2048; /* arch/s390/include/asm/pgtable.h: PTRS_PER_PTE */
#else
  return page;
#endif
}

/* PageTables: one table for each read in a part of the address space that had none. The
 * reads map the zero page, which no counter has. The tables of higher levels count too.
 */
static size_t inject_ptes(size_t want)
{
  size_t table = table_size(), entries = table / sizeof(uint64_t);
  size_t tables = want / table, reach = entries * page;
  if (sizeof(void *) < sizeof(uint64_t))
    skip("the address space is too small");
  char *at =
      map((tables + 1) * reach, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
  madvise(at, (tables + 1) * reach, MADV_NOHUGEPAGE);
  volatile char *first = at + (reach - (uintptr_t)at % reach) % reach;
  for (size_t i = 0; i < tables; i++)
    (void)first[i * reach];
  return (tables + tables / entries + tables / entries / entries) * table;
}

static void *sleep_forever(void *unused)
{
  for (;;)
    pause();
  return unused;
}

/* Kernel stacks: in vmalloc on kernels with CONFIG_VMAP_STACK, otherwise only in
 * KernelStack. The user stacks of the threads, a page or two each, are anonymous memory.
 * The size of a kernel stack is the power of two nearest to the growth of KernelStack per
 * thread, so that threads of other processes do not matter. */
static size_t inject_threads(size_t want)
{
  const size_t guess = 16384;
  long smallest = sysconf(_SC_THREAD_STACK_MIN);
  size_t stack = ((smallest > 0 ? (size_t)smallest : guess) + page - 1) / page * page;
  size_t count = want / guess, started = 0;
  long long before = meminfo_bytes("KernelStack:");
  char *stacks = map(count * stack, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK);
  madvise(stacks, count * stack, MADV_NOHUGEPAGE);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  for (; started < count; started++) {
    pthread_t thread;
    pthread_attr_setstack(&attributes, stacks + started * stack, stack);
    int error = pthread_create(&thread, &attributes, sleep_forever, NULL);
    if (error != 0)
      skip("started only %zu of %zu threads: %s", started, count, strerror(error));
  }
  long long each = (meminfo_bytes("KernelStack:") - before) / (long long)count;
  size_t size = page;
  while ((double)size * 1.4 < (double)each)
    size *= 2;
  return count * size;
}

static char names[512]; /* the directory in which missing names are looked up */

/* Removing the directory frees the dentries of its missing names. */
static void release_dentry(void)
{
  if (rmdir(names) != 0)
    fprintf(stderr, "cannot remove %s: %s\n", names, strerror(errno));
}

/* The size of the slab cache of dentries. */
static long long dentry_bytes(void)
{
  const char *path = "/proc/slabinfo";
  FILE *file = fopen(path, "re");
  char line[512];
  long long active, objects, size, per_slab, pages, slabs = -1;
  if (file == NULL)
    skip_errno(path);
  while (slabs < 0 && fgets(line, sizeof(line), file) != NULL) {
    char *slabdata = strstr(line, ": slabdata ");
    if (sscanf(line, "dentry %lld %lld %lld %lld %lld", &active, &objects, &size,
               &per_slab, &pages) != 5 ||
        slabdata == NULL || sscanf(slabdata, ": slabdata %*d %lld", &slabs) != 1)
      slabs = -1;
  }
  fclose(file);
  if (slabs < 0)
    skip("%s has no valid line of dentry", path);
  return slabs * pages * (long long)page;
}

/* SReclaimable: the kernel caches each missing name as a negative dentry. */
static size_t inject_dentry(size_t want)
{
  enum { LOOKUPS_PER_CHECK = 2000 };
  char path[600];
  struct stat status;
  snprintf(names, sizeof(names), "%s/inject.XXXXXX", directory);
  if (mkdtemp(names) == NULL)
    skip_errno(names);
  release = release_dentry;
  long long begin = dentry_bytes(), now = begin;
  for (size_t i = 0; now - begin < (long long)want; i++) {
    if (i > want / 64)
      skip("%zu missing names took only %lld MiB", i, (now - begin) / MIB);
    snprintf(path, sizeof(path), "%s/%zu", names, i);
    (void)stat(path, &status);
    if (i % LOOKUPS_PER_CHECK == 0)
      now = dentry_bytes();
  }
  return (size_t)(now - begin);
}

/* SUnreclaim: datagrams of 1000 bytes that wait on loopback. Each is charged 2304 bytes:
 * its head of 2 KiB, and its descriptor of 256. */
static size_t inject_udp(size_t want)
{
  const size_t charge = 2304;
  static const char bytes[1000];
  size_t held = 0;
  while (held < want) {
    struct sockaddr_in address, own;
    int receiver = loopback_socket(SOCK_DGRAM, &address);
    int sender = loopback_socket(SOCK_DGRAM, &own);
    set_buffer(receiver, SO_RCVBUFFORCE, 16 * MIB);
    if (connect(sender, (struct sockaddr *)&address, sizeof(address)) != 0)
      skip_errno("connect");
    size_t messages = (want - held) / charge + 1;
    size_t more = fill_socket(sender, bytes, sizeof(bytes),
                              sizeof(bytes) * (messages < 7000 ? messages : 7000));
    if (more == 0)
      skip("a socket took nothing");
    held += more / sizeof(bytes) * charge;
    close(sender);
  }
  return held;
}

/* VmallocUsed: the values of a BPF array. */
static size_t inject_bpf_array(size_t want)
{
  union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY,
                        .key_size = 4,
                        .value_size = 4096,
                        .max_entries = (unsigned)(want / 4096)};
  bpf_map(&map);
  return want;
}

/* Percpu: each value of such a map is one allocation for each possible CPU. */
static size_t inject_bpf_percpu(size_t want)
{
  enum { VALUE = 32768 - 64, VALUES = 16 };
  size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF), held = 0;
  for (; held < want; held += (size_t)VALUE * VALUES * cpus) {
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
                          .key_size = 4,
                          .value_size = VALUE,
                          .max_entries = VALUES};
    bpf_map(&map);
  }
  return held;
}

static pid_t *children;
static size_t forked;

static void release_forks(void)
{
  for (size_t i = 0; i < forked; i++)
    kill(children[i], SIGKILL);
  while (wait(NULL) > 0)
    ;
}

/* Small processes, one for each 16 KiB: their upper page tables are in no counter on some
 * kernels, so the amount is not known. */
static size_t inject_forks(size_t want)
{
  size_t count = want / 16384;
  children = calloc(count, sizeof(*children));
  if (children == NULL)
    skip_errno("calloc");
  release = release_forks;
  for (; forked < count; forked++) {
    pid_t child = fork();
    if (child < 0)
      skip_errno("fork");
    if (child == 0)
      sleep_forever(NULL);
    children[forked] = child;
  }
  return want;
}

/* HardwareCorrupted: pages that the kernel takes out of use, until the next boot. */
static size_t inject_hwpoison(size_t want)
{
  if (getenv("PAGES_MAY_BE_LOST") == NULL)
    skip("the pages would be lost until the next boot: set PAGES_MAY_BE_LOST");
  char *at = map_written(want);
  for (size_t i = 0; i < want; i += page)
    if (madvise(at + i, page, MADV_SOFT_OFFLINE) != 0)
      skip_errno("MADV_SOFT_OFFLINE");
  return want;
}

/* The huge zero page: one, whatever is wanted; in no counter. */
static size_t inject_zero_page(size_t want)
{
  char *at = reserve_aligned(want);
  want_huge_pages(at, want);
  read_pages(at, want);
  return huge_page();
}

static const struct kind {
  const char *name;
  size_t (*inject)(size_t want); /* bytes held */
} kinds[] = {
    {"pipe", inject_pipe},
    {"unix", inject_unix},
    {"tcp", inject_tcp},
    {"perf", inject_perf},
    {"perf_touched", inject_perf_touched},
    {"afpacket", inject_afpacket},
    {"afpacket_mapped", inject_afpacket_mapped},
    {"bpf_ring", inject_bpf_ring},
    {"io_uring", inject_io_uring},
    {"zram", inject_zram},
    {"zero_page", inject_zero_page},
    {"anon", inject_anon},
    {"madv_free", inject_madv_free},
    {"thp", inject_thp},
    {"mlock", inject_mlock},
    {"tmpfs", inject_tmpfs},
    {"shared", inject_shared},
    {"sysv", inject_sysv},
    {"shmem_thp", inject_shmem_thp},
    {"secret", inject_secret},
    {"file", inject_file},
    {"file_mapped", inject_file_mapped},
    {"swap", inject_swap},
    {"swap_cache", inject_swap_cache},
    {"hugetlb", inject_hugetlb},
    {"hugetlb_mapped", inject_hugetlb_mapped},
    {"ptes", inject_ptes},
    {"threads", inject_threads},
    {"forks", inject_forks},
    {"dentry", inject_dentry},
    {"udp", inject_udp},
    {"bpf_array", inject_bpf_array},
    {"bpf_percpu", inject_bpf_percpu},
    {"hwpoison", inject_hwpoison},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void raise_limits(void)
{
  const struct rlimit files = {1 << 20, 1 << 20};
  const struct rlimit locked = {RLIM_INFINITY, RLIM_INFINITY};
  struct rlimit now;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0 && getrlimit(RLIMIT_NOFILE, &now) == 0) {
    now.rlim_cur = now.rlim_max;
    setrlimit(RLIMIT_NOFILE, &now);
  }
  setrlimit(RLIMIT_MEMLOCK, &locked); /* if this fails, mlock() and mmap() report it */
}

/* Blocks the signals before the injection, so that none interrupts it or is lost. */
static int open_signals(void)
{
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigprocmask(SIG_BLOCK, &set, NULL);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Waits for end of file on stdin or for a signal. */
static void hold(int signals)
{
  struct pollfd wait[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = signals, .events = POLLIN}};
  char bytes[64];
  do {
    if (poll(wait, 2, -1) < 0 && errno != EINTR)
      return;
    if ((wait[1].revents & POLLIN) != 0)
      return;
  } while (wait[0].revents == 0 || read(STDIN_FILENO, bytes, sizeof(bytes)) > 0);
}

static int usage(void)
{
  fprintf(stderr, "usage: inject KIND MIB [DIR]\nkinds:");
  for (size_t i = 0; i < KINDS; i++)
    fprintf(stderr, " %s", kinds[i].name);
  fputc('\n', stderr);
  return 2;
}

int main(int argc, char **argv)
{
  const struct kind *kind = NULL;
  char *end = NULL;
  for (size_t i = 0; argc > 1 && i < KINDS; i++)
    if (strcmp(argv[1], kinds[i].name) == 0)
      kind = &kinds[i];
  unsigned long mib = argc > 2 ? strtoul(argv[2], &end, 10) : 0;
  if (kind == NULL || argc > 4 || mib == 0 || mib > SIZE_MAX / MIB / 2 || *end != '\0')
    return usage();
  page = (size_t)sysconf(_SC_PAGESIZE);
  directory = argc > 3 ? argv[3] : ".";
  raise_limits();
  int signals = open_signals();
  if (signals < 0) {
    perror("inject: signalfd");
    return 1;
  }
  printf("READY bytes=%zu\n", kind->inject(mib * MIB));
  fflush(stdout);
  hold(signals);
  release_now();
  return 0;
}
