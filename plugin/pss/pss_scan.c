/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pss_scan.h"
#include "meminfo_explain/base/clock.h"
#include "note_denied.h"
#include "process_read.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Initial values; docs/cost.md has measured ones. */
static const struct pss_scan_costs first_costs = {.listing = 1e-6,
                                                  .stat = 15e-6,
                                                  .statm = 10e-6,
                                                  .smaps = 50e-6,
                                                  .smaps_per_byte = 14e-3 / (1 << 30)};

/* --- costs ------------------------------------------------------------------------ */

/* Charges the CPU time since the last charge, and returns it. */
static double charge(struct pass *pass)
{
  double cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID), spent = cpu - pass->cpu;
  pass->cpu = cpu;
  budget_spend(&pass->scan->budget, spent);
  return spent;
}

static void learn(double *average, double cost)
{
  static const double weight = 1.0 / 16;
  *average += (cost - *average) * weight;
}

/* The expected cost of reading smaps of a process: that of its last reading, and more if
 * it has grown. */
static double smaps_cost(const struct pss_scan *scan, const struct process *process)
{
  double then = (double)(process->anon_then + process->shared_then);
  if (process->kind == PROCESS_READ && then > 0)
    return process->cost * fmax(1, (double)process_rss(process) / then);
  if (process->kind == PROCESS_DENIED || process->kind == PROCESS_MALFORMED)
    return process->cost;
  return scan->costs.smaps + scan->costs.smaps_per_byte * (double)process_rss(process);
}

static void learn_smaps_cost(struct pss_scan *scan, const struct process *process)
{
  static const double small = 1 << 20, large = 16 << 20;
  double rss = (double)process_rss(process), cost = process->cost;
  if (process->kind != PROCESS_READ)
    return;
  if (rss < small)
    learn(&scan->costs.smaps, cost);
  else if (rss > large)
    learn(&scan->costs.smaps_per_byte, fmax(cost - scan->costs.smaps, 0) / rss);
}

/* Reads smaps of one process, and learns its cost. 0 or -ECANCELED. */
static int read_smaps(struct pass *pass, struct process *process)
{
  int error = process_read_smaps(pass, process);
  if (error != 0)
    return error;
  process->cost = (float)charge(pass);
  learn_smaps_cost(pass->scan, process);
  return 0;
}

/* --- which processes to read ------------------------------------------------------ */

/* Its smaps hung, and is not read for now. stat, statm and status cannot hang: they take
 * no mmap_lock. */
static bool is_set_aside(const struct pass *pass, const struct process *process)
{
  return process->not_before > pass->now;
}

static bool is_readable(void *context, const struct process *process)
{
  const struct pass *pass = context;
  return process_has_smaps(process) && !process->large && !is_set_aside(pass, process) &&
         process->pass != pass->scan->pass;
}

static void forget_ended(void *context, const struct process *process)
{
  process_forget_reading(context, process);
}

/* --- the pass --------------------------------------------------------------------- */

static int list_process(void *context, uint32_t pid, uint64_t inode)
{
  return process_table_list(context, pid, inode);
}

/* Lists all processes, and forgets those that ended. 0 or -errno. */
static int list_processes(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  struct process_table *table = &scan->table;
  process_table_begin(table);
  int error = sysroot_each_number(scan->root, "proc", list_process, table);
  if (error == 0)
    error = process_table_settle(table, forget_ended, scan);
  if (error != 0)
    return error;
  double cost = charge(pass);
  if (table->count > 0)
    learn(&scan->costs.listing, cost / (double)table->count);
  return 0;
}

/* Whether its stat may have changed, or was not read yet. */
static bool needs_stat(const struct pass *pass, const struct process *process)
{
  switch ((enum process_kind)process->kind) {
  case PROCESS_NO_MM:
  case PROCESS_TWIN:
  case PROCESS_GONE:
    return true;
  case PROCESS_KERNEL_THREAD:
    return !process->settled || !process->identified;
  default:
    /* In a captured tree the inode does not identify a process. */
    return !process->identified || !pass->scan->root->live;
  }
}

/* Reads stat where it is needed, as far as the budget goes. 0 or -ECANCELED. */
static int read_stats(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    process->scanned = false;
    if (!needs_stat(pass, process))
      continue;
    if (!budget_affords(&scan->budget, scan->costs.stat))
      continue;
    int error = process_read_stat(pass, process);
    if (error != 0)
      return error;
    process_update_large(scan, process);
    learn(&scan->costs.stat, charge(pass));
  }
  return 0;
}

/* The expected costs of reading smaps of all processes, and statm of all. */
static void predict(const struct pss_scan *scan, double *full, double *quick)
{
  *full = *quick = 0;
  for (size_t i = 0; i < scan->table.count; i++) {
    const struct process *process = &scan->table.at[i];
    if (!process_has_smaps(process))
      continue;
    *quick += scan->costs.statm;
    *full += process->large ? scan->costs.statm : smaps_cost(scan, process);
  }
}

/* Whether to read statm although smaps of all processes is read: where smaps does not
 * give its size, or costs so much that the size has to be known before. */
static bool needs_statm(const struct pass *pass, const struct process *process)
{
  static const double costly = 1e-3; /* seconds: a hundred times statm */
  return process->large || smaps_cost(pass->scan, process) > costly ||
         process->kind == PROCESS_DENIED || process->kind == PROCESS_MALFORMED ||
         is_set_aside(pass, process);
}

