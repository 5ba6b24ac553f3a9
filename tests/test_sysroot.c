/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/sysroot/sysroot.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A throw-away tree, opened. */
struct fixture {
  char *tree;
  struct sysroot root;
  struct text text;
};

static struct fixture setup(void)
{
  struct fixture fixture = {.tree = tree_make()};
  ck_assert_int_eq(sysroot_open(fixture.tree, &fixture.root), 0);
  return fixture;
}

static void teardown(struct fixture *fixture)
{
  text_free(&fixture->text);
  sysroot_close(&fixture->root);
  tree_remove(fixture->tree);
}

static int slurp(struct fixture *fixture, const char *path)
{
  return sysroot_slurp(&fixture->root, path, &fixture->text);
}

/* Writes `size` letters that follow from their offsets. */
static char *write_pattern(const struct fixture *fixture, const char *path, size_t size)
{
  char *bytes = malloc(size);
  for (size_t i = 0; i < size; i++)
    bytes[i] = (char)('A' + i % 53);
  tree_write_bytes(fixture->tree, path, bytes, size);
  return bytes;
}

START_TEST(file_is_read_whole_at_any_size)
{
  /* around the sizes of the growing buffer */
  static const size_t sizes[] = {1, 16383, 16384, 16385, 32768, 100000, 1 << 20};
  struct fixture f = setup();
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
    char *want = write_pattern(&f, "proc/file", sizes[i]);
    ck_assert_int_eq(slurp(&f, "proc/file"), 0);
    ck_assert_uint_eq(f.text.length, sizes[i]);
    ck_assert_mem_eq(f.text.bytes, want, sizes[i]);
    f.text.length = 0;
    ck_assert_int_eq(sysroot_slurp_single(&f.root, "proc/file", &f.text), 0);
    ck_assert_uint_eq(f.text.length, sizes[i]);
    ck_assert_mem_eq(f.text.bytes, want, sizes[i]);
    free(want);
  }
  teardown(&f);
}
END_TEST

START_TEST(text_of_a_captured_tree_is_cleaned_of_copying)
{
  struct fixture f = setup();
  tree_write(f.tree, "proc/file", "> MemTotal:\xc2\xa0 5 kB\r\n> MemFree: 1 kB\r\n");
  ck_assert_int_eq(slurp(&f, "proc/file"), 0);
  static const char want[] = "MemTotal:  5 kB\nMemFree: 1 kB\n";
  ck_assert_uint_eq(f.text.length, sizeof(want) - 1);
  ck_assert_mem_eq(f.text.bytes, want, sizeof(want) - 1);
  teardown(&f);
}
END_TEST

START_TEST(empty_file_is_an_empty_text)
{
  struct fixture f = setup();
  tree_write(f.tree, "proc/full", "something");
  tree_write(f.tree, "proc/empty", "");
  ck_assert_int_eq(slurp(&f, "proc/full"), 0);
  ck_assert_int_eq(slurp(&f, "proc/empty"), 0);
  ck_assert_uint_eq(f.text.length, 0);
  teardown(&f);
}
END_TEST

START_TEST(pseudo_file_without_size_is_read)
{
  struct sysroot root;
  struct text text = {0};
  struct stat st;
  ck_assert_int_eq(stat("/proc/self/status", &st), 0);
  ck_assert_int_eq(st.st_size, 0);
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_int_eq(sysroot_slurp(&root, "proc/self/status", &text), 0);
  ck_assert_uint_gt(text.length, 5);
  ck_assert_mem_eq(text.bytes, "Name:", 5);
  text_free(&text);
  sysroot_close(&root);
}
END_TEST

START_TEST(single_read_of_procfs_gives_the_whole_file)
{
  static const char *const paths[] = {"proc/self/stat", "proc/self/statm",
                                      "proc/self/status", "proc/self/smaps_rollup",
                                      "proc/meminfo"};
  struct sysroot root;
  struct text text = {0};
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  for (size_t i = 0; i < LENGTH(paths); i++) {
    ck_assert_int_eq(sysroot_slurp_single(&root, paths[i], &text), 0);
    ck_assert_uint_gt(text.length, 0);
    ck_assert_int_eq(text.bytes[text.length - 1], '\n');
    size_t lines = 0, lines_by_reading_on = 0;
    for (size_t at = 0; at < text.length; at++)
      lines += text.bytes[at] == '\n';
    ck_assert_int_eq(sysroot_slurp(&root, paths[i], &text), 0);
    for (size_t at = 0; at < text.length; at++)
      lines_by_reading_on += text.bytes[at] == '\n';
    ck_assert_uint_eq(lines, lines_by_reading_on);
  }
  text_free(&text);
  sysroot_close(&root);
}
END_TEST

