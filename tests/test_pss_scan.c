/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pss/pss_scan.h"

#include "pss/totals.h"
#include "suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE_SIZE_BYTES 4096
#define PF_KTHREAD      0x00200000ul
#define ROLLUP_HEADER                                                                    \
  "00400000-7ffd0000 ---p 00000000 00:00 0    [rollup]\nLocked: 0 kB\n"
#define GARBAGE "nothing that smaps would print\n"

/* A scan of a tree, and the files that it opened. */
struct fixture {
  struct sysroot root;
  struct pss_scan scan;
  struct text text;
  char opened[4096]; /* paths, each ended by a newline */
  uint32_t lost_at;  /* the process at which the scan is taken away; 0: none */
  double cost;       /* CPU time that smaps of a process takes, seconds */
  double cpu;        /* CPU time taken */
};

static struct fixture fixture;

/* The clocks of the scan: monotonic time stands still, CPU time passes while smaps is
 * read.
 */
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
  if (clock != CLOCK_THREAD_CPUTIME_ID && clock != CLOCK_MONOTONIC)
    return __real_clock_gettime(clock, out);
  double now = clock == CLOCK_MONOTONIC ? 1000 : fixture.cpu;
  *out = (struct timespec){.tv_sec = (time_t)now,
                           .tv_nsec = (long)((now - (double)(time_t)now) * 1e9)};
  return 0;
}

static bool has_memory = true;

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_realloc(void *block, size_t size)
{
  return has_memory ? __real_realloc(block, size) : NULL;
}

static int slurp(void *context, uint32_t pid, const char *path, bool single)
{
  (void)context;
  size_t length = strlen(fixture.opened);
  snprintf(fixture.opened + length, sizeof(fixture.opened) - length, "%s\n", path);
  fixture.cpu += strstr(path, "smaps_rollup") != NULL ? fixture.cost : 0;
  int error = single ? sysroot_slurp_single(&fixture.root, path, &fixture.text)
                     : sysroot_slurp(&fixture.root, path, &fixture.text);
  return pid != 0 && pid == fixture.lost_at ? -ECANCELED : error;
}

static void begin_at(const char *tree, bool live)
{
  memset(&fixture, 0, sizeof(fixture));
  ck_assert_int_eq(sysroot_open(tree, &fixture.root), 0);
  fixture.root.live |= live;
  fixture.scan.root = &fixture.root;
  fixture.scan.page_size = PAGE_SIZE_BYTES;
  fixture.cost = 1;
}

static int pass(const struct pss_scan_options *options)
{
  const struct pss_scan_reader files = {.slurp = slurp, .text = &fixture.text};
  fixture.opened[0] = '\0';
  return pss_scan_pass(&fixture.scan, &files, options);
}

static const struct pss_scan_options any = {.period = 10};

static void pass_any(void)
{
  ck_assert_int_eq(pass(&any), 0);
}

static void end(void)
{
  text_free(&fixture.text);
  pss_scan_free(&fixture.scan);
  sysroot_close(&fixture.root);
}

/* The sums, settled in a machine without counters. */
static struct processes sum(void)
{
  static const struct reading nothing;
  struct processes out;
  double oldest_at;
  totals_compute(&fixture.scan, &out, &oldest_at);
  processes_settle(&out, nothing, nothing);
  return out;
}

/* The result of one pass. */
struct pss_scan_result {
  struct processes out;
  struct parse_error parse_error;
  char where[96];
  int error;
};

static struct pss_scan_result scan_root(const char *tree, uint64_t max_process, bool live)
{
  const struct pss_scan_options options = {.period = 10, .max_process = max_process};
  struct pss_scan_result result;
  begin_at(tree, live);
  result.error = pass(&options);
  result.out = sum();
  result.parse_error = fixture.scan.parse_error;
  memcpy(result.where, fixture.scan.where, sizeof(result.where));
  end();
  return result;
}

static struct pss_scan_result scan_tree(const char *tree, uint64_t max_process)
{
  return scan_root(tree, max_process, false);
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

/* A sleeping user process, without an address space so far. */
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

enum {
  IS_READ,
  IS_GUESSED,
  IS_NEW,
  IS_KERNEL,
  IS_ZOMBIE,
  IS_NO_MM,
  IS_TWIN,
  IS_GONE,
  IS_DENIED,
  IS_BAD,
  KINDS
};

/* All counters in the order of struct processes, from read_count on. */
static void assert_counts(const struct processes *out, const unsigned want[KINDS])
{
  const struct reading *counters = &out->read_count;
  for (size_t i = 0; i < KINDS; i++) {
    ck_assert_msg(is_known(counters[i]), "counter %zu is not known", i);
    ck_assert_msg(counters[i].value == want[i], "counter %zu is %lu, not %u", i,
                  (unsigned long)counters[i].value, want[i]);
  }
}
#define COUNTS(...) ((const unsigned[KINDS]){__VA_ARGS__})

START_TEST(sums_are_exact_over_all_processes)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 3; pid++) {
    write_process(tree, pid, 1);
    write_rollup(tree, pid, 1000 * pid, 100 * pid, 10 * pid, pid);
  }
  struct pss_scan_result result = scan_tree(tree, 0);
  ck_assert_int_eq(result.error, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 3));
  ck_assert_known(result.out.rss, 6000 * 1024);
  ck_assert_known(result.out.pss, 666 * 1024);
  ck_assert_known(result.out.pss_anon, 600 * 1024);
  ck_assert_known(result.out.pss_file, 60 * 1024);
  ck_assert_known(result.out.pss_shmem, 6 * 1024);
  ck_assert_known(result.out.swap_pss, 300 * 1024);
  ck_assert_known(result.out.unread_rss, 0);
  ck_assert_known(result.out.rounding, 3 * 1024);
  ck_assert_str_eq(result.where, "");
  ck_assert_uint_eq(result.parse_error.count, 0);
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
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 500));
  ck_assert_known(result.out.pss, 500 * 501 / 2 * 1024);
  ck_assert_known(result.out.rounding, 500 * 1024);
  tree_remove(tree);
}
END_TEST

