/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pss_scan.h"
#include "meminfo_explain/base/clock.h"
#include "process_read.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The first guess; docs/census.md has what was measured. */
static const struct pss_scan_costs first_costs = {.listing = 1e-6,
                                                  .identity = 15e-6,
                                                  .statm = 10e-6,
                                                  .smaps = 50e-6,
                                                  .smaps_per_byte = 14e-3 / (1 << 30)};

/* --- costs ------------------------------------------------------------------------ */

/* Charges what was spent since the last charge, and returns it. */
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

/* What reading smaps of a process will cost: what it did, and more if it has grown. */
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

/* Reads one, and learns what it cost. 0 or -ECANCELED. */
static int read_one(struct pass *pass, struct process *process)
{
  int error = process_read_smaps(pass, process);
  if (error != 0)
    return error;
  process->cost = (float)charge(pass);
  learn_smaps_cost(pass->scan, process);
  return 0;
}

/* --- who is asked ----------------------------------------------------------------- */

/* Its smaps hung, and is left alone for the time being. Nothing else of it can hang:
 * stat, statm and status take no mmap_lock. */
static bool is_aside(const struct pass *pass, const struct process *process)
{
  return process->not_before > pass->now;
}

static bool is_readable(void *context, const struct process *process)
{
  const struct pass *pass = context;
  return process_has_smaps(process) && !process->large && !is_aside(pass, process) &&
         process->pass != pass->scan->pass;
}

static void forget_who_left(void *context, const struct process *process)
{
  process_read_forget(context, process);
}

/* --- the pass --------------------------------------------------------------------- */

static int process_read_listed(void *context, uint32_t pid, uint64_t inode)
{
  return process_table_list(context, pid, inode);
}

/* Lists all processes and lets go of those who left. 0 or -errno. */
static int list(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  struct process_table *table = &scan->table;
  process_table_begin(table);
  int error = sysroot_each_number(scan->root, "proc", process_read_listed, table);
  if (error == 0)
    error = process_table_settle(table, forget_who_left, scan);
  if (error != 0)
    return error;
  double cost = charge(pass);
  if (table->count > 0)
    learn(&scan->costs.listing, cost / (double)table->count);
  return 0;
}

/* Who it is may have changed, or was not known for good. */
static bool wants_identity(const struct pass *pass, const struct process *process)
{
  switch ((enum process_kind)process->kind) {
  case PROCESS_NO_MM:
  case PROCESS_TWIN:
  case PROCESS_GONE:
    return true;
  case PROCESS_KERNEL_THREAD:
    return !process->settled || !process->identified;
  default:
    /* A captured tree has no inode to go by. */
    return !process->identified || !pass->scan->root->live;
  }
}

/* Learns who is who, as far as the budget goes. 0 or -ECANCELED. */
static int identify_all(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    process->scanned = false;
    if (!wants_identity(pass, process))
      continue;
    if (!budget_affords(&scan->budget, scan->costs.identity))
      continue;
    int error = process_read_identify(pass, process);
    if (error != 0)
      return error;
    process_read_judge_size(scan, process);
    learn(&scan->costs.identity, charge(pass));
  }
  return 0;
}

/* What it costs to read smaps of all, and to ask statm of all. */
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

/* Whether statm is asked where smaps of all are read: because smaps will not tell its
 * size, or because that costs so much that the size had better be known before. */
static bool needs_statm(const struct pass *pass, const struct process *process)
{
  static const double costly = 1e-3; /* seconds: a hundred times statm */
  return process->large || smaps_cost(pass->scan, process) > costly ||
         process->kind == PROCESS_DENIED || process->kind == PROCESS_MALFORMED ||
         is_aside(pass, process);
}

/* Reads smaps of all that it may be read of. 0 or -ECANCELED. */
static int read_all(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    bool asked = process_has_smaps(process) && needs_statm(pass, process);
    int error = asked ? process_read_measure(pass, process) : 0;
    if (asked && error == 0)
      charge(pass);
    if (error == 0 && is_readable(pass, process) &&
        (!asked || budget_affords(&scan->budget, smaps_cost(scan, process))))
      error = read_one(pass, process);
    if (error != 0)
      return error;
  }
  return 0;
}

/* Asks all how much they have mapped. 0 or -ECANCELED. */
static int scan_all(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  size_t asked = 0;
  for (size_t i = 0; i < scan->table.count; i++) {
    struct process *process = &scan->table.at[i];
    if (!process_has_smaps(process))
      continue;
    int error = process_read_measure(pass, process);
    if (error != 0)
      return error;
    asked++;
  }
  double cost = charge(pass);
  if (asked > 0)
    learn(&scan->costs.statm, cost / (double)asked);
  return 0;
}

/* Reads in this order as long as `reserve` of the budget is left afterwards, and as long
 * as they are wanted. *first is the cost of one that would have been next, had there been
 * enough; 0: there was. 0, -ENOMEM or -ECANCELED. */
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
    error = read_one(pass, process);
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

/* A quarter of what there is to spend is for those who were asked longest ago: else those
 * who always move would keep the others from ever being read again. Where one is next
 * that costs more than there is, the rest is saved for it. 0, -ENOMEM or -ECANCELED. */
static int read_some(struct pass *pass)
{
  struct budget *budget = &pass->scan->budget;
  double quarter = budget->credit / 4, first;
  int error = read_in_order(pass, process_table_moved_most, quarter, has_moved, &first);
  if (error != 0)
    return error;
  double kept = 0;
  if (first > 0) {
    budget_save_for(budget, first * 4 / 3);
    kept = fmax(budget->credit - quarter, 0);
  }
  error = read_in_order(pass, process_table_asked_first, kept, always, &first);
  if (error == 0 && first > budget->saving)
    budget_save_for(budget, first);
  return error;
}

/* After a pass that looked at all: what it found wrong stands until another does. */
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
static int look_at_all(struct pass *pass)
{
  struct pss_scan *scan = pass->scan;
  double full, quick;
  int error = identify_all(pass);
  if (error != 0)
    return error;
  predict(scan, &full, &quick);
  if (budget_affords(&scan->budget, full)) {
    error = read_all(pass);
  } else {
    error = scan_all(pass);
    if (error == 0)
      error = read_some(pass);
  }
  return error != 0 ? error : process_read_counters(pass);
}

/* Whether the budget is enough for a pass that is worth it: one that reads all, or one
 * that has as much left for reading as the asking costs. */
static bool is_worth_it(struct pss_scan *scan)
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
    if (!scan->root->live) /* no page tables are walked for a captured tree */
      scan->costs.smaps_per_byte = 0;
  }
  scan->options = *options;
  budget_refill(&scan->budget, options->share, options->period, pass.now);
  budget_save_for(&scan->budget, 0);
  scan->pass++;
  scan->no_rollup =
      false; /* one that ends while it is asked for looks like an old kernel */
  scan->history[scan->pass % PSS_SCAN_HISTORY] =
      scan->churn; /* should it be taken away */
  int error = 0;
  if (is_worth_it(scan)) {
    error = list(&pass);
    if (error == 0)
      error = look_at_all(&pass);
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
