/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "meminfo_explain/processes.h"
#include "suite.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE_BYTES 4096
#define PF_KTHREAD      0x00200000ul
#define ROLLUP_HEADER   "00400000-7ffd0000 ---p 00000000 00:00 0    [rollup]\n"
#define GARBAGE         "nothing that smaps would print\n"

/* What one walk gives. */
struct walk_result {
  struct processes out;
  struct fault fault;
  char where[96];
  int error;
};

static struct walk_result walk_root(const char *tree, uint64_t max_rss, bool live)
{
  struct walk_result result = {.where = "left over"};
  struct sysroot root;
  struct text text = {0};
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.live |= live;
  result.error = processes_collect(&root, PAGE_SIZE_BYTES, max_rss, &text, &result.out,
                                   &result.fault, result.where, sizeof(result.where));
  text_free(&text);
  sysroot_close(&root);
  return result;
}

static struct walk_result walk(const char *tree, uint64_t max_rss)
{
  return walk_root(tree, max_rss, false);
}

static void write_of(const char *tree, unsigned pid, const char *name, const char *text)
{
  char path[64];
  snprintf(path, sizeof(path), "proc/%u/%s", pid, name);
  tree_write(tree, path, text);
}

static void write_stat(const char *tree, unsigned pid, const char *name, char state,
                       unsigned long flags, unsigned rss_pages)
{
  char text[256];
  snprintf(text, sizeof(text),
           "%u (%s) %c 1 1 1 0 -1 %lu 0 0 0 0 0 0 0 0 20 0 1 0 4 9437184 %u 0 0 0\n", pid,
           name, state, flags, rss_pages);
  write_of(tree, pid, "stat", text);
}

/* A sleeping user process; its address space is still to be written. */
static void write_process(const char *tree, unsigned pid, unsigned rss_pages)
{
  write_stat(tree, pid, "daemon", 'S', 0x400100, rss_pages);
}

static void write_rollup(const char *tree, unsigned pid, unsigned rss, unsigned anon,
                         unsigned file, unsigned shmem)
{
  char text[512];
  snprintf(text, sizeof(text),
           ROLLUP_HEADER
           "Rss:  %u kB\nPss:  %u kB\nPss_Dirty:  1 kB\nPss_Anon:  %u kB\n"
           "Pss_File:  %u kB\nPss_Shmem:  %u kB\nSwap: 9 kB\nSwapPss:  %u kB\n",
           rss, anon + file + shmem, anon, file, shmem, anon / 2);
  write_of(tree, pid, "smaps_rollup", text);
}

static void assert_known(struct reading reading, uint64_t value)
{
  ck_assert_int_eq(reading.state, READING_KNOWN);
  ck_assert_uint_eq(reading.value, value);
}

/* All counters in the order of struct processes, from read_count on. */
static void assert_counts(const struct processes *out, const unsigned want[8])
{
  const struct reading *counters = &out->read_count;
  for (size_t i = 0; i < 8; i++) {
    ck_assert_msg(counters[i].state == READING_KNOWN, "counter %zu is not known", i);
    ck_assert_msg(counters[i].value == want[i], "counter %zu is %lu, not %u", i,
                  (unsigned long)counters[i].value, want[i]);
  }
}
#define COUNTS(...) ((const unsigned[8]){__VA_ARGS__})
enum { IS_READ, IS_KERNEL, IS_ZOMBIE, IS_NO_MM, IS_GONE, IS_DENIED, IS_BAD, IS_LARGE };

START_TEST(sums_are_exact_over_all_processes)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 3; pid++) {
    write_process(tree, pid, 1);
    write_rollup(tree, pid, 1000 * pid, 100 * pid, 10 * pid, pid);
  }
  struct walk_result result = walk(tree, 0);
  ck_assert_int_eq(result.error, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 3));
  assert_known(result.out.rss, 6000 * 1024);
  assert_known(result.out.pss, 666 * 1024);
  assert_known(result.out.pss_anon, 600 * 1024);
  assert_known(result.out.pss_file, 60 * 1024);
  assert_known(result.out.pss_shmem, 6 * 1024);
  assert_known(result.out.swap_pss, 300 * 1024);
  assert_known(result.out.unread_rss, 0);
  assert_known(result.out.rounding, 3 * 1024);
  ck_assert_str_eq(result.where, "");
  ck_assert_uint_eq(result.fault.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(five_hundred_processes_are_all_counted)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 500; pid++) {
    write_process(tree, pid, 1);
    write_rollup(tree, pid, pid, pid, 0, 0);
  }
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 500));
  assert_known(result.out.pss, 500 * 501 / 2 * 1024);
  assert_known(result.out.rounding, 500 * 1024);
  tree_remove(tree);
}
END_TEST

