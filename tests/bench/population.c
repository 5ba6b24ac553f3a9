/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "population.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const size_t shared_bytes = (size_t)8 << 20;

/* What one process is told to hold. It sets `done` to `order` when it holds that. */
struct slot {
  _Atomic uint32_t order, done;
  size_t own, shared; /* bytes */
  pid_t pid;
  bool stall;     /* map and unmap from now on, instead of waiting for orders */
  double longest; /* that has taken, seconds */
};

struct population {
  size_t count;
  char *shared;
  struct slot *slots; /* in shared memory */
  pid_t forker;       /* 0: none */
};

uint32_t random_below(uint32_t limit)
{
  static uint64_t state = 42;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) % limit);
}

static void die(const char *what)
{
  perror(what);
  exit(2);
}

static void wait_for_change(_Atomic uint32_t *word, uint32_t value)
{
  while (*word == value)
    syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(_Atomic uint32_t *word, uint32_t value)
{
  *word = value;
  syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Touches the first `want` bytes of a mapping and frees the rest. */
static void fit(char *at, size_t size, size_t want)
{
  want = want / 4096 * 4096;
  for (size_t i = 0; i < want; i += 4096)
    ((volatile char *)at)[i] = 1;
  madvise(at + want, size - want, MADV_DONTNEED);
}

static double now(void)
{
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static _Noreturn void map_forever(struct slot *slot)
{
  for (;;) {
    double start = now();
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    double took = now() - start;
    if (took > slot->longest)
      slot->longest = took;
  }
}

static void live(struct population *population, struct slot *slot, uint32_t done)
{
  static const size_t most = (size_t)2 << 30;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char *own = mmap(NULL, most, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  madvise(own, most, MADV_NOHUGEPAGE);
  for (;;) {
    wait_for_change(&slot->order, done);
    done = slot->order;
    if (done == 0)
      _exit(0);
    fit(own, most, slot->own < most ? slot->own : most);
    fit(population->shared, shared_bytes, slot->shared);
    bool stall = slot->stall; /* before `done`: the next order may follow at once */
    set(&slot->done, done);
    if (stall)
      map_forever(slot);
  }
}

static void give(struct slot *slot, uint32_t order)
{
  set(&slot->order, order);
}

static void await(struct slot *slot)
{
  for (uint32_t done; (done = slot->done) != slot->order;)
    wait_for_change(&slot->done, done);
}

static void begin(struct population *population, struct slot *slot)
{
  uint32_t order = slot->order;
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0)
    live(population, slot, order);
  slot->pid = pid;
  give(slot, order + 1);
}

static size_t draw_size(double scale)
{
  uint32_t die100 = random_below(100);
  size_t mib = die100 < 60 ? 1 : die100 < 90 ? 4 : die100 < 99 ? 16 : 64;
  return (size_t)((double)(mib << 20) * scale);
}

static void *map_shared(size_t size)
{
  void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    die("mmap");
  return at;
}

struct population *population_start(size_t count, double scale)
{
  struct rlimit limit;
  getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NPROC, &limit);
  struct population *population = malloc(sizeof(*population));
  *population = (struct population){.count = count,
                                    .shared = map_shared(shared_bytes),
                                    .slots = map_shared(count * sizeof(struct slot))};
  for (size_t i = 0; i < count; i++) {
    population->slots[i].own = draw_size(scale);
    population->slots[i].shared =
        (size_t)((double)random_below((uint32_t)shared_bytes) * (scale < 1 ? scale : 1));
    begin(population, &population->slots[i]);
  }
  for (size_t i = 0; i < count; i++)
    await(&population->slots[i]);
  return population;
}

void population_stop(struct population *population)
{
  if (population->forker > 0) {
    kill(population->forker, SIGKILL);
    waitpid(population->forker, NULL, 0);
  }
  for (size_t i = 0; i < population->count; i++)
    kill(population->slots[i].pid, SIGKILL);
  for (size_t i = 0; i < population->count; i++)
    waitpid(population->slots[i].pid, NULL, 0);
  munmap(population->shared, shared_bytes);
  munmap(population->slots, population->count * sizeof(struct slot));
  free(population);
}

static struct slot *random_slot(struct population *population)
{
  return &population->slots[random_below((uint32_t)population->count)];
}

static void replace(struct population *population, struct slot *slot)
{
  kill(slot->pid, SIGKILL);
  waitpid(slot->pid, NULL, 0);
  begin(population, slot);
  await(slot);
}

static _Noreturn void fork_forever(unsigned per_second, size_t bytes)
{
  char *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    die("mmap");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    if (fork() == 0) {
      fit(memory, bytes, bytes);
      usleep(20 * 1000);
      _exit(0);
    }
    usleep(1000 * 1000 / per_second);
    /* Waited for, their CPU time is accounted to us. */
    while (waitpid(-1, NULL, WNOHANG) > 0)
      continue;
  }
}

void population_churn(struct population *population, unsigned per_second, size_t bytes)
{
  population->forker = fork();
  if (population->forker < 0)
    die("fork");
  if (population->forker == 0)
    fork_forever(per_second, bytes);
}

void population_resize(struct population *population, size_t index, size_t bytes)
{
  struct slot *slot = &population->slots[index];
  slot->own = bytes;
  give(slot, slot->order + 1);
  await(slot);
}

volatile double *population_stall(struct population *population, size_t index)
{
  struct slot *slot = &population->slots[index];
  slot->stall = true;
  give(slot, slot->order + 1);
  await(slot);
  return &slot->longest;
}

void population_change(struct population *population)
{
  struct slot *slot = random_slot(population);
  uint32_t what = random_below(5);
  if (what == 0) {
    replace(population, slot);
    return;
  }
  if (what == 1)
    slot->shared = random_below((uint32_t)shared_bytes);
  else /* 50 % to 150 %, and never nothing */
    slot->own = slot->own / 2 + random_below((uint32_t)slot->own) + 4096;
  give(slot, slot->order + 1);
  await(slot);
}
