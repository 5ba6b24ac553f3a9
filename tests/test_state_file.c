/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "alarm/state_file.h"

#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOT       "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
#define OTHER_BOOT "f81d4fae-7dec-11d0-a765-00a0c91e6bf7"

static char *tree, path[512], path_new[520];
static const char kept[] = "every byte\0counts\n\xff";

/* The result of load; untouched where it fails. */
static struct text got;
static char untouched[] = "untouched";

static void begin(void)
{
  tree = tree_make();
  snprintf(path, sizeof(path), "%s/state", tree);
  snprintf(path_new, sizeof(path_new), "%s.new", path);
}

static int save_for(const char *boot)
{
  return state_file_save(path, boot, kept, sizeof(kept));
}

static int save(void)
{
  return save_for(BOOT);
}

static int load_for(const char *boot)
{
  if (got.bytes != untouched)
    text_free(&got);
  got = (struct text){.bytes = untouched, .length = 3};
  return state_file_load(path, boot, &got);
}

static int load(void)
{
  return load_for(BOOT);
}

static void assert_untouched(void)
{
  ck_assert_ptr_eq(got.bytes, untouched);
  ck_assert_uint_eq(got.length, 3);
}

static void assert_refused(int want)
{
  int error = load();
  ck_assert_msg(error == want, "%s, not %s", strerror(-error), strerror(-want));
  assert_untouched();
}

static void assert_kept(void)
{
  ck_assert_int_eq(load(), 0);
  ck_assert_uint_eq(got.length, sizeof(kept));
  ck_assert_mem_eq(got.bytes, kept, sizeof(kept));
}

static unsigned entries(const char *directory)
{
  DIR *dir = opendir(directory);
  ck_assert_ptr_nonnull(dir);
  unsigned count = 0;
  for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(dir);
  return count;
}

/* --- save and load ---------------------------------------------------------------- */

