/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700
#include "suite.h"

#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int suite_run(const char *name, const TTest *const tests[], size_t count)
{
  Suite *suite = suite_create(name);
  for (size_t i = 0; i < count; i++) {
    TCase *tcase = tcase_create(tests[i]->name);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
  }
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
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
