/* SPDX-License-Identifier: MIT */
/* What a sample costs, without Pss: CPU time against opening, reading and closing the
 * same files. */
#define _GNU_SOURCE
#include "bench.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/collect/collect.h"
#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/sysroot/openat_root.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The files that a sample opened, or found absent. */
enum { FILES_MAX = 1 << 16 };
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

/* Of all threads: consumers are read by a thread of their own. */
static double cpu(void)
{
  return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static double take_sample(void)
{
  static const struct collect_options options = {.pss = false};
  double start = cpu();
  /* Expensive files are due again, as the bare reads read them again. */
  state.collector.vmalloc.cached.schedule = state.collector.allocinfo.cached.schedule =
      (struct schedule){0};
  for (unsigned i = 0; i < GROUPING_COUNT; i++)
    if (state.collector.groupings[i] != NULL)
      state.collector.groupings[i]->cached.schedule = (struct schedule){0};
  int error = collect(&state.collector, &options, &state.sample);
  if (error != 0)
    bench_die("sample", error);
  explain(&state.sample, &state.explanation);
  return cpu() - start;
}

/* With the buffer that a sample has grown, so that there are as many reads. */
static double read_bare(void)
{
  struct text *text = &state.collector.text;
  double start = cpu();
  for (size_t i = 0; i < opened.count; i++) {
    int fd = openat(state.collector.root.fd, opened.paths[i],
                    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
      continue;
    while (read(fd, text->bytes, text->capacity) > 0)
      continue;
    close(fd);
  }
  return cpu() - start;
}

void bench_sample(void)
{
  static struct pairs pairs;
  opened.paths = calloc(FILES_MAX, sizeof(*opened.paths));
  int error = collector_open("/", &state.collector);
  if (error != 0 || opened.paths == NULL)
    bench_die("cannot begin", error);
  state.collector.root.open = record_open;
  take_sample(); /* the first one also reads what stays until the next boot */
  opened.recording = true;
  take_sample();
  opened.recording = false;
  while (!pairs_suffice(&pairs, 5)) {
    double ours = take_sample();
    pairs_add(&pairs, ours, read_bare());
  }
  bench_print("sample_without_pss", pairs_median(&pairs));
  collector_close(&state.collector);
  free(opened.paths);
}