START_TEST(buffer_is_reused_and_grows)
{
  struct fixture f = setup();
  tree_write(f.tree, "a", "first");
  tree_write(f.tree, "b", "2nd");
  free(write_pattern(&f, "large", 20000));
  ck_assert_int_eq(slurp(&f, "a"), 0);
  char *bytes = f.text.bytes;
  size_t capacity = f.text.capacity;
  ck_assert_int_eq(slurp(&f, "b"), 0);
  ck_assert_ptr_eq(f.text.bytes, bytes);
  ck_assert_uint_eq(f.text.capacity, capacity);
  ck_assert_uint_eq(f.text.length, 3);
  ck_assert_mem_eq(f.text.bytes, "2nd", 3);

  ck_assert_int_eq(slurp(&f, "large"), 0);
  ck_assert_uint_ge(f.text.capacity, 20000);
  capacity = f.text.capacity;
  ck_assert_int_eq(slurp(&f, "a"), 0);
  ck_assert_uint_eq(f.text.capacity, capacity);
  ck_assert_uint_eq(f.text.length, 5);
  teardown(&f);
}
END_TEST

START_TEST(irregular_files_are_refused)
{
  struct fixture f = setup();
  tree_write(f.tree, "proc/meminfo", "MemTotal: 1 kB\n");
  ck_assert_int_eq(slurp(&f, "proc"), -EISDIR);
  ck_assert_int_eq(slurp(&f, "proc/vmstat"), -ENOENT);
  ck_assert_int_eq(slurp(&f, "sys/kernel/x"), -ENOENT);
  ck_assert_int_eq(slurp(&f, "proc/meminfo/x"), -ENOTDIR);
  teardown(&f);
}
END_TEST

/* If it blocked, the suite would time out. */
START_TEST(fifo_does_not_block)
{
  struct fixture f = setup();
  ck_assert_int_eq(mkfifo(tree_path(f.tree, "meminfo"), 0644), 0);
  ck_assert_int_eq(slurp(&f, "meminfo"), -ENOTSUP);
  teardown(&f);
}
END_TEST

/* Opening a device can have effects: it may rewind a tape. Needs the right to make one.
 */
START_TEST(device_of_a_captured_tree_is_not_read)
{
  struct fixture f = setup();
  if (mknod(tree_path(f.tree, "meminfo"), S_IFCHR | 0644, makedev(1, 5)) != 0)
    fprintf(stderr, "skipped: not allowed to make a device\n");
  else
    ck_assert_int_eq(slurp(&f, "meminfo"), -ENOTSUP);
  teardown(&f);
}
END_TEST

START_TEST(link_to_itself_is_an_error)
{
  struct fixture f = setup();
  ck_assert_int_eq(symlink("meminfo", tree_path(f.tree, "meminfo")), 0);
  ck_assert_int_eq(slurp(&f, "meminfo"), -ELOOP);
  teardown(&f);
}
END_TEST

START_TEST(forbidden_file_is_denied_and_its_neighbour_is_not)
{
  struct fixture f = setup();
  tree_write(f.tree, "open", "x");
  tree_write(f.tree, "shut", "x");
  ck_assert_int_eq(chmod(tree_path(f.tree, "shut"), 0), 0);
  ck_assert_int_eq(chmod(f.tree, 0755), 0);
  bool root = geteuid() == 0; /* modes do not restrict root */
  if (root && seteuid(65534) != 0) {
    fprintf(stderr, "skipped: root without the right to become another user\n");
  } else {
    ck_assert_int_eq(slurp(&f, "open"), 0);
    ck_assert_int_eq(slurp(&f, "shut"), -EACCES);
  }
  if (root)
    ck_assert_int_eq(seteuid(0), 0);
  teardown(&f);
}
END_TEST

