/* SPDX-License-Identifier: MIT */
/* A budget of CPU time, as a share of one CPU. Credit that a period does not use is lost,
 * so that no period spends more than its own; but where the next step costs more than a
 * period adds, the budget saves for it. */
#ifndef MEMINFO_EXPLAIN_WORKERS_BUDGET_H
#define MEMINFO_EXPLAIN_WORKERS_BUDGET_H

#include <stdbool.h>

/* {0} has no limit. All times are in seconds. */
struct budget {
  double share;  /* of one CPU, 0 to 1; 0: no limit */
  double credit; /* CPU time left; negative after a step that cost more than expected */
  double saving; /* limit of credit, where it is more than a period adds */
  double refilled_at; /* monotonic time; 0 before the first refill */
};

/* Adds the credit for the time since the last refill. The first adds a whole period's. */
void budget_refill(struct budget *budget, double share, double period, double now);

bool budget_affords(const struct budget *budget, double cost);
void budget_spend(struct budget *budget, double cost);

/* Lets credit grow until it affords `cost`, even if that takes several periods. */
void budget_save_for(struct budget *budget, double cost);

#endif
