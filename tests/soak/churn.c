/* SPDX-License-Identifier: MIT */
/* usage: churn COUNT PER_SECOND FILE [BYTES]
 * Changes the memory of the machine until it is killed: COUNT processes grow, shrink, end
 * and begin, PER_SECOND others begin, touch BYTES (200 KiB) and end, and the page cache
 * of the new sparse FILE is filled and dropped. In a memory cgroup smaller than FILE,
 * this forces reclaim. */
#define _GNU_SOURCE
#include "../bench/population.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const off_t file_size = (off_t)256 << 20;
static const size_t block = (size_t)1 << 20;

/* Reads the next block; at the end, drops the cache and starts again. */
static void read_block(int file)
{
  static char bytes[(size_t)1 << 20];
  ssize_t n = read(file, bytes, block);
  if (n > 0)
    return;
  if (n < 0 || lseek(file, 0, SEEK_SET) != 0 ||
      posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
    fprintf(stderr, "churn: the page cache: %s\n", strerror(errno));
}

int main(int argc, char **argv)
{
  if (argc < 4 || argc > 5)
    return 2;
  size_t count = strtoul(argv[1], NULL, 10);
  unsigned per_second = (unsigned)strtoul(argv[2], NULL, 10);
  size_t bytes = argc > 4 ? strtoul(argv[4], NULL, 10) : (size_t)200 << 10;
  int file = open(argv[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, file_size) != 0) {
    fprintf(stderr, "churn: %s: %s\n", argv[3], strerror(errno));
    return 1;
  }
  struct population *population = population_start(count, 0.25);
  population_churn(population, per_second, bytes);
  for (;;) {
    population_change(population);
    read_block(file);
    usleep(50 * 1000);
  }
}