START_TEST(processes_without_address_space_are_never_opened)
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
    struct pss_scan_result result = scan_tree(tree, 0);
    unsigned want[KINDS] = {0};
    want[cases[i].want] = 1;
    assert_counts(&result.out, want);
    ck_assert_uint_eq(result.parse_error.count, 0);
    ck_assert_known(result.out.unread_rss, 0);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(a_fifo_of_a_kernel_thread_is_not_opened)
{
  char *tree = tree_make();
  write_stat(tree, 2, "kthreadd", 'S', PF_KTHREAD, 0);
  ck_assert_int_eq(mkfifo(tree_path(tree, "proc/2/smaps_rollup"), 0644), 0);
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_KERNEL] = 1));
  tree_remove(tree);
}
END_TEST

START_TEST(an_empty_smaps_is_a_process_without_mm)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  write_of(tree, 7, "smaps_rollup", "");
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_NO_MM] = 1));
  ck_assert_known(result.out.unread_rss, 0);
  ck_assert_uint_eq(result.parse_error.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(on_a_live_machine_a_missing_file_is_a_process_that_ended)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);                 /* smaps is gone already */
  write_of(tree, 8, "status", "Name: dd\n"); /* stat and smaps are gone */
  struct pss_scan_result result = scan_root(tree, 0, true);
  assert_counts(&result.out, COUNTS([IS_GONE] = 2));
  ck_assert_known(result.out.unread_rss, 0);
  ck_assert_uint_eq(result.parse_error.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(a_missing_smaps_of_a_captured_tree_is_denied)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_DENIED] = 1));
  ck_assert_known(result.out.unread_rss, 5 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(result.parse_error.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(a_tree_captured_without_stat_is_read)
{
  char *tree = tree_make();
  write_rollup(tree, 7, 30, 10, 5, 0);
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 1));
  ck_assert_known(result.out.pss, 15 * 1024);
  tree_remove(tree);
}
END_TEST

static struct pss_scan_result scan_unprivileged(const char *tree)
{
  ck_assert_int_eq(chmod(tree, 0755), 0);
  become_nobody();
  struct pss_scan_result result = scan_tree(tree, 0);
  become_root_again();
  return result;
}

static void deny(const char *tree, const char *path)
{
  ck_assert_int_eq(chmod(tree_path(tree, path), 0), 0);
}

START_TEST(a_denied_process_is_unread_with_its_resident_size)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  write_rollup(tree, 7, 20, 20, 0, 0);
  write_process(tree, 8, 11);
  write_rollup(tree, 8, 44, 30, 0, 0);
  deny(tree, "proc/8/smaps_rollup");
  struct pss_scan_result result = scan_unprivileged(tree);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_DENIED] = 1));
  ck_assert_known(result.out.pss, 20 * 1024);
  ck_assert_known(result.out.unread_rss, 11 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(result.parse_error.count, 0);
  ck_assert_str_eq(result.where, "");
  tree_remove(tree);
}
END_TEST

/* Processes 1 to 12 of as many pages, of which number 5 can be read; 12 has a status. */
START_TEST(the_largest_denied_processes_are_named)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 12; pid++) {
    char path[64];
    write_process(tree, pid, pid);
    write_rollup(tree, pid, 4 * pid, 4 * pid, 0, 0);
    snprintf(path, sizeof(path), "proc/%u/smaps_rollup", pid);
    if (pid != 5)
      deny(tree, path);
  }
  tree_write(tree, "proc/12/status",
             "Name:\tmy sqld\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
             "CapPrm:\t0000000000000003\n");
  ck_assert_int_eq(chmod(tree, 0755), 0);
  become_nobody();
  for (int live = 0; live <= 1; live++) {
    begin_at(tree, live);
    pass_any();
    const struct denied_process *denied = fixture.scan.denied;
    for (unsigned i = 0; i < DENIED_MAX; i++) {
      ck_assert_uint_eq(denied[i].pid, 12 - i - (i > 6));
      ck_assert_uint_eq(denied[i].rss, denied[i].pid * PAGE_SIZE_BYTES);
      enum denial reason = i == 0 ? DENIAL_OWNER : DENIAL_UNKNOWN;
      ck_assert_int_eq(denied[i].reason, live ? reason : DENIAL_CAPTURE);
    }
    ck_assert_str_eq(denied[0].name, live ? "my?sqld" : "");
    ck_assert_uint_eq(denied[0].lacks, live ? 3 : 0);
    end();
  }
  become_root_again();
  tree_remove(tree);
}
END_TEST

START_TEST(a_process_whose_stat_is_denied_counts_as_denied)
{
  char *tree = tree_make();
  write_process(tree, 8, 11);
  write_rollup(tree, 8, 44, 30, 0, 0);
  deny(tree, "proc/8/stat");
  struct pss_scan_result result = scan_unprivileged(tree);
  assert_counts(&result.out, COUNTS([IS_DENIED] = 1));
  tree_remove(tree);
}
END_TEST