START_TEST(file_above_the_limit_is_refused_and_the_buffer_stays_usable)
{
  struct fixture f = setup();
  tree_write(f.tree, "large", "");
  tree_write(f.tree, "small", "12");
  ck_assert_int_eq(truncate(tree_path(f.tree, "large"), (off_t)SYSROOT_FILE_MAX + 1),
                   0); /* all hole */
  ck_assert_int_eq(slurp(&f, "large"), -EFBIG);
  ck_assert_uint_le(f.text.capacity, SYSROOT_FILE_MAX);
  ck_assert_int_eq(slurp(&f, "small"), 0);
  ck_assert_uint_eq(f.text.length, 2);

  ck_assert_int_eq(truncate(tree_path(f.tree, "large"), (off_t)SYSROOT_FILE_MAX - 1), 0);
  ck_assert_int_eq(slurp(&f, "large"), 0);
  ck_assert_uint_eq(f.text.length, SYSROOT_FILE_MAX - 1);
  teardown(&f);
}
END_TEST

START_TEST(freed_text_is_empty_and_usable)
{
  struct fixture f = setup();
  tree_write(f.tree, "a", "first");
  ck_assert_int_eq(slurp(&f, "a"), 0);
  text_free(&f.text);
  ck_assert_ptr_null(f.text.bytes);
  ck_assert_uint_eq(f.text.capacity, 0);
  ck_assert_int_eq(slurp(&f, "a"), 0);
  ck_assert_uint_eq(f.text.length, 5);
  teardown(&f);
}
END_TEST

START_TEST(root_path_loses_its_trailing_slashes)
{
  char *tree = tree_make(), path[512];
  struct sysroot root;
  snprintf(path, sizeof(path), "%s///", tree);
  ck_assert_int_eq(sysroot_open(path, &root), 0);
  ck_assert_str_eq(root.path, tree);
  sysroot_close(&root);
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_str_eq(root.path, "");
  sysroot_close(&root);
  tree_remove(tree);
}
END_TEST

START_TEST(root_that_cannot_be_opened_is_left_untouched)
{
  char *tree = tree_make(), path[512];
  struct sysroot root = {.fd = 4711};
  tree_write(tree, "file", "");
  snprintf(path, sizeof(path), "%s/file", tree);
  ck_assert_int_eq(sysroot_open(path, &root), -ENOTDIR);
  snprintf(path, sizeof(path), "%s/missing", tree);
  ck_assert_int_eq(sysroot_open(path, &root), -ENOENT);
  ck_assert_int_eq(root.fd, 4711);
  ck_assert_ptr_null(root.path);
  tree_remove(tree);
}
END_TEST

START_TEST(root_may_be_closed_twice)
{
  char *tree = tree_make();
  struct sysroot root;
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  sysroot_close(&root);
  ck_assert_int_eq(root.fd, -1);
  ck_assert_ptr_null(root.path);
  sysroot_close(&root);
  tree_remove(tree);
}
END_TEST

START_TEST(a_duplicate_is_independent_of_the_original)
{
  struct fixture f = setup();
  struct sysroot twin;
  char moved[512];
  tree_write(f.tree, "proc/meminfo", "MemTotal: 1 kB\n");
  ck_assert_int_eq(sysroot_dup(&f.root, &twin), 0);
  ck_assert_int_ne(twin.fd, f.root.fd);
  ck_assert_int_eq(fcntl(twin.fd, F_GETFD), FD_CLOEXEC);
  ck_assert_str_eq(twin.path, f.tree);
  ck_assert(!twin.live);

  /* of the same folder, wherever it is now */
  sysroot_close(&f.root);
  snprintf(moved, sizeof(moved), "%s.moved", f.tree);
  ck_assert_int_eq(rename(f.tree, moved), 0);
  ck_assert_int_eq(sysroot_slurp(&twin, "proc/meminfo", &f.text), 0);
  ck_assert_uint_eq(f.text.length, 15);
  ck_assert_int_eq(rename(moved, f.tree), 0);
  sysroot_close(&twin);
  teardown(&f);
}
END_TEST

