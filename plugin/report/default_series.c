/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/default_series.h"

#include <string.h>

/* --- the budget -----------------------------------------------------------------------
 */

/* The shares of the rows. */
enum {
#define COMPLETE(view, share, alternatives)                                              \
  SHARE_##view = (share), ALTERNATIVES_##view = (alternatives),
#define LARGEST(view, share) SHARE_##view = (share),
#define GROUPINGS(share)     SHARE_GROUPINGS = (share),
#define ONCE(view, name)
#define NAME(view, type, name)
#include "meminfo_explain/tables/default_series.def"
  SHARE_ALL = 0
#define COMPLETE(view, share, alternatives) +(share)
#define LARGEST(view, share)                +(share)
#define GROUPINGS(share)                    +(share)
#define ONCE(view, name)                    +1
#define NAME(view, type, name)              +1
#include "meminfo_explain/tables/default_series.def"
};
_Static_assert(SHARE_ALL <= DEFAULT_SERIES_MAX, "the shares exceed the budget");

/* What the other tables make of them. */
enum {
  TERMS_KERNEL = 0
#define TERM(view, ...) +(TERM_VIEW_##view == TERM_VIEW_KERNEL)
#include "meminfo_explain/tables/terms.def"
  ,
  TERMS_USER_LRU = 0
#define TERM(view, ...) +(TERM_VIEW_##view == TERM_VIEW_USER_LRU)
#include "meminfo_explain/tables/terms.def"
  ,
  TERMS_USER_CACHE = 0
#define TERM(view, ...) +(TERM_VIEW_##view == TERM_VIEW_USER_CACHE)
#include "meminfo_explain/tables/terms.def"
  ,
  TERMS_USER_PSS = 0
#define TERM(view, ...) +(TERM_VIEW_##view == TERM_VIEW_USER_PSS)
#include "meminfo_explain/tables/terms.def"
  ,
  GROUPINGS_NAMED = 0 /* names and `other` of each grouping that has names by default */
#define GROUPING(name, source, view, option, names, ...) +((names) > 0 ? (names) + 1 : 0)
#include "meminfo_explain/tables/groupings.def"
};
#define CHECK_VIEW(VIEW, view)                                                           \
  _Static_assert((int)TERMS_##VIEW - (int)ALTERNATIVES_##view <= (int)SHARE_##view,      \
                 "terms.def has more terms than default_series.def has a share for")
CHECK_VIEW(KERNEL, kernel);
CHECK_VIEW(USER_LRU, user_lru);
CHECK_VIEW(USER_CACHE, user_cache);
CHECK_VIEW(USER_PSS, user_pss);
_Static_assert((int)GROUPINGS_NAMED <= (int)SHARE_GROUPINGS,
               "groupings.def has more names than default_series.def has a share for");
_Static_assert(SHARE_hidden - 1 <= TOP_N_SHOWN_MAX, "as many names as top_n has places");

/* --- what was seen --------------------------------------------------------------------
 */

static bool is_once_row(enum term term)
{
  static const bool rows[TERM_COUNT] = {
#define COMPLETE(view, share, alternatives)
#define LARGEST(view, share)
#define GROUPINGS(share)
#define ONCE(view, name) [TERM_OF_##view(name)] = true,
#define NAME(view, type, name)
#define TERM_OF_outside(name) TERM_OUTSIDE_##name
#include "meminfo_explain/tables/default_series.def"
  };
  return rows[term];
}

void default_series_note(struct default_series *series, const struct explanation *e,
                         struct top_n_round *round)
{
  top_n_begin(round);
  for (unsigned i = 0; i < TERM_COUNT; i++) {
    if (!is_known(e->terms[i]))
      continue;
    series->above_zero[i] |= e->terms[i].value > 0;
    if (term_rows[i].view == TERM_VIEW_HIDDEN)
      top_n_add(round, "", term_rows[i].name, (uint64_t)e->terms[i].value);
  }
  top_n_settle(&series->hidden, round, SHARE_hidden - 1);
  series->other |= series->hidden.other_bytes > 0;
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
  return !is_once_row(term) || series->above_zero[term];
}

struct reading default_series_other(const struct default_series *series)
{
  return series->other ? reading_known(series->hidden.other_bytes)
                       : reading_missing(READING_ABSENT);
}