/* Reads smaps of all processes that allow it. 0 or -ECANCELED. */
static int read_all_smaps(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    bool measured = process_has_smaps(process) && needs_statm(pass, process);
    int error = measured ? process_read_size(pass, process) : 0;
    if (measured && error == 0)
      charge(pass);
    if (error == 0 && is_readable(pass, process) &&
        (!measured || budget_affords(&scan->budget, smaps_cost(scan, process))))
      error = read_smaps(pass, process);
    if (error != 0)
      return error;
  }
  return 0;
}

/* Reads statm of all processes. 0 or -ECANCELED. */
static int read_all_sizes(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  size_t count = 0;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    if (!process_has_smaps(process))
      continue;
    int error = process_read_size(pass, process);
    if (error != 0)
      return error;
    count++;
  }
  double cost = charge(pass);
  if (count > 0)
    learn(&scan->costs.statm, cost / (double)count);
  return 0;
}

/* Reads smaps in this order, while the processes are wanted and `reserve` of the budget
 * remains. *first is the cost of the first process that the budget did not afford; 0:
 * there was none. 0, -ENOMEM or -ECANCELED. */
static int read_in_order(struct pass *pass, process_table_order *order, double reserve,
                         bool (*wanted)(const struct process *process), double *first)
{
  struct pss_scan *scan = pass->scan;
  struct process *process;
  int error = process_table_queue(&scan->table, is_readable, pass, order);
  *first = 0;
  while (error == 0 && (process = process_table_next(&scan->table, order)) != NULL &&
         wanted(process)) {
    double cost = smaps_cost(scan, process);
    if (!budget_affords(&scan->budget, cost + reserve)) {
      *first = cost;
      break;
    }
    error = read_smaps(pass, process);
  }
  return error;
}

static bool has_moved(const struct process *process)
{
  return process_moved(process) > 0;
}

static bool always(const struct process *process)
{
  (void)process;
  return true;
}

/* A quarter of the budget is for the processes read longest ago, since else those that
 * always change would keep the others from being read. Where the next process costs more
 * than there is, the rest is saved for it. 0, -ENOMEM or -ECANCELED. */
static int read_some(struct pass *pass)
{
  struct budget *budget = &pass->scan->budget;
  double quarter = budget->credit / 4, first;
  int error = read_in_order(pass, process_table_moved_most, quarter, has_moved, &first);
  if (error != 0)
    return error;
  double reserve = 0;
  if (first > 0) {
    budget_save_for(budget, first * 4 / 3);
    reserve = fmax(budget->credit - quarter, 0);
  }
  error = read_in_order(pass, process_table_oldest_first, reserve, always, &first);
  if (error == 0 && first > budget->saving)
    budget_save_for(budget, first);
  return error;
}

/* After a pass over all processes. An error found by an earlier pass stays while there
 * are malformed processes. */
static void conclude(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  size_t malformed = 0;
  for (size_t i = 0; i < scan->table.count; i++)
    malformed += scan->table.at[i].kind == PROCESS_MALFORMED;
  if (pass->parse_error.count > 0 || malformed == 0) {
    scan->parse_error = pass->parse_error;
    memcpy(scan->where, pass->where, sizeof(scan->where));
    scan->where_error = pass->where_error;
  }
  scan->passed_at = pass->now;
}

/* Between the listing and the end of a pass. 0, -ENOMEM or -ECANCELED. */
static int read_processes(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  double full, quick;
  int error = read_stats(pass);
  if (error != 0)
    return error;
  predict(scan, &full, &quick);
  if (budget_affords(&scan->budget, full)) {
    error = read_all_smaps(pass);
  } else {
    error = read_all_sizes(pass);
    if (error == 0)
      error = read_some(pass);
  }
  if (error == 0)
    error = pass_read_counters(pass);
  return error != 0 ? error : pass_note_denied(pass);
}

/* Whether the budget is enough for a useful pass: one that reads smaps of all, or one
 * that leaves as much for reading smaps as statm of all costs. */
static bool is_useful(struct pss_scan *scan)
{
  double full, quick;
  double listing = scan->costs.listing * (double)scan->table.count;
  predict(scan, &full, &quick);
  double needed = fmin(listing + full, 2 * (listing + quick));
  if (budget_affords(&scan->budget, needed))
    return true;
  budget_save_for(&scan->budget, needed);
  return false;
}

int pss_scan_pass(struct pss_scan *scan, const struct pss_scan_reader *files,
                  const struct pss_scan_options *options)
{
  struct pass pass = {.scan = scan,
                      .files = files,
                      .now = clock_seconds(CLOCK_MONOTONIC),
                      .cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID)};
  pass.begun = pass.cpu;
  if (scan->pass == 0) {
    scan->costs = first_costs;
    if (!scan->root->live) /* a captured smaps costs the same for any size */
      scan->costs.smaps_per_byte = 0;
  }
  scan->options = *options;
  budget_refill(&scan->budget, options->share, options->period, pass.now);
  budget_save_for(&scan->budget, 0);
  scan->pass++;
  /* A process that ends while its smaps_rollup is opened looks like an old kernel. */
  scan->no_rollup = false;
  /* In case this pass is taken away. */
  scan->history[scan->pass % PSS_SCAN_HISTORY] = scan->churn;
  int error = 0;
  if (is_useful(scan)) {
    error = list_processes(&pass);
    if (error == 0)
      error = read_processes(&pass);
    if (error == -ECANCELED)
      return error;
    scan->error = error;
    if (error == 0)
      conclude(&pass);
  }
  scan->history[scan->pass % PSS_SCAN_HISTORY] = scan->churn;
  charge(&pass);
  scan->cpu = pass.cpu - pass.begun;
  return error;
}

void pss_scan_free(struct pss_scan *scan)
{
  process_table_free(&scan->table);
}
