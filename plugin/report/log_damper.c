/* SPDX-License-Identifier: MIT */
#include "meminfo_explain/report/log_damper.h"

#include <stdio.h>
#include <string.h>

/* Skips a number, and a count of further bad lines: " (and N more)". */
static const char *skip_numbers(const char *at)
{
  static const char head[] = " (and ", tail[] = " more)";
  at += strspn(at, "0123456789");
  if (strncmp(at, head, sizeof(head) - 1) != 0)
    return at;
  const char *end = at + sizeof(head) - 1;
  end += strspn(end, "0123456789");
  return strncmp(end, tail, sizeof(tail) - 1) == 0 ? end + sizeof(tail) - 1 : at;
}

static bool is_same_problem(const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0') {
    a = skip_numbers(a);
    b = skip_numbers(b);
    if (*a != *b)
      return false;
    if (*a != '\0')
      a++, b++;
  }
  return *a == *b;
}

static unsigned longer_hold(const struct log_damper *damper)
{
  if (damper->immediate || damper->backoff == 0)
    return 0;
  return damper->hold < LOG_DAMPER_HOLD_MAX / 2 ? 2 * damper->hold + 1
                                                : LOG_DAMPER_HOLD_MAX;
}

static enum log_damper_action note_problem(struct log_damper *damper, const char *text,
                                           bool transient)
{
  const bool logged = damper->text[0] != '\0';
  char cut[sizeof(damper->text)];
  damper->clear_samples = 0;
  damper->problem_samples++;
  if (transient && (logged || damper->problem_samples < LOG_DAMPER_PATIENCE))
    return LOG_DAMPER_SILENT;
  if (!logged)
    damper->hold = longer_hold(damper);
  snprintf(cut, sizeof(cut), "%s", text);
  const bool same = is_same_problem(damper->text, cut);
  memcpy(damper->text, cut, sizeof(cut));
  damper->transient = transient;
  return same ? LOG_DAMPER_SILENT : LOG_DAMPER_BEGINS;
}

static enum log_damper_action note_clear(struct log_damper *damper)
{
  damper->problem_samples = 0;
  damper->backoff -= damper->backoff > 0;
  if (damper->text[0] == '\0')
    return LOG_DAMPER_SILENT;
  unsigned hold = damper->transient ? LOG_DAMPER_HOLD_MAX - 1 : 0;
  hold = damper->hold > hold ? damper->hold : hold;
  if (damper->clear_samples++ < hold)
    return LOG_DAMPER_SILENT;
  damper->backoff = LOG_DAMPER_HOLD_MAX;
  damper->text[0] = '\0';
  return LOG_DAMPER_ENDS;
}

enum log_damper_action log_damper_update(struct log_damper *damper, const char *text,
                                         bool transient)
{
  return text[0] != '\0' ? note_problem(damper, text, transient) : note_clear(damper);
}

void log_damper_print(struct log_damper *damper, const struct logger *logger,
                      const char *subject, const char *text, bool transient)
{
  switch (log_damper_update(damper, text, transient)) {
  case LOG_DAMPER_BEGINS:
    logger_print(logger, LOG_WARNING, "%s", text);
    break;
  case LOG_DAMPER_ENDS:
    logger_print(logger, LOG_INFO, "%s: recovered", subject);
    break;
  case LOG_DAMPER_SILENT:
    break;
  }
}
