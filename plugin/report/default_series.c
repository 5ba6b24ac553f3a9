/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/default_series.h"

#include <string.h>

/* What each row of the default set may come to, and all of them. */
enum {
#define VIEW(view, most) MOST_##view = (most),
#define NAME(view, type, name)
#define HELD(view, name)
#include "meminfo_explain/tables/default_series.def"
  MOST_HELD = 0
#define VIEW(view, most)
#define NAME(view, type, name)
#define HELD(view, name) +1
#include "meminfo_explain/tables/default_series.def"
  ,
  MOST = 0
#define VIEW(view, most)       +(most)
#define NAME(view, type, name) +1
#define HELD(view, name)       +1
#include "meminfo_explain/tables/default_series.def"
};
_Static_assert(MOST <= DEFAULT_SERIES_MAX, "the default set has become too large");
_Static_assert(MOST_vmalloc == DEFAULT_CALLERS + 1, "callers and `other`");

static bool is_held_row(enum term term)
{
  static const bool rows[TERM_COUNT] = {
#define VIEW(view, most)
#define NAME(view, type, name)
#define HELD(view, name)      [TERM_OF_##view(name)] = true,
#define TERM_OF_outside(name) TERM_OUTSIDE_##name
#include "meminfo_explain/tables/default_series.def"
  };
  return rows[term];
}

/* For the names of hidden consumers: what the rows leave, and what this machine leaves of
 * the rows. */
static unsigned places(const struct default_series *series)
{
  unsigned free = DEFAULT_SERIES_MAX - MOST + MOST_HELD + MOST_kernel, taken = 0;
  for (unsigned i = 0; i < TERM_COUNT; i++)
    taken += is_held_row(i) ? series->above_zero[i]
                            : term_rows[i].view == TERM_VIEW_KERNEL && series->known[i];
  return free > taken ? free - taken : 0;
}

void default_series_note(struct default_series *series, const struct explanation *e)
{
  top_n_begin(&series->hidden);
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    if (!is_known(e->terms[i]))
      continue;
    series->known[i] = true;
    series->above_zero[i] |= e->terms[i].value > 0;
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      top_n_add(&series->hidden, "", term_rows[i].name, (uint64_t)e->terms[i].value);
  }
  top_n_settle(&series->hidden, places(series));
  series->others |= series->hidden.other_bytes > 0;
}

static bool has_name(const struct default_series *series, const char *name)
{
  for (unsigned i = 0; i < series->hidden.shown_count; i++)
    if (strcmp(series->hidden.shown[i].name, name) == 0)
      return true;
  return false;
}

bool default_series_sends(const struct default_series *series, enum term term)
{
  if (term_rows[term].view == TERM_VIEW_HIDDEN)
    return has_name(series, term_rows[term].name);
  return !is_held_row(term) || series->above_zero[term];
}

struct reading default_series_other(const struct default_series *series)
{
  return series->others ? reading_known(series->hidden.other_bytes)
                        : reading_missing(READING_ABSENT);
}