START_TEST(a_duplicate_is_live_if_the_original_is)
{
  struct sysroot root, twin;
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_int_eq(sysroot_dup(&root, &twin), 0);
  ck_assert(twin.live);
  ck_assert_str_eq(twin.path, "");
  sysroot_close(&twin);
  sysroot_close(&root);
  ck_assert_int_eq(sysroot_dup(&root, &twin), -EBADF);
}
END_TEST

START_TEST(captured_tree_is_not_live_and_this_machine_is)
{
  struct fixture f = setup();
  struct sysroot root;
  ck_assert(!f.root.live); /* without a proc */
  tree_write(f.tree, "proc/meminfo", "MemTotal: 1 kB\n");
  ck_assert_int_eq(sysroot_open(f.tree, &root), 0);
  ck_assert(!root.live);
  sysroot_close(&root);
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert(root.live);
  sysroot_close(&root);
  teardown(&f);
}
END_TEST

/* The paths that sysroot_each called back with, in alphabetical order. */
struct calls {
  char paths[16][64];
  unsigned count;
  int stop_at, result; /* the call of this number, from 1, returns `result` */
};

static int note_path(void *context, const char *path)
{
  struct calls *calls = context;
  if (calls->count < 16)
    snprintf(calls->paths[calls->count], sizeof(calls->paths[0]), "%s", path);
  return (int)++calls->count == calls->stop_at ? calls->result : 0;
}

static int compare_paths(const void *a, const void *b)
{
  return strcmp(a, b);
}

static struct calls each(const struct fixture *f, const char *pattern)
{
  struct calls calls = {0};
  ck_assert_int_eq(sysroot_each(&f->root, pattern, note_path, &calls), 0);
  ck_assert_uint_le(calls.count, 16);
  qsort(calls.paths, calls.count, sizeof(calls.paths[0]), compare_paths);
  return calls;
}

static const struct {
  const char *pattern;
  const char *want[4];
} patterns[] = {
    {"sys/block/zram*/mm_stat",
     {"sys/block/zram0/mm_stat", "sys/block/zram1/mm_stat", "sys/block/zram2/mm_stat"}},
    {"sys/block/zram[02]/size", {"sys/block/zram0/size", "sys/block/zram2/size"}},
    {"sys/block/zram?", {"sys/block/zram0", "sys/block/zram1", "sys/block/zram2"}},
    {"sys/block/*a", {"sys/block/sda"}},
    {"sys/block/nvme*/size", {NULL}},
    {"s*", {"sys"}},
    {"proc/meminfo", {"proc/meminfo"}}, /* no wildcard at all */
    {"proc/vmstat", {NULL}},
    {"*", {"proc", "sys"}}, /* neither ".", ".." nor hidden files */
};

START_TEST(each_path_that_matches_a_pattern_is_called_once)
{
  struct fixture f = setup();
  tree_write(f.tree, "proc/meminfo", "");
  tree_write(f.tree, ".hidden", "");
  tree_write(f.tree, "sys/block/zram0/mm_stat", "0");
  tree_write(f.tree, "sys/block/zram1/mm_stat", "1");
  tree_write(f.tree, "sys/block/zram2/size", ""); /* without mm_stat: called as well */
  tree_write(f.tree, "sys/block/.zram3/mm_stat", "3");
  tree_write(f.tree, "sys/block/sda/size", "");
  for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
    struct calls got = each(&f, patterns[i].pattern);
    unsigned count = 0;
    for (; patterns[i].want[count] != NULL; count++)
      ck_assert_str_eq(got.paths[count], patterns[i].want[count]);
    ck_assert_msg(got.count == count, "%s: %u", patterns[i].pattern, got.count);
  }
  teardown(&f);
}
END_TEST

START_TEST(directory_larger_than_the_buffer_is_listed_whole)
{
  struct fixture f = setup();
  for (unsigned i = 0; i < 600; i++) {
    char path[64];
    snprintf(path, sizeof(path), "sys/a_rather_long_name_for_a_file_%03u", i);
    tree_write(f.tree, path, "");
  }
  struct calls calls = {0};
  ck_assert_int_eq(sysroot_each(&f.root, "sys/*", note_path, &calls), 0);
  ck_assert_uint_eq(calls.count, 600);
  teardown(&f);
}
END_TEST

