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
  enum openat_root_method method;
  char *denied; /* paths that the capture was denied, separated by blanks; NULL: none */
  /* openat_root, by which every access begins. A test may put its own in its place. */
  int (*open)(int root, enum openat_root_method method, const char *path, int flags);
};

/* The text of a whole file. Owns its buffer, which grows to the largest file and is
 * reused.
 */
struct text {
  char *bytes;
  size_t length, capacity;
};

/* The largest file that is read: 500,000 lines of vmallocinfo. */
#define SYSROOT_FILE_MAX ((size_t)64 << 20)

/* A captured tree may have a file `about` with a line "denied: proc/vmallocinfo ..."
 * (fixtures/capture.sh): a file that is missing at or below one of these paths is
 * -EACCES, not -ENOENT. 0, or -errno with *root untouched. */
int sysroot_open(const char *path, struct sysroot *root);
/* Duplicates a root; each is closed by itself. 0, or -errno. */
int sysroot_dup(const struct sysroot *root, struct sysroot *out);
void sysroot_close(struct sysroot *root);

/* Reads a file whole, which may hold any bytes; the size of a pseudo-file is not known
 * before. In a captured tree the text is cleaned of what copying it has changed in its
 * lines: CR, no-break spaces, quote marks of mail (plugin/sysroot/pasted_text.h). Never
 * blocks on a FIFO, and never opens a device in a captured tree. 0, or -errno: that of
 * open(2) or read(2), -EFBIG above SYSROOT_FILE_MAX, -ENOMEM, -EISDIR, or -ENOTSUP for
 * any other file that is not regular. */
int sysroot_slurp(const struct sysroot *root, const char *path, struct text *text);
/* The same, but -EFBIG above `max` bytes. */
int sysroot_slurp_within(const struct sysroot *root, const char *path, size_t max,
                         struct text *text);
/* The same, without the read that finds the end of the file if the first read gives a
 * text that ends with a newline: for a file that the kernel makes in one piece and gives
 * whole to a read with room for it. These are the files that fs/proc opens with
 * single_open(): of a process all but smaps and maps. */
int sysroot_slurp_single(const struct sysroot *root, const char *path, struct text *text);
void text_free(struct text *text);

/* The target of the link `name` in `directory` as a C string of less than `size` bytes.
 * 0, or -errno. */
int sysroot_read_link(const struct sysroot *root, const char *directory, const char *name,
                      char *out, size_t size);

/* Calls callback(context, path) for each path that matches `pattern`, of which one
 * component may hold wildcards (fnmatch(3)). Allocates nothing. Stops when the callback
 * returns non-zero, and returns that; else 0, or -errno of the directory. */
int sysroot_each(const struct sysroot *root, const char *pattern,
                 int (*callback)(void *context, const char *path), void *context);

/* Calls callback(context, number, inode) for each entry of `directory` whose name is a
 * decimal number without leading zeros: processes and threads. proc lists them in
 * ascending order. A process keeps its inode while the kernel caches it, so the same
 * number with the same inode is the same process (fs/proc/base.c). Allocates nothing.
 * Stops when the callback returns non-zero, and returns that; else 0, or -errno. */
int sysroot_each_number(const struct sysroot *root, const char *directory,
                        int (*callback)(void *context, uint32_t number, uint64_t inode),
                        void *context);

/* The state that an error of an access means: -ENOENT, -ENOTDIR and -ESRCH are absent,
 * -EACCES and -EPERM denied, 0 is known, and all others are malformed. */
enum reading_state sysroot_error_state(int error);

#endif
