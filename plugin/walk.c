/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/walk.h"
#include "meminfo_explain/clock.h"
#include "meminfo_explain/visit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* The first guess; docs/census.md has what was measured. */
static const struct walk_costs first_costs = {.listing = 1e-6,
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
  budget_spend(&pass->walk->budget, spent);
  return spent;
}

static void learn(double *average, double cost)
{
  static const double weight = 1.0 / 16;
  *average += (cost - *average) * weight;
}

/* What reading smaps of a process will cost: what it did, and more if it has grown. */
static double smaps_cost(const struct walk *walk, const struct process *process)
{
  double then = (double)(process->anon_then + process->shared_then);
  if (process->kind == PROCESS_READ && then > 0)
    return process->cost * fmax(1, (double)process_rss(process) / then);
  if (process->kind == PROCESS_DENIED || process->kind == PROCESS_MALFORMED)
    return process->cost;
  return walk->costs.smaps + walk->costs.smaps_per_byte * (double)process_rss(process);
}

static void learn_smaps_cost(struct walk *walk, const struct process *process)
{
  static const double small = 1 << 20, large = 16 << 20;
  double rss = (double)process_rss(process), cost = process->cost;
  if (process->kind != PROCESS_READ)
    return;
  if (rss < small)
    learn(&walk->costs.smaps, cost);
  else if (rss > large)
    learn(&walk->costs.smaps_per_byte, fmax(cost - walk->costs.smaps, 0) / rss);
}

/* Reads one, and learns what it cost. 0 or -ECANCELED. */
static int read_one(struct pass *pass, struct process *process)
{
  int error = visit_smaps(pass, process);
  if (error != 0)
    return error;
  process->cost = (float)charge(pass);
  learn_smaps_cost(pass->walk, process);
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
         process->pass != pass->walk->pass;
}

static void forget_who_left(void *context, const struct process *process)
{
  visit_forget(context, process);
}

/* --- the pass --------------------------------------------------------------------- */

static int visit_listed(void *context, uint32_t pid, uint64_t inode)
{
  return roster_list(context, pid, inode);
}

/* Lists all processes and lets go of those who left. 0 or -errno. */
static int list(struct pass *pass)
{
  struct walk *walk = pass->walk;
  struct roster *roster = &walk->roster;
  roster_begin(roster);
  int error = sysroot_each_number(walk->root, "proc", visit_listed, roster);
  if (error == 0)
    error = roster_settle(roster, forget_who_left, walk);
  if (error != 0)
    return error;
  double cost = charge(pass);
  if (roster->count > 0)
    learn(&walk->costs.listing, cost / (double)roster->count);
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
    return !process->identified || !pass->walk->root->live;
  }
}

/* Learns who is who, as far as the budget goes. 0 or -ECANCELED. */
static int identify_all(struct pass *pass)
{
  struct walk *walk = pass->walk;
  for (size_t i = 0; i < walk->roster.count; i++) {
    struct process *process = &walk->roster.at[i];
    process->scanned = false;
    if (!wants_identity(pass, process))
      continue;
    if (!budget_affords(&walk->budget, walk->costs.identity))
      continue;
    int error = visit_identify(pass, process);
    if (error != 0)
      return error;
    visit_judge_size(walk, process);
    learn(&walk->costs.identity, charge(pass));
  }
  return 0;
}

/* What it costs to read smaps of all, and to ask statm of all. */
static void predict(const struct walk *walk, double *full, double *scan)
{
  *full = *scan = 0;
  for (size_t i = 0; i < walk->roster.count; i++) {
    const struct process *process = &walk->roster.at[i];
    if (!process_has_smaps(process))
      continue;
    *scan += walk->costs.statm;
    *full += process->large ? walk->costs.statm : smaps_cost(walk, process);
  }
}

/* Whether statm is asked where smaps of all are read: because smaps will not tell its
 * size, or because that costs so much that the size had better be known before. */
static bool needs_statm(const struct pass *pass, const struct process *process)
{
  static const double costly = 1e-3; /* seconds: a hundred times statm */
  return process->large || smaps_cost(pass->walk, process) > costly ||
         process->kind == PROCESS_DENIED || process->kind == PROCESS_MALFORMED ||
         is_aside(pass, process);
}

/* Reads smaps of all that it may be read of. 0 or -ECANCELED. */
static int read_all(struct pass *pass)
{
  struct walk *walk = pass->walk;
  for (size_t i = 0; i < walk->roster.count; i++) {
    struct process *process = &walk->roster.at[i];
    bool asked = process_has_smaps(process) && needs_statm(pass, process);
    int error = asked ? visit_measure(pass, process) : 0;
    if (asked && error == 0)
      charge(pass);
    if (error == 0 && is_readable(pass, process) &&
        (!asked || budget_affords(&walk->budget, smaps_cost(walk, process))))
      error = read_one(pass, process);
    if (error != 0)
      return error;
  }
  return 0;
}