START_TEST(what_is_saved_is_loaded)
{
  begin();
  ck_assert_int_eq(load(), -ENOENT);
  assert_untouched();
  ck_assert_int_eq(save(), 0);
  assert_kept();
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

START_TEST(the_last_save_counts)
{
  begin();
  ck_assert_int_eq(state_file_save(path, OTHER_BOOT, "first", 5), 0);
  ck_assert_int_eq(save(), 0);
  assert_kept();
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

START_TEST(texts_of_any_size_are_kept_up_to_the_largest)
{
  begin();
  static char text[STATE_FILE_MAX + 1];
  static const size_t sizes[] = {0, 1, 4096, STATE_FILE_MAX - 200};
  for (size_t at = 0; at < sizeof(text); at++)
    text[at] = (char)(at * 31 + at / 7);
  for (size_t i = 0; i < LENGTH(sizes); i++) {
    ck_assert_int_eq(state_file_save(path, BOOT, text, sizes[i]), 0);
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(got.length, sizes[i]);
    ck_assert(memcmp(got.bytes, text, sizes[i]) == 0);
  }
  ck_assert_int_eq(state_file_save(path, BOOT, text, STATE_FILE_MAX - 20), -EINVAL);
  ck_assert_int_eq(state_file_save(path, BOOT, text, sizeof(text)), -EINVAL);
  ck_assert_int_eq(load(), 0);
  ck_assert_uint_eq(got.length, sizes[3]); /* as it was */
  tree_remove(tree);
}
END_TEST

START_TEST(the_file_is_text_that_names_its_format_and_boot)
{
  begin();
  ck_assert_int_eq(state_file_save(path, BOOT, "a 1\n", 4), 0);
  char *text = file_read(path, NULL);
  static const char want[] = "meminfo_explain state 1\nboot " BOOT "\na 1\nsum ";
  ck_assert_msg(strncmp(text, want, strlen(want)) == 0, "%s", text);
  ck_assert_uint_eq(strlen(text), strlen(want) + 17);
  free(text);
  tree_remove(tree);
}
END_TEST

START_TEST(the_file_is_for_its_owner_only)
{
  begin();
  struct stat st;
  mode_t before = umask(0);
  tree_write(tree, "state", "readable by all");
  ck_assert_int_eq(save(), 0);
  umask(before);
  ck_assert_int_eq(lstat(path, &st), 0);
  ck_assert_uint_eq(st.st_mode & 07777, 0600);
  tree_remove(tree);
}
END_TEST

START_TEST(a_path_without_a_directory_is_below_the_working_one)
{
  begin();
  ck_assert_int_eq(chdir(tree), 0);
  ck_assert_int_eq(state_file_save("state", BOOT, kept, sizeof(kept)), 0);
  assert_kept();
  ck_assert_int_eq(chdir("/"), 0);
  tree_remove(tree);
}
END_TEST

/* --- boot and format -------------------------------------------------------------- */

START_TEST(another_boot_is_stale)
{
  begin();
  ck_assert_int_eq(save_for(OTHER_BOOT), 0);
  assert_refused(-ESTALE);
  tree_remove(tree);
}
END_TEST

START_TEST(an_unknown_boot_is_never_the_same)
{
  begin();
  ck_assert_int_eq(save_for(""), 0);
  assert_refused(-ESTALE);
  ck_assert_int_eq(load_for(""), -ESTALE);
  assert_untouched();
  ck_assert_int_eq(save_for("f"), 0); /* as short as a boot may be */
  assert_refused(-ESTALE);
  tree_remove(tree);
}
END_TEST

/* Whatever follows: a later format may have another sum. */
START_TEST(another_format_of_ours_is_stale)
{
  begin();
  static const char *const texts[] = {"meminfo_explain state 2\nboot " BOOT "\n",
                                      "meminfo_explain state 10\n",
                                      "meminfo_explain keep 1\n", "meminfo_explain "};
  for (size_t i = 0; i < LENGTH(texts); i++) {
    tree_write(tree, "state", texts[i]);
    assert_refused(-ESTALE);
  }
  ck_assert_int_eq(save(), 0); /* takes its place */
  assert_kept();
  tree_remove(tree);
}
END_TEST

START_TEST(a_boot_that_does_not_fit_is_refused_and_nothing_is_written)
{
  begin();
  char boot[STATE_FILE_BOOT_SIZE + 1];
  memset(boot, 'a', sizeof(boot) - 1);
  boot[STATE_FILE_BOOT_SIZE] = '\0';
  ck_assert_int_eq(save_for(boot), -EINVAL);
  ck_assert_int_eq(load_for(boot), -EINVAL);
  assert_untouched();
  ck_assert_uint_eq(entries(tree), 0);
  boot[STATE_FILE_BOOT_SIZE - 1] = '\0';
  ck_assert_int_eq(save_for(boot), 0);
  ck_assert_int_eq(load_for(boot), 0);
  tree_remove(tree);
}
END_TEST

/* --- damage ----------------------------------------------------------------------- */

START_TEST(a_change_of_any_bit_is_damage)
{
  begin();
  ck_assert_int_eq(save(), 0);
  size_t length;
  char *bytes = file_read(path, &length);
  ck_assert_uint_gt(length, sizeof(kept));
  for (size_t at = 0; at < length; at++)
    for (unsigned bit = 0; bit < 8; bit++) {
      bytes[at] = (char)(bytes[at] ^ 1 << bit);
      tree_write_bytes(tree, "state", bytes, length);
      /* It looks like another format. */
      bool in_format =
          at >= strlen("meminfo_explain ") && at <= strlen("meminfo_explain state 1");
      assert_refused(in_format ? -ESTALE : -EBADMSG);
      bytes[at] = (char)(bytes[at] ^ 1 << bit);
    }
  tree_write_bytes(tree, "state", bytes, length);
  assert_kept();
  free(bytes);
  tree_remove(tree);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_damaged)
{
  begin();
  ck_assert_int_eq(save(), 0);
  size_t length;
  char *bytes = file_read(path, &length);
  for (size_t cut = 0; cut < length; cut++) {
    tree_write_bytes(tree, "state", bytes, cut);
    bool in_format =
        cut >= strlen("meminfo_explain ") && cut <= strlen("meminfo_explain state 1");
    assert_refused(in_format ? -ESTALE : -EBADMSG);
  }
  free(bytes);
  tree_remove(tree);
}
END_TEST

START_TEST(a_file_with_bytes_after_its_end_is_damaged)
{
  begin();
  ck_assert_int_eq(save(), 0);
  size_t length;
  char *bytes = file_read(path, &length);
  bytes = realloc(bytes, 2 * length);
  memcpy(bytes + length, bytes, length);
  static const size_t more[] = {1, 8};
  for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
    tree_write_bytes(tree, "state", bytes, length + more[i]);
    assert_refused(-EBADMSG);
  }
  tree_write_bytes(tree, "state", bytes, 2 * length);
  assert_refused(-EBADMSG);
  free(bytes);
  tree_remove(tree);
}
END_TEST

/* By 4 GiB too long: the lower half of its size is right. */
START_TEST(a_file_that_is_too_large_is_damaged)
{
  begin();
  ck_assert_int_eq(save(), 0);
  struct stat st;
  ck_assert_int_eq(stat(path, &st), 0);
  ck_assert_int_eq(truncate(path, st.st_size + ((off_t)1 << 32)), 0);
  assert_refused(-EBADMSG);
  ck_assert_int_eq(save(), 0);
  assert_kept();
  tree_remove(tree);
}
END_TEST

START_TEST(other_files_are_damaged)
{
  begin();
  static const char *const texts[] = {
      "",
      "\n",
      "meminfo_explain",
      "meminfo_explain state 1\n",
      "meminfo_explain state 1\nboot " BOOT "\n",
      ("# longer than a header and a sum, together " BOOT BOOT BOOT "\n")};
  for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
    tree_write(tree, "state", texts[i]);
    assert_refused(-EBADMSG);
  }
  char zeros[1024] = {0};
  tree_write_bytes(tree, "state", zeros, sizeof(zeros));
  assert_refused(-EBADMSG);
  tree_remove(tree);
}
END_TEST

