/* SPDX-License-Identifier: MIT */
/* What the benchmarks share: settings, output, and the ratio of two costs. */
#ifndef MEMINFO_EXPLAIN_TESTS_BENCH_BENCH_H
#define MEMINFO_EXPLAIN_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

struct bench_settings {
  size_t processes, samples, passes;
  double scale; /* of the sizes of processes */
  bool verbose;
};
extern struct bench_settings settings;

/* Prints a line `name value limit`. `name` is a row of limits.def. */
void bench_print(const char *name, double value);

/* Ends the program with status 2. `error` is -errno, or 0. */
_Noreturn void bench_die(const char *what, int error);

/* Sorts the values. `count` is not 0. */
double median(double *values, size_t count);

/* Ratios of two costs that are measured one right after the other, so that what slows the
 * machine down slows both down. {0} has none. */
struct pairs {
  double begin; /* monotonic time of the first pair */
  size_t count;
  double ratios[1000];
};

void pairs_add(struct pairs *pairs, double ours, double bare);

/* Whether more pairs would hardly change the median: it lies within 0.5 % in 99 of 100
 * cases, or there have been pairs for `seconds` seconds. Sorts the ratios. */
bool pairs_suffice(struct pairs *pairs, double seconds);

double pairs_median(struct pairs *pairs);

/* The benchmarks. */
void bench_sample(void);
void bench_vmallocinfo(void);
void bench_memory(void);
void bench_stall(void);
void bench_full(void);
void bench_steady(void);
void bench_budget(void);
void bench_churn(void);
void bench_passes(void);
void bench_hold(void);

#endif
