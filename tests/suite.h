/* SPDX-License-Identifier: MIT */
/* What the suites share: running one, throw-away trees of files, and the fixtures. */
#ifndef MEMINFO_EXPLAIN_TESTS_SUITE_H
#define MEMINFO_EXPLAIN_TESTS_SUITE_H

#include "meminfo_explain/base/reading.h"
#include "meminfo_explain/base/scan.h"

#include <check.h>

/* libcheck writes down each assertion that holds, to tell of a crash what came before it;
 * that is most of what suites with millions of them do. Without, a crash is told by the
 * name of its test. */
#define _mark_point(file, line) ((void)0)

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

#define ck_assert_known(reading, want)                                                   \
  do {                                                                                   \
    ck_assert_int_eq((reading).state, READING_KNOWN);                                    \
    ck_assert_uint_eq((reading).value, want);                                            \
  } while (0)

/* Makes suite NAME of the tests, runs it, and returns main()'s exit status. Each test is
 * its own case, so that a red test is named by its sentence. */
int suite_run(const char *name, const TTest *const tests[], size_t count);

#define SUITE_MAIN(name, ...)                                                            \
  int main(void)                                                                         \
  {                                                                                      \
    const TTest *const tests[] = {__VA_ARGS__};                                          \
    return suite_run(name, tests, LENGTH(tests));                                        \
  }

/* What a test that crashes says on standard error, after tell_crash_note: what it was at.
 */
extern char crash_note[160];
void tell_crash_note(void);

/* A scan over a string literal, or any C string. */
struct scan scan_string(const char *text);

/* A new directory under $TMPDIR or /tmp, removed with all it holds by tree_remove. */
char *tree_make(void);
void tree_remove(char *tree);

/* Writes a file below the tree; makes the directories on the way. */
void tree_write(const char *tree, const char *path, const char *text);
void tree_write_bytes(const char *tree, const char *path, const void *bytes, size_t size);

/* Where it is; until the next call. */
const char *tree_path(const char *tree, const char *path);

/* Between the two, root has no more rights than anybody else: no mode stops root. */
void become_nobody(void);
void become_root_again(void);

/* A whole file as an allocated C string; *length may be NULL. Fails the test if unread.
 */
char *file_read(const char *path, size_t *length);

/* The machines: folders of fixtures/ that have a file `about`, in the order of their
 * names. */
size_t fixtures_count(void);
const char *fixture_root(size_t index);

/* A process with all that proc tells of it; sizes in kB. */
struct fake_process {
  unsigned pid, parent;
  char state;                   /* 0: S */
  unsigned threads;             /* 0: 1 */
  unsigned start;               /* 0: pid */
  unsigned anon, file, sharers; /* mapped; of `file` so many have a part, 0: 1 */
};

/* stat, statm and smaps_rollup; and each of them by itself, stat and smaps_rollup also
 * for one of its threads. */
void tree_write_process(const char *tree, struct fake_process person);
void tree_write_process_stat(const char *tree, const char *path,
                             struct fake_process person);
void tree_write_process_smaps(const char *tree, const char *path,
                              struct fake_process person);
void tree_write_statm(const char *tree, unsigned pid, unsigned anon, unsigned file);

/* All that was written of it. */
void tree_remove_process(const char *tree, unsigned pid);

#endif
