/* SPDX-License-Identifier: MIT */
/* A population of processes of mixed sizes. They share libraries, the memory that they
 * were forked with, and a segment of shared memory. */
#ifndef MEMINFO_EXPLAIN_TESTS_BENCH_POPULATION_H
#define MEMINFO_EXPLAIN_TESTS_BENCH_POPULATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct population;

/* Forks `count` processes and waits until each has touched its memory: 60 % have 1 MiB of
 * their own, 30 % 4 MiB, 9 % 16 MiB and 1 % 64 MiB. Each maps up to 8 MiB of the same
 * shared memory. `scale` multiplies the sizes, that of the shared memory only where it is
 * below 1. Ends the program where a process cannot be forked. */
struct population *population_start(size_t count, double scale);

/* Ends them all. */
void population_stop(struct population *population);

/* Lets a random process grow or shrink by up to half of its size, in its own or in the
 * shared memory. One time in five it ends instead, and another process replaces it. */
void population_change(struct population *population);

/* Gives process `index` that much memory of its own. */
void population_resize(struct population *population, size_t index, size_t bytes);

/* From now on, process `index` maps and unmaps a page over and over. *result is the
 * longest time that this has taken, in seconds. */
volatile double *population_stall(struct population *population, size_t index);

/* From now on, so many processes per second are forked, touch so many bytes, and end
 * after 20 ms. */
void population_churn(struct population *population, unsigned per_second, size_t bytes);

/* The same numbers in each run. */
uint32_t random_below(uint32_t limit);

#endif
