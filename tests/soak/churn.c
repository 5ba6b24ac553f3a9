/* SPDX-License-Identifier: MIT */
/* usage: churn COUNT PER_SECOND FILE
 * Memory that is never still, until it is killed: COUNT processes grow and shrink,
 * end and begin, PER_SECOND others come and go, and the page cache of FILE, which is made
 * and has no blocks on the disk, is filled and dropped. In a memory cgroup that FILE does
 * not fit in, all of that is reclaim. */
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

/* A block after the other, from the beginning again when all are in the cache. */
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
  if (argc != 4)
    return 2;
  size_t count = strtoul(argv[1], NULL, 10);
  unsigned per_second = (unsigned)strtoul(argv[2], NULL, 10);
  int file = open(argv[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, file_size) != 0) {
    fprintf(stderr, "churn: %s: %s\n", argv[3], strerror(errno));
    return 1;
  }
  struct population *population = population_start(count, 0.25);
  population_churn(population, per_second);
  for (;;) {
    population_change(population);
    read_block(file);
    usleep(50 * 1000);
  }
}
