/* SPDX-License-Identifier: MIT */
/* The folder that holds proc and sys: "/" on the machine itself, "/host" in a container,
 * or a captured tree. All file access of the core goes through here. Links are followed
 * as if the folder were "/": none leads out of it. */
#ifndef MEMINFO_EXPLAIN_SYSROOT_SYSROOT_H
#define MEMINFO_EXPLAIN_SYSROOT_SYSROOT_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/sysroot/openat_root.h"

#include <stdbool.h>
#include <stddef.h>

struct sysroot {
  int fd;
  char *path; /* without trailing slashes; "" for "/" */
  bool live;  /* proc is a procfs: this kernel's own figures */
  enum openat_root_method way;
  char *denied; /* paths that the capture was denied, separated by blanks; NULL: none */
  /* openat_root, by which every access begins. A test may put its own in its place. */
  int (*open)(int root, enum openat_root_method way, const char *path, int flags);
};

/* A whole file. The buffer is owned here, grows to the largest file seen and is reused.
 */
struct text {
  char *bytes;
  size_t length, capacity;
};

/* The largest file we read: 500,000 lines of vmallocinfo. */
#define SYSROOT_FILE_MAX ((size_t)64 << 20)

/* A captured tree may have a file `about` with a line "denied: proc/vmallocinfo ..."
 * (fixtures/capture.sh): what is missing there below one of these paths is -EACCES, and
 * not -ENOENT. 0, or -errno with *root untouched. */
int sysroot_open(const char *path, struct sysroot *root);
/* Another one of the same folder, to be closed by itself. 0, or -errno. */
int sysroot_dup(const struct sysroot *root, struct sysroot *out);
void sysroot_close(struct sysroot *root);

/* Reads a file whole: pseudo-files have no size and may hold anything. Never blocks on
 * a FIFO, and in a captured tree never opens a device. 0, or -errno: as open and read
 * give it, -EFBIG above SYSROOT_FILE_MAX, -ENOMEM, -EISDIR or -ENOTSUP for what is no
 * regular file. */
int sysroot_slurp(const struct sysroot *root, const char *path, struct text *text);
/* Likewise, but -EFBIG above `max` bytes. */
int sysroot_slurp_within(const struct sysroot *root, const char *path, size_t max,
                         struct text *text);
void text_free(struct text *text);

/* The target of the link `name` in `directory` as a C string of less than `size` bytes.
 * 0, or -errno. */
int sysroot_read_link(const struct sysroot *root, const char *directory, const char *name,
                      char *out, size_t size);

/* Calls visit(context, path) for each path that matches `pattern`: a path of which one
 * component may hold wildcards (fnmatch(3)). Allocates nothing. Stops when visit returns
 * non-zero, and returns that; else 0, or -errno of the directory. */
int sysroot_each(const struct sysroot *root, const char *pattern,
                 int (*visit)(void *context, const char *path), void *context);

/* Calls visit(context, number, inode) for each entry of `directory` whose name is a
 * decimal number without leading zeros: processes and threads. proc lists them in
 * ascending order, and a process keeps its inode for as long as the kernel remembers it:
 * the same number with the same inode is the same process (fs/proc/base.c). Allocates
 * nothing. Stops when visit returns non-zero, and returns that; else 0, or -errno. */
int sysroot_each_number(const struct sysroot *root, const char *directory,
                        int (*visit)(void *context, uint32_t number, uint64_t inode),
                        void *context);

/* What a failed access says of the file: absent, denied, or else malformed. */
enum reading_state sysroot_error_state(int error);

#endif