/* --- special files ---------------------------------------------------------------- */

START_TEST(a_fifo_does_not_block_and_is_replaced)
{
  begin();
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_int_eq(mkfifo(path_new, 0600), 0);
  assert_refused(-EBADMSG);
  ck_assert_int_eq(save(), 0);
  assert_kept();
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
  begin();
  char other[512];
  snprintf(other, sizeof(other), "%s/other", tree);
  ck_assert_int_eq(state_file_save(other, BOOT, kept, sizeof(kept)), 0);
  ck_assert_int_eq(symlink("other", path), 0);
  assert_refused(-EBADMSG); /* though its target could be loaded */
  tree_write(tree, "other", "precious");
  ck_assert_int_eq(symlink("other", path_new), 0);
  ck_assert_int_eq(save(), 0);
  assert_kept();
  char *text = file_read(other, NULL);
  ck_assert_str_eq(text, "precious");
  free(text);
  ck_assert_uint_eq(entries(tree), 2);
  tree_remove(tree);
}
END_TEST

START_TEST(a_socket_is_no_file)
{
  begin();
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
  memcpy(address.sun_path, path, strlen(path));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
  assert_refused(-EBADMSG);
  close(fd);
  tree_remove(tree);
}
END_TEST

START_TEST(a_directory_of_that_name_stays)
{
  begin();
  tree_write(tree, "state/file", "precious");
  assert_refused(-EBADMSG);
  ck_assert_int_eq(save(), -EISDIR);
  ck_assert_uint_eq(entries(tree), 1);
  ck_assert_uint_eq(entries(path), 1);
  tree_remove(tree);
}
END_TEST

START_TEST(a_directory_in_the_way_of_the_new_file_is_an_error)
{
  begin();
  ck_assert_int_eq(save(), 0);
  tree_write(tree, "state.new/file", "precious");
  ck_assert_int_lt(save(), 0);
  assert_kept();
  ck_assert_uint_eq(entries(path_new), 1);
  tree_remove(tree);
}
END_TEST

/* --- failures -------------------------------------------------------------------- */

START_TEST(a_missing_directory_is_an_error)
{
  begin();
  snprintf(path, sizeof(path), "%s/none/state", tree);
  assert_refused(-ENOENT);
  ck_assert_int_eq(save(), -ENOENT);
  tree_write(tree, "file", "");
  snprintf(path, sizeof(path), "%s/file/state", tree);
  assert_refused(-ENOTDIR);
  ck_assert_int_eq(save(), -ENOTDIR);
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_an_error)
{
  static char name[PATH_MAX + 8];
  begin();
  snprintf(path, sizeof(path), "%s/%0*d", tree, NAME_MAX - 3, 0);
  ck_assert_int_eq(save(), -ENAMETOOLONG); /* for .new */
  ck_assert_uint_eq(entries(tree), 0);
  memset(name, '/', PATH_MAX + 1);
  ck_assert_int_eq(state_file_save(name, BOOT, kept, sizeof(kept)), -ENAMETOOLONG);
  tree_remove(tree);
}
END_TEST

