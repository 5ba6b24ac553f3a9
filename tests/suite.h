/* SPDX-License-Identifier: MIT */
/* Shared by the suites: running tests, temporary trees of files, and the fixtures. */
#ifndef MEMINFO_EXPLAIN_TESTS_SUITE_H
#define MEMINFO_EXPLAIN_TESTS_SUITE_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <check.h>

/* libcheck records the location of each assertion that passes, so that it can report the
 * last one before a crash. In suites with millions of assertions this takes most of the
 * time. Without it, a crash is reported by the name of its test. */
#define _mark_point(file, line) ((void)0)

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

#define ck_assert_known(reading, expected)                                               \
  do {                                                                                   \
    ck_assert_int_eq((reading).state, READING_KNOWN);                                    \
    ck_assert_uint_eq((reading).value, expected);                                        \
  } while (0)

/* Runs a suite and frees it. Returns the exit status for main(). */
int suite_execute(Suite *suite);

/* Runs the tests as suite NAME and returns the exit status for main(). Each test is its
 * own case, so that libcheck reports and selects it by its name. */
int suite_run(const char *name, const TTest *const tests[], size_t count);

#define SUITE_MAIN(name, ...)                                                            \
  int main(void)                                                                         \
  {                                                                                      \
    const TTest *const tests[] = {__VA_ARGS__};                                          \
    return suite_run(name, tests, LENGTH(tests));                                        \
  }

/* After crash_note_enable(), a test that crashes prints crash_note to standard error. The
 * test sets it to what it is doing. */
extern char crash_note[160];
void crash_note_enable(void);

/* A scan over a C string. */
struct scan scan_string(const char *text);

/* Creates a directory below $TMPDIR or /tmp. tree_remove() removes it with its contents
 * and frees the path. */
char *tree_make(void);
void tree_remove(char *tree);

/* Writes a file below the tree, and creates its parent directories. */
void tree_write(const char *tree, const char *path, const char *text);
void tree_write_bytes(const char *tree, const char *path, const void *bytes, size_t size);

/* The full path of a file in the tree; valid until the next call. */
const char *tree_path(const char *tree, const char *path);

/* Between the two calls a test that runs as root is subject to file modes. */
void become_nobody(void);
void become_root_again(void);

/* Reads a whole file as a C string, which the caller frees. length may be NULL. Fails the
 * test if the file cannot be read. */
char *file_read(const char *path, size_t *length);

/* The captured and composed machines: the folders of fixtures/ with a file `about`,
 * sorted by name. */
size_t fixtures_count(void);
const char *fixture_root(size_t index);

/* A process in a tree. Sizes are in kB. */
struct fake_process {
  unsigned pid, parent;
  char state;          /* 0: S */
  unsigned threads;    /* 0: 1 */
  unsigned start;      /* 0: pid */
  unsigned anon, file; /* resident memory */
  unsigned sharers;    /* number of processes that map `file`; 0: 1 */
};

/* Writes the process's stat, statm and smaps_rollup. The functions below write one of
 * them; those with a path also write that of a thread. */
void tree_write_process(const char *tree, struct fake_process process);
void tree_write_process_stat(const char *tree, const char *path,
                             struct fake_process process);
void tree_write_process_smaps(const char *tree, const char *path,
                              struct fake_process process);
void tree_write_statm(const char *tree, unsigned pid, unsigned anon, unsigned file);

/* Removes the files and the directory of a process. */
void tree_remove_process(const char *tree, unsigned pid);

#endif
