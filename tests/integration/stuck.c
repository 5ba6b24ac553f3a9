/* SPDX-License-Identifier: MIT */
/* usage: stuck DIR
 * Makes a process hang with its mmap_lock held, so that reading its smaps hangs, as it
 * does behind a file server that does not answer. Mounts a FUSE file system with one file
 * on DIR (as root). A child maps that file, writes to it, and maps something else in its
 * place: the kernel writes the page back with the lock held (fs/fuse/file.c:
 * fuse_vma_close, since 5.16), and gets no answer. Prints the child's pid once it hangs.
 * The child continues when this process is killed, or after two minutes. Until then ps(1)
 * hangs as well. The caller unmounts DIR.
 * Exit status: 77 where this machine does not support it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CANNOT = 77, FILE_NODE = 2, PAGE = 4096 };

static _Noreturn void cannot(const char *what)
{
  fprintf(stderr, "stuck: %s: %s\n", what, strerror(errno));
  exit(CANNOT);
}

static void reply(int fuse, uint64_t unique, int error, const void *body, size_t size)
{
  char message[sizeof(struct fuse_out_header) + PAGE];
  const struct fuse_out_header header = {
      .len = (uint32_t)(sizeof(header) + size), .error = -error, .unique = unique};
  memcpy(message, &header, sizeof(header));
  if (size > 0)
    memcpy(message + sizeof(header), body, size);
  if (write(fuse, message, sizeof(header) + size) < 0 && errno != ENOENT)
    cannot("/dev/fuse");
}

static struct fuse_attr attributes(uint64_t node)
{
  return (struct fuse_attr){.ino = node,
                            .size = PAGE,
                            .blocks = PAGE / 512,
                            .mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0755,
                            .nlink = 1,
                            .blksize = PAGE};
}

/* Answers one request; returns true, without an answer, if it is a write. */
static int answer(int fuse)
{
  static char request[FUSE_MIN_READ_BUFFER + (1 << 20)];
  static const char zeros[PAGE];
  ssize_t length = read(fuse, request, sizeof(request));
  if (length < (ssize_t)sizeof(struct fuse_in_header))
    cannot("/dev/fuse");
  const struct fuse_in_header *in = (const struct fuse_in_header *)request;
  const struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
                                     .minor = FUSE_KERNEL_MINOR_VERSION,
                                     .max_write = PAGE};
  const struct fuse_entry_out entry = {.nodeid = FILE_NODE,
                                       .entry_valid = 60,
                                       .attr_valid = 60,
                                       .attr = attributes(FILE_NODE)};
  const struct fuse_attr_out attr = {.attr_valid = 60, .attr = attributes(in->nodeid)};
  const struct fuse_open_out open = {.fh = 1};
  switch (in->opcode) {
  case FUSE_INIT:
    reply(fuse, in->unique, 0, &init, sizeof(init));
    return 0;
  case FUSE_LOOKUP:
    reply(fuse, in->unique, 0, &entry, sizeof(entry));
    return 0;
  case FUSE_GETATTR:
    reply(fuse, in->unique, 0, &attr, sizeof(attr));
    return 0;
  case FUSE_OPEN:
    reply(fuse, in->unique, 0, &open, sizeof(open));
    return 0;
  case FUSE_READ:
    reply(fuse, in->unique, 0, zeros, sizeof(zeros));
    return 0;
  case FUSE_FORGET:
    return 0;
  case FUSE_WRITE:
    return 1;
  default:
    reply(fuse, in->unique, ENOSYS, NULL, 0);
    return 0;
  }
}

/* The child, which hangs in mmap. */
static _Noreturn void get_stuck(const char *directory)
{
  char path[4096];
  snprintf(path, sizeof(path), "%s/file", directory);
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    cannot(path);
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED)
    cannot("mmap");
  page[0] = 1;
  mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  _exit(0);
}

int main(int argc, char **argv)
{
  if (argc != 2)
    return 2;
  int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fuse < 0)
    cannot("/dev/fuse");
  char options[128];
  snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
  if (mount("stuck", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0)
    cannot(argv[1]);
  pid_t child = fork();
  if (child == 0) {
    close(fuse); /* so that the end of the parent closes the connection */
    get_stuck(argv[1]);
  }
  alarm(120); /* the child must not hang for longer */
  while (!answer(fuse))
    continue;
  printf("%d\n", (int)child);
  fflush(stdout);
  pause();
  return 0;
}