START_TEST(what_has_no_address_space_is_never_opened)
{
  static const struct {
    const char *name;
    char state;
    unsigned long flags;
    unsigned want;
  } cases[] = {
      {"kthreadd", 'S', 0x208040, IS_KERNEL},
      {"kworker/0:1-events", 'I', 0x4208060, IS_KERNEL},
      {"dying kernel thread", 'Z', PF_KTHREAD, IS_KERNEL},
      {"defunct", 'Z', 0x40010c, IS_ZOMBIE},
      {"dead", 'X', 0x40010c, IS_ZOMBIE},
      {"sh) S 1 1 1 0 -1 0 (", 'Z', 0x40010c, IS_ZOMBIE},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_make();
    write_stat(tree, 2, cases[i].name, cases[i].state, cases[i].flags, 7);
    write_of(tree, 2, "smaps_rollup", GARBAGE);
    write_of(tree, 2, "smaps", GARBAGE);
    struct walk_result result = walk(tree, 0);
    unsigned want[8] = {0};
    want[cases[i].want] = 1;
    assert_counts(&result.out, want);
    ck_assert_uint_eq(result.fault.count, 0);
    assert_known(result.out.unread_rss, 0);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_kernel_threads_fifo_is_not_waited_for)
{
  char *tree = tree_make();
  write_stat(tree, 2, "kthreadd", 'S', PF_KTHREAD, 0);
  char path[256];
  snprintf(path, sizeof(path), "%s/proc/2/smaps_rollup", tree);
  ck_assert_int_eq(mkfifo(path, 0644), 0);
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_KERNEL] = 1));
  tree_remove(tree);
}
END_TEST

START_TEST(an_empty_smaps_is_a_process_without_mm)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  write_of(tree, 7, "smaps_rollup", "");
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_NO_MM] = 1));
  assert_known(result.out.unread_rss, 0);
  ck_assert_uint_eq(result.fault.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(on_a_live_machine_a_missing_file_is_a_process_that_ended)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);                 /* smaps went first */
  write_of(tree, 8, "status", "Name: dd\n"); /* stat and smaps are gone */
  struct walk_result result = walk_root(tree, 0, true);
  assert_counts(&result.out, COUNTS([IS_GONE] = 2));
  assert_known(result.out.unread_rss, 0);
  ck_assert_uint_eq(result.fault.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(in_a_captured_tree_a_missing_smaps_was_denied_to_the_capture)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_DENIED] = 1));
  assert_known(result.out.unread_rss, 5 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(result.fault.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(a_tree_captured_without_stat_is_read)
{
  char *tree = tree_make();
  write_rollup(tree, 7, 30, 10, 5, 0);
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 1));
  assert_known(result.out.pss, 15 * 1024);
  tree_remove(tree);
}
END_TEST

/* Root reads files of any mode, so the walk is made as nobody. */
static struct walk_result walk_as_nobody(const char *tree)
{
  uid_t user = geteuid();
  ck_assert_int_eq(chmod(tree, 0755), 0);
  if (user == 0)
    ck_assert_int_eq(seteuid(65534), 0);
  struct walk_result result = walk(tree, 0);
  if (user == 0)
    ck_assert_int_eq(seteuid(0), 0);
  return result;
}

static void deny(const char *tree, const char *path)
{
  char full[256];
  snprintf(full, sizeof(full), "%s/%s", tree, path);
  ck_assert_int_eq(chmod(full, 0), 0);
}

START_TEST(a_denied_process_is_unread_with_its_resident_size)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  write_rollup(tree, 7, 20, 20, 0, 0);
  write_process(tree, 8, 11);
  write_rollup(tree, 8, 44, 30, 0, 0);
  deny(tree, "proc/8/smaps_rollup");
  struct walk_result result = walk_as_nobody(tree);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_DENIED] = 1));
  assert_known(result.out.pss, 20 * 1024);
  assert_known(result.out.unread_rss, 11 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(result.fault.count, 0);
  ck_assert_str_eq(result.where, "");
  tree_remove(tree);
}
END_TEST

START_TEST(a_process_whose_stat_is_denied_counts_as_denied)
{
  char *tree = tree_make();
  write_process(tree, 8, 11);
  write_rollup(tree, 8, 44, 30, 0, 0);
  deny(tree, "proc/8/stat");
  struct walk_result result = walk_as_nobody(tree);
  assert_counts(&result.out, COUNTS([IS_DENIED] = 1));
  tree_remove(tree);
}
END_TEST