START_TEST(a_read_only_directory_keeps_the_old_file)
{
  begin();
  ck_assert_int_eq(save(), 0);
  ck_assert_int_eq(chmod(path, 0644), 0);
  ck_assert_int_eq(chmod(tree, 0555), 0);
  become_nobody();
  ck_assert_int_eq(state_file_save(path, BOOT, "other", 5), -EACCES);
  assert_kept();
  become_root_again();
  ck_assert_int_eq(chmod(path, 0), 0);
  become_nobody();
  assert_refused(-EACCES);
  become_root_again();
  ck_assert_int_eq(chmod(tree, 0755), 0);
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

/* A limit on the size of files makes write(2) fail midway, as a full disk does: one write
 * is short, and the next one fails. */
START_TEST(a_write_that_fails_midway_leaves_the_old_file_and_no_other)
{
  begin();
  ck_assert_int_eq(save(), 0);
  static char large[64 << 10];
  static const rlim_t limits[] = {0, 50, 4096, 65000};
  struct rlimit before, limit;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, SIG_IGN);
  int errors[sizeof(limits) / sizeof(*limits)];
  for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
    limit = (struct rlimit){limits[i], before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    errors[i] = state_file_save(path, BOOT, large, sizeof(large));
    setrlimit(RLIMIT_FSIZE, &before); /* the test writes a log */
  }
  for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
    ck_assert_int_eq(errors[i], -EFBIG);
  assert_kept();
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

/* --- at the same time ------------------------------------------------------------- */

enum { ROUNDS = 300, BLOCK = 32 << 10 };

static void save_until_killed(void)
{
  static char block[BLOCK];
  for (unsigned char round = 0;; round++) {
    memset(block, round, sizeof(block));
    if (state_file_save(path, BOOT, block, sizeof(block)) != 0)
      _exit(1);
  }
}

START_TEST(a_reader_never_sees_half_of_what_is_being_written)
{
  static char block[BLOCK];
  begin();
  ck_assert_int_eq(state_file_save(path, BOOT, block, sizeof(block)), 0);
  pid_t writer = fork();
  ck_assert_int_ge(writer, 0);
  if (writer == 0)
    save_until_killed();
  unsigned changes = 0, rounds = 0;
  char last = block[0];
  while (rounds < ROUNDS || (changes < 3 && rounds < 1000 * ROUNDS)) {
    rounds++;
    ck_assert_int_eq(load(), 0);
    ck_assert_uint_eq(got.length, BLOCK);
    ck_assert(memcmp(got.bytes, got.bytes + 1, BLOCK - 1) == 0); /* all the same */
    changes += got.bytes[0] != last;
    last = got.bytes[0];
  }
  ck_assert_uint_ge(changes, 3); /* reads and writes did overlap */
  kill(writer, SIGKILL);
  ck_assert_int_eq(waitpid(writer, NULL, 0), writer);
  ck_assert_int_eq(load(), 0);
  ck_assert_int_eq(save(), 0); /* whatever the writer left over */
  ck_assert_uint_eq(entries(tree), 1);
  tree_remove(tree);
}
END_TEST

/* A user who may write to the directory can create a file with a valid sum. */
START_TEST(a_file_of_another_user_or_writable_by_one_is_ignored)
{
  begin();
  ck_assert_int_eq(save(), 0);
  static const mode_t writable[] = {0620, 0602, 0666};
  for (size_t i = 0; i < LENGTH(writable); i++) {
    ck_assert_int_eq(chmod(path, writable[i]), 0);
    assert_refused(-EPERM);
  }
  ck_assert_int_eq(chmod(path, 0644), 0);
  assert_kept();
  if (geteuid() != 0 || chown(path, 4711, 0) != 0) {
    fprintf(stderr, "skipped: not allowed to give a file away\n");
  } else {
    assert_refused(-EPERM);
    ck_assert_int_eq(save(), 0); /* takes its place */
    assert_kept();
    /* a file of root is used by any user */
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(chmod(tree, 0755), 0);
    become_nobody();
    int error = load();
    become_root_again();
    ck_assert_int_eq(error, 0);
  }
  tree_remove(tree);
}
END_TEST

SUITE_MAIN("state_file", what_is_saved_is_loaded, the_last_save_counts,
           texts_of_any_size_are_kept_up_to_the_largest,
           the_file_is_text_that_names_its_format_and_boot,
           the_file_is_for_its_owner_only,
           a_path_without_a_directory_is_below_the_working_one, another_boot_is_stale,
           an_unknown_boot_is_never_the_same, another_format_of_ours_is_stale,
           a_boot_that_does_not_fit_is_refused_and_nothing_is_written,
           a_change_of_any_bit_is_damage, a_file_cut_anywhere_is_damaged,
           a_file_with_bytes_after_its_end_is_damaged,
           a_file_that_is_too_large_is_damaged, other_files_are_damaged,
           a_fifo_does_not_block_and_is_replaced, a_symbolic_link_is_not_followed,
           a_socket_is_no_file, a_directory_of_that_name_stays,
           a_directory_in_the_way_of_the_new_file_is_an_error,
           a_missing_directory_is_an_error, a_path_that_is_too_long_is_an_error,
           a_read_only_directory_keeps_the_old_file,
           a_write_that_fails_midway_leaves_the_old_file_and_no_other,
           a_reader_never_sees_half_of_what_is_being_written,
           a_file_of_another_user_or_writable_by_one_is_ignored)