/* smaps and statm may be whole. */
START_TEST(a_captured_process_with_a_malformed_stat_is_read)
{
  static const struct {
    const char *text, *near, *cause;
  } cases[] = {
      {"7 (daemon S 1\n", "", "no name in parentheses"},
      {"7 (daemon) S 1 1 1 0 -1 x 0\n", "x", "not a valid field"},
      {"", "", "no name in parentheses"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_make();
    write_rollup(tree, 7, 30, 10, 5, 0);
    write_of(tree, 7, "stat", cases[i].text);
    struct pss_scan_result result = scan_tree(tree, 0);
    assert_counts(&result.out, COUNTS([IS_READ] = 1));
    ck_assert_known(result.out.pss, 15 * 1024);
    ck_assert_str_eq(result.where, "proc/7/stat");
    ck_assert_str_eq(result.parse_error.near, cases[i].near);
    ck_assert_str_eq(result.parse_error.cause, cases[i].cause);
    tree_remove(tree);
  }
}
END_TEST

/* Its stat has more. */
START_TEST(a_captured_smaps_that_ends_between_two_mappings_is_malformed)
{
  static const struct {
    unsigned resident; /* pages; smaps has 4 MiB */
    bool bad;
  } cases[] = {{1024, false}, {1243, false}, {1245, true}, {100000, true}};
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_make();
    write_process(tree, 7, cases[i].resident);
    write_of(tree, 7, "smaps", "0-1 rw-p 0 0:0 0\nRss: 4096 kB\nPss: 4096 kB\n");
    struct pss_scan_result result = scan_tree(tree, 0);
    if (cases[i].bad) {
      assert_counts(&result.out, COUNTS([IS_BAD] = 1));
      ck_assert_known(result.out.unread_rss, cases[i].resident * PAGE_SIZE_BYTES);
      ck_assert_str_eq(result.parse_error.cause, "adds up to less than in stat");
    } else {
      assert_counts(&result.out, COUNTS([IS_READ] = 1));
    }
    tree_remove(tree);
  }
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
       "Pss:", "not a number of kB", 4, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 4 kB\nPss: 4\n", "proc/7/smaps_rollup",
       "Pss:", "not a number of kB", 4, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 18446744073709551612 kB\n",
       "proc/7/smaps_rollup", "Rss:", "number out of range", 3, 5},
      {"smaps_rollup", ROLLUP_HEADER "Rss: 4 kB\n", "proc/7/smaps_rollup", "Pss",
       "line not found", 0, 5},
      {"smaps", ROLLUP_HEADER "Pss: 4 MB\n", "proc/7/smaps", "Pss:", "not a number of kB",
       3, 5},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    char *tree = tree_make();
    write_process(tree, 7, 5);
    write_of(tree, 7, cases[i].file, cases[i].text);
    struct pss_scan_result result = scan_tree(tree, 0);
    ck_assert_int_eq(result.error, 0);
    assert_counts(&result.out, COUNTS([IS_BAD] = 1));
    ck_assert_str_eq(result.where, cases[i].where);
    ck_assert_str_eq(result.parse_error.near, cases[i].near);
    ck_assert_str_eq(result.parse_error.cause, cases[i].cause);
    ck_assert_uint_eq(result.parse_error.line, cases[i].line);
    ck_assert_known(result.out.unread_rss, cases[i].unread * PAGE_SIZE_BYTES);
    tree_remove(tree);
  }
}
END_TEST

START_TEST(smaps_rollup_is_tried_again_in_the_next_pass)
{
  static const struct pss_scan_options options = {.period = 10};
  char *tree = tree_make();
  write_process(tree, 7, 5);
  write_of(tree, 7, "smaps", ROLLUP_HEADER "Rss: 20 kB\nPss: 20 kB\n");
  tree_write_statm(tree, 7, 20, 0);
  begin_at(tree, true);
  ck_assert_int_eq(pass(&options), 0);
  ck_assert(fixture.scan.no_rollup);
  write_rollup(tree, 7, 20, 20, 0, 0);
  ck_assert_int_eq(pass(&options), 0);
  ck_assert(!fixture.scan.no_rollup);
  ck_assert_ptr_nonnull(strstr(fixture.opened, "proc/7/smaps_rollup\n"));
  ck_assert_ptr_null(strstr(fixture.opened, "proc/7/smaps\n"));
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(irregular_files_are_malformed_and_do_not_block)
{
  char *tree = tree_make();
  write_process(tree, 7, 5);
  ck_assert_int_eq(mkfifo(tree_path(tree, "proc/7/smaps_rollup"), 0644), 0);
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_BAD] = 1));
  ck_assert_str_eq(result.where, "proc/7/smaps_rollup");
  ck_assert_str_eq(result.parse_error.cause, "cannot be read");
  ck_assert_int_eq(fixture.scan.where_error, -ENOTSUP);
  ck_assert_known(result.out.unread_rss, 5 * PAGE_SIZE_BYTES);
  tree_remove(tree);
}
END_TEST

START_TEST(malformed_files_are_counted_and_do_not_stop_the_scan)
{
  char *tree = tree_make();
  for (unsigned pid = 7; pid < 10; pid++) {
    write_process(tree, pid, 5);
    write_of(tree, pid, "smaps_rollup", GARBAGE);
  }
  write_process(tree, 10, 5);
  write_rollup(tree, 10, 20, 8, 0, 0);
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_BAD] = 3));
  ck_assert_uint_eq(result.parse_error.count, 3);
  ck_assert_known(result.out.pss, 8 * 1024);
  ck_assert_known(result.out.unread_rss, 15 * PAGE_SIZE_BYTES);
  tree_remove(tree);
}
END_TEST

static void assert_no_split(const struct processes *out)
{
  ck_assert_int_eq(out->pss_anon.state, READING_ABSENT);
  ck_assert_int_eq(out->pss_file.state, READING_ABSENT);
  ck_assert_int_eq(out->pss_shmem.state, READING_ABSENT);
}

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
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 2));
  ck_assert_known(result.out.rss, 2 * 16 * 1024);
  ck_assert_known(result.out.pss, 2 * 15 * 1024);
  ck_assert_known(result.out.swap_pss, 2 * 3 * 1024);
  ck_assert_known(result.out.rounding, 2 * 2 * 1024);
  assert_no_split(&result.out);
  tree_remove(tree);
}
END_TEST

START_TEST(a_captured_tree_may_mix_smaps_rollup_and_smaps)
{
  char *tree = tree_make();
  for (unsigned pid = 3; pid <= 5; pid++)
    tree_write_process(tree, (struct fake_process){.pid = pid, .anon = 8});
  remove(tree_path(tree, "proc/4/smaps_rollup"));
  write_of(tree, 4, "smaps",
           "00400000-00401000 r-xp 00000000 08:01 5 /bin/true\n"
           "Rss:    4 kB\nPss:    3 kB\nPss_Anon: 3 kB\n");
  begin_at(tree, false);
  for (int i = 0; i < 3; i++) {
    pass_any();
    const struct processes now = sum();
    assert_counts(&now, COUNTS([IS_READ] = 3));
    ck_assert_known(now.pss, (8 + 3 + 8) * 1024);
  }
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(one_process_without_parts_makes_the_parts_absent)
{
  char *tree = tree_make();
  write_process(tree, 3, 4);
  write_rollup(tree, 3, 20, 8, 4, 2);
  write_process(tree, 4, 4);
  write_of(tree, 4, "smaps_rollup", ROLLUP_HEADER "Rss: 8 kB\nPss: 5 kB\n");
  struct pss_scan_result result = scan_tree(tree, 0);
  ck_assert_known(result.out.pss, 19 * 1024);
  assert_no_split(&result.out);
  tree_remove(tree);
}
END_TEST

START_TEST(smaps_of_a_process_above_the_limit_is_not_opened)
{
  char *tree = tree_make();
  write_process(tree, 3, 100);
  write_rollup(tree, 3, 400, 8, 0, 0);
  write_process(tree, 4, 101);
  write_of(tree, 4, "smaps_rollup", GARBAGE);
  struct pss_scan_result result = scan_tree(tree, 100 * PAGE_SIZE_BYTES);
  assert_counts(&result.out, COUNTS([IS_READ] = 1, [IS_GUESSED] = 1));
  ck_assert_known(result.out.large_count, 1);
  ck_assert_known(result.out.pss, 8 * 1024 + 101 * PAGE_SIZE_BYTES);
  ck_assert_known(result.out.unread_rss, 0);
  ck_assert_uint_eq(result.parse_error.count, 0);
  tree_remove(tree);
}
END_TEST

START_TEST(entries_without_a_pid_are_not_processes)
{
  static const char *const names[] = {"self", "sys", "0", "07", "1a", "12.old", ".5"};
  char *tree = tree_make(), path[64];
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
    snprintf(path, sizeof(path), "proc/%s/smaps_rollup", names[i]);
    tree_write(tree, path, GARBAGE);
  }
  struct pss_scan_result result = scan_tree(tree, 0);
  ck_assert_int_eq(result.error, 0);
  assert_counts(&result.out, COUNTS(0));
  tree_remove(tree);
}
END_TEST

