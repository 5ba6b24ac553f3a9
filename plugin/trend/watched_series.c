/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/trend/watched_series.h"
#include "meminfo_explain/base/format.h"

#include <math.h>
#include <stdio.h>

#define NO_ERROR reading_known(0)

/* A term that is not known, such as vmalloc without vmallocinfo, hides no rise. */
static struct reading noise_of(const struct black_hole *hole)
{
  return is_known(hole->noise) ? hole->noise : hole->error;
}

const struct series_row series_rows[SERIES_COUNT] = {
#define SERIES(name, amount, error, title, next) {#name, title, next},
#include "meminfo_explain/tables/series.def"
};

static struct amount amount_of_series(const struct explanation *e, enum series series,
                                      struct reading *error)
{
  switch (series) {
#define SERIES(name, amount, its_error, title, next)                                     \
  case SERIES_##name:                                                                    \
    *error = its_error;                                                                  \
    return amount;
#include "meminfo_explain/tables/series.def"
  default:
    return (struct amount){.state = READING_ABSENT};
  }
}

static double number_of(struct amount amount)
{
  return is_known(amount) ? (double)amount.value : (double)NAN;
}

/* --- consumers of the past ---------------------------------------------------------- */

enum term watched_candidate(unsigned n)
{
  for (unsigned term = 0; term < TERM_COUNT; term++)
    if ((term_rows[term].view == TERM_VIEW_HIDDEN ||
         term_rows[term].view == TERM_VIEW_UPPER_BOUND) &&
        n-- == 0)
      return term;
  return TERM_COUNT;
}

static void take_snapshot(struct watched_series *watched, double window, double time,
                          const struct explanation *e)
{
  const struct watched_past *last =
      &watched->snapshots[(watched->snapshots_count - 1) % WATCHED_SNAPSHOTS];
  if (watched->snapshots_count > 0 && time >= last->time &&
      time - last->time < window / 4)
    return;
  struct watched_past *taken =
      &watched->snapshots[watched->snapshots_count++ % WATCHED_SNAPSHOTS];
  taken->time = time;
  for (unsigned n = 0; n < WATCHED_CANDIDATES_MAX; n++) {
    enum term term = watched_candidate(n);
    taken->bytes[n] = term < TERM_COUNT ? (float)number_of(e->terms[term]) : (float)NAN;
  }
}

bool watched_is_closer(double a, double b, double since)
{
  return a <= since ? b > since || a > b : a < b;
}

/* NULL: there is none. */
static const struct watched_past *snapshot_before(const struct watched_series *watched,
                                                  double since)
{
  const struct watched_past *found = NULL;
  for (int i = 0; i < WATCHED_SNAPSHOTS; i++) {
    const struct watched_past *s = &watched->snapshots[i];
    if (s->time != 0 && (found == NULL || watched_is_closer(s->time, found->time, since)))
      found = s;
  }
  return found;
}

bool watched_explains(double change, double rise)
{
  return change >= 0.5 * rise && change <= 1.5 * rise;
}

enum term watched_culprit(const struct watched_series *watched,
                          const struct trend_verdict *verdict,
                          const struct explanation *e, double *rise)
{
  enum term culprit = TERM_COUNT;
  const struct watched_past *then = snapshot_before(watched, verdict->since);
  *rise = 0;
  if (then == NULL || isnan(verdict->since) || !(verdict->rise > 0))
    return culprit;
  for (unsigned n = 0; n < WATCHED_CANDIDATES_MAX && watched_candidate(n) < TERM_COUNT;
       n++) {
    double now = number_of(e->terms[watched_candidate(n)]);
    /* Not known then: the device was not there. */
    double before = isnan(then->bytes[n]) ? 0 : (double)then->bytes[n];
    double change = isnan(now) ? 0 : now - before;
    if (watched_explains(change, verdict->rise) &&
        fabs(change - verdict->rise) < fabs(*rise - verdict->rise)) {
      culprit = watched_candidate(n);
      *rise = change;
    }
  }
  return culprit;
}

/* --- messages ----------------------------------------------------------------------- */

static struct formatted format_duration(double seconds)
{
  struct formatted out;
  if (seconds < 120 * 60)
    snprintf(out.text, sizeof(out.text), "%.0f min", seconds / 60);
  else if (seconds < 48 * 3600)
    snprintf(out.text, sizeof(out.text), "%.0f h", seconds / 3600);
  else
    snprintf(out.text, sizeof(out.text), "%.0f days", seconds / 86400);
  return out;
}

static struct formatted format_date(double time)
{
  return format_utc(time, "%Y-%m-%d %H:%MZ");
}

#define APPEND(out, ...) format_append(out, WATCHED_MESSAGE_SIZE, __VA_ARGS__)

static void append_rise(const struct trend_verdict *verdict, char *out)
{
  APPEND(out, " rising: %s since %s", format_bytes_short(verdict->rise).text,
         format_date(verdict->since).text);
  if (!isnan(verdict->rate))
    APPEND(out, ", %s/h", format_bytes_short(verdict->rate * 3600).text);
  if (!isnan(verdict->eta))
    APPEND(out, ", MemAvailable lasts %s", format_duration(verdict->eta).text);
}

static void append_culprit(const struct watched_series *watched,
                           const struct trend_verdict *verdict,
                           const struct explanation *e, const char *member, char *out)
{
  double rise;
  enum term culprit = watched_culprit(watched, verdict, e, &rise);
  if (culprit != TERM_COUNT)
    APPEND(out, "; %s rose by %s", term_rows[culprit].name,
           format_bytes_short(rise).text);
  else if (member[0] == '\0')
    APPEND(out, "; no known consumer rose with it");
}

void watched_message(const struct watched_series *watched, enum series series,
                     const struct trend_verdict *verdict,
                     const struct explanation *explanation, const char *member,
                     char out[WATCHED_MESSAGE_SIZE])
{
  const struct series_row *row = &series_rows[series];
  out[0] = '\0';
  APPEND(out, "%s", row->title);
  if (verdict->state == TREND_OKAY) {
    APPEND(out, " no longer rising");
    return;
  }
  if (verdict->state == TREND_STEP)
    APPEND(out, " jumped by %s at %s", format_bytes_short(verdict->rise).text,
           format_date(verdict->since).text);
  else
    append_rise(verdict, out);
  if (series == SERIES_estimate)
    append_culprit(watched, verdict, explanation, member, out);
  if (member[0] != '\0')
    APPEND(out, "; %s", member);
  APPEND(out, "; run: %s", row->next);
}

/* --- all series --------------------------------------------------------------------- */

void watched_add(struct watched_series *watched, const struct trend_settings *settings,
                 double time, const struct explanation *e, struct watched_verdicts *out)
{
  *out = (struct watched_verdicts){0};
  watched->window = settings->window;
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    struct reading error = {0};
    struct amount amount = amount_of_series(e, series, &error);
    if (!is_known(amount))
      continue;
    const struct trend_sample sample = {
        .time = time,
        .bytes = (double)amount.value,
        .error = is_known(error) ? (double)error.value : 0,
        .available = number_of(e->terms[TERM_TOTAL_mem_available]),
        .total = number_of(e->terms[TERM_TOTAL_mem_total])};
    out->known[series] = true;
    trend_add(&watched->trends[series], settings, &sample, &out->of[series]);
  }
  take_snapshot(watched, settings->window, time, e);
}
