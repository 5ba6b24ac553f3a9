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

/* What a process shall have; it answers by setting `done` to `order`. */
struct post {
  _Atomic uint32_t order, done;
  size_t own, shared; /* bytes */
  pid_t pid;
  bool stall;     /* map and unmap instead of waiting for orders */
  double longest; /* that took, seconds */
};

struct population {
  size_t count;
  char *shared;
  struct post *posts; /* in shared memory */
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

/* Touches the first `want` bytes of a mapping and lets go of the rest. */
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

static _Noreturn void map_for_ever(struct post *post)
{
  for (;;) {
    double start = now();
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page, 4096);
    double took = now() - start;
    if (took > post->longest)
      post->longest = took;
  }
}

static void live(struct population *population, struct post *post, uint32_t done)
{
  static const size_t most = (size_t)2 << 30;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char *own = mmap(NULL, most, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  madvise(own, most, MADV_NOHUGEPAGE);
  for (;;) {
    wait_for_change(&post->order, done);
    done = post->order;
    if (done == 0)
      _exit(0);
    fit(own, most, post->own < most ? post->own : most);
    fit(population->shared, shared_bytes, post->shared);
    bool stall = post->stall; /* of this order: after it is done, the next may come */
    set(&post->done, done);
    if (stall)
      map_for_ever(post);
  }
}

static void give(struct post *post, uint32_t order)
{
  set(&post->order, order);
}

static void await(struct post *post)
{
  for (uint32_t done; (done = post->done) != post->order;)
    wait_for_change(&post->done, done);
}

static void begin(struct population *population, struct post *post)
{
  uint32_t order = post->order;
  pid_t pid = fork();
  if (pid < 0)
    die("fork");
  if (pid == 0)
    live(population, post, order);
  post->pid = pid;
  give(post, order + 1);
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
                                    .posts = map_shared(count * sizeof(struct post))};
  for (size_t i = 0; i < count; i++) {
    population->posts[i].own = draw_size(scale);
    population->posts[i].shared =
        (size_t)((double)random_below((uint32_t)shared_bytes) * (scale < 1 ? scale : 1));
    begin(population, &population->posts[i]);
  }
  for (size_t i = 0; i < count; i++)
    await(&population->posts[i]);
  return population;
}

void population_stop(struct population *population)
{
  if (population->forker > 0) {
    kill(population->forker, SIGKILL);
    waitpid(population->forker, NULL, 0);
  }
  for (size_t i = 0; i < population->count; i++)
    kill(population->posts[i].pid, SIGKILL);
  for (size_t i = 0; i < population->count; i++)
    waitpid(population->posts[i].pid, NULL, 0);
  munmap(population->shared, shared_bytes);
  munmap(population->posts, population->count * sizeof(struct post));
  free(population);
}

static struct post *anybody(struct population *population)
{
  return &population->posts[random_below((uint32_t)population->count)];
}

static void replace(struct population *population, struct post *post)
{
  kill(post->pid, SIGKILL);
  waitpid(post->pid, NULL, 0);
  begin(population, post);
  await(post);
}

/* Of its own, so that nobody else has to wait for the children. */
static _Noreturn void fork_for_ever(unsigned per_second)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    if (fork() == 0) {
      static char memory[200 << 10];
      fit(memory, sizeof(memory), sizeof(memory));
      usleep(20 * 1000);
      _exit(0);
    }
    usleep(1000 * 1000 / per_second);
  }
}

void population_churn(struct population *population, unsigned per_second)
{
  population->forker = fork();
  if (population->forker < 0)
    die("fork");
  if (population->forker == 0)
    fork_for_ever(per_second);
}

void population_resize(struct population *population, size_t index, size_t bytes)
{
  struct post *post = &population->posts[index];
  post->own = bytes;
  give(post, post->order + 1);
  await(post);
}

volatile double *population_stall(struct population *population, size_t index)
{
  struct post *post = &population->posts[index];
  post->stall = true;
  give(post, post->order + 1);
  await(post);
  return &post->longest;
}

void population_change(struct population *population)
{
  struct post *post = anybody(population);
  uint32_t what = random_below(5);
  if (what == 0) {
    replace(population, post);
    return;
  }
  if (what == 1)
    post->shared = random_below((uint32_t)shared_bytes);
  else /* by half at the most, and never to nothing */
    post->own = post->own / 2 + random_below((uint32_t)post->own) + 4096;
  give(post, post->order + 1);
  await(post);
}