START_TEST(each_stops_at_the_first_callback_that_fails)
{
  struct fixture f = setup();
  tree_write(f.tree, "sys/a", "");
  tree_write(f.tree, "sys/b", "");
  tree_write(f.tree, "sys/c", "");
  struct calls calls = {.stop_at = 2, .result = -ERANGE};
  ck_assert_int_eq(sysroot_each(&f.root, "sys/*", note_path, &calls), -ERANGE);
  ck_assert_uint_eq(calls.count, 2);
  calls = (struct calls){.stop_at = 1, .result = 17};
  ck_assert_int_eq(sysroot_each(&f.root, "sys/*", note_path, &calls), 17);
  ck_assert_uint_eq(calls.count, 1);
  teardown(&f);
}
END_TEST

START_TEST(pattern_whose_directory_cannot_be_read_fails)
{
  struct fixture f = setup();
  struct calls calls = {0};
  char longest[400];
  tree_write(f.tree, "file", "");
  ck_assert_int_eq(sysroot_each(&f.root, "sys/*/x", note_path, &calls), -ENOENT);
  ck_assert_int_eq(sysroot_each(&f.root, "file/*", note_path, &calls), -ENOTDIR);
  memset(longest, 'x', sizeof(longest) - 1);
  longest[sizeof(longest) - 1] = '\0';
  ck_assert_int_eq(sysroot_each(&f.root, longest, note_path, &calls), -ENAMETOOLONG);
  ck_assert_uint_eq(calls.count, 0);
  teardown(&f);
}
END_TEST

/* The numbers that sysroot_each_number called back with. */
struct numbers {
  uint32_t numbers[700];
  uint64_t inodes[700];
  unsigned count, stop_at;
  int result;
};

static int process_read_number(void *context, uint32_t number, uint64_t inode)
{
  struct numbers *got = context;
  ck_assert_uint_lt(got->count, 700);
  got->numbers[got->count] = number;
  got->inodes[got->count] = inode;
  return ++got->count == got->stop_at ? got->result : 0;
}

static int compare_numbers(const void *a, const void *b)
{
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

START_TEST(each_number_calls_for_numbers_only)
{
  static const char *const others[] = {
      "0",         "00",   "007", "-1", "+1",         "1a", "a1",  "1.",
      " 1",        "self", "0x1", ".1", "2147483648", "1:", "1,2", "99999999999999999999",
      "4294967297"};
  static const uint32_t want[] = {1, 9, 10, 4194304, 2147483647};
  struct fixture f = setup();
  struct numbers got = {0};
  for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
    char path[64];
    snprintf(path, sizeof(path), "proc/%s", others[i]);
    tree_write(f.tree, path, "");
  }
  tree_write(f.tree, "proc/1/stat", "");
  tree_write(f.tree, "proc/9", ""); /* need not be a directory */
  tree_write(f.tree, "proc/2147483647/stat", "");
  tree_write(f.tree, "proc/4194304/stat", "");
  tree_write(f.tree, "proc/10/stat", "");
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc", process_read_number, &got), 0);
  qsort(got.numbers, got.count, sizeof(*got.numbers), compare_numbers);
  ck_assert_uint_eq(got.count, sizeof(want) / sizeof(*want));
  ck_assert_mem_eq(got.numbers, want, sizeof(want));
  teardown(&f);
}
END_TEST

START_TEST(numbers_of_a_directory_larger_than_the_buffer_have_their_inodes)
{
  struct fixture f = setup();
  struct numbers got = {0};
  bool seen[601] = {false};
  char path[512];
  for (unsigned i = 1; i <= 600; i++) {
    snprintf(path, sizeof(path), "proc/1/task/%u", i);
    tree_write(f.tree, path, "");
  }
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc/1/task", process_read_number, &got),
                   0);
  ck_assert_uint_eq(got.count, 600);
  for (unsigned i = 0; i < 600; i++) {
    struct stat st;
    snprintf(path, sizeof(path), "%s/proc/1/task/%u", f.tree, got.numbers[i]);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(got.inodes[i], st.st_ino);
    ck_assert(!seen[got.numbers[i]]);
    seen[got.numbers[i]] = true;
  }
  teardown(&f);
}
END_TEST

