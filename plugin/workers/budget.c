/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/workers/budget.h"

#include <math.h>

void budget_refill(struct budget *budget, double share, double period, double now)
{
  double elapsed = budget->refilled_at > 0 ? now - budget->refilled_at : period;
  double most = fmax(share * period, budget->saving);
  *budget = (struct budget){.share = share,
                            .credit = fmin(budget->credit + share * elapsed, most),
                            .saving = budget->saving,
                            .refilled_at = now};
}

bool budget_affords(const struct budget *budget, double cost)
{
  return budget->share <= 0 || budget->credit >= cost;
}

void budget_spend(struct budget *budget, double cost)
{
  if (budget->share > 0)
    budget->credit -= cost;
}

void budget_save_for(struct budget *budget, double cost)
{
  budget->saving = cost;
}