START_TEST(a_sum_over_no_process_is_absent)
{
  char *tree = tree_make();
  write_stat(tree, 2, "kthreadd", 'S', PF_KTHREAD, 0);
  struct pss_scan_result result = scan_tree(tree, 0);
  const struct reading sums[] = {result.out.pss,      result.out.pss_anon,
                                 result.out.pss_file, result.out.pss_shmem,
                                 result.out.swap_pss, result.out.rss};
  for (size_t i = 0; i < sizeof(sums) / sizeof(*sums); i++)
    ck_assert_int_eq(sums[i].state, READING_ABSENT);
  tree_remove(tree);
}
END_TEST

START_TEST(sums_out_of_range_are_malformed)
{
  char *tree = tree_make();
  for (unsigned pid = 3; pid <= 4; pid++) {
    write_process(tree, pid, 4);
    write_of(tree, pid, "smaps_rollup", ROLLUP_HEADER "Pss: 9007199254740991 kB\n");
  }
  struct pss_scan_result result = scan_tree(tree, 0);
  assert_counts(&result.out, COUNTS([IS_READ] = 2));
  ck_assert_int_eq(result.out.pss.state, READING_MALFORMED);
  tree_remove(tree);
}
END_TEST

START_TEST(a_proc_that_cannot_be_listed_is_an_error)
{
  char *tree = tree_make();
  ck_assert_int_eq(scan_tree(tree, 0).error, -ENOENT);
  tree_write(tree, "proc", "a file");
  ck_assert_int_eq(scan_tree(tree, 0).error, -ENOTDIR);
  tree_remove(tree);
}
END_TEST

START_TEST(on_a_live_machine_this_very_process_is_read)
{
  struct pss_scan_result result = scan_tree("/", 0);
  ck_assert_int_eq(result.error, 0);
  ck_assert_uint_ge(result.out.read_count.value, 1);
  ck_assert_uint_gt(result.out.pss.value, 0);
  ck_assert_uint_le(result.out.pss.value, result.out.rss.value);
}
END_TEST

/* --- from one pass to the next ---------------------------------------------------- */

/* Time stands still, so that no credit is added. */
static const struct pss_scan_options nothing_more = {.share = 1e-18, .period = 1};

static void write_status(const char *tree, unsigned pid, unsigned anon, unsigned file,
                         unsigned shmem)
{
  char text[128];
  snprintf(text, sizeof(text),
           "Name:\tp\nRssAnon:\t%u kB\nRssFile:\t%u kB\nRssShmem:\t%u kB\n", anon, file,
           shmem);
  write_of(tree, pid, "status", text);
}

/* Whether the last pass opened a file. */
static bool opened(unsigned pid, const char *name)
{
  char path[64];
  snprintf(path, sizeof(path), "proc/%u/%s\n", pid, name);
  const char *at = strstr(fixture.opened, path);
  return at != NULL && (at == fixture.opened || at[-1] == '\n');
}

/* The pids whose smaps the last pass opened, in order. */
static const char *read_in_order(void)
{
  static char order[256];
  order[0] = '\0';
  for (const char *at = fixture.opened; (at = strstr(at, "proc/")) != NULL; at++) {
    unsigned pid;
    int end = 0;
    if (sscanf(at, "proc/%u/smaps_rollup\n%n", &pid, &end) == 1 && end > 0)
      snprintf(order + strlen(order), sizeof(order) - strlen(order), "%u ", pid);
  }
  return order;
}

