/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/sysroot/openat_root.h"

#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/sysroot/sysroot.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A tree with a folder `root`, and files outside of it that must not be reached. */
struct fixture {
  char *tree;
  int root;
};

static struct fixture setup(void)
{
  struct fixture f = {.tree = tree_make()};
  tree_write(f.tree, "secret", "outside");
  tree_write(f.tree, "outside/secret", "outside");
  tree_write(f.tree, "root/file", "inside");
  tree_write(f.tree, "root/a/b/file", "inside");
  tree_write(f.tree, "root/secret", "inside"); /* where "/secret" must lead */
  f.root = open(tree_path(f.tree, "root"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ck_assert_int_ge(f.root, 0);
  return f;
}

static void teardown(struct fixture *f)
{
  close(f->root);
  tree_remove(f->tree);
}

static void link_to(const struct fixture *f, const char *target, const char *path)
{
  char below[PATH_MAX];
  snprintf(below, sizeof(below), "root/%s", path);
  ck_assert_int_eq(symlink(target, tree_path(f->tree, below)), 0);
}

/* How many of enum openat_root_method this kernel has. */
static unsigned methods(const struct fixture *f)
{
  return openat_root_has_openat2(f->root) ? 2 : 1;
}

/* `want` is the text there; or NULL, and the error. */
static void assert_reads(const struct fixture *f, enum openat_root_method method,
                         const char *path, const char *want, int error)
{
  char text[32] = "";
  int fd = openat_root(f->root, method, path, O_RDONLY | O_NONBLOCK);
  ck_assert_msg(want != NULL ? fd >= 0 : fd == error, "%s, method %u: %d", path, method,
                fd);
  if (fd < 0)
    return;
  ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
  ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
  close(fd);
  ck_assert_msg(want != NULL && strcmp(text, want) == 0, "%s, method %u: \"%s\"", path,
                method, text);
}

START_TEST(paths_and_links_inside_are_followed)
{
  struct fixture f = setup();
  link_to(&f, "file", "same");
  link_to(&f, "a/b", "folder");
  link_to(&f, "../../file", "a/b/up");
  link_to(&f, "/a/b/file", "absolute"); /* on the tree's own machine */
  link_to(&f, "/a", "a/b/top");
  static const char *const paths[] = {
      "file",     "a/b/file",    "./a/./b/file", "a//b/file", "a/../file",   "same",
      "absolute", "folder/file", "a/b/up",       "folder/up", "a/b/top/b/up"};
  for (enum openat_root_method method = 0; method < methods(&f); method++)
    for (size_t i = 0; i < LENGTH(paths); i++)
      assert_reads(&f, method, paths[i], "inside", 0);
  teardown(&f);
}
END_TEST

START_TEST(no_link_leads_out)
{
  struct fixture f = setup();
  char absolute[PATH_MAX];
  snprintf(absolute, sizeof(absolute), "%s/outside", f.tree);
  link_to(&f, absolute, "folder");
  snprintf(absolute, sizeof(absolute), "%s/outside/secret", f.tree);
  link_to(&f, absolute, "direct");
  link_to(&f, "../outside", "up");
  link_to(&f, "../outside/secret", "up_direct");
  link_to(&f, "../../../../../../../../../../../../etc/passwd", "far");
  link_to(&f, "/etc/passwd", "passwd");
  link_to(&f, "/proc/self/root/etc/passwd", "magic");
  link_to(&f, "up", "chain");
  link_to(&f, "../../../outside/secret", "a/b/deep");
  static const char *const paths[] = {"folder/secret",
                                      "direct",
                                      "up/secret",
                                      "up_direct",
                                      "far",
                                      "passwd",
                                      "magic",
                                      "chain/secret",
                                      "a/b/deep",
                                      "../outside/secret",
                                      "a/../../outside/secret",
                                      "/outside/secret"};
  for (enum openat_root_method method = 0; method < methods(&f); method++)
    for (size_t i = 0; i < LENGTH(paths); i++)
      assert_reads(&f, method, paths[i], NULL, -ENOENT);
  teardown(&f);
}
END_TEST

START_TEST(paths_that_lead_out_are_resolved_in_the_root)
{
  struct fixture f = setup();
  link_to(&f, "/secret", "absolute");
  link_to(&f, "../../../secret", "up");
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    assert_reads(&f, method, "absolute", "inside", 0);
    assert_reads(&f, method, "up", "inside", 0);
    assert_reads(&f, method, "../secret", "inside", 0);
    assert_reads(&f, method, "/secret", "inside", 0);
  }
  teardown(&f);
}
END_TEST

START_TEST(each_failure_has_its_errno)
{
  struct fixture f = setup();
  char longest[2 * PATH_MAX], name[400];
  memset(longest, 'x', sizeof(longest) - 1);
  longest[sizeof(longest) - 1] = '\0';
  memset(name, 'x', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  link_to(&f, "loop", "loop");
  link_to(&f, "pong", "ping");
  link_to(&f, "ping", "pong");
  link_to(&f, "nowhere", "dangling");
  const struct {
    const char *path;
    int error;
  } cases[] = {{"", -ENOENT},           {"missing", -ENOENT},  {"missing/file", -ENOENT},
               {"file/x", -ENOTDIR},    {"loop", -ELOOP},      {"loop/file", -ELOOP},
               {"ping", -ELOOP},        {"dangling", -ENOENT}, {name, -ENAMETOOLONG},
               {longest, -ENAMETOOLONG}};
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    for (size_t i = 0; i < LENGTH(cases); i++)
      assert_reads(&f, method, cases[i].path, NULL, cases[i].error);
    ck_assert_int_eq(openat_root(f.root, method, "file", O_RDONLY | O_DIRECTORY),
                     -ENOTDIR);
  }
  teardown(&f);
}
END_TEST

/* The kernel follows forty, and not one more. */
START_TEST(chain_of_links_ends_at_forty)
{
  struct fixture f = setup();
  char target[32] = "file", path[32];
  for (int i = 1; i <= 41; i++) {
    snprintf(path, sizeof(path), "link%d", i);
    link_to(&f, target, path);
    strcpy(target, path);
  }
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    assert_reads(&f, method, "link40", "inside", 0);
    assert_reads(&f, method, "link41", NULL, -ELOOP);
  }
  teardown(&f);
}
END_TEST

