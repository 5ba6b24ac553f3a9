/* SPDX-License-Identifier: MIT */
/* All series that the leak alarm watches (series.def): a trend of each, which consumer
 * rose with one, and the message. Plain data and arithmetic. */
#ifndef MEMINFO_EXPLAIN_TREND_WATCHED_SERIES_H
#define MEMINFO_EXPLAIN_TREND_WATCHED_SERIES_H

#include "meminfo_explain/explain/explain.h"
#include "meminfo_explain/trend/trend.h"

enum series {
#define SERIES(name, amount, error, title, next) SERIES_##name,
#include "meminfo_explain/tables/series.def"
  SERIES_COUNT
};

struct series_row {
  const char *name, *title, *next;
};
extern const struct series_row series_rows[SERIES_COUNT];

/* The consumer whose value is n-th in watched_past.bytes: of a view that may rise with
 * the black hole. TERM_COUNT after the last. */
enum term watched_candidate(unsigned n);

/* Values of consumers in the past, a quarter of a window apart. */
enum { WATCHED_SNAPSHOTS = 104, WATCHED_CANDIDATES_MAX = 32 };
struct watched_past {
  double time;                         /* 0: none */
  float bytes[WATCHED_CANDIDATES_MAX]; /* NAN where it was not known */
};

/* {0} has seen nothing yet. Plain data; each member has rows in trend_state.def. */
struct watched_series {
  struct trend trends[SERIES_COUNT];
  struct watched_past snapshots[WATCHED_SNAPSHOTS]; /* a ring */
  uint32_t snapshots_count;                         /* that were ever taken */
  double window; /* the width of buckets is a part of it; 0: there are none */
};
_Static_assert(sizeof(struct watched_series) < 64 << 10,
               "the alarm has become too large");

/* The present verdicts; {0} and unchanged for a series that is not known. */
struct watched_verdicts {
  bool known[SERIES_COUNT];
  struct trend_verdict of[SERIES_COUNT];
};

/* Takes one explanation, made at `time` (seconds since the epoch). */
void watched_add(struct watched_series *watched, const struct trend_settings *settings,
                 double time, const struct explanation *explanation,
                 struct watched_verdicts *out);

/* Whether a snapshot from time `a` is better than one from `b` for what was before
 * `since`: best is the last one before it, or else the first of all. */
bool watched_is_closer(double a, double b, double since);

/* Whether a change makes up most of a rise: at least half of it, and at most half as much
 * again. */
bool watched_explains(double change, double rise);

/* The consumer whose own rise since then makes up most of that of the black hole;
 * TERM_COUNT where there is none. *rise is what it rose by, bytes. */
enum term watched_culprit(const struct watched_series *watched,
                          const struct trend_verdict *verdict,
                          const struct explanation *explanation, double *rise);

/* The message where a verdict changed, in one line that is cut where it does not fit.
 * `member` says which member of a grouping rose with it (growth.h); "" for none. */
#define WATCHED_MESSAGE_SIZE 256 /* NOTIF_MAX_MSG_LEN of collectd 5.12 */
void watched_message(const struct watched_series *watched, enum series series,
                     const struct trend_verdict *verdict,
                     const struct explanation *explanation, const char *member,
                     char out[WATCHED_MESSAGE_SIZE]);

#endif