START_TEST(a_process_that_ended_is_forgotten_and_a_new_one_read)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 8});
  tree_write_process(tree, (struct fake_process){.pid = 5, .anon = 16});
  begin_at(tree, true);
  pass_any();
  ck_assert_known(sum().pss, 24 * 1024);
  tree_remove_process(tree, 3);
  tree_write_process(tree, (struct fake_process){.pid = 4, .anon = 32});
  pass_any();
  ck_assert_known(sum().pss, 48 * 1024);
  ck_assert_known(sum().read_count, 2);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(stat_of_a_known_process_is_not_read_again)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 8});
  begin_at(tree, true);
  fixture.cost = 1e-4;
  pass_any();
  ck_assert(opened(3, "stat"));
  pass_any();
  ck_assert(!opened(3, "stat") && !opened(3, "statm") && opened(3, "smaps_rollup"));
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_reused_pid_is_another_process)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 8, .start = 100});
  begin_at(tree, false);
  pass_any();
  ck_assert_uint_eq(fixture.scan.table.at[0].start, 100);
  ck_assert(!fixture.scan.table.at[0].born);
  tree_remove_process(tree, 3);
  write_stat(tree, 3, "kthread", 'S', PF_KTHREAD, 0); /* start time 4 */
  pass_any();
  struct processes out = sum();
  assert_counts(&out, COUNTS([IS_KERNEL] = 1));
  ck_assert_int_eq(out.pss.state, READING_ABSENT);
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 20, .start = 200});
  pass_any();
  ck_assert_known(sum().pss, 20 * 1024);
  ck_assert(fixture.scan.table.at[0].born);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(an_exec_between_two_readings_is_a_new_reading)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 800});
  begin_at(tree, true);
  pass_any();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 12, .file = 400});
  pass_any();
  ck_assert_known(sum().pss, 412 * 1024);
  ck_assert_known(sum().stale, 0);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_kernel_thread_that_executes_a_program_becomes_a_process)
{
  char *tree = tree_make();
  write_stat(tree, 3, "kworker/u4:1", 'R', PF_KTHREAD, 0);
  begin_at(tree, true);
  pass_any();
  ck_assert_known(sum().kernel_thread_count, 1);
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 8, .start = 4});
  pass_any();
  ck_assert_known(sum().pss, 8 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_kernel_thread_seen_twice_is_never_opened_again)
{
  char *tree = tree_make();
  write_stat(tree, 3, "kthreadd", 'S', PF_KTHREAD, 0);
  begin_at(tree, true);
  pass_any();
  pass_any();
  ck_assert(opened(3, "stat"));
  pass_any();
  ck_assert_str_eq(fixture.opened, "proc/meminfo\n");
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_leader_that_ended_is_read_through_a_running_thread)
{
  char *tree = tree_make();
  const struct fake_process leader = {.pid = 7, .state = 'Z', .threads = 3, .anon = 0};
  const struct fake_process dead = {.pid = 7, .state = 'X', .threads = 3};
  const struct fake_process alive = {.pid = 7, .state = 'S', .threads = 3, .anon = 64};
  tree_write_process_stat(tree, "proc/7/stat", leader);
  write_of(tree, 7, "statm", "0 0 0 0 0 0 0\n");
  write_of(tree, 7, "smaps_rollup", "");
  tree_write_process_stat(tree, "proc/7/task/7/stat", leader);
  tree_write_process_stat(tree, "proc/7/task/8/stat", dead);
  tree_write_process_stat(tree, "proc/7/task/9/stat", alive);
  tree_write_process_smaps(tree, "proc/7/task/9/smaps_rollup", alive);
  for (int live = 0; live < 2; live++) {
    begin_at(tree, live);
    for (int i = 0; i < 2; i++) {
      pass_any();
      struct processes out = sum();
      assert_counts(&out, COUNTS([IS_READ] = 1));
      ck_assert_known(out.pss, 64 * 1024);
      ck_assert(!opened(7, "smaps_rollup"));
    }
    end();
  }
  tree_remove(tree);
}
END_TEST

START_TEST(a_leader_that_ends_between_readings_is_read_through_a_thread)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 7, .threads = 2, .anon = 64});
  begin_at(tree, true);
  pass_any();
  const struct fake_process alive = {.pid = 7, .threads = 2, .start = 7, .anon = 96};
  tree_write_process_stat(tree, "proc/7/stat",
                          (struct fake_process){.pid = 7, .state = 'Z', .threads = 2});
  write_of(tree, 7, "statm", "0 0 0 0 0 0 0\n");
  write_of(tree, 7, "smaps_rollup", "");
  tree_write_process_stat(tree, "proc/7/task/9/stat", alive);
  tree_write_process_smaps(tree, "proc/7/task/9/smaps_rollup", alive);
  pass_any();
  pass_any();
  ck_assert_known(sum().pss, 96 * 1024);
  /* The thread ends, too. */
  tree_write_process_stat(tree, "proc/7/stat",
                          (struct fake_process){.pid = 7, .state = 'Z', .threads = 1});
  tree_write_process_stat(tree, "proc/7/task/9/stat",
                          (struct fake_process){.pid = 7, .state = 'X', .threads = 1});
  write_of(tree, 7, "task/9/smaps_rollup", "");
  pass_any();
  struct processes out = sum();
  assert_counts(&out, COUNTS([IS_ZOMBIE] = 1));
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_vfork_child_is_counted_once)
{
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 7, .state = 'D', .anon = 64});
  tree_write_process(tree, (struct fake_process){.pid = 8, .parent = 7, .anon = 64});
  begin_at(tree, false);
  pass_any();
  struct processes out = sum();
  assert_counts(&out, COUNTS([IS_READ] = 1, [IS_TWIN] = 1));
  ck_assert_known(out.pss, 64 * 1024);
  /* exec gives it an address space of its own. */
  tree_write_process(tree, (struct fake_process){.pid = 7, .state = 'S', .anon = 64});
  tree_write_process(tree, (struct fake_process){.pid = 8, .parent = 7, .anon = 12});
  pass_any();
  ck_assert_known(sum().pss, 76 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_forked_child_is_no_twin)
{
  static const struct fake_process parents[] = {
      {.pid = 7, .state = 'S', .anon = 64}, /* it does not wait */
      {.pid = 7, .state = 'D', .anon = 68}, /* another size */
      {.pid = 6, .state = 'D', .anon = 64}, /* not the parent */
      {.pid = 7, .state = 'Z', .anon = 64}, /* no address space */
  };
  for (size_t i = 0; i < sizeof(parents) / sizeof(*parents); i++) {
    char *tree = tree_make();
    tree_write_process(tree, parents[i]);
    tree_write_process(tree, (struct fake_process){.pid = 8, .parent = 7, .anon = 64});
    begin_at(tree, false);
    pass_any();
    ck_assert_known(sum().twin_count, 0);
    ck_assert(sum().pss.value >= 64 * 1024);
    end();
    tree_remove(tree);
  }
}
END_TEST

static int sleep_forever(void *unused)
{
  (void)unused;
  while (pause() != 0)
    continue;
  return 0;
}

