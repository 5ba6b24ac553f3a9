/* SPDX-License-Identifier: MIT */
#include "hanging.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct pattern {
  char text[64]; /* "": no path */
};

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct pattern hanging, lost, counted;
  unsigned threads; /* that hang */
  unsigned opened;
} files = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);

/* With the lock. */
static bool matches(const struct pattern *pattern, const char *path)
{
  return pattern->text[0] != '\0' && fnmatch(pattern->text, path, 0) == 0;
}

int __wrap_openat(int directory, const char *path, int flags, ...)
{
  pthread_mutex_lock(&files.lock);
  files.opened += matches(&files.counted, path);
  if (matches(&files.hanging, path)) {
    files.threads++;
    pthread_cond_broadcast(&files.changed);
    /* In here nothing is told: threads that hang together would keep each other awake. */
    while (matches(&files.hanging, path))
      pthread_cond_wait(&files.changed, &files.lock);
    files.threads--;
    pthread_cond_broadcast(&files.changed);
  }
  bool lost = matches(&files.lost, path);
  pthread_mutex_unlock(&files.lock);
  mode_t mode = 0;
  if (flags & O_CREAT) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  errno = ENOENT;
  return lost ? -1 : __real_openat(directory, path, flags, mode);
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

void lose(const char *paths)
{
  set(&files.lost, paths);
}

void count_opened(const char *paths)
{
  set(&files.counted, paths);
}

unsigned opened(void)
{
  return get(&files.opened);
}
