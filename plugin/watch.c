/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "meminfo_explain/watch.h"
#include "meminfo_explain/words.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define NO_ERROR reading_known(0)

const struct series_row series_rows[SERIES_COUNT] = {
#define SERIES(name, amount, error, words, next) {#name, words, next},
#include "meminfo_explain/series.def"
};

static struct amount amount_of_series(const struct explanation *e, enum series series,
                                      struct reading *error)
{
  switch (series) {
#define SERIES(name, amount, its_error, words, next)                                     \
  case SERIES_##name:                                                                    \
    *error = its_error;                                                                  \
    return amount;
#include "meminfo_explain/series.def"
  default:
    return (struct amount){.state = READING_ABSENT};
  }
}

static double number_of(struct amount amount)
{
  return amount.state == READING_KNOWN ? (double)amount.value : (double)NAN;
}

/* --- consumers of the past ---------------------------------------------------------- */

/* The n-th consumer that may be what rises; TERM_COUNT behind the last. */
static enum term candidate(unsigned n)
{
  for (unsigned term = 0; term < TERM_COUNT; term++)
    if ((term_rows[term].view == TERM_VIEW_HIDDEN ||
         term_rows[term].view == TERM_VIEW_AT_MOST) &&
        n-- == 0)
      return term;
  return TERM_COUNT;
}

static void take_snapshot(struct watch *watch, double window, double time,
                          const struct explanation *e)
{
  const struct watch_snapshot *last =
      &watch->snapshots[(watch->snapshots_count - 1) % WATCH_SNAPSHOTS];
  if (watch->snapshots_count > 0 && time >= last->time && time - last->time < window / 4)
    return;
  struct watch_snapshot *taken =
      &watch->snapshots[watch->snapshots_count++ % WATCH_SNAPSHOTS];
  taken->time = time;
  for (unsigned n = 0; n < WATCH_CANDIDATES_MAX; n++) {
    enum term term = candidate(n);
    taken->bytes[n] = term < TERM_COUNT ? (float)number_of(e->terms[term]) : (float)NAN;
  }
}

bool watch_is_closer(double a, double b, double since)
{
  return a <= since ? b > since || a > b : a < b;
}

/* NULL: there is none. */
static const struct watch_snapshot *snapshot_before(const struct watch *watch,
                                                    double since)
{
  const struct watch_snapshot *found = NULL;
  for (int i = 0; i < WATCH_SNAPSHOTS; i++) {
    const struct watch_snapshot *s = &watch->snapshots[i];
    if (s->time != 0 && (found == NULL || watch_is_closer(s->time, found->time, since)))
      found = s;
  }
  return found;
}

enum term watch_culprit(const struct watch *watch, const struct trend_verdict *verdict,
                        const struct explanation *e, double *rise)
{
  static const double least = 0.5, most = 1.5; /* of the rise */
  enum term culprit = TERM_COUNT;
  const struct watch_snapshot *then = snapshot_before(watch, verdict->since);
  *rise = 0;
  if (then == NULL || isnan(verdict->since) || !(verdict->rise > 0))
    return culprit;
  for (unsigned n = 0; n < WATCH_CANDIDATES_MAX && candidate(n) < TERM_COUNT; n++) {
    double now = number_of(e->terms[candidate(n)]);
    /* A device that was not there then had nothing. */
    double before = isnan(then->bytes[n]) ? 0 : (double)then->bytes[n];
    double change = isnan(now) ? 0 : now - before;
    if (change >= least * verdict->rise && change <= most * verdict->rise &&
        fabs(change - verdict->rise) < fabs(*rise - verdict->rise)) {
      culprit = candidate(n);
      *rise = change;
    }
  }
  return culprit;
}

/* --- words -------------------------------------------------------------------------- */