/* Each link doubles the rest of the path. */
START_TEST(links_that_multiply_are_limited)
{
  struct fixture f = setup();
  char target[128] = "a/../a", path[32];
  for (int i = 0; i < 30; i++) {
    snprintf(path, sizeof(path), "bomb%d", i);
    link_to(&f, target, path);
    snprintf(target, sizeof(target), "%s/../%s", path, path);
  }
  for (enum openat_root_method method = 0; method < methods(&f); method++)
    assert_reads(&f, method, "bomb29/b/file", NULL, -ELOOP);
  teardown(&f);
}
END_TEST

START_TEST(folders_are_opened_up_to_a_depth)
{
  struct fixture f = setup();
  char path[512] = "root";
  for (int i = 0; i < 70; i++)
    strcat(path, "/d");
  strcat(path, "/file");
  tree_write(f.tree, path, "inside");
  link_to(&f, "a/b", "folder");
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    static const char *const folders[] = {".",         "a",  "a/", "folder",
                                          "folder/..", "..", "/"};
    for (size_t i = 0; i < LENGTH(folders); i++) {
      int fd = openat_root(f.root, method, folders[i], O_RDONLY | O_DIRECTORY);
      ck_assert_msg(fd >= 0, "%s: %d", folders[i], fd);
      close(fd);
    }
    if (method == OPENAT_ROOT_OPENAT2)
      assert_reads(&f, method, path + 5, "inside", 0);
    else /* no file of ours is that deep */
      assert_reads(&f, method, path + 5, NULL, -ENAMETOOLONG);
  }
  teardown(&f);
}
END_TEST

START_TEST(links_are_followed_with_o_path)
{
  struct fixture f = setup();
  struct stat st;
  link_to(&f, "file", "link");
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    int fd = openat_root(f.root, method, "link", O_PATH);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert(S_ISREG(st.st_mode));
    close(fd);
  }
  teardown(&f);
}
END_TEST

/* Nothing is outside of "/", so openat(2) alone has the same result. */
START_TEST(below_our_own_root_all_methods_agree)
{
  struct fixture f = setup();
  char path[PATH_MAX], target[PATH_MAX];
  snprintf(target, sizeof(target), "%s/root/a", f.tree);
  link_to(&f, target, "absolute");
  link_to(&f, "../../../../../../../../../../../../../../../../..", "up");
  snprintf(path, sizeof(path), "%s/root/up%s/root/absolute/b/file", f.tree + 1, f.tree);
  const enum openat_root_method last =
      openat_root_has_openat2(f.root) ? OPENAT_ROOT_PLAIN : OPENAT_ROOT_BY_COMPONENT;
  struct fixture all = {.tree = f.tree, .root = open("/", O_PATH | O_CLOEXEC)};
  for (enum openat_root_method method = 0; method <= last; method++) {
    assert_reads(&all, method, path, "inside", 0);
    assert_reads(&all, method, "proc/self/none", NULL, -ENOENT);
    assert_reads(&all, method, "proc/self/stat/none", NULL, -ENOTDIR);
  }
  assert_reads(&all, OPENAT_ROOT_PLAIN, path, "inside", 0);
  close(all.root);
  teardown(&f);
}
END_TEST