START_TEST(a_malformed_file_is_named_with_path_and_line)
{
  static const struct {
    const char *file, *text, *where, *near, *cause;
    unsigned line;
    uint64_t unread; /* pages */
  } cases[] = {
      {"smaps_rollup", ROLLUP_HEADER "Rss: 4 kB\nPss: many kB\n", "proc/7/smaps_rollup",
       "Pss:", "not a number of kB", 3, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 4 kB\nPss: 4\n", "proc/7/smaps_rollup",
       "Pss:", "not a number of kB", 3, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 18446744073709551612 kB\n",
       "proc/7/smaps_rollup", "Rss:", "number out of range", 2, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 4 kB\n", "proc/7/smaps_rollup", "Pss",
       "no such line", 0, 5},
      {"smaps", ROLLUP_HEADER "Pss: 4 MB\n", "proc/7/smaps", "Pss:", "not a number of kB",
       2, 5},
      {"stat", "7 (daemon S 1\n", "proc/7/stat", "", "no name in parentheses", 1, 0},
      {"stat", "7 (daemon) S 1 1 1 0 -1 x 0\n", "proc/7/stat", "x", "not a field of stat",
       1, 0},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_make();
    write_process(tree, 7, 5);
    write_of(tree, 7, cases[i].file, cases[i].text);
    struct walk_result result = walk(tree, 0);
    ck_assert_int_eq(result.error, 0);
    assert_counts(&result.out, COUNTS([IS_BAD] = 1));
    ck_assert_str_eq(result.where, cases[i].where);
    ck_assert_str_eq(result.fault.near, cases[i].near);
    ck_assert_str_eq(result.fault.cause, cases[i].cause);
    ck_assert_uint_eq(result.fault.line, cases[i].line);
    assert_known(result.out.unread_rss, cases[i].unread * PAGE_SIZE_BYTES);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(what_is_no_file_is_malformed_and_does_not_block)
{
  char *tree = tree_make(), path[256];
  write_process(tree, 7, 5);
  snprintf(path, sizeof(path), "%s/proc/7/smaps_rollup", tree);
  ck_assert_int_eq(mkfifo(path, 0644), 0);
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_BAD] = 1));
  ck_assert_str_eq(result.where, "proc/7/smaps_rollup");
  ck_assert_str_eq(result.fault.cause, "cannot be read");
  assert_known(result.out.unread_rss, 5 * PAGE_SIZE_BYTES);
  tree_remove(tree);
}
END_TEST

START_TEST(further_malformed_files_are_counted_and_do_not_stop_the_walk)
{
  char *tree = tree_make();
  for (unsigned pid = 7; pid < 10; pid++) {
    write_process(tree, pid, 5);
    write_of(tree, pid, "smaps_rollup", GARBAGE);
  }
  write_process(tree, 10, 5);
  write_rollup(tree, 10, 20, 8, 0, 0);
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_BAD] = 3));
  ck_assert_uint_eq(result.fault.count, 3);
  assert_known(result.out.pss, 8 * 1024);
  assert_known(result.out.unread_rss, 15 * PAGE_SIZE_BYTES);
  tree_remove(tree);
}
END_TEST

START_TEST(without_a_rollup_smaps_is_summed_by_mapping)
{
  static const char smaps[] = "00400000-00401000 r-xp 00000000 08:01 5 /bin/true\n"
                              "Size:   4 kB\nRss:    4 kB\nPss:    3 kB\nSwapPss: 1 kB\n"
                              "VmFlags: rd ex\n"
                              "7f000000-7f003000 rw-p 00000000 00:00 0 \n"
                              "Size:  12 kB\nRss:   12 kB\nPss:   12 kB\nSwapPss: 2 kB\n"
                              "VmFlags: rd wr\n";
  char *tree = tree_make();
  for (unsigned pid = 3; pid <= 4; pid++) {
    write_process(tree, pid, 4);
    write_of(tree, pid, "smaps", smaps);
  }
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 2));
  assert_known(result.out.rss, 2 * 16 * 1024);
  assert_known(result.out.pss, 2 * 15 * 1024);
  assert_known(result.out.swap_pss, 2 * 3 * 1024);
  assert_known(result.out.rounding, 2 * 2 * 1024);
  ck_assert_int_eq(result.out.pss_anon.state, READING_ABSENT);
  ck_assert_int_eq(result.out.pss_file.state, READING_ABSENT);
  ck_assert_int_eq(result.out.pss_shmem.state, READING_ABSENT);
  tree_remove(tree);
}
END_TEST