static struct words time_words(double seconds)
{
  struct words words;
  if (seconds < 120 * 60)
    snprintf(words.text, sizeof(words.text), "%.0f min", seconds / 60);
  else if (seconds < 48 * 3600)
    snprintf(words.text, sizeof(words.text), "%.0f h", seconds / 3600);
  else
    snprintf(words.text, sizeof(words.text), "%.0f days", seconds / 86400);
  return words;
}

static struct words date_words(double time)
{
  struct words words;
  struct tm utc;
  time_t seconds = (time_t)time;
  if (gmtime_r(&seconds, &utc) == NULL ||
      strftime(words.text, sizeof(words.text), "%Y-%m-%d %H:%MZ", &utc) == 0)
    words.text[0] = '\0';
  return words;
}

/* Appends what fits. */
#define SAY(out, ...) words_append(out, WATCH_MESSAGE_SIZE, __VA_ARGS__)

static void say_rise(const struct trend_verdict *verdict, char *out)
{
  SAY(out, " rises: %s since %s", words_bytes_short(verdict->rise).text,
      date_words(verdict->since).text);
  if (!isnan(verdict->rate))
    SAY(out, ", %s/h", words_bytes_short(verdict->rate * 3600).text);
  if (!isnan(verdict->eta))
    SAY(out, ", MemAvailable lasts %s", time_words(verdict->eta).text);
}

static void say_step(const struct trend_verdict *verdict, char *out)
{
  SAY(out, " %s at once by %s at %s", verdict->rise < 0 ? "fell" : "rose",
      words_bytes_short(fabs(verdict->rise)).text, date_words(verdict->since).text);
}

static void say_culprit(const struct watch *watch, const struct trend_verdict *verdict,
                        const struct explanation *e, char *out)
{
  double rise;
  enum term culprit = watch_culprit(watch, verdict, e, &rise);
  if (culprit == TERM_COUNT)
    SAY(out, "; no known consumer rose with it");
  else
    SAY(out, "; %s rose by %s", term_rows[culprit].name, words_bytes_short(rise).text);
}

void watch_message(const struct watch *watch, enum series series,
                   const struct trend_verdict *verdict,
                   const struct explanation *explanation, char out[WATCH_MESSAGE_SIZE])
{
  const struct series_row *row = &series_rows[series];
  out[0] = '\0';
  SAY(out, "%s", row->words);
  if (verdict->state == TREND_OKAY) {
    SAY(out, " is okay again");
    return;
  }
  if (verdict->state == TREND_STEP)
    say_step(verdict, out);
  else
    say_rise(verdict, out);
  if (series == SERIES_estimate)
    say_culprit(watch, verdict, explanation, out);
  SAY(out, "; run: %s", row->next);
}

/* --- all series --------------------------------------------------------------------- */

void watch_add(struct watch *watch, const struct trend_settings *settings, double time,
               const struct explanation *e, struct watch_verdicts *out)
{
  *out = (struct watch_verdicts){0};
  watch->window = settings->window;
  for (unsigned series = 0; series < SERIES_COUNT; series++) {
    struct reading error = {0};
    struct amount amount = amount_of_series(e, series, &error);
    if (amount.state != READING_KNOWN)
      continue;
    const struct trend_sample sample = {
        .time = time,
        .bytes = (double)amount.value,
        .error = error.state == READING_KNOWN ? (double)error.value : 0,
        .available = number_of(e->terms[TERM_TOTAL_mem_available]),
        .total = number_of(e->terms[TERM_TOTAL_mem_total])};
    out->known[series] = true;
    trend_add(&watch->trends[series], settings, &sample, &out->of[series]);
  }
  take_snapshot(watch, settings->window, time, e);
}

bool watch_is_sane(const struct watch *watch)
{
  for (unsigned series = 0; series < SERIES_COUNT; series++)
    if (!trend_is_sane(&watch->trends[series]))
      return false;
  for (int i = 0; i < WATCH_SNAPSHOTS; i++)
    if (!(watch->snapshots[i].time >= 0 && watch->snapshots[i].time < 1e12))
      return false;
  return true;
}
