/* SPDX-License-Identifier: MIT */
/* Processes to be counted: of mixed sizes, sharing a library or two, the memory they were
 * forked with, and a segment of shared memory. */
#ifndef MEMINFO_EXPLAIN_TESTS_BENCH_POPULATION_H
#define MEMINFO_EXPLAIN_TESTS_BENCH_POPULATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct population;

/* Forks `count` processes and waits until each has touched its memory. Of ten, six have
 * 1 MiB of their own, three 4 MiB, and of the others nine in ten 16 MiB and one 64 MiB;
 * each has mapped up to 8 MiB of the same shared memory. `scale` multiplies these sizes
 * (that of the shared memory only below 1).
 * Ends the program where it cannot. */
struct population *population_start(size_t count, double scale);

/* Ends them all. */
void population_stop(struct population *population);

/* Lets one process, drawn at random, grow or shrink by up to half of its size, in its own
 * memory or in the shared one; every fifth time it ends, and another one takes its
 * place. */
void population_change(struct population *population);

/* Gives a process so much memory of its own. */
void population_resize(struct population *population, size_t index, size_t bytes);

/* From now on, a process maps and unmaps a page over and over, and notes how long that
 * took at most, in seconds. */
volatile double *population_stall(struct population *population, size_t index);

/* From now on, so many processes a second are forked, touch some memory, and end. */
void population_churn(struct population *population, unsigned per_second);

/* A fixed seed: the same numbers in each run. */
uint32_t random_below(uint32_t limit);

#endif