/* Asks all how much they have mapped. 0 or -ECANCELED. */
static int scan_all(struct pass *pass)
{
  struct walk *walk = pass->walk;
  size_t asked = 0;
  for (size_t i = 0; i < walk->roster.count; i++) {
    struct process *process = &walk->roster.at[i];
    if (!process_has_smaps(process))
      continue;
    int error = visit_measure(pass, process);
    if (error != 0)
      return error;
    asked++;
  }
  double cost = charge(pass);
  if (asked > 0)
    learn(&walk->costs.statm, cost / (double)asked);
  return 0;
}

/* Reads in this order as long as `reserve` of the budget is left afterwards, and as long
 * as they are wanted. *first is the cost of one that would have been next, had there been
 * enough; 0: there was. 0, -ENOMEM or -ECANCELED. */
static int read_in_order(struct pass *pass, roster_order *order, double reserve,
                         bool (*wanted)(const struct process *process), double *first)
{
  struct walk *walk = pass->walk;
  struct process *process;
  int error = roster_queue(&walk->roster, is_readable, pass, order);
  *first = 0;
  while (error == 0 && (process = roster_next(&walk->roster, order)) != NULL &&
         wanted(process)) {
    double cost = smaps_cost(walk, process);
    if (!budget_affords(&walk->budget, cost + reserve)) {
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
  struct budget *budget = &pass->walk->budget;
  double quarter = budget->credit / 4, first;
  int error = read_in_order(pass, roster_moved_most, quarter, has_moved, &first);
  if (error != 0)
    return error;
  double kept = 0;
  if (first > 0) {
    budget_save_for(budget, first * 4 / 3);
    kept = fmax(budget->credit - quarter, 0);
  }
  error = read_in_order(pass, roster_asked_first, kept, always, &first);
  if (error == 0 && first > budget->saving)
    budget_save_for(budget, first);
  return error;
}

/* After a pass that looked at all: what it found wrong stands until another does. */
static void conclude(struct pass *pass)
{
  struct walk *walk = pass->walk;
  size_t malformed = 0;
  for (size_t i = 0; i < walk->roster.count; i++)
    malformed += walk->roster.at[i].kind == PROCESS_MALFORMED;
  if (pass->fault.count > 0 || malformed == 0) {
    walk->fault = pass->fault;
    memcpy(walk->where, pass->where, sizeof(walk->where));
    walk->where_error = pass->where_error;
  }
  walk->passed_at = pass->now;
}

/* Between the listing and the end of a pass. 0, -ENOMEM or -ECANCELED. */
static int look_at_all(struct pass *pass)
{
  struct walk *walk = pass->walk;
  double full, scan;
  int error = identify_all(pass);
  if (error != 0)
    return error;
  predict(walk, &full, &scan);
  if (budget_affords(&walk->budget, full)) {
    error = read_all(pass);
  } else {
    error = scan_all(pass);
    if (error == 0)
      error = read_some(pass);
  }
  return error != 0 ? error : visit_counters(pass);
}

/* Whether the budget is enough for a pass that is worth it: one that reads all, or one
 * that has as much left for reading as the asking costs. */
static bool is_worth_it(struct walk *walk)
{
  double full, scan;
  double listing = walk->costs.listing * (double)walk->roster.count;
  predict(walk, &full, &scan);
  double needed = fmin(listing + full, 2 * (listing + scan));
  if (budget_affords(&walk->budget, needed))
    return true;
  budget_save_for(&walk->budget, needed);
  return false;
}

int walk_pass(struct walk *walk, const struct walk_files *files,
              const struct walk_options *options)
{
  struct pass pass = {.walk = walk,
                      .files = files,
                      .now = clock_seconds(CLOCK_MONOTONIC),
                      .cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID)};
  pass.begun = pass.cpu;
  if (walk->pass == 0) {
    walk->costs = first_costs;
    if (!walk->root->live) /* no page tables are walked for a captured tree */
      walk->costs.smaps_per_byte = 0;
  }
  walk->options = *options;
  budget_refill(&walk->budget, options->share, options->period, pass.now);
  budget_save_for(&walk->budget, 0);
  walk->pass++;
  walk->no_rollup =
      false; /* one that ends while it is asked for looks like an old kernel */
  walk->history[walk->pass % WALK_HISTORY] = walk->churn; /* should it be taken away */
  int error = 0;
  if (is_worth_it(walk)) {
    error = list(&pass);
    if (error == 0)
      error = look_at_all(&pass);
    if (error == -ECANCELED)
      return error;
    walk->error = error;
    if (error == 0)
      conclude(&pass);
  }
  walk->history[walk->pass % WALK_HISTORY] = walk->churn;
  charge(&pass);
  walk->cpu = pass.cpu - pass.begun;
  return error;
}

void walk_free(struct walk *walk)
{
  roster_free(&walk->roster);
}