START_TEST(processes_of_this_machine_come_in_order)
{
  struct sysroot root;
  struct numbers got = {.result = 1, .stop_at = 700};
  bool self = false;
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_int_ge(sysroot_each_number(&root, "proc", process_read_number, &got), 0);
  for (unsigned i = 0; i < got.count; i++) {
    ck_assert(i == 0 || got.numbers[i - 1] < got.numbers[i]);
    self |= got.numbers[i] == (uint32_t)getpid();
  }
  ck_assert(self || got.count == 700);
  sysroot_close(&root);
}
END_TEST

START_TEST(each_number_stops_at_the_first_callback_that_fails)
{
  struct fixture f = setup();
  tree_write(f.tree, "proc/1", "");
  tree_write(f.tree, "proc/2", "");
  tree_write(f.tree, "proc/3", "");
  struct numbers got = {.stop_at = 2, .result = -ERANGE};
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc", process_read_number, &got),
                   -ERANGE);
  ck_assert_uint_eq(got.count, 2);
  got = (struct numbers){.stop_at = 1, .result = 17};
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc", process_read_number, &got), 17);
  ck_assert_uint_eq(got.count, 1);

  got = (struct numbers){0};
  ck_assert_int_eq(sysroot_each_number(&f.root, "sys", process_read_number, &got),
                   -ENOENT);
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc/1", process_read_number, &got),
                   -ENOTDIR);
  /* a directory, and no pattern */
  ck_assert_int_eq(sysroot_each_number(&f.root, "pro?", process_read_number, &got),
                   -ENOENT);
  ck_assert_uint_eq(got.count, 0);
  teardown(&f);
}
END_TEST

START_TEST(link_out_of_a_captured_tree_leads_nowhere)
{
  struct fixture f = setup();
  struct numbers got = {0};
  struct calls calls = {0};
  tree_write(f.tree, "file", "");
  ck_assert_int_eq(symlink("/proc", tree_path(f.tree, "proc")), 0);
  ck_assert_int_eq(symlink("../../../../../../proc/self", tree_path(f.tree, "up")), 0);
  ck_assert_int_eq(slurp(&f, "proc/meminfo"), -ELOOP);
  ck_assert_int_eq(slurp(&f, "up/status"), -ELOOP);
  ck_assert_int_eq(sysroot_each_number(&f.root, "proc", process_read_number, &got),
                   -ELOOP);
  ck_assert_int_eq(sysroot_each(&f.root, "proc/*", note_path, &calls), -ELOOP);
  ck_assert_uint_eq(got.count + calls.count, 0);
  /* nor does it make the tree live */
  struct sysroot root;
  ck_assert_int_eq(sysroot_open(f.tree, &root), 0);
  ck_assert(!root.live);
  sysroot_close(&root);
  teardown(&f);
}
END_TEST

START_TEST(links_of_this_machine_are_followed)
{
  struct sysroot root;
  struct text text = {0};
  char self[32], target[32];
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  static const char *const paths[] = {"proc/self/mountinfo", "proc/thread-self/status",
                                      "proc/net/sockstat"};
  for (size_t i = 0; i < LENGTH(paths); i++)
    ck_assert_msg(sysroot_slurp(&root, paths[i], &text) == 0 && text.length > 0, "%s",
                  paths[i]);
  ck_assert_int_eq(sysroot_read_link(&root, "proc", "self", target, sizeof(target)), 0);
  snprintf(self, sizeof(self), "%d", (int)getpid());
  ck_assert_str_eq(target, self);
  ck_assert_int_eq(sysroot_read_link(&root, "proc", "self", target, strlen(self)),
                   -ENAMETOOLONG);
  ck_assert_int_eq(sysroot_read_link(&root, "proc", "meminfo", target, sizeof(target)),
                   -EINVAL);
  ck_assert_int_eq(sysroot_read_link(&root, "nowhere", "x", target, sizeof(target)),
                   -ENOENT);
  text_free(&text);
  sysroot_close(&root);
}
END_TEST