START_TEST(one_process_without_the_split_makes_the_split_absent)
{
  char *tree = tree_make();
  write_process(tree, 3, 4);
  write_rollup(tree, 3, 20, 8, 4, 2);
  write_process(tree, 4, 4);
  write_of(tree, 4, "smaps_rollup", ROLLUP_HEADER "Rss: 8 kB\nPss: 5 kB\n");
  struct walk_result result = walk(tree, 0);
  assert_known(result.out.pss, 19 * 1024);
  ck_assert_int_eq(result.out.pss_anon.state, READING_ABSENT);
  ck_assert_int_eq(result.out.pss_file.state, READING_ABSENT);
  ck_assert_int_eq(result.out.pss_shmem.state, READING_ABSENT);
  tree_remove(tree);
}
END_TEST

START_TEST(a_process_above_the_limit_is_left_alone)
{
  char *tree = tree_make();
  write_process(tree, 3, 100);
  write_rollup(tree, 3, 400, 8, 0, 0);
  write_process(tree, 4, 101);
  write_of(tree, 4, "smaps_rollup", GARBAGE);
  struct walk_result result = walk(tree, 100 * PAGE_SIZE_BYTES);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_LARGE] = 1));
  assert_known(result.out.pss, 8 * 1024);
  assert_known(result.out.unread_rss, 101 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(result.fault.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(entries_that_are_no_pid_are_not_processes)
{
  static const char *const names[] = {"self", "sys", "0", "07", "1a", "12.old", ".5"};
  char *tree = tree_make(), path[64];
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    snprintf(path, sizeof(path), "proc/%s/smaps_rollup", names[i]);
    tree_write(tree, path, GARBAGE);
  }
  struct walk_result result = walk(tree, 0);
  ck_assert_int_eq(result.error, 0);
  assert_counts(&result.out, COUNTS(0));
  tree_remove(tree);
}
END_TEST

START_TEST(a_sum_over_no_process_is_absent_and_not_zero)
{
  char *tree = tree_make();
  write_stat(tree, 2, "kthreadd", 'S', PF_KTHREAD, 0);
  struct walk_result result = walk(tree, 0);
  const struct reading sums[] = {result.out.pss,      result.out.pss_anon,
                                 result.out.pss_file, result.out.pss_shmem,
                                 result.out.swap_pss, result.out.rss};
  for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
    ck_assert_int_eq(sums[i].state, READING_ABSENT);
  tree_remove(tree);
}
END_TEST

START_TEST(sums_that_cannot_be_are_malformed)
{
  char *tree = tree_make();
  for (unsigned pid = 3; pid <= 4; pid++) {
    write_process(tree, pid, 4);
    write_of(tree, pid, "smaps_rollup", ROLLUP_HEADER "Pss: 9007199254740991 kB\n");
  }
  struct walk_result result = walk(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 2));
  ck_assert_int_eq(result.out.pss.state, READING_MALFORMED);
  tree_remove(tree);
}
END_TEST

START_TEST(a_proc_that_cannot_be_listed_is_an_error)
{
  char *tree = tree_make();
  ck_assert_int_eq(walk(tree, 0).error, -ENOENT);
  tree_write(tree, "proc", "a file");
  ck_assert_int_eq(walk(tree, 0).error, -ENOTDIR);
  tree_remove(tree);
}
END_TEST

START_TEST(on_a_live_machine_this_very_process_is_read)
{
  struct walk_result result = walk("/", 0);
  ck_assert_int_eq(result.error, 0);
  ck_assert_uint_ge(result.out.read_count.value, 1);
  ck_assert_uint_gt(result.out.pss.value, 0);
  ck_assert_uint_le(result.out.pss.value, result.out.rss.value);
}
END_TEST

SUITE_MAIN(
    "processes", sums_are_exact_over_all_processes,
    five_hundred_processes_are_all_counted, what_has_no_address_space_is_never_opened,
    a_kernel_threads_fifo_is_not_waited_for, an_empty_smaps_is_a_process_without_mm,
    on_a_live_machine_a_missing_file_is_a_process_that_ended,
    in_a_captured_tree_a_missing_smaps_was_denied_to_the_capture,
    a_tree_captured_without_stat_is_read,
    a_denied_process_is_unread_with_its_resident_size,
    a_process_whose_stat_is_denied_counts_as_denied,
    a_malformed_file_is_named_with_path_and_line,
    what_is_no_file_is_malformed_and_does_not_block,
    further_malformed_files_are_counted_and_do_not_stop_the_walk,
    without_a_rollup_smaps_is_summed_by_mapping,
    one_process_without_the_split_makes_the_split_absent,
    a_process_above_the_limit_is_left_alone, entries_that_are_no_pid_are_not_processes,
    a_sum_over_no_process_is_absent_and_not_zero, sums_that_cannot_be_are_malformed,
    a_proc_that_cannot_be_listed_is_an_error, on_a_live_machine_this_very_process_is_read)