static unsigned descriptors(void)
{
  unsigned count = 0;
  for (int fd = 0; fd < 256; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

START_TEST(no_descriptor_leaks)
{
  struct fixture f = setup();
  link_to(&f, "../../..", "a/b/up");
  link_to(&f, "loop", "a/loop");
  unsigned before = descriptors();
  static const char *const paths[] = {"a/b/file", "a/b/up/a/b/file", "a/loop",
                                      "a/b/x",    "a/b/file/x",      "a/b/.."};
  for (size_t i = 0; i < LENGTH(paths); i++) {
    int fd = openat_root(f.root, false, paths[i], O_RDONLY);
    if (fd >= 0)
      close(fd);
  }
  ck_assert_uint_eq(descriptors(), before);
  teardown(&f);
}
END_TEST

/* --- while the tree changes --------------------------------------------------------- */

/* renameat2(2), which not all C libraries have. */
static int swap(int folder, const char *a, const char *b)
{
  return (int)syscall(SYS_renameat2, folder, a, folder, b, RENAME_EXCHANGE);
}

struct changer {
  const struct fixture *f;
  atomic_bool done;
};

/* root/x is alternately a folder and a link to the folder outside. */
static void *change(void *context)
{
  struct changer *changer = context;
  int root = changer->f->root;
  while (!atomic_load(&changer->done))
    swap(root, "x", "y");
  return NULL;
}

START_TEST(no_path_leads_out_while_the_tree_changes)
{
  struct fixture f = setup();
  struct changer changer = {.f = &f};
  pthread_t thread;
  char absolute[PATH_MAX];
  tree_write(f.tree, "root/x/sub/secret", "inside");
  tree_write(f.tree, "outside/sub/secret", "outside");
  snprintf(absolute, sizeof(absolute), "%s/outside", f.tree);
  link_to(&f, absolute, "y");
  if (swap(f.root, "x", "y") != 0) {
    fprintf(stderr, "skipped: a file system that cannot exchange\n");
    teardown(&f);
    return;
  }
  ck_assert_int_eq(pthread_create(&thread, NULL, change, &changer), 0);
  for (enum openat_root_method method = 0; method < methods(&f); method++) {
    unsigned read_count = 0;
    /* On a machine under load, the thread may leave the link in place for long. */
    const double until = clock_seconds(CLOCK_MONOTONIC) + 30;
    for (int i = 0;
         i < 20000 || (read_count == 0 && clock_seconds(CLOCK_MONOTONIC) < until); i++) {
      char text[16] = "";
      int fd = openat_root(f.root, method,
                           i % 2 == 0 ? "x/sub/secret" : "x/sub/../sub/secret", O_RDONLY);
      if (fd < 0)
        continue;
      ck_assert_int_ge(read(fd, text, sizeof(text) - 1), 0);
      close(fd);
      ck_assert_str_eq(text, "inside");
      read_count++;
    }
    ck_assert_uint_gt(read_count, 0);
  }
  atomic_store(&changer.done, true);
  pthread_join(thread, NULL);
  teardown(&f);
}
END_TEST

/* --- without openat2 ---------------------------------------------------------------- */

/* Makes openat2 fail with `error` in this process. False where that is not possible. */
static bool forbid_openat2(int error)
{
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {.len = LENGTH(filter), .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* An old kernel; and a container whose seccomp filter does not know the call. */
static void check_without_openat2(int error)
{
  struct fixture f = setup();
  struct sysroot root;
  struct text text = {0};
  link_to(&f, "../secret", "up");
  link_to(&f, "/etc/passwd", "passwd");
  if (getenv("CK_FORK") != NULL || !forbid_openat2(error)) {
    fprintf(stderr, "skipped: no filter of system calls\n");
  } else {
    ck_assert(!openat_root_has_openat2(f.root));
    ck_assert_int_eq(sysroot_open(tree_path(f.tree, "root"), &root), 0);
    ck_assert_int_eq(root.method, OPENAT_ROOT_BY_COMPONENT);
    ck_assert_int_eq(sysroot_slurp(&root, "up", &text), 0);
    ck_assert_uint_eq(text.length, strlen("inside"));
    ck_assert_mem_eq(text.bytes, "inside", text.length);
    ck_assert_int_eq(sysroot_slurp(&root, "passwd", &text), -ENOENT);
    sysroot_close(&root);
    ck_assert_int_eq(sysroot_open("/", &root), 0);
    ck_assert(root.live);
    ck_assert_int_eq(sysroot_slurp(&root, "proc/self/status", &text), 0);
    ck_assert_uint_gt(text.length, 0);
    sysroot_close(&root);
  }
  text_free(&text);
  teardown(&f);
}

START_TEST(without_openat2_components_are_opened_one_by_one)
{
  check_without_openat2(ENOSYS);
}
END_TEST

START_TEST(where_openat2_is_denied_components_are_opened_one_by_one)
{
  check_without_openat2(EPERM);
}
END_TEST

SUITE_MAIN("openat_root", paths_and_links_inside_are_followed, no_link_leads_out,
           paths_that_lead_out_are_resolved_in_the_root, each_failure_has_its_errno,
           chain_of_links_ends_at_forty, links_that_multiply_are_limited,
           folders_are_opened_up_to_a_depth, links_are_followed_with_o_path,
           below_our_own_root_all_methods_agree, no_descriptor_leaks,
           no_path_leads_out_while_the_tree_changes,
           without_openat2_components_are_opened_one_by_one,
           where_openat2_is_denied_components_are_opened_one_by_one)