START_TEST(each_error_has_its_state)
{
  static const struct {
    int error;
    enum reading_state want;
  } cases[] = {
      {0, READING_KNOWN},
      {-ENOENT, READING_ABSENT},
      {-ENOTDIR, READING_ABSENT},
      {-ESRCH, READING_ABSENT},
      {-EACCES, READING_DENIED},
      {-EPERM, READING_DENIED},
      {-EBADMSG, READING_MALFORMED},
      {-ERANGE, READING_MALFORMED},
      {-EFBIG, READING_MALFORMED},
      {-EISDIR, READING_MALFORMED},
      {-ENOTSUP, READING_MALFORMED},
      {-EIO, READING_MALFORMED},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    ck_assert_int_eq(sysroot_error_state(cases[i].error), cases[i].want);
}
END_TEST

/* fixtures/capture.sh records the paths that it was not allowed to read. */
START_TEST(paths_that_a_capture_was_denied_are_denied)
{
  static const struct {
    const char *path;
    int error;
  } cases[] = {
      {"proc/vmallocinfo", -EACCES}, {"proc/vmallocinfo2", -ENOENT},
      {"proc/vmalloc", -ENOENT},     {"sys/kernel/debug/zswap/pool_total_size", -EACCES},
      {"sys/kernel/debug", -EACCES}, {"sys/kernel", -ENOENT},
      {"proc/slabinfo", -EACCES},    {"hung", -ENOENT},
      {"proc/meminfo", 0},
  };
  char *tree = tree_make();
  struct sysroot root, twin;
  struct text text = {0};
  tree_write(tree, "proc/meminfo", "MemTotal: 1 kB\n");
  tree_write(tree, "about",
             "kernel: 6.1 denied: proc/stat\n"
             "denied: proc/vmallocinfo  sys/kernel/debug proc/slabinfo proc/meminfo\n"
             "hung: hung\n");
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  ck_assert_int_eq(sysroot_dup(&root, &twin), 0);
  sysroot_close(&root);
  for (size_t i = 0; i < LENGTH(cases); i++)
    ck_assert_msg(sysroot_slurp(&twin, cases[i].path, &text) == cases[i].error, "%s",
                  cases[i].path);
  ck_assert_int_eq(sysroot_slurp(&twin, "proc/stat", &text), -ENOENT);
  sysroot_close(&twin);

  /* On a live machine the kernel denies. */
  ck_assert_int_eq(sysroot_open("/", &root), 0);
  ck_assert_ptr_null(root.denied);
  sysroot_close(&root);
  text_free(&text);
  tree_remove(tree);
}
END_TEST

SUITE_MAIN("sysroot", text_of_a_captured_tree_is_cleaned_of_copying,
           paths_that_a_capture_was_denied_are_denied, file_is_read_whole_at_any_size,
           empty_file_is_an_empty_text, pseudo_file_without_size_is_read,
           single_read_of_procfs_gives_the_whole_file, buffer_is_reused_and_grows,
           irregular_files_are_refused, fifo_does_not_block,
           device_of_a_captured_tree_is_not_read, link_to_itself_is_an_error,
           forbidden_file_is_denied_and_its_neighbour_is_not,
           file_above_the_limit_is_refused_and_the_buffer_stays_usable,
           freed_text_is_empty_and_usable, root_path_loses_its_trailing_slashes,
           root_that_cannot_be_opened_is_left_untouched, root_may_be_closed_twice,
           a_duplicate_is_independent_of_the_original,
           a_duplicate_is_live_if_the_original_is,
           captured_tree_is_not_live_and_this_machine_is,
           each_path_that_matches_a_pattern_is_called_once,
           directory_larger_than_the_buffer_is_listed_whole,
           each_stops_at_the_first_callback_that_fails,
           pattern_whose_directory_cannot_be_read_fails,
           each_number_calls_for_numbers_only,
           numbers_of_a_directory_larger_than_the_buffer_have_their_inodes,
           processes_of_this_machine_come_in_order,
           each_number_stops_at_the_first_callback_that_fails,
           link_out_of_a_captured_tree_leads_nowhere, links_of_this_machine_are_followed,
           each_error_has_its_state)