START_TEST(on_this_machine_clone_vm_is_counted_once)
{
  static char stack[1 << 16];
  pid_t twin = clone(sleep_forever, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
  ck_assert_int_gt(twin, 0);
  pid_t child = fork();
  if (child == 0)
    sleep_forever(NULL);
  ck_assert_int_gt(child, 0);
  begin_at("/", true);
  fixture.scan.own_pids = true;
  pass_any();
  const struct process *found = process_table_find(&fixture.scan.table, (uint32_t)twin);
  const struct process *forked = process_table_find(&fixture.scan.table, (uint32_t)child);
  ck_assert_ptr_nonnull(found);
  ck_assert_ptr_nonnull(forked);
  ck_assert_int_eq(found->kind, PROCESS_TWIN);
  ck_assert_int_eq(forked->kind, PROCESS_READ);
  kill(twin, SIGKILL);
  kill(child, SIGKILL);
  waitpid(twin, NULL, 0);
  waitpid(child, NULL, 0);
  end();
}
END_TEST

START_TEST(huge_pages_are_summed_apart)
{
  char *tree = tree_make();
  for (unsigned pid = 3; pid < 5; pid++) {
    write_process(tree, pid, 1);
    write_of(tree, pid, "smaps_rollup",
             ROLLUP_HEADER "Rss: 4 kB\nPss: 4 kB\nPss_Anon: 4 kB\nPss_File: 0 kB\n"
                           "Pss_Shmem: 0 kB\nShared_Hugetlb: 2048 kB\n"
                           "Private_Hugetlb: 6144 kB\n");
  }
  struct pss_scan_result result = scan_tree(tree, 0);
  ck_assert_known(result.out.pss, 8 * 1024);
  ck_assert_known(result.out.hugetlb_private, 2 * 6144 * 1024);
  ck_assert_known(result.out.hugetlb_shared, 2 * 2048 * 1024);
  tree_remove(tree);
}
END_TEST

START_TEST(a_large_process_is_estimated_from_its_status)
{
  const struct pss_scan_options limited = {.period = 10, .max_process = 1 << 20};
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 3, .anon = 8});
  tree_write_process(tree, (struct fake_process){.pid = 4, .anon = 2048, .file = 512});
  write_status(tree, 4, 2048, 384, 128);
  begin_at(tree, true);
  ck_assert_int_eq(pass(&limited), 0);
  ck_assert(!opened(4, "smaps_rollup"));
  struct processes out = sum();
  assert_counts(&out, COUNTS([IS_READ] = 1, [IS_GUESSED] = 1));
  ck_assert_known(out.large_count, 1);
  ck_assert_known(out.pss, (8 + 2048 + 512) * 1024);
  ck_assert_known(out.pss_anon, (8 + 2048) * 1024);
  ck_assert_known(out.pss_file, 384 * 1024);
  ck_assert_known(out.pss_shmem, 128 * 1024);
  ck_assert_known(out.guess_error, 0); /* no other process shares anything */
  /* It shrinks, and is read. */
  tree_write_process(tree, (struct fake_process){.pid = 4, .anon = 64, .file = 4});
  write_status(tree, 4, 64, 4, 0);
  ck_assert_int_eq(pass(&limited), 0);
  ck_assert_known(sum().pss, (8 + 68) * 1024);
  ck_assert_known(sum().guessed_count, 0);
  /* It grows beyond the limit again: its reading is dropped. */
  tree_write_process(tree, (struct fake_process){.pid = 4, .anon = 4096});
  write_status(tree, 4, 4096, 0, 0);
  ck_assert_int_eq(pass(&limited), 0);
  ck_assert_int_eq(pass(&limited), 0);
  ck_assert(!opened(4, "smaps_rollup"));
  ck_assert_known(sum().guessed_count, 1);
  ck_assert_known(sum().pss, (8 + 4096) * 1024);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(without_kinds_in_status_a_large_process_is_estimated_from_statm)
{
  const struct pss_scan_options limited = {.period = 10, .max_process = 1 << 20};
  char *tree = tree_make();
  tree_write_process(tree, (struct fake_process){.pid = 4, .anon = 2048, .file = 512});
  write_of(tree, 4, "status", "Name:\tp\nVmRSS:\t2560 kB\n"); /* before 4.5 */
  begin_at(tree, true);
  ck_assert_int_eq(pass(&limited), 0);
  ck_assert_known(sum().guessed_anon, 2048 * 1024);
  ck_assert_known(sum().guessed_file, 512 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

/* --- within a budget -------------------------------------------------------------- */

/* A pass that affords so many readings, of a second of CPU each. */
static int try_pass_for(unsigned readings)
{
  struct pss_scan *w = &fixture.scan;
  double credit = readings + 0.5;
  w->costs = (struct pss_scan_costs){.smaps = 1};
  w->budget = (struct budget){.credit = credit, .saving = credit, .refilled_at = 1000};
  return pass(&nothing_more);
}

static void pass_for(unsigned readings)
{
  ck_assert_int_eq(try_pass_for(readings), 0);
}

/* Processes 1 to 8, of 100 kB and more, all read once. */
static char *eight_processes(void)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 8; pid++)
    tree_write_process(tree, (struct fake_process){.pid = pid, .anon = 96 + 4 * pid});
  begin_at(tree, true);
  pass_any();
  return tree;
}

