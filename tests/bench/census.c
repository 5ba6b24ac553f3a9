/* SPDX-License-Identifier: MIT */
/* What the scan of processes costs, against reading the same files and nothing else, and
 * how well it knows the sum of Pss, against a full pass at the same moment. */
#define _GNU_SOURCE
#include "meminfo_explain/pss/census.h"
#include "bench.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/parse/field.h"
#include "population.h"
#include "pss/pss_scan.h"
#include "pss/totals.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sysroot root = {.fd = -1};
static struct census *census;
static struct text text;

static double cpu(void)
{
  return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void open_root(void)
{
  int error = root.fd < 0 ? sysroot_open("/", &root) : 0;
  if (error != 0)
    bench_die("/", error);
}

/* --- bare reads, and full passes without a census ----------------------------------- */

static struct {
  size_t count;
  uint32_t pids[1 << 16];
} listed;

static int list(void *context, uint32_t pid, uint64_t inode)
{
  (void)context, (void)inode;
  if (listed.count < sizeof(listed.pids) / sizeof(*listed.pids))
    listed.pids[listed.count++] = pid;
  return 0;
}

static bool read_rollup(uint32_t pid)
{
  static char buffer[1 << 14];
  char path[64];
  snprintf(path, sizeof(path), "proc/%u/smaps_rollup", pid);
  int fd = openat(root.fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t n, length = 0;
  while ((n = read(fd, buffer, sizeof(buffer))) > 0)
    length += n;
  close(fd);
  return length > 0;
}

/* Reads smaps_rollup of all processes that have one: open, read, close, nothing else.
 * Which these are is found out before. CPU seconds. */
static double read_bare(void)
{
  enum { PIDS = 1 << 22 };
  static bool has_none[PIDS]; /* kernel threads */
  listed.count = 0;
  sysroot_each_number(&root, "proc", list, NULL);
  size_t kept = 0;
  for (size_t i = 0; i < listed.count; i++) {
    bool *none = &has_none[listed.pids[i] % PIDS];
    *none = *none || !read_rollup(listed.pids[i]);
    if (!*none)
      listed.pids[kept++] = listed.pids[i];
  }
  double start = cpu();
  for (size_t i = 0; i < kept; i++)
    read_rollup(listed.pids[i]);
  return cpu() - start;
}

static int slurp(void *context, uint32_t pid, const char *path, bool single)
{
  (void)context, (void)pid;
  return single ? sysroot_slurp_single(&root, path, &text)
                : sysroot_slurp(&root, path, &text);
}

/* A full pass by a scan of its own. */
static struct processes full_pass(void)
{
  static struct pss_scan scan;
  static const struct pss_scan_options options = {.period = 1};
  const struct pss_scan_reader files = {.slurp = slurp, .text = &text};
  struct processes processes;
  double oldest_at;
  scan.root = &root;
  scan.page_size = (uint64_t)sysconf(_SC_PAGESIZE);
  int error = pss_scan_pass(&scan, &files, &options);
  if (error != 0)
    bench_die("full pass", error);
  totals_compute(&scan, &processes, &oldest_at);
  return processes;
}

static double full_sum(void)
{
  return (double)full_pass().pss.value;
}

/* --- passes of a census ------------------------------------------------------------- */

static struct census_result result;

static void request_and_wait(const struct pss_scan_options *options)
{
  census_request(census, options, 0);
  census_wait(census, 600);
  census_latest(census, &result);
}

/* One pass with `credit` seconds of CPU time to spend; 0: no limit. */
static void census_pass(double credit)
{
  /* The time since the last pass is longer than a period, so the credit is that of one.
   */
  static const double period = 0.01;
  const struct pss_scan_options options = {.share = credit / period, .period = period};
  request_and_wait(&options);
}

static struct reading meminfo_line(const char *key)
{
  uint64_t value = 0;
  struct parse_error ignored = {0};
  if (sysroot_slurp(&root, "proc/meminfo", &text) != 0 ||
      field_parse(scan_text(text.bytes, text.length), key, 2, &value, &ignored) != 0)
    return (struct reading){0};
  return reading_known(value * 1024);
}

/* The result as a sample would show it. Processes that may not be read are missing in our
 * full pass, too. */
static const struct processes *settled(void)
{
  struct processes *p = &result.processes;
  struct reading anon_pages = meminfo_line("AnonPages"), mapped = meminfo_line("Mapped");
  p->unread_rss = reading_known(0);
  processes_settle(p, anon_pages, mapped);
  return p;
}

static void open_census(void)
{
  open_root();
  int error =
      census_open(&root, (uint64_t)sysconf(_SC_PAGESIZE), CENSUS_PATIENCE, &census);
  if (error != 0)
    bench_die("census", error);
}

/* --- the benchmarks ----------------------------------------------------------------- */

/* A full pass: the first, and those that follow. */
void bench_full(void)
{
  static struct pairs first, next;
  static const double seconds = 12;
  struct population *population = population_start(settings.processes, settings.scale);
  open_root();
  read_bare();
  while (!pairs_suffice(&first, seconds) || !pairs_suffice(&next, seconds)) {
    open_census();
    double bare = read_bare();
    census_pass(0);
    pairs_add(&first, result.cpu, bare);
    bare = read_bare();
    census_pass(0);
    pairs_add(&next, result.cpu, bare);
    census_close(census);
    if (settings.verbose)
      fprintf(stderr, "bare %.1f us per process, %.3f, first %.3f\n",
              bare / (double)listed.count * 1e6, next.ratios[next.count - 1],
              first.ratios[first.count - 1]);
  }
  population_stop(population);
  bench_print("pss_full_pass", pairs_median(&next));
  bench_print("pss_full_pass_first", pairs_median(&first));
}

/* One sample of the steady state. */
struct sample_result {
  double cost;              /* in units of a bare pass */
  double difference, error; /* in units of the sum of Pss */
  bool covered;
};

static struct sample_result steady_sample(struct population *population)
{
  for (size_t i = 0; i < settings.processes / 20; i++)
    population_change(population);
  double bare = read_bare();
  census_pass(0.3 * bare);
  const struct processes *p = settled();
  double truth = full_sum(), pss = (double)p->pss.value, error = (double)p->error.value;
  if (settings.verbose)
    fprintf(stderr,
            "%.3f of bare, %llu of %llu read, off by %.0f kB, error %.0f kB (stale %.0f, "
            "moved %.0f, estimates %.0f)\n",
            result.cpu / bare, (unsigned long long)p->fresh_count.value,
            (unsigned long long)p->read_count.value, (pss - truth) / 1024, error / 1024,
            (double)p->stale.value / 1024, (double)p->moved.value / 1024,
            (double)p->guess_error.value / 1024);
  return (struct sample_result){.cost = result.cpu / bare,
                                .difference = fabs(pss - truth) / truth,
                                .error = error / truth,
                                .covered = fabs(pss - truth) <= error};
}

static double *new_series(void)
{
  double *series = calloc(settings.samples, sizeof(*series));
  if (series == NULL)
    bench_die("no memory", 0);
  return series;
}

/* One process in twenty changes from one pass to the next. */
void bench_steady(void)
{
  size_t count = settings.samples, uncovered = 0;
  double *costs = new_series(), *differences = new_series(), *errors = new_series();
  struct population *population = population_start(settings.processes, settings.scale);
  open_census();
  census_pass(0);
  full_sum();
  for (size_t i = 0; i < count; i++) {
    struct sample_result sample = steady_sample(population);
    costs[i] = sample.cost;
    differences[i] = sample.difference;
    errors[i] = sample.error;
    uncovered += !sample.covered;
  }
  census_close(census);
  population_stop(population);
  bench_print("pss_steady_cpu", median(costs, count));
  median(differences, count);
  bench_print("pss_steady_difference_worst", differences[count - 1]);
  bench_print("pss_steady_error", median(errors, count));
  bench_print("pss_steady_uncovered", (double)uncovered / ceil((double)count / 100));
  free(costs);
  free(differences);
  free(errors);
}

/* Processes of 1 to 2 GiB that all change: the CPU time of each period against a budget
 * that is enough to read two or three of them. */
void bench_budget(void)
{
  enum { LARGE = 6 };
  static const struct pss_scan_options options = {.share = 0.15, .period = 0.5};
  const double budget = options.share * options.period;
  struct population *population = population_start(LARGE, 0);
  double largest = 0, second = 0, sum = 0;
  open_census();
  for (size_t i = 0; i < settings.samples; i++) {
    double start = clock_seconds(CLOCK_MONOTONIC);
    for (size_t j = 0; j < LARGE; j++)
      population_resize(population, j,
                        ((size_t)1 << 30) + (size_t)random_below(1 << 20) * 256);
    request_and_wait(&options);
    double part = result.cpu / budget;
    if (settings.verbose)
      fprintf(stderr, "%.3f of the budget, %llu read\n", part,
              (unsigned long long)result.processes.fresh_count.value);
    second = fmax(second, fmin(largest, part));
    largest = fmax(largest, part);
    sum += part;
    double left = start + options.period - clock_seconds(CLOCK_MONOTONIC);
    if (left > 0)
      usleep((useconds_t)(left * 1e6));
  }
  census_close(census);
  population_stop(population);
  bench_print("pss_budget_mean", sum / (double)settings.samples);
  bench_print("pss_budget_worst_period", second);
}

/* A line of our own smaps_rollup: the counters in statm lag behind by up to 64 pages for
 * each CPU. */
static double own_kb(const char *key)
{
  uint64_t kb = 0;
  struct parse_error ignored = {0};
  if (sysroot_slurp(&root, "proc/self/smaps_rollup", &text) != 0 ||
      field_parse(scan_text(text.bytes, text.length), key, 2, &kb, &ignored) != 0)
    bench_die("proc/self/smaps_rollup", -ENODATA);
  return (double)kb;
}

/* AnonPages + Mapped, after the kernel has added up the counters of each CPU. */
static double counters(void)
{
  sysroot_slurp(&root, "proc/sys/vm/stat_refresh", &text);
  return (double)meminfo_line("AnonPages").value + (double)meminfo_line("Mapped").value;
}

/* Besides the population, 200 processes a second that live for 20 ms. A full pass takes
 * longer than that and misses them; AnonPages and Mapped include them, and differ from
 * the sum of Pss by a constant. */
void bench_churn(void)
{
  static const struct pss_scan_options options = {.share = 0.05, .period = 0.25};
  struct population *population = population_start(500, settings.scale);
  double before = 0, worst = 0;
  size_t uncovered = 0, complete = 0;
  open_census();
  census_pass(0);
  double constant = counters() - full_sum();
  population_churn(population, 200, 200 << 10);
  for (size_t i = 0; i < settings.samples; i++) {
    usleep(250 * 1000);
    request_and_wait(&options);
    double truth = counters() - constant;
    const struct processes *p = settled();
    double difference = fabs((double)p->pss.value - truth);
    if (settings.verbose)
      fprintf(stderr,
              "off by %.0f kB, error %.0f kB, %llu guessed, %llu new, rss %.0f kB\n",
              ((double)p->pss.value - truth) / 1024, (double)p->error.value / 1024,
              (unsigned long long)p->guessed_count.value,
              (unsigned long long)p->new_count.value, own_kb("Rss"));
    if (i == settings.samples / 2)
      before = own_kb("Rss");
    if (p->new_count.value > 0)
      continue; /* the plugin would not send it */
    complete++;
    uncovered += difference > (double)p->error.value;
    worst = fmax(worst, difference / truth);
  }
  census_close(census);
  population_stop(population);
  /* On a busy machine perhaps no pass has seen all processes. */
  double uncovered_part = (double)uncovered / (double)complete;
  bench_print("pss_churn_difference_worst", complete > 0 ? worst : INFINITY);
  bench_print("pss_churn_uncovered", complete > 0 ? uncovered_part : INFINITY);
  bench_print("pss_churn_rss_growth", own_kb("Rss") / before - 1);
}

static void ignore(void *context, const struct process *process)
{
  (void)context, (void)process;
}

static bool any(void *context, const struct process *process)
{
  (void)context, (void)process;
  return true;
}

void bench_memory(void)
{
  struct process_table table = {0};
  open_root();
  double before = own_kb("Anonymous");
  for (int round = 0; round < 3; round++) {
    process_table_begin(&table);
    for (uint32_t pid = 1; pid <= 10000; pid++)
      process_table_list(&table, pid + (uint32_t)round * 100, pid);
    process_table_settle(&table, ignore, NULL);
    process_table_queue(&table, any, NULL, process_table_moved_most);
  }
  bench_print("pss_memory_of_10000", (own_kb("Anonymous") - before) / 2048);
  process_table_free(&table);
}

/* How long a process waits while its smaps_rollup is read: it maps and unmaps a page,
 * over and over, in an address space with 2 GiB of small pages. Scaled to the largest
 * process that the plugin opens by default. */
void bench_stall(void)
{
  static const double largest = 8; /* GiB: PssMaxProcess */
  enum { GIB = 2, READS = 9 };
  double stalls[READS], costs[READS];
  struct population *population = population_start(1, 0);
  population_resize(population, 0, (size_t)GIB << 30);
  volatile double *longest = population_stall(population, 0);
  open_census();
  for (int i = 0; i < READS; i++) {
    usleep(50 * 1000);
    *longest = 0;
    census_pass(0);
    usleep(50 * 1000);
    stalls[i] = *longest / GIB;
    costs[i] = result.cpu / GIB;
  }
  census_close(census);
  population_stop(population);
  double stall = median(stalls, READS), cost = median(costs, READS);
  if (settings.verbose)
    fprintf(stderr, "stall %.1f ms per GiB, CPU time %.1f ms per GiB\n", stall * 1e3,
            cost * 1e3);
  bench_print("pss_stall_of_largest", largest * stall / CENSUS_PATIENCE);
}

/* Full passes for callgrind to count. Prints how many processes the last one has read. */
void bench_passes(void)
{
  uint64_t processes = 0;
  open_root();
  for (size_t i = 0; i < settings.passes; i++)
    processes = full_pass().read_count.value;
  printf("processes %llu\n", (unsigned long long)processes);
}

/* Holds a population for another program to measure, until standard input ends. */
void bench_hold(void)
{
  struct population *population = population_start(settings.processes, settings.scale);
  printf("ready\n");
  fflush(stdout);
  while (getchar() != EOF)
    continue;
  population_stop(population);
}
