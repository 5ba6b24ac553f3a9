/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "suite.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int suite_execute(Suite *suite)
{
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int suite_run(const char *name, const TTest *const tests[], size_t count)
{
  Suite *suite = suite_create(name);
  for (size_t i = 0; i < count; i++) {
    TCase *tcase = tcase_create(tests[i]->name);
    tcase_set_timeout(tcase, 60);
    tcase_set_tags(tcase, tests[i]->name); /* for CK_EXCLUDE_TAGS */
    tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
  }
  return suite_execute(suite);
}

char crash_note[160];

static void print_crash_note(void)
{
  /* Called by a signal handler: only async-signal-safe functions. */
  if (write(STDERR_FILENO, crash_note, strlen(crash_note)) < 0)
    _exit(9);
}

static void on_crash(int number)
{
  print_crash_note();
  signal(number, SIG_DFL);
  raise(number);
}

/* AddressSanitizer, if it is linked in, handles all fatal signals but SIGABRT itself. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void crash_note_enable(void)
{
  static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  const bool sanitized = __sanitizer_set_death_callback != NULL;
  if (sanitized)
    __sanitizer_set_death_callback(print_crash_note);
  for (size_t i = 0; i < LENGTH(numbers); i++)
    if (!sanitized || numbers[i] == SIGABRT)
      signal(numbers[i], on_crash);
}

struct scan scan_string(const char *text)
{
  return scan_text(text, strlen(text));
}

char *tree_make(void)
{
  const char *tmp = getenv("TMPDIR");
  char path[256];
  snprintf(path, sizeof(path), "%s/meminfo_explain.XXXXXX", tmp != NULL ? tmp : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(path));
  return strdup(path);
}

static int remove_entry(const char *path, const struct stat *st, int type,
                        struct FTW *where)
{
  (void)st, (void)type, (void)where;
  return remove(path);
}

void tree_remove(char *tree)
{
  nftw(tree, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  free(tree);
}

void tree_write_bytes(const char *tree, const char *path, const void *bytes, size_t size)
{
  char full[512];
  snprintf(full, sizeof(full), "%s/%s", tree, path);
  for (char *at = full + strlen(tree) + 1; (at = strchr(at, '/')) != NULL; at++) {
    *at = '\0';
    ck_assert(mkdir(full, 0755) == 0 || errno == EEXIST);
    *at = '/';
  }
  FILE *file = fopen(full, "w");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
  ck_assert_int_eq(fclose(file), 0);
}

void tree_write(const char *tree, const char *path, const char *text)
{
  tree_write_bytes(tree, path, text, strlen(text));
}

const char *tree_path(const char *tree, const char *path)
{
  static char full[512];
  snprintf(full, sizeof(full), "%s/%s", tree, path);
  return full;
}

void become_nobody(void)
{
  if (getuid() == 0)
    ck_assert_int_eq(seteuid(65534), 0);
}

void become_root_again(void)
{
  if (getuid() == 0)
    ck_assert_int_eq(seteuid(0), 0);
}

char *file_read(const char *path, size_t *length)
{
  FILE *file = fopen(path, "r");
  ck_assert_msg(file != NULL, "%s: cannot be opened", path);
  size_t capacity = 1 << 16, used = 0, n;
  char *text = malloc(capacity);
  while ((n = fread(text + used, 1, capacity - used - 1, file)) > 0) {
    used += n;
    if (capacity - used < 2)
      text = realloc(text, capacity *= 2);
  }
  fclose(file);
  text[used] = '\0';
  if (length != NULL)
    *length = used;
  return text;
}

static const glob_t *fixtures(void)
{
  static glob_t found;
  if (found.gl_pathc == 0 && glob(FIXTURES "/*/about", 0, NULL, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; i++)
      *strrchr(found.gl_pathv[i], '/') = '\0';
  return &found;
}

size_t fixtures_count(void)
{
  return fixtures()->gl_pathc;
}

const char *fixture_root(size_t index)
{
  return fixtures()->gl_pathv[index];
}

/* 0 in a field of struct fake_process stands for its default. */
static unsigned or_default(unsigned value, unsigned otherwise)
{
  return value > 0 ? value : otherwise;
}

void tree_write_process_stat(const char *tree, const char *path, struct fake_process p)
{
  char text[256];
  snprintf(text, sizeof(text),
           "%u (p) %c %u 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 %u 0 %u 9437184 %u 0 0 0 "
           "140720000000000 0\n",
           p.pid, p.state != '\0' ? p.state : 'S', p.parent, or_default(p.threads, 1),
           or_default(p.start, p.pid), (p.anon + p.file) / 4);
  tree_write(tree, path, text);
}

void tree_write_process_smaps(const char *tree, const char *path, struct fake_process p)
{
  char text[512];
  const unsigned file = p.file / or_default(p.sharers, 1);
  snprintf(text, sizeof(text),
           "00400000-7ffd0000 ---p 00000000 00:00 0    [rollup]\nLocked: 0 kB\n"
           "Rss: %u kB\nPss: %u kB\nPss_Anon: %u kB\nPss_File: %u kB\n"
           "Pss_Shmem: 0 kB\nPrivate_Clean: %u kB\nPrivate_Dirty: %u kB\n"
           "Anonymous: %u kB\n",
           p.anon + p.file, p.anon + file, p.anon, file, p.sharers > 1 ? 0 : p.file,
           p.anon, p.anon);
  tree_write(tree, path, text);
}

void tree_write_statm(const char *tree, unsigned pid, unsigned anon, unsigned file)
{
  char path[64], text[64];
  snprintf(path, sizeof(path), "proc/%u/statm", pid);
  snprintf(text, sizeof(text), "9999 %u %u 1 0 1 0\n", (anon + file) / 4, file / 4);
  tree_write(tree, path, text);
}

void tree_write_process(const char *tree, struct fake_process p)
{
  char path[64];
  snprintf(path, sizeof(path), "proc/%u/stat", p.pid);
  tree_write_process_stat(tree, path, p);
  snprintf(path, sizeof(path), "proc/%u/smaps_rollup", p.pid);
  tree_write_process_smaps(tree, path, p);
  tree_write_statm(tree, p.pid, p.anon, p.file);
}

void tree_remove_process(const char *tree, unsigned pid)
{
  static const char *const names[] = {"/stat", "/statm", "/smaps_rollup", "/status"};
  char path[64];
  for (size_t i = 0; i < LENGTH(names); i++) {
    snprintf(path, sizeof(path), "proc/%u%s", pid, names[i]);
    remove(tree_path(tree, path)); /* ENOENT is fine */
  }
  snprintf(path, sizeof(path), "proc/%u", pid);
  ck_assert_int_eq(remove(tree_path(tree, path)), 0);
}
