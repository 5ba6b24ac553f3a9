/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/base/atomic_file.h"

#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char *tree;
static int directory;

static void begin(void)
{
  tree = tree_make();
  directory = open(tree, O_RDONLY | O_DIRECTORY);
  ck_assert_int_ge(directory, 0);
}

static void end(void)
{
  close(directory);
  tree_remove(tree);
}

static bool is_there(const char *name)
{
  return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_holds(const char *name, const char *want)
{
  char path[512];
  snprintf(path, sizeof(path), "%s/%s", tree, name);
  char *text = file_read(path, NULL);
  ck_assert_str_eq(text, want);
  free(text);
}

START_TEST(the_old_file_stays_until_the_new_one_is_finished)
{
  begin();
  tree_write(tree, "name", "old");
  tree_write(tree, "new", "left over");
  struct atomic_file file;
  ck_assert_int_eq(atomic_file_open(directory, "new", &file), 0);
  atomic_file_write(&file, "one ", 4);
  atomic_file_write(&file, "", 0);
  atomic_file_write(&file, "two", 3);
  assert_holds("name", "old");
  ck_assert_int_eq(atomic_file_finish(&file, "name"), 0);
  assert_holds("name", "one two");
  ck_assert(!is_there("new"));
  struct stat st;
  ck_assert_int_eq(fstatat(directory, "name", &st, 0), 0);
  ck_assert_uint_eq(st.st_mode & 07777, 0600);
  end();
}
END_TEST

START_TEST(a_directory_of_that_name_is_an_error_and_is_left_alone)
{
  begin();
  tree_write(tree, "new/file", "precious");
  struct atomic_file file;
  ck_assert_int_lt(atomic_file_open(directory, "new", &file), 0);
  ck_assert_int_lt(atomic_file_open(directory, "no/such", &file), 0);
  assert_holds("new/file", "precious");
  end();
}
END_TEST

START_TEST(the_first_error_is_returned_and_nothing_is_left_over)
{
  begin();
  tree_write(tree, "name", "old");
  struct atomic_file file;
  struct rlimit before, limit;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 2;
  signal(SIGXFSZ, SIG_IGN);
  ck_assert_int_eq(atomic_file_open(directory, "new", &file), 0);
  setrlimit(RLIMIT_FSIZE, &limit);
  atomic_file_write(&file, "one", 3);
  setrlimit(RLIMIT_FSIZE, &before);
  atomic_file_write(&file, "two", 3); /* would be half of it */
  ck_assert_int_eq(atomic_file_finish(&file, "name"), -EFBIG);
  assert_holds("name", "old");
  ck_assert(!is_there("new"));
  end();
}
END_TEST

START_TEST(a_file_that_cannot_be_renamed_is_removed)
{
  begin();
  tree_write(tree, "name/file", "precious");
  struct atomic_file file;
  ck_assert_int_eq(atomic_file_open(directory, "new", &file), 0);
  ck_assert_int_lt(atomic_file_finish(&file, "name"), 0);
  assert_holds("name/file", "precious");
  ck_assert(!is_there("new"));
  end();
}
END_TEST

START_TEST(a_symbolic_link_is_replaced_and_not_followed)
{
  begin();
  tree_write(tree, "target", "precious");
  ck_assert_int_eq(symlinkat("target", directory, "name"), 0);
  ck_assert_int_eq(symlinkat("target", directory, "new"), 0);
  struct atomic_file file;
  ck_assert_int_eq(atomic_file_open(directory, "new", &file), 0);
  atomic_file_write(&file, "ours", 4);
  ck_assert_int_eq(atomic_file_finish(&file, "name"), 0);
  assert_holds("name", "ours");
  assert_holds("target", "precious");
  end();
}
END_TEST

SUITE_MAIN("atomic_file", the_old_file_stays_until_the_new_one_is_finished,
           a_directory_of_that_name_is_an_error_and_is_left_alone,
           the_first_error_is_returned_and_nothing_is_left_over,
           a_file_that_cannot_be_renamed_is_removed,
           a_symbolic_link_is_replaced_and_not_followed)
