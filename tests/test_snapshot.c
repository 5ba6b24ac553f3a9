/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/collect/snapshot.h"

#include "meminfo_explain/collect/skew.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define PAGE_SIZE_BYTES 4096
#define SKEW_MAX_PAGES  (SNAPSHOT_SKEW_MAX / PAGE_SIZE_BYTES)

/* --- a tree whose free pages change while it is read -------------------------------- */

static char *tree;
static struct sysroot root;
static struct snapshot_texts texts;
static struct snapshot snapshot;
static unsigned zoneinfo_count; /* how often zoneinfo was opened for reading */
static unsigned changing_count; /* so many times it differs from the time before */

static void write_zoneinfo(uint64_t free_pages)
{
  char text[200];
  snprintf(text, sizeof(text),
           "Node 0, zone   Normal\n  pages free     %llu\n        present  100000\n"
           "        managed  99000\n  pagesets\n    cpu: 0\n              count: 7\n"
           "  start_pfn: 1\n",
           (unsigned long long)free_pages);
  tree_write(tree, "proc/zoneinfo", text);
}

static int open_changing(int fd, enum openat_root_method method, const char *path,
                         int flags)
{
  bool reads = (flags & O_PATH) == 0 && strcmp(path, "proc/zoneinfo") == 0;
  if (reads && zoneinfo_count++ < changing_count)
    write_zoneinfo(1000 + zoneinfo_count * 2 * SKEW_MAX_PAGES);
  return openat_root(fd, method, path, flags);
}

static void begin(void)
{
  tree = tree_make();
  tree_write(tree, "proc/meminfo", "MemTotal:  396000 kB\nMemFree:  4000 kB\n");
  tree_write(tree, "proc/vmstat",
             "nr_free_pages 9\nnr_isolated_anon 0\nnr_isolated_file 5\nnr_unstable 0\n");
  write_zoneinfo(1000);
  ck_assert_int_eq(sysroot_open(tree, &root), 0);
  root.open = open_changing;
  zoneinfo_count = changing_count = 0;
  memset(&snapshot, 0xa5, sizeof(snapshot));
}

static int read_snapshot(void)
{
  return snapshot_read(&root, PAGE_SIZE_BYTES, &texts, &snapshot);
}

static void end(void)
{
  snapshot_texts_free(&texts);
  sysroot_close(&root);
  tree_remove(tree);
}

/* --- tests -------------------------------------------------------------------------- */

START_TEST(all_four_files_are_read)
{
  begin();
  ck_assert_int_eq(read_snapshot(), 0);
  ck_assert_int_eq(snapshot.zoneinfo_status.state, READING_KNOWN);
  ck_assert_int_eq(snapshot.meminfo_status.state, READING_KNOWN);
  ck_assert_int_eq(snapshot.vmstat_status.state, READING_KNOWN);
  ck_assert_uint_eq(snapshot.zoneinfo.free.value, 1000 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(snapshot.zoneinfo_after.free.value, 1000 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(snapshot.meminfo.mem_free.value, 4000 * 1024);
  ck_assert_uint_eq(snapshot.vmstat.nr_isolated_file.value, 5 * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(snapshot.retries, 0);
  ck_assert_uint_eq(zoneinfo_count, 2);
  end();
}
END_TEST

START_TEST(snapshot_is_read_again_until_its_skew_is_small)
{
  begin();
  changing_count = 5; /* the first two attempts, and the first zoneinfo of the third */
  ck_assert_int_eq(read_snapshot(), 0);
  ck_assert_uint_eq(snapshot.retries, 2);
  ck_assert_uint_eq(skew_of(&snapshot.zoneinfo, &snapshot.zoneinfo_after).value, 0);
  ck_assert_uint_eq(zoneinfo_count, 6);
  end();
}
END_TEST

START_TEST(after_the_last_attempt_the_skew_stays)
{
  begin();
  changing_count = 100;
  ck_assert_int_eq(read_snapshot(), 0);
  ck_assert_uint_eq(snapshot.retries, SNAPSHOT_ATTEMPTS - 1);
  ck_assert_uint_eq(skew_of(&snapshot.zoneinfo, &snapshot.zoneinfo_after).value,
                    2 * SKEW_MAX_PAGES * PAGE_SIZE_BYTES);
  ck_assert_uint_eq(zoneinfo_count, 2 * SNAPSHOT_ATTEMPTS);
  end();
}
END_TEST

static int remove_second(int fd, enum openat_root_method method, const char *path,
                         int flags)
{
  bool reads = (flags & O_PATH) == 0 && strcmp(path, "proc/zoneinfo") == 0;
  if (reads && zoneinfo_count++ > 0)
    return -EIO;
  return openat_root(fd, method, path, flags);
}

START_TEST(a_zoneinfo_that_fails_the_second_time_is_noted)
{
  begin();
  root.open = remove_second;
  ck_assert_int_eq(read_snapshot(), 0);
  ck_assert_int_eq(snapshot.zoneinfo_status.state, READING_KNOWN);
  ck_assert_uint_eq(snapshot.zoneinfo_status.parse_error.count, 1);
  ck_assert_int_eq(snapshot.zoneinfo.free.state, READING_KNOWN);
  ck_assert_int_eq(snapshot.zoneinfo_after.free.state, READING_MALFORMED);
  ck_assert_uint_eq(snapshot.retries, 0);
  end();
}
END_TEST

START_TEST(without_meminfo_the_other_files_are_read)
{
  begin();
  ck_assert_int_eq(remove(tree_path(tree, "proc/meminfo")), 0);
  ck_assert_int_eq(read_snapshot(), -ENOENT);
  ck_assert_int_eq(snapshot.meminfo_status.state, READING_ABSENT);
  ck_assert_int_eq(snapshot.meminfo.mem_total.state, READING_ABSENT);
  ck_assert_uint_eq(snapshot.meminfo.others_count, 0);
  ck_assert_int_eq(snapshot.zoneinfo_status.state, READING_KNOWN);
  ck_assert_int_eq(snapshot.vmstat_status.state, READING_KNOWN);
  tree_write(tree, "proc/meminfo", "no meminfo\n");
  ck_assert_int_eq(read_snapshot(), -EBADMSG);
  ck_assert_int_eq(snapshot.meminfo_status.state, READING_MALFORMED);
  end();
}
END_TEST

SUITE_MAIN("snapshot", all_four_files_are_read,
           snapshot_is_read_again_until_its_skew_is_small,
           after_the_last_attempt_the_skew_stays,
           a_zoneinfo_that_fails_the_second_time_is_noted,
           without_meminfo_the_other_files_are_read)
