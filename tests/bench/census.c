/* SPDX-License-Identifier: MIT */
/* What the census of the processes costs, against the bare reading of the same files, and
 * how well it knows the sum of Pss, against a full pass at the same moment.
 * usage: bench_census WHAT... [--processes N] [--samples N] [--scale X]
 * WHAT are rows of `benches`, run in this order; prints `name ratio limit`, and with
 * --verbose what each sample gave. */
#define _GNU_SOURCE
#include "meminfo_explain/pss/census.h"
#include "meminfo_explain/base/clock.h"
#include "meminfo_explain/parse/field.h"
#include "population.h"
#include "pss/totals.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
  size_t processes, samples;
  double scale; /* of the sizes of processes */
  bool verbose;
} settings = {.processes = 2000, .samples = 100, .scale = 1};

static struct sysroot root;
static struct census *census;
static struct text text;
static int worst; /* exit status */

static double cpu(void)
{
  return clock_seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void die(const char *what, int error)
{
  fprintf(stderr, "bench: %s: %s\n", what, strerror(-error));
  exit(2);
}

static void print(const char *name, double ratio, double limit)
{
  printf("%s %.4f %.4g\n", name, ratio, limit);
  fflush(stdout);
  if (ratio > limit)
    worst = 1;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
  qsort(values, count, sizeof(*values), compare);
  return values[count / 2];
}

/* --- the other side: bare reading, and a full pass by a walk of our own ----------- */

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

/* Reads smaps_rollup of all processes that have one: open, read, close, nothing else.
 * CPU seconds. */
static double read_bare(void)
{
  static char buffer[1 << 14];
  listed.count = 0;
  sysroot_each_number(&root, "proc", list, NULL);
  static bool
      has_none[1 << 22]; /* kernel threads: found out before, and free of charge */
  size_t kept = 0;
  for (size_t i = 0; i < listed.count; i++) {
    uint32_t pid = listed.pids[i] & ((1 << 22) - 1);
    char path[64];
    snprintf(path, sizeof(path), "proc/%u/smaps_rollup", listed.pids[i]);
    if (!has_none[pid]) {
      int fd = openat(root.fd, path, O_RDONLY | O_CLOEXEC);
      has_none[pid] = fd < 0 || read(fd, buffer, sizeof(buffer)) <= 0;
      if (fd >= 0)
        close(fd);
    }
    if (!has_none[pid])
      listed.pids[kept++] = listed.pids[i];
  }
  double start = cpu();
  for (size_t i = 0; i < kept; i++) {
    char path[64];
    snprintf(path, sizeof(path), "proc/%u/smaps_rollup", listed.pids[i]);
    int fd = openat(root.fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
      continue;
    while (read(fd, buffer, sizeof(buffer)) > 0)
      continue;
    close(fd);
  }
  return cpu() - start;
}

static int slurp(void *context, uint32_t pid, const char *path, bool single)
{
  (void)context, (void)pid;
  return single ? sysroot_slurp_single(&root, path, &text)
                : sysroot_slurp(&root, path, &text);
}

/* The sum of Pss by a full pass, which starts from nothing. */
static double full_sum(void)
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
    die("full pass", error);
  totals_compute(&scan, &processes, &oldest_at);
  return (double)processes.pss.value;
}

/* --- our side --------------------------------------------------------------------- */

static struct census_result result;

/* One pass of the census, with `credit` seconds of CPU to spend; 0: any. */
static void census_pass(double credit)
{
  /* What the time since the last pass brings is more than a period's, and so is cut. */
  static const double period = 0.01;
  const struct pss_scan_options options = {.share = credit / period, .period = period};
  census_request(census, &options, 0);
  census_wait(census, 600);
  census_latest(census, &result);
}

/* A line of meminfo. */
static struct reading counter(const char *key)
{
  uint64_t value = 0;
  struct parse_error ignored = {0};
  if (sysroot_slurp(&root, "proc/meminfo", &text) != 0 ||
      field_parse(scan_text(text.bytes, text.length), key, 2, &value, &ignored) != 0)
    return (struct reading){0};
  return reading_known(value * 1024);
}

/* What a collect would make of the result now. Who may not be read is missing in our full
 * pass as well. */
static const struct processes *settled(void)
{
  struct processes *p = &result.processes;
  struct reading anon_pages = counter("AnonPages"), mapped = counter("Mapped");
  p->unread_rss = reading_known(0);
  processes_settle(p, anon_pages, mapped);
  return p;
}

static void open_census(void)
{
  int error =
      census_open(&root, (uint64_t)sysconf(_SC_PAGESIZE), CENSUS_PATIENCE, &census);
  if (error != 0)
    die("census", error);
}

/* --- what is measured ------------------------------------------------------------- */

/* The population of the settings, which takes a while to start: those that are run
 * together share it, as the one before has left it. */
static struct population *crowd;

static void start_crowd(void)
{
  if (crowd == NULL)
    crowd = population_start(settings.processes, settings.scale);
}

static void keep_least(double *least, double value)
{
  if (*least == 0 || value < *least)
    *least = value;
}

/* A full pass: the first, and those that come after. What disturbs a pass makes it
 * longer, so the shortest of each kind are compared; they are made in turns. */
static void measure_full(const char *name)
{
  enum { ROUNDS = 12 };
  double first = 0, again = 0, bare = 0;
  char label[64];
  read_bare();
  for (int i = 0; i < ROUNDS; i++) {
    keep_least(&bare, read_bare());
    open_census();
    census_pass(0);
    keep_least(&first, result.cpu);
    census_pass(0);
    keep_least(&again, result.cpu);
    census_close(census);
  }
  print(name, again / bare, 1.10);
  snprintf(label, sizeof(label), "%s_first", name);
  print(label, first / bare, 1.40);
}

static void bench_full(void)
{
  start_crowd();
  measure_full("pss_full_pass");
}

/* What one sample of a steady state gave. */
struct sample_result {
  double cost, difference, error; /* in units of a bare pass; of the sum of Pss */
  bool covered;
};

static struct sample_result steady_sample(double bare)
{
  for (size_t i = 0; i < settings.processes / 20; i++)
    population_change(crowd);
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

/* A steady state in which one process in twenty changes from one sample to the next. */
static void bench_steady(void)
{
  start_crowd();
  size_t count = settings.samples, uncovered = 0;
  double *costs = calloc(count, sizeof(*costs));
  double *differences = calloc(count, sizeof(*differences));
  double *errors = calloc(count, sizeof(*errors));
  double bare = 0;
  read_bare();
  open_census();
  census_pass(0);
  for (size_t i = 0; i < count; i++) {
    if (i % 25 == 0) /* the machine's speed drifts */
      bare = read_bare();
    struct sample_result sample = steady_sample(bare);
    costs[i] = sample.cost;
    differences[i] = sample.difference;
    errors[i] = sample.error;
    uncovered += !sample.covered;
  }
  census_close(census);
  print("pss_steady_cpu", median(costs, count), 0.35);
  median(differences, count);
  print("pss_steady_difference_worst", differences[count - 1], 0.01);
  print("pss_steady_error", median(errors, count), 0.01);
  /* One in a hundred; of less than a hundred samples, one. */
  print("pss_steady_uncovered", (double)uncovered / (double)count,
        ceil(0.01 * (double)count) / (double)count);
  free(costs);
  free(differences);
  free(errors);
}

/* Processes of a GiB or two: each period's CPU time against the budget, with a period's
 * budget that is enough for two or three of them. */
static void bench_budget(void)
{
  enum { LARGE = 6 };
  struct population *population = population_start(LARGE, 0);
  for (size_t i = 0; i < LARGE; i++)
    population_resize(population, i, ((size_t)1 << 30) + (i << 27));
  double period = 0.5, largest = 0, second = 0, sum = 0;
  const struct pss_scan_options options = {.share = 0.15, .period = period};
  double budget = options.share * period;
  open_census();
  for (size_t i = 0; i < settings.samples; i++) {
    double start = clock_seconds(CLOCK_MONOTONIC);
    for (size_t j = 0; j < LARGE; j++) /* all have moved, all want to be read */
      population_resize(population, j, ((size_t)1 << 30) + (random_below(1 << 20)) * 256);
    census_request(census, &options, 0);
    census_wait(census, 600);
    census_latest(census, &result);
    if (settings.verbose)
      fprintf(stderr, "%.3f of the budget, %llu read\n", result.cpu / budget,
              (unsigned long long)result.processes.fresh_count.value);
    double part = result.cpu / budget;
    second = fmax(second, fmin(largest, part));
    largest = fmax(largest, part);
    sum += part;
    double left = start + period - clock_seconds(CLOCK_MONOTONIC);
    if (left > 0)
      usleep((useconds_t)(left * 1e6));
  }
  census_close(census);
  population_stop(population);
  print("pss_budget_mean", sum / (double)settings.samples, 1.2);
  /* But for one, in which somebody else may have slowed the machine down. */
  print("pss_budget_worst_period", second, 1.2);
}

/* The cost of a process, in a large population against that in a small one. */
static void bench_growth(void)
{
  static const size_t counts[] = {100, 1000, 2000, 4000, 8000};
  enum { COUNTS = sizeof(counts) / sizeof(*counts), PASSES = 5 };
  double base = 0, full[PASSES], per_process = 0;
  for (size_t i = 0; i < COUNTS; i++) {
    struct population *population = population_start(counts[i], settings.scale / 8);
    open_census();
    census_pass(0);
    for (int j = 0; j < PASSES; j++) {
      census_pass(0);
      full[j] = result.cpu;
    }
    double count = (double)result.processes.read_count.value;
    per_process = median(full, PASSES) / count;
    if (i == 0)
      base = per_process;
    if (settings.verbose)
      fprintf(stderr, "%zu processes: full pass %.2f ms, %.1f us each\n", counts[i],
              median(full, PASSES) * 1e3, per_process * 1e6);
    census_close(census);
    population_stop(population);
  }
  print("pss_growth_8000_to_100", per_process / base, 1.5);
}

/* By smaps, which counts: statm's counters are off by what the CPUs have not yet told,
 * 64 pages each. */
static long rss_kb(void)
{
  long kb = 0;
  const char *line = NULL;
  if (sysroot_slurp(&root, "proc/self/smaps_rollup", &text) == 0)
    line = strstr(text.bytes, "Rss:");
  if (line == NULL || sscanf(line, "Rss: %ld", &kb) != 1)
    die("proc/self/smaps_rollup", -ENODATA);
  return kb;
}

/* AnonPages + Mapped, without what the CPUs have not yet told. */
static double counters(void)
{
  sysroot_slurp(&root, "proc/sys/vm/stat_refresh", &text);
  return (double)counter("AnonPages").value + (double)counter("Mapped").value;
}

/* Beside the population, 200 processes a second that live for 20 ms: what the census is
 * then off by, and what it grows by. A full pass takes longer than such a life, and so
 * misses them; the counters do not, and differ from the sum of Pss by a constant. */
static void bench_churn(void)
{
  struct population *population = population_start(500, settings.scale);
  const struct pss_scan_options options = {.share = 0.05, .period = 0.25};
  long before = 0;
  size_t uncovered = 0, judged = 0;
  double worst_difference = 0;
  open_census();
  census_pass(0);
  double constant = counters() - full_sum();
  population_churn(population, 200);
  for (size_t i = 0; i < settings.samples; i++) {
    usleep(250 * 1000);
    census_request(census, &options, 0);
    census_wait(census, 600);
    census_latest(census, &result);
    double truth = counters() - constant;
    const struct processes *p = settled();
    double difference = fabs((double)p->pss.value - truth);
    if (settings.verbose)
      fprintf(stderr,
              "off by %.0f kB, error %.0f kB, %llu guessed, %llu new, rss %ld kB\n",
              ((double)p->pss.value - truth) / 1024, (double)p->error.value / 1024,
              (unsigned long long)p->guessed_count.value,
              (unsigned long long)p->new_count.value, rss_kb());
    if (i == settings.samples / 2)
      before = rss_kb();
    if (p->new_count.value > 0)
      continue; /* then it is withheld */
    judged++;
    uncovered += difference > (double)p->error.value;
    worst_difference = fmax(worst_difference, difference / truth);
  }
  census_close(census);
  population_stop(population);
  print("pss_churn_difference_worst", worst_difference, 0.01);
  print("pss_churn_uncovered", (double)uncovered / (double)judged, 0.05);
  print("pss_churn_rss_growth", (double)rss_kb() / (double)before - 1, 0.1);
}

static void ignore(void *context, const struct process *process)
{
  (void)context, (void)process;
}

static bool everybody(void *context, const struct process *process)
{
  (void)context, (void)process;
  return true;
}

/* What 10,000 processes cost in memory: a roster of them, against the limit of 2 MiB. */
static void bench_memory(void)
{
  struct process_table table = {0};
  long before = rss_kb();
  for (int round = 0; round < 3; round++) {
    process_table_begin(&table);
    for (uint32_t pid = 1; pid <= 10000; pid++)
      process_table_list(&table, pid + (uint32_t)round * 100, pid);
    process_table_settle(&table, ignore, NULL);
    process_table_queue(&table, everybody, NULL, process_table_moved_most);
  }
  print("pss_memory_of_10000", (double)(rss_kb() - before) / 2048, 1);
  process_table_free(&table);
}

/* How long a process is held up while its smaps is read: it maps and unmaps a page, over
 * and over, in an address space of 2 GiB of small pages. For a process as large as the
 * plugin opens by default, against the patience it has with a reading. */
static void bench_stall(void)
{
  static const double opened = 8; /* GiB: PssMaxProcess */
  enum { GIB = 2, READINGS = 9 };
  double stalls[READINGS], costs[READINGS];
  struct population *population = population_start(1, 0);
  population_resize(population, 0, (size_t)GIB << 30);
  volatile double *longest = population_stall(population, 0);
  open_census();
  for (int i = 0; i < READINGS; i++) {
    usleep(50 * 1000);
    *longest = 0;
    census_pass(0);
    usleep(50 * 1000);
    stalls[i] = *longest / GIB;
    costs[i] = result.cpu / GIB;
  }
  census_close(census);
  population_stop(population);
  double stall = median(stalls, READINGS), cost = median(costs, READINGS);
  if (settings.verbose)
    fprintf(stderr, "stall %.1f ms per GiB, CPU time %.1f ms per GiB\n", stall * 1e3,
            cost * 1e3);
  print("pss_stall_of_largest", opened * stall / CENSUS_PATIENCE, 0.1);
}

/* Holds the population until standard input ends: others measure it (tests/bench/peers).
 */
static void bench_hold(void)
{
  start_crowd();
  printf("ready\n");
  fflush(stdout);
  while (getchar() != EOF)
    continue;
}

static const struct bench {
  const char *name;
  void (*run)(void);
} benches[] = {
    {"full", bench_full},     {"steady", bench_steady}, {"budget", bench_budget},
    {"growth", bench_growth}, {"churn", bench_churn},   {"memory", bench_memory},
    {"hold", bench_hold},     {"stall", bench_stall},
};

static void parse(int argc, char **argv)
{
  static const struct option options[] = {{"processes", required_argument, NULL, 'p'},
                                          {"samples", required_argument, NULL, 's'},
                                          {"scale", required_argument, NULL, 'c'},
                                          {"verbose", no_argument, NULL, 'v'},
                                          {0}};
  int option;
  while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
    if (option == 'p')
      settings.processes = strtoul(optarg, NULL, 10);
    else if (option == 's')
      settings.samples = strtoul(optarg, NULL, 10);
    else if (option == 'c')
      settings.scale = strtod(optarg, NULL);
    else if (option == 'v')
      settings.verbose = true;
    else
      exit(2);
  }
}

static const struct bench *bench_named(const char *name)
{
  for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++)
    if (strcmp(name, benches[i].name) == 0)
      return &benches[i];
  return NULL;
}

int main(int argc, char **argv)
{
  parse(argc, argv);
  bool known = optind < argc;
  for (int i = optind; i < argc; i++)
    known = known && bench_named(argv[i]) != NULL;
  if (!known) {
    fprintf(stderr,
            "bench: full, steady, budget, growth, churn, memory, stall or hold?\n");
    return 2;
  }
  int error = sysroot_open("/", &root);
  if (error != 0)
    die("/", error);
  for (int i = optind; i < argc; i++)
    bench_named(argv[i])->run();
  if (crowd != NULL)
    population_stop(crowd);
  sysroot_close(&root);
  text_free(&text);
  return worst;
}
