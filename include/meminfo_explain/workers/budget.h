/* SPDX-License-Identifier: MIT */
/* CPU time that may be spent, as a share of one CPU. What one period leaves over is
 * forfeit, so that no period spends more than its own; but where the next step costs more
 * than a period brings, the budget saves up for it. */
#ifndef MEMINFO_EXPLAIN_WORKERS_BUDGET_H
#define MEMINFO_EXPLAIN_WORKERS_BUDGET_H

#include <stdbool.h>

/* {0} has no limit. All times in seconds. */
struct budget {
  double share;  /* of one CPU, 0 to 1; 0: no limit */
  double credit; /* CPU time left; below zero after a step that cost more than thought */
  double saving; /* credit may grow to this, if it is more than a period brings */
  double refilled_at; /* monotonic time; 0 before the first */
};

/* Adds what the time since the last refill brings. The first brings a whole period's. */
void budget_refill(struct budget *budget, double share, double period, double now);

bool budget_affords(const struct budget *budget, double cost);
void budget_spend(struct budget *budget, double cost);

/* Lets credit grow until it affords `cost`, should that take several periods. */
void budget_save_for(struct budget *budget, double cost);

#endif
