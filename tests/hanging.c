/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "hanging.h"

#include "meminfo_explain/sysroot/openat_root.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

struct pattern {
  char text[64]; /* "": no path */
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct pattern hanging, refused, counted;
  int error;        /* of those that fail */
  unsigned threads; /* that hang */
  unsigned opened;
} files = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* With the lock. */
static bool matches(const struct pattern *pattern, const char *path)
{
  return pattern->text[0] != '\0' && fnmatch(pattern->text, path, 0) == 0;
}

int hanging_pass(const char *path)
{
  pthread_mutex_lock(&files.lock);
  files.opened += matches(&files.counted, path);
  if (matches(&files.hanging, path)) {
    files.threads++;
    pthread_cond_broadcast(&files.changed);
    /* No broadcast in this loop: threads that hang together would wake each other. */
    while (matches(&files.hanging, path))
      pthread_cond_wait(&files.changed, &files.lock);
    files.threads--;
    pthread_cond_broadcast(&files.changed);
  }
  int error = matches(&files.refused, path) ? files.error : 0;
  pthread_mutex_unlock(&files.lock);
  return error;
}

int hanging_open(int root, enum openat_root_method method, const char *path, int flags)
{
  bool looks = (flags & O_PATH) != 0; /* without opening */
  int error = looks ? 0 : hanging_pass(path);
  return error != 0 ? error : openat_root(root, method, path, flags);
}

static void set(struct pattern *pattern, const char *paths)
{
  pthread_mutex_lock(&files.lock);
  snprintf(pattern->text, sizeof(pattern->text), "%s", paths);
  files.opened = pattern == &files.counted ? 0 : files.opened;
  pthread_cond_broadcast(&files.changed);
  pthread_mutex_unlock(&files.lock);
}

static unsigned get(const unsigned *number)
{
  pthread_mutex_lock(&files.lock);
  unsigned value = *number;
  pthread_mutex_unlock(&files.lock);
  return value;
}

void hang(const char *paths)
{
  set(&files.hanging, paths);
}

void let_go(void)
{
  hang("");
  wait_for_hanging(0);
}

unsigned hanging(void)
{
  return get(&files.threads);
}

void wait_for_hanging(unsigned count)
{
  pthread_mutex_lock(&files.lock);
  while (files.threads != count)
    pthread_cond_wait(&files.changed, &files.lock);
  pthread_mutex_unlock(&files.lock);
}

void refuse(const char *paths, int error)
{
  pthread_mutex_lock(&files.lock);
  files.error = error;
  pthread_mutex_unlock(&files.lock);
  set(&files.refused, paths);
}

void count_opened(const char *paths)
{
  set(&files.counted, paths);
}

unsigned opened(void)
{
  return get(&files.opened);
}
