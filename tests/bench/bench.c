/* SPDX-License-Identifier: MIT */
/* The benchmarks, each by its name. tests/bench/run runs them all and judges them. */
#define _GNU_SOURCE
#include "bench.h"
#include "meminfo_explain/base/clock.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_settings settings = {
    .processes = 2000, .samples = 100, .passes = 1, .scale = 1};

static const struct {
  const char *name;
  double limit;
} limits[] = {
#define LIMIT(name, limit, ratio, reason) {#name, limit},
#include "limits.def"
};

static const struct {
  const char *name;
  void (*run)(void);
  const char *help;
} benches[] = {
    {"sample", bench_sample, "all files but those of processes"},
    {"vmallocinfo", bench_vmallocinfo, "parse 100,000 lines, once"},
    {"memory", bench_memory, "of 10,000 processes"},
    {"stall", bench_stall, "how long a process waits for us"},
    {"full", bench_full, "passes over all processes"},
    {"steady", bench_steady, "passes with a budget, among changing processes"},
    {"budget", bench_budget, "passes among growing processes of a GiB"},
    {"churn", bench_churn, "passes among processes that live for 20 ms"},
    {"passes", bench_passes, "only make passes over the processes of this machine"},
    {"hold", bench_hold, "hold processes until standard input ends"},
};

void bench_print(const char *name, double value)
{
  for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
    if (strcmp(limits[i].name, name) == 0) {
      printf("%s %.4f %g\n", name, value, limits[i].limit);
      fflush(stdout);
      return;
    }
  fprintf(stderr, "bench: limits.def has no %s\n", name);
  exit(2);
}

void bench_die(const char *what, int error)
{
  fprintf(stderr, "bench: %s%s%s\n", what, error != 0 ? ": " : "",
          error != 0 ? strerror(-error) : "");
  exit(2);
}

/* --- ratios ------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
  qsort(values, count, sizeof(*values), compare);
  return values[count / 2];
}

void pairs_add(struct pairs *pairs, double ours, double bare)
{
  if (pairs->count == 0)
    pairs->begin = clock_seconds(CLOCK_MONOTONIC);
  pairs->ratios[pairs->count++] = ours / bare;
}

double pairs_median(struct pairs *pairs)
{
  return median(pairs->ratios, pairs->count);
}

bool pairs_suffice(struct pairs *pairs, double seconds)
{
  enum { PAIRS_MIN = 12 };
  double count = (double)pairs->count;
  if (pairs->count < PAIRS_MIN)
    return false;
  if (pairs->count == sizeof(pairs->ratios) / sizeof(*pairs->ratios) ||
      clock_seconds(CLOCK_MONOTONIC) - pairs->begin > seconds)
    return true;
  /* The true median lies between these two ranks: 2.58 standard deviations of a binomial
   * distribution, whatever that of the ratios is. */
  double middle = pairs_median(pairs), half = 1.29 * sqrt(count);
  size_t low = (size_t)fmax(floor(count / 2 - half), 0);
  size_t high = (size_t)fmin(ceil(count / 2 + half), count - 1);
  return pairs->ratios[high] - pairs->ratios[low] < 0.01 * middle;
}

/* --- the program -------------------------------------------------------------------- */

static void help(FILE *out)
{
  fprintf(out,
          "usage: bench NAME... [--processes N] [--samples N] [--passes N] "
          "[--scale X] [--verbose]\n"
          "       bench limits\n"
          "Runs benchmarks and prints `name value limit` for what they measure.\n\n");
  for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++)
    fprintf(out, "  %-12s %s\n", benches[i].name, benches[i].help);
  fprintf(out, "  %-12s print all names and limits\n", "limits");
}

static void parse(int argc, char **argv)
{
  static const struct option options[] = {{"processes", required_argument, NULL, 'p'},
                                          {"samples", required_argument, NULL, 's'},
                                          {"passes", required_argument, NULL, 'n'},
                                          {"scale", required_argument, NULL, 'c'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
  int option;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (option == 'p')
      settings.processes = strtoul(optarg, NULL, 10);
    else if (option == 's')
      settings.samples = strtoul(optarg, NULL, 10);
    else if (option == 'n')
      settings.passes = strtoul(optarg, NULL, 10);
    else if (option == 'c')
      settings.scale = strtod(optarg, NULL);
    else if (option == 'v')
      settings.verbose = true;
    else {
      help(option == 'h' ? stdout : stderr);
      exit(option == 'h' ? 0 : 2);
    }
  }
}

static void run(const char *name)
{
  for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++)
    if (strcmp(name, benches[i].name) == 0) {
      benches[i].run();
      return;
    }
  help(stderr);
  exit(2);
}

int main(int argc, char **argv)
{
  parse(argc, argv);
  if (optind + 1 == argc && strcmp(argv[optind], "limits") == 0) {
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
      printf("%s %g\n", limits[i].name, limits[i].limit);
    return 0;
  }
  if (optind == argc) {
    help(stderr);
    return 2;
  }
  for (int i = optind; i < argc; i++)
    run(argv[i]);
  return 0;
}