START_TEST(largest_changes_are_read_first_then_oldest_readings)
{
  char *tree = eight_processes();
  for (size_t i = 0; i < 8; i++) /* read in the order 8, 7 ... 1 */
    fixture.scan.table.at[i].tried_at = (double)(100 - i);
  tree_write_statm(tree, 2, 96 + 8 + 400, 0);
  tree_write_statm(tree, 5, 96 + 20 + 40, 0);
  tree_write_statm(tree, 6, 96 + 24 - 80, 0);
  pass_for(6);
  ck_assert_str_eq(read_in_order(), "2 6 5 8 7 4 ");
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(the_first_pass_reads_the_largest_first)
{
  char *tree = tree_make();
  static const unsigned sizes[] = {40, 400, 4, 4000, 80, 800};
  for (unsigned i = 0; i < 6; i++)
    tree_write_process(tree, (struct fake_process){.pid = i + 1, .anon = sizes[i]});
  begin_at(tree, true);
  ck_assert_int_eq(pass(&nothing_more), 0);
  ck_assert_str_eq(read_in_order(), ""); /* it cannot afford any stat */
  ck_assert_known(sum().new_count, 6);
  pass_for(4);
  ck_assert_str_eq(read_in_order(), "4 6 2 5 ");
  struct processes out = sum();
  assert_counts(&out, COUNTS([IS_READ] = 4, [IS_GUESSED] = 2));
  /* The others by their first statm. */
  ck_assert_known(out.pss, (40 + 400 + 4 + 4000 + 80 + 800) * 1024);
  ck_assert_known(out.estimated, 44 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_quarter_of_the_budget_is_for_the_oldest_readings)
{
  char *tree = eight_processes();
  fixture.scan.table.at[2].tried_at = 1; /* earlier than the others */
  for (unsigned pid = 4; pid <= 8; pid++)
    tree_write_statm(tree, pid, 96 + 4 * pid + 4 * pid, 0);
  pass_for(4);
  ck_assert_str_eq(read_in_order(), "8 7 6 3 ");
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(the_budget_saves_for_a_costly_process)
{
  char *tree = eight_processes();
  struct pss_scan *w = &fixture.scan;
  const struct pss_scan_options options = {.share = 1, .period = 4};
  tree_write_statm(tree, 5, 96 + 20 + 4, 0);
  w->table.at[4].cost = 6; /* a period brings 4 */
  w->budget = (struct budget){.refilled_at = 1000};
  unsigned others = 0, periods = 0;
  do {
    w->budget.refilled_at = 1000 - 4; /* a period has passed */
    tree_write_statm(tree, 6, 96 + 24 + (periods % 2) * 4,
                     0); /* it changes all the time */
    ck_assert_int_eq(pass(&options), 0);
    others += (unsigned)strlen(read_in_order()) / 2;
  } while (!opened(5, "smaps_rollup") && ++periods < 20);
  ck_assert_uint_lt(periods, 6);
  ck_assert_uint_gt(others, periods / 2); /* nor do the others starve */
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(between_readings_a_process_is_estimated_by_statm)
{
  char *tree = eight_processes();
  uint64_t before = sum().pss.value;
  tree_write_statm(tree, 3, 96 + 12 + 40, 0);
  tree_write_statm(tree, 4, 96 + 16 - 20, 0);
  pass_for(0);
  ck_assert_str_eq(read_in_order(), "");
  struct processes out = sum();
  ck_assert_known(out.pss, before + 20 * 1024);
  ck_assert_known(out.estimated, 60 * 1024);
  ck_assert_known(out.stale, 60 * 1024);
  ck_assert_uint_ge(out.error.value, 60 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(the_budget_saves_for_a_useful_pass)
{
  char *tree = eight_processes();
  struct pss_scan *w = &fixture.scan;
  w->costs = (struct pss_scan_costs){.listing = 0.1, .statm = 0.2, .smaps = 1};
  for (size_t i = 0; i < 8; i++)
    w->table.at[i].cost = 1;
  /* Listing costs 0.8, reading statm 1.6: with 4.8 as much is left for smaps.
   */
  w->budget =
      (struct budget){.share = 1, .credit = 4.7, .saving = 9, .refilled_at = 1000};
  ck_assert_int_eq(pass(&nothing_more), 0);
  ck_assert_str_eq(fixture.opened, "");
  ck_assert(w->budget.saving > 4.7999 && w->budget.saving < 4.8001);
  ck_assert_known(sum().read_count, 8); /* the results stay */
  w->budget.credit = 4.8001;
  w->budget.refilled_at = 1000;
  ck_assert_int_eq(pass(&nothing_more), 0);
  ck_assert(opened(1, "statm"));
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(in_a_full_pass_statm_is_read_of_costly_processes_only)
{
  char *tree = eight_processes();
  for (size_t i = 0; i < 7; i++)
    fixture.scan.table.at[i].cost = 1e-4f;
  pass_for(8);
  ck_assert_str_eq(read_in_order(), "1 2 3 4 5 6 7 8 ");
  ck_assert(!opened(1, "statm") && opened(8, "statm"));
  ck_assert_known(sum().fresh_count, 8);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_process_that_outgrew_the_budget_is_estimated)
{
  char *tree = eight_processes();
  tree_write_process(tree, (struct fake_process){.pid = 2, .anon = 10 * (96 + 8)});
  pass_for(9); /* enough for eight as they were, and one of them costs ten */
  ck_assert_str_eq(read_in_order(), "1 3 4 5 6 7 8 ");
  ck_assert_known(sum().fresh_count, 7);
  ck_assert_known(sum().stale, 9 * (96 + 8) * 1024);
  end();
  tree_remove(tree);
}
END_TEST

/* A process with `own` kB, and `shared` kB that `sharers` processes map. */
static void write_sharer(const char *tree, unsigned pid, unsigned own, unsigned shared,
                         unsigned sharers)
{
  tree_write_process(
      tree,
      (struct fake_process){.pid = pid, .anon = own, .file = shared, .sharers = sharers});
}

START_TEST(the_error_covers_the_end_of_a_process_that_shared)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 4; pid++)
    write_sharer(tree, pid, 8, 1200, 4);
  begin_at(tree, true);
  pass_any();
  ck_assert_known(sum().pss, (4 * 8 + 1200) * 1024);
  ck_assert_known(sum().stale, 0);
  /* One ends: what it shared is not freed, but the readings of the others are older. */
  tree_remove_process(tree, 4);
  for (unsigned pid = 1; pid <= 3; pid++)
    write_sharer(tree, pid, 8, 1200, 3);
  pass_for(0);
  struct processes out = sum();
  uint64_t truth = (3 * 8 + 1200) * 1024;
  ck_assert_uint_lt(out.pss.value, truth);
  ck_assert_uint_ge(out.pss.value + out.error.value, truth);
  ck_assert_known(out.stale, 300 * 1024);
  /* As they are read again one by one, the error disappears. */
  pass_for(1);
  out = sum();
  ck_assert_known(out.stale,
                  (200 + 100) * 1024); /* and the surprise of its own reading */
  ck_assert_uint_ge(out.pss.value + out.error.value, truth);
  pass_any();
  ck_assert_known(sum().pss, truth);
  ck_assert_known(sum().stale, 0);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(the_error_covers_a_new_process_that_shares)
{
  char *tree = tree_make();
  for (unsigned pid = 1; pid <= 3; pid++)
    write_sharer(tree, pid, 8, 1200, 3);
  begin_at(tree, true);
  pass_any();
  for (unsigned pid = 1; pid <= 4; pid++)
    write_sharer(tree, pid, 8, 1200, 4);
  pass_for(1); /* the new one changed most */
  ck_assert_str_eq(read_in_order(), "4 ");
  struct processes out = sum();
  uint64_t truth = (4 * 8 + 1200) * 1024;
  ck_assert_uint_gt(out.pss.value, truth);
  ck_assert_uint_le(out.pss.value, truth + out.error.value);
  ck_assert_known(out.stale, 300 * 1024);
  pass_any();
  ck_assert_known(sum().pss, truth);
  ck_assert_known(sum().stale, 0);
  end();
  tree_remove(tree);
}
END_TEST

/* In a captured tree the Pss of processes that start and end may be out of range: then
 * the error is, too, until all are read again. */
START_TEST(churn_may_be_of_any_size)
{
  char *tree = eight_processes();
  for (unsigned pid = 21; pid <= 23; pid++) {
    write_process(tree, pid, 4);
    write_of(tree, pid, "smaps_rollup", ROLLUP_HEADER "Pss: 9007199254740991 kB\n");
  }
  pass_for(3);
  ck_assert_int_eq(sum().pss.state, READING_MALFORMED);
  for (unsigned pid = 21; pid <= 23; pid++)
    tree_remove_process(tree, pid);
  pass_for(0);
  struct processes out = sum();
  ck_assert_int_eq(out.pss.state, READING_KNOWN);
  ck_assert_int_eq(out.stale.state, READING_MALFORMED);
  ck_assert_int_eq(out.error.state, READING_MALFORMED);
  fixture.scan.pass += PSS_SCAN_HISTORY; /* longer ago than the history */
  ck_assert_int_eq(sum().stale.state, READING_MALFORMED);
  pass_any();
  ck_assert_known(sum().stale, 0);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(a_scan_that_was_taken_away_touches_nothing)
{
  char *tree = eight_processes();
  static struct process before[8];
  for (unsigned pid = 1; pid <= 8; pid++)
    tree_write_process(tree, (struct fake_process){.pid = pid, .anon = 500});
  fixture.lost_at = 5;
  ck_assert_int_eq(pass(&any), -ECANCELED);
  ck_assert_str_eq(read_in_order(), "1 2 3 4 "); /* statm of 5 was the last */
  memcpy(before, fixture.scan.table.at, sizeof(before));
  ck_assert_uint_eq(before[3].pss, 500 * 1024);
  for (size_t i = 4; i < 8; i++) /* unchanged */
    ck_assert_uint_eq(before[i].pss, (96 + 4 * (i + 1)) * 1024);
  fixture.lost_at = 0;
  pass_any(); /* the next pass continues */
  ck_assert_known(sum().pss, 8 * 500 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

/* The table does not grow, but the queue has no memory yet. */
START_TEST(a_pass_without_memory_for_its_queue_fails)
{
  char *tree = eight_processes();
  has_memory = false;
  int error = try_pass_for(0);
  has_memory = true;
  ck_assert_int_eq(error, -ENOMEM);
  ck_assert_int_eq(fixture.scan.error, -ENOMEM);
  pass_for(0);
  ck_assert_int_eq(fixture.scan.error, 0);
  ck_assert_known(sum().read_count, 8);
  end();
  tree_remove(tree);
}
END_TEST

START_TEST(counters_of_meminfo_are_read_at_the_end_of_a_pass)
{
  char *tree = eight_processes();
  ck_assert_int_eq(sum().mapped_then.state, READING_ABSENT); /* no meminfo */
  tree_write(tree, "proc/meminfo", "MemTotal: 9 kB\nAnonPages: 5 kB\nMapped: 3 kB\n");
  pass_any();
  ck_assert_known(sum().anon_pages_then, 5 * 1024);
  ck_assert_known(sum().mapped_then, 3 * 1024);
  end();
  tree_remove(tree);
}
END_TEST

SUITE_MAIN(
    "pss_scan", smaps_rollup_is_tried_again_in_the_next_pass,
    sums_are_exact_over_all_processes, five_hundred_processes_are_all_counted,
    processes_without_address_space_are_never_opened,
    a_fifo_of_a_kernel_thread_is_not_opened, an_empty_smaps_is_a_process_without_mm,
    on_a_live_machine_a_missing_file_is_a_process_that_ended,
    a_missing_smaps_of_a_captured_tree_is_denied, a_tree_captured_without_stat_is_read,
    a_denied_process_is_unread_with_its_resident_size,
    the_largest_denied_processes_are_named,
    a_process_whose_stat_is_denied_counts_as_denied,
    a_captured_process_with_a_malformed_stat_is_read,
    a_captured_smaps_that_ends_between_two_mappings_is_malformed,
    a_malformed_file_is_named_with_path_and_line,
    irregular_files_are_malformed_and_do_not_block,
    malformed_files_are_counted_and_do_not_stop_the_scan,
    without_a_rollup_smaps_is_summed_by_mapping,
    a_captured_tree_may_mix_smaps_rollup_and_smaps,
    one_process_without_parts_makes_the_parts_absent,
    smaps_of_a_process_above_the_limit_is_not_opened,
    entries_without_a_pid_are_not_processes, a_sum_over_no_process_is_absent,
    sums_out_of_range_are_malformed, a_proc_that_cannot_be_listed_is_an_error,
    on_a_live_machine_this_very_process_is_read,
    a_process_that_ended_is_forgotten_and_a_new_one_read,
    stat_of_a_known_process_is_not_read_again, a_reused_pid_is_another_process,
    an_exec_between_two_readings_is_a_new_reading,
    a_kernel_thread_that_executes_a_program_becomes_a_process,
    a_kernel_thread_seen_twice_is_never_opened_again,
    a_leader_that_ended_is_read_through_a_running_thread,
    a_leader_that_ends_between_readings_is_read_through_a_thread,
    a_vfork_child_is_counted_once, a_forked_child_is_no_twin,
    on_this_machine_clone_vm_is_counted_once, huge_pages_are_summed_apart,
    a_large_process_is_estimated_from_its_status,
    without_kinds_in_status_a_large_process_is_estimated_from_statm,
    largest_changes_are_read_first_then_oldest_readings,
    the_first_pass_reads_the_largest_first,
    a_quarter_of_the_budget_is_for_the_oldest_readings,
    the_budget_saves_for_a_costly_process,
    between_readings_a_process_is_estimated_by_statm, the_budget_saves_for_a_useful_pass,
    in_a_full_pass_statm_is_read_of_costly_processes_only,
    a_process_that_outgrew_the_budget_is_estimated,
    the_error_covers_the_end_of_a_process_that_shared,
    the_error_covers_a_new_process_that_shares, churn_may_be_of_any_size,
    a_scan_that_was_taken_away_touches_nothing, a_pass_without_memory_for_its_queue_fails,
    counters_of_meminfo_are_read_at_the_end_of_a_pass)
