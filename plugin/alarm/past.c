/* SPDX-License-Identifier: MIT */
#include "past.h"
#include "meminfo_explain/trend/watched_series.h"

#include <stdlib.h>

/* One a window: by default a day, and a bit. */
enum { PAST_MAX = 26 };

struct past {
  struct {
    double time; /* 0: none */
    struct explanation explanation;
  } kept[PAST_MAX]; /* a ring */
  unsigned count;   /* of all that were ever kept */
};

struct past *past_open(void)
{
  return calloc(1, sizeof(struct past));
}

void past_close(struct past *past)
{
  free(past);
}

void past_add(struct past *past, double window, double time,
              const struct explanation *explanation)
{
  const double last = past->kept[(past->count - 1) % PAST_MAX].time;
  if (past->count > 0 && time >= last && time - last < window)
    return;
  const unsigned slot = past->count++ % PAST_MAX;
  past->kept[slot].time = time;
  past->kept[slot].explanation = *explanation;
}

const struct explanation *past_before(const struct past *past, double since)
{
  int found = -1;
  for (int i = 0; i < PAST_MAX; i++) {
    const double time = past->kept[i].time;
    if (time != 0 &&
        (found < 0 || watched_is_closer(time, past->kept[found].time, since)))
      found = i;
  }
  return found >= 0 ? &past->kept[found].explanation : NULL;
}
